/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of SAs in setkey scripts. */
#include "setkey_parse_sa.h"

#include <errno.h>
#include <string.h>

enum {
	ICV_MAX_BITS = 512,
	KERNEL_TRANSPORT = 0, /* XFRM_MODE_* */
	KERNEL_TUNNEL = 1,
	KERNEL_BEET = 4,
	KERNEL_MODE_MAX = 0x7f,
	FLAG_IGNORED = 0,
	FLAG_NO_AF_UNSPEC = -1,
};

/* Modes by name, or by the kernel's number if it has none here. */
static const struct choice modes[] = {
	/* clang-format off */
	{ "any",       KEYDB_MODE_ANY,       NULL },
	{ "transport", KEYDB_MODE_TRANSPORT, NULL },
	{ "tunnel",    KEYDB_MODE_TUNNEL,    NULL },
	{ "beet",      KEYDB_MODE_BEET,      NULL },
	/* clang-format on */
};

/* How Linux pads cannot be chosen; it does what RFC 4303 wants. */
static const struct choice flags[] = {
	/* clang-format off */
	{ "zero-pad",        FLAG_IGNORED,              NULL },
	{ "random-pad",      FLAG_IGNORED,              NULL },
	{ "seq-pad",         FLAG_IGNORED,              NULL },
	{ "nocyclic-seq",    FLAG_IGNORED,              NULL },
	{ "cyclic-seq",      0, "sequence numbers wrap with oseq-may-wrap only" },
	{ "noecn",           KEYDB_SA_NOECN,            NULL },
	{ "decap-dscp",      KEYDB_SA_DECAP_DSCP,       NULL },
	{ "nopmtudisc",      KEYDB_SA_NOPMTUDISC,       NULL },
	{ "icmp",            KEYDB_SA_ICMP,             NULL },
	{ "af-unspec",       KEYDB_SA_AF_UNSPEC,        NULL },
	{ "no-af-unspec",    FLAG_NO_AF_UNSPEC,         NULL },
	{ "dont-encap-dscp", KEYDB_SA_DONT_ENCAP_DSCP,  NULL },
	{ "oseq-may-wrap",   KEYDB_SA_OSEQ_MAY_WRAP,    NULL },
	{ "wildrecv",        KEYDB_SA_WILDRECV,         NULL },
	{ "align4",          KEYDB_SA_ALIGN4,           NULL },
	/* clang-format on */
};

static const struct choice encaps[] = {
	{ "udp", KEYDB_ENCAP_UDP, NULL },
	{ "udp-non-ike", KEYDB_ENCAP_UDP_NON_IKE, NULL },
	{ "tcp", KEYDB_ENCAP_TCP, NULL },
};

static const struct choice offload_dirs[] = {
	{ "in", KEYDB_OFFLOAD_INBOUND, NULL },
	{ "out", 0, NULL },
};

static int choose(struct parser *p, const char *what, const struct choice *choices, size_t n,
		  int *ret)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	return parser_check(p, &t, word_choose(&t, what, choices, n, ret, &err), &err);
}

static int option_mode(struct parser *p, struct draft *d)
{
	int mode = 0;
	if (word_is_number(&p->tok)) {
		uint64_t n = 0;
		struct token t = p->tok;
		int rc = parser_number(p, "mode", KERNEL_MODE_MAX, &n);
		d->c->sa.mode = KEYDB_MODE_OTHER | (uint8_t)n;
		if (!rc && (n == KERNEL_TRANSPORT || n == KERNEL_TUNNEL || n == KERNEL_BEET))
			rc = parser_fail(p, &t, "this mode has a name");
		return rc;
	}
	int rc = choose(p, "mode", modes, N_ELEMENTS(modes), &mode);
	d->c->sa.mode = (uint8_t)mode;
	return rc;
}

static int option_flag(struct parser *p, struct draft *d)
{
	int flag = 0, rc = choose(p, "flag", flags, N_ELEMENTS(flags), &flag);
	if (flag == KEYDB_SA_AF_UNSPEC || flag == FLAG_NO_AF_UNSPEC) {
		d->af_is_said = true;
		d->af_any = flag == KEYDB_SA_AF_UNSPEC;
	} else {
		d->c->sa.flags |= (uint32_t)flag;
	}
	return rc;
}

