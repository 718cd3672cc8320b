/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers from OpenSSL's two generators (public and private). */
#include "crypto/rng.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/rand.h>

#include "crypto/crypto_int.h"

static int draw(int (*generator)(unsigned char *, int), void *p, size_t len)
{
	if (len <= INT_MAX && generator(p, (int)len) == 1)
		return 0;
	memset(p, 0, len);
	return crypto_fail(-EIO);
}

int rng_public(void *p, size_t len)
{
	return draw(RAND_bytes, p, len);
}

int rng_private(void *p, size_t len)
{
	return draw(RAND_priv_bytes, p, len);
}
