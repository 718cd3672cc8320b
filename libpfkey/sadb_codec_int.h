/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the walk over a message (sadb_codec.c) and its extensions (sadb_ext*.c). */
#ifndef LIBPFKEY_SADB_CODEC_INT_H
#define LIBPFKEY_SADB_CODEC_INT_H

#include "sadb_codec.h"
#include "sadb_layout.h"

/* What the addresses and lifetimes of a message belong to. */
enum sadb_subject { SUBJECT_NONE, SUBJECT_SA, SUBJECT_POLICY, SUBJECT_MAPPING, SUBJECT_MIGRATE };

/* Bytes that may be read: a cursor that cannot leave them. */
struct sadb_span {
	const uint8_t *p;
	size_t n;
};

/* Copies and skips len bytes; false and zeroes if there are not as many. */
static inline bool sadb_take(struct sadb_span *s, void *ret, size_t len)
{
	if (s->n < len) {
		__builtin_memset(ret, 0, len);
		return false;
	}
	__builtin_memcpy(ret, s->p, len);
	s->p += len;
	s->n -= len;
	return true;
}

struct sadb_dec {
	struct sadb_message *m;
	enum pfkey_way way;
	enum sadb_subject subject;
	const struct sadb_layout *layout;
	bool is_lax;     /* what is missing is no fault */
	const char *why; /* the first fault */
};

/* Writes into a buffer of fixed size; after the first error nothing more happens. */
struct sadb_enc {
	const struct sadb_message *m;
	enum sadb_subject subject;
	enum pfkey_way way;
	uint8_t *buf;
	size_t size, used;
	int error;
	const char *why;
};

void sadb_fail(struct sadb_enc *e, int error, const char *why);
void sadb_put(struct sadb_enc *e, const void *data, size_t len);
/* Fills up with zeroes to a multiple of 8. */
void sadb_pad(struct sadb_enc *e);
bool sadb_refuse(struct sadb_dec *d, const char *why); /* returns false */

/*
 * One extension.  decode() gets the whole extension, at least min_bytes long; it returns false
 * after sadb_refuse().  encode() writes what comes at and behind min_bytes of its head; has()
 * says if an optional one is to be written.
 */
struct sadb_ext_row {
	const char *name;
	uint16_t min_bytes;
	uint16_t max_bytes; /* 0: no limit */
	bool (*decode)(struct sadb_dec *d, uint16_t type, struct sadb_span ext);
	bool (*has)(const struct sadb_message *m, uint16_t type);
	void (*encode)(struct sadb_enc *e, uint16_t type);
};
extern const struct sadb_ext_row sadb_ext_rows[SADB_EXT_ROWS];

/* ---- sadb_ext_policy.c ---- */
/* The head of a request, without its addresses. */
bool sadb_take_request(const struct sadb_layout *l, struct sadb_span *s,
		       struct sadb_x_ipsecrequest *ret);
bool sadb_ext_decode_policy(struct sadb_dec *d, uint16_t type, struct sadb_span ext);
void sadb_ext_encode_policy(struct sadb_enc *e, uint16_t type);

/* ---- sadb_ext.c ---- */

/* A sockaddr of the layout, AF_INET or AF_INET6; port kept. False for anything else. */
bool sadb_take_sockaddr(const struct sadb_layout *l, struct sadb_span *s, union keydb_addr *ret);
/* The mode of an SA or a request as the model has it; false if the layout has no such mode. */
bool sadb_take_mode(const struct sadb_layout *l, uint8_t number, uint8_t *ret);
void sadb_put_sockaddr(struct sadb_enc *e, const union keydb_addr *a, uint16_t port);
/* In network order; 0 for no address. */
uint16_t sadb_port_of(const union keydb_addr *a);
/* 32, 128, or 0 for no address. */
uint8_t sadb_family_bits(const union keydb_addr *a);

/* ---- sadb_limits.c: what PF_KEY has no words for; 0 or an error that is set in e ---- */
void sadb_check_sa(struct sadb_enc *e);
void sadb_check_policy(struct sadb_enc *e);

#endif
