/* SPDX-License-Identifier: BSD-2-Clause */
/* SAs that move, against a real kernel with real packets. */
#include "keydb_lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOVES = 60, NUMBERS_MAX = 1 << 20, BUFFER_BYTES = 64 << 20 };

static struct keydb_sa_move move_to(const struct keydb_sa *sa, const char *dst, uint16_t port)
{
	struct keydb_sa_move m;
	memset(&m, 0, sizeof(m));
	m.from = sa->id;
	m.src = sa->id.src;
	m.dst = addr(dst);
	m.encap_src_port = port ? 4500 : 0;
	m.encap_dst_port = port;
	return m;
}

/* The SA is where the move led it, and as it was; *sa becomes what it is now. */
static void moved(struct keydb_sa *sa, const struct keydb_sa_move *m)
{
	struct keydb_sa before, after;
	worked(keydb_sa_get(db, &sa->id, &before));
	worked(keydb_sa_move(db, m));
	failed_with(keydb_sa_get(db, &m->from, &after), -ESRCH);
	sa->id.src = m->src;
	sa->id.dst = m->dst;
	sa->encap_src_port = m->encap_src_port;
	sa->encap_dst_port = m->encap_dst_port;
	worked(keydb_sa_get(db, &sa->id, &after));
	same_sa(sa, &after);
	assert_true(after.seq_out == before.seq_out && after.seq_in == before.seq_in);
	assert_true(after.usage.packets == before.usage.packets);
	assert_true(after.usage.bytes == before.usage.bytes);
	assert_true(after.usage.add_time == before.usage.add_time);
}

static void lead_to(const char *dst)
{
	char words[128];
	snprintf(words, sizeof(words), "out ipsec esp/tunnel/192.0.2.1-%s/unique:77", dst);
	struct keydb_policy p = policy_of(words, 0);
	p.sel.dst = addr("192.0.2.2");
	p.sel.dst_bits = 32;
	p.sel.src_bits = 0;
	p.sel.src.sin.sin_addr.s_addr = 0;
	p.sel.proto = 17;
	worked(keydb_policy_update(db, &p));
}

static uint64_t seq_out(const struct keydb_sa *sa)
{
	struct keydb_sa now;
	worked(keydb_sa_get(db, &sa->id, &now));
	return now.seq_out;
}

static struct keydb_sa gcm_sa(bool esn)
{
	struct keydb_sa sa = sa_of(keydb_alg_by_id(KEYDB_ALG_AES_GCM_16), 0, KEYDB_MODE_TUNNEL);
	sa.flags |= KEYDB_SA_AF_UNSPEC | (esn ? KEYDB_SA_ESN : 0u);
	sa.limits.hard_packets = 1000;
	sa.limits.hard_add_sec = 4000;
	return sa;
}

static void move_goes_on(bool esn)
{
	struct keydb_sa sa = gcm_sa(esn);
	only_over_netlink("it cannot move an SA");
	worked(keydb_sa_add(db, &sa));
	lead_to("192.0.2.2");
	for (int i = 0; i < 5; i++)
		send_udp(0, 10);
	assert_int_equal(seq_out(&sa), 5);
	struct keydb_sa_move m = move_to(&sa, "192.0.2.3", 40000);
	moved(&sa, &m);
	lead_to("192.0.2.3");
	send_udp(0, 10);
	assert_int_equal(seq_out(&sa), 6);
	m = move_to(&sa, "2001:db8::2", 0);
	m.src = addr("2001:db8::1");
	moved(&sa, &m);
	m = move_to(&sa, "192.0.2.2", 0);
	m.src = addr("192.0.2.1");
	moved(&sa, &m);
	lead_to("192.0.2.2");
	send_udp(0, 10);
	assert_int_equal(seq_out(&sa), 7);
}

static void move_goes_on_where_it_was(void **state)
{
	(void)state;
	move_goes_on(false);
}

static void move_with_extended_numbers(void **state)
{
	(void)state;
	move_goes_on(true);
}

