#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: interop
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#            tanukid                     strongSwan (charon)
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# tanukid with strongSwan: both roles, IPv4 and IPv6 outside, tunnel and transport mode;
# small and large pings, 10 MB of TCP, then deleted by one side, which the other follows.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# connection NAME MODE LOCAL REMOTE LOCAL_NET REMOTE_NET: as swanctl.conf has it.
connection() {
	cat <<-END
		$1 {
			version = 2
			local_addrs = $3
			remote_addrs = $4
			proposals = $SWAN_IKE
			local {
				auth = psk
				id = $1.b.example
			}
			remote {
				auth = psk
				id = $1.a.example
			}
			children {
				net {
					mode = $2
					local_ts = $5
					remote_ts = $6
					esp_proposals = $SWAN_ESP
				}
			}
		}
	END
}

swanctl_conf() {
	echo "connections {"
	connection t4 tunnel 192.0.2.2 192.0.2.1 10.2.0.0/24 10.1.0.0/24
	connection t6 tunnel 2001:db8::2 2001:db8::1 fd02::/64 fd01::/64
	connection p4 transport 192.0.2.2 192.0.2.1 192.0.2.2/32 192.0.2.1/32
	connection p6 transport 2001:db8::2 2001:db8::1 2001:db8::2/128 2001:db8::1/128
	echo "}"
	echo "secrets {"
	for name in t4 t6 p4 p6; do
		printf 'ike-%s {\nid-1 = %s.a.example\nid-2 = %s.b.example\nsecret = %s\n}\n' \
			$name $name $name "$GATEWAYS_PSK"
	done
	echo "}"
}

# remote NAME MODE LOCAL REMOTE LOCAL_NET REMOTE_NET: as racoon.conf has it.
remote() {
	cat <<-END
		remote "$1" {
			remote_address $4;
			local_address $3;
			exchange_mode ike2;
			my_identifier fqdn "$1.a.example";
			peers_identifier fqdn "$1.b.example";
			authentication_method pre_shared_key;
			initiate off;
			proposal { $TANUKI_IKE }
		}
		sainfo address $5 any address $6 any {
			remote "$1";
			name "net";
			mode $2;
			install_policy on;
			$TANUKI_ESP
		}
	END
}

racoon_conf() {
	echo 'path pre_shared_key "/etc/racoon/psk.txt";'
	remote t4 tunnel 192.0.2.1 192.0.2.2 10.1.0.0/24 10.2.0.0/24
	remote t6 tunnel 2001:db8::1 2001:db8::2 fd01::/64 fd02::/64
	remote p4 transport 192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.2
	remote p6 transport 2001:db8::1 2001:db8::2 2001:db8::1 2001:db8::2
}

# both_start: with the proposals that the test has set.
both_start() {
	swanctl_conf >"$BATS_TEST_TMPDIR/swanctl.conf"
	strongswan_start gw-b "$BATS_TEST_TMPDIR/swanctl.conf" || return
	printf '%s.b.example %s\n' t4 "$GATEWAYS_PSK" t6 "$GATEWAYS_PSK" p4 "$GATEWAYS_PSK" \
		p6 "$GATEWAYS_PSK" | put gw-a /etc/racoon/psk.txt
	racoon_conf | put gw-a /etc/racoon/racoon.conf
	tanukid_start gw-a /etc/racoon/racoon.conf
}

gcm() {
	SWAN_IKE=aes256gcm16-prfsha256-x25519 SWAN_ESP=aes256gcm16
	TANUKI_IKE="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group curve25519;"
	TANUKI_ESP="encryption_algorithm aes_gcm16 256;"
}

cbc() {
	SWAN_IKE=aes128-sha256-modp2048 SWAN_ESP=aes128-sha256
	TANUKI_IKE="encryption_algorithm aes 128; hash_algorithm sha256; dh_group 14;"
	TANUKI_ESP="encryption_algorithm aes 128; authentication_algorithm hmac_sha256;"
}

# traffic FROM TO: pings of both sizes and 10 MB of TCP from node FROM to node TO's address.
traffic() {
	local from=$1 to=$2 addr=$3
	in_ns "$from" ping -q -c 3 -i 0.2 -W 2 "$addr"
	in_ns "$from" ping -q -c 3 -i 0.2 -W 2 -s 1400 "$addr"
	start "iperf.$to" "$to" iperf3 --server --one-off --forceflush
	wait_until 5 _listens "iperf.$to"
	in_ns "$from" iperf3 --client "$addr" --bytes 10M --json >"$BATS_TEST_TMPDIR/iperf"
	grep -q '"sum_received"' "$BATS_TEST_TMPDIR/iperf"
	wait_until 5 has_ended "iperf.$to"
}
_listens() { log_of "$1" && [[ $(<"$REPLY") == *listening* ]]; }

# both_ways NAME FROM TO ADDRESS FAMILY: tanukid initiates, strongSwan deletes; then the
# other way round.  (Through a subshell-free path: bats ends a test at the first failure.)
both_ways() {
	local name=$1 from=$2 to=$3 addr=$4 family=$5
	capture_start
	tanukictl gw-a establish-sa "$name"
	event gw-a child_sa_up "peer=*"
	traffic "$from" "$to" "$addr"
	swanctl gw-b --terminate --ike "$name" >"$BATS_TEST_TMPDIR/swanctl.out"
	wait_until 5 no_sas gw-a
	assert_no_sas gw-b
	swanctl gw-b --initiate --child net --ike "$name" --timeout 10 >"$BATS_TEST_TMPDIR/swanctl.out"
	traffic "$from" "$to" "$addr"
	tanukictl gw-a delete-sa "$name"
	wait_until 5 no_sas gw-b
	assert_no_sas gw-a
	capture_stop
	assert_wire esp "$family" -ge 1000
	assert_wire clear -eq 0
	assert_no_secret_in_logs "$GATEWAYS_PSK"
}