static int number(struct parser *p, const char *what, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;
	int rc = parser_number(p, what, max, &n);
	*ret = (uint32_t)n;
	return rc;
}

static int option_replay(struct parser *p, struct draft *d)
{
	return number(p, "replay window", KEYDB_REPLAY_MAX_PKTS, &d->c->sa.replay_window_pkts);
}

static int option_reqid(struct parser *p, struct draft *d)
{
	return number(p, "reqid", UINT32_MAX, &d->c->sa.reqid);
}

static int option_if_id(struct parser *p, struct draft *d)
{
	return number(p, "interface id", UINT32_MAX, &d->c->sa.if_id);
}

static int option_tfc(struct parser *p, struct draft *d)
{
	d->tfc_at = p->tok;
	return number(p, "padding", UINT32_MAX, &d->c->sa.tfc_pad_bytes);
}

static int option_mark(struct parser *p, struct draft *d)
{
	return parser_mark(p, &d->c->sa.id.mark);
}

static int option_output_mark(struct parser *p, struct draft *d)
{
	return parser_mark(p, &d->c->sa.output_mark);
}

static int option_esn(struct parser *p, struct draft *d)
{
	(void)p;
	d->c->sa.flags |= KEYDB_SA_ESN;
	return 0;
}

static int option_icv(struct parser *p, struct draft *d)
{
	uint32_t bits = 0;
	d->icv_at = p->tok;
	int rc = number(p, "ICV length", ICV_MAX_BITS, &bits);
	if (!rc && (bits == 0 || bits % 8))
		rc = parser_fail(p, &d->icv_at, "the ICV has whole bytes, in bits: 64, 96, 128...");
	d->icv_bits = (uint16_t)bits;
	return rc;
}

static int option_encap(struct parser *p, struct draft *d)
{
	int type = 0;
	d->encap_at = p->tok;
	int rc = choose(p, "encapsulation", encaps, N_ELEMENTS(encaps), &type);
	d->c->sa.encap_type = (uint8_t)type;
	return rc;
}

static int option_selector(struct parser *p, struct draft *d)
{
	struct address_flags family = { .numeric = d->flags.numeric };
	uint32_t ifindex = d->c->sa.sel.ifindex;
	d->sel_at = p->tok;
	memset(&d->c->sa.sel, 0, sizeof(d->c->sa.sel));
	int rc = parser_selector(p, &family, &d->c->sa.sel);
	d->c->sa.sel.ifindex = ifindex;
	return rc;
}

static int option_device(struct parser *p, struct draft *d)
{
	d->device_at = p->tok;
	return parser_device(p, &d->c->sa.sel.ifindex);
}

/* The device need not be here: it is looked for when the SA is made. */
static int option_offload(struct parser *p, struct draft *d)
{
	struct keydb_sa *sa = &d->c->sa;
	int dir = 0;
	struct token t = parser_advance(p);
	if (t.kind != TOKEN_WORD || t.len >= sizeof(sa->offload_device))
		return parser_fail(p, &t, "expected a network interface");
	memset(sa->offload_device, 0, sizeof(sa->offload_device));
	memcpy(sa->offload_device, t.text, t.len);
	int rc = choose(p, "direction", offload_dirs, N_ELEMENTS(offload_dirs), &dir);
	sa->offload_flags = (uint32_t)dir;
	if (token_is(&p->tok, "packet"))
		sa->offload_flags |= KEYDB_OFFLOAD_PACKET;
	if (!rc && (token_is(&p->tok, "packet") || token_is(&p->tok, "crypto")))
		parser_advance(p);
	return rc;
}

static int option_ctx(struct parser *p, struct draft *d)
{
	struct keydb_sa *sa = &d->c->sa;
	memset(sa->ctx, 0, sizeof(sa->ctx));
	return parser_ctx(p, &sa->ctx_doi, &sa->ctx_alg, &sa->ctx_len, sa->ctx);
}

/* ---- algorithms ---- */

