/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payload table and the walk along a chain.  Every payload has the generic header of
 * RFC 7296 3.2:
 *
 *     | type of the next payload (1) | C, reserved (1) | length with this header (2) |
 *
 * First the chain is cut into items, which also counts them; then arrays of the right size
 * are allocated; then each item is parsed by its row of the table.
 */
#include "msg/payload.h"

#include <errno.h>

enum { CRITICAL_BIT = 0x80 };

static int parse_sa(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	return pl_sa_parse(body, a, &set->sa, why);
}

static void emit_sa(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_sa_emit(w, &set->sa);
}

static int parse_ke(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_ke_parse(body, &set->ke, why);
}

static void emit_ke(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_ke_emit(w, &set->ke);
}

static int parse_idi(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_id_parse(body, &set->idi, why);
}

static void emit_idi(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_id_emit(w, &set->idi);
}

static int parse_idr(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_id_parse(body, &set->idr, why);
}

static void emit_idr(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_id_emit(w, &set->idr);
}

static int parse_cert(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_cert_parse(body, &set->certs[set->n_certs++], why);
}

static void emit_cert(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_cert_emit(w, &set->certs[i]);
}

static int parse_certreq(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_cert_parse(body, &set->certreqs[set->n_certreqs++], why);
}

static void emit_certreq(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_cert_emit(w, &set->certreqs[i]);
}

static int parse_auth(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_auth_parse(body, &set->auth, why);
}

static void emit_auth(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_auth_emit(w, &set->auth);
}

static int parse_nonce(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_nonce_parse(body, &set->nonce, why);
}

static void emit_nonce(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_nonce_emit(w, &set->nonce);
}

static int parse_notify(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_notify_parse(body, &set->notifies[set->n_notifies++], why);
}

static void emit_notify(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_notify_emit(w, &set->notifies[i]);
}

static int parse_delete(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_delete_parse(body, &set->deletes[set->n_deletes++], why);
}

static void emit_delete(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_delete_emit(w, &set->deletes[i]);
}

static int parse_vendor(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_vendor_parse(body, &set->vendors[set->n_vendors++], why);
}

static void emit_vendor(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_vendor_emit(w, &set->vendors[i]);
}

static int parse_tsi(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	return pl_ts_parse(body, a, &set->tsi, why);
}

static void emit_tsi(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_ts_emit(w, &set->tsi);
}

static int parse_tsr(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	return pl_ts_parse(body, a, &set->tsr, why);
}

static void emit_tsr(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_ts_emit(w, &set->tsr);
}

static int parse_sk(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	(void)why;
	set->sk.body = rd_rest(&body);
	return 0;
}

static void emit_sk(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	wr_slice(w, set->sk.body);
}

static int parse_cp(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_cp_parse(body, &set->cp, why);
}

static void emit_cp(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_cp_emit(w, &set->cp);
}

static int parse_eap(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_eap_parse(body, &set->eap, why);
}

static void emit_eap(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_eap_emit(w, &set->eap);
}

/* clang-format off */
static const struct payload payloads[] = {
	/* type      max          min  name       */
	{ PL_SA,      1,            16, "SA",      parse_sa,      emit_sa },
	{ PL_KE,      1,             5, "KE",      parse_ke,      emit_ke },
	{ PL_IDI,     1,             4, "IDi",     parse_idi,     emit_idi },
	{ PL_IDR,     1,             4, "IDr",     parse_idr,     emit_idr },
	{ PL_CERT,    CERTS_MAX,     2, "CERT",    parse_cert,    emit_cert },
	{ PL_CERTREQ, CERTREQS_MAX,  1, "CERTREQ", parse_certreq, emit_certreq },
	{ PL_AUTH,    1,             5, "AUTH",    parse_auth,    emit_auth },
	{ PL_NONCE,   1,            16, "Nonce",   parse_nonce,   emit_nonce },
	{ PL_NOTIFY,  NOTIFIES_MAX,  4, "N",       parse_notify,  emit_notify },
	{ PL_DELETE,  DELETES_MAX,   4, "D",       parse_delete,  emit_delete },
	{ PL_VENDOR,  VENDORS_MAX,   0, "V",       parse_vendor,  emit_vendor },
	{ PL_TSI,     1,             8, "TSi",     parse_tsi,     emit_tsi },
	{ PL_TSR,     1,             8, "TSr",     parse_tsr,     emit_tsr },
	{ PL_SK,      1,             1, "SK",      parse_sk,      emit_sk },
	{ PL_CP,      1,             4, "CP",      parse_cp,      emit_cp },
	{ PL_EAP,     1,             4, "EAP",     parse_eap,     emit_eap },
};
/* clang-format on */

const struct payload *payload_table(size_t *ret_n)
{
	*ret_n = N_ELEMENTS(payloads);
	return payloads;
}

const struct payload *payload_find(uint8_t type)
{
	for (size_t i = 0; i < N_ELEMENTS(payloads); i++) {
		if (payloads[i].type == type)
			return &payloads[i];
	}
	return NULL;
}

const char *payload_name(uint8_t type)
{
	const struct payload *row = payload_find(type);
	return row ? row->name : "unknown payload";
}

const struct pl_notify *payload_notify(const struct payload_set *set, uint16_t notify_type)
{
	for (size_t i = 0; i < set->n_notifies; i++) {
		if (set->notifies[i].type == notify_type)
			return &set->notifies[i];
	}
	return NULL;
}

/* One payload of a chain, not yet parsed. */
struct item {
	uint8_t type, next;
	bool critical;
	size_t offset_bytes; /* of its generic header in the chain */
	struct slice body;
};

struct chain {
	struct item items[PAYLOADS_MAX];
	size_t n;
};