@test "tunnel mode over IPv4 with AES-GCM: both roles, deleted from both sides" {
	gcm && both_start
	both_ways t4 host-a host-b 10.2.0.2 v4
}

@test "tunnel mode over IPv6 with AES-CBC and SHA-256: both roles, deleted from both sides" {
	cbc && both_start
	both_ways t6 host-a host-b fd02::2 v6
}

@test "transport mode over IPv4 with AES-CBC and SHA-256: both roles, deleted from both sides" {
	cbc && both_start
	both_ways p4 gw-a gw-b 192.0.2.2 v4
}

@test "transport mode over IPv6 with AES-GCM: both roles, deleted from both sides" {
	gcm && both_start
	both_ways p6 gw-a gw-b 2001:db8::2 v6
}

# rekeyed NODE NUMBER: so many children gave way to another, at least.
rekeyed() {
	local line n=0
	while read -r line; do
		[[ $line != *"event=child_sa_down "*"reason=rekeyed"* ]] || n=$((n + 1))
	done <"$LAB_STATE/log/tanukid.$1"
	[ $n -ge "$2" ]
}
one_pair() { sad "$1" && [ ${#SAD[@]} = 2 ]; }

# short_lives: ours end after 12 seconds, with the proposals that the test has set.
short_lives() { TANUKI_ESP+=" lifetime time 12 sec;"; }
with_pfs() { SWAN_ESP+=-x25519 TANUKI_ESP+=" pfs_group curve25519;"; }

# children_rekeyed: by us as their time is over, then by strongSwan, under a stream of pings.
children_rekeyed() {
	both_start
	tanukictl gw-a establish-sa t4
	start pings host-a ping -q -c 600 -i 0.05 -W 5 10.2.0.2
	wait_until 20 rekeyed gw-a 1
	wait_until 10 one_pair gw-a
	swanctl gw-b --rekey --child net >"$BATS_TEST_TMPDIR/swanctl.out"
	wait_until 10 rekeyed gw-a 2
	wait_until 60 has_ended pings
	log_of pings
	grep ' 0% packet loss' "$REPLY" || { cat "$REPLY" && return 1; }
	no_event gw-a child_sa_down reason=lifetime
	no_event gw-a negotiation_failed
	event_count gw-a ike_sa_up
	[ "$REPLY" = 1 ]
	wait_until 20 one_pair gw-b
}

@test "a child is rekeyed by us and by strongSwan while traffic flows: no ping is lost" {
	gcm && short_lives
	children_rekeyed
}

@test "the same with perfect forward secrecy, which the first child has not" {
	cbc && with_pfs && short_lives
	children_rekeyed
}

# ike_rekeyed NUMBER: so many of our IKE SAs gave way to another, at least.
ike_rekeyed() {
	local line n=0
	while read -r line; do
		[[ $line != *"event=ike_sa_down "*"reason=rekeyed"* ]] || n=$((n + 1))
	done <"$LAB_STATE/log/tanukid.gw-a"
	[ $n -ge "$1" ]
}

@test "the IKE SA is rekeyed by us and by strongSwan, and its child goes on: no ping is lost" {
	gcm && both_start
	tanukictl gw-a establish-sa t4
	start pings host-a ping -q -c 300 -i 0.05 -W 5 10.2.0.2
	tanukictl gw-a rekey-sa t4
	wait_until 10 ike_rekeyed 1
	swanctl gw-b --rekey --ike t4 >"$BATS_TEST_TMPDIR/swanctl.out"
	wait_until 10 ike_rekeyed 2
	tanukictl gw-a rekey-sa t4/net
	wait_until 10 rekeyed gw-a 1
	swanctl gw-b --rekey --child net >"$BATS_TEST_TMPDIR/swanctl.out"
	wait_until 10 rekeyed gw-a 2
	wait_until 60 has_ended pings
	log_of pings
	grep ' 0% packet loss' "$REPLY" || { cat "$REPLY" && return 1; }
	no_event gw-a negotiation_failed
	wait_until 10 one_pair gw-a
	wait_until 10 one_pair gw-b
	tanukictl gw-a delete-sa t4
	wait_until 5 no_sas gw-b
}

@test "a group that strongSwan does not want is retried with the one that it asks for" {
	gcm
	TANUKI_IKE="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group ecp256, curve25519;"
	both_start
	tanukictl gw-a establish-sa t4
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
}

@test "no common proposal with strongSwan: named on our side in both roles" {
	gcm
	TANUKI_IKE="encryption_algorithm aes 256; hash_algorithm sha256; dh_group curve25519;"
	both_start
	run ! tanukictl gw-a establish-sa t4
	event gw-a negotiation_failed what=NO_PROPOSAL_CHOSEN
	run ! swanctl gw-b --initiate --child net --ike t4 --timeout 10
	event gw-a negotiation_failed reason=no_common_proposal "what=*ENCR*"
	assert_no_sas gw-a
	assert_no_sas gw-b
}

@test "a wrong key with strongSwan: named on our side in both roles" {
	gcm && both_start
	put gw-a /etc/racoon/psk.txt <<<"* an-other-key"
	tanukid_stop gw-a
	tanukid_start gw-a /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa t4
	event gw-a negotiation_failed what=AUTHENTICATION_FAILED
	run ! swanctl gw-b --initiate --child net --ike t4 --timeout 10
	event gw-a negotiation_failed reason=wrong_key
	assert_no_sas gw-a
	assert_no_sas gw-b
}
