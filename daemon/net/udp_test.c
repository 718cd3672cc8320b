/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets over loopback: addresses of both ends, the NAT-T marker, what is dropped.
 * In a namespace of its own where that is allowed (the privileged options need it).
 */
#include "net/udp.h"

#include <sys/socket.h>

#include "base/loop.h"
#include "net/netns_unit.h"

enum { N_KEPT = 64, KEPT_MAX_BYTES = 128 };

struct kept {
	struct udp_packet packet;
	uint8_t bytes[KEPT_MAX_BYTES];
};

/* Two parties, each with one socket for IKE and one for NAT-T in the family at hand. */
struct party {
	struct udp_sockets *sockets;
	struct addr plain, natt; /* wildcard addresses with the ports */
	struct kept kept[N_KEPT];
	size_t n_kept, n_wanted, last_len;
	struct loop *loop;
};

struct fixture {
	struct loop *loop;
	struct party a, b;
};

static bool have_netns;

static struct addr parsed(const char *text, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	a.port = port;
	return a;
}

static void keep(void *arg, const struct udp_packet *packet)
{
	struct party *p = arg;
	struct kept *k = &p->kept[p->n_kept % N_KEPT];

	p->last_len = packet->bytes.len;
	k->packet = *packet;
	if (packet->bytes.len <= sizeof(k->bytes)) {
		memcpy(k->bytes, packet->bytes.p, packet->bytes.len);
		k->packet.bytes.p = k->bytes;
	}
	if (++p->n_kept == p->n_wanted)
		loop_stop(p->loop);
}

static struct udp_socket_fd open_one(const char *bind_text, bool natt)
{
	struct udp_socket_fd s = { .bound = parsed(bind_text, 0), .natt = natt };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct err err;

	/* Without UDP_NATT: the kernel would take away what this test looks at. */
	if (udp_open(&s.bound, 0, &s.fd, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(getsockname(s.fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, len, &s.bound), 0);
	return s;
}

static void party_init(struct party *p, struct loop *l, const char *bind_text)
{
	struct udp_socket_fd fds[] = { open_one(bind_text, false), open_one(bind_text, true) };

	p->loop = l;
	p->plain = fds[0].bound;
	p->natt = fds[1].bound;
	p->sockets = udp_sockets_new(l, fds, N_ELEMENTS(fds), keep, p);
	assert_non_null(p->sockets);
}

static struct fixture *fixture_new(const char *bind_text)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->loop = loop_new();
	party_init(&f->a, f->loop, bind_text);
	party_init(&f->b, f->loop, bind_text);
	return f;
}

static void fixture_free(struct fixture *f)
{
	udp_sockets_free(f->a.sockets);
	udp_sockets_free(f->b.sockets);
	loop_free(f->loop);
	free(f);
}

DEFINE_FREEP(struct fixture, fixture_free)

static void on_too_late(void *arg)
{
	loop_stop(arg);
}

/* Runs until the party has n packets; fails after 5 s. */
static void wait_for(struct party *p, size_t n)
{
	struct loop_timer *deadline = loop_timer_new(p->loop, on_too_late, p->loop);

	p->n_wanted = n;
	loop_timer_arm(deadline, 5000);
	if (p->n_kept < n)
		assert_int_equal(loop_run(p->loop), 0);
	loop_timer_free(deadline);
	assert_int_equal(p->n_kept, n);
}

static void send_text(struct party *from, const struct addr *local, const struct addr *to,
		      bool natt, const char *text)
{
	assert_int_equal(udp_send(udp_sockets_port(from->sockets), local, to, natt,
				  slice_of(text, strlen(text))),
			 0);
}

static struct addr at(const char *text, const struct addr *port_of)
{
	return parsed(text, port_of->port);
}

/* From x of a to y of b and back; both ends see both addresses and ports. */
static void exchange(const char *wildcard, const char *x, const char *y, bool natt)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new(wildcard);
	struct addr a = at(x, natt ? &f->a.natt : &f->a.plain);
	struct addr b = at(y, natt ? &f->b.natt : &f->b.plain);
	const struct udp_packet *got = &f->b.kept[0].packet;

	send_text(&f->a, &a, &b, natt, "hello");
	wait_for(&f->b, 1);
	assert_true(addr_eq_port(&got->local, &b));
	assert_true(addr_eq_port(&got->peer, &a));
	assert_true(got->natt == natt);
	assert_true(slice_eq(got->bytes, slice_of("hello", 5)));

