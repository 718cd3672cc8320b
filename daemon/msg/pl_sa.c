/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Security Association payload, RFC 7296 3.3: proposals of transforms of attributes.
 *
 *     proposal:  | 0 last, 2 more | reserved | length (all of this proposal)   |
 *                | number         | protocol | SPI size   | number transforms  |
 *                | SPI                                                         |
 *     transform: | 0 last, 3 more | reserved | length (all of this transform)  |
 *                | type           | reserved | transform id                    |
 *     attribute: |AF| type (15 bits)         | value (AF=1) or length (AF=0)   |
 */
#include <errno.h>

#include "msg/pl.h"

enum {
	MORE_PROPOSALS = 2,
	MORE_TRANSFORMS = 3,
	SUBSTRUCTURE_HEADER_BYTES = 4,
	TRANSFORM_BYTES = 8, /* without attributes */
	ATTRIBUTE_TV = 0x8000,
	ATTRIBUTE_KEY_LENGTH = 14,
};

/*
 * Enters the next proposal or transform: its bytes after the length field.  The marker of
 * whether more follow must agree with the lengths.
 */
static struct rd enter_substructure(struct rd *r, uint8_t more, const char **why)
{
	uint8_t marker = rd_u8(r);
	uint16_t len;
	struct rd sub;

	rd_skip(r, 1);
	len = rd_u16(r);
	/* A length below the header's wraps and cannot be there. */
	sub = rd_sub(r, (size_t)len - SUBSTRUCTURE_HEADER_BYTES);
	if (sub.bad) {
		*why = "a proposal or transform does not fit its parent";
	} else if (marker != (rd_left(r) ? more : 0)) {
		*why = "a last-substructure field contradicts the lengths";
		sub.bad = true;
	}
	return sub;
}

/* RFC 7296 3.3.6: an attribute that is not understood spoils its transform only. */
static void read_attribute(struct rd *r, struct pl_transform *t)
{
	uint16_t type = rd_u16(r);
	uint16_t value = rd_u16(r);

	if (!(type & ATTRIBUTE_TV))
		rd_skip(r, value);
	if (type == (ATTRIBUTE_TV | ATTRIBUTE_KEY_LENGTH) && value != 0 && t->key_bits == 0)
		t->key_bits = value;
	else
		t->unusable = true;
}

static int read_transform(struct rd *r, struct pl_transform *t, const char **why)
{
	struct rd sub = enter_substructure(r, MORE_TRANSFORMS, why);

	if (sub.bad)
		return -EBADMSG;
	t->type = rd_u8(&sub);
	rd_skip(&sub, 1);
	t->id = rd_u16(&sub);
	while (rd_left(&sub))
		read_attribute(&sub, t);
	if (rd_done(&sub))
		return 0;
	*why = "a transform is too short for its fields or attributes";
	return -EBADMSG;
}

static int read_transforms(struct rd *r, struct arena *a, struct pl_proposal *p, const char **why)
{
	struct pl_transform *transforms;

	/* Checked before allocating: the number is no more than what there are bytes for. */
	if (p->n_transforms == 0 || rd_left(r) / TRANSFORM_BYTES < p->n_transforms) {
		*why = p->n_transforms ? "a proposal has fewer transforms than it says"
				       : "a proposal has no transforms";
		return -EBADMSG;
	}
	transforms = arena_array(a, p->n_transforms, sizeof(*transforms));
	if (!transforms)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_transforms; i++) {
		int rc = read_transform(r, &transforms[i], why);
		if (rc)
			return rc;
	}
	p->transforms = transforms;
	if (rd_done(r))
		return 0;
	*why = "a proposal has more transforms than it says";
	return -EBADMSG;
}

/* RFC 7296 3.3.1; protocols that we do not know have whatever they have. */
static bool spi_size_fits(uint8_t protocol, size_t bytes)
{
	switch (protocol) {
	case PROTOCOL_IKE:
		return bytes == 0 || bytes == 8;
	case PROTOCOL_AH:
	case PROTOCOL_ESP:
		return bytes == 4;
	default:
		return true;
	}
}

