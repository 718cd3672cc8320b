/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of racoon.conf, one row each, and the walk over a section's statements. */
#include "config/schema.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/fmt.h"
#include "config/build_pool.h"
#include "policy/pool.h"

#define AT(type, field) .offset = offsetof(type, field)
#define NO_CERTIFICATES "certificates are not supported by this version: use pre_shared_key"
#define IKEV1_ONLY "has no meaning in IKEv2"

/*
 * Targets: global, listen, privsep, padding: struct policy; timer: struct policy_timers;
 * limits: struct policy_limits;
 * remote: struct remote_draft; proposal: struct proposal_draft; sainfo: struct sainfo_draft;
 * policy: struct policy_draft; mode_cfg: struct pool_draft.
 */
/* clang-format off */
const struct word schema_words[] = {
	{ IN_GLOBAL, "path", apply_path, .syntax = "include|pre_shared_key|certificate|backupsa|script|pidfile|resolvconf \"path\"", .deflt = "pre_shared_key \"/etc/racoon/psk.txt\"", .help = "where files are" },
	{ IN_GLOBAL, "log", apply_log, .syntax = "error|warning|notify|info|debug|debug2", .deflt = "info", .help = "records above this level are not written" },
	{ IN_GLOBAL, "listen", apply_block, .block = true, .arg = IN_LISTEN, .syntax = "{ ... }", .deflt = "", .help = "addresses and sockets" },
	{ IN_GLOBAL, "timer", apply_block, .block = true, .arg = IN_TIMER, .syntax = "{ ... }", .deflt = "", .help = "waits and retries" },
	{ IN_GLOBAL, "limits", apply_limits, .block = true, .syntax = "{ ... }", .deflt = "", .help = "what peers that have proven nothing may cost us" },
	{ IN_GLOBAL, "privsep", apply_block, .block = true, .arg = IN_PRIVSEP, .syntax = "{ ... }", .deflt = "", .help = "whom the processes without privileges run as" },
	{ IN_GLOBAL, "padding", apply_block, .block = true, .arg = IN_PADDING, .syntax = "{ ... }", .deflt = "", .help = "padding of IKEv1; " IKEV1_ONLY },
	{ IN_GLOBAL, "complex_bundle", apply_ignored, .syntax = "on|off", .deflt = "on", .help = IKEV1_ONLY },
	{ IN_GLOBAL, "gss_id_enc", apply_ignored, .syntax = "utf-16le|latin1", .deflt = "utf-16le", .help = IKEV1_ONLY },
	{ IN_GLOBAL, "pfkey_buffer", apply_ignored, .syntax = "kB", .deflt = "0", .help = "PF_KEY is not used" },
	{ IN_GLOBAL, "mode_cfg", apply_pool, .block = true, .arg = POOL_DEFAULT, .syntax = "{ ... }", .deflt = "", .help = "inner addresses for clients, given to every peer that asks and whose remote names no other pool" },
	{ IN_GLOBAL, "radiuscfg", apply_refused, .block = true, .syntax = "{ ... }", .deflt = "", .help = "RADIUS is not supported by this version" },
	{ IN_GLOBAL, "ldapcfg", apply_refused, .block = true, .syntax = "{ ... }", .deflt = "", .help = "LDAP is not supported by this version" },
	{ IN_GLOBAL, "pool", apply_pool, .block = true, .arg = POOL_NAMED, .syntax = "\"name\" { ... }", .deflt = "", .help = "the same, for the remotes that name it" },
	{ IN_GLOBAL, "remote", apply_remote, .block = true, .syntax = "anonymous|address|\"name\" [inherit \"name\"] { ... }", .deflt = "", .help = "a peer" },
	{ IN_GLOBAL, "sainfo", apply_sainfo, .block = true, .syntax = "anonymous | local peer { ... }", .deflt = "", .help = "traffic to protect and how" },
	{ IN_GLOBAL, "policy", apply_policy, .block = true, .syntax = "none|discard local peer [{ ... }]", .deflt = "", .help = "traffic that passes as it is (none), or not at all (discard), in both directions" },

	{ IN_LISTEN, "isakmp", apply_listen_addr, .arg = LISTEN_IKE, .syntax = "address [port]", .deflt = "all addresses [500]", .help = "where IKE listens" },
	{ IN_LISTEN, "isakmp_natt", apply_listen_addr, .arg = LISTEN_NATT, .syntax = "address [port]", .deflt = "all addresses [4500]", .help = "where IKE behind NAT listens" },
	{ IN_LISTEN, "strict_address", apply_ignored, .syntax = "", .deflt = "", .help = "an address that cannot be bound is always reported" },
	{ IN_LISTEN, "adminsock", apply_adminsock, .syntax = "\"path\" [\"owner\" \"group\" mode] | disabled", .deflt = "\"/run/tanukid/tanukid.sock\"", .help = "the control socket" },

	{ IN_TIMER, "counter", apply_counter, .min = 1, .max = 100, AT(struct policy_timers, retransmit_tries), .syntax = "number", .deflt = "5", .help = "how often a request is sent before the peer counts as silent" },
	{ IN_TIMER, "interval", apply_duration, .min = 100, .max = 3600000, AT(struct policy_timers, retransmit_first_ms), .syntax = "number unit", .deflt = "2 sec", .help = "first wait for a response; each next one is 1.8 times as long" },
	{ IN_TIMER, "persend", apply_ignored, .syntax = "number", .deflt = "1", .help = "one datagram is sent at a time" },
	{ IN_TIMER, "phase1", apply_duration, .min = 1000, .max = 3600000, AT(struct policy_timers, half_open_ms), .syntax = "number unit", .deflt = "30 sec", .help = "a peer that began and does not go on is forgotten" },
	{ IN_TIMER, "phase2", apply_ignored, .syntax = "number unit", .deflt = "30 sec", .help = IKEV1_ONLY },
	{ IN_TIMER, "kernel_check", apply_duration, .max = 86400000, AT(struct policy_timers, kernel_check_ms), .syntax = "number unit", .deflt = "60 sec", .help = "how often SAs and policies in the kernel are compared with what is wanted, and repaired; 0: only at start and when events were lost" },
	{ IN_TIMER, "natt_keepalive", apply_duration, .max = 3600000, AT(struct policy_timers, natt_keepalive_ms), .syntax = "number unit", .deflt = "20 sec", .help = "keeps NAT mappings open; 0 sends none" },

	{ IN_LIMITS, "cookie_threshold", apply_counter, .max = 99999, AT(struct policy_limits, cookie_threshold), .syntax = "number", .deflt = "100", .help = "with so many half-open IKE SAs a new one must show that its address is true (RFC 7296 2.6); 0: always" },
	{ IN_LIMITS, "half_open_per_source", apply_counter, .min = 1, .max = 100000, AT(struct policy_limits, half_open_per_source), .syntax = "number", .deflt = "200", .help = "half-open IKE SAs of one IPv4 address or IPv6 /64 network; more of it are not answered" },
	{ IN_LIMITS, "half_open", apply_counter, .min = 1, .max = 100000, AT(struct policy_limits, half_open), .syntax = "number", .deflt = "2000", .help = "half-open IKE SAs in total; more are not answered" },
	{ IN_LIMITS, "ike_sas", apply_counter, .min = 1, .max = 1000000, AT(struct policy_limits, ike_sas), .syntax = "number", .deflt = "100000", .help = "IKE SAs in total, in whatever state" },
	{ IN_LIMITS, "error_rate", apply_counter, .max = 1000, AT(struct policy_limits, error_rate), .syntax = "per second", .deflt = "10", .help = "unprotected errors sent to whoever asks (RFC 7296 2.21.4); 0: none" },
	{ IN_LIMITS, "error_burst", apply_counter, .min = 1, .max = 10000, AT(struct policy_limits, error_burst), .syntax = "number", .deflt = "20", .help = "so many of them at once" },

	{ IN_PRIVSEP, "user", apply_privsep_name, AT(struct policy, privsep_user), .syntax = "\"name\"", .deflt = "_tanuki, else nobody", .help = "user of the processes without privileges" },
	{ IN_PRIVSEP, "group", apply_privsep_name, AT(struct policy, privsep_group), .syntax = "\"name\"", .deflt = "the user's", .help = "their group" },
	{ IN_PRIVSEP, "chroot", apply_ignored, .syntax = "\"path\"", .deflt = "", .help = "an empty folder is chosen by itself" },

	{ IN_PADDING, "randomize", apply_ignored, .syntax = "on|off", .deflt = "on", .help = IKEV1_ONLY },
	{ IN_PADDING, "randomize_length", apply_ignored, .syntax = "on|off", .deflt = "off", .help = IKEV1_ONLY },
	{ IN_PADDING, "maximum_length", apply_ignored, .syntax = "number", .deflt = "20", .help = IKEV1_ONLY },
	{ IN_PADDING, "exclusive_tail", apply_ignored, .syntax = "on|off", .deflt = "on", .help = IKEV1_ONLY },
	{ IN_PADDING, "strict_check", apply_ignored, .syntax = "on|off", .deflt = "off", .help = IKEV1_ONLY },
	{ IN_PADDING, "restrict_check", apply_ignored, .syntax = "on|off", .deflt = "off", .help = IKEV1_ONLY },

	{ IN_REMOTE, "remote_address", apply_remote_address, .syntax = "address [port] | \"host name\", ...", .deflt = "anywhere", .help = "where the peer is; all are tried, one after the other, within one attempt" },
	{ IN_REMOTE, "local_address", apply_local_address, .syntax = "address", .deflt = "the system chooses", .help = "our address towards the peer" },
	{ IN_REMOTE, "exchange_mode", apply_exchange_mode, .syntax = "ike2, main, aggressive, base", .deflt = "", .help = "protocol; ike2 is needed" },
	{ IN_REMOTE, "doi", apply_ignored, .syntax = "ipsec_doi", .deflt = "ipsec_doi", .help = IKEV1_ONLY },
	{ IN_REMOTE, "situation", apply_ignored, .syntax = "identity_only", .deflt = "identity_only", .help = IKEV1_ONLY },
	{ IN_REMOTE, "my_identifier", apply_identifier, .arg = ID_OURS, .syntax = "address [addr] | fqdn \"s\" | user_fqdn \"s\" | keyid tag \"s\"", .deflt = "address", .help = "who we say we are" },
	{ IN_REMOTE, "peers_identifier", apply_identifier, .arg = ID_PEERS, .syntax = "as my_identifier; repeatable", .deflt = "its address", .help = "who the peer may be" },
	{ IN_REMOTE, "verify_identifier", apply_verify_identifier, .syntax = "on|off", .deflt = "on", .help = "refuse a peer with another identity" },
	{ IN_REMOTE, "authentication_method", apply_auth_method, .block = true, .arg = AUTH_IN_REMOTE, .syntax = "pre_shared_key", .deflt = "", .help = "how both prove who they are; needed here or in a proposal" },
	{ IN_REMOTE, "certificate_type", apply_refused, .syntax = "x509 \"certificate\" \"key\"", .deflt = "", .help = NO_CERTIFICATES },
	{ IN_REMOTE, "ca_type", apply_refused, .syntax = "x509 \"file\"", .deflt = "", .help = NO_CERTIFICATES },
	{ IN_REMOTE, "peers_certfile", apply_refused, .syntax = "x509 \"file\"", .deflt = "", .help = NO_CERTIFICATES },
	{ IN_REMOTE, "verify_cert", apply_ignored, .syntax = "on|off", .deflt = "on", .help = "there are no certificates in this version" },
	{ IN_REMOTE, "send_cert", apply_ignored, .syntax = "on|off", .deflt = "on", .help = "there are no certificates in this version" },
	{ IN_REMOTE, "send_cr", apply_ignored, .syntax = "on|off", .deflt = "on", .help = "there are no certificates in this version" },
	{ IN_REMOTE, "match_empty_cr", apply_ignored, .syntax = "on|off", .deflt = "off", .help = "there are no certificates in this version" },
	{ IN_REMOTE, "nonce_size", apply_nonce_size, .min = 16, .max = 256, .syntax = "bytes", .deflt = "32", .help = "length of our nonce, RFC 7296 2.10" },
	{ IN_REMOTE, "lifetime", apply_lifetime, .syntax = "time number unit", .deflt = "time 8 hour", .help = "the IKE SA ends after this time" },
	{ IN_REMOTE, "mobike", apply_remote_flag, AT(struct peer_config, mobike), .syntax = "on|off", .deflt = "off", .help = "tunnels follow when addresses of either side change (RFC 4555); with NAT traversal IKE then uses its port from IKE_AUTH on" },
	{ IN_REMOTE, "initial_contact", apply_remote_flag, AT(struct peer_config, initial_contact), .syntax = "on|off", .deflt = "on", .help = "tell the peer to forget older SAs" },
	{ IN_REMOTE, "passive", apply_initiate, .arg = INITIATE_PASSIVE, .syntax = "on|off", .deflt = "off", .help = "on: never initiate" },
	{ IN_REMOTE, "initiate", apply_initiate, .arg = INITIATE_WHEN, .syntax = "off|on|ondemand", .deflt = "ondemand", .help = "when to connect: never, at start, when traffic wants it" },
	{ IN_REMOTE, "proposal_check", apply_ignored, .syntax = "obey|strict|claim|exact", .deflt = "", .help = "IKEv2 chooses and narrows by its own rules" },
	{ IN_REMOTE, "support_proxy", apply_ignored, .syntax = "on|off", .deflt = "", .help = IKEV1_ONLY },
	{ IN_REMOTE, "support_mip6", apply_ignored, .syntax = "on|off", .deflt = "", .help = IKEV1_ONLY },
	{ IN_REMOTE, "generate_policy", apply_generate_policy, .syntax = "off|on|require|unique", .deflt = "off", .help = "install_policy's default for this peer's sainfos" },
	{ IN_REMOTE, "nat_traversal", apply_nat_traversal, .syntax = "on|off|force", .deflt = "on", .help = "UDP encapsulation when a NAT is found; force: always" },
	{ IN_REMOTE, "ike_frag", apply_ike_frag, .min = 160, .max = 9000, .syntax = "on|off|force|bytes", .deflt = "on", .help = "long IKE messages in fragments, RFC 7383; force: small ones from the first try; bytes: the longest IP datagram" },
	{ IN_REMOTE, "esp_frag", apply_ignored, .syntax = "bytes", .deflt = "", .help = "Linux has no such thing" },
	{ IN_REMOTE, "dpd", apply_ignored, .syntax = "on|off", .deflt = "on", .help = "liveness checks are part of IKEv2: see dpd_delay" },
	{ IN_REMOTE, "reauth", apply_reauth, .min = 10000, .max = 31536000000, .syntax = "off | time number unit", .deflt = "off", .help = "so long an authentication is good: the IKE SA and its children are made anew before, while traffic flows, and end then if the peer does not take part" },
	{ IN_REMOTE, "dpd_delay", apply_dpd_delay, .syntax = "seconds", .deflt = "0", .help = "silence after which the peer is asked whether it lives; 0: never" },
	{ IN_REMOTE, "dpd_retry", apply_ignored, .syntax = "seconds", .deflt = "5", .help = "IKEv2 retransmits: see timer" },
	{ IN_REMOTE, "dpd_maxfail", apply_ignored, .syntax = "number", .deflt = "5", .help = "IKEv2 retransmits: see timer" },
	{ IN_REMOTE, "rekey", apply_ignored, .syntax = "on|off|force", .deflt = "on", .help = "SAs are always rekeyed before they end" },
	{ IN_REMOTE, "mode_cfg", apply_remote_flag, AT(struct peer_config, mode_cfg), .syntax = "on|off", .deflt = "off", .help = "on: we are a client, and ask the peer for an inner address" },
	{ IN_REMOTE, "pool", apply_remote_pool, .syntax = "\"name\"", .deflt = "mode_cfg's, if there is one", .help = "where this peer gets an inner address from when it asks" },
	{ IN_REMOTE, "xauth_login", apply_refused, .syntax = "\"login\"", .deflt = "", .help = "XAuth is IKEv1" },
	{ IN_REMOTE, "script", apply_refused, .syntax = "\"path\" phase1_up|phase1_down|phase1_dead", .deflt = "", .help = "scripts are not supported by this version" },
	{ IN_REMOTE, "weak_phase1_check", apply_ignored, .syntax = "on|off", .deflt = "off", .help = "unauthenticated messages never end an SA" },
	{ IN_REMOTE, "ph1id", apply_ph1id, .syntax = "number", .deflt = "", .help = "links to a sainfo's remoteid" },
	{ IN_REMOTE, "proposal", apply_proposal, .block = true, .syntax = "{ ... }", .deflt = "AES-GCM, then AES-CBC with SHA-256", .help = "algorithms of the IKE SA; repeatable, in order" },

	{ IN_PROPOSAL, "encryption_algorithm", apply_algorithms, .arg = TRANSFORM_ENCR, .syntax = "name [bits], ...", .deflt = "aes_gcm16 256", .help = "cipher" },
	{ IN_PROPOSAL, "hash_algorithm", apply_algorithms, .arg = ALGORITHM_HASH, .syntax = "name, ...", .deflt = "", .help = "prf and integrity in one word" },
	{ IN_PROPOSAL, "prf_algorithm", apply_algorithms, .arg = TRANSFORM_PRF, .syntax = "name, ...", .deflt = "prf_sha256", .help = "pseudo-random function" },
	{ IN_PROPOSAL, "integrity_algorithm", apply_algorithms, .arg = TRANSFORM_INTEG, .syntax = "name, ...", .deflt = "", .help = "integrity; ciphers like aes_gcm16 need none" },
	{ IN_PROPOSAL, "dh_group", apply_algorithms, .arg = TRANSFORM_KE, .syntax = "name or number, ...", .deflt = "curve25519", .help = "key exchange" },
	{ IN_PROPOSAL, "authentication_method", apply_auth_method, .block = true, .arg = AUTH_IN_PROPOSAL, .syntax = "pre_shared_key", .deflt = "", .help = "as in remote" },
	{ IN_PROPOSAL, "lifetime", apply_proposal_lifetime, .syntax = "time number unit", .deflt = "", .help = "as in remote" },
	{ IN_PROPOSAL, "gss_id", apply_ignored, .syntax = "\"id\"", .deflt = "", .help = IKEV1_ONLY },
	{ IN_PROPOSAL, "additional_key_exchange", apply_refused, .syntax = "name", .deflt = "", .help = "additional key exchanges are not supported by this version" },

	{ IN_SAINFO, "remote", apply_sainfo_word, .arg = SAINFO_REMOTE, .syntax = "\"name\"", .deflt = "every remote", .help = "with which peer" },
	{ IN_SAINFO, "name", apply_sainfo_word, .arg = SAINFO_NAME, .syntax = "\"name\"", .deflt = "net1, net2, ...", .help = "what tanukictl and the log call it" },
	{ IN_SAINFO, "mode", apply_sainfo_word, .arg = SAINFO_MODE, .syntax = "tunnel|transport|beet", .deflt = "tunnel", .help = "RFC 4301 4.1; beet: a tunnel between two hosts without an inner header, if the peer is set so too" },
	{ IN_SAINFO, "protocol", apply_sainfo_word, .arg = SAINFO_PROTOCOL, .syntax = "esp|ah", .deflt = "esp", .help = "ah: what is sent is authentic, but everybody can read it" },
	{ IN_SAINFO, "install_policy", apply_sainfo_word, .arg = SAINFO_INSTALL_POLICY, .syntax = "on|off", .deflt = "off", .help = "on: the SPD entries are made from this section; off: setkey makes them" },
	{ IN_SAINFO, "remoteid", apply_sainfo_word, .arg = SAINFO_REMOTEID, .syntax = "number", .deflt = "", .help = "the remote with this ph1id" },
	{ IN_SAINFO, "pfs_group", apply_sainfo_word, .arg = SAINFO_PFS_GROUP, .syntax = "group", .deflt = "none", .help = "key exchange when rekeying" },
	{ IN_SAINFO, "lifetime", apply_sainfo_word, .arg = SAINFO_LIFETIME, .syntax = "time number unit | byte number unit | packet number", .deflt = "time 8 hour", .help = "the SA ends after this" },
	{ IN_SAINFO, "esn", apply_sainfo_word, .arg = SAINFO_ESN, .syntax = "on|off", .deflt = "off", .help = "64-bit sequence numbers" },
	{ IN_SAINFO, "replay_window", apply_sainfo_word, .arg = SAINFO_REPLAY_WINDOW, .max = 4096, .syntax = "packets", .deflt = "64", .help = "how late a packet may come" },
	{ IN_SAINFO, "if_id", apply_sainfo_word, .arg = SAINFO_IF_ID, .min = 1, .syntax = "number", .deflt = "none", .help = "only what goes through the xfrm interface with this number" },
	{ IN_SAINFO, "mark", apply_sainfo_word, .arg = SAINFO_MARK, .syntax = "value[/mask]", .deflt = "none", .help = "only packets with this mark of the firewall's; those that arrive get it" },
	{ IN_SAINFO, "copy_dscp", apply_sainfo_word, .arg = SAINFO_COPY_DSCP, .syntax = "out|in|both|off", .deflt = "out", .help = "the DSCP is copied from the inner to the outer header when sending (out), back when receiving (in)" },
	{ IN_SAINFO, "copy_ecn", apply_sainfo_word, .arg = SAINFO_COPY_ECN, .syntax = "on|off", .deflt = "on", .help = "congestion marks pass a tunnel's ends, RFC 6040" },
	{ IN_SAINFO, "tfc_padding", apply_sainfo_word, .arg = SAINFO_TFC_PADDING, .max = 65535, .syntax = "bytes", .deflt = "0", .help = "packets are filled up to this length, or to what fits, so that theirs is not seen; ESP in a tunnel, if the peer can take it" },
	{ IN_SAINFO, "priority", apply_sainfo_word, .arg = SAINFO_PRIORITY, .syntax = "number", .deflt = "by size: the smaller net first", .help = "the kernel's priority; lower wins" },
	{ IN_SAINFO, "single_pair", apply_sainfo_word, .arg = SAINFO_SINGLE_PAIR, .syntax = "on|off", .deflt = "off", .help = "on: each pair of addresses gets SAs of its own, when a packet asks for them" },
	{ IN_SAINFO, "encryption_algorithm", apply_algorithms, .arg = TRANSFORM_ENCR, .syntax = "name [bits], ...", .deflt = "aes_gcm16 256", .help = "cipher of ESP" },
	{ IN_SAINFO, "authentication_algorithm", apply_algorithms, .arg = TRANSFORM_INTEG, .syntax = "name, ...", .deflt = "", .help = "integrity of ESP or AH; ciphers like aes_gcm16 need none" },
	{ IN_SAINFO, "compression_algorithm", apply_ignored, .syntax = "deflate", .deflt = "", .help = "the only algorithm; whether it is used says ipcomp" },
	{ IN_SAINFO, "ipcomp", apply_sainfo_word, .arg = SAINFO_IPCOMP, .syntax = "on|off", .deflt = "off", .help = "packets are compressed, if the peer can: RFC 3173; not where addresses inside and outside are of different families" },
	{ IN_SAINFO, "my_identifier", apply_ignored, .syntax = "", .deflt = "", .help = "belongs into remote" },

	{ IN_POLICY, "name", apply_policy_word, .arg = POLICY_NAME, .syntax = "\"name\"", .deflt = "policy1, policy2, ...", .help = "what the log calls it" },
	{ IN_POLICY, "priority", apply_policy_word, .arg = POLICY_PRIORITY, .syntax = "number", .deflt = "by size: the smaller net first", .help = "as in sainfo" },

	{ IN_POOL, "network4", apply_pool_word, .arg = POOL_NETWORK4, .syntax = "address | address/bits | first-last", .deflt = "", .help = "the IPv4 addresses that are given: all hosts of a net, a range, or pool_size from an address on" },
	{ IN_POOL, "network6", apply_pool_word, .arg = POOL_NETWORK6, .syntax = "address | address/bits | first-last", .deflt = "", .help = "the same of IPv6" },
	{ IN_POOL, "pool_size", apply_pool_word, .arg = POOL_SIZE, .min = 1, .max = POOL_SIZE_MAX, .syntax = "number", .deflt = "255, or all of the net", .help = "how many addresses of each family there are" },
	{ IN_POOL, "netmask4", apply_pool_word, .arg = POOL_NETMASK4, .syntax = "mask", .deflt = "", .help = "told with an IPv4 address" },
	{ IN_POOL, "lease", apply_pool_word, .arg = POOL_LEASE, .syntax = "fqdn \"s\" | user_fqdn \"s\" | keyid tag \"s\" | address addr; then address, ...", .deflt = "", .help = "who has this identity always gets this address, and nobody else does; repeatable" },
	{ IN_POOL, "dns4", apply_pool_word, .arg = POOL_DNS4, .syntax = "address, ...", .deflt = "", .help = "name servers; repeatable" },
	{ IN_POOL, "dns6", apply_pool_word, .arg = POOL_DNS6, .syntax = "address, ...", .deflt = "", .help = "the same of IPv6" },
	{ IN_POOL, "wins4", apply_pool_word, .arg = POOL_NBNS4, .syntax = "address, ...", .deflt = "", .help = "NetBIOS name servers" },
	{ IN_POOL, "nbns4", apply_pool_word, .arg = POOL_NBNS4, .syntax = "address, ...", .deflt = "", .help = "the same as wins4" },
	{ IN_POOL, "default_domain", apply_pool_word, .arg = POOL_DEFAULT_DOMAIN, .syntax = "\"domain\"", .deflt = "", .help = "told as the first of split_dns" },
	{ IN_POOL, "split_dns", apply_pool_word, .arg = POOL_SPLIT_DNS, .syntax = "\"domain\", ...", .deflt = "", .help = "the name servers know these domains, RFC 8598; without any they are for all names" },
	{ IN_POOL, "split_network", apply_pool_word, .arg = POOL_SPLIT_NETWORK, .syntax = "include net/bits, ...", .deflt = "", .help = "the nets behind us; told to the client, RFC 7296 3.15.2, and no filter: that are the selectors of sainfo" },
	{ IN_POOL, "banner", apply_ignored, .syntax = "\"file\"", .deflt = "", .help = IKEV1_ONLY },
	{ IN_POOL, "auth_source", apply_ignored, .syntax = "system|radius|pam|ldap", .deflt = "", .help = "XAuth is IKEv1" },
	{ IN_POOL, "auth_groups", apply_ignored, .syntax = "\"group\", ...", .deflt = "", .help = "XAuth is IKEv1" },
	{ IN_POOL, "group_source", apply_ignored, .syntax = "system|ldap", .deflt = "", .help = "XAuth is IKEv1" },
	{ IN_POOL, "auth_throttle", apply_ignored, .syntax = "seconds", .deflt = "", .help = "XAuth is IKEv1" },
	{ IN_POOL, "save_passwd", apply_ignored, .syntax = "on|off", .deflt = "", .help = "XAuth is IKEv1" },
	{ IN_POOL, "pfs_group", apply_ignored, .syntax = "group", .deflt = "", .help = IKEV1_ONLY },
	{ IN_POOL, "conf_source", apply_pool_source, .syntax = "local", .deflt = "local", .help = "addresses come from this file; RADIUS and LDAP are not supported by this version" },
	{ IN_POOL, "accounting", apply_pool_source, .syntax = "none", .deflt = "none", .help = "accounting is not supported by this version" },
};
/* clang-format on */
const size_t schema_n_words = N_ELEMENTS(schema_words);

