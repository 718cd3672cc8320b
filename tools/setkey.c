/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setkey(8): shows and sets the kernel's SAs and policies by hand.
 *
 *   -f FILE   parse the whole file, then do it            -D [-P]   show SAs or policies
 *   --from-ip-xfrm  make a script of what "ip xfrm" shows
 *   -c        do command after command from stdin         -F [-P]   flush them
 *
 * The exit status is 0 only if everything worked.
 */
#include "setkey_args.h"
#include "setkey_diff.h"
#include "setkey_edit.h"
#include "setkey_file.h"
#include "setkey_from_ip.h"
#include "setkey_lex.h"
#include "setkey_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, WRITE_BYTES = 256 * 1024 };

/* diff(1)'s, for --diff */
enum { DIFFERENT = 1, EXIT_TROUBLE = 2 };

/* Text that may hold keys: wiped whenever it moves or goes. */
struct text {
	char *bytes;
	size_t len, room;
};

static int complain(const char *what, int rc)
{
	fprintf(stderr, "setkey: %s: %s\n", what, strerror(-rc));
	return rc;
}

static void print_message(void *arg, const struct script_message *m)
{
	(void)arg;
	fflush(stdout); /* dumps and messages in their order */
	fprintf(stderr, "%s:", m->file);
	if (m->at.line)
		fprintf(stderr, "%u:%u:", m->at.line, m->at.column);
	fprintf(stderr, " %s%s\n", m->is_warning ? "warning: " : "", m->text);
}

/* ---- text ---- */

static void text_done(struct text *t)
{
	if (t->bytes)
		explicit_bzero(t->bytes, t->len);
	free(t->bytes);
	*t = (struct text){ 0 };
}

static int text_reserve(struct text *t, size_t more)
{
	if (t->room - t->len >= more)
		return 0;
	size_t room = 2 * t->room + more;
	char *bytes = malloc(room);
	if (!bytes)
		return -ENOMEM;
	size_t len = t->len;
	if (len)
		memcpy(bytes, t->bytes, len);
	text_done(t);
	*t = (struct text){ .bytes = bytes, .len = len, .room = room };
	return 0;
}

