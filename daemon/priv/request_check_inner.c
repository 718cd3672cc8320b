/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies about inner addresses: what passes has the shape that policy/ wants. */
#include "priv/request_check.h"

#include <assert.h>
#include <string.h>

#include "net/links.h"

static_assert((int)REQUEST_LINK_MAX_BYTES == (int)LINKS_NAME_MAX_BYTES, "a link's name fits");

/* A foreign byte in a bool would be undefined behaviour as soon as it is read as one. */
static bool is_bool(const bool *b)
{
	return *(const unsigned char *)b <= 1;
}

static bool is_id(const struct id *id)
{
	struct id same;
	return id->len <= sizeof(id->body) &&
	       id_set(&same, id->type, slice_of(id->body, id->len)) == 0;
}

/* Unset, or of this family. */
static bool is_of(const struct addr *a, unsigned int family)
{
	return a->family == 0 || inner_family(a) == family;
}

const char *request_check_lease_ask(const void *body, struct slice extra)
{
	const struct lease_ask *ask = body;

	(void)extra;
	if (!is_bool(&ask->only))
		return "the only one";
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		if (!is_bool(&ask->wants[i]) || !is_of(&ask->suggested[i], i))
			return "family";
	return is_id(&ask->id) ? NULL : "identity";
}

const char *request_check_lease(const void *body, struct slice extra)
{
	const struct request_lease *lease = body;

	(void)extra;
	if (lease->result > 0)
		return "result";
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		if (!is_of(&lease->addr[i], i))
			return "address";
	return NULL;
}

static const char *check_entry(const struct request_lease_entry *e)
{
	if (!memchr(e->pool, 0, sizeof(e->pool)))
		return "pool";
	if (!is_id(&e->id))
		return "identity";
	if (inner_family(&e->addr) >= INNER_FAMILIES)
		return "address";
	return is_bool(&e->fixed) ? NULL : "fixed";
}

const char *request_check_leases(const void *body, struct slice extra)
{
	const struct request_leases *leases = body;
	const char *why = NULL;

	(void)extra;
	if (leases->n > REQUEST_LEASES_MAX || !is_bool(&leases->end))
		return "number of leases";
	for (uint32_t i = 0; i < leases->n && !why; i++)
		why = check_entry(&leases->list[i]);
	return why;
}

const char *request_check_inner(const void *body, struct slice extra)
{
	(void)extra;
	return inner_set_fault(body);
}

const char *request_check_names(const void *body, struct slice extra)
{
	const struct request_names *names = body;

	(void)extra;
	if (!memchr(names->link, 0, sizeof(names->link)))
		return "link";
	return inner_dns_fault(&names->dns);
}
