/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round trips of everything that the model can hold: through the text of a script, through
 * netlink's messages, through PF_KEY's, and from one into the other.  (Each case has a seed of its
 * own: MODEL_SEED=SEED MODEL_CASES=1 runs the one that failed.)
 */
#include "base/unit.h"

#include "model_unit.h"
#include "sadb_codec.h"
#include "setkey_json.h"
#include "setkey_word.h"
#include "xfrm_codec.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

enum { CASES = 4000, OFTEN = 2, SELDOM = 24, DEVICE_IFINDEX = 7, LOG_BYTES = 1024 };

static uint64_t seed; /* of the case */
static char log_text[LOG_BYTES];

static uint64_t cases(void)
{
	const char *text = getenv("MODEL_CASES");
	return text ? strtoull(text, NULL, 10) : CASES;
}

#define fail_case(format, ...) \
	fail_msg("MODEL_SEED=%llu: " format, (unsigned long long)seed, ##__VA_ARGS__)

/* Calls fn with a random SA, then a random policy, for each case. */
static void each_case(uint32_t rarity, void (*fn)(struct command *c))
{
	for (uint64_t i = 0; i < cases(); i++) {
		struct command c;
		memset(&c, 0, sizeof(c));
		seed = model_case_seed(i);
		struct model_random r = model_random_of(seed, rarity);
		c.kind = model_below(&r, 2) ? COMMAND_ADD : COMMAND_UPDATE;
		model_any_sa(&r, &c.sa);
		fn(&c);
		memset(&c, 0, sizeof(c));
		c.kind = model_below(&r, 2) ? COMMAND_SPDADD : COMMAND_SPDUPDATE;
		model_any_policy(&r, &c.policy);
		fn(&c);
	}
}

static bool is_sa(const struct command *c)
{
	return c->kind == COMMAND_ADD || c->kind == COMMAND_UPDATE;
}

static void plain(struct command *c)
{
	if (is_sa(c))
		model_plain_sa(&c->sa);
	else
		model_plain_policy(&c->policy);
}

static void as_kernel(struct command *c)
{
	if (is_sa(c))
		model_kernel_sa(&c->sa);
	else
		model_kernel_policy(&c->policy);
}

/* ---- text ---- */

static char *written(const struct command *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	setkey_write_entry(f, c);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	if (!m->is_warning)
		snprintf(log_text + used, sizeof(log_text) - used, "%u:%u: %s\n", m->at.line,
			 m->at.column, m->text);
}

static struct command parsed(const char *text)
{
	struct command_list list = { 0 };
	struct command c;
	struct script script = { .file = "test",
				 .text = text,
				 .len = strlen(text),
				 .numeric = true,
				 .report = log_message };
	log_text[0] = '\0';
	if (setkey_parse(&script, &list) || list.count != 1)
		fail_case("%s%s", text, log_text);
	struct command_cursor cursor = command_list_start(&list);
	assert_true(command_list_next(&cursor, &c));
	command_list_done(&list);
	return c;
}

static void assert_same(const struct command *a, const struct command *b, const char *way)
{
	if (!memcmp(a, b, sizeof(*a)))
		return;
	char *x = written(a), *y = written(b);
	fail_case("not the same %s:\n%s%s", way, x, y);
}

static void through_text(struct command *c)
{
	char *text = written(c);
	struct command back = parsed(text);
	char *again = written(&back);
	if (strcmp(text, again) != 0)
		fail_case("%sis read as\n%s", text, again);
	plain(c);
	plain(&back);
	assert_same(c, &back, "after its text");
	free(text);
	free(again);
}

static void the_text_of_an_entry_is_read_as_the_entry(void **state)
{
	(void)state;
	each_case(OFTEN, through_text);
	each_case(SELDOM, through_text);
}

/* ---- netlink ---- */

/* The codec tells devices by their index. */
static void decode_sa(struct nl_msg *m, const struct keydb_sa *sent, struct keydb_sa *ret)
{
	const struct nlmsghdr *h = nlmsg_hdr(m);
	uint32_t ifindex = 0;
	if (xfrm_decode_sa(nlmsg_data(h), (size_t)nlmsg_datalen(h), ret, &ifindex))
		fail_case("an SA is not read back from netlink");
	if (ifindex == DEVICE_IFINDEX)
		memcpy(ret->offload_device, sent->offload_device, sizeof(ret->offload_device));
}

static struct command from_netlink(const struct command *c)
{
	struct command back;
	const char *why = "";
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	memset(&back, 0, sizeof(back));
	back.kind = c->kind;
	int rc = is_sa(c) ? xfrm_encode_sa(m, &c->sa, c->sa.offload_device[0] ? DEVICE_IFINDEX : 0,
					   &why)
			  : xfrm_encode_policy(m, &c->policy, &why);
	if (rc)
		fail_case("netlink: %s\n%s", why, written(c));
	const struct nlmsghdr *h = nlmsg_hdr(m);
	if (is_sa(c))
		decode_sa(m, &c->sa, &back.sa);
	else if (xfrm_decode_policy(nlmsg_data(h), (size_t)nlmsg_datalen(h), &back.policy))
		fail_case("a policy is not read back from netlink");
	nlmsg_free(m);
	return back;
}

static void through_netlink(struct command *c)
{
	struct command back = from_netlink(c);
	as_kernel(c);
	as_kernel(&back);
	assert_same(c, &back, "after netlink");
}

static void netlink_tells_every_entry_as_it_was_told(void **state)
{
	(void)state;
	each_case(OFTEN, through_netlink);
	each_case(SELDOM, through_netlink);
}

/* What a dump prints makes the same again. */
static void through_both(struct command *c)
{
	char *text = written(c);
	struct command first = parsed(text), kernel = from_netlink(&first);
	char *dumped = written(&kernel);
	struct command second = parsed(dumped), again = from_netlink(&second);
	as_kernel(&first);
	as_kernel(&again);
	assert_same(&first, &again, "after text, netlink and text");
	free(text);
	free(dumped);
}

static void a_script_of_what_the_kernel_has_makes_the_same(void **state)
{
	(void)state;
	each_case(OFTEN, through_both);
	each_case(SELDOM, through_both);
}

/* ---- PF_KEY ---- */

static size_t carried, refused;

/* The family of what is inside is the kernel's choice there, as the transport knows. */
static void without_family_flag(struct command *c)
{
	if (is_sa(c))
		c->sa.flags &= ~(uint32_t)KEYDB_SA_AF_UNSPEC;
}

static struct sadb_message message_of(const struct command *c)
{
	struct sadb_message m;
	sadb_message_init(&m, is_sa(c) ? SADB_ADD : SADB_X_SPDADD);
	if (is_sa(c))
		m.sa = c->sa;
	else
		m.policy = c->policy;
	return m;
}

/* Either refused with a reason, or told completely. */
static void through_pfkey(struct command *c)
{
	uint8_t buf[SADB_MESSAGE_MAX_BYTES];
	char *text = written(c);
	struct command back = parsed(text);
	const char *why = NULL;
	size_t len = 0;
	without_family_flag(&back);
	struct sadb_message m = message_of(&back), told;
	int rc = sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why);
	if (rc && (rc != -EOPNOTSUPP || !why || !why[0]))
		fail_case("%d, %s: %s", rc, why ? why : "no reason", text);
	refused += rc != 0;
	carried += rc == 0;
	if (!rc && sadb_decode(PFKEY_REQUEST, buf, len, &told, &why))
		fail_case("not read back from PF_KEY: %s: %s", why, text);
	if (!rc) {
		struct command again = back;
		if (is_sa(c))
			again.sa = told.sa;
		else
			again.policy = told.policy;
		plain(&back);
		plain(&again);
		assert_same(&back, &again, "after PF_KEY");
	}
	free(text);
}

