/* SPDX-License-Identifier: BSD-2-Clause */
/* Which names the resolver looks up, and what the engine's end makes of its answers. */
#include "priv/resolver_process.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/unit.h"
#include "priv/names_client.h"
#include "priv/request_check.h"

static struct policy *policy_of(const char *name)
{
	struct policy *p = policy_new();
	struct peer_config *peer = policy_add_peer(p, "gw");
	assert_non_null(peer);
	peer->by_name = true;
	strcpy(peer->peer_name, name);
	return p;
}

static void only_names_of_the_configuration(void **state)
{
	struct policy *p = policy_of("localhost");
	struct request_name question = { .name = "secret.evil.example" };
	struct request_addresses answer;
	(void)state;
	assert_int_equal(resolver_answer(p, &question, &answer), -EBADMSG);
	strcpy(question.name, "localhost");
	assert_int_equal(resolver_answer(p, &question, &answer), 0);
	assert_int_equal(answer.result, 0);
	assert_true(answer.n >= 1);
	assert_null(request_check_addresses(&answer, slice_of(NULL, 0)));
	policy_unref(p);
}

static void a_name_that_is_none(void **state)
{
	struct policy *p = policy_of("no such name.invalid");
	struct request_name question = { .name = "no such name.invalid" };
	struct request_addresses answer;
	(void)state;
	assert_int_equal(resolver_answer(p, &question, &answer), 0);
	assert_true(answer.result < 0);
	assert_int_equal(answer.n, 0);
	assert_null(request_check_addresses(&answer, slice_of(NULL, 0)));
	policy_unref(p);
}

static void bodies_that_lie_are_refused(void **state)
{
	struct request_addresses a = { .n = POLICY_ADDRS_MAX + 1 };
	struct request_name n;
	(void)state;
	assert_non_null(request_check_addresses(&a, slice_of(NULL, 0)));
	a.n = 1; /* one that is none */
	assert_non_null(request_check_addresses(&a, slice_of(NULL, 0)));
	assert_int_equal(addr_parse("192.0.2.1", &a.addrs[0]), 0);
	assert_null(request_check_addresses(&a, slice_of(NULL, 0)));
	a.result = -ENOENT;
	assert_non_null(request_check_addresses(&a, slice_of(NULL, 0)));
	memset(&n, 'x', sizeof(n));
	assert_non_null(request_check_name(&n, slice_of(NULL, 0)));
	memset(&n, 0, sizeof(n));
	assert_non_null(request_check_name(&n, slice_of(NULL, 0)));
}

struct heard {
	struct loop *loop;
	int n, result;
	size_t n_addrs;
};

static void on_done(void *arg, int result, const struct addr *addrs, size_t n)
{
	struct heard *h = arg;
	(void)addrs;
	h->n++;
	h->result = result;
	h->n_addrs = n;
	loop_stop(h->loop);
}

static void questions_and_answers(void **state)
{
	struct heard h = { .loop = loop_new() };
	int pair[2];
	uint8_t *buf = malloc(FRAME_BODY_MAX_BYTES);
	struct request_addresses answer;
	struct frame f;
	(void)state;
	assert_int_equal(frame_pair(pair), 0);
	struct names_client *c = names_client_new(h.loop, pair[0]);
	struct names *n = names_client_port(c);
	assert_int_equal(n->ops->resolve(n, "gw.example", on_done, &h), 0);
	assert_int_equal(frame_recv(pair[1], buf, &f), 1);
	assert_int_equal(f.kind, REQUEST_NAME);
	assert_string_equal(((const struct request_name *)request_body(&f))->name, "gw.example");
	memset(&answer, 0, sizeof(answer));
	answer.n = 1;
	assert_int_equal(addr_parse("192.0.2.1", &answer.addrs[0]), 0);
	assert_int_equal(frame_send(pair[1], REQUEST_ADDRESSES, f.id,
				    slice_of(&answer, sizeof(answer)), NULL, 0),
			 0);
	assert_int_equal(loop_run(h.loop), 0);
	assert_true(h.n == 1 && h.result == 0 && h.n_addrs == 1);
	char long_name[POLICY_NAME_MAX_BYTES + 10];
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	assert_int_equal(n->ops->resolve(n, long_name, on_done, &h), -ENAMETOOLONG);
	names_client_free(c);
	close(pair[1]);
	loop_free(h.loop);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("only names of the configuration are looked up",
		     only_names_of_the_configuration),
		UNIT("a name that is none has no addresses", a_name_that_is_none),
		UNIT("bodies that lie are refused", bodies_that_lie_are_refused),
		UNIT("questions and answers", questions_and_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
