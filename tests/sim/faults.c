/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults put in by the linker. */
#include "sim/faults.h"

#include <stdlib.h>

#include "crypto/cipher.h"

static struct faults *now;

void faults_set(struct faults *f)
{
	now = f;
}

static bool fails(void)
{
	if (!now || !now->no_memory_permille ||
	    prng_below(&now->prng, 1000) >= now->no_memory_permille)
		return false;
	now->n++;
	return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

/* The text is changed before it is protected: the receiver finds it authentic. */
static void spoil(uint8_t *text, size_t len)
{
	uint32_t n_changes = 1 + prng_below(&now->prng, 4);
	for (uint32_t i = 0; len && i < n_changes; i++) {
		uint8_t *at = &text[prng_below(&now->prng, (uint32_t)len)];
		if (prng_percent(&now->prng, 50))
			*at ^= (uint8_t)(1u << prng_below(&now->prng, 8));
		else
			*at = (uint8_t)prng_below(&now->prng, 256);
	}
	now->n++;
}

int __real_cipher_seal(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t len,
		       uint8_t *icv);
int __wrap_cipher_seal(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t len,
		       uint8_t *icv);
int __wrap_cipher_seal(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t len,
		       uint8_t *icv)
{
	if (now && prng_percent(&now->prng, now->nonsense_percent))
		spoil(text, len);
	return __real_cipher_seal(ctx, aad, iv, text, len, icv);
}
