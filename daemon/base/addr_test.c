/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses: text, prefixes and ranges of both families. */
#include "base/addr.h"

#include <errno.h>

#include "base/unit.h"

static struct addr parsed(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct addr_prefix prefix(const char *text)
{
	struct addr_prefix p;
	assert_int_equal(addr_parse_prefix(text, &p), 0);
	return p;
}

static void test_text_reads_and_prints(void **state)
{
	static const struct {
		const char *text, *printed;
		size_t len;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 4 },
		{ "0.0.0.0", "0.0.0.0", 4 },
		{ "2001:DB8:0::1", "2001:db8::1", 16 },
		{ "::", "::", 16 },
		{ "fe80::1%1", "fe80::1%1", 16 },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", 16 },
	};
	char buf[ADDR_TEXT_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct addr a = parsed(rows[i].text);
		assert_string_equal(addr_text(&a, buf), rows[i].printed);
		assert_int_equal(addr_len(&a), rows[i].len);
		assert_int_equal(addr_bits(&a), rows[i].len * 8);
		assert_int_equal(addr_slice(&a).len, rows[i].len);
	}
}

static void test_what_is_no_address_is_refused(void **state)
{
	static const char *const rows[] = { "",          "localhost", "127.1",     "0x7f.0.0.1",
					    "1.2.3.256", "1.2.3.4.5", "010.1.1.1", "2001:db8",
					    ":::",       "1.2.3.4 ",  "any" };
	struct addr a = parsed("192.0.2.1"), before = a;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_int_equal(addr_parse(rows[i], &a), -EINVAL);
	assert_memory_equal(&a, &before, sizeof(a));
}

static void test_no_address_prints_none(void **state)
{
	struct addr none = { 0 };
	char buf[ADDR_TEXT_MAX_BYTES];

	(void)state;
	assert_string_equal(addr_text(&none, buf), "none");
	assert_false(addr_is_set(&none));
	assert_false(addr_is_any(&none));
	assert_int_equal(addr_bits(&none), 0);
}

static void test_port_prints_in_brackets(void **state)
{
	struct addr a = parsed("2001:db8::1");
	char buf[ADDR_TEXT_MAX_BYTES];

	(void)state;
	a.port = 500;
	assert_string_equal(addr_text_port(&a, buf), "2001:db8::1[500]");
}

static void test_kinds_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool any, linklocal, multicast;
	} rows[] = {
		{ "0.0.0.0", true, false, false },     { "::", true, false, false },
		{ "169.254.3.4", false, true, false }, { "fe80::1", false, true, false },
		{ "febf::1", false, true, false },     { "fec0::1", false, false, false },
		{ "224.0.0.1", false, false, true },   { "239.255.255.255", false, false, true },
		{ "240.0.0.1", false, false, false },  { "255.255.255.255", false, false, true },
		{ "ff02::1", false, false, true },     { "192.0.2.1", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct addr a = parsed(rows[i].text);
		assert_true(addr_is_any(&a) == rows[i].any);
		assert_true(addr_is_linklocal(&a) == rows[i].linklocal);
		assert_true(addr_is_multicast(&a) == rows[i].multicast);
	}
}

static void test_equality_and_order(void **state)
{
	struct addr a = parsed("192.0.2.1"), b = a, c = parsed("192.0.2.2"), v6 = parsed("::1");
	struct addr near = parsed("fe80::1%1"), far = near;

	(void)state;
	b.port = 500;
	assert_true(addr_eq(&a, &b));
	assert_false(addr_eq_port(&a, &b));
	assert_true(addr_cmp(&a, &c) < 0);
	assert_true(addr_cmp(&c, &a) > 0);
	assert_false(addr_eq(&a, &v6));
	assert_true((addr_cmp(&a, &v6) < 0) == (addr_cmp(&v6, &a) > 0));
	far.scope_id = 2;
	assert_false(addr_eq(&near, &far));
}

static void test_bytes_of_4_and_16_are_addresses(void **state)
{
	static const uint8_t bytes[17] = { 192, 0, 2, 1 };
	struct addr a;

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		int want = len == 4 || len == 16 ? 0 : -EINVAL;
		assert_int_equal(addr_from_bytes(slice_of(bytes, len), &a), want);
		if (want == 0)
			assert_true(slice_eq(addr_slice(&a), slice_of(bytes, len)));
	}
}

static void test_prefixes_read_and_print(void **state)
{
	static const char *const bad[] = { "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/",
					   "192.0.2.0/-1", "192.0.2.0/8x",   "192.0.2.0/ 8",
					   "/8",           "192.0.2.0/8/8",  "192.0.2.0/0024" };
	struct addr_prefix p = prefix("192.0.2.0/24");
	char buf[ADDR_TEXT_MAX_BYTES];

	(void)state;
	assert_string_equal(addr_prefix_text(&p, buf), "192.0.2.0/24");
	p = prefix("2001:db8::1");
	assert_string_equal(addr_prefix_text(&p, buf), "2001:db8::1/128");
	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		assert_int_equal(addr_parse_prefix(bad[i], &p), -EINVAL);
}

