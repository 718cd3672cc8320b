/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/proposal.h"

#include <errno.h>

#include "base/unit.h"

#define ENCR(i, bits)                       \
	{                                   \
		TRANSFORM_ENCR, (i), (bits) \
	}
#define PRF(i)                        \
	{                             \
		TRANSFORM_PRF, (i), 0 \
	}
#define INTEG(i)                        \
	{                               \
		TRANSFORM_INTEG, (i), 0 \
	}
#define KE(i)                        \
	{                            \
		TRANSFORM_KE, (i), 0 \
	}
#define ESN(i)                        \
	{                             \
		TRANSFORM_ESN, (i), 0 \
	}
#define GCM128 ENCR(ENCR_AES_GCM_16, 128)
#define CBC128 ENCR(ENCR_AES_CBC, 128)
#define CBC256 ENCR(ENCR_AES_CBC, 256)
#define SHA256 INTEG(INTEG_HMAC_SHA2_256_128)
#define PROPOSAL(protocol, ...)                                                                 \
	{                                                                                       \
		(protocol),                                                                     \
			sizeof((struct transform[]){ __VA_ARGS__ }) / sizeof(struct transform), \
		{                                                                               \
			__VA_ARGS__                                                             \
		}                                                                               \
	}

/* A proposal of the peer with room for its transforms. */
struct theirs {
	struct pl_transform t[POLICY_TRANSFORMS_MAX];
	struct pl_proposal p;
};

static struct pl_proposal *as_peer(const struct proposal *p, uint8_t num, struct theirs *room)
{
	for (uint8_t i = 0; i < p->n_transforms; i++)
		room->t[i] = (struct pl_transform){ .type = p->transforms[i].type,
						    .id = p->transforms[i].id,
						    .key_bits = p->transforms[i].key_bits };
	room->p = (struct pl_proposal){ .num = num,
					.protocol = p->protocol,
					.n_transforms = p->n_transforms,
					.transforms = room->t };
	return &room->p;
}

static struct offers offers_of(const struct proposal *p)
{
	return (struct offers){ .n = 1, .p = { *p } };
}

static int choose(const struct offers *ours, const struct proposal *theirs, uint16_t group,
		  struct chosen *ret, struct reason *why)
{
	struct theirs room;
	const struct pl_sa sa = { .n_proposals = 1, .proposals = as_peer(theirs, 1, &room) };
	return proposal_choose(ours, &sa, group, false, ret, why);
}

static void our_order_wins(void **state)
{
	const struct proposal ours = PROPOSAL(1, CBC256, CBC128, PRF(5), SHA256, KE(31), KE(14));
	const struct proposal theirs = PROPOSAL(1, CBC128, CBC256, PRF(5), SHA256, KE(14), KE(31));
	struct offers o = offers_of(&ours);
	struct chosen c;
	struct reason why;
	(void)state;
	assert_int_equal(choose(&o, &theirs, 0, &c, &why), 0);
	assert_int_equal(chosen_transform(&c, TRANSFORM_ENCR)->key_bits, 256);
	assert_int_equal(chosen_id(&c, TRANSFORM_KE), 31);
	assert_int_equal(c.proposal.n_transforms, 4);
	/* but a group that is there already saves a round trip */
	assert_int_equal(choose(&o, &theirs, 14, &c, &why), 0);
	assert_int_equal(chosen_id(&c, TRANSFORM_KE), 14);
	assert_int_equal(choose(&o, &theirs, 19, &c, &why), 0);
	assert_int_equal(chosen_id(&c, TRANSFORM_KE), 31);
}

static void our_proposals_come_first(void **state)
{
	const struct proposal cbc = PROPOSAL(1, CBC128, PRF(5), SHA256, KE(14));
	const struct proposal gcm = PROPOSAL(1, GCM128, PRF(5), KE(31));
	struct offers o = { .n = 2, .p = { gcm, cbc } };
	struct theirs room[2];
	struct pl_proposal two[2] = { *as_peer(&cbc, 1, &room[0]), *as_peer(&gcm, 2, &room[1]) };
	const struct pl_sa sa = { .n_proposals = 2, .proposals = two };
	struct chosen c;
	struct reason why;
	(void)state;
	assert_int_equal(proposal_choose(&o, &sa, 0, false, &c, &why), 0);
	assert_int_equal(c.num, 2);
	assert_int_equal(chosen_id(&c, TRANSFORM_ENCR), ENCR_AES_GCM_16);
	assert_int_equal(chosen_id(&c, TRANSFORM_INTEG), 0);
}

