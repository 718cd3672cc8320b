/* SPDX-License-Identifier: BSD-2-Clause */
/* tanukictl: asks a running tanukid, through its control socket. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "ctl/request.h"
#include "tanukictl.h"

/* The daemon ends a command when its time is up; we then wait a little longer for its answer. */
enum { ANSWER_LIMIT_MS = 10 * 1000, ANSWER_SLACK_MS = 2000 };

struct arguments {
	const char *socket, *name;
	int64_t timeout_ms;
	bool json;
};

struct command {
	const char *word, *alias, *arguments, *help;
	bool needs_name, may_wait;
	enum ctl_command command;
	void (*show)(const json_t *result, FILE *out); /* NULL: says nothing, or its own way */
};

static void show_established(const json_t *result, FILE *out)
{
	fprintf(out, "%s\n", json_string_value(json_object_get(result, "state")));
}

static void show_deleted(const json_t *result, FILE *out)
{
	fprintf(out, "deleted %d\n", (int)json_integer_value(json_object_get(result, "deleted")));
}

static void show_rekeying(const json_t *result, FILE *out)
{
	fprintf(out, "rekeying %d\n", (int)json_integer_value(json_object_get(result, "rekeying")));
}

static void show_reauthenticating(const json_t *result, FILE *out)
{
	fprintf(out, "reauthenticating %d\n",
		(int)json_integer_value(json_object_get(result, "reauthenticating")));
}

static void show_version(const json_t *result, FILE *out)
{
	fprintf(out, "tanukid %s\n", json_string_value(json_object_get(result, "daemon")));
}

/* clang-format off */
static const struct command commands[] = {
	{ "show-sa", "ss", "[--json]", "IKE SAs and their CHILD_SAs",
	  .command = CTL_SHOW_SA, .show = show_sas },
	{ "establish-sa", "es", "PEER[/CHILD] [--timeout SEC]", "bring it up and wait for the result",
	  .needs_name = true, .may_wait = true, .command = CTL_ESTABLISH_SA, .show = show_established },
	{ "delete-sa", "ds", "PEER[/CHILD]|SPI|all", "take it down, the peer is told",
	  .needs_name = true, .command = CTL_DELETE_SA, .show = show_deleted },
	{ "rekey-sa", "rs", "PEER[/CHILD]|SPI", "new keys, while traffic flows",
	  .needs_name = true, .command = CTL_REKEY_SA, .show = show_rekeying },
	{ "reauth-sa", "ra", "PEER|SPI", "a new IKE SA with all its children, while traffic flows",
	  .needs_name = true, .command = CTL_REAUTH_SA, .show = show_reauthenticating },
	{ "status", "st", "[--json]", "version, uptime and counters",
	  .command = CTL_STATUS, .show = show_status },
	{ "events", "se", "[--json]", "the log, line by line, until interrupted",
	  .command = CTL_EVENTS },
	{ "show-peers", "sp", "[--json]", "what is configured, and each peer's last refusal",
	  .command = CTL_SHOW_PEERS, .show = show_peers },
	{ "kernel", "kd", "diff [--json]", "what differs in the kernel from what is wanted",
	  .needs_name = true, .command = CTL_KERNEL, .show = show_kernel },
	{ "show-leases", "sl", "[--json]", "inner addresses of clients, and whose they are",
	  .command = CTL_SHOW_LEASES, .show = show_leases },
	{ "version", "ve", "[--json]", "the daemon's version",
	  .command = CTL_VERSION_COMMAND, .show = show_version },
};
/* clang-format on */

static void print_usage(FILE *out)
{
	fputs("usage: tanukictl [-s SOCKET] COMMAND\n", out);
	for (size_t i = 0; i < N_ELEMENTS(commands); i++)
		fprintf(out, "  %-12s %s  %-30s %s\n", commands[i].word, commands[i].alias,
			commands[i].arguments, commands[i].help);
	fputs("  help                                          this text\n", out);
}

static const struct command *find_command(const char *word)
{
	const char *words[2 * N_ELEMENTS(commands) + 1];
	size_t n = 0;

	for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
		if (strcmp(word, commands[i].word) == 0 || strcmp(word, commands[i].alias) == 0)
			return &commands[i];
		words[n++] = commands[i].word;
	}
	words[n++] = "help";
	const char *nearest = fmt_nearest(word, words, n);
	fprintf(stderr, "tanukictl: unknown command \"%s\"", word);
	if (nearest)
		fprintf(stderr, ": do you mean \"%s\"?", nearest);
	fputc('\n', stderr);
	return NULL;
}

static int fail(const struct err *err, int status)
{
	fprintf(stderr, "tanukictl: %s\n", err->text);
	return status;
}

static void print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	fputc('\n', stdout);
	fflush(stdout);
}

/* The daemon said no: its reason, and which status that is. */
static int show_refusal(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const char *code = json_string_value(json_object_get(error, "code"));
	const char *text = json_string_value(json_object_get(error, "text"));

	fprintf(stderr, "tanukictl: %s\n", text ? text : "refused without a reason");
	return code && strcmp(code, "ETIMEDOUT") == 0 ? EXIT_TIMEOUT : EXIT_REFUSED;
}

static void print_event(const json_t *line, bool json)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(line, "event"), "line"));

	if (json)
		print_json(line);
	else if (text)
		puts(text);
	fflush(stdout);
}

