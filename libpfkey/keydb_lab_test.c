/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydb against a real kernel: what is added is what comes back, for every algorithm, mode, family
 * and option; many at once.  Runs as root; an argument chooses tests by name ("policy_*").  Over
 * PF_KEY (LIBPFKEY_TRANSPORT) what that cannot carry must be refused.
 */
#include "keydb_lab.h"

#include <errno.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 10000 };

/* Adds it, gets it back the same, deletes it. */
static void there_and_back(const struct keydb_sa *sa)
{
	struct keydb_sa back;
	worked(keydb_sa_add(db, sa));
	failed_with(keydb_sa_add(db, sa), -EEXIST);
	worked(keydb_sa_get(db, &sa->id, &back));
	same_sa(sa, &back);
	assert_int_equal(back.state, KEYDB_SA_MATURE);
	assert_true(back.usage.add_time != 0);
	worked(keydb_sa_delete(db, &sa->id));
	failed_with(keydb_sa_get(db, &sa->id, &back), -ESRCH);
	failed_with(keydb_sa_delete(db, &sa->id), -ESRCH);
}

/* ---- SAs ---- */

/* What a kernel may be built without. */
static bool is_rare(uint16_t id)
{
	return id == KEYDB_ALG_LZS || id == KEYDB_ALG_LZJH || id == KEYDB_ALG_SM4_CBC ||
	       id == KEYDB_ALG_HMAC_SM3 || id == KEYDB_ALG_HMAC_RIPEMD160;
}

static bool pfkey_has_no_word_for(const struct keydb_alg_info *row, const struct keydb_sa *sa)
{
	if (row->kind == KEYDB_ALG_AEAD)
		return pfkey_refuses(sa, "cannot carry AEAD algorithms");
	return !row->pfkey_id && pfkey_refuses(sa, "has no number for the algorithm");
}

static void sa_of_every_algorithm_mode_and_family(void **state)
{
	static const uint8_t modes[] = { KEYDB_MODE_TRANSPORT, KEYDB_MODE_TUNNEL, KEYDB_MODE_BEET };
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	(void)state;
	for (const struct keydb_alg_info *r = rows; r < rows + n; r++) {
		for (size_t i = 0; i < 6; i++) {
			struct keydb_sa sa = sa_of(r, i % 2, modes[i / 2]);
			if (r->kind == KEYDB_ALG_COMP && sa.mode == KEYDB_MODE_BEET)
				continue;
			print_message("%s %s %u\n", r->setkey_name, ends[i % 2][0], sa.mode);
			if (pfkey_has_no_word_for(r, &sa))
				continue;
			if (is_rare(r->id) && keydb_sa_add(db, &sa)) {
				assert_memory_equal(keydb_error(db), "Function not implemented",
						    24);
				continue;
			}
			worked(keydb_sa_flush(db, KEYDB_PROTO_ANY));
			there_and_back(&sa);
		}
	}
}

static void sa_with_the_shortest_keys(void **state)
{
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	(void)state;
	for (const struct keydb_alg_info *r = rows; r < rows + n; r++) {
		struct keydb_sa sa = sa_of(r, 0, KEYDB_MODE_TRANSPORT);
		if (is_rare(r->id) || r->kind == KEYDB_ALG_AUTH)
			continue;
		print_message("%s\n", r->setkey_name);
		set_alg(r->kind == KEYDB_ALG_AEAD   ? &sa.aead
			: r->kind == KEYDB_ALG_COMP ? &sa.comp
						    : &sa.encr,
			r, false);
		if (!pfkey_has_no_word_for(r, &sa))
			there_and_back(&sa);
	}
}

static void sa_with_sha256_as_rfc_4868_and_as_old_linux(void **state)
{
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL), back;
	(void)state;
	sa.auth.icv_bits = 96;
	there_and_back(&sa);
	sa.auth.icv_bits = 128;
	if (pfkey_refuses(&sa, "cannot carry the length of the authentication code"))
		return;
	there_and_back(&sa);
	sa.auth.icv_bits = 0;
	worked(keydb_sa_add(db, &sa));
	worked(keydb_sa_get(db, &sa.id, &back));
	assert_int_equal(back.auth.icv_bits, 128);
}

