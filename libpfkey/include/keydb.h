/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydb: a typed API for the kernel's SAD and SPD (RFC 4301 4.4).
 *
 * The structures are flat values without pointers, so they can be copied, sent to
 * another process and compared.  Integers are in host order unless a comment says
 * otherwise; SPIs too.  Functions return 0 or a negative errno, and keydb_error()
 * then gives the reason in words.  A handle belongs to one thread at a time; the
 * library keeps no other state, never logs and never exits.
 */
#ifndef KEYDB_H
#define KEYDB_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	KEYDB_KEY_MAX_BYTES = 128,     /* a 512-bit HMAC key, or key and salt of an AEAD */
	KEYDB_TEMPLATES_MAX = 6,       /* XFRM_MAX_DEPTH */
	KEYDB_REPLAY_MAX_PKTS = 4096,
	KEYDB_CTX_MAX_BYTES = 128,
	KEYDB_DEVICE_MAX_BYTES = 16,
};

#define KEYDB_INFINITE UINT64_MAX

/* sa.sa_family AF_UNSPEC: no address. Ports in network order, as in every sockaddr. */
union keydb_addr {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

enum keydb_proto { KEYDB_PROTO_ANY = 0, KEYDB_PROTO_ESP = 50, KEYDB_PROTO_AH = 51, KEYDB_PROTO_IPCOMP = 108 };
enum keydb_mode { KEYDB_MODE_ANY, KEYDB_MODE_TRANSPORT, KEYDB_MODE_TUNNEL, KEYDB_MODE_BEET };
enum keydb_dir { KEYDB_DIR_IN, KEYDB_DIR_OUT, KEYDB_DIR_FWD,
		 KEYDB_DIR_SOCKET_IN, KEYDB_DIR_SOCKET_OUT };
enum keydb_action { KEYDB_ACTION_DISCARD, KEYDB_ACTION_NONE, KEYDB_ACTION_IPSEC,
		    KEYDB_ACTION_ENTRUST, KEYDB_ACTION_BYPASS };
enum keydb_level { KEYDB_LEVEL_DEFAULT, KEYDB_LEVEL_USE, KEYDB_LEVEL_REQUIRE, KEYDB_LEVEL_UNIQUE };
enum keydb_sa_state { KEYDB_SA_LARVAL, KEYDB_SA_MATURE, KEYDB_SA_DYING, KEYDB_SA_DEAD };

/* What goes into or through an SA or a policy. */
struct keydb_selector {
	union keydb_addr src, dst;
	uint8_t src_bits, dst_bits;
	uint8_t proto;        /* IP protocol, 0 = any */
	bool src_port_any, dst_port_any;
	uint16_t src_port, dst_port;   /* also ICMP type/code and the GRE key's halves, as XFRM has them */
};

enum keydb_alg_kind { KEYDB_ALG_NONE, KEYDB_ALG_ENCR, KEYDB_ALG_AUTH, KEYDB_ALG_AEAD, KEYDB_ALG_COMP };

/*
 * One algorithm with its key.  id is a row of keydb_alg_by_*(), KEYDB_ALG_ID_NONE if the kernel
 * named one that the table does not have (name then still says it).  key holds key_bits / 8
 * bytes, for an AEAD followed in the same count by the salt (RFC 4106: 4 bytes).
 */
struct keydb_alg {
	uint16_t id;
	uint16_t key_bits;
	uint16_t icv_bits;     /* AUTH and AEAD: length on the wire */
	char name[64];         /* the kernel's name, "rfc4106(gcm(aes))" */
	uint8_t key[KEYDB_KEY_MAX_BYTES];
};

struct keydb_limits {  /* KEYDB_INFINITE = none */
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets;
	uint64_t soft_add_sec, hard_add_sec, soft_use_sec, hard_use_sec;
};

struct keydb_usage {   /* what the kernel counted; times are seconds since 1970, 0 = never */
	uint64_t bytes, packets, add_time, use_time;
};

struct keydb_mark {
	uint32_t value, mask;
};

enum keydb_sa_flag {
	KEYDB_SA_NOECN = 1u << 0,
	KEYDB_SA_DECAP_DSCP = 1u << 1,
	KEYDB_SA_NOPMTUDISC = 1u << 2,
	KEYDB_SA_ESN = 1u << 3,
	KEYDB_SA_ICMP = 1u << 4,
	KEYDB_SA_AF_UNSPEC = 1u << 5,  /* carries any inner family */
	KEYDB_SA_DONT_ENCAP_DSCP = 1u << 6,
	KEYDB_SA_OSEQ_MAY_WRAP = 1u << 7,
};

/* Which SA: RFC 4301 4.1. src only tells apart what the kernel asks for when deleting. */
struct keydb_sa_id {
	union keydb_addr src, dst;
	uint32_t spi;
	uint8_t proto;         /* enum keydb_proto */
	struct keydb_mark mark;
};

struct keydb_sa {
	struct keydb_sa_id id;
	uint8_t mode;          /* enum keydb_mode */
	uint8_t state;         /* enum keydb_sa_state; dumps only */
	uint32_t reqid;
	uint32_t flags;        /* enum keydb_sa_flag */
	uint32_t replay_window_pkts;
	struct keydb_alg encr, auth, aead, comp;   /* id 0 and name "" = absent */
	/* UDP encapsulation, RFC 3948: ports in host order, 0 = none */
	uint16_t encap_src_port, encap_dst_port;
	union keydb_addr encap_oa;
	struct keydb_selector sel;     /* family AF_UNSPEC: none */
	struct keydb_limits limits;
	struct keydb_usage usage;      /* dumps only */
	uint32_t if_id, tfc_pad_bytes;
	struct keydb_mark output_mark;
	uint64_t seq_out, seq_in;      /* dumps only */
	uint32_t kernel_seq;           /* links an ACQUIRE's larval SA with its SA */
	uint8_t ctx_doi, ctx_alg;
	uint16_t ctx_len;
	char ctx[KEYDB_CTX_MAX_BYTES];
	char offload_device[KEYDB_DEVICE_MAX_BYTES];
	uint32_t offload_flags;
};

struct keydb_template {
	union keydb_addr src, dst;     /* tunnel end points; AF_UNSPEC in transport mode */
	uint16_t family;               /* of the outer header (or of the packet, transport) */
	uint8_t proto, mode, level;
	uint32_t reqid, spi;
};

struct keydb_policy {
	struct keydb_selector sel;
	uint8_t dir, action;
	uint8_t n_templates;
	uint32_t priority;             /* kernel's: lower wins */
	uint32_t index;                /* 0 when adding: the kernel chooses */
	struct keydb_template templates[KEYDB_TEMPLATES_MAX];
	struct keydb_limits limits;
	struct keydb_usage usage;      /* dumps only */
	struct keydb_mark mark;
	uint32_t if_id;
	uint8_t ctx_doi, ctx_alg;
	uint16_t ctx_len;
	char ctx[KEYDB_CTX_MAX_BYTES];
};

/* ---- the algorithm table ---- */

enum { KEYDB_ALG_ID_NONE = 0 };

/* One row per algorithm: the same thing under its four names. */
struct keydb_alg_info {
	uint16_t id;                   /* stable number of ours, > 0 */
	uint8_t kind;                  /* enum keydb_alg_kind */
	uint8_t pfkey_id;              /* SADB_AALG_*, SADB_X_EALG_*, 0 = PF_KEY has none */
	uint16_t ike_transform_id;     /* RFC 7296 3.3.2: ENCR or INTEG, 0 = none */
	const char *xfrm_name;         /* "cbc(aes)" */
	const char *setkey_name;       /* "aes-cbc" */
	uint16_t key_min_bits, key_max_bits, key_step_bits; /* without the salt */
	uint16_t salt_bits;
	uint16_t icv_bits;             /* default (RFC 4868 for SHA-2) */
	uint8_t iv_bytes, block_bytes;
};

/* All rows; *ret_n is their number. */
const struct keydb_alg_info *keydb_alg_table(size_t *ret_n);
const struct keydb_alg_info *keydb_alg_by_id(uint16_t id);
const struct keydb_alg_info *keydb_alg_by_setkey(enum keydb_alg_kind kind, const char *name);
/* icv_bits 0 matches any (the kernel has one name for three ICV lengths of GCM). */
const struct keydb_alg_info *keydb_alg_by_xfrm(enum keydb_alg_kind kind, const char *name,
					       uint16_t icv_bits);
const struct keydb_alg_info *keydb_alg_by_pfkey(enum keydb_alg_kind kind, uint8_t pfkey_id);
const struct keydb_alg_info *keydb_alg_by_ike(enum keydb_alg_kind kind, uint16_t transform_id);
/*
 * Fills *ret with algorithm info, key (key_len bytes, salt included) and the ICV length
 * (0 = the row's default); -EINVAL if the key has a wrong length.
 */
int keydb_alg_set(struct keydb_alg *ret, const struct keydb_alg_info *info, const void *key,
		  size_t key_len, uint16_t icv_bits);

/* ---- the handle ---- */

struct keydb;

/*
 * Opens the SAD and SPD of the current network namespace.  -EPERM, -EPROTONOSUPPORT (the
 * kernel has no IPsec).  keydb_close() takes NULL.
 */
int keydb_open(struct keydb **ret);
void keydb_close(struct keydb *k);
/* "netlink" or "pfkey". */
const char *keydb_transport_name(const struct keydb *k);
/* Why the last call on this handle failed: kernel's words included. Never NULL. */
const char *keydb_error(const struct keydb *k);

/* ---- SAD ---- */

/* -EEXIST if the SA is there (add), -ESRCH if not (update, delete, get). */
int keydb_sa_add(struct keydb *k, const struct keydb_sa *sa);
int keydb_sa_update(struct keydb *k, const struct keydb_sa *sa);
int keydb_sa_delete(struct keydb *k, const struct keydb_sa_id *id);
int keydb_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret);
/* Calls fn for each SA; a non-zero return ends the dump and is returned. Keys are included:
 * the caller wipes its copies. Restarted if the table changed; fn then sees *ret_restarted. */
