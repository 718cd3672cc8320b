/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of the daemon -> tables.  What a newer daemon adds is left out; --json has it. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "tanukictl.h"

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *show_age(int64_t ms, char *buf)
{
	int64_t sec = ms / 1000, min = sec / 60, hours = min / 60;

	if (ms < 0)
		snprintf(buf, SHOW_AGE_MAX_BYTES, "-");
	else if (min < 1)
		snprintf(buf, SHOW_AGE_MAX_BYTES, "%" PRId64 "s", sec);
	else if (hours < 1)
		snprintf(buf, SHOW_AGE_MAX_BYTES, "%" PRId64 "m", min);
	else if (hours < 24)
		snprintf(buf, SHOW_AGE_MAX_BYTES, "%" PRId64 "h %" PRId64 "m", hours, min % 60);
	else
		snprintf(buf, SHOW_AGE_MAX_BYTES, "%" PRId64 "d %" PRId64 "h", hours / 24 % 100000,
			 hours % 24);
	return buf;
}

/* "gw-a.example 192.0.2.1[500]" */
static const char *end_point(const json_t *sa, const char *key, char *buf, size_t size)
{
	const json_t *end = json_object_get(sa, key);
	const char *id = text(end, "id"), *addr = text(end, "address");

	snprintf(buf, size, "%s%s%s", id ? id : "", id ? " " : "", addr ? addr : "-");
	return buf;
}

static void add_sa(struct table *t, const json_t *sa)
{
	char local[512], peer[512], age[SHOW_AGE_MAX_BYTES];
	const char *name = text(sa, "name");
	const char *cells[] = {
		name && name[0] ? name : NULL,
		text(sa, "state"),
		text(sa, "role"),
		end_point(sa, "local", local, sizeof(local)),
		end_point(sa, "peer", peer, sizeof(peer)),
		text(sa, "spi_i"),
		text(sa, "nat"),
		show_age(number(sa, "age_ms"), age),
		text(sa, "algorithms"),
	};
	table_add(t, cells, N_ELEMENTS(cells));
}

static void add_children(struct table *t, const json_t *sa)
{
	const json_t *child, *children = json_object_get(sa, "children");
	size_t i;

	json_array_foreach(children, i, child)
	{
		char age[SHOW_AGE_MAX_BYTES], mtu[24];
		snprintf(mtu, sizeof(mtu), "%lld", (long long)number(child, "mtu"));
		const char *cells[] = {
			text(sa, "name"),
			text(child, "name"),
			text(child, "state"),
			text(child, "mode"),
			text(child, "spi_in"),
			text(child, "spi_out"),
			text(child, "local_ts"),
			text(child, "peer_ts"),
			json_is_true(json_object_get(child, "udp_encap")) ? "udp" : "no",
			mtu,
			show_age(number(child, "age_ms"), age),
			text(child, "algorithms"),
		};
		table_add(t, cells, N_ELEMENTS(cells));
	}
}

/* Texts of an array, joined; "" for none. */
static const char *joined(const json_t *list, char *buf, size_t size)
{
	const json_t *one;
	size_t i, used = 0;

	buf[0] = '\0';
	json_array_foreach(list, i, one)
	{
		const char *s = json_string_value(one);
		int n = snprintf(buf + used, size - used, "%s%s", i ? " " : "", s ? s : "?");
		used += n > 0 && (size_t)n < size - used ? (size_t)n : 0;
	}
	return buf;
}

static void add_inner(struct table *t, const json_t *sa)
{
	const json_t *inner = json_object_get(sa, "inner");
	char addresses[256], servers[1024], domains[4096];
	const char *cells[] = {
		text(sa, "name"),
		text(inner, "of"),
		joined(json_object_get(inner, "addresses"), addresses, sizeof(addresses)),
		joined(json_object_get(inner, "name_servers"), servers, sizeof(servers)),
		joined(json_object_get(inner, "domains"), domains, sizeof(domains)),
	};

	for (size_t i = 2; i < N_ELEMENTS(cells); i++)
		if (cells[i][0] == '\0')
			cells[i] = NULL;
	if (json_is_object(inner))
		table_add(t, cells, N_ELEMENTS(cells));
}

static void show_inner(const json_t *sas, FILE *out)
{
	static const char *const head[] = { "PEER", "OF", "INNER ADDRESSES", "NAME SERVERS",
					    "DOMAINS" };
	struct table *t = table_new(head, N_ELEMENTS(head));
	bool any = false;
	const json_t *sa;
	size_t i;

	json_array_foreach(sas, i, sa)
	{
		any |= json_is_object(json_object_get(sa, "inner"));
		add_inner(t, sa);
	}
	if (any) {
		fputc('\n', out);
		table_print(t, out);
	}
	table_free(t);
}