static const char *cut_item(struct rd *r, struct item *item)
{
	uint16_t len;

	item->next = rd_u8(r);
	item->critical = rd_u8(r) & CRITICAL_BIT;
	len = rd_u16(r);
	if (r->bad)
		return "chain ends within a payload's header";
	if (len < PAYLOAD_HEADER_BYTES)
		return "payload length is smaller than its header";
	item->body = rd_slice(r, (size_t)len - PAYLOAD_HEADER_BYTES);
	return r->bad ? "payload runs past the end" : NULL;
}

static int cut_chain(struct slice bytes, uint8_t first, struct chain *c, uint8_t *ret_type,
		     const char **why)
{
	struct rd r = rd_of_slice(bytes);
	uint8_t type = first;

	while (type != PL_NO_NEXT) {
		struct item *item = &c->items[c->n];
		*ret_type = type;
		*why = "too many payloads";
		if (c->n == PAYLOADS_MAX)
			return -EBADMSG;
		item->type = type;
		item->offset_bytes = bytes.len - rd_left(&r);
		*why = cut_item(&r, item);
		if (*why)
			return -EBADMSG;
		c->n++;
		/* RFC 7296 3.14: SK is the last one, what follows is inside. */
		type = type == PL_SK ? PL_NO_NEXT : item->next;
	}
	if (rd_done(&r))
		return 0;
	*why = "bytes after the last payload";
	return -EBADMSG;
}

static bool fits_row(const struct item *item, const struct payload *row, uint8_t count,
		     const char **why)
{
	if (item->body.len < row->min_body_bytes)
		*why = "payload is too short";
	else if (row->max > 1 && count > row->max)
		*why = "too many payloads of this type";
	else
		return true;
	return false;
}

static int count_items(const struct chain *c, struct payload_set *set, uint8_t *ret_type,
		       const char **why)
{
	size_t n_unknowns = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct item *item = &c->items[i];
		const struct payload *row = payload_find(item->type);
		*ret_type = item->type;
		if (row) {
			uint8_t count = ++set->counts[item->type - PAYLOAD_FIRST_TYPE];
			if (!fits_row(item, row, count, why))
				return -EBADMSG;
			set->present |= payload_bit(item->type);
		} else if (++n_unknowns > UNKNOWNS_MAX) {
			*why = "too many unknown payloads";
			return -EBADMSG;
		}
	}
	return 0;
}

/* Arrays for as many as were counted; what does not occur has none. */
static int alloc_arrays(struct payload_set *set, size_t n_all, struct arena *a)
{
	size_t n_known = 0;

	for (size_t i = 0; i < PAYLOAD_TYPES_MAX; i++)
		n_known += set->counts[i];
	set->notifies = arena_array(a, payload_count(set, PL_NOTIFY), sizeof(*set->notifies));
	set->deletes = arena_array(a, payload_count(set, PL_DELETE), sizeof(*set->deletes));
	set->vendors = arena_array(a, payload_count(set, PL_VENDOR), sizeof(*set->vendors));
	set->certs = arena_array(a, payload_count(set, PL_CERT), sizeof(*set->certs));
	set->certreqs = arena_array(a, payload_count(set, PL_CERTREQ), sizeof(*set->certreqs));
	set->unknowns = arena_array(a, n_all - n_known, sizeof(*set->unknowns));
	if (set->notifies && set->deletes && set->vendors && set->certs && set->certreqs &&
	    set->unknowns)
		return 0;
	return -ENOMEM;
}

static int parse_item(const struct item *item, struct payload_set *set, bool again, struct arena *a,
		      const char **why)
{
	const struct payload *row = payload_find(item->type);

	if (!row) {
		set->unknowns[set->n_unknowns++] = (struct pl_unknown){ .type = item->type,
									.critical = item->critical,
									.body = item->body };
		return 0;
	}
	if (row->max == 1 && again)
		return 0;
	return row->parse(set, rd_of_slice(item->body), a, why);
}

static int parse_items(const struct chain *c, struct payload_set *set, struct arena *a,
		       uint8_t *ret_type, const char **why)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < c->n; i++) {
		uint64_t bit = payload_bit(c->items[i].type);
		int rc;
		*ret_type = c->items[i].type;
		rc = parse_item(&c->items[i], set, seen & bit, a, why);
		if (rc)
			return rc;
		seen |= bit;
	}
	return 0;
}

int payload_walk(struct slice chain, uint8_t first, size_t base, struct arena *a,
		 struct payload_set *ret, uint8_t *ret_type, const char **why)
{
	struct chain c = { .n = 0 };
	int rc;

	*ret = (struct payload_set){ 0 };
	*ret_type = PL_NO_NEXT;
	*why = NULL;
	rc = cut_chain(chain, first, &c, ret_type, why);
	if (rc)
		return rc;
	rc = count_items(&c, ret, ret_type, why);
	if (rc)
		return rc;
	rc = alloc_arrays(ret, c.n, a);
	if (rc)
		return rc;
	rc = parse_items(&c, ret, a, ret_type, why);
	if (rc)
		return rc;
	if (payload_has(ret, PL_SK)) {
		ret->sk.first_inner = c.items[c.n - 1].next;
		ret->sk.offset_bytes = base + c.items[c.n - 1].offset_bytes;
	}
	return 0;
}

int msg_parse(struct slice datagram, const struct ike_header *header, struct arena *a,
	      struct msg *ret, uint8_t *ret_type, const char **why)
{
	struct rd r = rd_of_slice(datagram);

	*ret = (struct msg){ .header = *header, .datagram = datagram };
	rd_skip(&r, IKE_HEADER_BYTES);
	return payload_walk(rd_rest(&r), header->next_payload, IKE_HEADER_BYTES, a, &ret->outer,
			    ret_type, why);
}
