/* SPDX-License-Identifier: BSD-2-Clause */
/* Control requests: each command, and each way to get one wrong. */
#include <errno.h>
#include <stdbool.h>

#include "base/unit.h"
#include "ctl/request.h"

static struct ctl_request request;
static struct err err;

static int parse(const char *line)
{
	memset(&err, 0, sizeof(err));
	return ctl_request_parse(line, strlen(line), &request, &err);
}

static void each_command_is_understood(void **state)
{
	char line[256];

	(void)state;
	for (enum ctl_command c = 0; c < __CTL_COMMAND_N; c++) {
		bool named = c == CTL_DELETE_SA || c == CTL_ESTABLISH_SA || c == CTL_KERNEL ||
			     c == CTL_REAUTH_SA || c == CTL_REKEY_SA;
		snprintf(line, sizeof(line), "{\"version\":1,\"command\":\"%s\"%s}",
			 ctl_command_name(c), named ? ",\"name\":\"gw\"" : "");
		assert_int_equal(parse(line), 0);
		assert_int_equal(request.command, c);
		assert_string_equal(request.name, named ? "gw" : "");
		assert_int_equal(request.timeout_ms, CTL_TIMEOUT_DEFAULT_MS);
	}
}

static void a_time_limit_is_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"version\":1,\"command\":\"establish-sa\",\"name\":\"a/b\","
			       "\"timeout_ms\":1500}"),
			 0);
	assert_int_equal(request.timeout_ms, 1500);
	assert_string_equal(request.name, "a/b");
}

static const struct {
	const char *line;
	int result;
	const char *says;
} wrong[] = {
	{ "", -EINVAL, "not a JSON object" },
	{ "{", -EINVAL, "not a JSON object" },
	{ "[]", -EINVAL, "not a JSON object" },
	{ "{} {}", -EINVAL, "not a JSON object" },
	{ "{\"command\":\"status\"}", -EINVAL, "version" },
	{ "{\"version\":\"1\",\"command\":\"status\"}", -EINVAL, "version" },
	{ "{\"version\":2,\"command\":\"status\"}", -EPROTONOSUPPORT, "version 1" },
	{ "{\"version\":1,\"version\":1,\"command\":\"status\"}", -EINVAL, "not a JSON object" },
	{ "{\"version\":1}", -EINVAL, "command" },
	{ "{\"version\":1,\"command\":7}", -EINVAL, "command" },
	{ "{\"version\":1,\"command\":\"show-as\"}", -EOPNOTSUPP, "do you mean \"show-sa\"?" },
	{ "{\"version\":1,\"command\":\"\xc3\xa9\\u0007\"}", -EOPNOTSUPP, "\\xc3\\xa9\\x07" },
	{ "{\"version\":1,\"command\":\"status\",\"x\":1}", -EINVAL, "unknown member" },
	{ "{\"version\":1,\"command\":\"status\",\"name\":\"x\"}", -EINVAL, "takes no \"name\"" },
	{ "{\"version\":1,\"command\":\"delete-sa\"}", -EINVAL, "needs a \"name\"" },
	{ "{\"version\":1,\"command\":\"delete-sa\",\"name\":\"\"}", -EINVAL, "1 to 255" },
	{ "{\"version\":1,\"command\":\"delete-sa\",\"name\":[]}", -EINVAL, "1 to 255" },
	{ "{\"version\":1,\"command\":\"delete-sa\",\"name\":\"a\\u0000b\"}", -EINVAL,
	  "not a JSON" },
	{ "{\"version\":1,\"command\":\"delete-sa\",\"name\":\"a\",\"timeout_ms\":5}", -EINVAL,
	  "takes no \"timeout_ms\"" },
	{ "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"a\",\"timeout_ms\":0}", -EINVAL,
	  "timeout_ms" },
	{ "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"a\",\"timeout_ms\":600001}",
	  -EINVAL, "timeout_ms" },
	{ "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"a\",\"timeout_ms\":1.5}", -EINVAL,
	  "timeout_ms" },
};

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
		int r = parse(wrong[i].line);
		if (r != wrong[i].result || !strstr(err.text, wrong[i].says))
			fail_msg("%s: %d, \"%s\"", wrong[i].line, r, err.text);
	}
}

static void a_name_has_a_limit(void **state)
{
	char line[CTL_NAME_MAX_BYTES + 100], name[CTL_NAME_MAX_BYTES + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	for (int extra = 0; extra < 2; extra++) {
		snprintf(line, sizeof(line),
			 "{\"version\":1,\"command\":\"delete-sa\",\"name\":\"%.*s\"}",
			 CTL_NAME_MAX_BYTES - 1 + extra, name);
		assert_int_equal(parse(line), extra ? -EINVAL : 0);
	}
}

static void nesting_ends_somewhere(void **state)
{
	static char line[20000];

	(void)state;
	memset(line, '[', sizeof(line) - 1);
	assert_int_equal(parse(line), -EINVAL);
}

static void an_error_has_a_code_and_a_text(void **state)
{
	json_t *reply = ctl_reply_error(-ENOENT, "no such peer");
	const json_t *error = json_object_get(reply, "error");

	(void)state;
	assert_true(json_is_false(json_object_get(reply, "ok")));
	assert_string_equal(json_string_value(json_object_get(error, "code")), "ENOENT");
	assert_string_equal(json_string_value(json_object_get(error, "text")), "no such peer");
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("each command is understood", each_command_is_understood),
		UNIT("a time limit is taken", a_time_limit_is_taken),
		UNIT("what is wrong is named", what_is_wrong_is_named),
		UNIT("a name has a limit", a_name_has_a_limit),
		UNIT("nesting ends somewhere", nesting_ends_somewhere),
		UNIT("an error has a code and a text", an_error_has_a_code_and_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
