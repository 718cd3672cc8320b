/* SPDX-License-Identifier: BSD-2-Clause */
/* Owners: the same for all that one peer may do. */
#include "policy/owner.h"

#include "policy/policy_unit.h"
#include "policy/reqid.h"

static struct policy *policy_of(int engines)
{
	struct policy *p = policy_new();
	assert_non_null(p);
	p->engines = engines;
	return p;
}

static struct peer_config *add_peer(struct policy *p, const char *name, const char *const *addrs)
{
	struct peer_config *peer = policy_add_peer(p, name);
	assert_non_null(peer);
	for (; addrs && *addrs; addrs++)
		peer->peer_addrs[peer->n_peer_addrs++] = unit_addr(*addrs);
	return peer;
}

static const char *const at_1[] = { "10.0.0.1", NULL };
static const char *const at_1_and_2[] = { "10.0.0.1", "10.0.0.2", NULL };
static const char *const at_3_and_2[] = { "10.0.0.3", "10.0.0.2", NULL };

static void strangers_belong_where_the_kernel_sends_them(void **state)
{
	struct policy *p = policy_of(7);
	bool hit[7] = { false };
	(void)state;
	owner_settle(p);
	for (uint8_t i = 0; i < 100; i++) {
		struct addr a = unit_addr("10.0.0.0");
		a.ip[3] = i;
		assert_int_equal(owner_of_addr(p, &a), addr_spread(&a) % 7);
		hit[owner_of_addr(p, &a)] = true;
	}
	for (size_t i = 0; i < N_ELEMENTS(hit); i++)
		assert_true(hit[i]);
	policy_unref(p);
}

static void a_peer_has_one_owner_at_all_its_addresses(void **state)
{
	struct policy *p = policy_of(64);
	struct peer_config *peer = add_peer(p, "gw", at_1_and_2);
	struct addr first = unit_addr("10.0.0.1"), second = unit_addr("10.0.0.2");
	(void)state;
	owner_settle(p);
	assert_int_not_equal(addr_spread(&first) % 64, addr_spread(&second) % 64);
	assert_int_equal(owner_of_peer(peer), addr_spread(&first) % 64);
	assert_int_equal(owner_of_addr(p, &first), owner_of_peer(peer));
	assert_int_equal(owner_of_addr(p, &second), owner_of_peer(peer));
	policy_unref(p);
}

static void entries_with_a_common_address_have_one_owner(void **state)
{
	struct policy *p = policy_of(64);
	struct peer_config *one = add_peer(p, "one", at_1);
	struct peer_config *two = add_peer(p, "two", at_1_and_2);
	struct peer_config *three = add_peer(p, "three", at_3_and_2);
	struct addr third = unit_addr("10.0.0.3");
	(void)state;
	owner_settle(p);
	assert_int_equal(owner_of_peer(two), owner_of_peer(one));
	assert_int_equal(owner_of_peer(three), owner_of_peer(one));
	assert_int_equal(owner_of_addr(p, &third), owner_of_peer(one));
	policy_unref(p);
}

static void a_name_without_address_has_an_owner_that_stays(void **state)
{
	struct policy *p = policy_of(64);
	struct peer_config *peer = add_peer(p, "by name", NULL);
	struct addr now = unit_addr("10.0.0.9");
	(void)state;
	strcpy(peer->peer_name, "gw.example");
	owner_settle(p);
	unsigned int before = owner_of_peer(peer);
	peer->peer_addrs[peer->n_peer_addrs++] = now;
	assert_int_equal(owner_of_peer(peer), before);
	assert_int_equal(owner_of_addr(p, &now), before);
	policy_unref(p);
}

static void what_the_kernel_asks_for_is_the_owners(void **state)
{
	struct policy *p = policy_of(64);
	struct peer_config *anybody = add_peer(p, "anybody", NULL);
	struct peer_config *peer = add_peer(p, "gw", at_1_and_2);
	struct child_config *child = peer_config_add_child(peer, "lan");
	struct child_config *others = peer_config_add_child(anybody, "lan");
	struct addr moved = unit_addr("10.9.9.9"), second = unit_addr("10.0.0.2");
	(void)state;
	child->install_policy = others->install_policy = true;
	owner_settle(p);
	/* by its reqid, in whatever variant and wherever the peer is */
	assert_int_equal(owner_of_acquire(p, child->reqid, &moved), owner_of_peer(peer));
	assert_int_equal(owner_of_acquire(p, child->reqid + 5, &moved), owner_of_peer(peer));
	/* a policy of setkey, and one of an entry for anybody: by the address */
	assert_int_equal(owner_of_acquire(p, 0, &second), owner_of_peer(peer));
	assert_int_equal(owner_of_acquire(p, others->reqid, &moved), addr_spread(&moved) % 64);
	policy_unref(p);
}

static void one_engine_owns_everything(void **state)
{
	struct policy *p = policy_of(1);
	struct peer_config *peer = add_peer(p, "gw", at_1_and_2);
	struct addr stranger = unit_addr("2001:db8::77");
	(void)state;
	owner_settle(p);
	assert_int_equal(owner_of_peer(peer), 0);
	assert_int_equal(owner_of_addr(p, &stranger), 0);
	assert_int_equal(owner_of_acquire(p, 1, &stranger), 0);
	policy_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("strangers belong where the kernel sends them",
		     strangers_belong_where_the_kernel_sends_them),
		UNIT("a peer has one owner at all its addresses",
		     a_peer_has_one_owner_at_all_its_addresses),
		UNIT("entries with a common address have one owner",
		     entries_with_a_common_address_have_one_owner),
		UNIT("a name without address has an owner that stays",
		     a_name_without_address_has_an_owner_that_stays),
		UNIT("what the kernel asks for is the owner's",
		     what_the_kernel_asks_for_is_the_owners),
		UNIT("one engine owns everything", one_engine_owns_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
