/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a real kernel tells keydb unasked: acquires, expiries, changes, mappings, and that events were
 * lost.  Runs as root; an argument chooses tests by name ("expiry_*").
 */
#include "keydb_lab.h"

#include <errno.h>
#include <linux/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 8000 };

static struct keydb_event event; /* the last one read */

static bool next_event(struct keydb_events *e, enum keydb_event_kind kind, int wait_ms)
{
	int64_t deadline_ms = now_ms() + wait_ms;
	for (;;) {
		int rc = keydb_events_next(e, &event);
		assert_true(rc >= 0);
		if (rc == 1 && event.kind == kind)
			return true;
		int64_t left_ms = deadline_ms - now_ms();
		if (left_ms <= 0)
			return false;
		if (rc == 0) {
			struct pollfd p = { .fd = keydb_events_fd(e), .events = POLLIN };
			poll(&p, 1, (int)left_ms);
		}
	}
}

static struct keydb_events *events(uint32_t mask)
{
	struct keydb_events *e;
	assert_int_equal(keydb_events_open(mask, &e), 0);
	return e;
}

static void acquire_of(const char *words, int v6)
{
	struct keydb_events *e = events(KEYDB_EVENTS_ACQUIRE);
	union keydb_addr src = addr(ends[v6][0]), dst = addr(ends[v6][1]);
	add_out_policy(words, v6);
	send_udp(v6, 10);
	assert_true(next_event(e, KEYDB_EVENT_ACQUIRE, WAIT_MS));
	assert_memory_equal(&event.sa.id.src, &src, sizeof(src));
	assert_memory_equal(&event.sa.id.dst, &dst, sizeof(dst));
	assert_int_equal(event.sa.id.proto, KEYDB_PROTO_ESP);
	assert_int_equal(event.sel.proto, 17);
	assert_int_equal(event.sel.dst_port, 9);
	assert_int_equal(event.policy.n_templates, 1);
	assert_int_not_equal(event.policy.index, 0);
	assert_int_equal(event.sa.reqid, event.policy.templates[0].reqid);
	struct keydb_sa larval = event.sa;
	assert_int_equal(n_sas(KEYDB_PROTO_ESP), 1);

	/* The larval SA keeps the kernel from asking again, until it is dropped. */
	send_udp(v6, 10);
	assert_false(next_event(e, KEYDB_EVENT_ACQUIRE, 300));
	worked(keydb_acquire_drop(db, &larval));
	assert_int_equal(n_sas(KEYDB_PROTO_ESP), 0);
	send_udp(v6, 10);
	assert_true(next_event(e, KEYDB_EVENT_ACQUIRE, WAIT_MS));
	assert_int_not_equal(event.seq, larval.kernel_seq);
	keydb_events_close(e);
}

static void acquire_in_transport_mode(void **state)
{
	(void)state;
	acquire_of("out ipsec esp/transport//unique:7", 0);
	worked(keydb_sa_flush(db, KEYDB_PROTO_ANY));
	acquire_of("out ipsec esp/transport//require", 1);
}

static void acquire_in_tunnel_mode(void **state)
{
	(void)state;
	acquire_of("out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique", 0);
	worked(keydb_sa_flush(db, KEYDB_PROTO_ANY));
	acquire_of("out ipsec esp/tunnel/2001:db8::1-2001:db8::2/require", 1);
}

static void acquire_is_answered_by_its_sa(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_ACQUIRE);
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TRANSPORT), back;
	(void)state;
	add_out_policy("out ipsec esp/transport//unique:77", 0);
	send_udp(0, 10);
	assert_true(next_event(e, KEYDB_EVENT_ACQUIRE, WAIT_MS));
	sa.kernel_seq = event.seq;
	worked(keydb_sa_add(db, &sa));
	assert_int_equal(n_sas(KEYDB_PROTO_ESP), 1); /* the larval one is gone */
	send_udp(0, 10);
	worked(keydb_sa_get(db, &sa.id, &back));
	assert_true(back.usage.packets > 0);
	assert_true(back.seq_out > 0);
	assert_true(back.usage.use_time > 0);
	keydb_events_close(e);
}

static void expiry_by_time_is_soft_then_hard(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_EXPIRE);
	struct keydb_sa sa = plain_sa(1, KEYDB_MODE_TUNNEL), back;
	(void)state;
	sa.limits.soft_add_sec = 1;
	sa.limits.hard_add_sec = 3;
	worked(keydb_sa_add(db, &sa));
	assert_true(next_event(e, KEYDB_EVENT_EXPIRE, WAIT_MS));
	assert_false(event.hard);
	assert_int_equal(event.sa.id.spi, sa.id.spi);
	worked(keydb_sa_get(db, &sa.id, &back));
	assert_int_equal(back.state, KEYDB_SA_DYING);
	assert_true(next_event(e, KEYDB_EVENT_EXPIRE, WAIT_MS));
	assert_true(event.hard);
	failed_with(keydb_sa_get(db, &sa.id, &back), -ESRCH);
	keydb_events_close(e);
}

static void expiry_by_bytes_is_soft_then_hard(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_EXPIRE);
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TRANSPORT);
	(void)state;
	sa.limits.soft_bytes = 1;
	sa.limits.hard_bytes = 1000;
	add_out_policy("out ipsec esp/transport//unique:77", 0);
	worked(keydb_sa_add(db, &sa));
	send_udp(0, 500);
	send_udp(0, 500);
	assert_true(next_event(e, KEYDB_EVENT_EXPIRE, WAIT_MS));
	assert_false(event.hard);
	assert_true(event.sa.usage.bytes >= 500);
	send_udp(0, 500);
	assert_true(next_event(e, KEYDB_EVENT_EXPIRE, WAIT_MS));
	assert_true(event.hard);
	keydb_events_close(e);
}

