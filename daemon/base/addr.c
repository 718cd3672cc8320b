/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of both families; what differs between the two stays in this file. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "base/fmt.h"

static size_t family_len(int family)
{
	switch (family) {
	case AF_INET:
		return sizeof(struct in_addr);
	case AF_INET6:
		return sizeof(struct in6_addr);
	default:
		return 0;
	}
}

size_t addr_len(const struct addr *a)
{
	return family_len(a->family);
}

uint8_t addr_bits(const struct addr *a)
{
	return (uint8_t)(addr_len(a) * 8);
}

struct slice addr_slice(const struct addr *a)
{
	return (struct slice){ .p = a->ip, .len = addr_len(a) };
}

bool addr_is_set(const struct addr *a)
{
	return addr_len(a) > 0;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[ADDR_MAX_BYTES];
	return addr_is_set(a) && memcmp(a->ip, zero, addr_len(a)) == 0;
}

bool addr_is_linklocal(const struct addr *a)
{
	if (a->family == AF_INET)
		return a->ip[0] == 169 && a->ip[1] == 254;
	return a->family == AF_INET6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

bool addr_is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[] = { 255, 255, 255, 255 };

	if (a->family == AF_INET)
		return (a->ip[0] & 0xf0) == 0xe0 ||
		       memcmp(a->ip, broadcast, sizeof(broadcast)) == 0;
	return a->family == AF_INET6 && a->ip[0] == 0xff;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) == 0;
}

bool addr_eq_port(const struct addr *a, const struct addr *b)
{
	return addr_eq(a, b) && a->port == b->port;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	int r;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	r = memcmp(a->ip, b->ip, addr_len(a));
	if (r != 0)
		return r;
	return (a->scope_id > b->scope_id) - (a->scope_id < b->scope_id);
}

uint32_t addr_spread(const struct addr *a)
{
	struct rd r = rd_of_slice(addr_slice(a));
	uint32_t words = 0;

	while (rd_left(&r) >= sizeof(words))
		words ^= rd_u32(&r);
	return words * ADDR_SPREAD_FACTOR >> ADDR_SPREAD_SHIFT;
}

int addr_from_bytes(struct slice bytes, struct addr *ret)
{
	static const uint16_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < N_ELEMENTS(families); i++) {
		struct addr a = { .family = families[i] };
		if (bytes.len != addr_len(&a))
			continue;
		memcpy(a.ip, bytes.p, bytes.len);
		*ret = a;
		return 0;
	}
	return -EINVAL;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (a->family == AF_INET) {
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(a->port) };
		memcpy(&sin.sin_addr, a->ip, sizeof(sin.sin_addr));
		memcpy(ret, &sin, sizeof(sin));
		return sizeof(sin);
	}
	if (a->family == AF_INET6) {
		struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
					     .sin6_port = htons(a->port),
					     .sin6_scope_id = a->scope_id };
		memcpy(&sin6.sin6_addr, a->ip, sizeof(sin6.sin6_addr));
		memcpy(ret, &sin6, sizeof(sin6));
		return sizeof(sin6);
	}
	return 0;
}

int addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct addr *ret)
{
	struct addr a = { 0 };

	if (len < sizeof(sa->sa_family))
		return -EINVAL;
	a.family = sa->sa_family;
	if (sa->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in sin;
		memcpy(&sin, sa, sizeof(sin));
		memcpy(a.ip, &sin.sin_addr, sizeof(sin.sin_addr));
		a.port = ntohs(sin.sin_port);
	} else if (sa->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 sin6;
		memcpy(&sin6, sa, sizeof(sin6));
		memcpy(a.ip, &sin6.sin6_addr, sizeof(sin6.sin6_addr));
		a.port = ntohs(sin6.sin6_port);
		a.scope_id = sin6.sin6_scope_id;
	} else {
		return -EINVAL;
	}
	*ret = a;
	return 0;
}

int addr_parse(const char *text, struct addr *ret)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	struct in_addr strict;
	struct addr a;
	int r;

	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return -EINVAL;
	r = addr_from_sockaddr(found->ai_addr, found->ai_addrlen, &a);
	freeaddrinfo(found);
	if (r < 0)
		return r;
	/* The resolver also takes "127.1", "0x7f.1" and octal numbers for addresses. */
	if (a.family == AF_INET && inet_pton(AF_INET, text, &strict) != 1)
		return -EINVAL;
	*ret = a;
	return 0;
}

/* 1 to 3 digits, no more than max; -EINVAL. */
static int parse_bits(const char *text, uint8_t max, uint8_t *ret)
{
	size_t len = strspn(text, "0123456789");
	unsigned long bits = strtoul(text, NULL, 10);

	if (len == 0 || len > 3 || text[len] != '\0' || bits > max)
		return -EINVAL;
	*ret = (uint8_t)bits;
	return 0;
}

