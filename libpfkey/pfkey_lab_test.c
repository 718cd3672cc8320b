/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two transports against one real kernel: what one writes, the other reads the same.
 * Runs as root in network namespaces of its own; the kernel must have AF_KEY.
 */
#include <keydb.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 8000, PFKEY = 0, NETLINK = 1 };

static const char *const names[] = { "pfkey", "netlink" };
static struct keydb *db[2];

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) ||
	    system("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && "
		   "ip link set v1 up && ip link set v0 up"))
		return -1;
	for (int i = 0; i < 2; i++) {
		setenv("LIBPFKEY_TRANSPORT", names[i], 1);
		int rc = keydb_open(&db[i]);
		if (rc) {
			fprintf(stderr, "%s: %s\n", names[i], strerror(-rc));
			return rc;
		}
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	keydb_close(db[PFKEY]);
	keydb_close(db[NETLINK]);
	return 0;
}

static void worked(int i, int rc)
{
	if (rc)
		fail_msg("%s: %d: %s", names[i], rc, keydb_error(db[i]));
}

/* ---- models ---- */

static union keydb_addr addr(const char *text)
{
	union keydb_addr a;
	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, text, &a.sin.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.sin6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	return a;
}

static void set_alg(struct keydb_alg *a, const struct keydb_alg_info *row)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 1);
	/* Linux' PF_KEY makes 96 bits of SHA-256. */
	assert_int_equal(keydb_alg_set(a, row, key, (row->key_max_bits + row->salt_bits) / 8u,
				       row->id == KEYDB_ALG_HMAC_SHA256 ? 96 : 0),
			 0);
}

static struct keydb_sa sa_of(const struct keydb_alg_info *row, int v6, uint8_t mode)
{
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src = addr(v6 ? "2001:db8::1" : "192.0.2.1");
	sa.id.dst = addr(v6 ? "2001:db8::2" : "192.0.2.2");
	sa.id.spi = 0x1000;
	sa.mode = mode;
	sa.reqid = 77;
	sa.limits.soft_add_sec = 3600;
	sa.limits.hard_bytes = 1ull << 40;
	sa.id.proto = row->kind == KEYDB_ALG_COMP   ? KEYDB_PROTO_IPCOMP
		      : row->kind == KEYDB_ALG_AUTH ? KEYDB_PROTO_AH
						    : KEYDB_PROTO_ESP;
	sa.replay_window_pkts = row->kind == KEYDB_ALG_COMP ? 0 : 32;
	if (row->kind == KEYDB_ALG_ENCR)
		set_alg(&sa.auth, keydb_alg_by_id(KEYDB_ALG_HMAC_SHA256));
	set_alg(row->kind == KEYDB_ALG_COMP   ? &sa.comp
		: row->kind == KEYDB_ALG_AUTH ? &sa.auth
					      : &sa.encr,
		row);
	return sa;
}

static struct keydb_sa plain_sa(int v6)
{
	return sa_of(keydb_alg_by_id(KEYDB_ALG_AES_CBC), v6, KEYDB_MODE_TUNNEL);
}

static struct keydb_policy policy_of(const char *words, int v6)
{
	struct keydb_policy p;
	size_t at;
	const char *why;
	memset(&p, 0, sizeof(p));
	p.sel.src = addr(v6 ? "2001:db8:1::" : "198.51.100.0");
	p.sel.dst = addr(v6 ? "2001:db8:2::" : "203.0.113.0");
	p.sel.src_bits = v6 ? 48 : 24;
	p.sel.dst_bits = v6 ? 64 : 25;
	p.sel.proto = IPPROTO_TCP;
	p.sel.src_port_any = true;
	p.sel.dst_port = 443;
	if (keydb_policy_parse(words, &p, &at, &why))
		fail_msg("%s: %s", words, why);
	return p;
}

/* ---- comparisons ---- */

static void same_alg(const struct keydb_alg *a, const struct keydb_alg *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->key_bits, b->key_bits);
	assert_int_equal(a->icv_bits, b->icv_bits);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
}

/* PF_KEY does not tell which families a tunnel carries, and says both. */
static uint32_t flags_of(const struct keydb_sa *sa)
{
	return sa->flags | (sa->mode == KEYDB_MODE_TUNNEL ? KEYDB_SA_AF_UNSPEC : 0u);
}

