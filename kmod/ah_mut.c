// SPDX-License-Identifier: GPL-2.0-only
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#endif
#include "ah_mut.h"

#define IP4_LEN		20
#define IP6_LEN		40
#define ADDR4_LEN	4
#define ADDR6_LEN	16

/* Offsets in an IP header, and options of it. */
enum { IP4_TOS = 1, IP4_FRAGMENT = 6, IP4_TTL = 8, IP4_CHECKSUM = 10, IP4_DADDR = 16 };
enum { OPT4_END = 0, OPT4_NOP = 1, OPT4_LSRR = 131, OPT4_SSRR = 137 };

/* Offsets in an IPv6 header, its extension headers, and an option of them. */
enum { IP6_NEXT = 6, IP6_HOP_LIMIT = 7, IP6_DADDR = 24 };
enum { EXT_HOP = 0, EXT_ROUTING = 43, EXT_DEST = 60 };
enum { OPT6_PAD1 = 0, OPT6_MUTABLE = 0x20 };

/* Options that no router changes (RFC 4302, appendix A1). */
static bool is_immutable4(__u8 type)
{
	switch (type) {
	case 130:	/* security */
	case 133:	/* extended security */
	case 134:	/* commercial security */
	case 148:	/* router alert */
	case 149:	/* sender directed delivery */
		return true;
	}
	return false;
}

/* One option of @room bytes at most; its length, or 0 where there is none that fits. */
static unsigned int mutable_option4(__u8 *header, __u8 *opt, unsigned int room)
{
	if (room < 2 || opt[1] < 2 || opt[1] > room)
		return 0;
	if (is_immutable4(opt[0]))
		return opt[1];
	if (opt[0] == OPT4_LSRR || opt[0] == OPT4_SSRR) {
		if (opt[1] < 3 + ADDR4_LEN)
			return 0;
		/* The last hop is where the packet will arrive. */
		memcpy(header + IP4_DADDR, opt + opt[1] - ADDR4_LEN, ADDR4_LEN);
	}
	room = opt[1];
	memset(opt, 0, room);
	return room;
}

int ah_mutable4(__u8 *header, unsigned int len)
{
	unsigned int at = IP4_LEN, n;

	if (len < IP4_LEN)
		return -EINVAL;
	header[IP4_TOS] = 0;
	memset(header + IP4_FRAGMENT, 0, 2);
	header[IP4_TTL] = 0;
	memset(header + IP4_CHECKSUM, 0, 2);
	while (at < len && header[at] != OPT4_END) {
		n = 1;
		if (header[at] != OPT4_NOP)
			n = mutable_option4(header, header + at, len - at);
		if (!n)
			return -EINVAL;
		at += n;
	}
	return 0;
}

/* Hop-by-hop and destination options say themselves whether they change. */
static int mutable_options6(__u8 *ext, unsigned int len)
{
	unsigned int at = 2;

	while (at < len) {
		unsigned int n;

		if (ext[at] == OPT6_PAD1) {
			at++;
			continue;
		}
		if (len - at < 2 || ext[at + 1] > len - at - 2)
			return -EINVAL;
		n = ext[at + 1];
		if (ext[at] & OPT6_MUTABLE)
			memset(ext + at + 2, 0, n);
		at += 2 + n;
	}
	return 0;
}

/*
 * A routing header arrives with no segment left: each address that was to come has
 * been the destination, and has changed its place with the one before.
 */
static int mutable_routing6(__u8 *header, __u8 *ext, unsigned int len)
{
	unsigned int left = ext[3], n = (len - 8) / ADDR6_LEN;
	__u8 *next, last[ADDR6_LEN];

	if (!left)
		return 0;
	/* Types 0 and 2 look like that. */
	if ((ext[2] != 0 && ext[2] != 2) || left > n || (len - 8) % ADDR6_LEN)
		return -EINVAL;
	next = ext + 8 + (n - left) * ADDR6_LEN;
	memcpy(last, ext + len - ADDR6_LEN, ADDR6_LEN);
	memmove(next + ADDR6_LEN, next, (left - 1) * ADDR6_LEN);
	memcpy(next, header + IP6_DADDR, ADDR6_LEN);
	memcpy(header + IP6_DADDR, last, ADDR6_LEN);
	ext[3] = 0;
	return 0;
}

static int mutable_extension6(__u8 *header, __u8 *ext, unsigned int len, __u8 type)
{
	switch (type) {
	case EXT_HOP:
	case EXT_DEST:
		return mutable_options6(ext, len);
	case EXT_ROUTING:
		return mutable_routing6(header, ext, len);
	}
	return -EINVAL;
}

int ah_mutable6(__u8 *header, unsigned int len)
{
	unsigned int at = IP6_LEN, n;
	__u8 next;
	int err = 0;

	if (len < IP6_LEN)
		return -EINVAL;
	header[0] &= 0xf0;	/* of class and flow label nothing is left */
	memset(header + 1, 0, 3);
	header[IP6_HOP_LIMIT] = 0;
	for (next = header[IP6_NEXT]; at < len && !err; at += n) {
		n = len - at < 8 ? 0 : (header[at + 1] + 1) * 8;
		if (!n || n > len - at)
			return -EINVAL;
		err = mutable_extension6(header, header + at, n, next);
		next = header[at];
	}
	return err;
}
