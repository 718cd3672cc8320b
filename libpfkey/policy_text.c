/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy language of ipsec_set_policy(3):
 *
 *	policy  := dir [prio] action { request } | dir
 *	dir     := in | out | fwd
 *	prio    := (priority | prio) ( ['-'] N | (low | def | high) [ ('+' | '-') N ] )
 *	action  := discard | none | ipsec | entrust | bypass
 *	request := proto '/' mode [ '/' [ends] [ '/' [level] [ ',' 'spi' '=' N ] ] ]
 *	ends    := addr ['[' port ']'] '-' addr ['[' port ']'] | me-any | any-me
 *	level   := default | use | require | unique | (use | require | unique) (':' | '#') N
 *
 * Blanks may stand between any two words.  unique:N, as KAME had it, takes the reqids that
 * people give; '#', which dumps print, takes those that programs made, too.  What KAME had not:
 * the mode beet or one by the kernel's number, N of other levels, the SPI, and protocols of XFRM
 * that have no name here, by number.
 */
#include <keydb.h>

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORD_MAX_BYTES = 80, /* an IPv6 address with a scope is the longest word */
	PRIORITY_UP_MAX = 0x40000000,
	PRIORITY_DOWN_MAX = 0x3fffffff,
	KERNEL_TRANSPORT = 0, /* XFRM_MODE_* */
	KERNEL_TUNNEL = 1,
	KERNEL_BEET = 4,
};

/* The rest of the text, and the first thing that was wrong with it. */
struct text {
	const char *begin, *p;
	const char *error_at;
	const char *why;
};

struct word {
	const char *name;
	int value;
};

/* clang-format off */
static const struct word dirs[] = {
	{ "in", KEYDB_DIR_IN }, { "out", KEYDB_DIR_OUT }, { "fwd", KEYDB_DIR_FWD }, { NULL, 0 },
};
static const struct word actions[] = {
	{ "discard", KEYDB_ACTION_DISCARD }, { "none", KEYDB_ACTION_NONE },
	{ "ipsec", KEYDB_ACTION_IPSEC }, { "entrust", KEYDB_ACTION_ENTRUST },
	{ "bypass", KEYDB_ACTION_BYPASS }, { NULL, 0 },
};
static const struct word protos[] = {
	{ "esp", KEYDB_PROTO_ESP }, { "ah", KEYDB_PROTO_AH }, { "ipcomp", KEYDB_PROTO_IPCOMP },
	{ NULL, 0 },
};
static const struct word modes[] = {
	{ "transport", KEYDB_MODE_TRANSPORT }, { "tunnel", KEYDB_MODE_TUNNEL },
	{ "beet", KEYDB_MODE_BEET }, { NULL, 0 },
};
static const struct word levels[] = {
	{ "default", KEYDB_LEVEL_DEFAULT }, { "use", KEYDB_LEVEL_USE },
	{ "require", KEYDB_LEVEL_REQUIRE }, { "unique", KEYDB_LEVEL_UNIQUE }, { NULL, 0 },
};
static const struct {
	const char *name;
	uint32_t priority;
} bases[] = {
	{ "low", KEYDB_PRIORITY_LOW }, { "def", KEYDB_PRIORITY_DEFAULT },
	{ "high", KEYDB_PRIORITY_HIGH },
};
/* clang-format on */

/* The first error counts. */
static bool fail_at(struct text *t, const char *at, const char *why)
{
	if (!t->why) {
		t->error_at = at;
		t->why = why;
	}
	return false;
}

static void skip_blanks(struct text *t)
{
	while (*t->p && strchr(" \t\r\n", *t->p))
		t->p++;
}

static bool at_end(struct text *t)
{
	skip_blanks(t);
	return !*t->p;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(".:_%", c));
}

/* Looks at the next word without taking it; its length, 0 if there is none or it is too long. */
static size_t peek_word(struct text *t, char word[WORD_MAX_BYTES])
{
	size_t n = 0;
	skip_blanks(t);
	while (is_word_char(t->p[n]) && n < WORD_MAX_BYTES - 1)
		n++;
	if (is_word_char(t->p[n]))
		n = 0;
	memcpy(word, t->p, n);
	word[n] = 0;
	return n;
}