typedef int (*keydb_sa_fn)(void *arg, const struct keydb_sa *sa);
int keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg);
int keydb_sa_flush(struct keydb *k, uint8_t proto);

/*
 * An SPI that no SA to dst uses, in [min, max] (RFC 4303: never below 256).  Chosen by us at
 * random and checked against the kernel, because the kernel's own allocation walks every SA.
 * The SPI is not reserved: sa_add gives -EEXIST if somebody else was faster.
 */
int keydb_spi_choose(struct keydb *k, const union keydb_addr *dst, uint8_t proto, uint32_t min,
		     uint32_t max, uint32_t *ret_spi);
/* A reqid > 0x3fff scattered by a hash of the arguments: XFRM's state hash degenerates when
 * reqids and addresses count up together. */
uint32_t keydb_reqid(uint64_t a, uint64_t b);

/* ---- SPD ---- */

int keydb_policy_add(struct keydb *k, const struct keydb_policy *p);      /* -EEXIST */
int keydb_policy_update(struct keydb *k, const struct keydb_policy *p);   /* adds or replaces */
/* By selector, direction, mark, if_id; or by index if it is not 0. -ENOENT */
int keydb_policy_delete(struct keydb *k, const struct keydb_policy *p);
int keydb_policy_get(struct keydb *k, const struct keydb_policy *p, struct keydb_policy *ret);
typedef int (*keydb_policy_fn)(void *arg, const struct keydb_policy *p);
int keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg);
int keydb_policy_flush(struct keydb *k);