static void sa_with_every_window_and_esn(void **state)
{
	static const uint32_t windows[] = { 0, 1, 32, 33, 64, 255, 256, 1000, 4096 };
	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct keydb_sa sa = plain_sa(i % 2, KEYDB_MODE_TUNNEL);
		sa.replay_window_pkts = windows[i];
		if (windows[i] <= 32 ||
		    !pfkey_refuses(&sa, "cannot carry a replay window over 32 packets"))
			there_and_back(&sa);
		if (!windows[i])
			continue;
		sa.flags |= KEYDB_SA_ESN;
		if (!pfkey_refuses(&sa, "cannot carry extended sequence numbers"))
			there_and_back(&sa);
	}
}

static const struct keydb_limits limits = {
	.soft_bytes = 1u << 20,
	.hard_bytes = 1ull << 40,
	.soft_packets = 100,
	.hard_packets = 200,
	.soft_add_sec = 3600,
	.hard_add_sec = 4000,
	.soft_use_sec = 600,
	.hard_use_sec = 700,
};

static void sa_with_every_limit_and_flag_of_pfkey(void **state)
{
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL);
	(void)state;
	sa.flags |= KEYDB_SA_NOECN | KEYDB_SA_DECAP_DSCP | KEYDB_SA_NOPMTUDISC;
	sa.limits = limits;
	there_and_back(&sa);
}

static void sa_with_every_option(void **state)
{
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL);
	(void)state;
	sa.flags = KEYDB_SA_NOECN | KEYDB_SA_DECAP_DSCP | KEYDB_SA_NOPMTUDISC | KEYDB_SA_ICMP |
		   KEYDB_SA_AF_UNSPEC | KEYDB_SA_DONT_ENCAP_DSCP | KEYDB_SA_OSEQ_MAY_WRAP |
		   KEYDB_SA_WILDRECV;
	sa.if_id = 42;
	sa.id.mark = (struct keydb_mark){ 0x10, 0xf0 };
	sa.output_mark = (struct keydb_mark){ 0x3, 0xff };
	sa.tfc_pad_bytes = 1000;
	sa.limits = limits;
	if (!pfkey_refuses(&sa, "cannot carry a mark"))
		there_and_back(&sa);
}

static void sa_in_udp_in_both_families(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct keydb_sa sa = plain_sa(v6, KEYDB_MODE_TUNNEL);
		sa.encap_src_port = 4500;
		sa.encap_dst_port = 14500;
		there_and_back(&sa);
	}
}

static void sa_with_an_inner_family_of_its_own(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct keydb_sa sa = plain_sa(v6, KEYDB_MODE_TUNNEL);
		sa.sel.src = addr(ends[!v6][0]);
		sa.sel.dst = addr(ends[!v6][1]);
		sa.sel.src_bits = sa.sel.dst_bits = 24;
		sa.sel.src_port_any = true;
		sa.sel.proto = 6;
		sa.sel.dst_port = 80;
		if (!pfkey_refuses(&sa, "cannot carry more of an SA's selector than the source"))
			there_and_back(&sa);
	}
}

static void sa_update_changes_the_limits(void **state)
{
	struct keydb_sa sa = plain_sa(1, KEYDB_MODE_TUNNEL), back;
	(void)state;
	failed_with(keydb_sa_update(db, &sa), -ESRCH);
	worked(keydb_sa_add(db, &sa));
	sa.limits.hard_add_sec = 999;
	worked(keydb_sa_update(db, &sa));
	worked(keydb_sa_get(db, &sa.id, &back));
	assert_int_equal(back.limits.hard_add_sec, 999);
}

static void sa_dump_and_flush_by_protocol(void **state)
{
	static const uint16_t ids[] = { KEYDB_ALG_AES_CBC, KEYDB_ALG_HMAC_SHA1, KEYDB_ALG_DEFLATE };
	(void)state;
	assert_int_equal(n_sas(KEYDB_PROTO_ANY), 0);
	worked(keydb_sa_flush(db, KEYDB_PROTO_ANY));
	for (size_t i = 0; i < 6; i++) {
		struct keydb_sa sa = sa_of(keydb_alg_by_id(ids[i / 2]), i % 2, KEYDB_MODE_TUNNEL);
		worked(keydb_sa_add(db, &sa));
	}
	assert_int_equal(n_sas(KEYDB_PROTO_AH), 2);
	worked(keydb_sa_flush(db, KEYDB_PROTO_AH));
	assert_int_equal(n_sas(KEYDB_PROTO_AH), 0);
	assert_int_equal(n_sas(KEYDB_PROTO_ESP), 2);
	assert_int_equal(n_sas(KEYDB_PROTO_IPCOMP), 2);
	worked(keydb_sa_flush(db, KEYDB_PROTO_ANY));
	assert_int_equal(n_sas(KEYDB_PROTO_ANY), 0);
}

