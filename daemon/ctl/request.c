/* SPDX-License-Identifier: BSD-2-Clause */
/* Control requests: JSON -> struct, by a table of commands and one of members. */
#include "ctl/request.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/fmt.h"

enum member { NAME = 1u << 0, TIMEOUT = 1u << 1 };

static const struct {
	const char *word;
	unsigned int required, allowed; /* enum member */
} commands[] = {
	[CTL_DELETE_SA] = { "delete-sa", NAME, NAME },
	[CTL_ESTABLISH_SA] = { "establish-sa", NAME, NAME | TIMEOUT },
	[CTL_EVENTS] = { "events", 0, 0 },
	[CTL_KERNEL] = { "kernel", NAME, NAME },
	[CTL_REAUTH_SA] = { "reauth-sa", NAME, NAME },
	[CTL_REKEY_SA] = { "rekey-sa", NAME, NAME },
	[CTL_SHOW_LEASES] = { "show-leases", 0, NAME }, /* name: where to go on */
	[CTL_SHOW_PEERS] = { "show-peers", 0, 0 },
	[CTL_SHOW_SA] = { "show-sa", 0, 0 },
	[CTL_STATUS] = { "status", 0, 0 },
	[CTL_VERSION_COMMAND] = { "version", 0, 0 },
};
static_assert(N_ELEMENTS(commands) == __CTL_COMMAND_N, "each command has a row");

static int take_name(const json_t *value, struct ctl_request *request, struct err *err)
{
	const char *text = json_string_value(value);

	/* An embedded zero byte would cut the name behind our back. */
	if (!text || text[0] == 0 || strlen(text) != json_string_length(value) ||
	    strlen(text) >= sizeof(request->name))
		return err_set(err, -EINVAL, "\"name\" must be a text of 1 to %d bytes",
			       CTL_NAME_MAX_BYTES - 1);
	memcpy(request->name, text, strlen(text) + 1);
	return 0;
}

static int take_timeout(const json_t *value, struct ctl_request *request, struct err *err)
{
	json_int_t ms = json_integer_value(value);

	if (!json_is_integer(value) || ms < 1 || ms > CTL_TIMEOUT_MAX_MS)
		return err_set(err, -EINVAL, "\"timeout_ms\" must be a number from 1 to %d",
			       CTL_TIMEOUT_MAX_MS);
	request->timeout_ms = ms;
	return 0;
}

static const struct {
	const char *key;
	unsigned int member;
	int (*take)(const json_t *value, struct ctl_request *request, struct err *err);
} members[] = {
	{ "name", NAME, take_name },
	{ "timeout_ms", TIMEOUT, take_timeout },
};

const char *ctl_command_name(enum ctl_command command)
{
	return commands[command].word;
}

static int unknown_command(const char *word, struct err *err)
{
	const char *words[N_ELEMENTS(commands)];
	char escaped[128];
	struct fmt f = fmt_of(escaped, sizeof(escaped));

	for (size_t i = 0; i < N_ELEMENTS(commands); i++)
		words[i] = commands[i].word;
	const char *nearest = fmt_nearest(word, words, N_ELEMENTS(words));
	fmt_add_escaped(&f, slice_of(word, strlen(word)));
	return err_set(err, -EOPNOTSUPP, "unknown command \"%s\"%s%s%s", escaped,
		       nearest ? ": do you mean \"" : "", nearest ? nearest : "",
		       nearest ? "\"?" : "");
}

static int take_head(const json_t *root, struct ctl_request *request, struct err *err)
{
	const json_t *version = json_object_get(root, "version");
	const char *word = json_string_value(json_object_get(root, "command"));

	if (!json_is_integer(version))
		return err_set(err, -EINVAL, "\"version\" must be a number");
	if (json_integer_value(version) != CTL_VERSION)
		return err_set(err, -EPROTONOSUPPORT, "this daemon speaks version %d", CTL_VERSION);
	if (!word)
		return err_set(err, -EINVAL, "\"command\" must be a text");
	for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].word, word) == 0) {
			request->command = (enum ctl_command)i;
			return 0;
		}
	}
	return unknown_command(word, err);
}

/* One member that is not of the head: its bit, or negative. */
static int take_member(const char *key, const json_t *value, struct ctl_request *request,
		       struct err *err)
{
	for (size_t i = 0; i < N_ELEMENTS(members); i++) {
		if (strcmp(members[i].key, key) != 0)
			continue;
		if (!(commands[request->command].allowed & members[i].member))
			return err_set(err, -EINVAL, "%s takes no \"%s\"",
				       commands[request->command].word, key);
		int r = members[i].take(value, request, err);
		return r < 0 ? r : (int)members[i].member;
	}
	return err_set(err, -EINVAL, "unknown member in the request");
}

static int take_members(json_t *root, struct ctl_request *request, struct err *err)
{
	unsigned int seen = 0;
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		if (strcmp(key, "version") == 0 || strcmp(key, "command") == 0)
			continue;
		int r = take_member(key, value, request, err);
		if (r < 0)
			return r;
		seen |= (unsigned int)r;
	}
	if (commands[request->command].required & ~seen)
		return err_set(err, -EINVAL, "%s needs a \"name\"",
			       commands[request->command].word);
	return 0;
}

int ctl_request_parse(const char *line, size_t len, struct ctl_request *ret, struct err *err)
{
	struct ctl_request request = { .timeout_ms = CTL_TIMEOUT_DEFAULT_MS };
	json_error_t why;
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);

	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(err, -EINVAL, "the request is not a JSON object");
	}
	int r = take_head(root, &request, err);
	if (r == 0)
		r = take_members(root, &request, err);
	json_decref(root);
	if (r == 0)
		*ret = request;
	return r;
}

json_t *ctl_reply_ok(json_t *result)
{
	return json_pack("{s:i, s:b, s:o}", "version", CTL_VERSION, "ok", 1, "result", result);
}

json_t *ctl_reply_error(int code, const char *text)
{
	const char *name = strerrorname_np(-code);

	return json_pack("{s:i, s:b, s:{s:s, s:s}}", "version", CTL_VERSION, "ok", 0, "error",
			 "code", name ? name : "EIO", "text", text);
}