/* What stands in the place of a key is never shown, even if it is none. */
static int check_key(struct parser *p, const struct token *key, int rc, const struct err *err)
{
	struct token hidden = *key;
	if (key->kind == TOKEN_WORD)
		hidden.kind = TOKEN_STRING;
	return parser_check(p, &hidden, rc, err);
}

/* "NAME" KEY: the kernel's own name, whose keys are the kernel's to judge. */
static int kernel_algorithm(struct parser *p, const struct token *name,
			    const struct keydb_alg_info *info, struct keydb_alg *ret)
{
	struct err err = { 0 };
	ret->id = info ? info->id : KEYDB_ALG_ID_NONE;
	ret->icv_bits = info ? info->icv_bits : 0;
	memcpy(ret->name, name->text, name->len);
	if (p->tok.kind != TOKEN_STRING && !word_is_number(&p->tok))
		return 0;
	struct token key = parser_advance(p);
	return check_key(p, &key, word_key_unchecked(&key, ret, &err), &err);
}

/* NAME [KEY] into *ret; a null algorithm has no key or an empty one. */
static int parse_algorithm(struct parser *p, char option, struct token *ret_at,
			   const struct keydb_alg_info **ret_info, struct keydb_alg *ret)
{
	struct err err = { 0 };
	if (ret_at->text)
		return parser_fail(p, &p->tok, "such an algorithm is given already");
	*ret_at = parser_advance(p);
	int rc = word_algorithm(ret_at, option, ret_info, &err);
	if (rc)
		return parser_check(p, ret_at, rc, &err);
	memset(ret, 0, sizeof(*ret));
	if (ret_at->kind == TOKEN_STRING)
		return kernel_algorithm(p, ret_at, *ret_info, ret);
	bool keyless = (*ret_info)->key_max_bits == 0 && (*ret_info)->salt_bits == 0;
	struct token key = { .kind = TOKEN_STRING, .text = "", .at = ret_at->at };
	bool is_key = p->tok.kind == TOKEN_STRING || word_is_number(&p->tok);
	if (!keyless || (option != 'C' && is_key))
		key = parser_advance(p);
	return check_key(p, &key, word_key(&key, *ret_info, ret, &err), &err);
}

static int parse_cipher(struct parser *p, struct draft *d, char option)
{
	const struct keydb_alg_info *info = NULL;
	struct keydb_alg alg;
	memset(&alg, 0, sizeof(alg));
	int rc = parse_algorithm(p, option, &d->encr_at, &info, &alg);
	if (!rc && (info ? info->kind == KEYDB_ALG_AEAD : option == 'D'))
		d->c->sa.aead = alg;
	else if (!rc)
		d->c->sa.encr = alg;
	explicit_bzero(&alg, sizeof(alg));
	return rc;
}

static int option_encr(struct parser *p, struct draft *d)
{
	return parse_cipher(p, d, 'E');
}

static int option_aead(struct parser *p, struct draft *d)
{
	return parse_cipher(p, d, 'D');
}

static int option_auth(struct parser *p, struct draft *d)
{
	const struct keydb_alg_info *info = NULL;
	return parse_algorithm(p, 'A', &d->auth_at, &info, &d->c->sa.auth);
}

static int option_comp(struct parser *p, struct draft *d)
{
	const struct keydb_alg_info *info = NULL;
	return parse_algorithm(p, 'C', &d->comp_at, &info, &d->c->sa.comp);
}

/* Linux always sends the CPI that was given, which is what -R asks for. */
static int option_raw_cpi(struct parser *p, struct draft *d)
{
	(void)p;
	(void)d;
	return 0;
}

/* ---- all of them ---- */

