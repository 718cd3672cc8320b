/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes without a key, each with its algorithm fetched once. */
#include "crypto/digest.h"

#include <errno.h>

#include <openssl/evp.h>

#include "crypto/crypto_int.h"

struct digest {
	const char *name;
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

static struct digest sha1 = { .name = "SHA1" }, sha256 = { .name = "SHA256" };

static bool digest_ready(struct digest *d)
{
	if (!d->md)
		d->md = EVP_MD_fetch(NULL, d->name, NULL);
	if (!d->ctx)
		d->ctx = EVP_MD_CTX_new();
	return d->md && d->ctx;
}

static int compute(struct digest *d, const struct slice *parts, size_t n_parts, uint8_t *ret)
{
	if (!digest_ready(d) || EVP_DigestInit_ex2(d->ctx, d->md, NULL) != 1)
		return crypto_fail(-EIO);
	for (size_t i = 0; i < n_parts; i++)
		if (parts[i].len && EVP_DigestUpdate(d->ctx, parts[i].p, parts[i].len) != 1)
			return crypto_fail(-EIO);
	return EVP_DigestFinal_ex(d->ctx, ret, NULL) == 1 ? 0 : crypto_fail(-EIO);
}

int digest_sha1(const struct slice *parts, size_t n_parts, uint8_t ret[DIGEST_SHA1_BYTES])
{
	return compute(&sha1, parts, n_parts, ret);
}

int digest_sha256(const struct slice *parts, size_t n_parts, uint8_t ret[DIGEST_SHA256_BYTES])
{
	return compute(&sha256, parts, n_parts, ret);
}

static void done(struct digest *d)
{
	EVP_MD_free(d->md);
	EVP_MD_CTX_free(d->ctx);
	d->md = NULL;
	d->ctx = NULL;
}

void digest_end(void)
{
	done(&sha1);
	done(&sha256);
}
