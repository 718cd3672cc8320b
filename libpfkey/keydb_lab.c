/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that keydb's lab tests are written with. */
#include "keydb_lab.h"

#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PFKEY_SHA256_BITS = 96 }; /* of the code: Linux' PF_KEY is older than RFC 4868 */

struct keydb *db;

int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return -1;
	}
	int rc = keydb_open(&db);
	if (rc)
		fprintf(stderr, "keydb_open: %s\n", strerror(-rc));
	return rc;
}

int setup_link(void **state)
{
	int rc = setup(state);
	return rc ? rc
		  : system("ip link set lo up && ip link add v0 type veth peer name v1 && "
			   "ip addr add 192.0.2.1/24 dev v0 && "
			   "ip addr add 2001:db8::1/64 dev v0 nodad && "
			   "ip link set v1 up && ip link set v0 up");
}

int teardown(void **state)
{
	(void)state;
	keydb_close(db);
	db = NULL;
	return 0;
}

bool over_pfkey(void)
{
	return !strcmp(keydb_transport_name(db), "pfkey");
}

void only_over_netlink(const char *why)
{
	if (!over_pfkey())
		return;
	print_message("not over PF_KEY: %s\n", why);
	skip();
}

bool pfkey_refuses(const struct keydb_sa *sa, const char *why)
{
	char text[128];
	if (!over_pfkey())
		return false;
	snprintf(text, sizeof(text), "Operation not supported: PF_KEY %s", why);
	failed_with(keydb_sa_add(db, sa), -EOPNOTSUPP);
	assert_string_equal(keydb_error(db), text);
	return true;
}

void worked(int rc)
{
	if (rc)
		fail_msg("%d: %s", rc, keydb_error(db));
}

void failed_with(int rc, int want)
{
	if (rc != want)
		fail_msg("%d instead of %d: %s", rc, want, keydb_error(db));
	const char *text = strerror(-want);
	assert_memory_equal(keydb_error(db), text, strlen(text));
}

/* ---- models ---- */

union keydb_addr addr(const char *text)
{
	union keydb_addr a;
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;
	memset(&a, 0, sizeof(a));
	if (getaddrinfo(text, NULL, &hints, &found))
		fail_msg("no address: %s", text);
	memcpy(&a, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return a;
}

const char *const ends[2][2] = { { "192.0.2.1", "192.0.2.2" }, { "2001:db8::1", "2001:db8::2" } };

void set_alg(struct keydb_alg *a, const struct keydb_alg_info *row, bool longest)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	size_t bits = (longest ? row->key_max_bits : row->key_min_bits) + row->salt_bits;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 1);
	uint16_t icv_bits = row->id == KEYDB_ALG_HMAC_SHA256 && over_pfkey() ? PFKEY_SHA256_BITS
									     : 0;
	worked(keydb_alg_set(a, row, key, bits / 8, icv_bits));
}

struct keydb_sa sa_of(const struct keydb_alg_info *row, int v6, uint8_t mode)
{
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src = addr(ends[v6][0]);
	sa.id.dst = addr(ends[v6][1]);
	sa.id.spi = 0x1000;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = mode;
	/* PF_KEY's tunnels carry both families and cannot say otherwise. */
	sa.flags = over_pfkey() && mode == KEYDB_MODE_TUNNEL ? KEYDB_SA_AF_UNSPEC : 0u;
	sa.reqid = 77;
	sa.replay_window_pkts = 32;
	switch (row->kind) {
	case KEYDB_ALG_AEAD:
		set_alg(&sa.aead, row, true);
		break;
	case KEYDB_ALG_AUTH:
		sa.id.proto = KEYDB_PROTO_AH;
		set_alg(&sa.auth, row, true);
		break;
	case KEYDB_ALG_COMP:
		sa.id.proto = KEYDB_PROTO_IPCOMP;
		sa.replay_window_pkts = 0;
		set_alg(&sa.comp, row, true);
		break;
	default:
		set_alg(&sa.encr, row, true);
		set_alg(&sa.auth, keydb_alg_by_id(KEYDB_ALG_HMAC_SHA256), true);
	}
	return sa;
}

struct keydb_sa plain_sa(int v6, uint8_t mode)
{
	return sa_of(keydb_alg_by_id(KEYDB_ALG_AES_CBC), v6, mode);
}

static void same_alg(const struct keydb_alg *a, const struct keydb_alg *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->key_bits, b->key_bits);
	assert_int_equal(a->icv_bits, b->icv_bits);
	assert_string_equal(a->name, b->name);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
}

static uint64_t limit(uint64_t value)
{
	return value ? value : KEYDB_INFINITE;
}

static void same_limits(const struct keydb_limits *a, const struct keydb_limits *b)
{
	assert_true(limit(a->soft_bytes) == limit(b->soft_bytes));
	assert_true(limit(a->hard_bytes) == limit(b->hard_bytes));
	assert_true(limit(a->soft_packets) == limit(b->soft_packets));
	assert_true(limit(a->hard_packets) == limit(b->hard_packets));
	assert_true(limit(a->soft_add_sec) == limit(b->soft_add_sec));
	assert_true(limit(a->hard_add_sec) == limit(b->hard_add_sec));
	assert_true(limit(a->soft_use_sec) == limit(b->soft_use_sec));
	assert_true(limit(a->hard_use_sec) == limit(b->hard_use_sec));
}