static void a_mismatch_is_named(void **state)
{
	const struct proposal ours = PROPOSAL(1, GCM128, PRF(5), KE(31));
	const struct proposal group = PROPOSAL(1, GCM128, PRF(5), KE(14), KE(19));
	const struct proposal all = PROPOSAL(1, CBC128, PRF(6), SHA256, KE(14));
	struct offers o = offers_of(&ours);
	struct theirs room[2];
	struct pl_proposal two[2] = { *as_peer(&all, 1, &room[0]), *as_peer(&group, 2, &room[1]) };
	const struct pl_sa sa = { .n_proposals = 2, .proposals = two };
	struct chosen c;
	struct reason why;
	(void)state;
	/* the closest pair counts, wherever it stands */
	assert_int_equal(proposal_choose(&o, &sa, 0, false, &c, &why), -ENOENT);
	assert_int_equal(why.code, REASON_NO_COMMON_PROPOSAL);
	assert_string_equal(why.what, "KE");
	assert_string_equal(why.ours, "CURVE25519");
	assert_string_equal(why.theirs, "MODP_2048,ECP_256");
	assert_int_equal(choose(&o, &all, 0, &c, &why), -ENOENT);
	assert_string_equal(why.what, "ENCR,PRF,INTEG,KE");
	const struct proposal esp = PROPOSAL(3, GCM128);
	assert_int_equal(choose(&o, &esp, 0, &c, &why), -ENOENT);
	assert_string_equal(why.what, "protocol");
}

static void key_length_counts(void **state)
{
	const struct proposal ours = PROPOSAL(1, CBC128, PRF(5), SHA256, KE(31));
	const struct proposal longer = PROPOSAL(1, CBC256, PRF(5), SHA256, KE(31));
	const struct proposal none = PROPOSAL(1, ENCR(ENCR_AES_CBC, 0), PRF(5), SHA256, KE(31));
	struct offers o = offers_of(&ours);
	struct theirs room;
	struct chosen c;
	struct reason why;
	(void)state;
	assert_int_equal(choose(&o, &longer, 0, &c, &why), -ENOENT);
	assert_string_equal(why.what, "ENCR");
	assert_int_equal(choose(&o, &none, 0, &c, &why), -ENOENT);
	/* an attribute that we do not understand spoils the transform */
	const struct pl_sa sa = { .n_proposals = 1, .proposals = as_peer(&ours, 1, &room) };
	room.t[0].unusable = true;
	assert_int_equal(proposal_choose(&o, &sa, 0, false, &c, &why), -ENOENT);
}

static void aead_and_integrity(void **state)
{
	const struct proposal aead = PROPOSAL(1, GCM128, PRF(5), KE(31));
	const struct proposal none = PROPOSAL(1, GCM128, PRF(5), INTEG(INTEG_NONE), KE(31));
	const struct proposal both = PROPOSAL(1, GCM128, PRF(5), SHA256, KE(31));
	const struct proposal bare = PROPOSAL(1, CBC128, PRF(5), KE(31));
	const struct proposal whole = PROPOSAL(1, CBC128, PRF(5), SHA256, KE(31));
	struct offers o = offers_of(&aead), w = offers_of(&whole);
	struct chosen c;
	struct reason why;
	(void)state;
	assert_int_equal(choose(&o, &aead, 0, &c, &why), 0);
	assert_int_equal(choose(&o, &none, 0, &c, &why), 0);
	/* RFC 7296 3.3: what was offered by name is answered by name */
	assert_int_equal(c.proposal.n_transforms, 4);
	assert_int_equal(choose(&o, &both, 0, &c, &why), -ENOENT);
	assert_int_equal(choose(&w, &bare, 0, &c, &why), -ENOENT);
	assert_string_equal(why.what, "INTEG");
}

