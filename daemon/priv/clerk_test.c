/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk as a process: what it writes, whom it starts, and what it takes back at its end. */
#include "priv/clerk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unit.h"
#include "priv/clerk_process.h"
#include "priv/frame.h"
#include "priv/request.h"

static char folder[64];
static struct policy policy;
static int dir;

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/clerk-test.XXXXXX");
	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	return 0;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	close(dir);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT: a name of ours */
}

static char *content(const char *name)
{
	static char text[4096];
	int fd = openat(dir, name, O_RDONLY);

	text[0] = '\0';
	if (fd < 0)
		return NULL;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
	struct stat st;

	(void)state;
	write_file("in", "new\n", 0600);
	write_file("out", "old\n", 0644);
	int fd = openat(dir, "in", O_RDONLY);
	assert_int_equal(clerk_replace(dir, "out", fd), 0);
	assert_string_equal(content("out"), "new\n");
	assert_int_equal(fstatat(dir, "out", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* A folder in the way: the old one stays, nothing else is left. */
	assert_int_equal(mkdirat(dir, "out.new", 0700), 0);
	write_file("in", "newer\n", 0600);
	assert_true(clerk_replace(dir, "out", fd) < 0);
	assert_string_equal(content("out"), "new\n");
	assert_int_equal(unlinkat(dir, "out.new", AT_REMOVEDIR), 0);
	/* What a crash left is in nobody's way, and a link there is not followed. */
	assert_int_equal(symlinkat("victim", dir, "out.new"), 0);
	assert_int_equal(clerk_replace(dir, "out", fd), 0);
	assert_null(content("victim"));
	assert_string_equal(content("out"), "newer\n");
	close(fd);
	/* What cannot be read does not replace anything. */
	assert_int_equal(clerk_replace(dir, "out", -1), -EBADF);
	assert_string_equal(content("out"), "newer\n");
	assert_null(content("out.new"));
}

/* ---- the process ---- */

struct clerk_process {
	pid_t pid;
	int sock;
	uint32_t id;
};

static struct clerk_process start_clerk(void)
{
	struct clerk_process c = { 0 };
	int pair[2];

	assert_int_equal(frame_pair(pair), 0);
	c.pid = fork();
	if (c.pid == 0) {
		const struct clerk_start start = { .policy = &policy,
						   .state_path = folder,
						   .sock = pair[1] };
		close(pair[0]);
		_exit(clerk_process_run(&start));
	}
	close(pair[1]);
	c.sock = pair[0];
	return c;
}

static void end_clerk(struct clerk_process *c, int expected)
{
	int status;

	close(c->sock);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_int_equal(status, expected);
}

static uint8_t buf[FRAME_BODY_MAX_BYTES] __attribute__((aligned(16)));

static int result_of(const struct clerk_process *c, char reason[REQUEST_REASON_MAX_BYTES])
{
	struct frame f;

	assert_int_equal(frame_recv(c->sock, buf, &f), 1);
	assert_int_equal(f.kind, REQUEST_CLERK_RESULT);
	assert_int_equal(f.id, c->id);
	const struct request_result *r = request_body(&f);
	strcpy(reason, r->reason);
	return r->result;
}

static int ask_names(struct clerk_process *c, const char *link, const char *server,
		     char reason[REQUEST_REASON_MAX_BYTES])
{
	struct request_names names;

	memset(&names, 0, sizeof(names));
	strcpy(names.link, link);
	if (server) {
		assert_int_equal(addr_parse(server, &names.dns.servers[0]), 0);
		names.dns.n_servers = 1;
	}
	assert_int_equal(frame_send(c->sock, REQUEST_NAMES, ++c->id,
				    slice_of(&names, sizeof(names)), NULL, 0),
			 0);
	return result_of(c, reason);
}

/* A resolver that writes down what it hears. */
static void make_resolver(const char *more)
{
	char script[512];

	snprintf(script, sizeof(script), "#!/bin/sh\necho \"$@\" >>%s/heard\ncat >>%s/heard\n%s",
		 folder, folder, more);
	write_file("set-dns", script, 0700);
	memset(&policy, 0, sizeof(policy));
	snprintf(policy.resolver_path, sizeof(policy.resolver_path), "%s/set-dns", folder);
}

static void name_servers_are_told_and_taken_back_at_the_end(void **state)
{
	char reason[REQUEST_REASON_MAX_BYTES];

	(void)state;
	make_resolver("");
	struct clerk_process c = start_clerk();
	assert_int_equal(ask_names(&c, "tanuki0", "10.2.0.53", reason), 0);
	assert_int_equal(ask_names(&c, "tanuki1", "fd02::53", reason), 0);
	assert_int_equal(ask_names(&c, "tanuki0", NULL, reason), 0);
	assert_string_equal(content("heard"), "-a tanuki0.tanukid\nnameserver 10.2.0.53\n"
					      "-a tanuki1.tanukid\nnameserver fd02::53\n"
					      "-d tanuki0.tanukid\n");
	assert_string_equal(content("names"), "tanuki1\n");
	end_clerk(&c, 0);
	assert_non_null(strstr(content("heard"), "-d tanuki1.tanukid\n"));
	assert_string_equal(content("names"), "");
}

static void the_next_one_takes_back_what_a_killed_one_has_left(void **state)
{
	char reason[REQUEST_REASON_MAX_BYTES];

	(void)state;
	make_resolver("");
	struct clerk_process c = start_clerk();
	assert_int_equal(ask_names(&c, "tanuki3", "10.2.0.53", reason), 0);
	assert_int_equal(kill(c.pid, SIGKILL), 0);
	end_clerk(&c, SIGKILL);
	/* Somebody else's words in the file are no links of ours. */
	write_file("names", "tanuki3\neth0\n../x\ntanuki\n", 0600);
	write_file("heard", "", 0600);
	c = start_clerk();
	end_clerk(&c, 0);
	assert_string_equal(content("heard"), "-d tanuki3.tanukid\n");
}

static void a_program_that_fails_is_quoted_and_nothing_else_happens(void **state)
{
	char reason[REQUEST_REASON_MAX_BYTES];

	(void)state;
	make_resolver("echo no such service >&2; exit 1\n");
	struct clerk_process c = start_clerk();
	assert_int_equal(ask_names(&c, "tanuki0", "10.2.0.53", reason), -ECHILD);
	assert_non_null(strstr(reason, "no such service"));
	assert_int_equal(ask_names(&c, "eth0", "10.2.0.53", reason), -EINVAL);
	end_clerk(&c, 0);
}

static void leases_are_stored(void **state)
{
	char reason[REQUEST_REASON_MAX_BYTES];

	(void)state;
	make_resolver("");
	struct clerk_process c = start_clerk();
	write_file("in", "tanuki-leases 1\nend 0\n", 0600);
	int fd = openat(dir, "in", O_RDONLY);
	assert_int_equal(frame_send(c.sock, REQUEST_STORE, ++c.id, slice_of(NULL, 0), &fd, 1), 0);
	assert_int_equal(result_of(&c, reason), 0);
	assert_string_equal(content("leases"), "tanuki-leases 1\nend 0\n");
	assert_int_equal(frame_send(c.sock, REQUEST_STORE, ++c.id, slice_of(NULL, 0), NULL, 0), 0);
	assert_int_equal(result_of(&c, reason), -EINVAL);
	close(fd);
	/* What the monitor never says ends it. */
	assert_int_equal(frame_send(c.sock, REQUEST_STOP, 0, slice_of(NULL, 0), NULL, 0), 0);
	end_clerk(&c, EXIT_FAILURE << 8);
}

/* ---- the monitor's side ---- */

static void on_done(void *arg, int result, const char *reason)
{
	(void)reason;
	assert_int_equal(result, 0);
	loop_stop(arg);
}

static void on_lost(void *arg, const char *why)
{
	(void)arg;
	fail_msg("%s", why);
}

static void the_client_stores_texts_longer_than_a_frame(void **state)
{
	struct loop *l = loop_new();
	size_t len = 5 * FRAME_BODY_MAX_BYTES;
	char *text = malloc(len);
	struct stat st;

	(void)state;
	make_resolver("");
	memset(text, 'x', len);
	struct clerk_process c = start_clerk();
	struct clerk_client *client = clerk_client_new(l, c.sock, on_lost, NULL);
	assert_int_equal(clerk_client_store(client, text, len, on_done, l), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(fstatat(dir, "leases", &st, 0), 0);
	assert_int_equal(st.st_size, len);
	clerk_client_free(client);
	c.sock = -1; /* the channel closed it */
	end_clerk(&c, 0);
	loop_free(l);
	free(text);
}

/* clang-format off */
#define IN_FOLDER(sentence, fn) { (sentence), (fn), begin, end, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER("a file is replaced whole, or not at all",
			  a_file_is_replaced_whole_or_not_at_all),
		IN_FOLDER("name servers are told, and taken back at the end",
			  name_servers_are_told_and_taken_back_at_the_end),
		IN_FOLDER("the next one takes back what a killed one has left",
			  the_next_one_takes_back_what_a_killed_one_has_left),
		IN_FOLDER("a program that fails is quoted, and nothing else happens",
			  a_program_that_fails_is_quoted_and_nothing_else_happens),
		IN_FOLDER("leases are stored", leases_are_stored),
		IN_FOLDER("the client stores texts longer than a frame",
			  the_client_stores_texts_longer_than_a_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
