/* SPDX-License-Identifier: BSD-2-Clause */
/* SA payloads: nested lengths, markers, counts and attributes. */
#include "msg/pl_test.h"

/* ENCR_AES_CBC 256 (more), PRF 5 (more), INTEG 12 (more), group 14 (last). */
#define T_ENCR "0300000c 0100000c 800e0100"
#define T_PRF "03000008 02000005"
#define T_INTEG "03000008 0300000c"
#define T_GROUP "00000008 0400000e"
#define IKE_PROPOSAL "0000002c 01010004" T_ENCR T_PRF T_INTEG T_GROUP
/* Two ESP proposals: AES_GCM_16 128 or 256 without ESN; AES_CBC 128, SHA2_256, ESN or not. */
#define ESP_PROPOSALS                                                                      \
	"0200002c 01030403 c0ffee01 0300000c 01000014 800e0080 0300000c 01000014 800e0100" \
	"00000008 05000000"                                                                \
	"00000030 02030404 c0ffee01 0300000c 0100000c 800e0080 03000008 0300000c"          \
	"03000008 05000001 00000008 05000000"

static void test_an_ike_proposal_is_read(void **state)
{
	struct parsed p;
	const struct pl_proposal *proposal;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_SA, IKE_PROPOSAL), 0);
	assert_int_equal(p.set.sa.n_proposals, 1);
	proposal = &p.set.sa.proposals[0];
	assert_int_equal(proposal->num, 1);
	assert_int_equal(proposal->protocol, PROTOCOL_IKE);
	assert_int_equal(proposal->spi.len, 0);
	assert_int_equal(proposal->n_transforms, 4);
	assert_int_equal(proposal->transforms[0].type, 1);
	assert_int_equal(proposal->transforms[0].id, 12);
	assert_int_equal(proposal->transforms[0].key_bits, 256);
	assert_false(proposal->transforms[0].unusable);
	assert_int_equal(proposal->transforms[3].type, 4);
	assert_int_equal(proposal->transforms[3].id, 14);
	assert_int_equal(proposal->transforms[3].key_bits, 0);
	parsed_done(&p);
}

static void test_several_proposals_are_read_in_order(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_SA, ESP_PROPOSALS), 0);
	assert_int_equal(p.set.sa.n_proposals, 2);
	assert_int_equal(p.set.sa.proposals[0].transforms[1].key_bits, 256);
	assert_int_equal(p.set.sa.proposals[1].num, 2);
	assert_int_equal(p.set.sa.proposals[1].n_transforms, 4);
	assert_int_equal(p.set.sa.proposals[1].spi.len, 4);
	assert_int_equal(p.set.sa.proposals[1].spi.p[0], 0xc0);
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_SA, IKE_PROPOSAL, IKE_PROPOSAL);
	assert_emits(PL_SA, ESP_PROPOSALS, ESP_PROPOSALS);
}

static void test_every_truncation_is_rejected(void **state)
{
	(void)state;
	assert_truncations_rejected(PL_SA, IKE_PROPOSAL, hex_bytes(IKE_PROPOSAL));
	/* Cut between the proposals, the first one's marker still says that more follow. */
	assert_truncations_rejected(PL_SA, ESP_PROPOSALS, hex_bytes(ESP_PROPOSALS));
}

static void test_reserved_fields_are_ignored_and_sent_as_zero(void **state)
{
	(void)state;
	assert_emits(PL_SA, "00ff0010 01010001 00ff0008 02ff0005",
		     "00000010 01010001 00000008 02000005");
}

static void test_proposal_numbers_must_count_up(void **state)
{
	static const char why[] = "proposal numbers do not count up";

	(void)state;
	assert_rejected(PL_SA, "00000010 00010001 00000008 02000005", why);
	assert_rejected(PL_SA,
			"02000010 01010001 00000008 02000005 00000010 01010001 00000008 02000005",
			why);
	assert_rejected(PL_SA,
			"02000010 01010001 00000008 02000005 00000010 03010001 00000008 02000005",
			why);
	assert_rejected(PL_SA,
			"02000010 ff010001 00000008 02000005 00000010 00010001 00000008 02000005",
			why);
}

static void test_an_answer_may_have_any_number(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_SA, "00000010 07010001 00000008 02000005"), 0);
	assert_int_equal(p.set.sa.proposals[0].num, 7);
	parsed_done(&p);
}

