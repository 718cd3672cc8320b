/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE SAs, peers and counters -> JSON. */
#include "ctl/view.h"

#include <inttypes.h>
#include <string.h>

#include "base/fmt.h"
#include "ctl/request.h"
#include "ike/engine.h"

/* Names come from files: what is no UTF-8 is shown escaped. */
static json_t *text(const char *s)
{
	char escaped[1024];
	json_t *json = json_string(s);

	if (json)
		return json;
	struct fmt f = fmt_of(escaped, sizeof(escaped));
	fmt_add_escaped(&f, slice_of(s, strlen(s)));
	return json_string(escaped);
}

static json_t *addr(const struct addr *a)
{
	char buf[ADDR_TEXT_MAX_BYTES];
	return json_string(a->port != 0 ? addr_text_port(a, buf) : addr_text(a, buf));
}

static json_t *id(const struct id *i)
{
	char buf[ID_TEXT_MAX_BYTES];
	return i && i->type != ID_NONE ? text(id_text(i, buf)) : json_null();
}

static json_t *hex(uint64_t value, int digits)
{
	return json_sprintf("0x%0*" PRIx64, digits, value);
}

static json_t *selectors(const struct ts_list *list)
{
	char buf[TS_LIST_TEXT_MAX_BYTES];
	return list ? text(ts_list_text(list, buf)) : json_null();
}

static json_t *algorithms(const struct proposal *p)
{
	char buf[PROPOSAL_TEXT_MAX_BYTES];
	return p ? text(proposal_text(p, buf)) : json_null();
}

static json_t *child(const struct engine_child_view *c)
{
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I}",
			 "name", text(c->config ? c->config->name : ""), "state", c->state, "mode",
			 child_mode_name(c->mode), "spi_in", hex(c->spi_in, 8), "spi_out",
			 hex(c->spi_out, 8), "local_ts", selectors(c->local_ts), "peer_ts",
			 selectors(c->peer_ts), "algorithms", algorithms(c->algorithms),
			 "udp_encap", c->udp_encap, "mtu", (json_int_t)c->mtu, "mss",
			 (json_int_t)c->mss, "reqid", (json_int_t)c->reqid, "age_ms",
			 (json_int_t)c->age_ms, "left_ms", (json_int_t)c->left_ms);
}

static const char *nat_name(const struct engine_sa_view *v)
{
	if (v->nat_local)
		return v->nat_peer ? "both" : "local";
	return v->nat_peer ? "peer" : "none";
}

static json_t *end_point(const struct addr *a, const struct id *i)
{
	return json_pack("{s:o, s:o}", "address", addr(a), "id", id(i));
}

/* null, or what one side has of the other's net. */
static json_t *inner(const struct engine_sa_view *v)
{
	json_t *addresses = json_array(), *servers = json_array(), *domains = json_array();
	const struct inner_dns *dns = v->inner_dns;

	for (unsigned int i = 0; v->inner && i < INNER_FAMILIES; i++)
		if (addr_is_set(&v->inner[i]))
			json_array_append_new(addresses, addr(&v->inner[i]));
	for (uint8_t i = 0; dns && i < dns->n_servers; i++)
		json_array_append_new(servers, addr(&dns->servers[i]));
	for (uint8_t i = 0; dns && i < dns->n_domains; i++)
		json_array_append_new(domains, text(dns->domains[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "of", v->inner_ours ? "us" : "peer", "addresses",
			 addresses, "name_servers", servers, "domains", domains);
}

static json_t *sa(const struct engine_sa_view *v)
{
	json_t *children = json_array();

	for (size_t i = 0; i < v->n_children; i++)
		json_array_append_new(children, child(&v->children[i]));
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:o, "
			 "s:o}",
			 "name", text(v->config ? v->config->name : ""), "state", v->state, "role",
			 v->initiator ? "initiator" : "responder", "local",
			 end_point(&v->local, v->local_id), "peer", end_point(&v->peer, v->peer_id),
			 "spi_i", hex(v->spi_i, 16), "spi_r", hex(v->spi_r, 16), "algorithms",
			 algorithms(v->algorithms), "nat", nat_name(v), "age_ms",
			 (json_int_t)v->age_ms, "left_ms", (json_int_t)v->left_ms, "heard_ms",
			 (json_int_t)v->heard_ms, "retransmits", (json_int_t)v->n_retransmits,
			 "inner", v->inner ? inner(v) : json_null(), "children", children);
}

static int add_sa(void *arg, const struct engine_sa_view *v)
{
	json_array_append_new(arg, sa(v));
	return 0;
}

json_t *view_sas(const struct engine *e)
{
	json_t *list = json_array();

	(void)engine_each_sa(e, add_sa, list);
	return list;
}

/* ---- peers ---- */

static json_t *peer_addrs(const struct peer_config *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_peer_addrs; i++)
		json_array_append_new(list, addr(&p->peer_addrs[i]));
	return list;
}

