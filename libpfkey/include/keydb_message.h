/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PF_KEY messages in a file, as "setkey FILE" reads them: whole messages one behind the other, of
 * the host's byte order, written on Linux or on a BSD.
 */
#ifndef KEYDB_MESSAGE_H
#define KEYDB_MESSAGE_H

#include <keydb.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The systems give different numbers to extensions and to the family of IPv6, and lay out addresses and
 * requests differently.  (OpenBSD's PF_KEY is a language of its own.)
 */
enum keydb_layout {
	KEYDB_LAYOUT_LINUX,
	KEYDB_LAYOUT_FREEBSD,
	KEYDB_LAYOUT_NETBSD,
	KEYDB_LAYOUT_KAME, /* KAME's own, also as in other systems with its code */
};

/* "linux", "freebsd", "netbsd", "kame"; NULL for no layout. */
const char *keydb_layout_name(enum keydb_layout layout);
/* -ENOENT for no such name. */
int keydb_layout_by_name(const char *name, enum keydb_layout *ret);
/*
 * The layout in which most of the messages can be read, the first in the order above if several
 * are equal: a file that has only IPv4 and nothing special is the same for all the BSDs.
 */
enum keydb_layout keydb_layout_detect(const void *buf, size_t len);

/*
 * Length in bytes of the message that begins at buf.  -EBADMSG with *ret_why a static text: fewer
 * bytes than a header or than the header says, a length of less than a header, no PF_KEY, or the
 * other byte order.
 */
int keydb_message_length(const void *buf, size_t len, size_t *ret, const char **ret_why);

/*
 * Prints one message of exactly len bytes, with KAME's texts: an SA of a DUMP or GET as
 * keydb_sa_print() does, a policy of an SPDDUMP or SPDGET as keydb_policy_print() does, anything
 * else and what has an errno as kdebug_sadb() does.  Sequence number and pid are the message's.
 * Keys are shown.  -EBADMSG with *ret_why a static text, and nothing printed.
 */
int keydb_message_print(const struct keydb_print *out, enum keydb_layout layout, const void *buf,
			size_t len, const char **ret_why);

#ifdef __cplusplus
}
#endif

#endif