static void test_counts_must_agree_with_the_lengths(void **state)
{
	(void)state;
	assert_rejected(PL_SA, "", "no proposals");
	assert_rejected(PL_SA, "00000008 01010000", "a proposal has no transforms");
	assert_rejected(PL_SA, "00000010 010100ff 00000008 02000005",
			"a proposal has fewer transforms than it says");
	assert_rejected(PL_SA, "00000018 01010001 03000008 02000005 00000008 0400000e",
			"a proposal has more transforms than it says");
	assert_rejected(PL_SA, "00000010 01010000 00000008 02000005",
			"a proposal has no transforms");
}

static void test_lengths_must_fit_their_parent(void **state)
{
	static const char why[] = "a proposal or transform does not fit its parent";

	(void)state;
	assert_rejected(PL_SA, "00000000 01010001 00000008 02000005", why);
	assert_rejected(PL_SA, "00000003 01010001 00000008 02000005", why);
	assert_rejected(PL_SA, "00000011 01010001 00000008 02000005", why);
	assert_rejected(PL_SA, "0000ffff 01010001 00000008 02000005", why);
	assert_rejected(PL_SA, "00000010 01010001 00000009 02000005", why);
	assert_rejected(PL_SA, "00000010 01010001 00000000 02000005", why);
	assert_rejected(PL_SA, "00000010 01010001 00000003 02000005", why);
	assert_rejected(PL_SA, "00000007 010100", "a proposal is too short for its fields");
	assert_rejected(PL_SA, "00000010 01010001 03000004 02000005",
			"a transform is too short for its fields or attributes");
	assert_rejected(PL_SA, "00000010 01010001 03000007 02000005",
			"a transform is too short for its fields or attributes");
}

static void test_last_markers_must_be_right(void **state)
{
	static const char why[] = "a last-substructure field contradicts the lengths";

	(void)state;
	assert_rejected(PL_SA, "02000010 01010001 00000008 02000005", why);
	assert_rejected(PL_SA, "03000010 01010001 00000008 02000005", why);
	assert_rejected(PL_SA, "00000010 01010001 03000008 02000005", why);
	assert_rejected(PL_SA, "00000018 01010002 00000008 02000005 00000008 0400000e", why);
	assert_rejected(PL_SA,
			"00000010 01010001 00000008 02000005 00000010 02010001 00000008 02000005",
			why);
}

static void test_spi_sizes_must_fit_the_protocol(void **state)
{
	static const char why[] = "SPI size does not fit the protocol";
	struct parsed p;

	(void)state;
	assert_rejected(PL_SA, "00000010 01030001 00000008 05000000", why);
	assert_rejected(PL_SA, "00000013 01030301 c0ffee 00000008 05000000", why);
	assert_rejected(PL_SA, "00000012 01020201 c0ff 00000008 05000000", why);
	assert_rejected(PL_SA, "00000014 01010401 c0ffee01 00000008 02000005", why);
	assert_rejected(PL_SA, "00000010 0103ff01 00000008 05000000",
			"a proposal is too short for its fields");
	assert_int_equal(
		parse_hex(&p, PL_SA, "00000018 01010801 0102030405060708 00000008 02000005"), 0);
	assert_int_equal(p.set.sa.proposals[0].spi.len, 8);
	parsed_done(&p);
	/* A protocol that we do not know is not our syntax: it is not chosen. */
	assert_int_equal(parse_hex(&p, PL_SA, "00000013 01630301 c0ffee 00000008 05000000"), 0);
	parsed_done(&p);
}

/* One PRF transform whose attributes are given; true if it may be chosen. */
static bool usable(const char *transform)
{
	char hex[256];
	struct parsed p;
	bool ok;
	size_t len = hex_bytes(transform);

	snprintf(hex, sizeof(hex), "0000%04zx 01010001 %s", len + 8, transform);
	assert_int_equal(parse_hex(&p, PL_SA, hex), 0);
	ok = !p.set.sa.proposals[0].transforms[0].unusable;
	parsed_done(&p);
	return ok;
}

static void test_odd_attributes_make_only_their_transform_unusable(void **state)
{
	(void)state;
	assert_true(usable("00000008 0100000c"));
	assert_true(usable("0000000c 0100000c 800e0080"));
	/* A type that is not known, short and long; a key length of zero, twice, as TLV. */
	assert_false(usable("0000000c 0100000c 800f0080"));
	assert_false(usable("0000000e 0100000c 000f0002 0080"));
	assert_false(usable("0000000c 0100000c 000f0000"));
	assert_false(usable("0000000c 0100000c 800e0000"));
	assert_false(usable("00000010 0100000c 800e0080 800e0100"));
	assert_false(usable("0000000e 0100000c 000e0002 0080"));
}

