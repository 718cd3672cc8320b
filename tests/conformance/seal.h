// SPDX-License-Identifier: BSD-2-Clause
/*
 * seal - ESP and AH for tests, by the RFCs and libcrypto alone.
 *
 * Nothing of the code under test is in here.  Whatever an RFC forbids can be made too.
 */
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An SA's algorithms: a combined one (salt, no hash), or a cipher and a hash. */
struct seal_alg {
	const char *name;
	const char *words;                                /* for "ip xfrm state add" */
	const char *cipher;                               /* libcrypto's name, NULL: none */
	const char *hash;                                 /* NULL: the cipher authenticates */
	unsigned int key, salt, iv, hash_key, icv, block; /* bytes */
};

struct seal_sa {
	const struct seal_alg *alg;
	uint32_t spi;
	uint64_t seq;
	bool esn;
};

/* What stands behind an ESP payload. */
struct seal_trailer {
	uint8_t next;
	unsigned int tfc;      /* bytes before the padding, RFC 4303 2.7 */
	unsigned int more_pad; /* blocks of padding that need not be */
	bool bad_pad;          /* does not count from 1, 2.4 */
	bool bad_pad_len;      /* says more than the packet has */
};

/* All keys are the bytes 0, 1, 2 ...; SEAL_KEY is as many as any needs, for "ip". */
#define SEAL_KEY_MAX 64

/* ESP from SPI to ICV into @out (@n bytes of @plain and 400 more); returns its length. */
size_t seal_esp(const struct seal_sa *sa, const struct seal_trailer *t, const void *plain, size_t n,
		uint8_t *out);

/* The payload of such a packet into @out, and its @next header; NULL or what is wrong. */
const char *seal_open_esp(const struct seal_sa *sa, const uint8_t *esp, size_t n, uint8_t *out,
			  size_t *ret_n, uint8_t *ret_next);

/*
 * The ICV of AH over @n bytes of a whole packet, in which the mutable fields and the ICV are
 * zero (RFC 4302 3.3.3), into @icv.
 */
void seal_ah_icv(const struct seal_sa *sa, const uint8_t *packet, size_t n, uint8_t *icv);

#endif