static const char *const section_names[SECTIONS_N] = {
	[IN_GLOBAL] = "the file", [IN_LISTEN] = "listen",     [IN_TIMER] = "timer",
	[IN_LIMITS] = "limits",   [IN_PRIVSEP] = "privsep",   [IN_PADDING] = "padding",
	[IN_REMOTE] = "remote",   [IN_PROPOSAL] = "proposal", [IN_SAINFO] = "sainfo",
	[IN_POLICY] = "policy",   [IN_POOL] = "mode_cfg",
};

const char *schema_section_name(enum section section)
{
	return section_names[section];
}

void build_warn(const struct build *b, const struct token *t, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX_BYTES];
	struct err located;
	va_list ap;
	if (!b->options || !b->options->warn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	token_error(&located, 0, t, "%s", text);
	b->options->warn(b->options->warn_arg, located.text);
}

static const struct word *find_word(enum section section, const char *name)
{
	for (size_t i = 0; i < schema_n_words; i++) {
		if (schema_words[i].section == section && strcmp(schema_words[i].name, name) == 0)
			return &schema_words[i];
	}
	return NULL;
}

static int unknown_word(struct build *b, enum section section, const struct token *t)
{
	const char *names[N_ELEMENTS(schema_words)];
	size_t n = 0;
	for (size_t i = 0; i < schema_n_words; i++) {
		if (schema_words[i].section == section)
			names[n++] = schema_words[i].name;
	}
	const char *near = fmt_nearest(t->text, names, n);
	if (near)
		return token_error(b->err, -EINVAL, t,
				   "unknown word \"%s\" in %s; did you mean \"%s\"?", t->text,
				   section_names[section], near);
	return token_error(b->err, -EINVAL, t, "unknown word \"%s\" in %s", t->text,
			   section_names[section]);
}

static int apply_statement(struct build *b, enum section section, const struct statement *st,
			   void *target)
{
	const struct word *w = find_word(section, st->tokens[0].text);
	if (!w)
		return unknown_word(b, section, &st->tokens[0]);
	if (st->block && !w->block)
		return token_error(b->err, -EINVAL, &st->tokens[0],
				   "\"%s\" takes no { } block: %s %s;", w->name, w->name,
				   w->syntax);
	struct args a = args_of(st, 1, b->err);
	return w->apply(b, w, &a, target);
}

int schema_apply(struct build *b, enum section section, const struct statement *list, void *target)
{
	for (; list; list = list->next) {
		int rc = apply_statement(b, section, list, target);
		if (rc)
			return rc;
	}
	return 0;
}
