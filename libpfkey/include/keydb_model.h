/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of keydb: what an SA, a policy and a selector are, whoever carries them. Flat values
 * without pointers; integers are in host order unless a comment says otherwise, SPIs too.
 */
#ifndef KEYDB_MODEL_H
#define KEYDB_MODEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	KEYDB_KEY_MAX_BYTES = 128, /* a 512-bit HMAC key, or key and salt of an AEAD */
	KEYDB_ALG_NAME_MAX_BYTES = 64,
	KEYDB_TEMPLATES_MAX = 6, /* XFRM_MAX_DEPTH */
	KEYDB_REPLAY_MAX_PKTS = 4096,
	KEYDB_CTX_MAX_BYTES = 128,
	KEYDB_DEVICE_MAX_BYTES = 16,
	KEYDB_REQID_MANUAL_MAX = 0x3fff, /* reqids above are made by programs */
};

#define KEYDB_INFINITE UINT64_MAX

/* Priorities of policies: the lower number wins; "prio high + 10" is KEYDB_PRIORITY_HIGH - 10. */
#define KEYDB_PRIORITY_HIGH 0x40000000u
#define KEYDB_PRIORITY_DEFAULT 0x80000000u
#define KEYDB_PRIORITY_LOW 0xc0000000u

/* sa.sa_family AF_UNSPEC: no address. Ports in network order, as in every sockaddr. */
union keydb_addr {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

enum keydb_proto {
	KEYDB_PROTO_ANY = 0,
	KEYDB_PROTO_ESP = 50,
	KEYDB_PROTO_AH = 51,
	KEYDB_PROTO_IPCOMP = 108,
};

/* In SAs ANY means transport. OTHER is or'ed to a mode number of the kernel without a name here. */
enum keydb_mode {
	KEYDB_MODE_ANY,
	KEYDB_MODE_TRANSPORT,
	KEYDB_MODE_TUNNEL,
	KEYDB_MODE_BEET,
	KEYDB_MODE_OTHER = 0x80,
};

enum keydb_dir {
	KEYDB_DIR_IN,
	KEYDB_DIR_OUT,
	KEYDB_DIR_FWD,
	KEYDB_DIR_SOCKET_IN, /* per-socket policies: dumps only */
	KEYDB_DIR_SOCKET_OUT,
};

enum keydb_action {
	KEYDB_ACTION_DISCARD,
	KEYDB_ACTION_NONE,
	KEYDB_ACTION_IPSEC,
	KEYDB_ACTION_ENTRUST, /* these two are for sockets only */
	KEYDB_ACTION_BYPASS,
};

/* UNIQUE with reqid 0: the reqid is made when the policy is added. Dumps never have DEFAULT. */
enum keydb_level { KEYDB_LEVEL_DEFAULT, KEYDB_LEVEL_USE, KEYDB_LEVEL_REQUIRE, KEYDB_LEVEL_UNIQUE };

enum keydb_sa_state { KEYDB_SA_LARVAL, KEYDB_SA_MATURE, KEYDB_SA_DYING, KEYDB_SA_DEAD };

/* What goes into or through an SA or a policy. The family AF_UNSPEC on both sides: none. */
struct keydb_selector {
	union keydb_addr src, dst;
	uint8_t src_bits, dst_bits;
	uint8_t proto; /* IP protocol, 0 = any */
	bool src_port_any, dst_port_any;
	uint16_t src_port, dst_port; /* also ICMP type and code, or the halves of a GRE key */
	uint16_t src_port_mask, dst_port_mask; /* bits of the port that count, 0 = all of them */
	uint32_t ifindex;                      /* 0 = every interface */
};

enum keydb_alg_kind {
	KEYDB_ALG_NONE,
	KEYDB_ALG_ENCR,
	KEYDB_ALG_AUTH,
	KEYDB_ALG_AEAD,
	KEYDB_ALG_COMP
};

/*
 * One algorithm with its key.  id is a row of keydb_alg_by_*(), KEYDB_ALG_ID_NONE if the kernel
 * named one that the table does not have (name then still says it).  key holds key_bits / 8
 * bytes, the salt of an AEAD or of CTR at their end and counted (RFC 4106: 4 bytes).
 */
struct keydb_alg {
	uint16_t id;
	uint16_t key_bits;
	uint16_t icv_bits; /* AUTH and AEAD: length on the wire; 0 = the table's default */
	char name[KEYDB_ALG_NAME_MAX_BYTES]; /* the kernel's name, "rfc4106(gcm(aes))" */
	uint8_t key[KEYDB_KEY_MAX_BYTES];
};

struct keydb_limits { /* KEYDB_INFINITE or 0 = none; dumps have KEYDB_INFINITE */
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets;
	uint64_t soft_add_sec, hard_add_sec, soft_use_sec, hard_use_sec;
};

struct keydb_usage { /* what the kernel counted; times are seconds since 1970, 0 = never */
	uint64_t bytes, packets, add_time, use_time;
	uint64_t last_time; /* the latest packet; use_time is the first one's */
};

struct keydb_mark {
	uint32_t value, mask;
};

enum keydb_sa_flag {
	KEYDB_SA_NOECN = 1u << 0,
	KEYDB_SA_DECAP_DSCP = 1u << 1,
	KEYDB_SA_NOPMTUDISC = 1u << 2,
	KEYDB_SA_ESN = 1u << 3, /* needs replay_window_pkts > 0 */
	KEYDB_SA_ICMP = 1u << 4,
	KEYDB_SA_AF_UNSPEC = 1u << 5, /* carries any inner family */
	KEYDB_SA_DONT_ENCAP_DSCP = 1u << 6,
	KEYDB_SA_OSEQ_MAY_WRAP = 1u << 7,
	KEYDB_SA_WILDRECV = 1u << 8,
	KEYDB_SA_ALIGN4 = 1u << 9,
};

enum keydb_encap { KEYDB_ENCAP_UDP = 0, KEYDB_ENCAP_UDP_NON_IKE = 1, KEYDB_ENCAP_TCP = 7 };
enum keydb_offload_flag { KEYDB_OFFLOAD_INBOUND = 1u << 1, KEYDB_OFFLOAD_PACKET = 1u << 2 };

/* Which SA: RFC 4301 4.1. src only tells apart what the kernel asks for when deleting. */
struct keydb_sa_id {
	union keydb_addr src, dst;
	uint32_t spi;
	uint8_t proto; /* enum keydb_proto */
	struct keydb_mark mark;
};

struct keydb_sa {
	struct keydb_sa_id id;
	uint8_t mode;  /* enum keydb_mode */
	uint8_t state; /* enum keydb_sa_state; dumps only */
	uint32_t reqid;
	uint32_t flags; /* enum keydb_sa_flag */
	uint32_t replay_window_pkts;
	struct keydb_alg encr, auth, aead, comp; /* id 0 and name "" = absent */
	/* UDP encapsulation, RFC 3948: ports in host order, both 0 = none */
	uint16_t encap_src_port, encap_dst_port;
	uint8_t encap_type; /* enum keydb_encap */
	union keydb_addr encap_oa;
	/* none: what the outer family allows, with KEYDB_SA_AF_UNSPEC both; it may be the other */
	struct keydb_selector sel;
	struct keydb_limits limits;
	struct keydb_usage usage; /* dumps only */
	uint32_t if_id, tfc_pad_bytes;
	struct keydb_mark output_mark;
	uint64_t seq_out, seq_in; /* dumps only */
	uint32_t kernel_seq;      /* links an ACQUIRE's larval SA with its SA */
	uint8_t ctx_doi, ctx_alg;
	uint16_t ctx_len;
	char ctx[KEYDB_CTX_MAX_BYTES];
	char offload_device[KEYDB_DEVICE_MAX_BYTES];
	uint32_t offload_flags; /* enum keydb_offload_flag: the kernel's numbers */
};

struct keydb_template {
	union keydb_addr src, dst; /* tunnel end points; AF_UNSPEC in transport mode */
	uint16_t family; /* of the outer header; 0 = of the addresses, else of the packet here */
	uint8_t proto, mode, level;
	uint32_t reqid, spi;
};

enum keydb_policy_flag { KEYDB_POLICY_LOCALOK = 1u << 0, KEYDB_POLICY_ICMP = 1u << 1 };

struct keydb_policy {
	struct keydb_selector sel;
	uint8_t dir, action;
	uint8_t n_templates;
	uint8_t flags;     /* enum keydb_policy_flag */
	bool sub, stray;   /* of the kernel's second SPD, for Mobile IPv6; stray as tag */
	uint32_t priority; /* kernel's: lower wins */
	uint32_t index;    /* 0 when adding: the kernel chooses */
	struct keydb_template templates[KEYDB_TEMPLATES_MAX];
	struct keydb_limits limits;
	struct keydb_usage usage; /* dumps only */
	struct keydb_mark mark;
	uint32_t if_id, tag; /* tag: dumps only, see keydb_data_path.h */
	uint8_t ctx_doi, ctx_alg;
	uint16_t ctx_len;
	char ctx[KEYDB_CTX_MAX_BYTES];
};

#endif
