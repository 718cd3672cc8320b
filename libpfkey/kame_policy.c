/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies as text and as the extension that sockets and the SPD take. */
#include "dump_int.h"
#include "kame_int.h"
#include "sadb_codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text to extension ---- */

static int parse(const char *text, struct keydb_policy *ret)
{
	size_t at;
	const char *why;
	char detail[128];
	memset(ret, 0, sizeof(*ret));
	if (keydb_policy_parse(text, ret, &at, &why) == 0)
		return 0;
	snprintf(detail, sizeof(detail), "%s (at character %zu)", why, at + 1);
	return kame_fail(KAME_INVAL_POLICY, detail);
}

ipsec_policy_t ipsec_set_policy(const char *msg, int len)
{
	uint8_t buf[SADB_MESSAGE_MAX_BYTES];
	struct keydb_policy p;
	const char *why;
	size_t used;
	if (!msg || len < 0) {
		kame_fail(KAME_INVAL_ARGUMENT, NULL);
		return NULL;
	}
	char *text = strndup(msg, (size_t)len);
	char *ret = NULL;
	if (!text) {
		kame_fail(KAME_NO_BUFS, NULL);
	} else if (parse(text, &p) == 0) {
		if (sadb_encode_policy(&p, buf, sizeof(buf), &used, &why))
			kame_fail(KAME_INVAL_POLICY, why);
		else if (!(ret = malloc(used)))
			kame_fail(KAME_NO_BUFS, NULL);
		else
			memcpy(ret, buf, used);
	}
	free(text);
	if (ret)
		kame_ok();
	return ret;
}

int ipsec_get_policylen(ipsec_policy_t policy)
{
	struct sadb_x_policy x;
	if (!policy)
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	memcpy(&x, policy, sizeof(x));
	if (x.sadb_x_policy_exttype != SADB_X_EXT_POLICY)
		return kame_fail(KAME_INVAL_POLICY, NULL);
	kame_ok();
	return x.sadb_x_policy_len * 8;
}

/* ---- extension to text ---- */

static char *dump_policy(ipsec_policy_t policy, const char *delim, bool ports)
{
	struct keydb_policy p;
	const char *why;
	char *text = NULL;
	size_t size;
	int len = ipsec_get_policylen(policy);
	if (len < 0)
		return NULL;
	if (sadb_decode_policy(policy, (size_t)len, &p, &why)) {
		kame_fail(KAME_INVAL_POLICY, why);
		return NULL;
	}
	FILE *f = open_memstream(&text, &size);
	if (!f) {
		kame_fail(KAME_NO_BUFS, NULL);
		return NULL;
	}
	dump_policy_words(f, &p, delim ? delim : " ", ports);
	if (fclose(f)) {
		free(text);
		kame_fail(KAME_NO_BUFS, NULL);
		return NULL;
	}
	kame_ok();
	return text;
}

char *ipsec_dump_policy(ipsec_policy_t policy, const char *delim)
{
	return dump_policy(policy, delim, false);
}

char *ipsec_dump_policy_withports(void *policy, const char *delim)
{
	return dump_policy(policy, delim, true);
}
