/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/policy.h"

#include <errno.h>

#include "policy/policy_unit.h"
#include "policy/reqid.h"

/* gw (two addresses), other (behind a local address), dns (not resolved), any, any2. */
static int build(void **state)
{
	struct policy *p = policy_new();
	struct peer_config *any = policy_add_peer(p, "any");
	struct peer_config *gw = policy_add_peer(p, "gw");
	struct peer_config *other = policy_add_peer(p, "other");
	struct peer_config *dns = policy_add_peer(p, "dns");
	struct peer_config *any2 = policy_add_peer(p, "any2");
	if (!any || !gw || !other || !dns || !any2)
		return -1;
	gw->n_peer_addrs = 2;
	gw->peer_addrs[0] = unit_addr("192.0.2.1");
	gw->peer_addrs[1] = unit_addr("2001:db8::1");
	other->n_peer_addrs = 1;
	other->peer_addrs[0] = unit_addr("192.0.2.1");
	other->local_addr = unit_addr("198.51.100.9");
	strcpy(dns->peer_name, "gw.example");
	*state = p;
	return 0;
}

static int drop(void **state)
{
	policy_unref(*state);
	return 0;
}

static void defaults(void **state)
{
	const struct policy *p = *state;
	struct peer_config *peer = policy_add_peer(*state, "fresh");
	const struct child_config *c = peer_config_add_child(peer, "net");
	assert_int_equal(p->timers.retransmit_first_ms, 2000);
	assert_int_equal(p->timers.retransmit_tries, 5);
	assert_int_equal(p->timers.retransmit_factor_percent, 180);
	assert_int_equal(p->timers.natt_keepalive_ms, 20000);
	assert_int_equal(p->timers.half_open_ms, 30000);
	assert_int_equal(p->port, 500);
	assert_int_equal(p->natt_port, 4500);
	assert_true(peer->verify_id && peer->nat_traversal && peer->initial_contact);
	assert_int_equal(peer->initiate, INITIATE_ON_DEMAND);
	assert_int_equal(peer->nonce_bytes, 32);
	assert_int_equal(peer->lifetime.hard_ms, 28800000);
	assert_ptr_equal(peer->policy, p);
	assert_int_equal(c->mode, CHILD_TUNNEL);
	assert_false(c->install_policy);
	assert_int_equal(c->replay_window_pkts, 64);
	assert_int_equal(c->reqid, policy_reqid("fresh", "net"));
	assert_ptr_equal(c->peer, peer);
}

static void names_have_a_limit(void **state)
{
	char name[POLICY_NAME_MAX_BYTES + 1];
	memset(name, 'x', sizeof(name));
	name[POLICY_NAME_MAX_BYTES] = '\0';
	assert_null(policy_add_peer(*state, name));
	name[POLICY_NAME_MAX_BYTES - 1] = '\0';
	struct peer_config *peer = policy_add_peer(*state, name);
	assert_non_null(peer);
	assert_string_equal(peer->name, name);
	assert_non_null(peer_config_add_child(peer, name));
	name[POLICY_NAME_MAX_BYTES - 1] = 'x';
	assert_null(peer_config_add_child(peer, name));
}

static void references(void **state)
{
	struct policy *p = policy_ref(*state);
	assert_ptr_equal(p, *state);
	policy_unref(p);
	assert_non_null(policy_find_by_name(*state, "gw")); /* still there */
	policy_unref(NULL);
	assert_null(policy_ref(NULL));
}

static void expect_found(const struct policy *p, const char *local, const char *addr,
			 const char *const *names)
{
	struct addr l = { 0 }, a = unit_addr(addr);
	if (local)
		l = unit_addr(local);
	a.port = 61234; /* behind a NAT */
	const struct peer_config *found = NULL;
	for (; *names; names++) {
		found = policy_find_by_addr(p, &l, &a, found);
		assert_non_null(found);
		assert_string_equal(found->name, *names);
	}
	assert_null(policy_find_by_addr(p, &l, &a, found));
}

static void entries_with_an_address_come_first(void **state)
{
	expect_found(*state, NULL, "192.0.2.1",
		     (const char *const[]){ "gw", "other", "any", "any2", NULL });
	expect_found(*state, "203.0.113.1", "192.0.2.1",
		     (const char *const[]){ "gw", "any", "any2", NULL });
	expect_found(*state, "198.51.100.9", "192.0.2.1",
		     (const char *const[]){ "gw", "other", "any", "any2", NULL });
	expect_found(*state, NULL, "2001:db8::1",
		     (const char *const[]){ "gw", "any", "any2", NULL });
	expect_found(*state, NULL, "2001:db8::2", (const char *const[]){ "any", "any2", NULL });
}

