/* SPDX-License-Identifier: BSD-2-Clause */
/* The address watch, in a namespace of its own. */
#include "net/watch.h"

#include "base/fmt.h"
#include "base/loop.h"
#include "net/netns_unit.h"

/* What the watch told: " +192.0.2.1 -192.0.2.1" */
struct diary {
	struct loop *loop;
	struct watch *watch;
	char text[512];
	struct fmt f;
	int n, n_wanted;
};

static bool have_netns;

static void note(void *arg, const struct addr *a, bool added)
{
	struct diary *d = arg;
	char text[ADDR_TEXT_MAX_BYTES];

	if (d->watch)
		assert_true(watch_is_local(d->watch, a) == added);
	fmt_add(&d->f, " %c%s", added ? '+' : '-', addr_text(a, text));
	if (++d->n == d->n_wanted)
		loop_stop(d->loop);
}

static void on_too_late(void *arg)
{
	struct diary *d = arg;
	fmt_add(&d->f, " too late");
	loop_stop(d->loop);
}

/* Runs the loop until n changes were told (n 0: for a short while), at most 5 s. */
static void run_until(struct diary *d, int n)
{
	struct loop_timer *deadline = loop_timer_new(d->loop, on_too_late, d);

	d->f = fmt_of(d->text, sizeof(d->text));
	d->n = 0;
	d->n_wanted = n;
	loop_timer_arm(deadline, n > 0 ? 5000 : 50);
	assert_int_equal(loop_run(d->loop), 0);
	loop_timer_free(deadline);
}

static int setup(void **state)
{
	struct diary *d = calloc(1, sizeof(*d));
	struct err err;

	*state = d;
	if (!have_netns)
		return 0;
	d->f = fmt_of(d->text, sizeof(d->text));
	d->loop = loop_new();
	return watch_new(d->loop, note, d, &d->watch, &err);
}

static int teardown(void **state)
{
	struct diary *d = *state;

	watch_free(d->watch);
	loop_free(d->loop);
	free(d);
	return 0;
}

static void need_netns(void)
{
	if (!have_netns)
		skip();
}

static bool is_local(const struct diary *d, const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	a.port = 500;
	return watch_is_local(d->watch, &a);
}

static void test_addresses_there_at_the_start_are_known(void **state)
{
	struct diary *d = *state, all = { 0 };

	need_netns();
	assert_true(is_local(d, "127.0.0.1"));
	assert_true(is_local(d, "::1"));
	assert_false(is_local(d, "192.0.2.1"));
	assert_string_equal(d->text, "");
	all.f = fmt_of(all.text, sizeof(all.text));
	watch_each(d->watch, note, &all);
	assert_string_equal(all.text, " +127.0.0.1 +::1");
}

static void test_changes_are_told_in_order(void **state)
{
	struct diary *d = *state;

	need_netns();
	netns_address(true, "192.0.2.1/24");
	netns_address(true, "2001:db8::1/64");
	netns_address(false, "192.0.2.1/24");
	netns_address(true, "fe80::7/64");
	/* The watch sees the state after each event, in order. */
	run_until(d, 4);
	assert_string_equal(d->text, " +192.0.2.1 +2001:db8::1 -192.0.2.1 +fe80::7%1");
	assert_true(is_local(d, "fe80::7%1"));
	assert_false(is_local(d, "fe80::7"));
	netns_address(false, "2001:db8::1/64");
	netns_address(false, "fe80::7/64");
	run_until(d, 2);
	assert_string_equal(d->text, " -2001:db8::1 -fe80::7%1");
}

static void test_an_address_is_there_until_its_last_instance_goes(void **state)
{
	struct diary *d = *state;

	need_netns();
	netns_address(true, "192.0.2.1/24");
	netns_address(true, "192.0.2.1/32");
	run_until(d, 1);
	run_until(d, 0);
	assert_string_equal(d->text, " too late");
	netns_address(false, "192.0.2.1/24");
	run_until(d, 0);
	assert_string_equal(d->text, " too late");
	netns_address(false, "192.0.2.1/32");
	run_until(d, 1);
	assert_string_equal(d->text, " -192.0.2.1");
}

static void test_lost_events_are_made_up_for(void **state)
{
	enum { N_CHANGES = 3000 };
	struct diary *d = *state;

	need_netns();
	netns_address(true, "192.0.2.1/24");
	run_until(d, 1);
	/* More events than the socket holds, while nobody reads. */
	for (int i = 0; i < N_CHANGES; i++)
		netns_address(i % 2 == 0, "192.0.2.2/32");
	netns_address(false, "192.0.2.1/24");
	netns_address(true, "192.0.2.3/32");
	run_until(d, 0);
	for (int i = 0; i < 100 && (is_local(d, "192.0.2.1") || !is_local(d, "192.0.2.3")); i++)
		run_until(d, 0);
	assert_false(is_local(d, "192.0.2.1"));
	assert_false(is_local(d, "192.0.2.2"));
	assert_true(is_local(d, "192.0.2.3"));
	netns_address(false, "192.0.2.3/32");
}

/* clang-format off */
#define ROW(sentence, fn) { (sentence), (fn), setup, teardown, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW("addresses there at the start are known",
		    test_addresses_there_at_the_start_are_known),
		ROW("changes are told in order", test_changes_are_told_in_order),
		ROW("an address is there until its last instance goes",
		    test_an_address_is_there_until_its_last_instance_goes),
		ROW("lost events are made up for", test_lost_events_are_made_up_for),
	};

	have_netns = netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