static void same_sa(const struct keydb_sa *a, const struct keydb_sa *b)
{
	assert_memory_equal(&a->id, &b->id, sizeof(a->id));
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->reqid, b->reqid);
	assert_int_equal(flags_of(a), flags_of(b));
	assert_int_equal(a->replay_window_pkts, b->replay_window_pkts);
	same_alg(&a->encr, &b->encr);
	same_alg(&a->auth, &b->auth);
	same_alg(&a->comp, &b->comp);
	assert_int_equal(a->encap_src_port, b->encap_src_port);
	assert_int_equal(a->encap_dst_port, b->encap_dst_port);
	assert_int_equal(a->encap_type, b->encap_type);
	assert_memory_equal(&a->limits, &b->limits, sizeof(a->limits));
	assert_memory_equal(&a->usage, &b->usage, sizeof(a->usage));
	assert_int_equal(a->sel.src.sa.sa_family, b->sel.src.sa.sa_family);
}

static void same_policy(const struct keydb_policy *a, const struct keydb_policy *b)
{
	assert_memory_equal(&a->sel.src, &b->sel.src, sizeof(a->sel.src));
	assert_memory_equal(&a->sel.dst, &b->sel.dst, sizeof(a->sel.dst));
	assert_int_equal(a->sel.src_bits, b->sel.src_bits);
	assert_int_equal(a->sel.dst_bits, b->sel.dst_bits);
	assert_int_equal(a->sel.proto, b->sel.proto);
	assert_int_equal(a->sel.src_port_any, b->sel.src_port_any);
	assert_int_equal(a->sel.dst_port, b->sel.dst_port);
	assert_int_equal(a->dir, b->dir);
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->n_templates, b->n_templates);
	for (size_t i = 0; i < a->n_templates; i++) {
		const struct keydb_template *x = &a->templates[i], *y = &b->templates[i];
		assert_memory_equal(&x->src, &y->src, sizeof(x->src));
		assert_memory_equal(&x->dst, &y->dst, sizeof(x->dst));
		assert_int_equal(x->proto, y->proto);
		assert_int_equal(x->mode, y->mode);
		assert_int_equal(x->level, y->level);
		assert_int_equal(x->reqid, y->reqid);
	}
	assert_memory_equal(&a->limits, &b->limits, sizeof(a->limits));
}

/* ---- SAs ---- */

/* One writes, both read the same, the other deletes. */
static void sa_written_by(int writer, const struct keydb_sa *sa)
{
	struct keydb_sa seen[2];
	worked(writer, keydb_sa_add(db[writer], sa));
	assert_int_equal(keydb_sa_add(db[writer], sa), -EEXIST);
	for (int i = 0; i < 2; i++)
		worked(i, keydb_sa_get(db[i], &sa->id, &seen[i]));
	same_sa(&seen[PFKEY], &seen[NETLINK]);
	same_alg(&seen[PFKEY].auth, &sa->auth);
	same_alg(&seen[PFKEY].encr, &sa->encr);
	assert_int_equal(seen[PFKEY].mode, sa->mode);
	assert_int_equal(seen[PFKEY].reqid, sa->reqid);
	worked(!writer, keydb_sa_delete(db[!writer], &sa->id));
	assert_int_equal(keydb_sa_get(db[writer], &sa->id, &seen[0]), -ESRCH);
	assert_int_equal(keydb_sa_delete(db[writer], &sa->id), -ESRCH);
	assert_int_equal(keydb_sa_update(db[writer], sa), -ESRCH);
}

/* An algorithm that the kernel was built without is none for both. */
static bool is_there(const struct keydb_sa *sa)
{
	int rc[2];
	for (int i = 0; i < 2; i++) {
		rc[i] = keydb_sa_add(db[i], sa);
		worked(i, keydb_sa_flush(db[i], KEYDB_PROTO_ANY));
	}
	if (rc[0] != rc[1])
		fail_msg("%s %s: %d %d", sa->encr.name, sa->auth.name, rc[0], rc[1]);
	return rc[0] == 0;
}

static void sas_of_every_algorithm_are_the_same(void **state)
{
	size_t n, done = 0;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	(void)state;
	for (const struct keydb_alg_info *r = rows; r < rows + n; r++) {
		for (uint8_t mode = KEYDB_MODE_TRANSPORT; mode <= KEYDB_MODE_BEET; mode++) {
			if (!r->pfkey_id || r->kind == KEYDB_ALG_AEAD ||
			    (r->kind == KEYDB_ALG_COMP && mode == KEYDB_MODE_BEET))
				continue;
			struct keydb_sa sa = sa_of(r, mode % 2, mode);
			if (!is_there(&sa))
				continue;
			sa_written_by(PFKEY, &sa);
			sa_written_by(NETLINK, &sa);
			done++;
		}
	}
	assert_true(done > 40);
}