static void same_selector(const struct keydb_selector *a, const struct keydb_selector *b)
{
	assert_memory_equal(&a->src, &b->src, sizeof(a->src));
	assert_memory_equal(&a->dst, &b->dst, sizeof(a->dst));
	assert_int_equal(a->src_bits, b->src_bits);
	assert_int_equal(a->dst_bits, b->dst_bits);
	assert_int_equal(a->proto, b->proto);
	if (!a->src.sa.sa_family)
		return;
	assert_int_equal(a->src_port_any, b->src_port_any);
	assert_int_equal(a->dst_port_any, b->dst_port_any);
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
}

void same_sa(const struct keydb_sa *a, const struct keydb_sa *b)
{
	assert_memory_equal(&a->id.src, &b->id.src, sizeof(a->id.src));
	assert_memory_equal(&a->id.dst, &b->id.dst, sizeof(a->id.dst));
	assert_int_equal(a->id.spi, b->id.spi);
	assert_int_equal(a->id.proto, b->id.proto);
	assert_memory_equal(&a->id.mark, &b->id.mark, sizeof(a->id.mark));
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->reqid, b->reqid);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->replay_window_pkts, b->replay_window_pkts);
	same_alg(&a->encr, &b->encr);
	same_alg(&a->auth, &b->auth);
	same_alg(&a->aead, &b->aead);
	same_alg(&a->comp, &b->comp);
	assert_int_equal(a->encap_src_port, b->encap_src_port);
	assert_int_equal(a->encap_dst_port, b->encap_dst_port);
	assert_int_equal(a->encap_type, b->encap_type);
	assert_int_equal(a->if_id, b->if_id);
	assert_int_equal(a->tfc_pad_bytes, b->tfc_pad_bytes);
	assert_memory_equal(&a->output_mark, &b->output_mark, sizeof(a->output_mark));
	same_selector(&a->sel, &b->sel);
	same_limits(&a->limits, &b->limits);
}

struct keydb_policy policy_of(const char *words, int v6)
{
	struct keydb_policy p;
	size_t at;
	const char *why = "";
	memset(&p, 0, sizeof(p));
	if (keydb_policy_parse(words, &p, &at, &why))
		fail_msg("'%s' at %zu: %s", words, at, why);
	p.sel.src = addr(v6 ? "2001:db8::" : "192.0.2.0");
	p.sel.dst = addr(v6 ? "2001:db8:1::" : "198.51.100.0");
	p.sel.src_bits = v6 ? 64 : 24;
	p.sel.dst_bits = v6 ? 48 : 25;
	p.sel.src_port_any = p.sel.dst_port_any = true;
	return p;
}

static uint8_t kernel_level(const struct keydb_template *t)
{
	if (t->level == KEYDB_LEVEL_DEFAULT)
		return KEYDB_LEVEL_REQUIRE;
	return t->level;
}

void same_policy(const struct keydb_policy *a, const struct keydb_policy *b)
{
	same_selector(&a->sel, &b->sel);
	same_limits(&a->limits, &b->limits);
	assert_int_equal(a->dir, b->dir);
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->if_id, b->if_id);
	assert_memory_equal(&a->mark, &b->mark, sizeof(a->mark));
	assert_int_equal(a->n_templates, b->n_templates);
	for (size_t i = 0; i < a->n_templates; i++) {
		const struct keydb_template *s = &a->templates[i], *t = &b->templates[i];
		assert_memory_equal(&s->src, &t->src, sizeof(s->src));
		assert_memory_equal(&s->dst, &t->dst, sizeof(s->dst));
		assert_int_equal(s->proto, t->proto);
		assert_int_equal(s->mode, t->mode);
		assert_int_equal(kernel_level(s), t->level);
		if (s->reqid)
			assert_int_equal(s->reqid, t->reqid);
		else if (s->level == KEYDB_LEVEL_UNIQUE)
			assert_true(t->reqid > KEYDB_REQID_MANUAL_MAX);
	}
}

static int count_sa(void *arg, const struct keydb_sa *sa)
{
	(void)sa;
	++*(int *)arg;
	return 0;
}

int n_sas(uint8_t proto)
{
	int n = 0;
	worked(keydb_sa_dump(db, proto, count_sa, &n));
	return n;
}

int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- traffic ---- */

void send_udp(int v6, size_t bytes)
{
	static const uint8_t data[1000];
	union keydb_addr to = addr(ends[v6][1]);
	int fd = socket(to.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	to.sin.sin_port = htons(9); /* at the same place in both families */
	/* It may fail (EAGAIN): the packet waits for an SA, or is dropped. */
	(void)!sendto(fd, data, bytes, 0, &to.sa, v6 ? sizeof(to.sin6) : sizeof(to.sin));
	close(fd);
}

void add_out_policy(const char *words, int v6)
{
	struct keydb_policy p = policy_of(words, v6);
	p.sel.dst = addr(ends[v6][1]);
	p.sel.dst_bits = v6 ? 128 : 32;
	p.sel.src_bits = 0;
	memset(v6 ? (void *)&p.sel.src.sin6.sin6_addr : (void *)&p.sel.src.sin.sin_addr, 0,
	       v6 ? 16 : 4);
	p.sel.proto = 17;
	worked(keydb_policy_add(db, &p));
}
