/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/reason.h"

#include "base/log.h"
#include "base/unit.h"
#include "ike/bucket.h"

static void words_differ(void **state)
{
	(void)state;
	for (int i = 0; i < __REASON_N; i++) {
		assert_true(reason_word((enum reason_code)i)[0] != 0);
		assert_non_null(reason_advice((enum reason_code)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(reason_word((enum reason_code)i),
						reason_word((enum reason_code)j));
	}
	assert_string_equal(reason_word((enum reason_code)99), "none");
}

static void text_says_all(void **state)
{
	struct reason r;
	char buf[REASON_TEXT_MAX_BYTES];
	(void)state;
	reason_set(&r, REASON_NO_COMMON_PROPOSAL, "KE");
	assert_string_equal(reason_text(&r, buf), "no_common_proposal (KE)");
	reason_ours(&r, "%s", "CURVE25519");
	reason_theirs(&r, "%s", "MODP_2048");
	assert_string_equal(reason_text(&r, buf),
			    "no_common_proposal (KE): ours CURVE25519, theirs MODP_2048");
	reason_set(&r, REASON_PEER_SILENT, NULL);
	reason_hint(&r, "no answer to %d tries", 5);
	assert_string_equal(reason_text(&r, buf), "peer_silent; no answer to 5 tries");
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)level;
	snprintf(arg, 1024, "%s", line);
}

static void record_has_the_fields(void **state)
{
	char line[1024] = "";
	struct reason r;
	struct addr a;
	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	reason_set(&r, REASON_NO_COMMON_PROPOSAL, "KE");
	reason_ours(&r, "CURVE25519");
	reason_theirs(&r, "MODP_2048");
	log_set_sink(keep_line, line);
	reason_log(&r, "gw", &a, "the peer asks");
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(line, "event=negotiation_failed reason=no_common_proposal what=KE "
				     "ours=CURVE25519 theirs=MODP_2048 remote=gw "
				     "peer=192.0.2.1 story=\"the peer asks\""));
	assert_null(strstr(line, "hint="));
}

static void bucket_refills(void **state)
{
	struct bucket b = bucket_of(3, 100);
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&b, 1000));
	assert_false(bucket_take(&b, 1000));
	assert_false(bucket_take(&b, 1099));
	assert_true(bucket_take(&b, 1100));
	assert_false(bucket_take(&b, 1100));
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&b, 100000));
	assert_false(bucket_take(&b, 100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("each reason has a word of its own", words_differ),
		UNIT("a reason's text says what, ours and theirs", text_says_all),
		UNIT("the record of a refusal has its fields", record_has_the_fields),
		UNIT("a bucket gives so many at once, then one each interval", bucket_refills),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