	send_text(&f->b, &got->local, &got->peer, natt, "back");
	wait_for(&f->a, 1);
	got = &f->a.kept[0].packet;
	assert_true(addr_eq_port(&got->local, &a));
	assert_true(addr_eq_port(&got->peer, &b));
	assert_true(slice_eq(got->bytes, slice_of("back", 4)));
}

static void test_v4_packets_keep_both_addresses(void **state)
{
	(void)state;
	exchange("0.0.0.0", "127.0.0.2", "127.0.0.3", false);
	exchange("0.0.0.0", "127.0.0.2", "127.0.0.3", true);
	exchange("127.0.0.4", "127.0.0.4", "127.0.0.4", false);
}

static void need_netns(void)
{
	if (!have_netns)
		skip();
}

static void test_v6_packets_keep_both_addresses(void **state)
{
	(void)state;
	need_netns();
	netns_address(true, "2001:db8::2/128");
	netns_address(true, "2001:db8::3/128");
	netns_address(true, "fe80::5/64");
	exchange("::", "2001:db8::2", "2001:db8::3", false);
	exchange("::", "2001:db8::2", "2001:db8::3", true);
	exchange("::", "::1", "2001:db8::2", true);
	exchange("2001:db8::3", "2001:db8::3", "2001:db8::3", false);
	exchange("::", "fe80::5%1", "fe80::5%1", false);
}

static void test_the_kernel_chooses_a_source_if_nobody_does(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr b = at("127.0.0.1", &f->b.plain), unset = { 0 }, want;

	(void)state;
	send_text(&f->a, &unset, &b, false, "x");
	wait_for(&f->b, 1);
	want = at("127.0.0.1", &f->a.plain);
	assert_true(addr_eq_port(&f->b.kept[0].packet.peer, &want));
}

/* To the NAT-T port of b, from the other socket of a: no marker is added. */
static void send_raw(struct fixture *f, const void *bytes, size_t len)
{
	struct addr a = at("127.0.0.1", &f->a.plain), b = at("127.0.0.1", &f->b.natt);
	assert_int_equal(
		udp_send(udp_sockets_port(f->a.sockets), &a, &b, false, slice_of(bytes, len)), 0);
}

static void test_natt_ports_pass_nothing_but_ike(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr a = at("127.0.0.1", &f->a.natt), b = at("127.0.0.1", &f->b.natt);
	const struct udp_counters *counters = udp_sockets_counters(f->b.sockets);

	(void)state;
	send_raw(f, "\xff", 1);
	assert_int_equal(udp_keepalive(udp_sockets_port(f->a.sockets), &a, &b), 0);
	send_raw(f,
		 "\0\0\0\x01"
		 "ESP",
		 7);
	send_raw(f, "\xff\xff\xff\xff", 4);
	send_raw(f, "\0\0\0", 3);
	send_raw(f, "", 0);
	send_raw(f, "\xfe", 1);
	send_raw(f, "\0\0\0\0IKE", 7);
	send_raw(f, "\0\0\0\0", 4);
	wait_for(&f->b, 2);
	assert_true(slice_eq(f->b.kept[0].packet.bytes, slice_of("IKE", 3)));
	assert_int_equal(f->b.kept[1].packet.bytes.len, 0);
	assert_int_equal(counters->n_received, 9);
	assert_int_equal(counters->n_keepalives, 2);
	assert_int_equal(counters->n_not_ike, 5);
	assert_int_equal(udp_sockets_counters(f->a.sockets)->n_sent, 9);
}

static void test_the_marker_stands_before_what_natt_sends(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr a = at("127.0.0.1", &f->a.natt), b = at("127.0.0.1", &f->b.plain);

	(void)state;
	send_text(&f->a, &a, &b, true, "IKE");
	wait_for(&f->b, 1);
	assert_true(slice_eq(f->b.kept[0].packet.bytes, slice_of("\0\0\0\0IKE", 7)));
}

static void test_plain_ports_pass_everything(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr a = at("127.0.0.1", &f->a.plain), b = at("127.0.0.1", &f->b.plain);

	(void)state;
	send_text(&f->a, &a, &b, false, "\xff");
	wait_for(&f->b, 1);
	assert_int_equal(f->b.kept[0].packet.bytes.len, 1);
}

static void test_more_packets_than_a_batch_arrive_in_order(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr a = at("127.0.0.1", &f->a.plain), b = at("127.0.0.1", &f->b.plain);

	(void)state;
	for (uint8_t i = 0; i < 50; i++)
		assert_int_equal(udp_send(udp_sockets_port(f->a.sockets), &a, &b, false,
					  slice_of(&i, 1)),
				 0);
	wait_for(&f->b, 50);
	for (uint8_t i = 0; i < 50; i++)
		assert_int_equal(f->b.kept[i].bytes[0], i);
}