static bool take_char(struct text *t, char c)
{
	skip_blanks(t);
	if (*t->p != c)
		return false;
	t->p++;
	return true;
}

/* Takes one of the words; why says what was expected instead of anything else. */
static bool take_one_of(struct text *t, const struct word *words, const char *why, int *ret)
{
	char word[WORD_MAX_BYTES];
	size_t n = peek_word(t, word);
	for (; words->name; words++) {
		if (!strcmp(words->name, word)) {
			t->p += n;
			*ret = words->value;
			return true;
		}
	}
	return fail_at(t, t->p, why);
}

/* A decimal number up to max. */
static bool take_number(struct text *t, uint64_t max, const char *why, uint64_t *ret)
{
	char word[WORD_MAX_BYTES];
	size_t n = peek_word(t, word);
	uint64_t value = 0;
	if (!n || strspn(word, "0123456789") != n)
		return fail_at(t, t->p, "number expected");
	for (size_t i = 0; i < n && value <= max; i++)
		value = value * 10 + (uint64_t)(word[i] - '0');
	if (value > max)
		return fail_at(t, t->p, why);
	t->p += n;
	*ret = value;
	return true;
}

static bool take_hex_or_decimal(struct text *t, const char *why, uint64_t *ret)
{
	char word[WORD_MAX_BYTES];
	size_t n = peek_word(t, word);
	if (n < 3 || word[0] != '0' || (word[1] != 'x' && word[1] != 'X'))
		return take_number(t, UINT32_MAX, why, ret);
	if (strspn(word + 2, "0123456789abcdefABCDEF") != n - 2)
		return fail_at(t, t->p, "number expected");
	if (n > 2 + 16 || strtoull(word, NULL, 16) > UINT32_MAX)
		return fail_at(t, t->p, why);
	*ret = strtoull(word, NULL, 16);
	t->p += n;
	return true;
}

/* ---- priority ---- */

/* "high + 10" is stronger than "high": a lower number. */
static bool take_offset(struct text *t, uint32_t base, uint32_t *ret)
{
	uint64_t n;
	if (take_char(t, '+')) {
		if (!take_number(t, PRIORITY_UP_MAX, "priority offset out of range", &n))
			return false;
		*ret = base - (uint32_t)n;
	} else if (take_char(t, '-')) {
		if (!take_number(t, PRIORITY_DOWN_MAX, "priority offset out of range", &n))
			return false;
		*ret = base + (uint32_t)n;
	} else {
		*ret = base;
	}
	return true;
}

static bool take_priority(struct text *t, uint32_t *ret)
{
	char word[WORD_MAX_BYTES];
	size_t len = peek_word(t, word);
	uint64_t n;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (!strcmp(bases[i].name, word)) {
			t->p += len;
			return take_offset(t, bases[i].priority, ret);
		}
	}
	bool down = take_char(t, '-');
	/* 0 would be "no priority", so the strongest is 0x7fffffff up. */
	if (!take_number(t, INT32_MAX, "priority out of range", &n))
		return false;
	*ret = down ? KEYDB_PRIORITY_DEFAULT + (uint32_t)n : KEYDB_PRIORITY_DEFAULT - (uint32_t)n;
	return true;
}

static bool take_optional_priority(struct text *t, uint32_t *ret)
{
	char word[WORD_MAX_BYTES];
	size_t n = peek_word(t, word);
	*ret = KEYDB_PRIORITY_DEFAULT;
	if (strcmp(word, "prio") && strcmp(word, "priority"))
		return true;
	t->p += n;
	return take_priority(t, ret);
}

/* ---- requests ---- */

static bool take_port(struct text *t, bool *ret_given, uint64_t *ret)
{
	*ret_given = take_char(t, '[');
	*ret = 0;
	if (!*ret_given)
		return true;
	if (!take_number(t, UINT16_MAX, "port out of range", ret))
		return false;
	return take_char(t, ']') || fail_at(t, t->p, "']' expected");
}