static void pfkey_tells_all_of_an_entry_or_refuses_it(void **state)
{
	(void)state;
	carried = refused = 0;
	each_case(SELDOM, through_pfkey);
	each_case(OFTEN, through_pfkey);
	if (cases() < CASES)
		return;
	assert_true(carried > CASES / 2);
	assert_true(refused > CASES);
}

/* ---- JSON ---- */

static void as_json(struct command *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (is_sa(c))
		setkey_json_sa(f, &c->sa);
	else
		setkey_json_policy(f, &c->policy);
	fclose(f);
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (!json_is_object(object) || strchr(text, '\n') != text + len - 1)
		fail_case("%s: %s", error.text, text);
	json_decref(object);
	free(text);
}

static void every_entry_is_one_line_of_json(void **state)
{
	(void)state;
	each_case(OFTEN, as_json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_of_an_entry_is_read_as_the_entry),
		cmocka_unit_test(netlink_tells_every_entry_as_it_was_told),
		cmocka_unit_test(a_script_of_what_the_kernel_has_makes_the_same),
		cmocka_unit_test(pfkey_tells_all_of_an_entry_or_refuses_it),
		cmocka_unit_test(every_entry_is_one_line_of_json),
	};
	return cmocka_run_group_tests_name("setkey_model", tests, NULL, NULL);
}
