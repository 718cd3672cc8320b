/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever the model can hold is written so that it is read as the same. */
#include "base/unit.h"

#include "setkey_word.h"

#include <errno.h>
#include <stdlib.h>

enum { ROUNDS = 3000, SEED = 20, PROTO_MOBILITY = 135, LOG_BYTES = 1024 };

static char log_text[LOG_BYTES];
static uint64_t random_state;

/* xorshift64: the same numbers each time */
static uint32_t any_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

static uint32_t below(uint32_t n)
{
	return any_u32() % n;
}

/* Half of the time nothing. */
static uint32_t maybe(uint32_t value)
{
	return below(2) ? value : 0;
}

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	if (!m->is_warning)
		snprintf(log_text + used, sizeof(log_text) - used, "%u:%u: %s\n", m->at.line,
			 m->at.column, m->text);
}

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

/* Written, read and compared, byte by byte. */
static void assert_comes_back(const struct command *c)
{
	struct command_list list = { 0 };
	struct command back;
	char *text = written(c);
	struct script script = { .file = "test",
				 .text = text,
				 .len = strlen(text),
				 .first = { 0, 0 },
				 .numeric = true,
				 .report = log_message };
	log_text[0] = '\0';
	if (setkey_parse(&script, &list))
		fail_msg("%s%s", text, log_text);
	assert_int_equal(list.count, 1);
	struct command_cursor cursor = command_list_start(&list);
	assert_true(command_list_next(&cursor, &back));
	char *again = written(&back);
	assert_string_equal(again, text);
	if (memcmp(&back, c, sizeof(back)) != 0)
		fail_msg("not the same: %s", text);
	free(again);
	free(text);
	command_list_done(&list);
}

/* ---- parts ---- */

enum family { V4, V6 };

static union keydb_addr any_addr(enum family family)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct addr a;
	if (family == V4)
		snprintf(text, sizeof(text), "%u.%u.%u.%u", below(256), below(256), below(256),
			 below(256));
	else
		snprintf(text, sizeof(text), "20%02x:%x::%x:%x", below(256), below(65536),
			 below(65536), below(65536));
	assert_int_equal(addr_parse(text, &a), 0);
	return word_keydb_addr(&a);
}

static enum family any_family(void)
{
	return below(2) ? V4 : V6;
}

static uint64_t any_limit(void)
{
	return maybe((uint32_t)1 << below(32)) * ((uint64_t)below(1000) + 1);
}

static struct keydb_limits any_limits(void)
{
	return (struct keydb_limits){ any_limit(), any_limit(), any_limit(), any_limit(),
				      any_limit(), any_limit(), any_limit(), any_limit() };
}

static struct keydb_mark any_mark(void)
{
	return (struct keydb_mark){ maybe(any_u32()), maybe(any_u32()) };
}

static void any_ctx(uint8_t *doi, uint8_t *alg, uint16_t *len, char ctx[KEYDB_CTX_MAX_BYTES])
{
	static const char label[] = "system_u:object_r:ipsec_spd_t:s0#no;comment";
	if (below(4))
		return;
	*doi = (uint8_t)any_u32();
	*alg = (uint8_t)any_u32();
	*len = (uint16_t)(1 + below(sizeof(label) - 1));
	memcpy(ctx, label, *len);
}

static void any_port(bool is_type, uint16_t *ret, uint16_t *ret_mask, bool *ret_any)
{
	*ret_any = below(2);
	if (*ret_any)
		return;
	*ret = (uint16_t)(is_type ? below(256) : maybe(any_u32() & UINT16_MAX));
	*ret_mask = (uint16_t)maybe(1 + below(UINT16_MAX - 1));
}

static void any_selector(enum family family, struct keydb_selector *s)
{
	static const uint8_t protos[] = {
		0, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_GRE, PROTO_MOBILITY, 254,
	};
	s->src = any_addr(family);
	s->dst = any_addr(family);
	s->src_bits = (uint8_t)below(family == V4 ? 33 : 129);
	s->dst_bits = (uint8_t)below(family == V4 ? 33 : 129);
	s->proto = protos[below(N_ELEMENTS(protos))];
	bool is_type = s->proto == IPPROTO_ICMP || s->proto == IPPROTO_ICMPV6 ||
		       s->proto == PROTO_MOBILITY;
	any_port(is_type, &s->src_port, &s->src_port_mask, &s->src_port_any);
	any_port(is_type, &s->dst_port, &s->dst_port_mask, &s->dst_port_any);
	s->ifindex = maybe(below(2) ? 1 : 4711);
}

static uint8_t any_mode(void)
{
	static const uint8_t modes[] = { KEYDB_MODE_TRANSPORT, KEYDB_MODE_TUNNEL, KEYDB_MODE_BEET,
					 KEYDB_MODE_OTHER | 5 };
	return modes[below(N_ELEMENTS(modes))];
}

/* ---- SAs ---- */

static void kernel_alg(struct keydb_alg *a, const char *name, uint32_t key_bytes, uint16_t icv_bits)
{
	strcpy(a->name, name);
	a->key_bits = (uint16_t)(key_bytes * 8);
	a->icv_bits = icv_bits;
	for (size_t i = 0; i < key_bytes; i++)
		a->key[i] = (uint8_t)any_u32();
}

