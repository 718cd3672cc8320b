/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration payloads: what is asked for, what is answered, what is believed. */
#include "base/unit.h"
#include "ike/config_read.h"
#include "msg/cp.h"

static uint8_t buf[CONFIG_ATTRIBUTES_MAX_BYTES];
static struct wr w;

static struct addr addr_of(const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) < 0)
		fail_msg("%s", text);
	return a;
}

static void begin(void)
{
	w = wr_of(buf, sizeof(buf));
}

static void add_addr(uint16_t type, const char *text)
{
	struct addr a = addr_of(text);
	cp_emit_addr(&w, type, &a, addr_bits(&a));
}

static void add_text(uint16_t type, const char *text)
{
	cp_emit(&w, type, slice_of(text, strlen(text)));
}

static struct pl_cp ended(uint8_t type)
{
	assert_false(w.bad);
	return (struct pl_cp){ .type = type, .attributes = wr_slice_of(&w) };
}

static struct config_reply reply_of(void)
{
	static const bool both[INNER_FAMILIES] = { true, true };
	struct pl_cp cp = ended(CFG_REPLY);
	struct config_reply reply;
	config_read_reply(&cp, both, &reply);
	return reply;
}

static void assert_addr(const struct addr *a, const char *text)
{
	char got[ADDR_TEXT_MAX_BYTES];
	assert_string_equal(addr_text(a, got), text);
}

/* The attributes of cp as "type/length" words. */
static const char *shape(struct slice attributes)
{
	static char text[512];
	struct rd r = rd_of_slice(attributes);
	struct pl_cp_attribute a;
	size_t used = 0;
	text[0] = 0;
	while (pl_cp_next(&r, &a))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%u/%zu ", a.type,
					 a.value.len);
	return text;
}

static void a_request_has_what_a_client_wants(void **state)
{
	const bool both[INNER_FAMILIES] = { true, true }, v6[INNER_FAMILIES] = { false, true };
	struct addr none[INNER_FAMILIES] = { 0 };
	struct addr last[INNER_FAMILIES] = { addr_of("10.9.0.7"), addr_of("fd09::7") };
	struct config_request q;
	(void)state;
	begin();
	config_write_request(&w, both, none);
	assert_string_equal(shape(wr_slice_of(&w)), "1/0 3/0 8/0 10/0 25/0 ");
	begin();
	config_write_request(&w, v6, last);
	assert_string_equal(shape(wr_slice_of(&w)), "8/17 10/0 25/0 ");
	begin();
	config_write_request(&w, both, last);
	struct pl_cp cp = ended(CFG_REQUEST);
	config_read_request(&cp, &q);
	assert_true(q.address[INNER_V4] && q.address[INNER_V6] && q.dns[INNER_V4] && q.domains);
	assert_false(q.netmask || q.nbns || q.version || q.supported);
	assert_addr(&q.suggested[INNER_V4], "10.9.0.7");
	assert_addr(&q.suggested[INNER_V6], "fd09::7");
}

static void a_suggestion_that_is_no_host_is_no_suggestion(void **state)
{
	struct config_request q;
	(void)state;
	begin();
	add_addr(CP_IP4_ADDRESS, "0.0.0.0");
	add_addr(CP_IP6_ADDRESS, "ff02::1");
	add_addr(CP_IP4_ADDRESS, "10.9.0.7");
	struct pl_cp cp = ended(CFG_REQUEST);
	config_read_request(&cp, &q);
	assert_true(q.address[INNER_V4] && q.address[INNER_V6]);
	/* only the first of a family counts */
	assert_false(addr_is_set(&q.suggested[INNER_V4]));
	assert_false(addr_is_set(&q.suggested[INNER_V6]));
}

