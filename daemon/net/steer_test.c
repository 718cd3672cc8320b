/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups of sockets on loopback: the kernel runs the program, and each datagram must be where
 * its SPIs say, or where the hash of its source says.
 */
#include "net/steer.h"

#include <poll.h>
#include <sys/socket.h>

#include "net/netns_unit.h"
#include "net/udp.h"

enum { N_ENGINES = 5, IKE_BYTES = 28, WAIT_MS = 5000 };

static bool have_netns;

struct group {
	struct addr at;
	bool natt;
	size_t n;
	int fds[UDP_GROUP_MAX];
};

static struct addr parsed(const char *text, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	a.port = port;
	return a;
}

/* Ports of our own namespace are all free. */
static struct group group_new(const char *text, bool natt, size_t n)
{
	struct group g = { .at = parsed(text, natt ? 4500 : 500), .natt = natt, .n = n };
	struct err err;
	if (udp_open_group(&g.at, 0, n, g.fds, &err) < 0)
		fail_msg("%s", err.text);
	/* Without UDP_NATT, which would take away what is no IKE, the program is that of a plain port. */
	if (natt)
		assert_int_equal(steer_attach(g.fds[0], g.at.family, true, n), 0);
	return g;
}

static void group_free(struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		close(g->fds[i]);
}

/* Sends it from an address, and says which socket has it. */
static size_t receiver_of(struct group *g, const char *from_text, const char *to_text,
			  const uint8_t *bytes, size_t len)
{
	struct addr from = parsed(from_text, 0), to = parsed(to_text, g->at.port);
	struct sockaddr_storage ss;
	struct pollfd polls[UDP_GROUP_MAX];
	uint8_t got[64];
	struct err err;
	size_t found = g->n;
	int fd;

	if (udp_open(&from, 0, &fd, &err) < 0)
		fail_msg("%s", err.text);
	socklen_t ss_len = addr_to_sockaddr(&to, &ss);
	assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&ss, ss_len), len);
	close(fd);
	for (size_t i = 0; i < g->n; i++)
		polls[i] = (struct pollfd){ .fd = g->fds[i], .events = POLLIN };
	assert_int_equal(poll(polls, g->n, WAIT_MS), 1);
	for (size_t i = 0; i < g->n; i++)
		if (polls[i].revents)
			found = i;
	assert_int_equal(recv(g->fds[found], got, sizeof(got), 0), len);
	return found;
}

struct ike {
	uint8_t spi_i, spi_r; /* first bytes; 0: all 8 bytes are, for spi_r */
	uint8_t flags;
	bool low_only; /* the responder's SPI has its low word only */
};

static size_t write_ike(const struct ike *h, bool natt, uint8_t ret[4 + IKE_BYTES])
{
	uint8_t *at = ret + (natt ? 4 : 0);

	memset(ret, 0, 4 + IKE_BYTES);
	at[0] = h->spi_i;
	at[7] = 0x77;
	at[8] = h->spi_r;
	if (h->spi_r || h->low_only)
		at[15] = 0x55;
	at[17] = 0x20;
	at[18] = 37;
	at[19] = h->flags;
	at[27] = IKE_BYTES;
	return (size_t)(at - ret) + IKE_BYTES;
}

static size_t steer(struct group *g, const char *from, const char *to, struct ike h)
{
	uint8_t bytes[4 + IKE_BYTES];
	size_t len = write_ike(&h, g->natt, bytes);
	return receiver_of(g, from, to, bytes, len);
}

static void need_netns(void)
{
	if (!have_netns)
		UNIT_SKIP("no network namespace of our own");
}

static const struct {
	const char *any, *to, *from[6];
} families[] = {
	{ "0.0.0.0",
	  "127.0.0.1",
	  { "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.9.0.7", "127.200.200.1", "127.0.77.4" } },
	{ "::",
	  "::1",
	  { "::1", "fd00::1", "fd00::2", "fd00:1::1", "fd00:0:0:7::9", "fd77:a:b:c:d:e:f:1" } },
};

/* What is said to the owner of an SPI comes to it, whoever says it and from where. */
static void test_messages_follow_our_spi(void **state)
{
	enum { FROM_INITIATOR = 0x08, RESPONSE = 0x20 };

	(void)state;
	need_netns();
	for (size_t f = 0; f < N_ELEMENTS(families) * 2; f++) {
		const char *to = families[f / 2].to, *from = families[f / 2].from[f % 6];
		struct group g = group_new(families[f / 2].any, f % 2, N_ENGINES);
		for (uint8_t i = 0; i < N_ENGINES; i++) {
			uint8_t other = (uint8_t)((i + 1) % N_ENGINES);
			struct ike request = { other, i, FROM_INITIATOR, i == 0 },
				   response = { other, i, FROM_INITIATOR | RESPONSE, i == 0 },
				   to_initiator = { i, other, 0, false },
				   first_answer = { i, other, RESPONSE, false };
			assert_int_equal(steer(&g, from, to, request), i);
			assert_int_equal(steer(&g, from, to, response), i);
			assert_int_equal(steer(&g, from, to, to_initiator), i);
			assert_int_equal(steer(&g, from, to, first_answer), i);
		}
		group_free(&g);
	}
}