/* One of the table's, or one that only the kernel knows. */
static void any_alg(enum keydb_alg_kind kind, struct keydb_alg *a)
{
	size_t n = 0;
	const struct keydb_alg_info *rows = keydb_alg_table(&n), *row;
	bool has_icv = kind == KEYDB_ALG_AUTH || kind == KEYDB_ALG_AEAD;
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	if (below(8) == 0) {
		kernel_alg(a, "new(mode(x),y)", kind == KEYDB_ALG_COMP ? 0 : below(129),
			   has_icv ? 8 : 0);
		return;
	}
	do
		row = &rows[below((uint32_t)n)];
	while (row->kind != kind);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)any_u32();
	assert_int_equal(keydb_alg_set(a, row, key, (row->key_max_bits + row->salt_bits) / 8u, 0),
			 0);
	if (kind == KEYDB_ALG_AUTH && row->icv_bits && below(2))
		a->icv_bits = (uint16_t)(8 + 8 * below(16));
	if (kind == KEYDB_ALG_AUTH && row->key_max_bits && below(4) == 0) { /* HMAC takes any key */
		memset(a->key, 0, sizeof(a->key));
		kernel_alg(a, row->xfrm_name, 1 + below(120), a->icv_bits);
	}
}

static void any_algs(struct keydb_sa *sa)
{
	switch (sa->id.proto) {
	case KEYDB_PROTO_AH:
		any_alg(KEYDB_ALG_AUTH, &sa->auth);
		break;
	case KEYDB_PROTO_IPCOMP:
		any_alg(KEYDB_ALG_COMP, &sa->comp);
		break;
	default:
		if (below(2)) {
			any_alg(KEYDB_ALG_AEAD, &sa->aead);
			break;
		}
		any_alg(KEYDB_ALG_ENCR, &sa->encr);
		if (below(2))
			any_alg(KEYDB_ALG_AUTH, &sa->auth);
	}
}

static void any_encap(struct keydb_sa *sa, enum family family)
{
	static const uint8_t types[] = { KEYDB_ENCAP_UDP, KEYDB_ENCAP_UDP_NON_IKE,
					 KEYDB_ENCAP_TCP };
	if (sa->id.proto != KEYDB_PROTO_ESP || below(2))
		return;
	sa->encap_src_port = (uint16_t)(1 + below(UINT16_MAX));
	sa->encap_dst_port = (uint16_t)maybe(any_u32() & UINT16_MAX);
	sa->encap_type = types[below(N_ELEMENTS(types))];
	if (below(2))
		sa->encap_oa = any_addr(family);
}

static void any_offload(struct keydb_sa *sa)
{
	if (below(4))
		return;
	strcpy(sa->offload_device, below(2) ? "lo" : "enp129s0f1np1.5");
	sa->offload_flags = maybe(KEYDB_OFFLOAD_INBOUND) | maybe(KEYDB_OFFLOAD_PACKET);
}

static void any_sa(struct command *c)
{
	static const uint8_t protos[] = { KEYDB_PROTO_ESP, KEYDB_PROTO_AH, KEYDB_PROTO_IPCOMP };
	struct keydb_sa *sa = &c->sa;
	enum family family = any_family();
	c->kind = below(2) ? COMMAND_ADD : COMMAND_UPDATE;
	sa->id.src = any_addr(family);
	sa->id.dst = any_addr(family);
	sa->id.proto = protos[below(N_ELEMENTS(protos))];
	sa->id.spi = sa->id.proto == KEYDB_PROTO_IPCOMP ? 1 + below(UINT16_MAX) : 1 + any_u32() / 2;
	sa->id.mark = any_mark();
	sa->mode = any_mode();
	sa->reqid = maybe(any_u32());
	sa->flags = any_u32() & (2 * KEYDB_SA_ALIGN4 - 1);
	sa->replay_window_pkts = maybe(below(KEYDB_REPLAY_MAX_PKTS + 1));
	if (!sa->replay_window_pkts)
		sa->flags &= ~(uint32_t)KEYDB_SA_ESN;
	sa->limits = any_limits();
	sa->if_id = maybe(any_u32());
	sa->tfc_pad_bytes = sa->mode == KEYDB_MODE_TUNNEL ? maybe(any_u32()) : 0;
	sa->output_mark = any_mark();
	if (below(2))
		any_selector(sa->mode == KEYDB_MODE_TRANSPORT ? family : any_family(), &sa->sel);
	any_ctx(&sa->ctx_doi, &sa->ctx_alg, &sa->ctx_len, sa->ctx);
	any_encap(sa, family);
	any_offload(sa);
	any_algs(sa);
}

static void every_sa_comes_back_from_its_text(void **state)
{
	(void)state;
	random_state = SEED;
	for (int i = 0; i < ROUNDS; i++) {
		struct command c;
		memset(&c, 0, sizeof(c));
		any_sa(&c);
		assert_comes_back(&c);
	}
}

/* ---- policies ---- */

