/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payloads of IKEv2 as structs, RFC 7296 3.3 to 3.16: one parser and one emitter
 * each, in the pl_*.c of their family, which also draw the bytes.
 *
 * A parser gets the body, that is the payload without its generic header.  Slices borrow
 * from the datagram, arrays live in the arena.  Parsers check syntax only: acceptance is
 * policy.  They return 0; -EBADMSG with a static text in *why; -ENOMEM when the arena is
 * used up.  *ret is written only on success.
 * Emitters write the body; the writer is sticky and is checked once at the end.
 */
#ifndef TANUKI_MSG_PL_H
#define TANUKI_MSG_PL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/wire.h"

/* What one payload may hold; more is -EBADMSG. */
enum {
	PL_SA_PROPOSALS_MAX = 64,
	PL_SA_TRANSFORMS_MAX = 512, /* in all proposals of a payload */
	PL_TS_SELECTORS_MAX = 128,
	PL_DELETE_SPIS_MAX = 512,
	PL_CP_ATTRIBUTES_MAX = 128,
	PL_NONCE_MIN_BYTES = 16,
	PL_NONCE_MAX_BYTES = 256,
};

/* Protocol IDs of SA, Notify and Delete payloads, RFC 7296 3.3.1. */
enum protocol_id { PROTOCOL_NONE = 0, PROTOCOL_IKE = 1, PROTOCOL_AH = 2, PROTOCOL_ESP = 3 };

/* RFC 7296 3.3.2. */
struct pl_transform {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits; /* 0: no key length attribute */
	/* An attribute that we do not understand (or a key length that is zero, twice there or
	 * not in TV format): this transform must not be chosen, 3.3.6. */
	bool unusable;
};

struct pl_proposal {
	uint8_t num;
	uint8_t protocol;
	struct slice spi; /* empty in IKE_SA_INIT */
	uint8_t n_transforms;
	const struct pl_transform *transforms;
};

/* RFC 7296 3.3: at least one proposal with at least one transform each. */
struct pl_sa {
	uint8_t n_proposals;
	const struct pl_proposal *proposals;
};

/* RFC 7296 3.4.  data is never empty; its length is checked by who knows the group. */
struct pl_ke {
	uint16_t group;
	struct slice data;
};

/* RFC 7296 3.5.  Addresses have their length; only ID_NULL and unknown types may be empty. */
struct pl_id {
	uint8_t type;
	struct slice data;
};

/* RFC 7296 3.8.  data is never empty. */
struct pl_auth {
	uint8_t method;
	struct slice data;
};

/* RFC 7296 3.6 and 3.7: CERT and CERTREQ. */
struct pl_cert {
	uint8_t encoding;
	struct slice data;
};

/* RFC 7296 3.9: PL_NONCE_MIN_BYTES to PL_NONCE_MAX_BYTES. */
struct pl_nonce {
	struct slice data;
};

/* RFC 7296 3.10.  protocol means something only if there is an SPI. */
struct pl_notify {
	uint8_t protocol;
	uint16_t type; /* enum notify_type */
	struct slice spi;
	struct slice data;
};

/* RFC 7296 3.11.  IKE: spi_bytes and n_spis are 0.  AH, ESP: spi_bytes is 4. */
struct pl_delete {
	uint8_t protocol;
	uint8_t spi_bytes;
	uint16_t n_spis;
	struct slice spis; /* n_spis * spi_bytes */
};

/* RFC 7296 3.12. */
struct pl_vendor {
	struct slice id;
};

enum ts_type { TS_IPV4_ADDR_RANGE = 7, TS_IPV6_ADDR_RANGE = 8 };

/*
 * RFC 7296 3.13.1.  first <= last, both 4 or 16 bytes; port_lo <= port_hi, but for OPAQUE
 * (65535, 0).  A type that we do not know has only its body.
 */
struct pl_selector {
	uint8_t type;
	uint8_t proto; /* 0: any */
	uint16_t port_lo, port_hi;
	struct slice first, last;
	struct slice body; /* unknown types: all after the selector length; else empty */
};

/* RFC 7296 3.13: at least one selector. */
struct pl_ts {
	uint8_t n;
	const struct pl_selector *selectors;
};

enum cfg_type { CFG_REQUEST = 1, CFG_REPLY = 2, CFG_SET = 3, CFG_ACK = 4 };

/* RFC 7296 3.15.  attributes are well formed: read them with pl_cp_next(). */
struct pl_cp {
	uint8_t type; /* enum cfg_type */
	uint16_t n_attributes;
	struct slice attributes;
};

struct pl_cp_attribute {
	uint16_t type;
	struct slice value;
};

/* RFC 7296 3.16: an EAP message whose own length field is right. */
struct pl_eap {
	struct slice message;
};

MUST_USE int pl_sa_parse(struct rd body, struct arena *a, struct pl_sa *ret, const char **why);
void pl_sa_emit(struct wr *w, const struct pl_sa *sa);

MUST_USE int pl_ke_parse(struct rd body, struct pl_ke *ret, const char **why);
void pl_ke_emit(struct wr *w, const struct pl_ke *ke);

MUST_USE int pl_id_parse(struct rd body, struct pl_id *ret, const char **why);
void pl_id_emit(struct wr *w, const struct pl_id *id);

MUST_USE int pl_auth_parse(struct rd body, struct pl_auth *ret, const char **why);
void pl_auth_emit(struct wr *w, const struct pl_auth *auth);

MUST_USE int pl_cert_parse(struct rd body, struct pl_cert *ret, const char **why);
void pl_cert_emit(struct wr *w, const struct pl_cert *cert);

MUST_USE int pl_nonce_parse(struct rd body, struct pl_nonce *ret, const char **why);
void pl_nonce_emit(struct wr *w, const struct pl_nonce *nonce);

MUST_USE int pl_notify_parse(struct rd body, struct pl_notify *ret, const char **why);
void pl_notify_emit(struct wr *w, const struct pl_notify *notify);

MUST_USE int pl_delete_parse(struct rd body, struct pl_delete *ret, const char **why);
void pl_delete_emit(struct wr *w, const struct pl_delete *delete);
/* The i-th SPI of an AH or ESP delete; 0 if there is none. */
uint32_t pl_delete_spi(const struct pl_delete *delete, size_t i);

MUST_USE int pl_vendor_parse(struct rd body, struct pl_vendor *ret, const char **why);
void pl_vendor_emit(struct wr *w, const struct pl_vendor *vendor);

MUST_USE int pl_ts_parse(struct rd body, struct arena *a, struct pl_ts *ret, const char **why);
void pl_ts_emit(struct wr *w, const struct pl_ts *ts);

MUST_USE int pl_cp_parse(struct rd body, struct pl_cp *ret, const char **why);
void pl_cp_emit(struct wr *w, const struct pl_cp *cp);
/* Steps through rd_of_slice(cp->attributes); false at the end (or at a malformed rest). */
bool pl_cp_next(struct rd *r, struct pl_cp_attribute *ret);

MUST_USE int pl_eap_parse(struct rd body, struct pl_eap *ret, const char **why);
void pl_eap_emit(struct wr *w, const struct pl_eap *eap);

#endif