static void no_local_address_is_any(void **state)
{
	const struct addr a = unit_addr("192.0.2.1");
	const struct policy *p = *state;
	const struct peer_config *gw = policy_find_by_name(p, "gw");
	const struct peer_config *other = policy_find_by_addr(p, NULL, &a, gw);
	assert_non_null(other);
	assert_string_equal(other->name, "other");
	assert_true(peer_config_is_anonymous(policy_find_by_name(p, "any")));
	assert_false(peer_config_is_anonymous(gw));
	assert_false(peer_config_is_anonymous(policy_find_by_name(p, "dns")));
}

static void targets(void **state)
{
	struct policy *p = *state;
	const struct peer_config *peer = NULL;
	const struct child_config *child = NULL;
	struct err err = { 0 };
	struct peer_config *net = policy_add_peer(p, "site");
	assert_non_null(peer_config_add_child(net, "net1"));
	assert_non_null(peer_config_add_child(net, "a/b"));
	assert_int_equal(policy_find_target(p, "site", &peer, &child, &err), 0);
	assert_ptr_equal(peer, net);
	assert_null(child);
	assert_int_equal(policy_find_target(p, "site/net1", &peer, &child, &err), 0);
	assert_string_equal(child->name, "net1");
	assert_int_equal(policy_find_target(p, "site/a/b", &peer, &child, &err), 0);
	assert_string_equal(child->name, "a/b");
}

static void unknown_targets_are_explained(void **state)
{
	struct policy *p = *state;
	const struct peer_config *peer = NULL;
	const struct child_config *child = NULL;
	struct err err = { 0 };
	struct peer_config *net = policy_add_peer(p, "site");
	assert_non_null(peer_config_add_child(net, "net1"));
	assert_int_equal(policy_find_target(p, "othr", &peer, &child, &err), -ENOENT);
	assert_string_equal(err.text, "no peer \"othr\"; did you mean \"other\"?");
	assert_int_equal(policy_find_target(p, "zzzzzz", &peer, &child, &err), -ENOENT);
	assert_string_equal(err.text, "no peer \"zzzzzz\"");
	assert_int_equal(policy_find_target(p, "site/net2", &peer, &child, &err), -ENOENT);
	assert_string_equal(err.text, "peer site: no child \"net2\"; did you mean \"net1\"?");
	assert_int_equal(policy_find_target(p, "site/", &peer, &child, NULL), -ENOENT);
	assert_int_equal(policy_find_target(p, "", &peer, &child, NULL), -ENOENT);
	assert_null(peer);
	assert_null(child);
}

static void reqids_are_stable_and_scattered(void **state)
{
	uint32_t seen[200];
	char name[32];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(seen); i++) {
		snprintf(name, sizeof(name), "net%zu", i);
		seen[i] = policy_reqid("gw", name);
		assert_true(seen[i] > 0x3fff);
		for (uint32_t v = 0; v < POLICY_REQID_VARIANTS; v++)
			assert_int_equal(policy_reqid_base(seen[i] + v), seen[i]);
		assert_int_equal(policy_reqid("gw", name), seen[i]);
		assert_int_not_equal(policy_reqid("gw2", name), seen[i]);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[j], seen[i]);
	}
	/* setkey's are nobody's variants */
	assert_int_equal(policy_reqid_base(0x3fff), 0x3fff);
	assert_int_equal(policy_reqid_base(0), 0);
	/* Neighbours differ in about half of their bits: never in a few only. */
	for (size_t i = 1; i < N_ELEMENTS(seen); i++)
		assert_true(__builtin_popcount(seen[i] ^ seen[i - 1]) >= 4);
}

static const struct child_config *acquire(const struct policy *p, uint32_t reqid, const char *src,
					  const char *dst)
{
	const struct ts s = unit_net(src), d = unit_net(dst);
	return policy_find_acquire(p, 0, reqid, &s, &d);
}

static struct child_config *add_child(struct policy *p, const char *peer, const char *name,
				      const char *local, const char *remote)
{
	const struct peer_config *found = policy_find_by_name(p, peer);
	/* The snapshot is ours: still being built. */
	struct child_config *c =
		peer_config_add_child((struct peer_config *)(uintptr_t)found, name);
	assert_non_null(c);
	if (local)
		c->local_ts.ts[c->local_ts.n++] = unit_net(local);
	if (remote)
		c->peer_ts.ts[c->peer_ts.n++] = unit_net(remote);
	return c;
}

static void an_acquire_finds_its_child(void **state)
{
	struct policy *p = *state;
	struct child_config *a = add_child(p, "gw", "a", "10.0.0.0/24", "10.1.0.0/24");
	struct child_config *b = add_child(p, "gw", "b", "10.0.0.0/24", "10.0.0.0/8");
	a->install_policy = b->install_policy = true;
	assert_ptr_equal(acquire(p, 0, "10.0.0.1/32", "10.1.0.1/32"), a);
	assert_ptr_equal(acquire(p, b->reqid, "10.0.0.1/32", "10.1.0.1/32"), b);
	assert_ptr_equal(acquire(p, 0, "10.0.0.1/32", "10.2.0.1/32"), b);
	assert_null(acquire(p, a->reqid, "10.0.0.1/32", "10.2.0.1/32"));
	assert_null(acquire(p, 12345, "10.0.0.1/32", "10.1.0.1/32"));
	assert_null(acquire(p, 0, "10.0.1.1/32", "10.1.0.1/32"));
	assert_null(acquire(p, 0, "2001:db8::1/128", "2001:db8::2/128"));
}

