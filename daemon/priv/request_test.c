/* SPDX-License-Identifier: BSD-2-Clause */
/* Every row of the request table: who may send it, how long, how often, and what in it. */
#include <errno.h>
#include <stddef.h>

#include "priv/addresses.h"
#include "priv/broker.h"
#include "priv/priv_unit.h"
#include "priv/request_check.h"

static _Alignas(16) uint8_t body[FRAME_BODY_MAX_BYTES];

/* A body that is right, of this kind; its length. */
static size_t fill(unsigned int kind)
{
	memset(body, 0, sizeof(body));
	if (kind == REQUEST_CHILD_INSTALL) {
		struct request_child c = unit_child(0x1000, 0x2000, 77777);
		memcpy(body, &c, sizeof(c));
		return offsetof(struct request_child, policies) +
		       c.n_policies * sizeof(c.policies[0]);
	} else if (kind == REQUEST_CHILD_COMPLETE) {
		struct request_child c = unit_child(0x1000, 0x2000, 77777);
		struct request_complete r;
		memset(&r, 0, sizeof(r));
		r.in = c.in.id;
		r.out = c.out;
		memcpy(body, &r, sizeof(r));
	} else if (kind == REQUEST_CHILD_MOVE) {
		struct request_child c = unit_child(0x1000, 0x2000, 77777);
		struct request_move r;
		memset(&r, 0, sizeof(r));
		r.in = c.in.id;
		r.out = c.out.id;
		r.local = unit_addr("2001:db8::1");
		r.peer = unit_addr("2001:db8::2");
		r.local_port = r.peer_port = 4500;
		memcpy(body, &r, sizeof(r));
	} else if (kind == REQUEST_CHILD_REMOVE) {
		struct request_child c = unit_child(0x1000, 0x2000, 77777);
		struct request_remove r;
		memset(&r, 0, sizeof(r));
		r.in = c.in.id;
		r.out = c.out.id;
		memcpy(body, &r, sizeof(r));
	} else if (kind == REQUEST_NAME) {
		struct request_name n = { .name = "gw.example" };
		memcpy(body, &n, sizeof(n));
	} else if (kind == REQUEST_ACQUIRE_FAILED) {
		struct request_acquire a;
		memset(&a, 0, sizeof(a));
		a.larval = unit_sa("192.0.2.1", "192.0.2.2", 0).id;
		memcpy(body, &a, sizeof(a));
	} else if (kind == REQUEST_PSK_SIGN || kind == REQUEST_PSK_VERIFY) {
		struct request_psk p;
		memset(&p, 0, sizeof(p));
		strcpy(p.key.peer_id, "b.example");
		p.octets_bytes = 100;
		p.auth_bytes = 32;
		memcpy(body, &p, sizeof(p));
		return sizeof(p) + 132;
	} else if (kind == REQUEST_LEASE_GET) {
		struct lease_ask ask = { .id = { .type = ID_FQDN, .len = 9, .body = "a.example" } };
		memcpy(body, &ask, sizeof(ask));
	} else if (kind == REQUEST_INNER_SET) {
		struct inner_set set;
		memset(&set, 0, sizeof(set));
		assert_int_equal(addr_parse("192.0.2.1", &set.local), 0);
		assert_int_equal(addr_parse("192.0.2.2", &set.peer), 0);
		memcpy(body, &set, sizeof(set));
	}
	return request_row(kind)->body_bytes;
}

static struct frame frame_of(unsigned int kind, size_t len)
{
	return (struct frame){ .kind = (uint16_t)kind, .body = slice_of(body, len) };
}

static int admit(unsigned int kind, size_t len, enum process from, enum process to)
{
	struct request_gate gate = { .from = from, .to = to };
	struct frame f = frame_of(kind, len);
	const char *why = NULL;
	int r = request_admit(&gate, &f, &why);

	assert_true((r < 0) == (why != NULL));
	return r;
}

/* Calls fn for each row. */
static void each_row(void (*fn)(unsigned int kind, const struct request_row *row))
{
	unsigned int n = 0;

	for (unsigned int kind = 0; kind < __REQUEST_N; kind++) {
		if (!request_row(kind))
			continue;
		fn(kind, request_row(kind));
		n++;
	}
	assert_int_equal(n, __REQUEST_N - 1); /* 0 is no kind */
}

static void check_right(unsigned int kind, const struct request_row *row)
{
	assert_int_equal(admit(kind, fill(kind), row->from, row->to), 0);
}