static json_t *peer_children(const struct peer_config *p)
{
	json_t *list = json_array();
	struct child_config *c;

	LIST_EACH(c, &p->children, node) {
		json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:o}", "name", text(c->name),
						      "mode", child_mode_name(c->mode), "local_ts",
						      selectors(&c->local_ts), "peer_ts",
						      selectors(&c->peer_ts)));
	}
	return list;
}

static json_t *peer(const struct peer_config *p)
{
	static const char *const initiate[] = {
		[INITIATE_NEVER] = "never",
		[INITIATE_ON_DEMAND] = "on_demand",
		[INITIATE_AT_START] = "at_start",
	};
	return json_pack("{s:o, s:o, s:s, s:o, s:n}", "name", text(p->name), "addresses",
			 peer_addrs(p), "initiate", initiate[p->initiate], "children",
			 peer_children(p), "last_refusal");
}

static int add_refusal(void *arg, const struct engine_refusal_view *v)
{
	char buf[REASON_TEXT_MAX_BYTES];
	json_t *peers = arg, *entry;
	size_t i;

	json_array_foreach(peers, i, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "name"));
		if (!name || strcmp(name, v->remote) != 0)
			continue;
		json_object_set_new(entry, "last_refusal",
				    json_pack("{s:s, s:o, s:I, s:I}", "code",
					      reason_word(v->reason->code), "text",
					      text(reason_text(v->reason, buf)), "age_ms",
					      (json_int_t)v->age_ms, "times", (json_int_t)v->n));
	}
	return 0;
}

json_t *view_peers(const struct engine *e, const struct policy *policy)
{
	json_t *list = json_array();
	struct peer_config *p;

	LIST_EACH(p, &policy->peers, node)
		json_array_append_new(list, peer(p));
	(void)engine_each_refusal(e, add_refusal, list);
	return list;
}

/* ---- kernel ---- */

json_t *view_kernel(const struct ctl_kernel *k)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k->n; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "what", k->list[i].what,
						      "entry", text(k->list[i].entry)));
	return json_pack("{s:I, s:I, s:I, s:o}", "sas", (json_int_t)k->n_sas, "policies",
			 (json_int_t)k->n_policies, "different", (json_int_t)k->n_all,
			 "differences", list);
}

/* ---- leases ---- */

static json_t *lease(const struct ctl_lease *l)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:b, s:b, s:I, s:I}", "pool", text(l->pool),
			 "identity", id(l->id), "identity_type", id_type_name(l->id->type),
			 "address", addr(l->addr), "in_use", l->n_holders > 0, "fixed", l->fixed,
			 "ike_sas", (json_int_t)l->n_holders, "used", (json_int_t)l->used_sec);
}

json_t *view_leases(const struct ctl_leases *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(list, lease(&l->list[i]));
	return json_pack("{s:I, s:o, s:o}", "number", (json_int_t)l->n_all, "leases", list, "next",
			 l->end ? json_null() : json_sprintf("%" PRIu64, l->cursor));
}

/* ---- status ---- */

static json_t *counters(const struct engine_counters *n)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "received", (json_int_t)n->n_received, "dropped", (json_int_t)n->n_dropped,
			 "answered_again", (json_int_t)n->n_answered_again, "sent_in_fragments",
			 (json_int_t)n->n_fragmented, "fragments", (json_int_t)n->n_fragments,
			 "reassembled", (json_int_t)n->n_reassembled, "retransmits",
			 (json_int_t)n->n_retransmits, "cookies_demanded",
			 (json_int_t)n->n_cookies_demanded, "error_replies",
			 (json_int_t)n->n_error_replies, "refused", (json_int_t)n->n_refused,
			 "ike_up", (json_int_t)n->n_ike_up, "ike_down", (json_int_t)n->n_ike_down,
			 "child_up", (json_int_t)n->n_child_up, "child_down",
			 (json_int_t)n->n_child_down);
}

json_t *view_status(const struct ctl_ports *ports)
{
	int64_t up_ms = loop_now_ms(ports->loop) - ports->started_ms;

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "version", ports->version, "data_path",
			 ports->data_path, "uptime_ms", (json_int_t)up_ms, "ike_sas",
			 (json_int_t)engine_n_sas(ports->engine), "half_open",
			 (json_int_t)engine_n_half_open(ports->engine), "counters",
			 counters(engine_counters(ports->engine)));
}
