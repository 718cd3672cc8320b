/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as a policy: an error lies within the text; what is accepted prints, and if PF_KEY can
 * carry it, the text that libipsec's calls make of the extension is read as the same extension.
 */
#include "sadb_codec.h"

#include <libpfkey.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct keydb_policy *p)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	keydb_policy_print(&(struct keydb_print){ .file = f }, p, 0);
	fclose(f);
	free(out);
}

/* The extension of a text; NULL if PF_KEY cannot carry it. */
static void *extension_of(const struct keydb_policy *p, size_t *ret_len)
{
	const char *why = "";
	uint8_t *buf = malloc(SADB_MESSAGE_MAX_BYTES);
	if (!sadb_encode_policy(p, buf, SADB_MESSAGE_MAX_BYTES, ret_len, &why))
		return buf;
	if (!why[0])
		abort();
	free(buf);
	return NULL;
}

static void again(const struct keydb_policy *p)
{
	struct keydb_policy back;
	size_t len, len_again, at;
	const char *why;
	if (!p->priority) /* libipsec's text has no word for it */
		return;
	void *ext = extension_of(p, &len);
	if (!ext)
		return;
	char *text = ipsec_dump_policy_withports(ext, NULL);
	memset(&back, 0, sizeof(back));
	if (!text || keydb_policy_parse(text, &back, &at, &why))
		abort();
	void *ext_again = extension_of(&back, &len_again);
	if (!ext_again || len != len_again || memcmp(ext, ext_again, len) != 0)
		abort();
	free(ext);
	free(ext_again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keydb_policy p;
	size_t at = 0;
	const char *why = NULL;
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	memset(&p, 0, sizeof(p));
	if (!keydb_policy_parse(text, &p, &at, &why)) {
		print(&p);
		again(&p);
	} else if (at > strlen(text) || !why) {
		abort();
	}
	free(text);
	return 0;
}