static int delete_sa(void *arg, const struct keydb_sa *sa)
{
	++*(int *)arg;
	return keydb_sa_delete(db, &sa->id);
}

static void sa_deletion_from_within_a_dump(void **state)
{
	int n = 0;
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		struct keydb_sa sa = plain_sa(i % 2, KEYDB_MODE_TUNNEL);
		sa.id.spi = 0x1000 + i;
		worked(keydb_sa_add(db, &sa));
	}
	worked(keydb_sa_dump(db, KEYDB_PROTO_ESP, delete_sa, &n));
	assert_int_equal(n, 200);
	assert_int_equal(n_sas(KEYDB_PROTO_ANY), 0);
}

static void sa_errors_bring_a_reason(void **state)
{
	struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TRANSPORT);
	(void)state;
	only_over_netlink("the kernel gives no reasons");
	memset(&sa.auth, 0, sizeof(sa.auth));
	strcpy(sa.encr.name, "cbc(nonesuch)");
	failed_with(keydb_sa_add(db, &sa), -ENOSYS);
	sa = plain_sa(0, KEYDB_MODE_TRANSPORT);
	sa.tfc_pad_bytes = 100; /* in tunnels only */
	failed_with(keydb_sa_add(db, &sa), -EINVAL);
	sa.id.src = addr("::1");
	failed_with(keydb_sa_add(db, &sa), -EINVAL);
	assert_string_equal(keydb_error(db),
			    "Invalid argument: source and destination are of two families");
	sa = plain_sa(0, KEYDB_MODE_TRANSPORT);
	strcpy(sa.offload_device, "nosuchdev");
	failed_with(keydb_sa_add(db, &sa), -ENODEV);
}

static void sa_spis_that_are_free(void **state)
{
	uint32_t spi = 0;
	union keydb_addr dst = addr(ends[0][1]);
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct keydb_sa sa = plain_sa(0, KEYDB_MODE_TUNNEL);
		sa.id.spi = 0x1000 + i;
		worked(keydb_sa_add(db, &sa));
	}
	worked(keydb_spi_choose(db, &dst, KEYDB_PROTO_ESP, 0x1000, 0x1004, &spi));
	assert_int_equal(spi, 0x1004);
	failed_with(keydb_spi_choose(db, &dst, KEYDB_PROTO_ESP, 0x1000, 0x1003, &spi), -EEXIST);
	worked(keydb_spi_choose(db, &dst, KEYDB_PROTO_AH, 0x1000, 0x1000, &spi));
	assert_int_equal(spi, 0x1000);
}

/* ---- policies ---- */

static void policy_there_and_back(const struct keydb_policy *p)
{
	struct keydb_policy back, by_index;
	worked(keydb_policy_add(db, p));
	failed_with(keydb_policy_add(db, p), -EEXIST);
	worked(keydb_policy_get(db, p, &back));
	same_policy(p, &back);
	assert_int_not_equal(back.index, 0);
	worked(keydb_policy_get(db, &back, &by_index));
	same_policy(p, &by_index);
	worked(keydb_policy_delete(db, &back));
	failed_with(keydb_policy_get(db, p, &back), -ENOENT);
	failed_with(keydb_policy_delete(db, p), -ENOENT);
}