/* ---- batches ---- */

enum keydb_op_kind { KEYDB_OP_SA_ADD, KEYDB_OP_SA_UPDATE, KEYDB_OP_SA_DELETE,
		     KEYDB_OP_POLICY_ADD, KEYDB_OP_POLICY_UPDATE, KEYDB_OP_POLICY_DELETE };

struct keydb_op {
	enum keydb_op_kind kind;
	union {
		const struct keydb_sa *sa;          /* borrowed until the call returns */
		const struct keydb_sa_id *sa_id;
		const struct keydb_policy *policy;
	};
	int result;                                 /* 0 or negative errno, set by the call */
	char reason[96];                            /* the kernel's words if it gave any */
};

/*
 * Sends all operations in few system calls and waits for every answer.  Returns 0 if all
 * worked, else the first error (each op has its own result; the others were done).
 */
int keydb_batch(struct keydb *k, struct keydb_op *ops, size_t n);

/* ---- events ---- */

enum keydb_event_kind {
	KEYDB_EVENT_ACQUIRE,        /* sa.id, reqid: larval SA; policy: what wants it; sel: the packet */
	KEYDB_EVENT_EXPIRE,         /* sa with usage; hard tells which limit */
	KEYDB_EVENT_POLICY_EXPIRE,
	KEYDB_EVENT_MAPPING,        /* sa.id, new_addr with port, old in encap_src_port */
	KEYDB_EVENT_FLUSH_SA,
	KEYDB_EVENT_FLUSH_POLICY,
	KEYDB_EVENT_SA_CHANGE,      /* added, updated or deleted by anybody */
	KEYDB_EVENT_POLICY_CHANGE,
	KEYDB_EVENT_OVERRUN,        /* events were lost (ENOBUFS): read the tables again */
};

