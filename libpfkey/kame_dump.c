/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of the KAME interface that print, to stdout; and messages of files. */
#include "dump_int.h"
#include "kame_debug.h"
#include "kame_int.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Of the process: a program says once what it wants to see. */
static atomic_bool hides_socket_policies;
static atomic_ulong hidden;

/* ---- hex and bytes ---- */

void ipsec_hexdump(const void *buf, int len)
{
	if (buf && len > 0)
		dump_hex(stdout, buf, (size_t)len);
}

void ipsec_bindump(const void *buf, int len)
{
	if (buf && len > 0)
		fwrite(buf, 1, (size_t)len, stdout);
}

/* ---- messages ---- */

/* The message's own word for its length is all there is. */
static size_t length_of(const struct sadb_msg *msg)
{
	return (size_t)msg->sadb_msg_len * 8;
}

/* False, and said so, if it cannot be read. */
static bool read_message(const struct sadb_msg *msg, struct sadb_message *ret)
{
	const char *why;
	if (!msg) {
		kame_fail(KAME_INVAL_ARGUMENT, NULL);
		return false;
	}
	if (sadb_read(KEYDB_LAYOUT_LINUX, msg, length_of(msg), ret, &why)) {
		kame_fail(KAME_INVAL_SADBMSG, why);
		printf("%s\n", ipsec_strerror());
		return false;
	}
	kame_ok();
	return true;
}

static void sadump(const struct sadb_msg *msg, bool ports)
{
	struct keydb_print out = { .file = stdout, .ports = ports };
	struct sadb_message m;
	if (read_message(msg, &m))
		dump_message_sa(&out, &m);
	explicit_bzero(&m, sizeof(m));
}

void pfkey_sadump(struct sadb_msg *msg)
{
	sadump(msg, false);
}

void pfkey_sadump_withports(struct sadb_msg *msg)
{
	sadump(msg, true);
}

static void spdump(const struct sadb_msg *msg, bool ports)
{
	struct keydb_print out = { .file = stdout, .ports = ports };
	struct sadb_message m;
	if (!read_message(msg, &m))
		return;
	if (m.policy.dir >= KEYDB_DIR_SOCKET_IN && atomic_load(&hides_socket_policies))
		atomic_fetch_add(&hidden, 1);
	else
		dump_message_policy(&out, &m);
}

void pfkey_spdump(struct sadb_msg *msg)
{
	spdump(msg, false);
}

void pfkey_spdump_withports(struct sadb_msg *msg)
{
	spdump(msg, true);
}

void pfkey_spdump_filter_socket_policy(int on)
{
	atomic_store(&hides_socket_policies, on != 0);
	atomic_store(&hidden, 0);
}

unsigned long pfkey_spdump_filtered_count(void)
{
	return atomic_load(&hidden);
}

void kdebug_sadb(struct sadb_msg *msg)
{
	if (!msg)
		kame_fail(KAME_INVAL_ARGUMENT, NULL);
	else
		kame_debug(stdout, KEYDB_LAYOUT_LINUX, msg, length_of(msg));
}

/* ---- files ---- */

/* Questions of the same types have less in them. */
static bool is_sa(const struct sadb_message *m)
{
	return (m->type == SADB_DUMP || m->type == SADB_GET) && m->present & 1u << SADB_X_EXT_SA2;
}

static bool is_policy(const struct sadb_message *m)
{
	uint32_t must = 1u << SADB_X_EXT_POLICY;
	if (m->type == SADB_X_SPDGET)
		must |= 1u << SADB_EXT_LIFETIME_CURRENT;
	return (m->type == SADB_X_SPDDUMP || m->type == SADB_X_SPDGET) &&
	       (m->present & must) == must;
}

int keydb_message_print(const struct keydb_print *out, enum keydb_layout layout, const void *buf,
			size_t len, const char **ret_why)
{
	struct sadb_message m;
	*ret_why = "no such layout";
	if (!keydb_layout_name(layout))
		return -EINVAL;
	int rc = sadb_read(layout, buf, len, &m, ret_why);
	if (!rc && !m.error && is_sa(&m))
		dump_message_sa(out, &m);
	else if (!rc && !m.error && is_policy(&m))
		dump_message_policy(out, &m);
	else if (!rc)
		kame_debug(out->file, layout, buf, len);
	explicit_bzero(&m, sizeof(m));
	return rc;
}