static bool take_address(struct text *t, union keydb_addr *ret, bool *ret_has_port)
{
	char word[WORD_MAX_BYTES];
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	const char *at = t->p;
	uint64_t port;

	size_t n = peek_word(t, word);
	if (!n || getaddrinfo(word, NULL, &hints, &found))
		return fail_at(t, t->p, "numeric address expected");
	memset(ret, 0, sizeof(*ret));
	if (found->ai_addrlen <= sizeof(*ret))
		memcpy(ret, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (ret->sa.sa_family != AF_INET && ret->sa.sa_family != AF_INET6)
		return fail_at(t, at, "numeric address expected");
	t->p += n;
	if (!take_port(t, ret_has_port, &port))
		return false;
	*(ret->sa.sa_family == AF_INET ? &ret->sin.sin_port : &ret->sin6.sin6_port) =
		htons((uint16_t)port);
	return true;
}

/* "me-any" and "any-me": the ends are whoever they will be. True if one of them was there. */
static bool take_wild_ends(struct text *t, uint8_t dir)
{
	char word[WORD_MAX_BYTES];
	const char *begin = t->p;
	size_t n = peek_word(t, word);
	bool me = !strcmp(word, "me");
	if (!me && strcmp(word, "any"))
		return false;
	t->p += n;
	if (!take_char(t, '-'))
		fail_at(t, t->p, "'-' expected");
	n = peek_word(t, word);
	if (strcmp(word, me ? "any" : "me"))
		fail_at(t, t->p, me ? "'any' expected" : "'me' expected");
	t->p += n;
	if (dir != (me ? KEYDB_DIR_OUT : KEYDB_DIR_IN))
		fail_at(t, begin, me ? "me-any is for out" : "any-me is for in");
	return true;
}

static bool take_ends(struct text *t, uint8_t dir, struct keydb_template *ret)
{
	bool src_port, dst_port;
	skip_blanks(t);
	const char *begin = t->p;
	if (!*t->p || *t->p == '/' || take_wild_ends(t, dir))
		return !t->why;
	if (!take_address(t, &ret->src, &src_port))
		return false;
	if (!take_char(t, '-'))
		return fail_at(t, t->p, "'-' expected");
	if (!take_address(t, &ret->dst, &dst_port))
		return false;
	if (src_port != dst_port)
		return fail_at(t, begin, "both addresses need a port, or neither");
	if (ret->src.sa.sa_family != ret->dst.sa.sa_family)
		return fail_at(t, begin, "addresses of two families");
	ret->family = ret->src.sa.sa_family;
	return true;
}

/* Takes "word:N" or "word#N" of a level.  (':' belongs to words, for addresses.) */
static bool take_reqid(struct text *t, const char *level, bool *ret_is, uint32_t *ret)
{
	char word[WORD_MAX_BYTES];
	size_t len = strlen(level);
	uint64_t n;
	skip_blanks(t);
	peek_word(t, word);
	bool is_manual = !strncmp(word, level, len) && word[len] == ':';
	bool is_made = !strcmp(word, level) && t->p[len] == '#';
	*ret_is = is_manual || is_made;
	if (!*ret_is)
		return true;
	t->p += len + 1;
	if (is_manual && !strcmp(level, "unique")) {
		if (!take_number(t, KEYDB_REQID_MANUAL_MAX, "reqid over 16383", &n))
			return false;
	} else if (!take_number(t, UINT32_MAX, "reqid over 32 bits", &n)) {
		return false;
	}
	*ret = (uint32_t)n;
	return true;
}

static bool take_level_word(struct text *t, struct keydb_template *ret)
{
	int level;
	char word[WORD_MAX_BYTES];
	if (at_end(t) || *t->p == ',')
		return true; /* "esp/transport//" */
	for (const struct word *w = levels; w->name; w++) {
		bool is_it = false;
		if (w->value != KEYDB_LEVEL_DEFAULT && !take_reqid(t, w->name, &is_it, &ret->reqid))
			return false;
		if (is_it) {
			ret->level = (uint8_t)w->value;
			return true;
		}
	}
	/* The next request may follow an empty level: "esp/tunnel/a-b/ ah/..." */
	peek_word(t, word);
	for (const struct word *w = protos; w->name; w++)
		if (!strcmp(w->name, word))
			return true;
	if (!take_one_of(t, levels, "level expected: default, use, require, unique, unique:N",
			 &level))
		return false;
	ret->level = (uint8_t)level;
	return true;
}

static bool take_level(struct text *t, struct keydb_template *ret)
{
	static const struct word spi[] = { { "spi", 0 }, { NULL, 0 } };
	int ignored;
	uint64_t n;
	if (!take_level_word(t, ret))
		return false;
	if (!take_char(t, ','))
		return true;
	if (!take_one_of(t, spi, "spi=N expected", &ignored))
		return false;
	if (!take_char(t, '='))
		return fail_at(t, t->p, "'=' and an SPI expected");
	if (!take_hex_or_decimal(t, "SPI over 32 bits", &n))
		return false;
	ret->spi = (uint32_t)n;
	return true;
}

/* A number of the kernel's where there is no name: of a protocol, or of a mode. */
static bool is_at_number(struct text *t)
{
	skip_blanks(t);
	return isdigit((unsigned char)*t->p);
}

static bool take_proto(struct text *t, uint8_t *ret)
{
	int proto;
	uint64_t n;
	if (is_at_number(t)) {
		const char *at = t->p;
		if (!take_number(t, UINT8_MAX - 1, "protocol over 254", &n))
			return false;
		if (!n)
			return fail_at(t, at, "a request has a protocol");
		*ret = (uint8_t)n;
		return true;
	}
	if (!take_one_of(t, protos, "esp, ah or ipcomp expected", &proto))
		return false;
	*ret = (uint8_t)proto;
	return true;
}

static bool take_mode(struct text *t, uint8_t *ret)
{
	int mode;
	uint64_t n;
	if (is_at_number(t)) {
		const char *at = t->p;
		if (!take_number(t, KEYDB_MODE_OTHER - 1, "mode over 127", &n))
			return false;
		if (n == KERNEL_TRANSPORT || n == KERNEL_TUNNEL || n == KERNEL_BEET)
			return fail_at(t, at, "this mode has a name");
		*ret = KEYDB_MODE_OTHER | (uint8_t)n;
		return true;
	}
	if (!take_one_of(t, modes, "transport, tunnel or beet expected", &mode))
		return false;
	*ret = (uint8_t)mode;
	return true;
}

static bool take_request(struct text *t, uint8_t dir, struct keydb_template *ret)
{
	memset(ret, 0, sizeof(*ret));
	skip_blanks(t);
	const char *begin = t->p;
	if (!take_proto(t, &ret->proto))
		return false;
	if (!take_char(t, '/'))
		return fail_at(t, t->p, "'/' and a mode expected");
	if (!take_mode(t, &ret->mode))
		return false;
	ret->level = KEYDB_LEVEL_DEFAULT;
	if (take_char(t, '/')) {
		if (!take_ends(t, dir, ret))
			return false;
		if (take_char(t, '/') && !take_level(t, ret))
			return false;
	}
	if ((ret->mode == KEYDB_MODE_TUNNEL || ret->mode == KEYDB_MODE_BEET) && !ret->family)
		return fail_at(t, begin, "a tunnel needs two addresses");
	return true;
}

static bool take_policy(struct text *t, struct keydb_policy *ret)
{
	int dir, action = KEYDB_ACTION_DISCARD;
	if (!take_one_of(t, dirs, "in, out or fwd expected", &dir))
		return false;
	ret->dir = (uint8_t)dir;
	ret->action = (uint8_t)action;
	ret->n_templates = 0;
	ret->priority = 0;
	if (at_end(t))
		return true;
	if (!take_optional_priority(t, &ret->priority) ||
	    !take_one_of(t, actions, "discard, none, ipsec, entrust or bypass expected", &action))
		return false;
	ret->action = (uint8_t)action;
	while (!at_end(t)) {
		if (ret->n_templates == KEYDB_TEMPLATES_MAX)
			return fail_at(t, t->p, "more than 6 requests");
		if (!take_request(t, ret->dir, &ret->templates[ret->n_templates]))
			return false;
		ret->n_templates++;
	}
	return true; /* "ipsec" without requests is enough to delete a policy */
}

int keydb_policy_parse(const char *text, struct keydb_policy *ret, size_t *ret_at,
		       const char **ret_why)
{
	struct text t = { .begin = text, .p = text };
	struct keydb_policy p = *ret;
	if (!take_policy(&t, &p)) {
		*ret_at = (size_t)(t.error_at - t.begin);
		*ret_why = t.why;
		return -EINVAL;
	}
	*ret = p;
	return 0;
}
