/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Negotiation of algorithms.  A type of transform that one side leaves out counts as
 * offered with the value 0 (no integrity, no key exchange, no ESN), which is acceptable
 * where the other side allows 0 too (RFC 7296 3.3.3, 3.3.6).
 */
#include "ike/proposal.h"

#include "base/fmt.h"

#include <errno.h>
#include <string.h>

enum { TYPES_END = TRANSFORM_ESN + 1 };

static bool is_aead(const struct transform *t)
{
	const struct alg *alg = t->type == TRANSFORM_ENCR ? alg_find(t->type, t->id) : NULL;
	return alg && alg->aead;
}

/* ---- what we offer ---- */

static bool mixes_aead(const struct proposal *p)
{
	bool aead = false, other = false;
	for (uint8_t i = 0; i < p->n_transforms; i++) {
		if (p->transforms[i].type != TRANSFORM_ENCR)
			continue;
		aead |= is_aead(&p->transforms[i]);
		other |= !is_aead(&p->transforms[i]);
	}
	return aead && other;
}

/* A filter for add_part(): which transforms stay. */
enum part { PART_ALL, PART_AEAD, PART_OTHER };

static bool has_type(const struct proposal *p, uint8_t type)
{
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type)
			return true;
	return false;
}

static bool is_wanted(const struct transform *t, enum part part, bool without_ke)
{
	if (t->type == TRANSFORM_KE && without_ke)
		return false;
	if (t->type == TRANSFORM_INTEG && part == PART_AEAD)
		return t->id == INTEG_NONE;
	if (t->type == TRANSFORM_ENCR && part != PART_ALL)
		return is_aead(t) == (part == PART_AEAD);
	return true;
}

static void add_part(struct offers *o, const struct proposal *from, enum part part, bool without_ke)
{
	if (o->n >= PROPOSAL_OFFERS_MAX)
		return;
	struct proposal *p = &o->p[o->n++];
	*p = (struct proposal){ .protocol = from->protocol };
	for (uint8_t i = 0; i < from->n_transforms; i++)
		if (is_wanted(&from->transforms[i], part, without_ke))
			p->transforms[p->n_transforms++] = from->transforms[i];
}

static bool is_all_aead(const struct proposal *p)
{
	bool all = has_type(p, TRANSFORM_ENCR);
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == TRANSFORM_ENCR)
			all &= is_aead(&p->transforms[i]);
	return all;
}

static bool prefers_aead(const struct proposal *p)
{
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == TRANSFORM_ENCR)
			return is_aead(&p->transforms[i]);
	return false;
}

static void add_offer(struct offers *o, const struct proposal *from, bool without_ke)
{
	if (!mixes_aead(from)) {
		add_part(o, from, is_all_aead(from) ? PART_AEAD : PART_ALL, without_ke);
		return;
	}
	bool aead_first = prefers_aead(from);
	add_part(o, from, aead_first ? PART_AEAD : PART_OTHER, without_ke);
	add_part(o, from, aead_first ? PART_OTHER : PART_AEAD, without_ke);
}

void proposal_offers_ike(const struct peer_config *peer, struct offers *ret)
{
	*ret = (struct offers){ 0 };
	for (uint8_t i = 0; i < peer->n_proposals; i++)
		add_offer(ret, &peer->proposals[i], false);
}

static void add_transform(struct proposal *p, uint8_t type, uint16_t id)
{
	if (p->n_transforms < POLICY_TRANSFORMS_MAX)
		p->transforms[p->n_transforms++] = (struct transform){ .type = type, .id = id };
}

void proposal_offers_esp(const struct child_config *child, struct offers *ret)
{
	*ret = (struct offers){ 0 };
	for (uint8_t i = 0; i < child->n_proposals; i++)
		add_offer(ret, &child->proposals[i], true);
	for (uint8_t i = 0; i < ret->n; i++) {
		if (has_type(&ret->p[i], TRANSFORM_ESN))
			continue;
		if (child->esn)
			add_transform(&ret->p[i], TRANSFORM_ESN, ESN_YES);
		add_transform(&ret->p[i], TRANSFORM_ESN, ESN_NO);
	}
}

