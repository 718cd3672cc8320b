/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "setkey -D" and "setkey -DP".  Entries are numbered from 1 as PF_KEY numbers the messages of a
 * dump, and as there the last one has the number 0; so each waits until the next is known.
 */
#include "setkey_json.h"

#include "setkey_json_write.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct sad_print {
	struct keydb_print out;
	const struct print_options *options;
	uint32_t seq;
	bool is_waiting;
	struct keydb_sa waiting;
};

struct spd_print {
	struct keydb_print out;
	const struct print_options *options;
	uint32_t seq, hidden;
	bool is_waiting;
	struct keydb_policy waiting;
};

static struct keydb_print to_stdout(const struct print_options *options)
{
	return (struct keydb_print){ .file = stdout,
				     .ports = options->ports,
				     .pid = (unsigned int)getpid(),
				     .now = (uint64_t)time(NULL) };
}

static int on_sa(void *arg, const struct keydb_sa *sa)
{
	struct sad_print *s = arg;
	if (sa->state == KEYDB_SA_DEAD && !s->options->show_dead)
		return 0;
	if (s->options->json) {
		setkey_json_sa(stdout, sa);
		return 0;
	}
	if (s->is_waiting)
		keydb_sa_print(&s->out, &s->waiting, ++s->seq);
	s->waiting = *sa;
	s->is_waiting = true;
	return 0;
}

int setkey_print_sad(struct keydb *k, uint8_t proto, const struct print_options *options)
{
	struct sad_print s = { .out = to_stdout(options), .options = options };
	int rc = keydb_sa_dump(k, proto, on_sa, &s);
	if (s.is_waiting)
		keydb_sa_print(&s.out, &s.waiting, 0);
	else if (!rc && !options->json)
		printf("No SAD entries.\n");
	explicit_bzero(&s.waiting, sizeof(s.waiting));
	return rc;
}

void setkey_print_sa(const struct keydb_sa *sa, const struct print_options *options)
{
	struct keydb_print out = to_stdout(options);
	if (options->json)
		setkey_json_sa(stdout, sa);
	else
		keydb_sa_print(&out, sa, 0);
}

static bool is_socket_policy(const struct keydb_policy *p)
{
	return p->dir == KEYDB_DIR_SOCKET_IN || p->dir == KEYDB_DIR_SOCKET_OUT;
}

static int on_policy(void *arg, const struct keydb_policy *p)
{
	struct spd_print *s = arg;
	if (s->options->hide_socket_policies && is_socket_policy(p)) {
		s->hidden++;
		return 0;
	}
	if (s->options->json) {
		setkey_json_policy(stdout, p);
		return 0;
	}
	if (s->is_waiting)
		keydb_policy_print(&s->out, &s->waiting, ++s->seq);
	s->waiting = *p;
	s->is_waiting = true;
	return 0;
}

int setkey_print_spd(struct keydb *k, const struct print_options *options)
{
	struct spd_print s = { .out = to_stdout(options), .options = options };
	int rc = keydb_policy_dump(k, on_policy, &s);
	if (options->json)
		return rc;
	if (s.is_waiting)
		keydb_policy_print(&s.out, &s.waiting, 0);
	else if (!rc && !s.hidden)
		printf("No SPD entries.\n");
	if (s.hidden)
		printf("%u per-socket policies not shown (filtered by -N)\n", s.hidden);
	return rc;
}

/* ---- status ---- */

static void put_status(const char *name, const char *value)
{
	printf("%-12s%s\n", name, value);
}

static void print_status(const struct keydb *k, const struct keydb_data_path *d)
{
	put_status("transport", keydb_transport_name(k));
	if (!d->tag) {
		put_status("data path", "kernel");
		return;
	}
	printf("%-12stanuki, tag %u\n", "data path", d->tag);
	put_status("ESP", d->esp);
	put_status("AH", d->ah);
	printf("%-12s%u out, of which tanuki has %u\n", "policies", d->n_out, d->n_policies);
}

static void print_status_json(const struct keydb *k, const struct keydb_data_path *d)
{
	struct json j = { .file = stdout };
	json_open(&j, NULL, '{');
	json_word(&j, "type", "status");
	json_word(&j, "transport", keydb_transport_name(k));
	json_word(&j, "data_path", d->tag ? "tanuki" : "kernel");
	if (d->tag) {
		json_number(&j, "tag", d->tag);
		json_word(&j, "esp", d->esp);
		json_word(&j, "ah", d->ah);
		json_number(&j, "policies_out", d->n_out);
		json_number(&j, "policies_tanuki", d->n_policies);
	}
	json_close(&j, '}');
	json_end_line(&j);
}

int setkey_print_status(struct keydb *k, bool json)
{
	struct keydb_data_path d;
	int rc = keydb_data_path(k, &d);
	if (!rc && json)
		print_status_json(k, &d);
	else if (!rc)
		print_status(k, &d);
	return rc;
}
