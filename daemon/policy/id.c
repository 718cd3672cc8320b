/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities: text and comparison. */
#include "policy/id.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/fmt.h"

/* Body length is fixed for addresses. */
static size_t addr_body_bytes(uint8_t type)
{
	switch (type) {
	case ID_IPV4_ADDR:
		return 4;
	case ID_IPV6_ADDR:
		return 16;
	default:
		return 0;
	}
}

static struct slice body_of(const struct id *id)
{
	return slice_of(id->body, id->len <= sizeof(id->body) ? id->len : sizeof(id->body));
}

const char *id_type_name(uint8_t type)
{
	static const char *const names[] = {
		[ID_NONE] = "NONE",           [ID_IPV4_ADDR] = "IPV4_ADDR",
		[ID_FQDN] = "FQDN",           [ID_RFC822_ADDR] = "RFC822_ADDR",
		[ID_IPV6_ADDR] = "IPV6_ADDR", [ID_DER_ASN1_DN] = "DER_ASN1_DN",
		[ID_KEY_ID] = "KEY_ID",
	};
	return type < N_ELEMENTS(names) && names[type] ? names[type] : "ID?";
}

static void add_hex(struct fmt *f, struct slice body)
{
	for (size_t i = 0; i < body.len; i++)
		fmt_add(f, "%02x", body.p[i]);
}

const char *id_text(const struct id *id, char *buf)
{
	struct fmt f = fmt_of(buf, ID_TEXT_MAX_BYTES);
	struct slice body = body_of(id);
	char text[ADDR_TEXT_MAX_BYTES];
	struct addr a;
	if (id->type == ID_NONE)
		fmt_add(&f, "none");
	else if (addr_body_bytes(id->type) && body.len == addr_body_bytes(id->type) &&
		 addr_from_bytes(body, &a) == 0)
		fmt_add(&f, "%s", addr_text(&a, text));
	else if (addr_body_bytes(id->type) || id->type == ID_DER_ASN1_DN)
		add_hex(&f, body);
	else
		fmt_add_escaped(&f, body);
	return buf;
}

int id_set(struct id *ret, uint8_t type, struct slice body)
{
	size_t addr_bytes = addr_body_bytes(type);
	if (body.len > sizeof(ret->body))
		return -EMSGSIZE;
	if (body.len == 0 || type == ID_NONE || (addr_bytes && body.len != addr_bytes))
		return -EINVAL;
	*ret = (struct id){ .type = type, .len = (uint16_t)body.len };
	memcpy(ret->body, body.p, body.len);
	return 0;
}

void id_of_addr(const struct addr *a, struct id *ret)
{
	struct slice body = addr_slice(a);
	*ret = (struct id){ .type = ID_NONE };
	if (body.len == 0)
		return;
	ret->type = body.len == 4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
	ret->len = (uint16_t)body.len;
	memcpy(ret->body, body.p, body.len);
}

static bool eq_ignoring_case(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (tolower(a.p[i]) != tolower(b.p[i]))
			return false;
	return a.len == b.len;
}

/* Where the part begins in which case does not count. */
static size_t domain_at(uint8_t type, struct slice body)
{
	size_t at = body.len;
	if (type == ID_FQDN)
		return 0;
	if (type == ID_RFC822_ADDR)
		while (at > 0 && body.p[at - 1] != '@')
			at--;
	/* Without an @ all of it is compared as it is. */
	return at ? at : body.len;
}

static bool body_eq(uint8_t type, struct slice a, struct slice b)
{
	size_t at = domain_at(type, a);
	if (a.len != b.len || at != domain_at(type, b))
		return false;
	return slice_eq(slice_of(a.p, at), slice_of(b.p, at)) &&
	       eq_ignoring_case(slice_of(a.p + at, a.len - at), slice_of(b.p + at, b.len - at));
}

bool id_eq(const struct id *a, const struct id *b)
{
	return a->type == b->type && a->type != ID_NONE && body_eq(a->type, body_of(a), body_of(b));
}

bool id_is_addr(const struct id *id, const struct addr *a)
{
	struct id of_addr;
	id_of_addr(a, &of_addr);
	return id_eq(id, &of_addr);
}