static void expiry_of_a_policy(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_EXPIRE);
	struct keydb_policy p = policy_of("out none", 0);
	(void)state;
	p.limits.hard_add_sec = 1;
	worked(keydb_policy_add(db, &p));
	assert_true(next_event(e, KEYDB_EVENT_POLICY_EXPIRE, WAIT_MS));
	assert_true(event.hard);
	assert_int_equal(event.policy.sel.dst_bits, 25);
	keydb_events_close(e);
}

static void change_of_any_entry_is_told(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_SA | KEYDB_EVENTS_POLICY);
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL);
	struct keydb_policy p = policy_of("out none", 1);
	(void)state;
	worked(keydb_sa_add(db, &sa));
	assert_true(next_event(e, KEYDB_EVENT_SA_CHANGE, WAIT_MS));
	assert_false(event.deleted);
	same_sa(&sa, &event.sa);
	worked(keydb_sa_delete(db, &sa.id));
	assert_true(next_event(e, KEYDB_EVENT_SA_CHANGE, WAIT_MS));
	assert_true(event.deleted);
	assert_int_equal(event.sa.id.spi, sa.id.spi);
	worked(keydb_policy_add(db, &p));
	assert_true(next_event(e, KEYDB_EVENT_POLICY_CHANGE, WAIT_MS));
	same_policy(&p, &event.policy);
	worked(keydb_policy_delete(db, &p));
	assert_true(next_event(e, KEYDB_EVENT_POLICY_CHANGE, WAIT_MS));
	assert_true(event.deleted);
	worked(keydb_sa_add(db, &sa));
	worked(keydb_policy_add(db, &p));
	worked(keydb_sa_flush(db, KEYDB_PROTO_ANY));
	assert_true(next_event(e, KEYDB_EVENT_FLUSH_SA, WAIT_MS));
	assert_int_equal(event.sa.id.proto, KEYDB_PROTO_ANY);
	worked(keydb_policy_flush(db));
	assert_true(next_event(e, KEYDB_EVENT_FLUSH_POLICY, WAIT_MS));
	assert_int_equal(keydb_events_next(e, &event), 0);
	keydb_events_close(e);
}

/* An ESP packet in UDP from a port that the SA does not know. */
static void change_of_the_peers_port_is_told(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_MAPPING);
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TRANSPORT);
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons(4500),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in there = here;
	/* SPI, sequence number; a UDP header; padding, its length, the protocol. */
	static const uint8_t esp[] = { 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 9,
				       0, 9, 0,    8, 0, 0, 1, 2, 2, 17 };
	int encap = UDP_ENCAP_ESPINUDP;
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	(void)state;
	sa.id.src = sa.id.dst = addr("127.0.0.1");
	memset(&sa.auth, 0, sizeof(sa.auth));
	set_alg(&sa.encr, keydb_alg_by_id(KEYDB_ALG_NULL), true);
	sa.encap_src_port = 4501;
	sa.encap_dst_port = 4500;
	worked(keydb_sa_add(db, &sa));
	assert_int_equal(bind(in, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(setsockopt(in, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)), 0);
	there.sin_port = htons(5555);
	assert_int_equal(bind(out, (struct sockaddr *)&there, sizeof(there)), 0);
	assert_int_equal(sendto(out, esp, sizeof(esp), 0, (struct sockaddr *)&here, sizeof(here)),
			 sizeof(esp));
	assert_true(next_event(e, KEYDB_EVENT_MAPPING, WAIT_MS));
	assert_int_equal(event.sa.id.spi, 0x1000);
	assert_int_equal(event.sa.encap_src_port, 4501);
	assert_int_equal(ntohs(event.new_addr.sin.sin_port), 5555);
	assert_int_equal(event.new_addr.sin.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	close(in);
	close(out);
	keydb_events_close(e);
}

static void overrun_of_events_is_told(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_POLICY);
	struct keydb_policy p = policy_of("out none", 0);
	int size = 4096;
	(void)state;
	assert_int_equal(setsockopt(keydb_events_fd(e), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
			 0);
	for (uint32_t i = 0; i < 100; i++) {
		p.sel.dst.sin.sin_addr.s_addr = htonl(0x0a000000 + i);
		p.sel.dst_bits = 32;
		worked(keydb_policy_add(db, &p));
	}
	assert_true(next_event(e, KEYDB_EVENT_OVERRUN, WAIT_MS));
	while (keydb_events_next(e, &event) == 1)
		;
	worked(keydb_policy_flush(db)); /* it hears again */
	assert_true(next_event(e, KEYDB_EVENT_FLUSH_POLICY, WAIT_MS));
	keydb_events_close(e);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LINKED(acquire_in_transport_mode),         LINKED(acquire_in_tunnel_mode),
		LINKED(acquire_is_answered_by_its_sa),     CASE(expiry_by_time_is_soft_then_hard),
		LINKED(expiry_by_bytes_is_soft_then_hard), CASE(expiry_of_a_policy),
		CASE(change_of_any_entry_is_told),         LINKED(change_of_the_peers_port_is_told),
		CASE(overrun_of_events_is_told),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
