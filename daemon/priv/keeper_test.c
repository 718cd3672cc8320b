/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's answers, and the whole way: client, frames, a keeper in a process of its own. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unit.h"
#include "crypto/alg.h"
#include "crypto/prf.h"
#include "priv/keeper_client.h"
#include "priv/keeper_process.h"

static const char psk_text[] = "b.example secret-of-b\n192.0.2.7 secret-of-7\n";

static struct psk_table *keys(void)
{
	struct psk_table *t = NULL;
	struct err err = { 0 };

	assert_int_equal(psk_parse("psk.txt", psk_text, strlen(psk_text), NULL, &t, &err), 0);
	return t;
}

struct answer {
	struct loop *loop;
	int n, result;
	uint8_t auth[KEEPER_AUTH_MAX_BYTES];
	size_t auth_bytes;
	const char *lost;
};

static void on_answer(void *arg, int result, struct slice auth)
{
	struct answer *a = arg;

	a->n++;
	a->result = result;
	a->auth_bytes = auth.len;
	if (auth.len > 0)
		memcpy(a->auth, auth.p, auth.len);
	loop_stop(a->loop);
}

static void on_lost(void *arg, const char *why)
{
	struct answer *a = arg;

	a->lost = why;
	loop_stop(a->loop);
}

/* A keeper without its sandbox, in a process of its own. */
static pid_t start_keeper(int sock, int other)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0) {
		close(sock);
		return pid;
	}
	close(other);
	uint8_t *buf = malloc(FRAME_BODY_MAX_BYTES);
	struct psk_table *t = keys();
	struct request_gate gate = { .from = PROCESS_ENGINE, .to = PROCESS_KEEPER };
	struct request_auth answer;
	struct frame f;
	const char *why;
	while (frame_recv(sock, buf, &f) > 0 && request_admit(&gate, &f, &why) == 0) {
		keeper_answer(t, &f, &answer);
		if (frame_send(sock, REQUEST_AUTH, f.id, slice_of(&answer, sizeof(answer)), NULL,
			       0))
			break;
	}
	_exit(0);
}

struct fixture {
	struct loop *loop;
	struct keeper_client *client;
	struct keeper *port;
	struct answer answer;
	pid_t pid;
};

static int setup(void **state)
{
	static struct fixture f;
	int pair[2];

	memset(&f, 0, sizeof(f));
	assert_int_equal(frame_pair(pair), 0);
	f.pid = start_keeper(pair[1], pair[0]);
	f.loop = f.answer.loop = loop_new();
	f.client = keeper_client_new(f.loop, pair[0], on_lost, &f.answer);
	assert_non_null(f.client);
	f.port = keeper_client_port(f.client);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	keeper_client_free(f->client);
	loop_free(f->loop);
	assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
	return 0;
}

static struct keeper_key key_of(const char *id, const char *addr)
{
	struct keeper_key k = { 0 };

	strcpy(k.peer_id, id);
	if (addr)
		assert_int_equal(addr_parse(addr, &k.peer_addr), 0);
	return k;
}

static const struct slice octets = { (const uint8_t *)"what was said", 13 };

static void sign(struct fixture *f, const char *id, const char *addr)
{
	struct keeper_key k = key_of(id, addr);

	assert_int_equal(f->port->ops->psk_sign(f->port, &k, PRF_HMAC_SHA2_256, octets, on_answer,
						&f->answer),
			 0);
	assert_int_equal(loop_run(f->loop), 0);
}

static void verify(struct fixture *f, const char *id, struct slice auth)
{
	struct keeper_key k = key_of(id, NULL);

	assert_int_equal(f->port->ops->psk_verify(f->port, &k, PRF_HMAC_SHA2_256, octets, auth,
						  on_answer, &f->answer),
			 0);
	assert_int_equal(loop_run(f->loop), 0);
}