void proposal_offers_child(const struct child_config *child, const uint16_t *groups,
			   uint8_t n_groups, struct offers *ret)
{
	proposal_offers_esp(child, ret);
	for (uint8_t i = 0; i < ret->n; i++)
		for (uint8_t j = 0; j < n_groups; j++)
			add_transform(&ret->p[i], TRANSFORM_KE, groups[j]);
}

static void emit(struct msg_writer *mw, const struct proposal *p, uint8_t n, uint8_t first_num,
		 struct slice spi)
{
	struct pl_proposal proposals[PROPOSAL_OFFERS_MAX];
	struct pl_transform transforms[PROPOSAL_OFFERS_MAX][POLICY_TRANSFORMS_MAX];

	for (uint8_t i = 0; i < n; i++) {
		for (uint8_t j = 0; j < p[i].n_transforms; j++) {
			const struct transform *t = &p[i].transforms[j];
			transforms[i][j] = (struct pl_transform){ .type = t->type,
								  .id = t->id,
								  .key_bits = t->key_bits };
		}
		proposals[i] = (struct pl_proposal){ .num = (uint8_t)(first_num + i),
						     .protocol = p[i].protocol,
						     .spi = spi,
						     .n_transforms = p[i].n_transforms,
						     .transforms = transforms[i] };
	}
	msg_writer_add_sa(mw, &(struct pl_sa){ .n_proposals = n, .proposals = proposals });
}

void proposal_emit(struct msg_writer *mw, const struct offers *offers, struct slice spi)
{
	emit(mw, offers->p, offers->n, 1, spi);
}

void proposal_emit_chosen(struct msg_writer *mw, const struct chosen *c, struct slice spi)
{
	emit(mw, &c->proposal, 1, c->num, spi);
}

/* ---- what was chosen ---- */

const struct transform *chosen_transform(const struct chosen *c, uint8_t type)
{
	for (uint8_t i = 0; i < c->proposal.n_transforms; i++)
		if (c->proposal.transforms[i].type == type)
			return &c->proposal.transforms[i];
	return NULL;
}

uint16_t chosen_id(const struct chosen *c, uint8_t type)
{
	const struct transform *t = chosen_transform(c, type);
	return t ? t->id : 0;
}

/* ---- responder ---- */

static bool pl_has(const struct pl_proposal *p, const struct transform *t)
{
	bool any = false;
	for (uint8_t i = 0; i < p->n_transforms; i++) {
		const struct pl_transform *o = &p->transforms[i];
		any |= o->type == t->type;
		if (!o->unusable && o->type == t->type && o->id == t->id &&
		    o->key_bits == t->key_bits)
			return true;
	}
	return !any && t->id == 0;
}

static bool pl_has_type(const struct pl_proposal *p, uint8_t type)
{
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type)
			return true;
	return false;
}

/* Our first transform of the type that the peer offers too. */
static bool pick(const struct proposal *ours, const struct pl_proposal *theirs, uint8_t type,
		 uint16_t prefer_id, struct transform *ret)
{
	const struct transform none = { .type = type };
	bool found = false;
	for (uint8_t i = 0; i < ours->n_transforms; i++) {
		const struct transform *t = &ours->transforms[i];
		if (t->type != type || !pl_has(theirs, t))
			continue;
		if (!found || (prefer_id && t->id == prefer_id))
			*ret = *t;
		found = true;
	}
	if (!found && !has_type(ours, type) && pl_has(theirs, &none)) {
		*ret = none;
		found = true;
	}
	return found;
}

/* Types that we do not know must not be negotiated away unless 0 is allowed (3.3.6). */
static bool knows_types(const struct pl_proposal *theirs)
{
	for (uint8_t i = 0; i < theirs->n_transforms; i++) {
		uint8_t type = theirs->transforms[i].type;
		const struct transform none = { .type = type };
		if ((type == 0 || type >= TYPES_END) && !pl_has(theirs, &none))
			return false;
	}
	return true;
}

struct match {
	struct transform picked[TYPES_END];
	uint8_t n_types, n_failed;
	bool failed[TYPES_END]; /* no overlap in this type */
};