/* Nobody has given an SPI yet: repeated or not, from whatever port, it is the same engine. */
static void test_first_messages_follow_their_source(void **state)
{
	(void)state;
	need_netns();
	for (size_t f = 0; f < N_ELEMENTS(families) * 2; f++) {
		const char *const *from = families[f / 2].from;
		struct group g = group_new(families[f / 2].any, f % 2, N_ENGINES);
		bool hit[N_ENGINES] = { false };
		for (size_t i = 0; i < N_ELEMENTS(families[0].from); i++) {
			struct addr a = parsed(from[i], 0);
			size_t want = steer_by_addr(&a, N_ENGINES);
			for (uint8_t spi = 1; spi < 250; spi += 83)
				assert_int_equal(steer(&g, from[i], families[f / 2].to,
						       (struct ike){ spi, 0, 0x08, false }),
						 want);
			hit[want] = true;
		}
		/* The table is chosen so that more than one engine has work. */
		assert_true(hit[0] + hit[1] + hit[2] + hit[3] + hit[4] > 1);
		group_free(&g);
	}
}

/* An SPI that no engine gave, as after a restart with fewer engines, is for somebody. */
static void test_every_number_has_an_engine(void **state)
{
	(void)state;
	need_netns();
	for (size_t n = 1; n <= 3; n++) {
		struct group g = group_new("127.0.0.1", false, n);
		for (unsigned int spi = 0; spi < 256; spi += 51)
			assert_int_equal(steer(&g, "127.0.0.1", "127.0.0.1",
					       (struct ike){ (uint8_t)spi, 1, 0, false }),
					 spi % n);
		group_free(&g);
	}
}

static void test_what_is_no_ike_comes_to_the_first(void **state)
{
	static const uint8_t keepalive = 0xff, esp[40] = { 3, 3, 3, 3 }, cut[12];
	struct group g;

	(void)state;
	need_netns();
	g = group_new("127.0.0.1", true, 3);
	assert_int_equal(receiver_of(&g, "127.0.0.1", "127.0.0.1", &keepalive, 1), 0);
	assert_int_equal(receiver_of(&g, "127.0.0.1", "127.0.0.1", esp, sizeof(esp)), 0);
	assert_int_equal(receiver_of(&g, "127.0.0.1", "127.0.0.1", cut, sizeof(cut)), 0);
	group_free(&g);
}

static void test_nobody_joins_a_group(void **state)
{
	struct group g;
	struct err err;
	int fds[2];

	(void)state;
	need_netns();
	g = group_new("127.0.0.1", false, 2);
	assert_int_equal(udp_open_group(&g.at, 0, 2, fds, &err), -EADDRINUSE);
	assert_int_equal(udp_open_group(&g.at, 0, 1, fds, &err), -EADDRINUSE);
	group_free(&g);
	g = group_new("127.0.0.1", false, 1);
	assert_int_equal(udp_open_group(&g.at, 0, 2, fds, &err), -EADDRINUSE);
	group_free(&g);
}

static void test_the_longest_program_fits(void **state)
{
	struct sock_filter list[STEER_PROGRAM_MAX];

	(void)state;
	for (size_t f = 0; f < N_ELEMENTS(families); f++) {
		struct addr a = parsed(families[f].any, 0);
		size_t n = steer_program(a.family, true, 256, list);
		assert_in_range(n, 10, STEER_PROGRAM_MAX);
		assert_int_equal(list[n - 1].code, BPF_RET | BPF_A);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("messages follow our SPI", test_messages_follow_our_spi),
		UNIT("first messages follow their source", test_first_messages_follow_their_source),
		UNIT("every number has an engine", test_every_number_has_an_engine),
		UNIT("what is no IKE comes to the first", test_what_is_no_ike_comes_to_the_first),
		UNIT("nobody joins a group", test_nobody_joins_a_group),
		UNIT("the longest program fits", test_the_longest_program_fits),
	};

	have_netns = netns_enter();
	for (size_t i = 1; have_netns && i < N_ELEMENTS(families[1].from); i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s/128", families[1].from[i]);
		netns_address(true, text);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
