/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/id.h"

#include <errno.h>

#include "base/unit.h"

static struct id make(uint8_t type, const char *body)
{
	struct id id;
	assert_int_equal(id_set(&id, type, slice_of(body, strlen(body))), 0);
	return id;
}

static struct id of_addr(const char *text)
{
	struct addr a;
	struct id id;
	assert_int_equal(addr_parse(text, &a), 0);
	id_of_addr(&a, &id);
	return id;
}

static void check_text(const struct id *id, const char *expected)
{
	char buf[ID_TEXT_MAX_BYTES];
	assert_string_equal(id_text(id, buf), expected);
}

static void identities_as_text(void **state)
{
	const struct id v4 = of_addr("192.0.2.1"), v6 = of_addr("2001:db8::1");
	const struct id fqdn = make(ID_FQDN, "a.example");
	const struct id key = make(ID_KEY_ID, "\x01\xff\n x"), dn = make(ID_DER_ASN1_DN, "0\x0b");
	const struct id none = { 0 };
	(void)state;
	check_text(&v4, "192.0.2.1");
	check_text(&v6, "2001:db8::1");
	check_text(&fqdn, "a.example");
	check_text(&key, "\\x01\\xff\\x0a x");
	check_text(&dn, "300b");
	check_text(&none, "none");
}

static void malformed_identities_as_text(void **state)
{
	/* What id_set() would refuse must not crash either. */
	const struct id short_addr = { .type = ID_IPV4_ADDR, .len = 3, .body = { 1, 2, 3 } };
	struct id huge = { .type = ID_KEY_ID, .len = UINT16_MAX };
	char buf[ID_TEXT_MAX_BYTES];
	(void)state;
	check_text(&short_addr, "010203");
	assert_int_equal(strlen(id_text(&huge, buf)), 4 * POLICY_ID_MAX_BYTES);
}

static void lengths_are_checked(void **state)
{
	static const uint8_t body[POLICY_ID_MAX_BYTES + 1];
	struct id id;
	(void)state;
	for (size_t n = 0; n <= sizeof(body); n++) {
		struct slice s = slice_of(body, n);
		bool fits = n > 0 && n <= POLICY_ID_MAX_BYTES;
		assert_int_equal(id_set(&id, ID_IPV4_ADDR, s) == 0, n == 4);
		assert_int_equal(id_set(&id, ID_IPV6_ADDR, s) == 0, n == 16);
		assert_int_equal(id_set(&id, ID_FQDN, s) == 0, fits);
		assert_int_equal(id_set(&id, 200, s) == 0, fits);
	}
	assert_int_equal(id_set(&id, ID_NONE, slice_of(body, 4)), -EINVAL);
	assert_int_equal(id_set(&id, ID_KEY_ID, slice_of(body, sizeof(body))), -EMSGSIZE);
}

static bool same(uint8_t type, const char *a, const char *b)
{
	const struct id x = make(type, a), y = make(type, b);
	assert_int_equal(id_eq(&x, &y), id_eq(&y, &x));
	return id_eq(&x, &y);
}

static void case_counts_where_it_should(void **state)
{
	(void)state;
	assert_true(same(ID_FQDN, "Gw.Example", "gw.eXAMPLE"));
	assert_false(same(ID_FQDN, "gw.example", "gw.example."));
	assert_false(same(ID_FQDN, "gw.example", "gw.exampl"));
	assert_true(same(ID_RFC822_ADDR, "User@Example.org", "User@example.ORG"));
	assert_false(same(ID_RFC822_ADDR, "User@example.org", "user@example.org"));
	assert_false(same(ID_RFC822_ADDR, "user", "USER"));
	assert_false(same(ID_RFC822_ADDR, "a@b@c", "a@B@c"));
	assert_false(same(ID_KEY_ID, "a", "A"));
	assert_true(same(ID_KEY_ID, "a", "a"));
}

static void types_are_apart(void **state)
{
	const struct id fqdn = make(ID_FQDN, "x"), key = make(ID_KEY_ID, "x");
	const struct id none = { 0 };
	(void)state;
	assert_false(id_eq(&fqdn, &key));
	assert_false(id_eq(&none, &none));
}

static void an_address_is_itself(void **state)
{
	const struct id id = of_addr("192.0.2.1");
	struct addr a, other, unset = { 0 };
	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	assert_int_equal(addr_parse("192.0.2.2", &other), 0);
	a.port = 500;
	assert_true(id_is_addr(&id, &a));
	assert_false(id_is_addr(&id, &other));
	assert_false(id_is_addr(&id, &unset));
}

static void names_of_types(void **state)
{
	(void)state;
	assert_string_equal(id_type_name(ID_FQDN), "FQDN");
	assert_string_equal(id_type_name(ID_KEY_ID), "KEY_ID");
	assert_string_equal(id_type_name(4), "ID?");
	assert_string_equal(id_type_name(255), "ID?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("identities are printed, and escaped", identities_as_text),
		UNIT("malformed identities are printed as they are", malformed_identities_as_text),
		UNIT("the length of a body is checked by its type", lengths_are_checked),
		UNIT("case counts except in domain names", case_counts_where_it_should),
		UNIT("identities of two types are never the same", types_are_apart),
		UNIT("an address is its identity, whatever the port", an_address_is_itself),
		UNIT("types have names", names_of_types),
	};
	return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