static void policies_of_others_have_reqids_of_theirs(void **state)
{
	struct policy *p = *state;
	struct child_config *a = add_child(p, "gw", "a", "10.0.0.0/24", "10.1.0.0/24");
	assert_ptr_equal(acquire(p, 7, "10.0.0.1/32", "10.1.0.1/32"), a);
	assert_null(acquire(p, 7, "10.0.0.1/32", "10.2.0.1/32"));
}

static void empty_lists_mean_the_ends(void **state)
{
	struct policy *p = *state;
	struct child_config *a = add_child(p, "other", "host", NULL, NULL);
	a->mode = CHILD_TRANSPORT;
	assert_ptr_equal(acquire(p, 0, "198.51.100.9/32", "192.0.2.1/32"), a);
	assert_null(acquire(p, 0, "198.51.100.8/32", "192.0.2.1/32"));
	assert_null(acquire(p, 0, "198.51.100.9/32", "192.0.2.0/24"));
	assert_null(acquire(p, 0, "198.51.100.9/32", "192.0.2.2/32"));
	a->mode = CHILD_TUNNEL; /* whatever is asked */
	assert_ptr_equal(acquire(p, 0, "10.0.0.1/32", "10.1.0.1/32"), a);
	a->mode = CHILD_TRANSPORT;
	struct child_config *any = add_child(p, "any", "host", NULL, NULL);
	any->mode = CHILD_TRANSPORT;
	assert_ptr_equal(acquire(p, 0, "198.51.100.8/32", "192.0.2.7/32"), any);
}

static void identities(void **state)
{
	const struct addr at = unit_addr("192.0.2.1"), elsewhere = unit_addr("192.0.2.2");
	struct peer_config *peer = policy_add_peer(*state, "ids");
	struct id address, fqdn, other, none = { 0 };
	id_of_addr(&at, &address);
	assert_int_equal(id_set(&fqdn, ID_FQDN, slice_of("gw.example", 10)), 0);
	assert_int_equal(id_set(&other, ID_FQDN, slice_of("gw.exampl3", 10)), 0);
	/* none given: its address */
	assert_true(peer_config_accepts_id(peer, &address, &at));
	assert_false(peer_config_accepts_id(peer, &address, &elsewhere));
	assert_false(peer_config_accepts_id(peer, &fqdn, &at));
	/* a name */
	peer->peer_ids[peer->n_peer_ids++] = fqdn;
	assert_true(peer_config_accepts_id(peer, &fqdn, &elsewhere));
	assert_false(peer_config_accepts_id(peer, &other, &at));
	assert_false(peer_config_accepts_id(peer, &address, &at));
	/* or "address" */
	peer->peer_ids[peer->n_peer_ids++] = none;
	assert_true(peer_config_accepts_id(peer, &address, &at));
	assert_false(peer_config_accepts_id(peer, &address, &elsewhere));
	assert_false(peer_config_accepts_id(peer, &none, &at));
	/* not to be verified */
	peer->verify_id = false;
	assert_true(peer_config_accepts_id(peer, &other, &at));
	assert_false(peer_config_names_id(peer, &other, &at));
	assert_false(peer_config_accepts_id(peer, &none, &at));
}

#define WITH_PEERS(sentence, fn)                    \
	{                                           \
		(sentence), (fn), build, drop, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PEERS("a new snapshot and its entries have the documented defaults", defaults),
		WITH_PEERS("a name that does not fit is refused, not cut", names_have_a_limit),
		WITH_PEERS("a snapshot lives as long as it is referred to", references),
		WITH_PEERS("entries with the address come first, then anonymous ones",
			   entries_with_an_address_come_first),
		WITH_PEERS("without a local address every entry counts", no_local_address_is_any),
		WITH_PEERS("targets are peers or children", targets),
		WITH_PEERS("an unknown target is told with the nearest name",
			   unknown_targets_are_explained),
		WITH_PEERS("reqids are stable, above setkey's and scattered",
			   reqids_are_stable_and_scattered),
		WITH_PEERS("an acquire finds the child by reqid and selectors",
			   an_acquire_finds_its_child),
		WITH_PEERS("where setkey has the policies the reqid does not count",
			   policies_of_others_have_reqids_of_theirs),
		WITH_PEERS("empty lists mean the IKE SA's ends in transport mode",
			   empty_lists_mean_the_ends),
		WITH_PEERS("a peer is who its entry says", identities),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
