/* SPDX-License-Identifier: BSD-2-Clause */
/* tanukictl's tables, and its link to a daemon that the test plays. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unit.h"
#include "tanukictl.h"

static char *printed;
static size_t printed_bytes;

static FILE *out(void)
{
	FILE *f = open_memstream(&printed, &printed_bytes);
	assert_non_null(f);
	return f;
}

static void assert_printed(FILE *f, const char *expected)
{
	fclose(f);
	assert_string_equal(printed, expected);
	free(printed);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const head[] = { "A", "LONG HEAD", "C" };
	static const char *const row[] = { "wide cell", "x", "end" };
	static const char *const short_row[] = { "y", NULL };
	struct table *t = table_new(head, 3);
	FILE *f = out();

	(void)state;
	table_add(t, row, 3);
	table_add(t, short_row, 2);
	table_print(t, f);
	table_free(t);
	assert_printed(f, "A          LONG HEAD  C\n"
			  "wide cell  x          end\n"
			  "y          -          -\n");
}

static void ages_are_short(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { -1, "-" },           { 0, "0s" },           { 59999, "59s" },
		      { 60000, "1m" },       { 3600000, "1h 0m" },  { 11100000, "3h 5m" },
		      { 86400000, "1d 0h" }, { 187200000, "2d 4h" } };
	char buf[SHOW_AGE_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		assert_string_equal(show_age(cases[i].ms, buf), cases[i].text);
	assert_non_null(show_age(INT64_MAX, buf));
}

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	assert_non_null(json);
	return json;
}

static void differences_of_the_kernel_are_lines(void **state)
{
	json_t *kernel = parse("{\"sas\":4,\"policies\":5,\"different\":3,\"differences\":["
			       "{\"what\":\"sa_missing\",\"entry\":\"esp a > b\"},"
			       "{\"what\":\"policy_strange\",\"entry\":\"out c > d\"}]}");
	FILE *f = out();

	(void)state;
	show_kernel(kernel, f);
	json_decref(kernel);
	assert_printed(f, "as wanted: SAs 4, policies 5; different: 3\n"
			  "sa_missing      esp a > b\n"
			  "policy_strange  out c > d\n"
			  "and 1 more\n");
}

static void sas_and_children_are_two_tables(void **state)
{
	json_t *sas = parse(
		"[{\"name\":\"gw\",\"state\":\"established\",\"role\":\"initiator\","
		"\"local\":{\"address\":\"192.0.2.1[500]\",\"id\":\"a\"},"
		"\"peer\":{\"address\":\"192.0.2.2[500]\",\"id\":null},"
		"\"spi_i\":\"0x01\",\"nat\":\"none\",\"age_ms\":5000,"
		"\"algorithms\":\"IKE:X\",\"children\":[{\"name\":\"net\","
		"\"state\":\"up\",\"mode\":\"tunnel\",\"spi_in\":\"0x2\","
		"\"spi_out\":\"0x3\",\"local_ts\":\"L\",\"peer_ts\":\"P\","
		"\"udp_encap\":true,\"mtu\":1438,\"age_ms\":4000,\"algorithms\":\"ESP:Y\"}]}]");
	FILE *f = out();

	(void)state;
	show_sas(sas, f);
	json_decref(sas);
	assert_printed(
		f, "PEER  STATE        ROLE       LOCAL             REMOTE          SPI   NAT   "
		   "AGE  ENCRYPTION\n"
		   "gw    established  initiator  a 192.0.2.1[500]  192.0.2.2[500]  0x01  none  "
		   "5s   IKE:X\n"
		   "\n"
		   "PEER  CHILD  STATE  MODE    SPI IN  SPI OUT  LOCAL  REMOTE  ENCAP  MTU   AGE  "
		   "ENCRYPTION\n"
		   "gw    net    up     tunnel  0x2     0x3      L      P       udp    1438  4s   "
		   "ESP:Y\n");
}

static void inner_addresses_are_a_third_table(void **state)
{
	json_t *sas =
		parse("[{\"name\":\"gw\",\"state\":\"established\",\"inner\":{\"of\":\"us\","
		      "\"addresses\":[\"10.9.0.1\",\"fd09::1\"],\"name_servers\":[\"10.2.0.53\"],"
		      "\"domains\":[]}},{\"name\":\"other\",\"inner\":null}]");
	FILE *f = out();

	(void)state;
	show_sas(sas, f);
	json_decref(sas);
	fclose(f);
	const char *table = strstr(printed, "\n\nPEER");
	assert_non_null(table);
	assert_string_equal(table + 2, "PEER  OF  INNER ADDRESSES   NAME SERVERS  DOMAINS\n"
				       "gw    us  10.9.0.1 fd09::1  10.2.0.53     -\n");
	free(printed);
}

static void leases_are_a_table(void **state)
{
	json_t *leases = parse("[{\"address\":\"10.9.0.1\",\"in_use\":true,\"used\":86400,"
			       "\"identity\":\"a.example\",\"pool\":\"\",\"fixed\":false},"
			       "{\"address\":\"10.9.0.2\",\"in_use\":false,\"used\":0,"
			       "\"identity\":\"b.example\",\"pool\":\"p\",\"fixed\":true}]");
	json_t *none = parse("[]");
	FILE *f = out();

	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	show_leases(leases, f);
	show_leases(none, f);
	json_decref(leases);
	json_decref(none);
	assert_printed(f, "ADDRESS   STATE   SINCE             IDENTITY   POOL  BY\n"
			  "10.9.0.1  in use  1970-01-02 00:00  a.example  -     -\n"
			  "10.9.0.2  free    -                 b.example  p     fixed\n"
			  "no lease\n");
}

static void nothing_is_said_in_words(void **state)
{
	json_t *none = parse("[]");
	FILE *f = out();

	(void)state;
	show_sas(none, f);
	show_peers(none, f);
	json_decref(none);
	assert_printed(f, "no SA\nno peer is configured\n");
}

static void status_begins_with_version_and_data_path(void **state)
{
	json_t *status = parse("{\"version\":\"9.9\",\"data_path\":\"tanuki\",\"uptime_ms\":5000}");
	FILE *f = out();

	(void)state;
	show_status(status, f);
	json_decref(status);
	fclose(f);
	assert_memory_equal(printed, "tanukid 9.9, up 5s\ndata path tanuki\n", 36);
	free(printed);
}

/* Members that a daemon of another version leaves out do not matter. */
static void strange_answers_do_no_harm(void **state)
{
	static const char *const answers[] = { "{}", "[{}]", "[1,null,\"x\"]",
					       "[{\"name\":7,\"children\":[{},3]}]",
					       "[{\"children\":{\"a\":1}}]" };
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(answers); i++) {
		json_t *json = parse(answers[i]);
		FILE *f = out();
		show_sas(json, f);
		show_peers(json, f);
		show_status(json, f);
		show_leases(json, f);
		json_decref(json);
		fclose(f);
		free(printed);
	}
}