/* Reads once: the number of bytes added, 0 at the end, negative errno. */
static ssize_t text_read(struct text *t, int fd)
{
	ssize_t n = text_reserve(t, READ_BYTES);
	if (n < 0)
		return n;
	do
		n = read(fd, t->bytes + t->len, READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	t->len += (size_t)n;
	return n;
}

/* Forgets the first n bytes and wipes what they leave free. */
static void text_drop(struct text *t, size_t n)
{
	memmove(t->bytes, t->bytes + n, t->len - n);
	explicit_bzero(t->bytes + t->len - n, n);
	t->len -= n;
}

/* Room for a whole file at once: growing would copy and wipe it as often as it doubles. */
static int text_reserve_file(struct text *t, int fd)
{
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return 0;
	return text_reserve(t, (size_t)st.st_size + READ_BYTES);
}

static int text_load(struct text *t, const char *file)
{
	int fd = strcmp(file, "-") ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (fd < 0)
		return -errno;
	ssize_t n = text_reserve_file(t, fd);
	if (n == 0)
		do
			n = text_read(t, fd);
		while (n > 0);
	if (fd != STDIN_FILENO)
		close(fd);
	return (int)n;
}

/* ---- what setkey does ---- */

static int complain_access(int rc)
{
	if (rc == -EPERM || rc == -EACCES)
		fprintf(stderr, "setkey: no permission: root or CAP_NET_ADMIN is needed\n");
	else
		complain("no access to the kernel's IPsec", rc);
	return rc;
}

static void tell_way(struct keydb *k)
{
	struct keydb_data_path d;
	bool tanuki = !keydb_data_path(k, &d) && d.tag;
	fprintf(stderr, "setkey: using %s%s\n", keydb_transport_name(k),
		tanuki ? ", data path tanuki" : "");
}

static int open_kernel(const struct arguments *args, struct keydb **ret)
{
	*ret = NULL;
	if (args->check_only)
		return 0;
	int rc = keydb_open(ret);
	if (rc)
		complain_access(rc);
	else if (args->apply.verbose)
		tell_way(*ret);
	return rc;
}

static int parse(const struct script *script, struct command_list *out)
{
	int rc = setkey_parse(script, out);
	if (rc == -ENOMEM)
		complain(script->file, rc);
	return rc;
}

/* Parses and, if there is a kernel, applies; 0 if all worked. */
static int run_text(struct keydb *k, const struct script *script, const struct arguments *args,
		    bool *ret_exit)
{
	struct command_list list = { 0 };
	int rc = parse(script, &list);
	if (!rc && k && setkey_apply(k, script, &list, &args->apply) > 0)
		rc = -EIO;
	struct command_cursor cursor = command_list_start(&list);
	for (struct command c; !rc && command_list_next(&cursor, &c);) {
		*ret_exit = *ret_exit || c.kind == COMMAND_EXIT;
		explicit_bzero(&c, sizeof(c));
	}
	command_list_done(&list);
	fflush(stdout);
	return rc;
}

/* Makes the tables equal; the copies for forwarded packets are in the list already. */
static int sync_tables(struct keydb *k, const struct script *script, const struct diff *d,
		       const struct arguments *args)
{
	struct command_list list = { 0 };
	struct apply_options options = args->apply;
	int rc = diff_commands(d, &list);
	options.rfc_mode = false;
	if (rc)
		complain(script->file, rc);
	else if (setkey_apply(k, script, &list, &options) > 0)
		rc = -EIO;
	command_list_done(&list);
	return rc;
}

static int compare(struct keydb *k, const struct script *script, const struct command_list *list,
		   const struct arguments *args)
{
	struct diff *d = NULL;
	int rc = diff_make(k, script, list, args->apply.rfc_mode, &d);
	if (rc == -ENOMEM)
		complain(script->file, rc);
	if (!rc && args->sync)
		rc = sync_tables(k, script, d, args);
	else if (!rc && !diff_is_empty(d))
		rc = DIFFERENT;
	if (rc == DIFFERENT)
		diff_print(d, stdout, script->file);
	diff_free(d);
	return rc;
}

static int apply(struct keydb *k, const struct script *script, const struct command_list *list,
		 const struct arguments *args)
{
	if (args->diff || args->sync)
		return compare(k, script, list, args);
	return setkey_apply(k, script, list, &args->apply) > 0 ? -EIO : 0;
}

/* The file is known to be right when the kernel is asked for access. */
static int run_script(const struct script *script, const struct arguments *args)
{
	struct command_list list = { 0 };
	struct keydb *k = NULL;
	int rc = parse(script, &list);
	if (!rc)
		rc = open_kernel(args, &k);
	if (!rc && k)
		rc = apply(k, script, &list, args);
	keydb_close(k);
	command_list_done(&list);
	return rc;
}

static int run_file(const struct arguments *args)
{
	struct text text = { 0 };
	int rc = text_load(&text, args->file);
	struct script script = {
		.file = strcmp(args->file, "-") ? args->file : "stdin",
		.text = text.bytes,
		.len = text.len,
		.first = { 1, 1 },
		.report = print_message,
	};
	rc = rc ? complain(args->file, rc) : run_script(&script, args);
	text_done(&text);
	return rc;
}

/* Several files are one script, each with SAs in front of policies. */
static int run_from_ip(const struct arguments *args)
{
	char dash[] = "-", *standard_input[] = { dash, NULL };
	int failed = 0;
	for (char **file = args->files[0] ? args->files : standard_input; *file; file++) {
		struct text text = { 0 };
		int rc = text_load(&text, *file);
		struct script input = {
			.file = strcmp(*file, "-") ? *file : "stdin",
			.text = text.bytes,
			.len = text.len,
			.first = { 1, 1 },
			.report = print_message,
		};
		if (!rc)
			rc = setkey_from_ip(&input, stdout);
		if (rc < 0)
			complain(*file, rc);
		failed = rc ? -EIO : failed;
		text_done(&text);
	}
	return failed;
}

static void print_report(void *arg, size_t at_bytes, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "setkey: %s: byte %zu: %s\n", (const char *)arg, at_bytes, why);
}

static enum keydb_layout layout_of(const struct arguments *args, const struct text *text)
{
	enum keydb_layout layout = keydb_layout_detect(text->bytes, text->len);
	if (args->layout)
		(void)keydb_layout_by_name(args->layout, &layout);
	return layout;
}

static int run_show(const struct arguments *args)
{
	int failed = 0;
	for (char **file = args->files; *file; file++) {
		struct text text = { 0 };
		int rc = text_load(&text, *file);
		struct file_show show = {
			.out = stdout,
			.ports = args->apply.ports,
			.layout = layout_of(args, &text),
			.report = print_report,
			.report_arg = *file,
		};
		if (args->apply.verbose)
			fprintf(stderr, "setkey: %s: %s\n", *file, keydb_layout_name(show.layout));
		if (rc)
			complain(*file, rc);
		else if (file_show(&show, text.bytes, text.len) > 0)
			rc = -EBADMSG;
		failed = rc ? rc : failed;
		text_done(&text);
	}
	return failed;
}

/* More of standard input: as much as there is, or a line with an editor. */
static ssize_t read_more(struct text *text, struct editor *editor)
{
	const char *line = NULL;
	if (!editor)
		return text_read(text, STDIN_FILENO);
	struct lexer begun = lex_of(text->bytes, text->len, (struct place){ 1, 1 });
	ssize_t n = editor_line(editor, lex_next(&begun).kind != TOKEN_END, &line);
	int rc = n > 0 ? text_reserve(text, (size_t)n) : 0;
	if (rc || n <= 0)
		return rc ? rc : n;
	memcpy(text->bytes + text->len, line, (size_t)n);
	text->len += (size_t)n;
	return n;
}