static void try_pair(const struct proposal *ours, const struct pl_proposal *theirs,
		     uint16_t prefer_group, bool ignore_ke, struct match *m)
{
	*m = (struct match){ 0 };
	for (uint8_t type = TRANSFORM_ENCR; type < TYPES_END; type++) {
		if (type == TRANSFORM_KE && ignore_ke)
			continue;
		if (!has_type(ours, type) && !pl_has_type(theirs, type))
			continue;
		/* RFC 5282 8: an AEAD comes without integrity */
		if (type == TRANSFORM_INTEG && is_aead(&m->picked[TRANSFORM_ENCR]) &&
		    !pl_has_type(theirs, type))
			continue;
		m->n_types++;
		if (pick(ours, theirs, type, type == TRANSFORM_KE ? prefer_group : 0,
			 &m->picked[type]))
			continue;
		m->failed[type] = true;
		m->n_failed++;
	}
}

/* 0 is "no transform": it is not in the answer unless the peer offered it by name. */
static void fill_chosen(const struct match *m, const struct pl_proposal *theirs, struct chosen *ret)
{
	*ret = (struct chosen){ .num = theirs->num,
				.spi = theirs->spi,
				.proposal = { .protocol = theirs->protocol } };
	for (uint8_t type = TRANSFORM_ENCR; type < TYPES_END; type++)
		if (m->picked[type].type && (m->picked[type].id || pl_has_type(theirs, type)))
			ret->proposal.transforms[ret->proposal.n_transforms++] = m->picked[type];
}

static void name_ours(struct fmt *f, const struct proposal *p, uint8_t type)
{
	char text[TRANSFORM_TEXT_MAX_BYTES];
	size_t before = f->used;
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type)
			fmt_add(f, "%s%s", f->used > before ? "," : "",
				transform_text(&p->transforms[i], text));
	if (f->used == before)
		fmt_add(f, "none");
}

static void name_theirs(struct fmt *f, const struct pl_proposal *p, uint8_t type)
{
	char text[TRANSFORM_TEXT_MAX_BYTES];
	size_t before = f->used;
	for (uint8_t i = 0; i < p->n_transforms; i++) {
		const struct pl_transform *o = &p->transforms[i];
		const struct transform t = { .type = type, .id = o->id, .key_bits = o->key_bits };
		if (o->type == type)
			fmt_add(f, "%s%s", f->used > before ? "," : "", transform_text(&t, text));
	}
	if (f->used == before)
		fmt_add(f, "none");
}

/* The pair that came closest: only the types that failed. */
static void explain(const struct proposal *ours, const struct pl_proposal *theirs,
		    const struct match *m, struct reason *reason)
{
	reason_set(reason, REASON_NO_COMMON_PROPOSAL, NULL);
	struct fmt what = fmt_of(reason->what, sizeof(reason->what));
	struct fmt o = fmt_of(reason->ours, sizeof(reason->ours));
	struct fmt t = fmt_of(reason->theirs, sizeof(reason->theirs));
	for (uint8_t type = TRANSFORM_ENCR; type < TYPES_END; type++) {
		if (!m->failed[type])
			continue;
		fmt_add(&what, "%s%s", what.used ? "," : "", transform_type_name(type));
		fmt_add(&o, "%s", o.used ? " " : "");
		fmt_add(&t, "%s", t.used ? " " : "");
		name_ours(&o, ours, type);
		name_theirs(&t, theirs, type);
	}
}

/* Fewer failed types are closer; then more that matched. */
static bool is_closer(const struct match *a, const struct match *b)
{
	if (a->n_failed != b->n_failed)
		return a->n_failed < b->n_failed;
	return a->n_types > b->n_types;
}