static void sas_with_every_option_are_the_same(void **state)
{
	struct keydb_sa sa = plain_sa(0);
	(void)state;
	sa.flags = KEYDB_SA_NOECN | KEYDB_SA_DECAP_DSCP | KEYDB_SA_NOPMTUDISC;
	sa.encap_src_port = 4500;
	sa.encap_dst_port = 14500;
	sa.limits = (struct keydb_limits){ .soft_bytes = 1u << 20,
					   .hard_bytes = 1ull << 40,
					   .soft_packets = 100,
					   .hard_packets = 200,
					   .soft_add_sec = 3600,
					   .hard_add_sec = 4000,
					   .soft_use_sec = 600,
					   .hard_use_sec = 700 };
	sa_written_by(PFKEY, &sa);
	sa_written_by(NETLINK, &sa);
}

static void updates_dumps_and_flushes_work_across(void **state)
{
	struct keydb_sa sa = plain_sa(1), seen;
	(void)state;
	for (int i = 0; i < 2; i++) {
		worked(i, keydb_sa_add(db[i], &sa));
		sa.limits.hard_add_sec = 5000u + (uint32_t)i;
		worked(!i, keydb_sa_update(db[!i], &sa));
		worked(i, keydb_sa_get(db[i], &sa.id, &seen));
		assert_int_equal(seen.limits.hard_add_sec, 5000 + i);
		worked(i, keydb_sa_flush(db[i], i ? KEYDB_PROTO_ESP : KEYDB_PROTO_ANY));
		assert_int_equal(keydb_sa_get(db[!i], &sa.id, &seen), -ESRCH);
		worked(i, keydb_sa_flush(db[i], KEYDB_PROTO_ANY)); /* nothing there */
	}
}

struct table {
	size_t n;
	struct keydb_sa sas[300];
};

static int collect(void *arg, const struct keydb_sa *sa)
{
	struct table *t = arg;
	assert_true(t->n < 300);
	t->sas[t->n++] = *sa;
	return 0;
}

static const struct keydb_sa *find(const struct table *t, uint32_t spi)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->sas[i].id.spi == spi)
			return &t->sas[i];
	fail_msg("no SA %x", spi);
	return NULL;
}

static void dumps_are_the_same(void **state)
{
	static struct table t[2];
	(void)state;
	for (int i = 0; i < 2; i++) { /* an empty one is no error */
		t[i].n = 0;
		worked(i, keydb_sa_dump(db[i], KEYDB_PROTO_ANY, collect, &t[i]));
		assert_int_equal(t[i].n, 0);
	}
	for (uint32_t i = 0; i < 250; i++) {
		struct keydb_sa sa = plain_sa(i % 3 == 0);
		sa.id.spi = 0x2000 + i;
		worked(i % 2, keydb_sa_add(db[i % 2], &sa));
	}
	for (int i = 0; i < 2; i++)
		worked(i, keydb_sa_dump(db[i], KEYDB_PROTO_ESP, collect, &t[i]));
	assert_int_equal(t[0].n, 250);
	assert_int_equal(t[1].n, 250);
	for (uint32_t i = 0; i < 250; i++)
		same_sa(find(&t[0], 0x2000 + i), find(&t[1], 0x2000 + i));
}

static void spis_are_chosen_around_those_in_use(void **state)
{
	struct keydb_sa sa = plain_sa(0);
	uint32_t spi;
	(void)state;
	worked(NETLINK, keydb_sa_add(db[NETLINK], &sa));
	worked(PFKEY,
	       keydb_spi_choose(db[PFKEY], &sa.id.dst, KEYDB_PROTO_ESP, 0x1000, 0x1001, &spi));
	assert_int_equal(spi, 0x1001);
	assert_int_equal(keydb_spi_choose(db[PFKEY], &sa.id.dst, KEYDB_PROTO_ESP, 0x1000, 0x1000,
					  &spi),
			 -EEXIST);
}

static void what_pfkey_cannot_carry_changes_nothing(void **state)
{
	struct keydb_sa sa = plain_sa(0), seen;
	(void)state;
	sa.replay_window_pkts = 64;
	assert_int_equal(keydb_sa_add(db[PFKEY], &sa), -EOPNOTSUPP);
	assert_string_equal(keydb_error(db[PFKEY]),
			    "Operation not supported: PF_KEY cannot carry a "
			    "replay window over 32 packets");
	assert_int_equal(keydb_sa_get(db[NETLINK], &sa.id, &seen), -ESRCH);
}