static void check_sender(unsigned int kind, const struct request_row *row)
{
	size_t len = fill(kind);

	for (enum process from = PROCESS_MONITOR; from < __PROCESS_N; from++) {
		for (enum process to = PROCESS_MONITOR; to < __PROCESS_N; to++) {
			if (from != row->from || to != row->to)
				assert_int_equal(admit(kind, len, from, to), -EBADMSG);
		}
	}
}

static void check_size(unsigned int kind, const struct request_row *row)
{
	size_t len = fill(kind);

	if (row->body_bytes > 0) {
		assert_int_equal(admit(kind, row->body_bytes - 1, row->from, row->to), -EBADMSG);
		assert_int_equal(admit(kind, 0, row->from, row->to), -EBADMSG);
	}
	assert_int_equal(admit(kind, row->body_bytes + row->extra_max_bytes + 1, row->from,
			       row->to),
			 -EBADMSG);
	if (row->extra_max_bytes > 0)
		assert_int_equal(admit(kind, len - 1, row->from, row->to), -EINVAL);
}

static void check_times(unsigned int kind, const struct request_row *row)
{
	struct request_gate gate = { .from = row->from, .to = row->to };
	struct frame f = frame_of(kind, fill(kind));
	const char *why;

	for (unsigned int i = 0; i < 5; i++) {
		int expected = row->times_max != 0 && i >= row->times_max ? -EBADMSG : 0;
		assert_int_equal(request_admit(&gate, &f, &why), expected);
	}
}

static void check_fds(unsigned int kind, const struct request_row *row)
{
	struct request_gate gate = { .from = row->from, .to = row->to };
	struct frame f = frame_of(kind, fill(kind));
	const char *why;

	f.n_fds = 1; /* never closed: it does not exist */
	/* Sockets say how many there are: 0 here. */
	int expected = kind == REQUEST_SOCKETS ? -EINVAL : row->fds_max == 0 ? -EBADMSG : 0;
	assert_int_equal(request_admit(&gate, &f, &why), expected);
}

static void check_handler(unsigned int kind, const struct request_row *row)
{
	bool for_monitor = row->from == PROCESS_ENGINE && row->to == PROCESS_MONITOR &&
			   kind != REQUEST_READY;
	assert_int_equal(broker_handles(kind) + addresses_handles(kind), for_monitor);
}

/* clang-format off */
static void each_row_admits_what_is_right(void **state) { (void)state; each_row(check_right); }
static void each_row_refuses_other_senders(void **state) { (void)state; each_row(check_sender); }
static void each_row_refuses_other_sizes(void **state) { (void)state; each_row(check_size); }
static void each_row_counts_its_times(void **state) { (void)state; each_row(check_times); }
static void each_row_knows_its_descriptors(void **state) { (void)state; each_row(check_fds); }
static void each_kernel_request_has_a_handler(void **state) { (void)state; each_row(check_handler); }
/* clang-format on */

static void only_the_policies_that_there_are_are_sent(void **state)
{
	const struct request_row *row = request_row(REQUEST_CHILD_INSTALL);
	size_t len = fill(REQUEST_CHILD_INSTALL);
	const size_t one = sizeof(struct keydb_policy);
	(void)state;
	assert_int_equal(admit(REQUEST_CHILD_INSTALL, len, row->from, row->to), 0);
	assert_true(len < sizeof(struct request_child));
	assert_int_equal(admit(REQUEST_CHILD_INSTALL, len - one, row->from, row->to), -EINVAL);
	assert_int_equal(admit(REQUEST_CHILD_INSTALL, len + one, row->from, row->to), -EINVAL);
	assert_int_equal(admit(REQUEST_CHILD_INSTALL, len + 1, row->from, row->to), -EINVAL);
}

static void unknown_kinds_are_refused(void **state)
{
	(void)state;
	assert_null(request_row(0));
	assert_null(request_row(__REQUEST_N));
	assert_int_equal(admit(0, 0, PROCESS_ENGINE, PROCESS_MONITOR), -EBADMSG);
	assert_int_equal(admit(__REQUEST_N, 0, PROCESS_ENGINE, PROCESS_MONITOR), -EBADMSG);
	assert_int_equal(admit(UINT16_MAX, 0, PROCESS_ENGINE, PROCESS_MONITOR), -EBADMSG);
}

/* ---- what is in a child ---- */

static struct request_child child;