static void only_a_request_asks(void **state)
{
	struct config_request q;
	(void)state;
	for (int type = 0; type < 256; type++) {
		begin();
		cp_emit(&w, CP_IP4_ADDRESS, (struct slice){ 0 });
		struct pl_cp cp = ended((uint8_t)type);
		config_read_request(&cp, &q);
		assert_int_equal(q.address[INNER_V4], type == CFG_REQUEST);
	}
}

static struct pool_config pool(void)
{
	struct pool_config p;
	memset(&p, 0, sizeof(p));
	p.netmask4 = addr_of("255.255.255.0");
	p.dns.servers[p.dns.n_servers++] = addr_of("10.2.0.53");
	p.dns.servers[p.dns.n_servers++] = addr_of("fd02::53");
	strcpy(p.dns.domains[p.dns.n_domains++], "corp.example");
	p.nbns[p.n_nbns++] = addr_of("10.2.0.60");
	p.subnets[p.n_subnets++] = (struct addr_prefix){ addr_of("10.2.0.0"), 16 };
	p.subnets[p.n_subnets++] = (struct addr_prefix){ addr_of("fd02::"), 16 };
	return p;
}

static void an_answer_has_what_was_asked_for(void **state)
{
	struct pool_config p = pool();
	struct addr v4[INNER_FAMILIES] = { addr_of("10.9.0.1") };
	struct addr both[INNER_FAMILIES] = { addr_of("10.9.0.1"), addr_of("fd09::1") };
	struct config_request q = { .address = { true, true } };
	(void)state;
	begin();
	config_write_reply(&w, &q, &p, both);
	assert_string_equal(shape(wr_slice_of(&w)), "1/4 8/17 13/8 15/17 ");
	q.dns[INNER_V4] = q.netmask = q.nbns = true;
	begin();
	config_write_reply(&w, &q, &p, v4);
	assert_string_equal(shape(wr_slice_of(&w)), "1/4 2/4 3/4 4/4 13/8 ");
	q.domains = q.version = true;
	begin();
	config_write_reply(&w, &q, &p, v4);
	assert_string_equal(shape(wr_slice_of(&w)), "1/4 2/4 3/4 25/12 4/4 13/8 7/7 ");
	/* RFC 8598 3.2: no domain without a name server */
	q.dns[INNER_V4] = false;
	begin();
	config_write_reply(&w, &q, &p, v4);
	assert_string_equal(shape(wr_slice_of(&w)), "1/4 2/4 4/4 13/8 7/7 ");
}

static void an_answer_is_read(void **state)
{
	struct pool_config p = pool();
	struct addr both[INNER_FAMILIES] = { addr_of("10.9.0.1"), addr_of("fd09::1") };
	struct config_request q = { .address = { true, true },
				    .dns = { true, true },
				    .netmask = true,
				    .nbns = true,
				    .domains = true,
				    .version = true,
				    .supported = true };
	(void)state;
	begin();
	config_write_reply(&w, &q, &p, both);
	struct config_reply reply = reply_of();
	assert_addr(&reply.addr[INNER_V4], "10.9.0.1");
	assert_addr(&reply.addr[INNER_V6], "fd09::1");
	assert_int_equal(reply.dns.n_servers, 2);
	assert_int_equal(reply.dns.n_domains, 1);
	assert_string_equal(reply.dns.domains[0], "corp.example");
	assert_int_equal(reply.n_refused, 0);
}

static void what_was_not_wanted_is_ignored(void **state)
{
	const bool v6[INNER_FAMILIES] = { false, true };
	struct config_reply reply;
	(void)state;
	begin();
	add_addr(CP_IP4_ADDRESS, "10.9.0.1");
	add_addr(CP_IP6_ADDRESS, "fd09::1");
	add_addr(CP_IP6_ADDRESS, "fd09::2");
	cp_emit(&w, 28674, slice_of("x", 1));
	cp_emit(&w, CP_DNSSEC_TA, slice_of("\xaa\x1b\x08\x01zz", 6));
	struct pl_cp cp = ended(CFG_REPLY);
	config_read_reply(&cp, v6, &reply);
	assert_false(addr_is_set(&reply.addr[INNER_V4]));
	assert_addr(&reply.addr[INNER_V6], "fd09::1");
	assert_int_equal(reply.n_refused, 0);
	cp.type = CFG_REQUEST;
	config_read_reply(&cp, v6, &reply);
	assert_false(addr_is_set(&reply.addr[INNER_V6]));
}

