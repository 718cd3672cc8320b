/* SPDX-License-Identifier: BSD-2-Clause */
/* psk.txt: lines, look-up order, permissions, and that no key gets into a message. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unit.h"
#include "config/psk.h"

static struct psk_table *good(const char *text)
{
	struct psk_table *t = NULL;
	struct err err = { 0 };
	if (psk_parse("psk.txt", text, strlen(text), NULL, &t, &err))
		fail_msg("%s", err.text);
	return t;
}

static void assert_key(const struct psk_table *t, const char *id, const struct addr *addr,
		       const char *key)
{
	const struct secret *s = psk_find(t, id, addr);
	assert_non_null(s);
	assert_int_equal(s->len, strlen(key));
	assert_memory_equal(s->p, key, s->len);
}

static void lines_are_identity_and_key(void **state)
{
	(void)state;
	struct psk_table *t = good("# comment\n\n192.0.2.1\tkey one \na.example   # no comment\n"
				   "u@example 0x6162\n2001:db8:0::1 six");
	struct addr a;
	assert_int_equal(psk_count(t), 4);
	assert_key(t, "192.0.2.1", NULL, "key one "); /* trailing blanks belong to the key */
	assert_key(t, "a.example", NULL, "# no comment");
	assert_key(t, "u@example", NULL, "ab");
	assert_key(t, "2001:db8::1", NULL, "six"); /* addresses compare as addresses */
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	assert_key(t, "unknown", &a, "key one ");
	assert_null(psk_find(t, "unknown", NULL));
	psk_free(t);
}

static void the_first_matching_line_wins(void **state)
{
	(void)state;
	struct psk_table *t = good("a one\n* any\nb two\n");
	assert_key(t, "a", NULL, "one");
	assert_key(t, "b", NULL, "any");
	psk_free(t);
}

static void bad(const char *text, const char *said)
{
	struct psk_table *t = NULL;
	struct err err = { 0 };
	assert_int_equal(psk_parse("psk.txt", text, strlen(text), NULL, &t, &err), -EINVAL);
	assert_null(t);
	if (!strstr(err.text, said))
		fail_msg("\"%s\" does not say \"%s\"", err.text, said);
	assert_null(strstr(err.text, "s3cret"));
}

static void bad_lines_are_located_without_the_key(void **state)
{
	(void)state;
	bad("a s3cret\nb\n", "psk.txt:2: the key is missing");
	bad(" s3cret", "psk.txt:1: a line begins with an identity");
	bad("a 0xs3cret5", "psk.txt:1: the key in hex");
	bad("a 0x123", "odd number");
	bad("a 0x", "no or an odd number");
}

static void the_file_must_be_private(void **state)
{
	(void)state;
	char path[] = "/tmp/psk-test.XXXXXX";
	struct psk_table *t = NULL;
	struct err err = { 0 };
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a key\n", 6), 6);
	close(fd);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(psk_load(path, NULL, &t, &err), -EPERM);
	assert_non_null(strstr(err.text, "chmod 600"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(psk_load(path, NULL, &t, &err), 0);
	assert_key(t, "a", NULL, "key");
	psk_free(t);
	t = NULL;
	unlink(path);
	assert_int_equal(psk_load(path, NULL, &t, &err), -ENOENT);
	assert_int_equal(psk_load("/dev/null", NULL, &t, &err), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("lines are identity and key", lines_are_identity_and_key),
		UNIT("the first matching line wins", the_first_matching_line_wins),
		UNIT("bad lines are located without the key",
		     bad_lines_are_located_without_the_key),
		UNIT("the file must be private", the_file_must_be_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