/* clang-format off */
static void break_spi(void) { child.in.id.spi = 255; }
static void break_family(void) { child.in.id.src = unit_addr("2001:db8::1"); }
static void break_unknown_family(void) { child.out.id.dst.sa.sa_family = 77; }
static void break_no_address(void) { memset(&child.out.id.dst, 0, sizeof(child.out.id.dst)); }
static void break_proto(void) { child.in.id.proto = 6; }
static void break_mode(void) { child.in.mode = 99; }
static void break_cpi(void) { child.comp = (struct comp){ 255, 256, KEYDB_MODE_TUNNEL, 0 }; child.in.mode = child.out.mode = KEYDB_MODE_TRANSPORT; }
static void break_cpi_out(void) { child.comp = (struct comp){ 256, 61440, KEYDB_MODE_TUNNEL, 0 }; child.in.mode = child.out.mode = KEYDB_MODE_TRANSPORT; }
static void break_cpi_half(void) { child.comp = (struct comp){ 256, 0, KEYDB_MODE_TUNNEL, 0 }; child.in.mode = child.out.mode = KEYDB_MODE_TRANSPORT; }
static void break_comp_mode(void) { child.comp = (struct comp){ 256, 257, KEYDB_MODE_BEET, 0 }; child.in.mode = child.out.mode = KEYDB_MODE_TRANSPORT; }
static void break_comp_tunnels(void) { child.comp = (struct comp){ 256, 257, KEYDB_MODE_TUNNEL, 0 }; }
static void break_comp_flags(void) { child.comp = (struct comp){ 256, 257, KEYDB_MODE_TUNNEL, 1u << 31 }; child.in.mode = child.out.mode = KEYDB_MODE_TRANSPORT; }
static void break_padding(void) { child.out.tfc_pad_bytes = 65536; }
static void break_padding_mode(void) { child.in.tfc_pad_bytes = 1; child.in.mode = KEYDB_MODE_BEET; }
static void break_flags(void) { child.out.flags = 1u << 31; }
static void break_window(void) { child.in.replay_window_pkts = 4097; }
static void break_alg_name(void) { memset(child.in.aead.name, 'x', sizeof(child.in.aead.name)); }
static void break_alg_id(void) { child.in.aead.id = 9999; }
static void break_alg_kind(void) { child.in.auth = child.in.aead; }
static void break_alg_missing(void) { memset(&child.in.aead, 0, sizeof(child.in.aead)); }
static void break_key_bits(void) { child.in.aead.key_bits = 8 * KEYDB_KEY_MAX_BYTES + 8; }
static void break_ctx(void) { child.in.ctx_len = 200; }
static void break_device(void) { child.in.offload_device[0] = 'e'; }
static void break_count(void) { child.n_policies = REQUEST_POLICIES_MAX + 1; }
static void break_bool(void) { memset(&child.policies[0].sel.src_port_any, 37, 1); }
static void break_in_only(void) { memset(&child.in_only, 37, 1); }
static void break_prefix(void) { child.policies[1].sel.src_bits = 33; }
static void break_sel_family(void) { child.policies[1].sel.dst = unit_addr("2001:db8::1"); }
static void break_sel_empty(void) { memset(&child.policies[2].sel, 0, sizeof(child.policies[2].sel)); }
static void break_dir(void) { child.policies[0].dir = KEYDB_DIR_SOCKET_IN; }
static void break_action(void) { child.policies[0].action = KEYDB_ACTION_BYPASS; }
static void break_templates(void) { child.policies[0].n_templates = KEYDB_TEMPLATES_MAX + 1; }
static void break_no_template(void) { child.policies[0].n_templates = 0; }
static void break_template_family(void) { child.policies[0].templates[0].family = 99; }
static void break_template_mode(void) { child.policies[0].templates[0].mode = 99; }
static void break_level(void) { child.policies[0].templates[0].level = 99; }
static void break_index(void) { child.policies[0].index = 8; }
/* clang-format on */

static struct slice policies(void)
{
	return slice_of((const uint8_t *)child.policies,
			child.n_policies * sizeof(child.policies[0]));
}

static void (*const breaks[])(void) = {
	break_spi,           break_family,       break_unknown_family, break_no_address,
	break_proto,         break_cpi,          break_cpi_out,        break_cpi_half,
	break_comp_mode,     break_comp_tunnels, break_comp_flags,     break_padding,
	break_padding_mode,  break_mode,         break_flags,          break_window,
	break_alg_name,      break_alg_id,       break_alg_kind,       break_alg_missing,
	break_key_bits,      break_ctx,          break_device,         break_count,
	break_bool,          break_in_only,      break_prefix,         break_sel_family,
	break_sel_empty,     break_dir,          break_action,         break_templates,
	break_no_template,   break_level,        break_index,          break_template_family,
	break_template_mode,
};