static void move_of_every_kind_of_sa(void **state)
{
	static const uint32_t windows[] = { 0, 32, 64, 4096 };
	(void)state;
	only_over_netlink("it cannot move an SA");
	for (size_t i = 0; i < 8; i++) {
		struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL);
		sa.flags |= KEYDB_SA_AF_UNSPEC;
		sa.replay_window_pkts = windows[i % 4];
		sa.if_id = i % 2 ? 7 : 0;
		sa.output_mark.value = i > 3 ? 3 : 0;
		sa.output_mark.mask = i > 3 ? UINT32_MAX : 0;
		sa.id.spi += (uint32_t)i;
		worked(keydb_sa_add(db, &sa));
		struct keydb_sa_move m = move_to(&sa, "192.0.2.77", i % 2 ? 4500 : 0);
		moved(&sa, &m);
	}
}

static void move_that_fails_says_what_is_left(void **state)
{
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL), other = sa, back;
	struct keydb_sa_move m = move_to(&sa, "192.0.2.3", 0);
	(void)state;
	if (over_pfkey()) {
		failed_with(keydb_sa_move(db, &m), -EOPNOTSUPP);
		return;
	}
	failed_with(keydb_sa_move(db, &m), -ESRCH);
	worked(keydb_sa_add(db, &sa));
	m.src = addr("2001:db8::1");
	failed_with(keydb_sa_move(db, &m), -EINVAL);
	worked(keydb_sa_get(db, &sa.id, &back));
	same_sa(&sa, &back);
	m = move_to(&sa, "192.0.2.3", 0);
	other.id.dst = m.dst;
	worked(keydb_sa_add(db, &other));
	failed_with(keydb_sa_move(db, &m), -EEXIST);
	failed_with(keydb_sa_get(db, &sa.id, &back), -ESRCH);
	worked(keydb_sa_get(db, &other.id, &back));
}

/* ---- under load ---- */

static int open_tap(void)
{
	int size = BUFFER_BYTES;
	struct sockaddr_ll where = { .sll_family = AF_PACKET,
				     .sll_protocol = htons(ETH_P_IP),
				     .sll_ifindex = (int)if_nametoindex("v1") };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_IP));
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
	return fd;
}

static pid_t start_sender(void)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			send_udp(0, 100);
	return pid;
}

/* Every number that went out, once. */
static void numbers_are_unique(int tap)
{
	static uint8_t seen[NUMBERS_MAX];
	static uint8_t packet[2048];
	size_t n = 0;
	ssize_t len;
	while ((len = recv(tap, packet, sizeof(packet), 0)) > 0) {
		uint32_t seq;
		if (len < 28 || packet[9] != IPPROTO_ESP)
			continue;
		memcpy(&seq, packet + 24, sizeof(seq));
		seq = ntohl(seq);
		assert_true(seq < NUMBERS_MAX);
		if (seen[seq]++)
			fail_msg("number %u twice", seq);
		n++;
	}
	print_message("%zu numbers\n", n);
	assert_true(n > 200);
}

static void numbers_are_never_taken_twice(void **state)
{
	struct keydb_sa sa = gcm_sa(false);
	(void)state;
	only_over_netlink("it cannot move an SA");
	sa.limits.hard_packets = 0;
	assert_int_equal(system("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0 && "
				"ip neigh add 192.0.2.3 lladdr 02:00:00:00:00:03 dev v0"),
			 0);
	worked(keydb_sa_add(db, &sa));
	lead_to("192.0.2.2");
	int tap = open_tap();
	pid_t sender = start_sender();
	for (int i = 0; i < MOVES; i++) {
		const char *dst = i % 2 ? "192.0.2.2" : "192.0.2.3";
		struct keydb_sa_move m = move_to(&sa, dst, 0);
		usleep(5000);
		lead_to(dst);
		worked(keydb_sa_move(db, &m));
		sa.id.dst = m.dst;
	}
	usleep(5000);
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	numbers_are_unique(tap);
	/* The larval SAs of the moments between went with the new ones. */
	assert_int_equal(n_sas(KEYDB_PROTO_ESP), 1);
	close(tap);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LINKED(move_goes_on_where_it_was),     LINKED(move_with_extended_numbers),
		LINKED(move_of_every_kind_of_sa),      LINKED(move_that_fails_says_what_is_left),
		LINKED(numbers_are_never_taken_twice),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