/* Until the daemon ends, or we are interrupted. */
static int follow_events(struct link *l, bool json)
{
	struct err err = { 0 };
	json_t *line;
	int r;

	while ((r = link_receive(l, -1, &line, &err)) > 0) {
		print_event(line, json);
		json_decref(line);
	}
	if (r == 0)
		(void)err_set(&err, -EPIPE, "the daemon ended");
	return fail(&err, EXIT_NO_DAEMON);
}

static int show_answer(struct link *l, const struct command *c, const struct arguments *a,
		       const json_t *answer)
{
	const json_t *result = json_object_get(answer, "result");

	if (!json_is_true(json_object_get(answer, "ok")))
		return show_refusal(answer);
	if (c->command == CTL_EVENTS)
		return follow_events(l, a->json);
	if (a->json)
		print_json(result);
	else
		c->show(result, stdout);
	return EXIT_OK;
}

static json_t *write_request(const struct command *c, const struct arguments *a)
{
	json_t *request = json_pack("{s:i, s:s}", "version", CTL_VERSION, "command",
				    ctl_command_name(c->command));

	if (a->name)
		json_object_set_new(request, "name", json_string(a->name));
	if (c->may_wait)
		json_object_set_new(request, "timeout_ms", json_integer(a->timeout_ms));
	return request;
}

/* One request and its answer: 1, or what fail() wants with *ret_status. */
static int ask(struct link *l, const struct command *c, const struct arguments *a,
	       json_t **ret_answer, int *ret_status)
{
	struct err err = { 0 };
	/* delete-sa has the daemon's default limit. */
	int64_t limit_ms = c->needs_name ? a->timeout_ms + ANSWER_SLACK_MS : ANSWER_LIMIT_MS;
	int r = link_send(l, write_request(c, a), &err);

	if (r == 0)
		r = link_receive(l, limit_ms, ret_answer, &err);
	if (r == 0)
		(void)err_set(&err, -EPIPE, "the daemon closed the connection");
	if (r <= 0)
		*ret_status = fail(&err, r == -ETIMEDOUT ? EXIT_TIMEOUT : EXIT_NO_DAEMON);
	return r;
}

/* Takes the leases of one part over; the name to ask on with, NULL: that was all. */
static json_t *collect(json_t *all, const json_t *result)
{
	json_array_extend(all, json_object_get(result, "leases"));
	json_t *next = json_object_get(result, "next");
	return json_is_string(next) ? json_incref(next) : NULL;
}

/* Part after part: there may be more leases than fit into one answer. */
static int show_all_leases(struct link *l, const struct command *c, struct arguments a)
{
	json_t *all = json_array(), *next = NULL, *answer;
	int status = EXIT_OK;

	do {
		a.name = next ? json_string_value(next) : NULL;
		int r = ask(l, c, &a, &answer, &status);
		json_decref(next);
		next = NULL;
		if (r <= 0)
			break;
		if (json_is_true(json_object_get(answer, "ok")))
			next = collect(all, json_object_get(answer, "result"));
		else
			status = show_refusal(answer);
		json_decref(answer);
	} while (next);
	if (status == EXIT_OK && a.json)
		print_json(all);
	else if (status == EXIT_OK)
		c->show(all, stdout);
	json_decref(all);
	return status;
}

static int run(const struct command *c, const struct arguments *a)
{
	CLEANUP(link_closep)
	struct link *l = NULL;
	struct err err = { 0 };
	json_t *answer = NULL;
	int status = EXIT_OK;

	if (link_open(a->socket, &l, &err) < 0)
		return fail(&err, EXIT_NO_DAEMON);
	if (c->command == CTL_SHOW_LEASES)
		return show_all_leases(l, c, *a);
	if (ask(l, c, a, &answer, &status) <= 0)
		return status;
	status = show_answer(l, c, a, answer);
	json_decref(answer);
	return status;
}

static int parse_timeout(const char *text, struct arguments *a)
{
	char *end;
	double sec = strtod(text, &end);

	if (end == text || *end || !(sec >= 0.001) || sec * 1000 > CTL_TIMEOUT_MAX_MS) {
		fprintf(stderr, "tanukictl: --timeout takes seconds, at most %d\n",
			CTL_TIMEOUT_MAX_MS / 1000);
		return -EINVAL;
	}
	a->timeout_ms = (int64_t)(sec * 1000);
	return 0;
}

static int parse_options(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:h", options, NULL)) != -1) {
		if (c == 's')
			a->socket = optarg;
		else if (c == 'j')
			a->json = true;
		else if (c != 't' || parse_timeout(optarg, a) < 0)
			return c == 'h' ? 1 : -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments a = { .socket = TANUKI_RUN "/tanukid.sock",
			       .timeout_ms = CTL_TIMEOUT_DEFAULT_MS };
	int r = parse_options(argc, argv, &a);
	const char *word = r == 0 && optind < argc ? argv[optind++] : NULL;

	if (r == 1 || (word && strcmp(word, "help") == 0)) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (!word) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	const struct command *c = find_command(word);
	if (!c)
		return EXIT_USAGE;
	if (c->needs_name && optind < argc)
		a.name = argv[optind++];
	if ((c->needs_name && !a.name) || optind < argc) {
		fprintf(stderr, "usage: tanukictl %s %s\n", c->word, c->arguments);
		return EXIT_USAGE;
	}
	return run(c, &a);
}
