/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies as text and as the extension that sockets and the SPD take. */
#include "kame_int.h"
#include "sadb_codec.h"

#include <arpa/inet.h>
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

static const char *const dirs[] = { "in", "out", "fwd" };
static const char *const actions[] = { "discard", "none", "ipsec", "entrust", "bypass" };
static const char *const modes[] = { "any", "transport", "tunnel", "beet" };
static const char *const levels[] = { "default", "use", "require", "unique" };

/* "prio high + 10": the nearest of the three bases. */
static void put_priority(FILE *f, uint32_t priority)
{
	static const struct {
		const char *name;
		uint32_t priority;
	} bases[] = { { "high", KEYDB_PRIORITY_HIGH },
		      { "def", KEYDB_PRIORITY_DEFAULT },
		      { "low", KEYDB_PRIORITY_LOW } };
	if (!priority)
		return;
	size_t i = priority < 0x60000000u ? 0 : priority < 0xa0000000u ? 1 : 2;
	int64_t up = (int64_t)bases[i].priority - priority;
	fprintf(f, " prio %s", bases[i].name);
	if (up)
		fprintf(f, " %c %lld", up > 0 ? '+' : '-', (long long)(up > 0 ? up : -up));
}

static void put_addr(FILE *f, const union keydb_addr *a, bool port)
{
	char text[INET6_ADDRSTRLEN] = "";
	const void *bytes = a->sa.sa_family == AF_INET ? (const void *)&a->sin.sin_addr
						       : &a->sin6.sin6_addr;
	inet_ntop(a->sa.sa_family, bytes, text, sizeof(text));
	fputs(text, f);
	if (port)
		fprintf(f, "[%u]",
			ntohs(a->sa.sa_family == AF_INET ? a->sin.sin_port : a->sin6.sin6_port));
}

static void put_request(FILE *f, const struct keydb_template *t, bool ports)
{
	const char *proto = t->proto == KEYDB_PROTO_ESP      ? "esp"
			    : t->proto == KEYDB_PROTO_AH     ? "ah"
			    : t->proto == KEYDB_PROTO_IPCOMP ? "ipcomp"
							     : "unknown";
	fprintf(f, "%s/%s/", proto, modes[t->mode]);
	if (t->family) {
		put_addr(f, &t->src, ports);
		fputc('-', f);
		put_addr(f, &t->dst, ports);
	}
	fprintf(f, "/%s", levels[t->level]);
	if (t->level == KEYDB_LEVEL_UNIQUE && t->reqid)
		fprintf(f, "%c%u", t->reqid > KEYDB_REQID_MANUAL_MAX ? '#' : ':', t->reqid);
}

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
	if (!delim)
		delim = " ";
	fputs(dirs[p.dir], f);
	put_priority(f, p.priority);
	fprintf(f, " %s", actions[p.action]);
	for (size_t i = 0; i < p.n_templates; i++) {
		fputs(delim, f);
		put_request(f, &p.templates[i], ports);
	}
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