static void test_the_longest_datagram_arrives_whole(void **state)
{
	enum { LONGEST_BYTES = 65535 - 20 - 8 };
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr a = at("127.0.0.1", &f->a.plain), b = at("127.0.0.1", &f->b.plain);
	uint8_t *bytes = calloc(1, LONGEST_BYTES + 1);
	struct udp *u = udp_sockets_port(f->a.sockets);

	(void)state;
	assert_int_equal(udp_send(u, &a, &b, false, slice_of(bytes, LONGEST_BYTES + 1)), -EMSGSIZE);
	assert_int_equal(udp_sockets_counters(f->a.sockets)->n_send_errors, 1);
	assert_int_equal(udp_send(u, &a, &b, false, slice_of(bytes, LONGEST_BYTES)), 0);
	wait_for(&f->b, 1);
	assert_int_equal(f->b.last_len, LONGEST_BYTES);
	free(bytes);
}

static void test_a_closed_port_does_not_disturb(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	struct addr a = at("127.0.0.1", &f->a.plain), b = at("127.0.0.1", &f->b.plain);
	struct udp_socket_fd closed = open_one("127.0.0.1", false);

	(void)state;
	close(closed.fd);
	for (int i = 0; i < 3; i++)
		send_text(&f->a, &a, &closed.bound, false, "x");
	send_text(&f->a, &a, &b, false, "x");
	send_text(&f->b, &b, &a, false, "y");
	wait_for(&f->a, 1);
	wait_for(&f->b, 1);
}

static void test_a_family_or_address_without_socket_is_refused(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("127.0.0.2");
	struct addr v6 = parsed("::1", 500), v4 = parsed("127.0.0.1", 500), none = { 0 }, local;
	struct udp *u = udp_sockets_port(f->a.sockets);

	(void)state;
	assert_int_equal(udp_send(u, &none, &v6, false, slice_of("x", 1)), -EAFNOSUPPORT);
	assert_int_equal(udp_send(u, &v4, &v4, false, slice_of("x", 1)), -EADDRNOTAVAIL);
	assert_int_equal(udp_send(u, &none, &none, false, slice_of("x", 1)), -EAFNOSUPPORT);
	assert_int_equal(udp_source(u, &v6, &local), -EAFNOSUPPORT);
}

static void test_the_source_is_what_the_routes_say(void **state)
{
	CLEANUP(fixture_freep)
	struct fixture *f = fixture_new("0.0.0.0");
	CLEANUP(fixture_freep)
	struct fixture *bound = fixture_new("127.0.0.2");
	struct addr peer = parsed("127.0.0.1", 500), local, far = parsed("192.0.2.1", 500);
	struct addr want = at("127.0.0.1", &f->a.plain);

	(void)state;
	assert_int_equal(udp_source(udp_sockets_port(f->a.sockets), &peer, &local), 0);
	assert_true(addr_eq_port(&local, &want));
	/* Bound to one address: nothing is sent from another. */
	assert_int_equal(udp_source(udp_sockets_port(bound->a.sockets), &peer, &local), 0);
	assert_true(addr_eq_port(&local, &bound->a.plain));
	need_netns();
	assert_int_equal(udp_source(udp_sockets_port(f->a.sockets), &far, &local), -ENETUNREACH);
	/* And again: the refusal left nothing behind. */
	assert_int_equal(udp_source(udp_sockets_port(f->a.sockets), &peer, &local), 0);
}

static void test_the_source_of_v6_is_what_the_routes_say(void **state)
{
	struct fixture *f;
	struct addr peer = parsed("::1", 500), far = parsed("2001:db8:ffff::1", 500), local, want;

	(void)state;
	need_netns();
	f = fixture_new("::");
	want = at("::1", &f->a.plain);
	assert_int_equal(udp_source(udp_sockets_port(f->a.sockets), &peer, &local), 0);
	assert_true(addr_eq_port(&local, &want));
	assert_int_equal(udp_source(udp_sockets_port(f->a.sockets), &far, &local), -ENETUNREACH);
	netns_address(true, "fe80::6/64");
	peer = parsed("fe80::6%1", 500);
	assert_int_equal(udp_source(udp_sockets_port(f->a.sockets), &peer, &local), 0);
	assert_true(addr_eq(&local, &peer));
	netns_address(false, "fe80::6/64");
	fixture_free(f);
}

