/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of traffic selectors in racoon.conf. */
#include "config/selector.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

enum { TYPE_MAX = 255, PORT_MAX = 65535 };

static const char *const kinds[] = { "anonymous", "address", "subnet", "clientaddr" };
enum { KIND_ANONYMOUS, KIND_ADDRESS, KIND_SUBNET, KIND_CLIENTADDR };

static int take_upper(struct args *a, uint8_t *ret)
{
	const char *word;
	const struct args at = *a;
	int64_t n;
	if (args_left(a) && args_here(a)->text[0] >= '0' && args_here(a)->text[0] <= '9') {
		int rc = args_number(a, 0, 255, &n);
		if (rc == 0)
			*ret = (uint8_t)n;
		return rc;
	}
	int rc = args_word(a, "a protocol: any, tcp, udp, icmp, ... or a number", &word);
	if (rc)
		return rc;
	if (strcmp(word, "any") == 0) {
		*ret = 0;
		return 0;
	}
	struct protoent *p = getprotobyname(strcmp(word, "icmp6") == 0 ? "ipv6-icmp" : word);
	if (!p)
		return args_error(&at,
				  "a protocol expected: any, tcp, udp, icmp, icmp6 or a number");
	*ret = (uint8_t)p->p_proto;
	return 0;
}

/* "10.0.0.0/24" or "10.0.0.1-10.0.0.9", also with a blank before the '-'. */
static int take_range(struct args *a, struct ts *ret)
{
	char text[ADDR_TEXT_MAX_BYTES * 2];
	const char *word;
	struct addr_prefix prefix;
	const struct args at = *a;
	int rc = args_word(a, "an address or net", &word);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%s", word);
	char *dash = strchr(text, '-');
	const char *last = dash ? dash + 1 : NULL;
	if (!dash && args_left(a) && args_here(a)->text[0] == '-' && args_here(a)->text[1]) {
		last = args_here(a)->text + 1;
		a->next++;
	}
	if (dash)
		*dash = '\0';
	if (addr_parse_prefix(text, &prefix))
		return args_error(&at, "an address, a net or a range expected");
	ts_of_prefix(&prefix, 0, 0, ret);
	if (last && (addr_parse(last, &ret->last) || addr_cmp(&ret->first, &ret->last) > 0 ||
		     ret->first.family != ret->last.family))
		return args_error(&at, "a range ends with an address that is not below its first");
	return 0;
}

/* "80" or "80-90"; what: for errors. */
static int take_numbers(struct args *a, const char *what, int min, int max, uint16_t *ret_lo,
			uint16_t *ret_hi)
{
	const char *word = args_left(a) ? args_here(a)->text : "";
	char *end;
	long lo = strtol(word, &end, 10), hi = lo;
	bool read = end != word;
	if (read && *end == '-') {
		word = end + 1;
		hi = strtol(word, &end, 10);
		read = end != word;
	}
	if (!read || *end || lo < min || hi > max || lo > hi)
		return args_error(a, "%s expected: a number from %d to %d, or two with a - between",
				  what, min, max);
	a->next++;
	*ret_lo = (uint16_t)lo;
	*ret_hi = (uint16_t)hi;
	return 0;
}

static int take_ports(struct args *a, struct ts *ts)
{
	if (!args_take_punct(a, '['))
		return 0;
	if (!args_take_word(a, "any")) {
		int rc = take_numbers(a, "a port", 1, PORT_MAX, &ts->port_lo, &ts->port_hi);
		if (rc)
			return rc;
	}
	return args_take_punct(a, ']') ? 0 : args_error(a, "']' expected after the port");
}