static void policy_of_every_kind_and_family(void **state)
{
	static const char *const words[] = {
		"in none",
		"out discard",
		"fwd prio high + 10 none",
		"out ipsec esp/transport//require",
		"out ipsec esp/transport//use ah/transport//use",
		"in ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7",
		"out ipsec esp/tunnel/2001:db8::1-2001:db8::2/unique",
		"fwd prio -1 ipsec ipcomp/tunnel/192.0.2.1-192.0.2.2/use esp/transport//require",
		"out prio low ipsec esp/beet/192.0.2.1-192.0.2.2/require",
		"in ipsec esp/tunnel/2001:db8::1-2001:db8::2/default",
	};
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(words) / sizeof(words[0]); i++) {
		struct keydb_policy p = policy_of(words[i / 2], i % 2);
		print_message("%s\n", words[i / 2]);
		if (over_pfkey() && p.n_templates && p.templates[0].mode == KEYDB_MODE_BEET) {
			failed_with(keydb_policy_add(db, &p), -EOPNOTSUPP);
			continue;
		}
		policy_there_and_back(&p);
	}
}

static void policy_with_every_option(void **state)
{
	struct keydb_policy p = policy_of("out ipsec esp/transport//require", 0);
	(void)state;
	only_over_netlink("marks and if_id");
	p.sel.proto = 6;
	p.sel.dst_port_any = false;
	p.sel.dst_port = 80;
	p.mark = (struct keydb_mark){ 1, 0xff };
	p.if_id = 9;
	p.limits.hard_add_sec = 3600;
	p.limits.soft_use_sec = 60;
	policy_there_and_back(&p);
}

static int count_policy(void *arg, const struct keydb_policy *p)
{
	(void)p;
	++*(int *)arg;
	return 0;
}

static int n_policies(void)
{
	int n = 0;
	worked(keydb_policy_dump(db, count_policy, &n));
	return n;
}

static void policy_namesakes_differ_by_interface_and_direction(void **state)
{
	struct keydb_policy p = policy_of("out none", 0);
	(void)state;
	only_over_netlink("if_id");
	worked(keydb_policy_add(db, &p));
	p.if_id = 1;
	worked(keydb_policy_add(db, &p));
	p.dir = KEYDB_DIR_IN;
	worked(keydb_policy_add(db, &p));
	assert_int_equal(n_policies(), 3);
	p.dir = KEYDB_DIR_OUT;
	worked(keydb_policy_delete(db, &p));
	assert_int_equal(n_policies(), 2);
	worked(keydb_policy_flush(db));
	assert_int_equal(n_policies(), 0);
	worked(keydb_policy_flush(db));
}

static void policy_update_adds_and_replaces(void **state)
{
	struct keydb_policy p = policy_of("out none", 1), back;
	(void)state;
	worked(keydb_policy_update(db, &p));
	p.action = KEYDB_ACTION_DISCARD;
	worked(keydb_policy_update(db, &p));
	assert_int_equal(n_policies(), 1);
	worked(keydb_policy_get(db, &p, &back));
	assert_int_equal(back.action, KEYDB_ACTION_DISCARD);
}

static int find_socket_policy(void *arg, const struct keydb_policy *p)
{
	*(int *)arg += p->dir == KEYDB_DIR_SOCKET_OUT;
	return 0;
}

static void policy_of_a_socket_is_dumped_as_such(void **state)
{
	int n = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct xfrm_userpolicy_info x;
	(void)state;
	memset(&x, 0, sizeof(x));
	x.sel.family = AF_INET;
	x.dir = XFRM_POLICY_OUT;
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_XFRM_POLICY, &x, sizeof(x)), 0);
	worked(keydb_policy_dump(db, find_socket_policy, &n));
	close(fd);
	assert_int_equal(n, 1);
}

/* ---- many at once ---- */