static void unknown_types(void **state)
{
	const struct proposal ours = PROPOSAL(1, GCM128, PRF(5), KE(31));
	const struct proposal hybrid = PROPOSAL(1, GCM128, PRF(5), KE(31), { 6, 36, 0 });
	const struct proposal maybe =
		PROPOSAL(1, GCM128, PRF(5), KE(31), { 6, 36, 0 }, { 6, 0, 0 });
	struct offers o = offers_of(&ours);
	struct chosen c;
	struct reason why;
	(void)state;
	assert_int_equal(choose(&o, &hybrid, 0, &c, &why), -ENOENT);
	assert_int_equal(choose(&o, &maybe, 0, &c, &why), 0);
}

static void mixed_becomes_two(void **state)
{
	const struct proposal mixed = PROPOSAL(1, CBC256, GCM128, PRF(5), SHA256, KE(31));
	struct peer_config peer = { .n_proposals = 1, .proposals = { mixed } };
	struct offers o;
	(void)state;
	proposal_offers_ike(&peer, &o);
	assert_int_equal(o.n, 2);
	assert_int_equal(o.p[0].transforms[0].id, ENCR_AES_CBC);
	assert_int_equal(o.p[0].n_transforms, 4);
	assert_int_equal(o.p[1].transforms[0].id, ENCR_AES_GCM_16);
	assert_int_equal(o.p[1].n_transforms, 3);
}

static void esp_offers(void **state)
{
	const struct proposal p = PROPOSAL(3, GCM128, KE(31));
	struct child_config child = { .n_proposals = 1, .proposals = { p } };
	struct offers o;
	(void)state;
	proposal_offers_esp(&child, &o);
	assert_int_equal(o.p[0].n_transforms, 2);
	assert_int_equal(o.p[0].transforms[1].type, TRANSFORM_ESN);
	assert_int_equal(o.p[0].transforms[1].id, ESN_NO);
	child.esn = true;
	proposal_offers_esp(&child, &o);
	assert_int_equal(o.p[0].n_transforms, 3);
	assert_int_equal(o.p[0].transforms[1].id, ESN_YES);
}

static void esn_is_agreed(void **state)
{
	const struct proposal yes = PROPOSAL(3, GCM128, ESN(ESN_YES), ESN(ESN_NO));
	const struct proposal no = PROPOSAL(3, GCM128, ESN(ESN_NO));
	const struct proposal silent = PROPOSAL(3, GCM128);
	struct offers o = offers_of(&yes);
	struct chosen c;
	struct reason why;
	(void)state;
	assert_int_equal(choose(&o, &yes, 0, &c, &why), 0);
	assert_int_equal(chosen_id(&c, TRANSFORM_ESN), ESN_YES);
	assert_int_equal(choose(&o, &no, 0, &c, &why), 0);
	assert_int_equal(chosen_id(&c, TRANSFORM_ESN), ESN_NO);
	assert_int_equal(choose(&o, &silent, 0, &c, &why), 0);
	assert_int_equal(c.proposal.n_transforms, 1);
}

static int check(const struct offers *o, const struct proposal *answer, uint8_t num)
{
	struct theirs room;
	const struct pl_sa sa = { .n_proposals = 1, .proposals = as_peer(answer, num, &room) };
	struct chosen c;
	struct reason why;
	return proposal_check(o, &sa, &c, &why);
}