static void it_signs_as_the_rfc_says(void **state)
{
	struct fixture *f = *state;
	uint8_t expected[PRF_MAX_BYTES];
	size_t len;

	sign(f, "b.example", NULL);
	assert_int_equal(f->answer.result, 0);
	assert_int_equal(prf_psk_auth(PRF_HMAC_SHA2_256, slice_of("secret-of-b", 11), octets,
				      expected, &len),
			 0);
	assert_int_equal(f->answer.auth_bytes, len);
	assert_memory_equal(f->answer.auth, expected, len);
}

static void it_verifies_what_it_signed_and_nothing_else(void **state)
{
	struct fixture *f = *state;

	sign(f, "b.example", NULL);
	uint8_t auth[PRF_MAX_BYTES];
	size_t len = f->answer.auth_bytes;
	memcpy(auth, f->answer.auth, len);
	verify(f, "b.example", slice_of(auth, len));
	assert_int_equal(f->answer.result, 0);
	assert_int_equal(f->answer.auth_bytes, 0);
	auth[3] ^= 1;
	verify(f, "b.example", slice_of(auth, len));
	assert_int_equal(f->answer.result, -EKEYREJECTED);
	verify(f, "b.example", slice_of(auth, len - 1));
	assert_int_equal(f->answer.result, -EKEYREJECTED);
	verify(f, "b.example", slice_of(NULL, 0));
	assert_int_equal(f->answer.result, -EKEYREJECTED);
}

static void it_falls_back_to_the_address_and_knows_when_it_has_no_key(void **state)
{
	struct fixture *f = *state;

	sign(f, "unknown.example", "192.0.2.7");
	assert_int_equal(f->answer.result, 0);
	sign(f, "unknown.example", "192.0.2.8");
	assert_int_equal(f->answer.result, -ENOKEY);
	assert_int_equal(f->answer.auth_bytes, 0);
}

static void an_unknown_prf_is_refused(void **state)
{
	struct fixture *f = *state;
	struct keeper_key k = key_of("b.example", NULL);

	assert_int_equal(f->port->ops->psk_sign(f->port, &k, 999, octets, on_answer, &f->answer),
			 0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->answer.result, -ENOTSUP);
}

static void a_cancelled_question_tells_nobody(void **state)
{
	struct fixture *f = *state;
	struct keeper_key k = key_of("b.example", NULL);
	struct answer cancelled = { .loop = f->loop };

	assert_int_equal(f->port->ops->psk_sign(f->port, &k, PRF_HMAC_SHA2_256, octets, on_answer,
						&cancelled),
			 0);
	f->port->ops->cancel(f->port, &cancelled);
	sign(f, "b.example", NULL); /* answered after it */
	assert_int_equal(cancelled.n, 0);
	assert_int_equal(f->answer.n, 1);
}

static void too_long_a_question_is_not_sent(void **state)
{
	static uint8_t octets_too_long[KEEPER_OCTETS_MAX_BYTES + 1];
	struct fixture *f = *state;
	struct keeper_key k = key_of("b.example", NULL);

	assert_int_equal(f->port->ops->psk_sign(f->port, &k, PRF_HMAC_SHA2_256,
						slice_of(octets_too_long, sizeof(octets_too_long)),
						on_answer, &f->answer),
			 -EMSGSIZE);
	assert_int_equal(
		f->port->ops->psk_sign(f->port, &k, PRF_HMAC_SHA2_256,
				       slice_of(octets_too_long, sizeof(octets_too_long) - 1),
				       on_answer, &f->answer),
		0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->answer.result, 0);
}

#define KEEPER(sentence, fn)                            \
	{                                               \
		(sentence), (fn), setup, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEPER("it signs as the RFC says", it_signs_as_the_rfc_says),
		KEEPER("it verifies what it signed and nothing else",
		       it_verifies_what_it_signed_and_nothing_else),
		KEEPER("it falls back to the address, and knows when it has no key",
		       it_falls_back_to_the_address_and_knows_when_it_has_no_key),
		KEEPER("an unknown PRF is refused", an_unknown_prf_is_refused),
		KEEPER("a cancelled question tells nobody", a_cancelled_question_tells_nobody),
		KEEPER("too long a question is not sent", too_long_a_question_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