/* ---- the link ---- */

struct daemon {
	struct sockaddr_un where;
	int listen_fd, fd;
	struct link *link;
	struct err err;
};

static int setup(void **state)
{
	static struct daemon d;
	char dir[] = "/tmp/tanukictl_test.XXXXXX";

	memset(&d, 0, sizeof(d));
	assert_non_null(mkdtemp(dir));
	d.where.sun_family = AF_UNIX;
	snprintf(d.where.sun_path, sizeof(d.where.sun_path), "%s/s", dir);
	d.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(d.listen_fd, (struct sockaddr *)&d.where, sizeof(d.where)), 0);
	assert_int_equal(listen(d.listen_fd, 1), 0);
	assert_int_equal(link_open(d.where.sun_path, &d.link, &d.err), 0);
	d.fd = accept(d.listen_fd, NULL, NULL);
	assert_true(d.fd >= 0);
	*state = &d;
	return 0;
}

static int teardown(void **state)
{
	struct daemon *d = *state;

	link_close(d->link);
	if (d->fd >= 0)
		close(d->fd);
	close(d->listen_fd);
	unlink(d->where.sun_path);
	*strrchr(d->where.sun_path, '/') = 0;
	rmdir(d->where.sun_path);
	return 0;
}

static void answer(struct daemon *d, const char *text)
{
	assert_int_equal(write(d->fd, text, strlen(text)), strlen(text));
}

static void a_request_is_one_line(void **state)
{
	struct daemon *d = *state;
	char line[64] = "";

	assert_int_equal(link_send(d->link, parse("{\"version\": 1}"), &d->err), 0);
	assert_int_equal(read(d->fd, line, sizeof(line) - 1), 14);
	assert_string_equal(line, "{\"version\":1}\n");
}

static void lines_are_taken_apart(void **state)
{
	struct daemon *d = *state;
	json_t *json;

	answer(d, "{\"a\":1}\n{\"a\":2}\n{\"a\"");
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(link_receive(d->link, 1000, &json, &d->err), 1);
		assert_int_equal(json_integer_value(json_object_get(json, "a")), i);
		json_decref(json);
	}
	assert_int_equal(link_receive(d->link, 1, &json, &d->err), -ETIMEDOUT);
	answer(d, ":3}\n");
	assert_int_equal(link_receive(d->link, 1000, &json, &d->err), 1);
	json_decref(json);
}

static void the_end_and_nonsense_are_told_apart(void **state)
{
	struct daemon *d = *state;
	json_t *json;

	answer(d, "nonsense\n");
	assert_int_equal(link_receive(d->link, 1000, &json, &d->err), -EBADMSG);
	close(d->fd);
	d->fd = -1;
	assert_int_equal(link_receive(d->link, 1000, &json, &d->err), 0);
}

static void nobody_there_is_said_in_words(void **state)
{
	struct link *l = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(link_open("/nonexistent/tanukid.sock", &l, &err), -ENOENT);
	assert_string_equal(err.text,
			    "no tanukid answers at /nonexistent/tanukid.sock: is it running?");
	assert_null(l);
}

#define LINK(sentence, fn)                              \
	{                                               \
		(sentence), (fn), setup, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("columns are as wide as their widest cell",
		     columns_are_as_wide_as_their_widest_cell),
		UNIT("ages are short", ages_are_short),
		UNIT("differences of the kernel are lines", differences_of_the_kernel_are_lines),
		UNIT("SAs and children are two tables", sas_and_children_are_two_tables),
		UNIT("inner addresses are a third table", inner_addresses_are_a_third_table),
		UNIT("leases are a table", leases_are_a_table),
		UNIT("nothing is said in words", nothing_is_said_in_words),
		UNIT("status begins with version and data path",
		     status_begins_with_version_and_data_path),
		UNIT("strange answers do no harm", strange_answers_do_no_harm),
		UNIT("nobody there is said in words", nobody_there_is_said_in_words),
		LINK("a request is one line", a_request_is_one_line),
		LINK("lines are taken apart", lines_are_taken_apart),
		LINK("the end and nonsense are told apart", the_end_and_nonsense_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
