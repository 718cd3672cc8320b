/* SPDX-License-Identifier: BSD-2-Clause */
/* The meaning of the single words of a setkey script. */
#include "setkey_word.h"

#include "base/fmt.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

enum {
	CHOICES_MAX = 64,
	IP_PROTO_ANY = 255,
	HEX = 16,
	DECIMAL = 10,
	USUAL_ICV_BITS = 128, /* of the names that have several */
};

/* Copies a word with a terminating zero; false if it is too long or not a word. */
static bool word_copy(const struct token *t, char buf[WORD_MAX_BYTES])
{
	if (t->kind != TOKEN_WORD || t->len >= WORD_MAX_BYTES)
		return false;
	memcpy(buf, t->text, t->len);
	buf[t->len] = '\0';
	return true;
}

int word_unknown(const struct token *t, const char *what, const char *const *words, size_t n,
		 struct err *err)
{
	char word[WORD_MAX_BYTES];
	if (t->kind == TOKEN_END || t->kind == TOKEN_MARK)
		return err_set(err, -EINVAL, "expected %s %s", strchr("aeo", what[0]) ? "an" : "a",
			       what);
	const char *nearest = word_copy(t, word) ? fmt_nearest(word, words, n) : NULL;
	if (nearest)
		return err_set(err, -EINVAL, "no such %s (did you mean %s?)", what, nearest);
	return err_set(err, -EINVAL, "no such %s", what);
}

int word_choose(const struct token *t, const char *what, const struct choice *choices, size_t n,
		int *ret, struct err *err)
{
	const char *words[CHOICES_MAX];
	size_t n_words = 0;
	for (size_t i = 0; i < n; i++) {
		if (token_is(t, choices[i].word)) {
			if (choices[i].refusal)
				return err_set(err, -EINVAL, "%s", choices[i].refusal);
			*ret = choices[i].value;
			return 0;
		}
		if (!choices[i].refusal && n_words < CHOICES_MAX)
			words[n_words++] = choices[i].word;
	}
	return word_unknown(t, what, words, n_words, err);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + DECIMAL;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + DECIMAL;
	return HEX;
}

static bool is_hex(const struct token *t)
{
	return t->kind == TOKEN_WORD && t->len > 2 && t->text[0] == '0' &&
	       (t->text[1] == 'x' || t->text[1] == 'X');
}

bool word_is_number(const struct token *t)
{
	if (is_hex(t))
		return true;
	for (size_t i = 0; i < t->len; i++)
		if (digit_of(t->text[i]) >= DECIMAL)
			return false;
	return t->kind == TOKEN_WORD && t->len > 0;
}

int word_number(const struct token *t, const char *what, uint64_t min, uint64_t max, uint64_t *ret,
		struct err *err)
{
	int base = is_hex(t) ? HEX : DECIMAL;
	uint64_t n = 0;
	bool bad = t->kind != TOKEN_WORD || t->len == 0, large = false;
	for (size_t i = base == HEX ? 2 : 0; i < t->len && !bad; i++) {
		int digit = digit_of(t->text[i]);
		bad = digit >= base;
		large = large || n > (UINT64_MAX - (uint64_t)digit) / (uint64_t)base;
		n = n * (uint64_t)base + (uint64_t)digit;
	}
	if (bad)
		return err_set(err, -EINVAL, "expected %s, a number", what);
	if (large || n < min || n > max)
		return err_set(err, -ERANGE, "%s must be %llu to %llu", what,
			       (unsigned long long)min, (unsigned long long)max);
	*ret = n;
	return 0;
}

bool word_is_address_flag(const struct token *t)
{
	if (t->kind != TOKEN_WORD || t->len < 2 || t->text[0] != '-')
		return false;
	for (size_t i = 1; i < t->len; i++)
		if (!strchr("n46", t->text[i]))
			return false;
	return true;
}

static bool family_wanted(const struct address_flags *flags, const struct addr *a)
{
	if (flags->v4 == flags->v6)
		return true;
	return flags->v4 ? addr_bits(a) == 32 : addr_bits(a) == 128;
}

static size_t keep_wanted(const struct address_flags *flags, struct addr *addrs, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (family_wanted(flags, &addrs[i]))
			addrs[kept++] = addrs[i];
	for (size_t i = 0; i < kept; i++)
		addrs[i].port = 0;
	return kept;
}