static void a_child_with_one_wrong_field_is_refused(void **state)
{
	(void)state;
	child = unit_child(0x1000, 0x2000, 77777);
	assert_null(request_check_child(&child, policies()));
	for (size_t i = 0; i < N_ELEMENTS(breaks); i++) {
		child = unit_child(0x1000, 0x2000, 77777);
		breaks[i]();
		if (!request_check_child(&child, policies()))
			fail_msg("break %zu was not seen", i);
	}
}

static void inner_addresses_with_one_wrong_field_are_refused(void **state)
{
	static struct request_leases leases;
	struct lease_ask ask;
	struct inner_set set;
	struct request_names names;
	const struct slice none = { 0 };

	(void)state;
	fill(REQUEST_LEASE_GET);
	memcpy(&ask, body, sizeof(ask));
	assert_null(request_check_lease_ask(&ask, none));
	memset(&ask.only, 2, 1);
	assert_non_null(request_check_lease_ask(&ask, none));
	ask.only = false;
	ask.id.len = POLICY_ID_MAX_BYTES + 1;
	assert_non_null(request_check_lease_ask(&ask, none));
	ask.id.len = 0;
	assert_non_null(request_check_lease_ask(&ask, none));
	ask.id.len = 9;
	assert_int_equal(addr_parse("10.9.0.1", &ask.suggested[INNER_V6]), 0);
	assert_non_null(request_check_lease_ask(&ask, none));

	fill(REQUEST_INNER_SET);
	memcpy(&set, body, sizeof(set));
	assert_null(request_check_inner(&set, none));
	set.n_routes = INNER_ROUTES_MAX + 1;
	assert_non_null(request_check_inner(&set, none));

	memset(&names, 0, sizeof(names));
	assert_null(request_check_names(&names, none));
	memset(names.link, 'x', sizeof(names.link));
	assert_non_null(request_check_names(&names, none));
	names.link[0] = '\0';
	names.dns.n_domains = 1;
	strcpy(names.dns.domains[0], "$(reboot)");
	assert_non_null(request_check_names(&names, none));

	memset(&leases, 0, sizeof(leases));
	assert_null(request_check_leases(&leases, none));
	leases.n = 1;
	assert_non_null(request_check_leases(&leases, none));
	leases.n = REQUEST_LEASES_MAX + 1;
	assert_non_null(request_check_leases(&leases, none));
}

static void a_question_must_add_up(void **state)
{
	struct request_psk psk;

	(void)state;
	memset(&psk, 0, sizeof(psk));
	psk.octets_bytes = 10;
	psk.auth_bytes = 5;
	assert_null(request_check_psk(&psk, slice_of(body, 15)));
	assert_non_null(request_check_psk(&psk, slice_of(body, 14)));
	assert_non_null(request_check_psk(&psk, slice_of(body, 16)));
	psk.octets_bytes = UINT32_MAX;
	psk.auth_bytes = 16;
	assert_non_null(request_check_psk(&psk, slice_of(body, 15)));
	psk.octets_bytes = 10;
	psk.auth_bytes = 5;
	memset(psk.key.peer_id, 'x', sizeof(psk.key.peer_id));
	assert_non_null(request_check_psk(&psk, slice_of(body, 15)));
	memset(&psk.key, 0, sizeof(psk.key));
	psk.key.peer_addr.family = 77;
	assert_non_null(request_check_psk(&psk, slice_of(body, 15)));
}

static void a_reason_is_cut_not_overflown(void **state)
{
	struct request_result r = { 0 };
	char text[3 * REQUEST_REASON_MAX_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	request_set_reason(&r, text);
	assert_int_equal(strlen(r.reason), REQUEST_REASON_MAX_BYTES - 1);
	assert_null(request_check_result(&r, slice_of(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("each row admits what is right", each_row_admits_what_is_right),
		UNIT("each row refuses other senders", each_row_refuses_other_senders),
		UNIT("each row refuses other sizes", each_row_refuses_other_sizes),
		UNIT("each row counts its times", each_row_counts_its_times),
		UNIT("each row knows its descriptors", each_row_knows_its_descriptors),
		UNIT("each kernel request has a handler", each_kernel_request_has_a_handler),
		UNIT("only the policies that there are are sent",
		     only_the_policies_that_there_are_are_sent),
		UNIT("unknown kinds are refused", unknown_kinds_are_refused),
		UNIT("a child with one wrong field is refused",
		     a_child_with_one_wrong_field_is_refused),
		UNIT("inner addresses with one wrong field are refused",
		     inner_addresses_with_one_wrong_field_are_refused),
		UNIT("a question must add up", a_question_must_add_up),
		UNIT("a reason is cut, not overflown", a_reason_is_cut_not_overflown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
