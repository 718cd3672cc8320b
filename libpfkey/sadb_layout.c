/* SPDX-License-Identifier: BSD-2-Clause */
/* The systems' layouts of PF_KEY messages, and which one a file has. */
#include "sadb_layout.h"

#include "sadb_codec.h"

#include <errno.h>
#include <string.h>

enum { BSD_REQUEST_BYTES = 8 };

/* The numbers that all systems have in common. */
#define COMMON                                                                                     \
	0, SADB_EXT_SA, SADB_EXT_LIFETIME_CURRENT, SADB_EXT_LIFETIME_HARD, SADB_EXT_LIFETIME_SOFT, \
		SADB_EXT_ADDRESS_SRC, SADB_EXT_ADDRESS_DST, SADB_EXT_ADDRESS_PROXY,                \
		SADB_EXT_KEY_AUTH, SADB_EXT_KEY_ENCRYPT, SADB_EXT_IDENTITY_SRC,                    \
		SADB_EXT_IDENTITY_DST, SADB_EXT_SENSITIVITY, SADB_EXT_PROPOSAL,                    \
		SADB_EXT_SUPPORTED_AUTH, SADB_EXT_SUPPORTED_ENCRYPT, SADB_EXT_SPIRANGE,            \
		SADB_X_EXT_KMPRIVATE, SADB_X_EXT_POLICY, SADB_X_EXT_SA2
#define NATT SADB_X_EXT_NAT_T_TYPE, SADB_X_EXT_NAT_T_SPORT, SADB_X_EXT_NAT_T_DPORT

/* clang-format off */
const struct sadb_layout sadb_layouts[] = {
	[KEYDB_LAYOUT_LINUX] = {
		"linux", .is_linux = true,
		.request_len = sizeof(struct sadb_x_ipsecrequest), .window_unit = 1,
		.v6 = { AF_INET6 },
		.ext = { COMMON, NATT, SADB_X_EXT_NAT_T_OA, SADB_X_EXT_SEC_CTX,
			 SADB_X_EXT_KMADDRESS, SADB_X_EXT_FILTER } },
	[KEYDB_LAYOUT_FREEBSD] = {
		"freebsd", .aes_ctr = 250, .request_len = BSD_REQUEST_BYTES, .window_unit = 8,
		.v6 = { 28 },
		.ext = { COMMON, NATT, SADB_X_EXT_NAT_T_OA, SADB_EXT_OTHER_OAR,
			 SADB_EXT_OTHER_FRAG, SADB_EXT_OTHER_REPLAY } },
	[KEYDB_LAYOUT_NETBSD] = {
		"netbsd", .request_len = BSD_REQUEST_BYTES, .window_unit = 8,
		.v6 = { 24 },
		.ext = { COMMON, NATT, SADB_X_EXT_NAT_T_OA, SADB_EXT_OTHER_OAR,
			 SADB_EXT_OTHER_FRAG } },
	[KEYDB_LAYOUT_KAME] = {
		"kame", .request_len = BSD_REQUEST_BYTES, .window_unit = 8,
		.v6 = { 24, 28, 30 },
		.ext = { COMMON, NATT, SADB_X_EXT_NAT_T_OA, SADB_EXT_OTHER_FRAG,
			 SADB_EXT_OTHER_TAG, 0, SADB_EXT_OTHER_PACKET } },
};
/* clang-format on */

enum { N_LAYOUTS = sizeof(sadb_layouts) / sizeof(sadb_layouts[0]) };

uint16_t sadb_layout_family(const struct sadb_layout *l, uint16_t number)
{
	if (number == AF_INET)
		return AF_INET;
	for (size_t i = 0; i < sizeof(l->v6) && l->v6[i]; i++)
		if (l->v6[i] == number)
			return AF_INET6;
	return 0;
}

const char *keydb_layout_name(enum keydb_layout layout)
{
	return (unsigned int)layout < N_LAYOUTS ? sadb_layouts[layout].name : NULL;
}

int keydb_layout_by_name(const char *name, enum keydb_layout *ret)
{
	for (unsigned int i = 0; i < N_LAYOUTS; i++) {
		if (strcmp(sadb_layouts[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

/* ---- files ---- */

static uint16_t swapped(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

int keydb_message_length(const void *buf, size_t len, size_t *ret, const char **ret_why)
{
	struct sadb_msg head;
	const char *why = NULL;
	memset(&head, 0, sizeof(head));
	if (len >= sizeof(head))
		memcpy(&head, buf, sizeof(head));
	size_t words = head.sadb_msg_len, min = sizeof(head) / 8;
	size_t other = swapped(head.sadb_msg_len);
	if (len < sizeof(head))
		why = "too short for the header of a message";
	else if (head.sadb_msg_version != PF_KEY_V2)
		why = "not a PF_KEY message of version 2";
	else if (words < min)
		why = "the message is said to be shorter than its header";
	else if (words > len / 8 && other >= min && other <= len / 8)
		why = "the message has the other byte order";
	else if (words > len / 8)
		why = "the message is longer than the rest of the file";
	*ret_why = why ? why : "";
	if (!why)
		*ret = words * 8;
	return why ? -EBADMSG : 0;
}

/* How many messages can be read in that layout. */
static size_t count_readable(enum keydb_layout layout, const uint8_t *p, size_t len)
{
	size_t n = 0, bytes = 0;
	const char *why;
	while (keydb_message_length(p, len, &bytes, &why) == 0) {
		struct sadb_message m;
		n += sadb_read(layout, p, bytes, &m, &why) == 0;
		explicit_bzero(&m, sizeof(m));
		p += bytes;
		len -= bytes;
	}
	return n;
}

enum keydb_layout keydb_layout_detect(const void *buf, size_t len)
{
	unsigned int best = KEYDB_LAYOUT_LINUX;
	size_t most = 0;
	for (unsigned int i = 0; i < N_LAYOUTS; i++) {
		size_t n = count_readable(i, buf, len);
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}