int word_addresses(const struct token *t, const struct address_flags *flags,
		   struct addr ret[WORD_ADDRS_MAX], size_t *ret_n, struct err *err)
{
	char word[WORD_MAX_BYTES];
	if (!word_copy(t, word))
		return err_set(err, -EINVAL, "expected an address");
	struct addr found[WORD_ADDRS_MAX];
	int n = addr_parse(word, &found[0]) == 0;
	if (n == 0 && flags->numeric)
		return err_set(err, -EINVAL, "not a numeric address");
	struct err why = { 0 };
	if (n == 0)
		n = addr_resolve(word, found, WORD_ADDRS_MAX, &why);
	if (n <= 0)
		return err_set(err, -EINVAL, "no such address%s%s", why.text[0] ? ": " : "",
			       why.text);
	size_t kept = keep_wanted(flags, found, (size_t)n);
	if (kept == 0)
		return err_set(err, -EINVAL, "has no IPv%c address", flags->v4 ? '4' : '6');
	memcpy(ret, found, kept * sizeof(*found));
	*ret_n = kept;
	return 0;
}

int word_port(const struct token *t, uint8_t ip_proto, uint16_t *ret, struct err *err)
{
	char word[WORD_MAX_BYTES];
	if (word_is_number(t)) {
		uint64_t n = 0;
		int rc = word_number(t, "port", 0, UINT16_MAX, &n, err);
		if (!rc)
			*ret = (uint16_t)n;
		return rc;
	}
	if (token_is(t, "any")) {
		*ret = 0;
		return 0;
	}
	if (!word_copy(t, word))
		return err_set(err, -EINVAL, "expected a port");
	struct protoent *proto = ip_proto ? getprotobynumber(ip_proto) : NULL;
	struct servent *service = getservbyname(word, proto ? proto->p_name : NULL);
	if (!service)
		return err_set(err, -EINVAL, "no such service");
	*ret = ntohs((uint16_t)service->s_port);
	return 0;
}

/* The names that scripts use, so that a system without /etc/protocols reads them too. */
static const struct choice ip_protos[] = {
	/* clang-format off */
	{ .word = "any",       .value = 0 },
	{ .word = "tcp",       .value = IPPROTO_TCP },
	{ .word = "udp",       .value = IPPROTO_UDP },
	{ .word = "icmp",      .value = IPPROTO_ICMP },
	{ .word = "icmp6",     .value = IPPROTO_ICMPV6 },
	{ .word = "ipv6-icmp", .value = IPPROTO_ICMPV6 },
	{ .word = "ip4",       .value = IPPROTO_IPIP },
	{ .word = "ipencap",   .value = IPPROTO_IPIP },
	{ .word = "ipv6",      .value = IPPROTO_IPV6 },
	{ .word = "gre",       .value = IPPROTO_GRE },
	{ .word = "esp",       .value = IPPROTO_ESP },
	{ .word = "ah",        .value = IPPROTO_AH },
	{ .word = "sctp",      .value = IPPROTO_SCTP },
	{ .word = "igmp",      .value = IPPROTO_IGMP },
	/* clang-format on */
};

int word_ip_proto(const struct token *t, uint8_t *ret, struct err *err)
{
	if (word_is_number(t)) {
		uint64_t n = 0;
		int rc = word_number(t, "protocol", 0, IP_PROTO_ANY, &n, err);
		if (!rc)
			*ret = n == IP_PROTO_ANY ? 0 : (uint8_t)n;
		return rc;
	}
	int value = 0;
	struct err unknown_name = { 0 };
	if (!word_choose(t, "protocol", ip_protos, N_ELEMENTS(ip_protos), &value, &unknown_name)) {
		*ret = (uint8_t)value;
		return 0;
	}
	char word[WORD_MAX_BYTES];
	struct protoent *proto = word_copy(t, word) ? getprotobyname(word) : NULL;
	if (!proto)
		return err_set(err, unknown_name.code, "%s", unknown_name.text);
	*ret = (uint8_t)proto->p_proto;
	return 0;
}

