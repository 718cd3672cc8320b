/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of configuration attributes: each row, its lengths, its values there and back. */
#include "base/unit.h"
#include "msg/cp.h"

static uint8_t bytes[64];

static struct pl_cp_attribute of_len(uint16_t type, size_t len)
{
	return (struct pl_cp_attribute){ .type = type, .value = slice_of(bytes, len) };
}

static void each_row_is_there_once_and_found(void **state)
{
	size_t n;
	const struct cp_attribute *rows = cp_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(cp_find(rows[i].type), &rows[i]);
		assert_string_equal(cp_name(rows[i].type), rows[i].name);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rows[i].name, rows[j].name);
	}
	assert_null(cp_find(5));
	assert_string_equal(cp_name(5), "unknown attribute");
}

static void each_length_but_the_right_ones_is_seen(void **state)
{
	size_t n;
	const struct cp_attribute *rows = cp_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t len = 0; len < sizeof(bytes); len++) {
			bool right = len == 0 || (rows[i].bytes ? len == rows[i].bytes
								: len % rows[i].unit_bytes == 0);
			struct pl_cp_attribute a = of_len(rows[i].type, len);
			assert_int_equal(cp_well_formed(&a), right);
		}
	}
	struct pl_cp_attribute unknown = of_len(28672, 7);
	assert_true(cp_well_formed(&unknown));
}

static void check_addr(uint16_t type, const char *hex, const char *text, int bits)
{
	uint8_t value[32], again[40];
	char buf[ADDR_TEXT_MAX_BYTES];
	struct addr addr;
	uint8_t got = 0;
	struct pl_cp_attribute a = { .type = type };
	a.value = slice_of(value, unit_hex(hex, value, sizeof(value)));
	if (bits < 0) {
		assert_false(cp_value_addr(&a, &addr, &got));
		return;
	}
	assert_true(cp_value_addr(&a, &addr, &got));
	assert_string_equal(addr_text(&addr, buf), text);
	assert_int_equal(got, bits);
	/* and back */
	struct wr w = wr_of(again, sizeof(again));
	cp_emit_addr(&w, type, &addr, got);
	struct rd r = rd_of_slice(wr_slice_of(&w));
	assert_true(pl_cp_next(&r, &a));
	assert_int_equal(a.type, type);
	assert_int_equal(a.value.len, unit_hex(hex, value, sizeof(value)));
	assert_memory_equal(a.value.p, value, a.value.len);
	assert_true(rd_done(&r));
}

static void addresses_are_read_with_what_belongs_to_them(void **state)
{
	(void)state;
	check_addr(CP_IP4_ADDRESS, "0a090001", "10.9.0.1", 32);
	check_addr(CP_IP4_DNS, "0a020035", "10.2.0.53", 32);
	check_addr(CP_IP4_SUBNET, "0a020000ffff0000", "10.2.0.0", 16);
	check_addr(CP_IP4_SUBNET, "0000000000000000", "0.0.0.0", 0);
	check_addr(CP_IP4_SUBNET, "0a020001ffffffff", "10.2.0.1", 32);
	check_addr(CP_IP6_ADDRESS, "fd090000000000000000000000000001 40", "fd09::1", 64);
	check_addr(CP_IP6_DNS, "fd020000000000000000000000000053", "fd02::53", 128);
	check_addr(CP_IP6_SUBNET, "fd020000000000000000000000000000 00", "fd02::", 0);
}

static void what_is_no_address_is_refused(void **state)
{
	(void)state;
	check_addr(CP_IP4_ADDRESS, "", NULL, -1);
	check_addr(CP_IP4_ADDRESS, "0a0900", NULL, -1);
	check_addr(CP_IP4_ADDRESS, "0a09000101", NULL, -1);
	check_addr(CP_IP4_SUBNET, "0a020000ff00ff00", NULL, -1);
	check_addr(CP_IP4_SUBNET, "0a02000000000001", NULL, -1);
	check_addr(CP_IP6_ADDRESS, "fd090000000000000000000000000001", NULL, -1);
	check_addr(CP_IP6_ADDRESS, "fd090000000000000000000000000001 81", NULL, -1);
	check_addr(CP_DNS_DOMAIN, "0a090001", NULL, -1);
	check_addr(28672, "0a090001", NULL, -1);
}

static void what_we_support_is_listed(void **state)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct pl_cp_attribute a;
	size_t n_listed = 0;
	(void)state;
	cp_emit_supported(&w);
	struct rd r = rd_of_slice(wr_slice_of(&w));
	assert_true(pl_cp_next(&r, &a));
	assert_int_equal(a.type, CP_SUPPORTED_ATTRIBUTES);
	assert_true(cp_well_formed(&a));
	for (struct rd list = rd_of_slice(a.value); rd_left(&list); n_listed++)
		assert_true(cp_find(rd_u16(&list))->supported);
	assert_true(n_listed >= 10);
}

static void a_buffer_that_is_too_small_is_a_fault(void **state)
{
	uint8_t buf[7];
	struct wr w = wr_of(buf, sizeof(buf));
	struct addr a;
	(void)state;
	assert_int_equal(addr_parse("10.9.0.1", &a), 0);
	cp_emit_addr(&w, CP_IP4_ADDRESS, &a, 32);
	assert_true(w.bad);
	w = wr_of(buf, sizeof(buf));
	cp_emit(&w, CP_DNS_DOMAIN, slice_of("a.b", 3));
	assert_false(w.bad);
	cp_emit(&w, CP_DNS_DOMAIN, slice_of(NULL, 0));
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("each row is there once, and found", each_row_is_there_once_and_found),
		UNIT("each length but the right ones is seen",
		     each_length_but_the_right_ones_is_seen),
		UNIT("addresses are read with what belongs to them",
		     addresses_are_read_with_what_belongs_to_them),
		UNIT("what is no address is refused", what_is_no_address_is_refused),
		UNIT("what we support is listed", what_we_support_is_listed),
		UNIT("a buffer that is too small is a fault",
		     a_buffer_that_is_too_small_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