static void test_membership_in_prefixes(void **state)
{
	static const struct {
		const char *addr, *prefix;
		bool in;
	} rows[] = {
		{ "192.0.2.255", "192.0.2.0/24", true },
		{ "192.0.3.0", "192.0.2.0/24", false },
		{ "192.0.2.129", "192.0.2.128/25", true },
		{ "192.0.2.127", "192.0.2.128/25", false },
		{ "1.2.3.4", "0.0.0.0/0", true },
		{ "::1", "0.0.0.0/0", false },
		{ "2001:db8:8000::1", "2001:db8:8000::/33", true },
		{ "2001:db8:7fff::1", "2001:db8:8000::/33", false },
		{ "2001:db8::1", "2001:db8::1/128", true },
		{ "2001:db8::2", "2001:db8::1/128", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct addr a = parsed(rows[i].addr);
		struct addr_prefix p = prefix(rows[i].prefix);
		assert_true(addr_in_prefix(&a, &p) == rows[i].in);
	}
}

static void test_prefix_and_range_are_inverse(void **state)
{
	static const char *const bases[] = { "192.0.2.1", "2001:db8::ffff:1" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bases); i++) {
		struct addr_prefix p = prefix(bases[i]), back;
		struct addr first, last;
		for (int bits = addr_bits(&p.addr); bits >= 0; bits--) {
			p.bits = (uint8_t)bits;
			addr_prefix_range(&p, &first, &last);
			assert_true(addr_in_prefix(&first, &p) && addr_in_prefix(&last, &p));
			assert_int_equal(addr_range_prefix(&first, &last, &back), 0);
			assert_int_equal(back.bits, bits);
			assert_true(addr_eq(&back.addr, &first));
		}
	}
}

static void test_ranges_that_are_no_prefix(void **state)
{
	static const char *const rows[][2] = { { "192.0.2.0", "192.0.2.254" },
					       { "192.0.2.1", "192.0.2.255" },
					       { "192.0.2.255", "192.0.2.0" },
					       { "192.0.2.127", "192.0.2.128" },
					       { "192.0.2.1", "::1" } };
	struct addr_prefix p;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct addr first = parsed(rows[i][0]), last = parsed(rows[i][1]);
		assert_int_equal(addr_range_prefix(&first, &last, &p), -ERANGE);
	}
}

static void test_whole_family_holds_everything_of_it(void **state)
{
	struct addr v4 = parsed("198.51.100.7"), v6 = parsed("2001:db8::7");
	struct addr_prefix whole4 = addr_whole(&v4), whole6 = addr_whole(&v6);

	(void)state;
	assert_true(addr_in_prefix(&v4, &whole4) && !addr_in_prefix(&v6, &whole4));
	assert_true(addr_in_prefix(&v6, &whole6) && !addr_in_prefix(&v4, &whole6));
}

static void test_sockaddr_there_and_back(void **state)
{
	static const char *const rows[] = { "192.0.2.1", "2001:db8::1", "fe80::1%1" };
	struct addr none = { 0 }, back;
	struct sockaddr_storage ss;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct addr a = parsed(rows[i]);
		socklen_t len;
		a.port = 4500;
		len = addr_to_sockaddr(&a, &ss);
		assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, len, &back), 0);
		assert_true(addr_eq_port(&a, &back));
		assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, len - 1, &back),
				 -EINVAL);
	}
	assert_int_equal(addr_to_sockaddr(&none, &ss), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, 1, &back), -EINVAL);
}

static void test_addresses_spread_over_parts(void **state)
{
	/* What the kernel's program computes is compared with this in net/steer_test.c. */
	struct addr v6 = parsed("2001:db8::1"), other = parsed("2001:db8::1");
	size_t n[4] = { 0 };

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		struct addr a = parsed("10.0.0.0");
		a.ip[3] = i;
		assert_true(addr_spread(&a) <= UINT16_MAX);
		n[addr_spread(&a) % 4]++;
	}
	for (size_t i = 0; i < N_ELEMENTS(n); i++)
		assert_in_range(n[i], 30, 70);
	other.port = 500;
	assert_int_equal(addr_spread(&v6), addr_spread(&other));
	assert_int_equal(addr_spread(&(struct addr){ 0 }), 0);
	/* 0x20010db8 ^ 1, times the factor */
	assert_int_equal(addr_spread(&v6), (0x20010db9u * 0x9e3779b1u) >> 16);
}

static void test_resolving_a_number_needs_no_resolver(void **state)
{
	struct addr found[4], want = parsed("192.0.2.1");
	struct err err;

	(void)state;
	assert_int_equal(addr_resolve("192.0.2.1", found, N_ELEMENTS(found), &err), 1);
	assert_true(addr_eq(&found[0], &want));
	assert_true(addr_resolve("not a name", found, N_ELEMENTS(found), &err) < 0);
	assert_non_null(strstr(err.text, "not a name: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("text reads and prints", test_text_reads_and_prints),
		UNIT("what is no address is refused", test_what_is_no_address_is_refused),
		UNIT("no address prints none", test_no_address_prints_none),
		UNIT("a port prints in brackets", test_port_prints_in_brackets),
		UNIT("kinds are told apart", test_kinds_are_told_apart),
		UNIT("equality and order", test_equality_and_order),
		UNIT("bytes of 4 and 16 are addresses", test_bytes_of_4_and_16_are_addresses),
		UNIT("prefixes read and print", test_prefixes_read_and_print),
		UNIT("membership in prefixes", test_membership_in_prefixes),
		UNIT("prefix and range are inverse", test_prefix_and_range_are_inverse),
		UNIT("ranges that are no prefix are refused", test_ranges_that_are_no_prefix),
		UNIT("a whole family holds everything of it",
		     test_whole_family_holds_everything_of_it),
		UNIT("sockaddr there and back", test_sockaddr_there_and_back),
		UNIT("addresses spread over parts", test_addresses_spread_over_parts),
		UNIT("resolving a number needs no resolver",
		     test_resolving_a_number_needs_no_resolver),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