static void hostile_values_are_left_out_and_counted(void **state)
{
	(void)state;
	begin();
	add_addr(CP_IP4_ADDRESS, "127.0.0.1");
	add_addr(CP_IP4_ADDRESS, "10.9.0.1");
	add_addr(CP_IP6_ADDRESS, "::1");
	cp_emit(&w, CP_IP6_ADDRESS, slice_of("short", 5));
	add_addr(CP_IP4_DNS, "255.255.255.255");
	add_addr(CP_IP4_DNS, "10.2.0.53");
	add_text(CP_DNS_DOMAIN, "x;reboot");
	add_text(CP_DNS_DOMAIN, "$(id).example");
	add_text(CP_DNS_DOMAIN, "Good.Example.");
	add_text(CP_DNS_DOMAIN, "good.example");
	cp_emit(&w, CP_DNS_DOMAIN, slice_of("nul\0.example", 12));
	cp_emit(&w, CP_IP4_NETMASK, slice_of("123", 3));
	struct config_reply reply = reply_of();
	assert_addr(&reply.addr[INNER_V4], "10.9.0.1");
	assert_false(addr_is_set(&reply.addr[INNER_V6]));
	assert_int_equal(reply.dns.n_servers, 1);
	assert_int_equal(reply.dns.n_domains, 1);
	assert_string_equal(reply.dns.domains[0], "good.example");
	assert_int_equal(reply.n_refused, 8);
	assert_int_equal(reply.refused[0].type, CP_IP4_ADDRESS);
	assert_int_equal(reply.refused[CONFIG_REFUSED_MAX - 1].type, CP_IP4_DNS);
	assert_null(inner_dns_fault(&reply.dns));
}

static void more_than_we_keep_is_refused(void **state)
{
	char name[16], server[16];
	(void)state;
	begin();
	for (unsigned int i = 0; i < 20; i++) {
		snprintf(server, sizeof(server), "10.2.0.%u", i + 1);
		snprintf(name, sizeof(name), "d%u.example", i);
		add_addr(CP_IP4_DNS, server);
		add_text(CP_DNS_DOMAIN, name);
	}
	struct config_reply reply = reply_of();
	assert_int_equal(reply.dns.n_servers, INNER_DNS_MAX);
	assert_int_equal(reply.dns.n_domains, INNER_DOMAINS_MAX);
	assert_int_equal(reply.n_refused, 40 - INNER_DNS_MAX - INNER_DOMAINS_MAX);
}

static void domains_without_a_server_mean_nothing(void **state)
{
	(void)state;
	begin();
	add_text(CP_DNS_DOMAIN, "corp.example");
	struct config_reply reply = reply_of();
	assert_int_equal(reply.dns.n_domains, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a request has what a client wants", a_request_has_what_a_client_wants),
		UNIT("a suggestion that is no host is no suggestion",
		     a_suggestion_that_is_no_host_is_no_suggestion),
		UNIT("only a request asks", only_a_request_asks),
		UNIT("an answer has what was asked for", an_answer_has_what_was_asked_for),
		UNIT("an answer is read", an_answer_is_read),
		UNIT("what was not wanted is ignored", what_was_not_wanted_is_ignored),
		UNIT("hostile values are left out and counted",
		     hostile_values_are_left_out_and_counted),
		UNIT("more than we keep is refused", more_than_we_keep_is_refused),
		UNIT("domains without a server mean nothing",
		     domains_without_a_server_mean_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