static void test_attributes_must_fit_their_transform(void **state)
{
	static const char why[] = "a transform is too short for its fields or attributes";

	(void)state;
	assert_rejected(PL_SA, "00000013 01010001 0000000b 0100000c 800e01", why);
	assert_rejected(PL_SA, "00000014 01010001 0000000c 0100000c 000e0001", why);
	assert_rejected(PL_SA, "00000014 01010001 0000000c 0100000c 000effff", why);
}

/* n proposals with n_transforms PRF transforms each. */
static size_t build(uint8_t *out, size_t n, size_t n_transforms)
{
	struct pl_transform transforms[255];
	struct pl_proposal proposals[255];
	struct wr w = wr_of(out, 65536);

	for (size_t i = 0; i < n_transforms; i++)
		transforms[i] = (struct pl_transform){ .type = 2, .id = 5 };
	for (size_t i = 0; i < n; i++)
		proposals[i] = (struct pl_proposal){ .num = (uint8_t)(i + 1),
						     .protocol = PROTOCOL_IKE,
						     .n_transforms = (uint8_t)n_transforms,
						     .transforms = transforms };
	pl_sa_emit(&w, &(struct pl_sa){ .n_proposals = (uint8_t)n, .proposals = proposals });
	assert_false(w.bad);
	return wr_used(&w);
}

static void test_limits_hold(void **state)
{
	static uint8_t bytes[65536];
	struct parsed p;

	(void)state;
	assert_int_equal(parse_bytes(&p, PL_SA, bytes, build(bytes, 1, 255)), 0);
	assert_int_equal(p.set.sa.proposals[0].n_transforms, 255);
	parsed_done(&p);
	assert_int_equal(parse_bytes(&p, PL_SA, bytes, build(bytes, PL_SA_PROPOSALS_MAX, 8)), 0);
	parsed_done(&p);
	assert_int_equal(parse_bytes(&p, PL_SA, bytes, build(bytes, PL_SA_PROPOSALS_MAX + 1, 1)),
			 -EBADMSG);
	assert_string_equal(p.why, "too many proposals");
	parsed_done(&p);
	assert_int_equal(parse_bytes(&p, PL_SA, bytes, build(bytes, PL_SA_PROPOSALS_MAX, 9)),
			 -EBADMSG);
	assert_string_equal(p.why, "too many transforms");
	parsed_done(&p);
}

static void test_a_full_arena_is_an_error(void **state)
{
	uint8_t bytes[256];
	size_t len = unit_hex(ESP_PROPOSALS, bytes, sizeof(bytes));
	struct pl_sa sa = { .n_proposals = 77 };
	const char *why = NULL;

	(void)state;
	for (size_t limit = 0; limit < 128; limit += 16) {
		struct arena a;
		arena_init(&a, limit);
		assert_int_equal(pl_sa_parse(rd_of(bytes, len), &a, &sa, &why), -ENOMEM);
		assert_int_equal(sa.n_proposals, 77);
		arena_clear(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an IKE proposal is read", test_an_ike_proposal_is_read),
		UNIT("several proposals are read in order",
		     test_several_proposals_are_read_in_order),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("every truncation is rejected", test_every_truncation_is_rejected),
		UNIT("reserved fields are ignored and sent as zero",
		     test_reserved_fields_are_ignored_and_sent_as_zero),
		UNIT("proposal numbers must count up", test_proposal_numbers_must_count_up),
		UNIT("an answer may have any number", test_an_answer_may_have_any_number),
		UNIT("counts must agree with the lengths", test_counts_must_agree_with_the_lengths),
		UNIT("lengths must fit their parent", test_lengths_must_fit_their_parent),
		UNIT("last markers must be right", test_last_markers_must_be_right),
		UNIT("SPI sizes must fit the protocol", test_spi_sizes_must_fit_the_protocol),
		UNIT("odd attributes make only their transform unusable",
		     test_odd_attributes_make_only_their_transform_unusable),
		UNIT("attributes must fit their transform",
		     test_attributes_must_fit_their_transform),
		UNIT("limits hold", test_limits_hold),
		UNIT("a full arena is an error, and nothing is returned",
		     test_a_full_arena_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