static int read_proposal(struct rd *r, struct arena *a, struct pl_proposal *p, const char **why)
{
	struct rd sub = enter_substructure(r, MORE_PROPOSALS, why);
	uint8_t spi_bytes;

	if (sub.bad)
		return -EBADMSG;
	p->num = rd_u8(&sub);
	p->protocol = rd_u8(&sub);
	spi_bytes = rd_u8(&sub);
	p->n_transforms = rd_u8(&sub);
	p->spi = rd_slice(&sub, spi_bytes);
	if (sub.bad) {
		*why = "a proposal is too short for its fields";
		return -EBADMSG;
	}
	if (!spi_size_fits(p->protocol, spi_bytes)) {
		*why = "SPI size does not fit the protocol";
		return -EBADMSG;
	}
	return read_transforms(&sub, a, p, why);
}

/* Proposals by their lengths alone; what is malformed is found when they are read. */
static size_t count_proposals(struct rd body)
{
	size_t n = 0;

	for (; rd_left(&body); n++) {
		rd_skip(&body, 2);
		rd_skip(&body, (size_t)rd_u16(&body) - SUBSTRUCTURE_HEADER_BYTES);
	}
	return n;
}

static int read_proposals(struct rd *body, struct arena *a, struct pl_proposal *proposals, size_t n,
			  const char **why)
{
	size_t n_transforms = 0;

	for (size_t i = 0; i < n; i++) {
		int rc = read_proposal(body, a, &proposals[i], why);
		if (rc)
			return rc;
		if (proposals[i].num == 0 ||
		    (i > 0 && proposals[i].num != proposals[i - 1].num + 1)) {
			*why = "proposal numbers do not count up";
			return -EBADMSG;
		}
		n_transforms += proposals[i].n_transforms;
		if (n_transforms > PL_SA_TRANSFORMS_MAX) {
			*why = "too many transforms";
			return -EBADMSG;
		}
	}
	return 0;
}

int pl_sa_parse(struct rd body, struct arena *a, struct pl_sa *ret, const char **why)
{
	size_t n = count_proposals(body);
	struct pl_proposal *proposals;
	int rc;

	if (n == 0 || n > PL_SA_PROPOSALS_MAX) {
		*why = n ? "too many proposals" : "no proposals";
		return -EBADMSG;
	}
	proposals = arena_array(a, n, sizeof(*proposals));
	if (!proposals)
		return -ENOMEM;
	rc = read_proposals(&body, a, proposals, n, why);
	if (rc)
		return rc;
	*ret = (struct pl_sa){ .n_proposals = (uint8_t)n, .proposals = proposals };
	return 0;
}

static void emit_transform(struct wr *w, const struct pl_transform *t, bool last)
{
	struct wr_len len;
	size_t start = wr_used(w);

	wr_u8(w, last ? 0 : MORE_TRANSFORMS);
	wr_zero(w, 1);
	len = wr_open_len16(w, start);
	wr_u8(w, t->type);
	wr_zero(w, 1);
	wr_u16(w, t->id);
	if (t->key_bits) {
		wr_u16(w, ATTRIBUTE_TV | ATTRIBUTE_KEY_LENGTH);
		wr_u16(w, t->key_bits);
	}
	wr_close_len16(w, len);
}

static void emit_proposal(struct wr *w, const struct pl_proposal *p, bool last)
{
	struct wr_len len;
	size_t start = wr_used(w);

	wr_u8(w, last ? 0 : MORE_PROPOSALS);
	wr_zero(w, 1);
	len = wr_open_len16(w, start);
	wr_u8(w, p->num);
	wr_u8(w, p->protocol);
	wr_u8(w, (uint8_t)p->spi.len);
	wr_u8(w, p->n_transforms);
	wr_slice(w, p->spi);
	for (size_t i = 0; i < p->n_transforms; i++)
		emit_transform(w, &p->transforms[i], i + 1 == p->n_transforms);
	wr_close_len16(w, len);
}

void pl_sa_emit(struct wr *w, const struct pl_sa *sa)
{
	for (size_t i = 0; i < sa->n_proposals; i++)
		emit_proposal(w, &sa->proposals[i], i + 1 == sa->n_proposals);
}
