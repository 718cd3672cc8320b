/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model as PF_KEY messages (RFC 2367, with KAME's and Linux' extensions in Linux' layouts)
 * and back; other systems' layouts can be read.  Pure: values in, bytes out, and the other way round; no descriptor, no clock.
 */
#ifndef LIBPFKEY_SADB_CODEC_H
#define LIBPFKEY_SADB_CODEC_H

#include <keydb.h>
#include <keydb_message.h>

#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>

#define MUST_USE __attribute__((warn_unused_result))

/* No message that sadb_encode() makes of a model without combs and algorithms is longer. */
enum { SADB_MESSAGE_MAX_BYTES = 4096, SADB_TAG_MAX_BYTES = 16 };

/* The same message type has other contents on its way to the kernel than back. */
enum pfkey_way { PFKEY_REQUEST, PFKEY_REPLY };

/*
 * One message.  What a type does not carry is zero, but limits are KEYDB_INFINITE.  Pointers
 * borrow from the decoded bytes.
 */
struct sadb_message {
	uint8_t type;  /* SADB_ADD, ... */
	uint8_t error; /* errno of a reply, or of an ACQUIRE that failed; then nothing follows */
	bool promisc;  /* SADB_X_PROMISC: on */
	bool hard;     /* EXPIRE: the hard limit */
	/* A reply with all that Linux writes: lifetimes and an SA's selector that say nothing, too. */
	bool whole;
	uint16_t refcnt; /* of a policy in a reply */
	uint32_t seq, pid;
	uint32_t present; /* decoded: bit n is set if extension n was there */
	uint8_t satype;   /* decoded: as the header has it */
	/* decoded: as the SA extension has them, flags and window without Linux' meaning */
	uint32_t sa_flags, sa_replay;
	char tag[SADB_TAG_MAX_BYTES + 1]; /* decoded: KAME's policies for a tag */
	struct keydb_sa sa;               /* sa.id.proto also of FLUSH, DUMP, REGISTER */
	struct keydb_policy policy;       /* SPD messages; ACQUIRE: dir, index and priority */
	uint32_t spi_min, spi_max;        /* GETSPI; both 0: not said */
	/* NAT_T_NEW_MAPPING: the new address with port; sa.id.src, encap_src_port are the old */
	union keydb_addr new_addr;
	struct keydb_template moved[KEYDB_TEMPLATES_MAX]; /* MIGRATE: policy.templates' new ends */
	union keydb_addr km_src, km_dst;                  /* MIGRATE: where IKE is to talk */
	struct keydb_selector filter;                     /* DUMP: addresses and prefixes */
	/* REGISTER's answer and ACQUIRE's proposal */
	const struct sadb_alg *auth_algs, *encr_algs;
	const struct sadb_comb *combs;
	size_t n_auth_algs, n_encr_algs, n_combs;
	uint8_t combs_replay; /* the proposal's replay window */
};

/*
 * Reads one message of exactly len bytes.  Extensions that nobody knows are skipped, so are known
 * ones that have no meaning in this message; a length of 0, a type of 0, one too short, one twice
 * or a missing mandatory one gives -EBADMSG with *ret_why a static text; *ret is then undefined.
 */
MUST_USE int sadb_decode(enum pfkey_way way, const void *buf, size_t len, struct sadb_message *ret,
			 const char **ret_why);

/*
 * Reads one message of exactly len bytes as a dump file has it: of any layout, either way, and
 * what is missing is only told by ret->present.  Otherwise as sadb_decode().
 */
MUST_USE int sadb_read(enum keydb_layout layout, const void *buf, size_t len,
		       struct sadb_message *ret, const char **ret_why);

/*
 * Writes a message into size bytes.  A request that says more than Linux' PF_KEY can carry is
 * -EOPNOTSUPP with *ret_why a static text; a reply tells what there are words for.  -EINVAL for
 * what no kernel would take, -EMSGSIZE.
 */
MUST_USE int sadb_encode(enum pfkey_way way, const struct sadb_message *m, void *buf, size_t size,
			 size_t *ret_len, const char **ret_why);

/* An empty message of a type: limits are KEYDB_INFINITE, ports are any. */
void sadb_message_init(struct sadb_message *m, uint8_t type);

/*
 * The length of an authentication code as Linux' PF_KEY makes it: 96 bits for SHA-256, because
 * that is older than RFC 4868, else what the table says.
 */
uint16_t sadb_icv_bits(const struct keydb_alg_info *info);

/* SADB_SATYPE_* of an enum keydb_proto and back; 0 for what has none. */
uint8_t sadb_satype(uint8_t proto);
uint8_t sadb_proto(uint8_t satype);

/* "ADD", "X_SPDADD"; "?" for no such type. */
const char *sadb_type_name(uint8_t type);

/*
 * The sadb_x_policy extension alone, as ipsec_set_policy(3) makes it for setsockopt(2): entrust
 * and bypass are allowed.  Errors as above.
 */
MUST_USE int sadb_encode_policy(const struct keydb_policy *p, void *buf, size_t size,
				size_t *ret_len, const char **ret_why);
MUST_USE int sadb_decode_policy(const void *buf, size_t len, struct keydb_policy *ret,
				const char **ret_why);

#endif