/* "a.b.c.d", each 0..255. */
static bool dotted_u32(const struct token *t, uint32_t *ret)
{
	uint32_t value = 0, byte = 0;
	int dots = 0, digits = 0;
	for (size_t i = 0; i < t->len; i++) {
		int digit = digit_of(t->text[i]);
		if (t->text[i] == '.' && digits > 0) {
			value = value << 8 | byte;
			byte = 0;
			digits = 0;
			dots++;
		} else if (digit < DECIMAL && digits < 3) {
			byte = byte * DECIMAL + (uint32_t)digit;
			digits++;
		} else {
			return false;
		}
		if (byte > UINT8_MAX || dots > 3)
			return false;
	}
	*ret = value << 8 | byte;
	return dots == 3 && digits > 0;
}

int word_gre_key(const struct token *t, uint32_t *ret, struct err *err)
{
	uint64_t n = 0;
	if (t->kind == TOKEN_WORD && dotted_u32(t, ret))
		return 0;
	int rc = word_number(t, "GRE key", 0, UINT32_MAX, &n, err);
	if (!rc)
		*ret = (uint32_t)n;
	return rc;
}

/* What other setkeys have and Linux has not. */
static const struct choice foreign_algorithms[] = {
	{ "keyed-md5", 0, "keyed MD5 (RFC 1828) is not in Linux" },
	{ "keyed-sha1", 0, "keyed SHA-1 (RFC 1852) is not in Linux" },
	{ "tcp-md5", 0, "TCP-MD5 (RFC 2385) keys are set by socket options in Linux" },
	{ "des-deriv", 0, "des-deriv is not in Linux" },
	{ "des-32iv", 0, "DES with a 32-bit IV is not in Linux" },
	{ "oui", 0, "the compression id oui names no algorithm" },
};

/* What the options take. */
static const struct {
	char option;
	const char *what;
	enum keydb_alg_kind kinds[2];
} algorithm_options[] = {
	/* clang-format off */
	{ 'E', "encryption algorithm",               { KEYDB_ALG_ENCR, KEYDB_ALG_AEAD } },
	{ 'D', "cipher that authenticates",          { KEYDB_ALG_AEAD, KEYDB_ALG_NONE } },
	{ 'A', "authentication algorithm",           { KEYDB_ALG_AUTH, KEYDB_ALG_NONE } },
	{ 'C', "compression algorithm",              { KEYDB_ALG_COMP, KEYDB_ALG_NONE } },
	/* clang-format on */
};

static size_t option_index(char option)
{
	size_t i = 0;
	while (i < N_ELEMENTS(algorithm_options) - 1 && algorithm_options[i].option != option)
		i++;
	return i;
}

static const struct keydb_alg_info *find_algorithm(char option, const char *word, bool is_kernels)
{
	const enum keydb_alg_kind *kinds = algorithm_options[option_index(option)].kinds;
	const struct keydb_alg_info *info = NULL;
	for (size_t i = 0; !info && i < 2 && kinds[i] != KEYDB_ALG_NONE; i++)
		info = is_kernels ? keydb_alg_by_xfrm(kinds[i], word, USUAL_ICV_BITS)
				  : keydb_alg_by_setkey(kinds[i], word);
	return info;
}

static int unknown_algorithm(const struct token *t, char option, struct err *err)
{
	const char *words[CHOICES_MAX];
	size_t n_rows = 0, n = 0;
	const struct keydb_alg_info *rows = keydb_alg_table(&n_rows);
	for (size_t i = 0; i < n_rows && n < CHOICES_MAX; i++)
		if (rows[i].setkey_name && find_algorithm(option, rows[i].setkey_name, false))
			words[n++] = rows[i].setkey_name;
	return word_unknown(t, algorithm_options[option_index(option)].what, words, n, err);
}

/* A name in quotes is the kernel's own, also one that we do not know. */
static int kernel_algorithm(const struct token *t, char option, const struct keydb_alg_info **ret,
			    struct err *err)
{
	char name[KEYDB_ALG_NAME_MAX_BYTES] = "";
	if (t->len == 0 || t->len >= sizeof(name))
		return err_set(err, -EINVAL, "the kernel's names have 1 to %u characters",
			       KEYDB_ALG_NAME_MAX_BYTES - 1);
	memcpy(name, t->text, t->len);
	*ret = find_algorithm(option, name, true);
	return 0;
}