/* ---- policies ---- */

static const char *const policy_words[] = {
	"in none",
	"out discard",
	"fwd prio high + 10 none",
	"out ipsec esp/transport//require",
	"out ipsec esp/transport//use ah/transport//use",
	"in ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7",
	"out ipsec esp/tunnel/2001:db8::1-2001:db8::2/require",
	"fwd prio -1 ipsec ipcomp/tunnel/192.0.2.1-192.0.2.2/use esp/transport//require",
};

static void policy_written_by(int writer, const struct keydb_policy *p)
{
	struct keydb_policy seen[2];
	worked(writer, keydb_policy_add(db[writer], p));
	assert_int_equal(keydb_policy_add(db[writer], p), -EEXIST);
	for (int i = 0; i < 2; i++)
		worked(i, keydb_policy_get(db[i], p, &seen[i]));
	same_policy(&seen[PFKEY], &seen[NETLINK]);
	assert_int_equal(seen[PFKEY].priority, p->priority);
	worked(PFKEY, keydb_policy_get(db[PFKEY], &seen[NETLINK], &seen[PFKEY])); /* by index */
	same_policy(&seen[PFKEY], &seen[NETLINK]);
	worked(!writer, keydb_policy_update(db[!writer], p));
	worked(!writer, keydb_policy_delete(db[!writer], p));
	assert_int_equal(keydb_policy_delete(db[writer], p), -ENOENT);
	assert_int_equal(keydb_policy_get(db[writer], p, &seen[0]), -ENOENT);
	worked(writer, keydb_policy_update(db[writer], p)); /* adds it */
	worked(writer, keydb_policy_get(db[writer], p, &seen[0]));
	worked(PFKEY, keydb_policy_delete(db[PFKEY], &seen[0])); /* by index */
}

static void policies_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(policy_words) / sizeof(policy_words[0]); i++) {
		for (int v6 = 0; v6 < 2; v6++) {
			struct keydb_policy p = policy_of(policy_words[i], v6);
			print_message("%s\n", policy_words[i]);
			policy_written_by(PFKEY, &p);
			policy_written_by(NETLINK, &p);
		}
	}
}

static int count_policy(void *arg, const struct keydb_policy *p)
{
	*(int *)arg += p->dir == KEYDB_DIR_IN;
	return 0;
}

static void policy_flushes_work_across(void **state)
{
	struct keydb_policy p = policy_of("in none", 0);
	(void)state;
	for (int i = 0; i < 2; i++) {
		int n = 0;
		worked(i, keydb_policy_add(db[i], &p));
		worked(!i, keydb_policy_dump(db[!i], count_policy, &n));
		assert_int_equal(n, 1);
		worked(!i, keydb_policy_flush(db[!i]));
		worked(i, keydb_policy_dump(db[i], count_policy, &n));
		assert_int_equal(n, 1);
	}
}

static void batches_run_one_by_one(void **state)
{
	struct keydb_sa good = plain_sa(0), bad = good;
	(void)state;
	bad.if_id = 3;
	struct keydb_op ops[] = {
		{ .kind = KEYDB_OP_SA_ADD, .sa = &good },
		{ .kind = KEYDB_OP_SA_ADD, .sa = &bad },
		{ .kind = KEYDB_OP_SA_DELETE, .sa_id = &good.id },
		{ .kind = KEYDB_OP_SA_DELETE, .sa_id = &good.id },
	};
	assert_int_equal(keydb_batch(db[PFKEY], ops, 4), -EOPNOTSUPP);
	assert_string_equal(keydb_error(db[PFKEY]),
			    "entry 2: Operation not supported: PF_KEY cannot carry an if_id");
	assert_int_equal(ops[2].result, 0);
	assert_int_equal(ops[3].result, -ESRCH);
}

/* ---- events ---- */

static struct keydb_event event;

static bool next_event(struct keydb_events *e, enum keydb_event_kind kind)
{
	struct pollfd p = { .fd = keydb_events_fd(e), .events = POLLIN };
	for (int tries = 0; tries < 100; tries++) {
		int rc = keydb_events_next(e, &event);
		assert_true(rc >= 0);
		if (rc == 1 && event.kind == kind)
			return true;
		if (rc == 0 && poll(&p, 1, WAIT_MS) == 0)
			return false;
	}
	return false;
}

static struct keydb_events *events(uint32_t mask)
{
	struct keydb_events *e;
	setenv("LIBPFKEY_TRANSPORT", "pfkey", 1);
	assert_int_equal(keydb_events_open(mask, &e), 0);
	return e;
}