static void answers_are_checked(void **state)
{
	const struct proposal offer = PROPOSAL(1, CBC256, CBC128, PRF(5), SHA256, KE(31), KE(14));
	const struct proposal good = PROPOSAL(1, CBC128, PRF(5), SHA256, KE(14));
	const struct proposal two = PROPOSAL(1, CBC128, PRF(5), SHA256, KE(14), KE(31));
	const struct proposal less = PROPOSAL(1, CBC128, PRF(5), KE(14));
	const struct proposal other = PROPOSAL(1, CBC128, PRF(6), SHA256, KE(14));
	const struct proposal more = PROPOSAL(1, CBC128, PRF(5), SHA256, KE(14), ESN(1));
	const struct proposal esp = PROPOSAL(3, CBC128, PRF(5), SHA256, KE(14));
	struct offers o = { .n = 2, .p = { offer, offer } };
	(void)state;
	assert_int_equal(check(&o, &good, 1), 0);
	assert_int_equal(check(&o, &good, 2), 0);
	assert_int_equal(check(&o, &good, 0), -EBADMSG);
	assert_int_equal(check(&o, &good, 3), -EBADMSG);
	assert_int_equal(check(&o, &two, 1), -EBADMSG);
	assert_int_equal(check(&o, &less, 1), -EBADMSG);
	assert_int_equal(check(&o, &other, 1), -EBADMSG);
	assert_int_equal(check(&o, &more, 1), -EBADMSG);
	assert_int_equal(check(&o, &esp, 1), -EBADMSG);
	struct theirs room;
	const struct pl_sa sa = { .n_proposals = 1, .proposals = as_peer(&good, 1, &room) };
	struct chosen c;
	struct reason why;
	room.t[2].unusable = true;
	assert_int_equal(proposal_check(&o, &sa, &c, &why), -EBADMSG);
}

static void groups(void **state)
{
	const struct proposal p = PROPOSAL(1, GCM128, PRF(5), KE(31), KE(14));
	struct offers o = offers_of(&p);
	(void)state;
	assert_int_equal(proposal_first_group(&o), 31);
	assert_true(proposal_has_group(&o, 14));
	assert_false(proposal_has_group(&o, 19));
	assert_false(proposal_has_group(&o, 0));
	/* an id of another type is no group */
	assert_false(proposal_has_group(&o, ENCR_AES_GCM_16));
}

static void emitted_and_parsed(void **state)
{
	const struct proposal gcm = PROPOSAL(1, GCM128, PRF(5), KE(31), KE(14));
	const struct proposal cbc = PROPOSAL(1, CBC256, PRF(5), SHA256, KE(14));
	struct offers o = { .n = 2, .p = { gcm, cbc } };
	const struct ike_header h = { .spi_i = 1,
				      .exchange = EXCHANGE_IKE_SA_INIT,
				      .flags = IKE_FLAG_INITIATOR };
	struct ike_header got;
	struct msg_writer mw;
	struct slice out;
	struct arena arena;
	struct msg m;
	struct chosen c;
	struct reason why;
	uint8_t buf[512], at;
	const char *what;
	(void)state;
	arena_init(&arena, MSG_ARENA_BYTES);
	msg_writer_init(&mw, buf, sizeof(buf), &h);
	proposal_emit(&mw, &o, (struct slice){ 0 });
	assert_int_equal(msg_writer_end(&mw, &out), 0);
	assert_int_equal(header_parse(out, &got, &what), 0);
	assert_int_equal(msg_parse(out, &got, &arena, &m, &at, &what), 0);
	assert_int_equal(m.outer.sa.n_proposals, 2);
	struct offers second = offers_of(&cbc);
	assert_int_equal(proposal_choose(&second, &m.outer.sa, 14, false, &c, &why), 0);
	assert_int_equal(c.num, 2);
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("our order of transforms wins, but for a group that is there", our_order_wins),
		UNIT("our order of proposals wins", our_proposals_come_first),
		UNIT("a mismatch names types, ours and theirs of the closest pair",
		     a_mismatch_is_named),
		UNIT("a key length is part of the cipher", key_length_counts),
		UNIT("an AEAD goes without integrity, a cipher with it", aead_and_integrity),
		UNIT("unknown transform types are refused unless NONE is offered", unknown_types),
		UNIT("a proposal that mixes AEADs and ciphers becomes two", mixed_becomes_two),
		UNIT("a first child offers no key exchange, but ESN", esp_offers),
		UNIT("ESN is used if both sides have it", esn_is_agreed),
		UNIT("an answer must be one of our offers", answers_are_checked),
		UNIT("only groups that we offered are groups", groups),
		UNIT("what is emitted can be parsed and chosen from", emitted_and_parsed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