int addr_parse_prefix(const char *text, struct addr_prefix *ret)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char host[ADDR_TEXT_MAX_BYTES];
	struct addr_prefix p;

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_parse(host, &p.addr) < 0)
		return -EINVAL;
	p.bits = addr_bits(&p.addr);
	if (slash && parse_bits(slash + 1, p.bits, &p.bits) < 0)
		return -EINVAL;
	*ret = p;
	return 0;
}

int addr_resolve(const char *name, struct addr *ret, size_t max, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	size_t n = 0;
	int r = getaddrinfo(name, NULL, &hints, &found);

	if (r != 0) {
		int code = r == EAI_AGAIN ? -EAGAIN : r == EAI_MEMORY ? -ENOMEM : -ENOENT;
		return err_set(err, code, "%s: %s", name, gai_strerror(r));
	}
	for (const struct addrinfo *ai = found; ai && n < max; ai = ai->ai_next)
		if (addr_from_sockaddr(ai->ai_addr, ai->ai_addrlen, &ret[n]) == 0)
			n++;
	freeaddrinfo(found);
	if (n == 0)
		return err_set(err, -ENOENT, "%s: no address", name);
	return (int)n;
}

const char *addr_text(const struct addr *a, char *buf)
{
	struct fmt f = fmt_of(buf, ADDR_TEXT_MAX_BYTES);
	struct sockaddr_storage ss;
	char host[INET6_ADDRSTRLEN];
	/* With a scope getnameinfo() asks for the interface's name, which a sandbox forbids. */
	struct addr scopeless = *a;
	socklen_t len;

	scopeless.scope_id = 0;
	len = addr_to_sockaddr(&scopeless, &ss);
	if (len == 0 || getnameinfo((const struct sockaddr *)&ss, len, host, sizeof(host), NULL, 0,
				    NI_NUMERICHOST) != 0)
		fmt_add(&f, "none");
	else if (a->scope_id != 0)
		fmt_add(&f, "%s%%%u", host, a->scope_id);
	else
		fmt_add(&f, "%s", host);
	return buf;
}

const char *addr_text_port(const struct addr *a, char *buf)
{
	char host[ADDR_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(buf, ADDR_TEXT_MAX_BYTES);
	fmt_add(&f, "%s[%u]", addr_text(a, host), a->port);
	return buf;
}

const char *addr_prefix_text(const struct addr_prefix *p, char *buf)
{
	char host[ADDR_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(buf, ADDR_TEXT_MAX_BYTES);
	fmt_add(&f, "%s/%u", addr_text(&p->addr, host), p->bits);
	return buf;
}

/* The bits of byte i that the prefix fixes. */
static uint8_t mask_byte(uint8_t bits, size_t i)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	if (bits <= 8 * i)
		return 0;
	return (uint8_t)(0xff << (8 * (i + 1) - bits));
}

bool addr_in_prefix(const struct addr *a, const struct addr_prefix *p)
{
	if (a->family != p->addr.family || !addr_is_set(a))
		return false;
	for (size_t i = 0; i < addr_len(a); i++)
		if (((a->ip[i] ^ p->addr.ip[i]) & mask_byte(p->bits, i)) != 0)
			return false;
	return true;
}

void addr_prefix_range(const struct addr_prefix *p, struct addr *ret_first, struct addr *ret_last)
{
	struct addr first = p->addr, last = p->addr;

	for (size_t i = 0; i < addr_len(&p->addr); i++) {
		uint8_t mask = mask_byte(p->bits, i);
		first.ip[i] &= mask;
		last.ip[i] |= (uint8_t)~mask;
	}
	*ret_first = first;
	*ret_last = last;
}

int addr_range_prefix(const struct addr *first, const struct addr *last, struct addr_prefix *ret)
{
	struct addr_prefix p = { .addr = *first };
	struct addr lowest, highest;
	uint8_t max = addr_bits(first);

	if (first->family != last->family || max == 0)
		return -ERANGE;
	/* The bits that both share from the front. */
	while (p.bits < max &&
	       !((first->ip[p.bits / 8] ^ last->ip[p.bits / 8]) & 0x80 >> p.bits % 8))
		p.bits++;
	addr_prefix_range(&p, &lowest, &highest);
	if (!addr_eq(&lowest, first) || !addr_eq(&highest, last))
		return -ERANGE;
	p.addr.port = 0;
	*ret = p;
	return 0;
}

struct addr_prefix addr_whole(const struct addr *like)
{
	return (struct addr_prefix){ .addr = { .family = like->family } };
}