static void any_template(enum family *family, struct keydb_template *t)
{
	static const uint8_t protos[] = { KEYDB_PROTO_ESP, KEYDB_PROTO_AH, KEYDB_PROTO_IPCOMP, 60 };
	t->proto = protos[below(N_ELEMENTS(protos))];
	t->mode = any_mode();
	t->level = (uint8_t)below(4);
	if (t->level != KEYDB_LEVEL_DEFAULT)
		t->reqid = maybe(below(2) ? 1 + below(KEYDB_REQID_MANUAL_MAX) : any_u32());
	t->spi = maybe(any_u32());
	if (t->mode != KEYDB_MODE_TUNNEL && t->mode != KEYDB_MODE_BEET && below(2))
		return;
	if (t->mode != KEYDB_MODE_TRANSPORT)
		*family = any_family();
	t->src = any_addr(*family);
	t->dst = any_addr(*family);
	if (*family == V4 && below(4) == 0) {
		t->src.sin.sin_port = htons(500);
		t->dst.sin.sin_port = htons(4500);
	}
	t->family = t->src.sa.sa_family;
}

static void any_policy(struct command *c)
{
	struct keydb_policy *p = &c->policy;
	enum family family = any_family();
	c->kind = below(2) ? COMMAND_SPDADD : COMMAND_SPDUPDATE;
	any_selector(family, &p->sel);
	p->dir = (uint8_t)below(3);
	p->action = (uint8_t)below(3);
	p->flags = (uint8_t)below(4);
	p->sub = below(2);
	p->priority = below(4) ? any_u32() : KEYDB_PRIORITY_DEFAULT;
	p->limits = any_limits();
	p->mark = any_mark();
	p->if_id = maybe(any_u32());
	any_ctx(&p->ctx_doi, &p->ctx_alg, &p->ctx_len, p->ctx);
	if (p->action == KEYDB_ACTION_IPSEC)
		p->n_templates = (uint8_t)(1 + below(KEYDB_TEMPLATES_MAX));
	for (size_t i = 0; i < p->n_templates; i++)
		any_template(&family, &p->templates[i]);
}

static void every_policy_comes_back_from_its_text(void **state)
{
	(void)state;
	random_state = SEED;
	for (int i = 0; i < ROUNDS; i++) {
		struct command c;
		memset(&c, 0, sizeof(c));
		any_policy(&c);
		assert_comes_back(&c);
	}
}

/* ---- by example ---- */

static void assert_written(const char *text)
{
	struct command_list list = { 0 };
	struct command c;
	struct script script = { .file = "test",
				 .text = text,
				 .len = strlen(text),
				 .first = { 1, 1 },
				 .numeric = true,
				 .report = log_message };
	log_text[0] = '\0';
	assert_int_equal(setkey_parse(&script, &list), 0);
	struct command_cursor cursor = command_list_start(&list);
	assert_true(command_list_next(&cursor, &c));
	char *again = written(&c);
	assert_string_equal(again, text);
	free(again);
	command_list_done(&list);
}

static void entries_are_written_as_the_manual_has_them(void **state)
{
	static const char *const lines[] = {
		"add 192.0.2.1 192.0.2.2 esp 0x00000300 -m tunnel -r 64 -esn -u 7 -lh 3600 -us 60 "
		"-bs 1000 -ph 9 -if_id 5 -mark 0x1/0xff -output_mark 0x2/0xffffffff -tfc 1400 "
		"-f noecn -f decap-dscp -f no-af-unspec -E null -A hmac-sha1 "
		"0x000102030405060708090a0b0c0d0e0f10111213 -icv 160;\n",
		"add 192.0.2.1[4500] 192.0.2.2[0] esp-udp 10.0.0.1 0x00000300 -m beet -encap tcp "
		"-sel fd01::/16[80] fd02::/64 17 -E null;\n",
		"add 192.0.2.1 192.0.2.2 esp 0x00000300 -m transport -offload eth0 in packet "
		"-ctx 1 1 \"a:b\" -aead \"new(x,y)\" 0x0011 -icv 64;\n",
		"add ::1 ::2 ipcomp 0x00000300 -m 5 -sel ::/0[0/0xffff] ::/0[80/0xfff0] 6 -dev lo "
		"-C \"lzma\";\n",
		"spdadd 10.0.0.0/8 10.0.0.1/32 1 8/0xf8,3 -P in none;\n",
		"spdadd 10.0.0.0/8 10.0.0.1/32 1 any,3 -P in none;\n",
		"spdadd 10.0.0.0/8 10.0.0.1/32 47 65536/0xffff0000 -if_id 3 -mark 0x1/0x1 -dev lo -sub "
		"-f localok -f icmp -lh 60 -P out prio high + 10 ipsec "
		"esp/beet/192.0.2.1-192.0.2.2/require:7,spi=0x00000300 ah/transport//unique#20000;\n",
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		assert_written(lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sa_comes_back_from_its_text),
		cmocka_unit_test(every_policy_comes_back_from_its_text),
		cmocka_unit_test(entries_are_written_as_the_manual_has_them),
	};
	return cmocka_run_group_tests_name("setkey_write", tests, NULL, NULL);
}