static void batch_names_the_entry_that_failed(void **state)
{
	struct keydb_sa good = plain_sa(0, KEYDB_MODE_TUNNEL), bad = good, unsayable = good;
	struct keydb_policy p = policy_of("out none", 0);
	(void)state;
	only_over_netlink("padding and windows, see pfkey_lab_test");
	bad.tfc_pad_bytes = 100;
	bad.mode = KEYDB_MODE_TRANSPORT;
	unsayable.replay_window_pkts = 5000;
	struct keydb_op ops[] = {
		{ .kind = KEYDB_OP_SA_ADD, .sa = &good },
		{ .kind = KEYDB_OP_SA_ADD, .sa = &bad },
		{ .kind = KEYDB_OP_POLICY_ADD, .policy = &p },
		{ .kind = KEYDB_OP_SA_ADD, .sa = &unsayable },
		{ .kind = KEYDB_OP_SA_DELETE, .sa_id = &good.id },
		{ .kind = KEYDB_OP_SA_DELETE, .sa_id = &good.id },
	};
	assert_int_equal(keydb_batch(db, ops, 6), -EINVAL);
	assert_memory_equal(keydb_error(db), "entry 2: Invalid argument", 25);
	assert_int_equal(ops[0].result, 0);
	assert_string_equal(ops[0].reason, "");
	assert_int_equal(ops[1].result, -EINVAL);
	assert_int_equal(ops[2].result, 0);
	assert_string_equal(ops[3].reason, "Invalid argument: replay window over 4096 packets");
	assert_int_equal(ops[4].result, 0);
	assert_int_equal(ops[5].result, -ESRCH);
	assert_int_equal(n_policies(), 1);
	assert_int_equal(keydb_batch(db, ops, 0), 0);
}

/* Runs the batch, then again: now every entry fails. */
static void add_twice(struct keydb_op *ops, size_t n)
{
	int64_t before_ms = now_ms();
	worked(keydb_batch(db, ops, n));
	print_message("%zu entries in %d ms\n", n, (int)(now_ms() - before_ms));
	assert_int_equal(keydb_batch(db, ops, n), -EEXIST);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ops[i].result, -EEXIST);
}

static void batch_of_ten_thousand_sas(void **state)
{
	struct keydb_sa *sas = calloc(MANY, sizeof(*sas));
	struct keydb_op *ops = calloc(MANY, sizeof(*ops));
	(void)state;
	assert_true(sas && ops);
	for (uint32_t i = 0; i < MANY; i++) {
		sas[i] = plain_sa(i % 2, KEYDB_MODE_TUNNEL);
		sas[i].id.spi = 0x1000 + i;
		sas[i].reqid = keydb_reqid(i, 0);
		ops[i] = (struct keydb_op){ .kind = KEYDB_OP_SA_ADD, .sa = &sas[i] };
	}
	add_twice(ops, MANY);
	assert_int_equal(n_sas(KEYDB_PROTO_ANY), MANY);
	worked(keydb_sa_flush(db, KEYDB_PROTO_ESP));
	assert_int_equal(n_sas(KEYDB_PROTO_ANY), 0);
	free(sas);
	free(ops);
}

static void batch_of_ten_thousand_policies(void **state)
{
	struct keydb_policy *policies = calloc(MANY, sizeof(*policies));
	struct keydb_op *ops = calloc(MANY, sizeof(*ops));
	(void)state;
	assert_true(policies && ops);
	for (uint32_t i = 0; i < MANY; i++) {
		policies[i] = policy_of("out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7", 0);
		policies[i].sel.dst.sin.sin_addr.s_addr = htonl(0x0a000000 + i);
		policies[i].sel.dst_bits = 32;
		ops[i] = (struct keydb_op){ .kind = KEYDB_OP_POLICY_ADD, .policy = &policies[i] };
	}
	add_twice(ops, MANY);
	assert_int_equal(n_policies(), MANY);
	worked(keydb_policy_flush(db));
	free(policies);
	free(ops);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(sa_of_every_algorithm_mode_and_family),
		CASE(sa_with_the_shortest_keys),
		CASE(sa_with_sha256_as_rfc_4868_and_as_old_linux),
		CASE(sa_with_every_window_and_esn),
		CASE(sa_with_every_limit_and_flag_of_pfkey),
		CASE(sa_with_every_option),
		CASE(sa_in_udp_in_both_families),
		CASE(sa_with_an_inner_family_of_its_own),
		CASE(sa_update_changes_the_limits),
		CASE(sa_dump_and_flush_by_protocol),
		CASE(sa_deletion_from_within_a_dump),
		CASE(sa_errors_bring_a_reason),
		CASE(sa_spis_that_are_free),
		CASE(policy_of_every_kind_and_family),
		CASE(policy_with_every_option),
		CASE(policy_namesakes_differ_by_interface_and_direction),
		CASE(policy_update_adds_and_replaces),
		CASE(policy_of_a_socket_is_dumped_as_such),
		CASE(batch_names_the_entry_that_failed),
		CASE(batch_of_ten_thousand_sas),
		CASE(batch_of_ten_thousand_policies),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