int proposal_choose(const struct offers *ours, const struct pl_sa *theirs, uint16_t prefer_group,
		    bool ignore_ke, struct chosen *ret, struct reason *reason)
{
	struct match m, closest = { .n_failed = UINT8_MAX };

	reason_set(reason, REASON_NO_COMMON_PROPOSAL, "protocol");
	for (uint8_t i = 0; i < ours->n; i++) {
		for (uint8_t j = 0; j < theirs->n_proposals; j++) {
			const struct pl_proposal *t = &theirs->proposals[j];
			if (t->protocol != ours->p[i].protocol || !knows_types(t))
				continue;
			try_pair(&ours->p[i], t, prefer_group, ignore_ke, &m);
			if (m.n_failed == 0) {
				fill_chosen(&m, t, ret);
				reason_set(reason, REASON_NONE, NULL);
				return 0;
			}
			if (!is_closer(&m, &closest))
				continue;
			closest = m;
			explain(&ours->p[i], t, &m, reason);
		}
	}
	return -ENOENT;
}

/* ---- initiator ---- */

static int bad_answer(struct reason *reason, const char *what)
{
	reason_set(reason, REASON_NO_COMMON_PROPOSAL, what);
	reason_hint(reason, "the peer's choice is not one that we offered");
	return -EBADMSG;
}

static bool offer_has(const struct proposal *offer, const struct transform *t)
{
	for (uint8_t i = 0; i < offer->n_transforms; i++)
		if (transform_eq(&offer->transforms[i], t))
			return true;
	return t->id == 0 && !has_type(offer, t->type);
}

/* Copies the answer's transforms, each from our offer and each type once. */
static const char *take_transforms(const struct proposal *offer, const struct pl_proposal *answer,
				   struct proposal *ret)
{
	for (uint8_t i = 0; i < answer->n_transforms; i++) {
		const struct pl_transform *a = &answer->transforms[i];
		const struct transform t = { .type = a->type,
					     .id = a->id,
					     .key_bits = a->key_bits };
		if (a->unusable || !offer_has(offer, &t) || has_type(ret, t.type))
			return transform_type_name(a->type);
		if (ret->n_transforms >= POLICY_TRANSFORMS_MAX)
			return "transforms";
		ret->transforms[ret->n_transforms++] = t;
	}
	for (uint8_t type = TRANSFORM_ENCR; type < TYPES_END; type++) {
		const struct transform none = { .type = type };
		if (has_type(offer, type) && !has_type(ret, type) && !offer_has(offer, &none))
			return transform_type_name(type);
	}
	return NULL;
}

int proposal_check(const struct offers *ours, const struct pl_sa *answer, struct chosen *ret,
		   struct reason *reason)
{
	const struct pl_proposal *a = answer->proposals;
	struct chosen c = { 0 };

	if (answer->n_proposals != 1 || a->num == 0 || a->num > ours->n)
		return bad_answer(reason, "number");
	const struct proposal *offer = &ours->p[a->num - 1];
	if (a->protocol != offer->protocol)
		return bad_answer(reason, "protocol");
	c.num = a->num;
	c.spi = a->spi;
	c.proposal.protocol = a->protocol;
	const char *wrong = take_transforms(offer, a, &c.proposal);
	if (wrong)
		return bad_answer(reason, wrong);
	*ret = c;
	return 0;
}

/* ---- helpers ---- */

bool proposal_has_group(const struct offers *offers, uint16_t group)
{
	const struct transform t = { .type = TRANSFORM_KE, .id = group };
	for (uint8_t i = 0; i < offers->n; i++)
		for (uint8_t j = 0; j < offers->p[i].n_transforms; j++)
			if (transform_eq(&offers->p[i].transforms[j], &t))
				return group != KE_NONE;
	return false;
}

uint16_t proposal_first_group(const struct offers *offers)
{
	for (uint8_t i = 0; i < offers->n; i++)
		for (uint8_t j = 0; j < offers->p[i].n_transforms; j++)
			if (offers->p[i].transforms[j].type == TRANSFORM_KE)
				return offers->p[i].transforms[j].id;
	return KE_NONE;
}

const char *proposal_offers_text(const struct offers *offers, char buf[REASON_FIELD_MAX_BYTES])
{
	char text[PROPOSAL_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(buf, REASON_FIELD_MAX_BYTES);
	for (uint8_t i = 0; i < offers->n; i++)
		fmt_add(&f, "%s%s", i ? " " : "", proposal_text(&offers->p[i], text));
	return buf;
}