/* clang-format off */
static const struct {
	const char *word;
	int (*parse)(struct parser *p, struct draft *d);
	bool is_algorithm; /* add and update only */
} options[] = {
	{ "-m",           option_mode,        false },
	{ "-r",           option_replay,      false },
	{ "-u",           option_reqid,       false },
	{ "-f",           option_flag,        false },
	{ "-esn",         option_esn,         false },
	{ "-if_id",       option_if_id,       false },
	{ "-mark",        option_mark,        false },
	{ "-output_mark", option_output_mark, false },
	{ "-tfc",         option_tfc,         false },
	{ "-encap",       option_encap,       false },
	{ "-sel",         option_selector,    false },
	{ "-dev",         option_device,      false },
	{ "-offload",     option_offload,     false },
	{ "-ctx",         option_ctx,         false },
	{ "-E",           option_encr,        true },
	{ "-aead",        option_aead,        true },
	{ "-A",           option_auth,        true },
	{ "-icv",         option_icv,         true },
	{ "-C",           option_comp,        true },
	{ "-R",           option_raw_cpi,     true },
};
/* clang-format on */

static int no_option(struct parser *p)
{
	const char *words[N_ELEMENTS(options)];
	for (size_t i = 0; i < N_ELEMENTS(options); i++)
		words[i] = options[i].word;
	return parser_no_option(p, words, N_ELEMENTS(options));
}

static int parse_option(struct parser *p, struct draft *d)
{
	int rc = parser_limit(p, &d->c->sa.limits);
	if (rc)
		return rc < 0 ? rc : 0;
	for (size_t i = 0; i < N_ELEMENTS(options); i++) {
		if (!token_is(&p->tok, options[i].word))
			continue;
		if (options[i].is_algorithm && !draft_is_new(d))
			return parser_fail(p, &p->tok, "%s takes no algorithm",
					   command_word(d->c->kind));
		struct token t = parser_advance(p);
		if (options[i].parse == option_esn)
			d->esn_at = t;
		return options[i].parse(p, d);
	}
	return no_option(p);
}

/* ---- what does not fit together ---- */

/* The kernel has one name for several lengths of the ICV, the table a row for each. */
static int apply_icv(struct parser *p, struct draft *d)
{
	struct keydb_sa *sa = &d->c->sa;
	bool is_aead = sa->aead.name[0];
	struct keydb_alg *a = is_aead ? &sa->aead : &sa->auth;
	if (!d->icv_at.text)
		return 0;
	if (!a->name[0] || a->id == KEYDB_ALG_AUTH_NULL)
		return parser_fail(p, &d->icv_at,
				   "-icv goes with -A or a cipher that authenticates");
	const struct keydb_alg_info *row =
		keydb_alg_by_xfrm(is_aead ? KEYDB_ALG_AEAD : KEYDB_ALG_AUTH, a->name, d->icv_bits);
	if (row)
		a->id = row->id;
	a->icv_bits = d->icv_bits;
	return 0;
}

/* A tunnel carries both families, whatever the family of its ends, unless told otherwise. */
static void apply_families(struct draft *d)
{
	struct keydb_sa *sa = &d->c->sa;
	bool any = sa->mode == KEYDB_MODE_TUNNEL && !d->sel_at.text;
	if (d->af_is_said ? d->af_any : any)
		sa->flags |= KEYDB_SA_AF_UNSPEC;
}

static int check_options(struct parser *p, const struct draft *d)
{
	const struct keydb_sa *sa = &d->c->sa;
	if (!draft_is_new(d))
		return 0;
	if (d->esn_at.text && !sa->replay_window_pkts)
		return parser_fail(p, &d->esn_at, "needs a replay window, -r 32 or more");
	if (sa->tfc_pad_bytes && sa->mode != KEYDB_MODE_TUNNEL)
		return parser_fail(p, &d->tfc_at, "only tunnels are padded, -m tunnel");
	if (d->device_at.text && !d->sel_at.text)
		return parser_fail(p, &d->device_at, "-dev is a part of the selector, needs -sel");
	if (d->encap_at.text && !d->is_udp)
		return parser_fail(p, &d->encap_at, "-encap goes with esp-udp");
	return 0;
}

int parser_sa_options(struct parser *p, struct draft *d)
{
	int rc = 0;
	while (!rc && !token_is_mark(&p->tok, ';'))
		rc = parse_option(p, d);
	if (!rc)
		rc = apply_icv(p, d);
	if (!rc)
		rc = check_options(p, d);
	apply_families(d);
	return rc;
}