void show_sas(const json_t *sas, FILE *out)
{
	static const char *const sa_head[] = { "PEER", "STATE", "ROLE", "LOCAL",     "REMOTE",
					       "SPI",  "NAT",   "AGE",  "ENCRYPTION" };
	static const char *const child_head[] = { "PEER",   "CHILD",   "STATE", "MODE",
						  "SPI IN", "SPI OUT", "LOCAL", "REMOTE",
						  "ENCAP",  "MTU",     "AGE",   "ENCRYPTION" };
	struct table *ike = table_new(sa_head, N_ELEMENTS(sa_head));
	struct table *children = table_new(child_head, N_ELEMENTS(child_head));
	size_t i, n_children = 0;
	const json_t *sa;

	json_array_foreach(sas, i, sa)
	{
		add_sa(ike, sa);
		add_children(children, sa);
		n_children += json_array_size(json_object_get(sa, "children"));
	}
	if (json_array_size(sas) == 0)
		fputs("no SA\n", out);
	else
		table_print(ike, out);
	if (n_children > 0) {
		fputc('\n', out);
		table_print(children, out);
	}
	show_inner(sas, out);
	table_free(ike);
	table_free(children);
}

static void add_peer(struct table *t, const json_t *peer)
{
	const json_t *child, *children = json_object_get(peer, "children");
	const json_t *addrs = json_object_get(peer, "addresses");
	const char *addr = json_string_value(json_array_get(addrs, 0));
	const char *refusal = text(json_object_get(peer, "last_refusal"), "text");
	size_t i;

	if (json_array_size(children) == 0) {
		const char *cells[] = { text(peer, "name"),
					addr ? addr : "anywhere",
					text(peer, "initiate"),
					NULL,
					NULL,
					NULL,
					NULL,
					refusal };
		table_add(t, cells, N_ELEMENTS(cells));
	}
	json_array_foreach(children, i, child)
	{
		const char *cells[] = { text(peer, "name"),     addr ? addr : "anywhere",
					text(peer, "initiate"), text(child, "name"),
					text(child, "mode"),    text(child, "local_ts"),
					text(child, "peer_ts"), refusal };
		table_add(t, cells, N_ELEMENTS(cells));
	}
}

void show_peers(const json_t *peers, FILE *out)
{
	static const char *const head[] = { "PEER", "ADDRESS", "INITIATE", "CHILD",
					    "MODE", "LOCAL",   "REMOTE",   "LAST REFUSAL" };
	struct table *t = table_new(head, N_ELEMENTS(head));
	const json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) add_peer(t, peer);
	if (json_array_size(peers) == 0)
		fputs("no peer is configured\n", out);
	else
		table_print(t, out);
	table_free(t);
}

static void add_lease(struct table *t, const json_t *lease)
{
	int64_t used = number(lease, "used");
	bool in_use = json_is_true(json_object_get(lease, "in_use"));
	const char *pool = text(lease, "pool");
	char since[32] = "-";
	time_t when = (time_t)used;
	struct tm tm;

	if (used > 0 && localtime_r(&when, &tm))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M", &tm);
	const char *cells[] = {
		text(lease, "address"),
		in_use ? "in use" : "free",
		since,
		text(lease, "identity"),
		pool && pool[0] ? pool : NULL,
		json_is_true(json_object_get(lease, "fixed")) ? "fixed" : NULL,
	};
	table_add(t, cells, N_ELEMENTS(cells));
}

void show_leases(const json_t *leases, FILE *out)
{
	static const char *const head[] = { "ADDRESS", "STATE", "SINCE", "IDENTITY", "POOL", "BY" };
	struct table *t = table_new(head, N_ELEMENTS(head));
	const json_t *lease;
	size_t i;

	json_array_foreach(leases, i, lease) add_lease(t, lease);
	if (json_array_size(leases) == 0)
		fputs("no lease\n", out);
	else
		table_print(t, out);
	table_free(t);
}

void show_status(const json_t *status, FILE *out)
{
	const json_t *counters = json_object_get(status, "counters");
	const char *version = text(status, "version"), *path = text(status, "data_path");
	char age[SHOW_AGE_MAX_BYTES];

	fprintf(out, "tanukid %s, up %s\n", version ? version : "?",
		show_age(number(status, "uptime_ms"), age));
	if (path)
		fprintf(out, "data path %s\n", path);
	fprintf(out, "IKE SAs %" PRId64 ", of them half-open %" PRId64 "\n",
		number(status, "ike_sas"), number(status, "half_open"));
	fprintf(out,
		"messages received %" PRId64 ", dropped %" PRId64 ", retransmitted %" PRId64
		", answered again %" PRId64 "\n",
		number(counters, "received"), number(counters, "dropped"),
		number(counters, "retransmits"), number(counters, "answered_again"));
	fprintf(out,
		"messages sent in fragments %" PRId64 ", put together %" PRId64 " of %" PRId64
		" fragments\n",
		number(counters, "sent_in_fragments"), number(counters, "reassembled"),
		number(counters, "fragments"));
	fprintf(out, "negotiations refused %" PRId64 "\n", number(counters, "refused"));
}

void show_kernel(const json_t *kernel, FILE *out)
{
	const json_t *list = json_object_get(kernel, "differences"), *one;
	int64_t n = number(kernel, "different");
	size_t i;

	fprintf(out, "as wanted: SAs %" PRId64 ", policies %" PRId64 "; different: %" PRId64 "\n",
		number(kernel, "sas"), number(kernel, "policies"), n);
	json_array_foreach(list, i, one)
	{
		const char *what = text(one, "what"), *entry = text(one, "entry");
		fprintf(out, "%-14s  %s\n", what ? what : "?", entry ? entry : "?");
	}
	if (n > (int64_t)json_array_size(list))
		fprintf(out, "and %" PRId64 " more\n", n - (int64_t)json_array_size(list));
}