static void test_a_port_in_use_is_an_error_with_a_reason(void **state)
{
	struct udp_socket_fd first = open_one("127.0.0.1", false);
	struct err err;
	int fd = -1;

	(void)state;
	assert_int_equal(udp_open(&first.bound, 0, &fd, &err), -EADDRINUSE);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(err.text, "listening on 127.0.0.1["));
	assert_non_null(strstr(err.text, "in use"));
	close(first.fd);
	assert_int_equal(udp_open(&(struct addr){ 0 }, 0, &fd, &err), -EAFNOSUPPORT);
}

static void test_a_group_shares_its_port(void **state)
{
	struct addr any = parsed("0.0.0.0", 0), port = any;
	int first = -1, second = -1;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct err err;

	(void)state;
	assert_int_equal(udp_open(&any, UDP_REUSE_PORT, &first, &err), 0);
	assert_int_equal(getsockname(first, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, len, &port), 0);
	assert_int_equal(udp_open(&port, UDP_REUSE_PORT, &second, &err), 0);
	close(first);
	close(second);
}

/* The kernel's own view of a socket that udp_open() made with every option. */
static void test_privileged_options_are_set(void **state)
{
	static const char *const wildcards[] = { "0.0.0.0", "::" };

	(void)state;
	need_netns();
	for (size_t i = 0; i < N_ELEMENTS(wildcards); i++) {
		struct addr any = parsed(wildcards[i], 0);
		struct err err;
		int fd, encap = 0;
		socklen_t len = sizeof(encap);
		int r = udp_open(&any, UDP_NATT | UDP_REUSE_PORT | UDP_BYPASS, &fd, &err);
		if (r == -ENOPROTOOPT || r == -EOPNOTSUPP)
			skip(); /* a kernel without XFRM */
		if (r < 0)
			fail_msg("%s", err.text);
		/* IPPROTO_UDP, UDP_ENCAP; 2 is ESPINUDP */
		assert_int_equal(getsockopt(fd, 17, 100, &encap, &len), 0);
		assert_int_equal(encap, 2);
		close(fd);
	}
}

/* One byte through a socket opened with the flags; negative errno. */
static int send_through(const char *wildcard, const char *to_text, unsigned int flags)
{
	struct addr any = parsed(wildcard, 0), to = parsed(to_text, 500);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&to, &ss);
	struct err err;
	int fd, r = 0;

	if (udp_open(&any, flags, &fd, &err) < 0)
		fail_msg("%s", err.text);
	if (sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len) < 0)
		r = -errno;
	close(fd);
	return r;
}

static void test_a_bypass_socket_never_meets_the_spd(void **state)
{
	static const char *const rows[][2] = { { "0.0.0.0", "127.0.0.1" }, { "::", "::1" } };

	(void)state;
	need_netns();
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct addr any = parsed(rows[i][0], 0);
		if (!netns_block_udp(any.family, true))
			skip();
		assert_int_equal(send_through(rows[i][0], rows[i][1], 0), -EPERM);
		assert_int_equal(send_through(rows[i][0], rows[i][1], UDP_BYPASS), 0);
		assert_true(netns_block_udp(any.family, false));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("IPv4 packets keep both addresses", test_v4_packets_keep_both_addresses),
		UNIT("IPv6 packets keep both addresses", test_v6_packets_keep_both_addresses),
		UNIT("the kernel chooses a source if nobody does",
		     test_the_kernel_chooses_a_source_if_nobody_does),
		UNIT("NAT-T ports pass nothing but IKE", test_natt_ports_pass_nothing_but_ike),
		UNIT("the marker stands before what NAT-T sends",
		     test_the_marker_stands_before_what_natt_sends),
		UNIT("plain ports pass everything", test_plain_ports_pass_everything),
		UNIT("more packets than a batch arrive in order",
		     test_more_packets_than_a_batch_arrive_in_order),
		UNIT("the longest datagram arrives whole, a longer one is refused",
		     test_the_longest_datagram_arrives_whole),
		UNIT("a closed port does not disturb", test_a_closed_port_does_not_disturb),
		UNIT("a family or an address without socket is refused",
		     test_a_family_or_address_without_socket_is_refused),
		UNIT("the source is what the routes say", test_the_source_is_what_the_routes_say),
		UNIT("the source of IPv6 is what the routes say",
		     test_the_source_of_v6_is_what_the_routes_say),
		UNIT("a port in use is an error with a reason",
		     test_a_port_in_use_is_an_error_with_a_reason),
		UNIT("a group shares its port", test_a_group_shares_its_port),
		UNIT("privileged options are set", test_privileged_options_are_set),
		UNIT("a bypass socket never meets the SPD",
		     test_a_bypass_socket_never_meets_the_spd),
	};

	have_netns = netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