/* RFC 4301 4.4.1.1: the type is the upper byte of the port, the code the lower one. */
static int take_types(struct args *a, struct ts *ts)
{
	uint16_t type_lo, type_hi, code_lo = 0, code_hi = TYPE_MAX;
	const struct args at = *a;
	if (!args_take_word(a, "type"))
		return 0;
	if (!ts_has_types(ts) || !ts_port_any(ts))
		return args_error(&at,
				  "only icmp, icmp6 and mobility-header have types, and no ports");
	int rc = take_numbers(a, "a type", 0, TYPE_MAX, &type_lo, &type_hi);
	if (rc == 0 && args_take_word(a, "code")) {
		if (type_lo != type_hi)
			return args_error(a, "a code belongs to one type");
		rc = take_numbers(a, "a code", 0, TYPE_MAX, &code_lo, &code_hi);
	}
	if (rc)
		return rc;
	ts->port_lo = (uint16_t)(type_lo << 8 | code_lo);
	ts->port_hi = (uint16_t)(type_hi << 8 | code_hi);
	return 0;
}

/* What follows "address". */
static int take_one(struct args *a, struct ts_list *list)
{
	struct ts ts;
	if (list->n == POLICY_TS_MAX)
		return args_error(a, "more than %d selectors for one side", POLICY_TS_MAX);
	int rc = take_range(a, &ts);
	if (rc == 0)
		rc = take_ports(a, &ts);
	if (rc == 0)
		rc = take_upper(a, &ts.proto);
	if (rc == 0 && ts_has_types(&ts) && !ts_port_any(&ts))
		return args_error(a, "this protocol has no ports, but types: write \"type\"");
	if (rc == 0)
		rc = take_types(a, &ts);
	if (rc == 0)
		list->ts[list->n++] = ts;
	return rc;
}

int selector_take(struct args *a, struct ts_list *ret)
{
	struct ts_list list = { 0 };
	do {
		const struct args at = *a;
		size_t kind;
		int rc = args_choice(a, kinds, N_ELEMENTS(kinds), &kind);
		if (rc)
			return rc;
		if (kind == KIND_CLIENTADDR)
			return args_error(
				&at, "addresses for clients are not supported by this version");
		if (kind == KIND_ANONYMOUS) {
			*ret = (struct ts_list){ 0 };
			return list.n ? args_error(&at, "\"anonymous\" stands alone") : 0;
		}
		rc = take_one(a, &list);
		if (rc)
			return rc;
	} while (args_take_punct(a, ','));
	*ret = list;
	return 0;
}

/* ---- the way back ---- */

static void print_numbers(FILE *out, unsigned int lo, unsigned int hi)
{
	if (lo == hi)
		fprintf(out, "%u", lo);
	else
		fprintf(out, "%u-%u", lo, hi);
}

static void print_types(const struct ts *ts, FILE *out)
{
	fprintf(out, " type ");
	print_numbers(out, ts->port_lo >> 8, ts->port_hi >> 8);
	if ((ts->port_lo & TYPE_MAX) == 0 && (ts->port_hi & TYPE_MAX) == TYPE_MAX)
		return;
	fprintf(out, " code ");
	print_numbers(out, ts->port_lo & TYPE_MAX, ts->port_hi & TYPE_MAX);
}

static void print_one(const struct ts *ts, FILE *out)
{
	char first[ADDR_TEXT_MAX_BYTES], last[ADDR_TEXT_MAX_BYTES];
	struct addr_prefix prefix;
	if (addr_range_prefix(&ts->first, &ts->last, &prefix) == 0)
		fprintf(out, "address %s", addr_prefix_text(&prefix, first));
	else
		fprintf(out, "address %s-%s", addr_text(&ts->first, first),
			addr_text(&ts->last, last));
	bool types = ts_has_types(ts) && !ts_port_any(ts);
	fprintf(out, " [");
	if (types || ts_port_any(ts))
		fprintf(out, "any");
	else
		print_numbers(out, ts->port_lo, ts->port_hi);
	fprintf(out, "]");
	if (ts->proto)
		fprintf(out, " %u", ts->proto);
	else
		fprintf(out, " any");
	if (types)
		print_types(ts, out);
}

void selector_print(const struct ts_list *list, FILE *out)
{
	if (list->n == 0)
		fprintf(out, "anonymous");
	for (uint8_t i = 0; i < list->n; i++) {
		fprintf(out, "%s", i ? ", " : "");
		print_one(&list->ts[i], out);
	}
}