int word_algorithm(const struct token *t, char option, const struct keydb_alg_info **ret,
		   struct err *err)
{
	char word[WORD_MAX_BYTES];
	if (t->kind == TOKEN_STRING)
		return kernel_algorithm(t, option, ret, err);
	if (!word_copy(t, word))
		return unknown_algorithm(t, option, err);
	for (size_t i = 0; i < N_ELEMENTS(foreign_algorithms); i++)
		if (!strcmp(word, foreign_algorithms[i].word))
			return err_set(err, -EINVAL, "%s", foreign_algorithms[i].refusal);
	const struct keydb_alg_info *info = find_algorithm(option, word, false);
	if (!info)
		return unknown_algorithm(t, option, err);
	*ret = info;
	return 0;
}

/* Bytes of a hex token into key; -1 if it is too long or not hex. */
static int hex_key(const struct token *t, uint8_t key[KEYDB_KEY_MAX_BYTES])
{
	size_t n = 0;
	for (size_t i = 2; i < t->len;) {
		size_t digits = (t->len - i) % 2 ? 1 : 2;
		unsigned int byte = 0;
		for (; digits; digits--, i++) {
			int digit = digit_of(t->text[i]);
			if (digit >= HEX)
				return -1;
			byte = byte << 4 | (unsigned int)digit;
		}
		if (n == KEYDB_KEY_MAX_BYTES)
			return -1;
		key[n++] = (uint8_t)byte;
	}
	return (int)n;
}

static int key_length_error(const struct keydb_alg_info *info, size_t len, struct err *err)
{
	unsigned int salt = info->salt_bits, min = info->key_min_bits, max = info->key_max_bits;
	char steps[32] = "", salted[48] = "";
	if (info->key_step_bits > 8 && min != max)
		snprintf(steps, sizeof(steps), " in steps of %u", info->key_step_bits);
	if (salt)
		snprintf(salted, sizeof(salted), ", the %u-bit salt included", salt);
	if (min == max)
		return err_set(err, -EINVAL, "the key has %zu bits, %s takes %u%s", len * 8,
			       info->setkey_name, min + salt, salted);
	return err_set(err, -EINVAL, "the key has %zu bits, %s takes %u to %u%s%s", len * 8,
		       info->setkey_name, min + salt, max + salt, steps, salted);
}

/* The bytes of a key token; their number, or -1 with err. */
static int key_bytes(const struct token *t, uint8_t key[KEYDB_KEY_MAX_BYTES], struct err *err)
{
	int len = -1;
	if (t->kind == TOKEN_STRING && t->len <= KEYDB_KEY_MAX_BYTES) {
		memcpy(key, t->text, t->len);
		len = (int)t->len;
	} else if (is_hex(t)) {
		len = hex_key(t, key);
	} else if (t->kind != TOKEN_STRING) {
		err_set(err, -EINVAL, "expected a key, \"text\" or 0x and hex digits");
		return -1;
	}
	if (len < 0)
		err_set(err, -EINVAL, "the key is longer than %u bytes or not hex",
			KEYDB_KEY_MAX_BYTES);
	return len;
}

int word_key(const struct token *t, const struct keydb_alg_info *info, struct keydb_alg *ret,
	     struct err *err)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	int len = key_bytes(t, key, err), rc = len < 0 ? -EINVAL : 0;
	if (!rc && keydb_alg_set(ret, info, key, (size_t)len, 0))
		rc = key_length_error(info, (size_t)len, err);
	explicit_bzero(key, sizeof(key));
	return rc;
}

int word_key_unchecked(const struct token *t, struct keydb_alg *ret, struct err *err)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	int len = key_bytes(t, key, err), rc = len < 0 ? -EINVAL : 0;
	if (!rc) {
		memcpy(ret->key, key, (size_t)len);
		ret->key_bits = (uint16_t)(len * 8);
	}
	explicit_bzero(key, sizeof(key));
	return rc;
}

union keydb_addr word_keydb_addr(const struct addr *a)
{
	struct sockaddr_storage ss;
	union keydb_addr ret;
	memset(&ss, 0, sizeof(ss));
	memset(&ret, 0, sizeof(ret));
	addr_to_sockaddr(a, &ss);
	memcpy(&ret, &ss, sizeof(ret));
	return ret;
}
