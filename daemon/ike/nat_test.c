/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes computed with Python's hashlib. */
#include "ike/nat.h"

#include "base/unit.h"
#include "msg/notify.h"

static const uint64_t spi_i = UINT64_C(0x0102030405060708), spi_r = UINT64_C(0x1112131415161718);

static struct addr address(const char *text, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	a.port = port;
	return a;
}

static void hashes(void **state)
{
	uint8_t got[20], want[20];
	struct addr v4 = address("192.0.2.1", 500), v6 = address("2001:db8::1", 4500);
	(void)state;
	assert_int_equal(nat_hash(spi_i, 0, &v4, got), 0);
	unit_hex("644b4575455bd6fcc1efe2be8162a9218e448e5f", want, 20);
	assert_memory_equal(got, want, 20);
	assert_int_equal(nat_hash(spi_i, spi_r, &v6, got), 0);
	unit_hex("1ee24423bf8f59515e0265c6d0f08be3d038f7e5", want, 20);
	assert_memory_equal(got, want, 20);
}

/* What a receiver at local says of a message that left from for to. */
static struct nat check(const struct addr *from, const struct addr *to, const struct addr *local,
			const struct addr *peer, bool lie)
{
	uint8_t buf[256];
	struct msg_writer mw;
	struct slice out;
	struct msg m;
	struct arena arena;
	struct nat nat;
	const char *why;
	uint8_t at;
	const struct ike_header h = { .spi_i = spi_i,
				      .exchange = EXCHANGE_IKE_SA_INIT,
				      .flags = IKE_FLAG_INITIATOR };
	struct ike_header got;

	arena_init(&arena, MSG_ARENA_BYTES);
	msg_writer_init(&mw, buf, sizeof(buf), &h);
	assert_int_equal(nat_emit(&mw, spi_i, 0, from, to, lie), 0);
	assert_int_equal(msg_writer_end(&mw, &out), 0);
	assert_int_equal(header_parse(out, &got, &why), 0);
	assert_int_equal(msg_parse(out, &got, &arena, &m, &at, &why), 0);
	assert_int_equal(nat_check(&m.outer, spi_i, 0, local, peer, &nat), 0);
	arena_clear(&arena);
	return nat;
}

static void who_is_behind(void **state)
{
	struct addr a = address("10.0.0.1", 500), b = address("192.0.2.2", 500);
	struct addr outside = address("198.51.100.7", 500), shifted = address("10.0.0.1", 1024);
	struct nat nat;
	(void)state;
	nat = check(&a, &b, &b, &a, false);
	assert_true(nat.supported && !nat.local && !nat.peer);
	nat = check(&a, &b, &b, &outside, false);
	assert_true(nat.supported && !nat.local && nat.peer);
	/* a port alone is enough */
	nat = check(&a, &b, &b, &shifted, false);
	assert_true(nat.peer);
	/* sent to the outside, received inside */
	nat = check(&b, &outside, &a, &b, false);
	assert_true(nat.local && !nat.peer);
	nat = check(&a, &b, &b, &a, true);
	assert_true(nat.peer && !nat.local);
}

static void not_supported(void **state)
{
	struct payload_set none = { 0 };
	struct addr a = address("10.0.0.1", 500);
	struct nat nat = { true, true, true };
	(void)state;
	assert_int_equal(nat_check(&none, spi_i, 0, &a, &a, &nat), 0);
	assert_true(!nat.supported && !nat.local && !nat.peer);
}

static void several_sources(void **state)
{
	uint8_t wrong[20] = { 1 }, right[20], to[20];
	struct addr a = address("10.0.0.1", 500), b = address("192.0.2.2", 500);
	struct nat nat;
	(void)state;
	assert_int_equal(nat_hash(spi_i, 0, &a, right), 0);
	assert_int_equal(nat_hash(spi_i, 0, &b, to), 0);
	struct pl_notify n[] = {
		{ .type = N_NAT_DETECTION_SOURCE_IP, .data = { wrong, 20 } },
		{ .type = N_NAT_DETECTION_SOURCE_IP, .data = { right, 20 } },
		{ .type = N_NAT_DETECTION_DESTINATION_IP, .data = { to, 20 } },
	};
	struct payload_set pl = { .notifies = n, .n_notifies = 3 };
	assert_int_equal(nat_check(&pl, spi_i, 0, &b, &a, &nat), 0);
	assert_true(nat.supported && !nat.peer && !nat.local);
	/* a hash of another length is not equal */
	n[1].data.len = 19;
	assert_int_equal(nat_check(&pl, spi_i, 0, &b, &a, &nat), 0);
	assert_true(nat.peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("hashes are those of the RFC for both families", hashes),
		UNIT("who is behind a NAT shows", who_is_behind),
		UNIT("without the notifies nothing is said", not_supported),
		UNIT("one right source of several is enough", several_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