struct keydb_event {
	enum keydb_event_kind kind;
	bool hard;                  /* EXPIRE: hard limit reached */
	bool deleted;               /* *_CHANGE */
	uint32_t seq;               /* ACQUIRE */
	struct keydb_sa sa;
	struct keydb_policy policy;
	struct keydb_selector sel;
	union keydb_addr new_addr;
};

enum keydb_event_mask {
	KEYDB_EVENTS_ACQUIRE = 1u << 0,
	KEYDB_EVENTS_EXPIRE = 1u << 1,
	KEYDB_EVENTS_SA = 1u << 2,
	KEYDB_EVENTS_POLICY = 1u << 3,
	KEYDB_EVENTS_MAPPING = 1u << 4,
};

struct keydb_events;

/* Subscribes; the descriptor can be polled and belongs to the handle. */
int keydb_events_open(uint32_t mask, struct keydb_events **ret);
void keydb_events_close(struct keydb_events *e);
int keydb_events_fd(const struct keydb_events *e);
/* Reads one event without waiting: 1 and *ret, 0 if there is none, negative errno. Malformed or
 * uninteresting messages are skipped. */
int keydb_events_next(struct keydb_events *e, struct keydb_event *ret);

/* ---- text ---- */

/*
 * Parses what follows -P in setkey: "dir [priority] action [request...]" (the grammar of
 * ipsec_set_policy(3)) into dir, action, priority and templates of *ret.  Returns 0, or -EINVAL
 * with *ret_at the offset of the offending word and *ret_why a static text.
 */
int keydb_policy_parse(const char *text, struct keydb_policy *ret, size_t *ret_at, const char **ret_why);

struct keydb_print {
	void *file;                 /* FILE * */
	bool ports;                 /* setkey -p */
	unsigned int pid;           /* as printed behind pid= */
};
/* KAME's "setkey -D" and "-DP" formats; seq is the number behind (sadb_)seq=. */
void keydb_sa_print(const struct keydb_print *out, const struct keydb_sa *sa, uint32_t seq);
void keydb_policy_print(const struct keydb_print *out, const struct keydb_policy *p, uint32_t seq);

#ifdef __cplusplus
}
#endif

#endif