/* A line with only "exit" on it needs no ';'. */
static bool is_exit_line(const char *text, size_t len)
{
	struct lexer l = lex_of(text, len, (struct place){ 1, 1 });
	struct token word = lex_next(&l), next = lex_next(&l);
	return len && text[len - 1] == '\n' && next.kind == TOKEN_END &&
	       (token_is(&word, "exit") || token_is(&word, "quit") || token_is(&word, "bye"));
}

static struct place place_behind(struct place at, const char *text, size_t len)
{
	struct token t = { .text = text, .len = len, .at = at };
	return token_place(&t, len);
}

/* The commands that are complete in text; *at is the place of its first byte. */
static int run_complete(struct keydb *k, struct text *text, struct place *at,
			const struct arguments *args, bool is_end, bool *ret_exit)
{
	struct lex_scan scan = { 0 };
	size_t done = 0;
	int failed = 0;
	while (!*ret_exit && done < text->len) {
		size_t left = text->len - done;
		size_t len = lex_scan(&scan, text->bytes + done, left);
		if (len == 0 && (is_end || is_exit_line(text->bytes + done, left)))
			len = left;
		if (len == 0)
			break;
		struct script script = {
			.file = "stdin",
			.text = text->bytes + done,
			.len = len,
			.first = *at,
			.report = print_message,
		};
		if (run_text(k, &script, args, ret_exit))
			failed = -EIO;
		*at = place_behind(*at, script.text, len);
		done += len;
	}
	if (text->bytes)
		text_drop(text, done);
	return failed;
}

static int run_stdin(const struct arguments *args)
{
	struct text text = { 0 };
	struct keydb *k = NULL;
	struct place at = { 1, 1 };
	bool exit_seen = false;
	int rc = open_kernel(args, &k), failed = 0;
	struct editor *editor = rc ? NULL : editor_open();
	for (ssize_t n = 1; !rc && n > 0 && !exit_seen;) {
		n = read_more(&text, editor);
		if (n < 0)
			rc = complain("stdin", (int)n);
		else if (run_complete(k, &text, &at, args, n == 0, &exit_seen))
			failed = -EIO;
	}
	editor_close(editor);
	keydb_close(k);
	text_done(&text);
	return rc ? rc : failed;
}

static int dump(struct keydb *k, const struct arguments *args)
{
	struct print_options options = {
		.show_dead = args->apply.show_dead,
		.hide_socket_policies = args->apply.hide_socket_policies,
		.ports = args->apply.ports,
		.json = args->apply.json,
	};
	if (args->loop)
		return watch_sad(k, &options);
	return args->policies ? setkey_print_spd(k, &options)
			      : setkey_print_sad(k, KEYDB_PROTO_ANY, &options);
}

static int run_tables(const struct arguments *args)
{
	struct keydb *k;
	int rc = open_kernel(args, &k);
	if (rc)
		return rc;
	if (args->mode == MODE_DUMP)
		rc = dump(k, args);
	else if (args->mode == MODE_STATUS)
		rc = setkey_print_status(k, args->apply.json);
	else if (args->policies)
		rc = keydb_policy_flush(k);
	else
		rc = keydb_sa_flush(k, KEYDB_PROTO_ANY);
	if (rc)
		fprintf(stderr, "setkey: %s\n", keydb_error(k));
	keydb_close(k);
	return rc ? -EIO : 0;
}

static int run_watch(const struct arguments *args)
{
	struct watch_options options = { .epoch = args->epoch,
					 .json = args->apply.json,
					 .hex = args->hex };
	return complain_access(watch_events(&options));
}

static int run(const struct arguments *args)
{
	switch (args->mode) {
	case MODE_HELP:
		fputs(arguments_usage, stdout);
		return 0;
	case MODE_VERSION:
		puts("setkey (tanuki) " SETKEY_VERSION);
		return 0;
	case MODE_FILE:
		return run_file(args);
	case MODE_STDIN:
		return run_stdin(args);
	case MODE_SHOW:
		return run_show(args);
	case MODE_FROM_IP:
		return run_from_ip(args);
	case MODE_WATCH:
		return run_watch(args);
	default:
		return run_tables(args);
	}
}

/*
 * KAME's setkey failed only for what went wrong before the first message to the kernel, and never
 * with -c; it also "failed" when it had printed its help.
 */
static int compat_status(const struct arguments *args, int rc)
{
	if (args->mode == MODE_HELP || args->mode == MODE_VERSION)
		return EXIT_FAILURE;
	return rc && rc != -EIO ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static char buffer[WRITE_BYTES]; /* big tables in few system calls */
	struct arguments args;
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (arguments_parse(&args, argc, argv))
		return EXIT_FAILURE;
	int rc = run(&args);
	if (fflush(stdout) || ferror(stdout)) {
		complain("stdout", -EIO);
		return EXIT_FAILURE;
	}
	if (args.compat)
		return compat_status(&args, rc);
	if (rc < 0 && args.diff)
		return EXIT_TROUBLE;
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
