/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What single words of a setkey script mean: numbers, addresses, ports, protocols,
 * algorithms, keys.  Functions return 0 or a negative errno with the reason in err; the
 * reason names no key, and the caller adds word and place.
 */
#ifndef TANUKI_TOOLS_SETKEY_WORD_H
#define TANUKI_TOOLS_SETKEY_WORD_H

#include "setkey_lex.h"

#include "base/addr.h"
#include "base/err.h"

enum { WORD_MAX_BYTES = 256, WORD_ADDRS_MAX = 16 };

/* A word with a meaning; where refusal is set the word is known but not to be had. */
struct choice {
	const char *word;
	int value;
	const char *refusal;
};

/* Finds t among choices; the error says "what" is not known and which word is the nearest. */
MUST_USE int word_choose(const struct token *t, const char *what, const struct choice *choices,
			 size_t n, int *ret, struct err *err);

/* Fills err with "no such <what>" and the one of words that was perhaps meant; -EINVAL. */
int word_unknown(const struct token *t, const char *what, const char *const *words, size_t n,
		 struct err *err);

/* Decimal or 0x-hex, min..max; "what" names it in the error. */
MUST_USE int word_number(const struct token *t, const char *what, uint64_t min, uint64_t max,
			 uint64_t *ret, struct err *err);
/* Starts like a number does. */
bool word_is_number(const struct token *t);
/* "-4", "-n46": only these letters behind a dash. */
bool word_is_address_flag(const struct token *t);

struct address_flags {
	bool numeric, v4, v6; /* neither family: both */
};

/* All addresses of a name or the numeric address in t; port and family as the flags say. */
MUST_USE int word_addresses(const struct token *t, const struct address_flags *flags,
			    struct addr ret[WORD_ADDRS_MAX], size_t *ret_n, struct err *err);

/* Port number or name of a service of the IP protocol (0: of any). "any" and 0 give 0. */
MUST_USE int word_port(const struct token *t, uint8_t ip_proto, uint16_t *ret, struct err *err);
/* IP protocol by number or name; "any" and 255 give 0. */
MUST_USE int word_ip_proto(const struct token *t, uint8_t *ret, struct err *err);
/* GRE key: a number or four bytes with dots. */
MUST_USE int word_gre_key(const struct token *t, uint32_t *ret, struct err *err);

/*
 * The algorithm that setkey calls so, or, in quotes, the kernel.  Options: E finds ciphers and
 * AEADs (the row's kind tells), D AEADs alone, A and C what they say.  *ret is NULL for a name in
 * quotes that the table does not have.
 */
MUST_USE int word_algorithm(const struct token *t, char option, const struct keydb_alg_info **ret,
			    struct err *err);
/*
 * Key of a "string" or 0xhex token (an odd number of digits: the first is a byte of its own)
 * for the algorithm; fills *ret, which the caller wipes.
 */
MUST_USE int word_key(const struct token *t, const struct keydb_alg_info *info,
		      struct keydb_alg *ret, struct err *err);

/* The same for an algorithm that only the kernel knows: any length but 0. */
MUST_USE int word_key_unchecked(const struct token *t, struct keydb_alg *ret, struct err *err);

union keydb_addr word_keydb_addr(const struct addr *a);

#endif