static void changes_are_heard(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_SA | KEYDB_EVENTS_POLICY);
	struct keydb_sa sa = plain_sa(0);
	struct keydb_policy p = policy_of("out none", 0);
	(void)state;
	for (int i = 0; i < 2; i++) {
		worked(i, keydb_sa_add(db[i], &sa));
		assert_true(next_event(e, KEYDB_EVENT_SA_CHANGE));
		assert_false(event.deleted);
		assert_int_equal(event.sa.id.spi, sa.id.spi);
		worked(i, keydb_sa_delete(db[i], &sa.id));
		assert_true(next_event(e, KEYDB_EVENT_SA_CHANGE));
		assert_true(event.deleted);
		worked(i, keydb_policy_add(db[i], &p));
		assert_true(next_event(e, KEYDB_EVENT_POLICY_CHANGE));
		assert_int_equal(event.policy.sel.dst_port, 443);
		worked(i, keydb_policy_delete(db[i], &p));
		assert_true(next_event(e, KEYDB_EVENT_POLICY_CHANGE));
		assert_true(event.deleted);
	}
	worked(PFKEY, keydb_sa_flush(db[PFKEY], KEYDB_PROTO_AH));
	worked(PFKEY, keydb_policy_flush(db[PFKEY]));
	keydb_events_close(e);
}

static void expiries_are_heard(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_EXPIRE);
	struct keydb_sa sa = plain_sa(1);
	(void)state;
	sa.limits = (struct keydb_limits){ .soft_add_sec = 1, .hard_add_sec = 3 };
	worked(PFKEY, keydb_sa_add(db[PFKEY], &sa));
	assert_true(next_event(e, KEYDB_EVENT_EXPIRE));
	assert_false(event.hard);
	assert_int_equal(event.sa.state, KEYDB_SA_DYING);
	assert_true(next_event(e, KEYDB_EVENT_EXPIRE));
	assert_true(event.hard);
	assert_int_equal(event.sa.id.spi, sa.id.spi);
	keydb_events_close(e);
}

static void send_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	to.sin_addr.s_addr = inet_addr("192.0.2.2");
	(void)!sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* The policy comes with it, asked for by its id; dropped, the next packet asks again. */
static void acquires_are_heard_and_dropped(void **state)
{
	struct keydb_events *e = events(KEYDB_EVENTS_ACQUIRE);
	struct keydb_policy p = policy_of("out ipsec esp/transport//unique:7", 0);
	(void)state;
	p.sel.src = addr("192.0.2.1");
	p.sel.dst = addr("192.0.2.2");
	p.sel.src_bits = p.sel.dst_bits = 32;
	p.sel.proto = IPPROTO_UDP;
	p.sel.dst_port_any = true;
	p.sel.dst_port = 0;
	worked(PFKEY, keydb_policy_add(db[PFKEY], &p));
	for (int i = 0; i < 2; i++) {
		send_udp();
		assert_true(next_event(e, KEYDB_EVENT_ACQUIRE));
		assert_int_equal(event.policy.n_templates, 1);
		assert_int_equal(event.sa.reqid, 7);
		assert_int_equal(event.sa.mode, KEYDB_MODE_TRANSPORT);
		assert_int_equal(event.sel.proto, IPPROTO_UDP);
		assert_int_not_equal(event.seq, 0);
		worked(PFKEY, keydb_acquire_drop(db[PFKEY], &event.sa));
	}
	keydb_events_close(e);
}

static void an_unknown_transport_is_refused(void **state)
{
	struct keydb *k;
	(void)state;
	setenv("LIBPFKEY_TRANSPORT", "pigeon", 1);
	assert_int_equal(keydb_open(&k), -EINVAL);
	setenv("LIBPFKEY_TRANSPORT", "auto", 1);
	assert_int_equal(keydb_open(&k), 0);
	assert_string_equal(keydb_transport_name(k), "netlink");
	keydb_close(k);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(sas_of_every_algorithm_are_the_same),
		CASE(sas_with_every_option_are_the_same),
		CASE(updates_dumps_and_flushes_work_across),
		CASE(dumps_are_the_same),
		CASE(spis_are_chosen_around_those_in_use),
		CASE(what_pfkey_cannot_carry_changes_nothing),
		CASE(policies_are_the_same),
		CASE(policy_flushes_work_across),
		CASE(batches_run_one_by_one),
		CASE(changes_are_heard),
		CASE(expiries_are_heard),
		CASE(acquires_are_heard_and_dropped),
		CASE(an_unknown_transport_is_refused),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
