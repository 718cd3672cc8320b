/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk along a chain of payloads.  Each has the generic header of RFC 7296 3.2:
 *
 *     | type of the next payload (1) | C, reserved (1) | length with this header (2) |
 *
 * First the chain is cut into items, which also counts them; then arrays of the right size
 * are allocated; then each item is parsed by its row of the table.
 */
#include "msg/payload.h"

#include <errno.h>

enum { CRITICAL_BIT = 0x80 };

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
		/* RFC 7296 3.14, RFC 7383 2.5: these are the last ones, what follows is inside. */
		type = type == PL_SK || type == PL_SKF ? PL_NO_NEXT : item->next;
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

/* What the generic header of the last payload says of what it encrypts. */
static void note_encrypted(const struct item *last, size_t base, struct payload_set *set)
{
	if (last->type == PL_SK) {
		set->sk.first_inner = last->next;
		set->sk.offset_bytes = base + last->offset_bytes;
	} else if (last->type == PL_SKF) {
		set->skf.first_inner = last->next;
		set->skf.offset_bytes = base + last->offset_bytes;
	}
}

static int read_chain(const struct chain *c, size_t base, struct arena *a, struct payload_set *set,
		      uint8_t *ret_type, const char **why)
{
	int rc = count_items(c, set, ret_type, why);

	if (rc == 0)
		rc = alloc_arrays(set, c->n, a);
	if (rc == 0)
		rc = parse_items(c, set, a, ret_type, why);
	if (rc == -ENOMEM)
		*why = "out of memory";
	if (rc == 0 && c->n > 0)
		note_encrypted(&c->items[c->n - 1], base, set);
	return rc;
}

int payload_walk(struct slice chain, uint8_t first, size_t base, struct arena *a,
		 struct payload_set *ret, uint8_t *ret_type, const char **why)
{
	struct chain c;
	int rc;

	c.n = 0;
	*ret = (struct payload_set){ 0 };
	*ret_type = PL_NO_NEXT;
	rc = cut_chain(chain, first, &c, ret_type, why);
	return rc ? rc : read_chain(&c, base, a, ret, ret_type, why);
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
