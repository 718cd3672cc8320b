/* SPDX-License-Identifier: BSD-2-Clause */
/* CERT and CERTREQ payloads. */
#include "msg/pl_test.h"

#define CERT "04 3082010a"

static void test_encoding_and_data_are_read(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_CERT, CERT), 0);
	assert_int_equal(p.cert.encoding, 4);
	assert_int_equal(p.cert.data.len, 4);
	assert_int_equal(p.set.n_certs, 1);
	parsed_done(&p);
	assert_int_equal(parse_hex(&p, PL_CERTREQ, "04"), 0);
	assert_int_equal(p.certreq.data.len, 0);
	assert_int_equal(p.set.n_certreqs, 1);
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_CERT, CERT, CERT);
	assert_emits(PL_CERTREQ, "04", "04");
}

static void test_there_must_be_an_encoding(void **state)
{
	(void)state;
	assert_rejected(PL_CERT, "", "no certificate encoding");
	assert_rejected(PL_CERTREQ, "", "no certificate encoding");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("encoding and data are read", test_encoding_and_data_are_read),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("there must be an encoding", test_there_must_be_an_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
