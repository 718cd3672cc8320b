/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payload table and the decoded message, RFC 7296 3.2.  A message has two sets of
 * payloads: the outer ones stand in clear text, the inner ones come out of the SK payload
 * (msg/sk.h) or of several fragments (msg/skf.h), so that a handler cannot take one for the
 * other.
 */
#ifndef TANUKI_MSG_PAYLOAD_H
#define TANUKI_MSG_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/wire.h"
#include "msg/header.h"
#include "msg/pl.h"

enum payload_type {
	PL_NO_NEXT = 0,
	PL_SA = 33,
	PL_KE = 34,
	PL_IDI = 35,
	PL_IDR = 36,
	PL_CERT = 37,
	PL_CERTREQ = 38,
	PL_AUTH = 39,
	PL_NONCE = 40,
	PL_NOTIFY = 41,
	PL_DELETE = 42,
	PL_VENDOR = 43,
	PL_TSI = 44,
	PL_TSR = 45,
	PL_SK = 46,
	PL_CP = 47,
	PL_EAP = 48,
	PL_SKF = 53, /* RFC 7383 */
};

enum {
	PAYLOAD_HEADER_BYTES = 4,
	PAYLOAD_FIRST_TYPE = PL_SA, /* numbers below are IKEv1's */
	PAYLOAD_TYPES_MAX = 64,     /* types that the bit set and the counts have room for */
	/* What one chain may hold; more is -EBADMSG. */
	PAYLOADS_MAX = 64,
	NOTIFIES_MAX = 32,
	DELETES_MAX = 16,
	VENDORS_MAX = 32,
	CERTS_MAX = 16,
	CERTREQS_MAX = 16,
	UNKNOWNS_MAX = 16,
	/* Enough arena for any message within these limits. */
	MSG_ARENA_BYTES = 64 * 1024,
};

/* A payload whose type we do not know: skipped, or refused if it is critical, 2.5. */
struct pl_unknown {
	uint8_t type;
	bool critical;
	struct slice body;
};

/* The SK payload as it stands in the datagram, RFC 7296 3.14. */
struct pl_sk {
	uint8_t first_inner; /* type of the first payload inside, PL_NO_NEXT if none */
	size_t offset_bytes; /* of its generic header in the datagram */
	struct slice body;   /* IV, ciphertext, ICV: how long each is, the cipher knows */
};

/* The Encrypted Fragment payload as it stands in the datagram, RFC 7383 2.5. */
struct pl_skf {
	uint8_t first_inner;    /* of the whole message; in fragment 1 only, else PL_NO_NEXT */
	uint16_t number, total; /* 1 <= number <= total */
	size_t offset_bytes;    /* of its generic header in the datagram */
	struct slice body;      /* what follows the two numbers: IV, ciphertext, ICV */
};

/*
 * The payloads of one chain.  Of a type that comes once, the first is kept and further
 * ones are only counted: grammar_check() refuses them.  What is not there is all zero.
 */
struct payload_set {
	uint64_t present;                  /* payload_bit() of every known type in the chain */
	uint8_t counts[PAYLOAD_TYPES_MAX]; /* use payload_count() */
	struct pl_sa sa;
	struct pl_ke ke;
	struct pl_id idi, idr;
	struct pl_auth auth;
	struct pl_nonce nonce;
	struct pl_ts tsi, tsr;
	struct pl_cp cp;
	struct pl_eap eap;
	struct pl_sk sk;   /* outer only */
	struct pl_skf skf; /* outer only */
	size_t n_notifies, n_deletes, n_vendors, n_certs, n_certreqs, n_unknowns;
	struct pl_notify *notifies;
	struct pl_delete *deletes;
	struct pl_vendor *vendors;
	struct pl_cert *certs, *certreqs;
	struct pl_unknown *unknowns;
};

/* A decoded message; borrows from the datagram and from the arena. */
struct msg {
	struct ike_header header;
	struct slice datagram;
	struct payload_set outer;
	struct payload_set inner; /* authentic: filled by sk_open() and skf_join() only */
	bool opened;              /* one of them succeeded */
};

/* A row of the payload table. */
struct payload {
	uint8_t type;
	uint8_t max; /* in one chain; 1: kept by value */
	uint16_t min_body_bytes;
	const char *name; /* the RFC's: "SA", "IDi" */
	int (*parse)(struct payload_set *set, struct rd body, struct arena *a, const char **why);
	/* Emits the i-th payload of this type. */
	void (*emit)(struct wr *w, const struct payload_set *set, size_t i);
};

/* All rows, for tests. */
const struct payload *payload_table(size_t *ret_n);
/* NULL if we do not know the type. */
const struct payload *payload_find(uint8_t type);
/* "KE"; "unknown payload" for others. */
const char *payload_name(uint8_t type);

/* The bit of a known type in payload_set.present; 0 for other numbers. */
static inline uint64_t payload_bit(uint8_t type)
{
	unsigned int bit = (unsigned int)type - PAYLOAD_FIRST_TYPE;
	return bit < PAYLOAD_TYPES_MAX ? UINT64_C(1) << bit : 0;
}

static inline bool payload_has(const struct payload_set *set, uint8_t type)
{
	return set->present & payload_bit(type);
}

/* How many of a known type the chain had. */
static inline unsigned int payload_count(const struct payload_set *set, uint8_t type)
{
	return payload_bit(type) ? set->counts[type - PAYLOAD_FIRST_TYPE] : 0;
}

/* The first notify of this type, NULL if there is none. */
const struct pl_notify *payload_notify(const struct payload_set *set, uint16_t notify_type);

/*
 * Decodes a chain of payloads that begins at chain with one of type first.  What a cipher
 * may leave behind the chain is the caller's affair: here the chain must end with the
 * bytes.  base is where the chain's bytes begin in the datagram (for pl_sk.offset_bytes).
 * -EBADMSG with *ret_type (the payload at fault), -ENOMEM; both with *why, a static text.
 * *ret is undefined after a failure.
 */
MUST_USE int payload_walk(struct slice chain, uint8_t first, size_t base, struct arena *a,
			  struct payload_set *ret, uint8_t *ret_type, const char **why);

/*
 * Decodes the outer chain of a datagram whose header has been parsed.  Errors as of
 * payload_walk().  Syntax only: grammar_check() follows, after sk_open() if there is an SK
 * payload (payload_has(&m->outer, PL_SK)) or skf_join() if the message is one of fragments.
 */
MUST_USE int msg_parse(struct slice datagram, const struct ike_header *header, struct arena *a,
		       struct msg *ret, uint8_t *ret_type, const char **why);

#endif
