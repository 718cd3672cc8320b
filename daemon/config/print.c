/* SPDX-License-Identifier: BSD-2-Clause */
/* The effective configuration as racoon.conf text. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "config/print_int.h"
#include "config/selector.h"
#include "policy/pool.h"

static void print_time(FILE *out, const char *word, int64_t ms)
{
	if (ms % 1000)
		fprintf(out, "%s %" PRId64 " ms;\n", word, ms);
	else
		fprintf(out, "%s %" PRId64 " sec;\n", word, ms / 1000);
}

static const char *on_off(bool v)
{
	return v ? "on" : "off";
}

static void print_addr(FILE *out, const struct addr *a)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct addr bare = *a;
	bare.port = 0;
	fprintf(out, "%s", addr_text(&bare, text));
	if (a->port)
		fprintf(out, " [%u]", a->port);
}

static void print_listen(const struct policy *p, FILE *out)
{
	fprintf(out, "listen {\n");
	for (size_t i = 0; i < p->n_listen; i++) {
		fprintf(out, "\tisakmp ");
		print_addr(out, &p->listen[i]);
		fprintf(out, ";\n");
	}
	for (size_t i = 0; i < p->n_listen_natt; i++) {
		fprintf(out, "\tisakmp_natt ");
		print_addr(out, &p->listen_natt[i]);
		fprintf(out, ";\n");
	}
	if (p->control_path[0])
		fprintf(out, "\tadminsock \"%s\";\n}\n", p->control_path);
	else
		fprintf(out, "\tadminsock disabled;\n}\n");
}

static void print_timers(const struct policy_timers *t, FILE *out)
{
	fprintf(out, "timer {\n\tcounter %d;\n\t", t->retransmit_tries);
	print_time(out, "interval", t->retransmit_first_ms);
	fprintf(out, "\t");
	print_time(out, "phase1", t->half_open_ms);
	fprintf(out, "\t");
	print_time(out, "kernel_check", t->kernel_check_ms);
	fprintf(out, "\t");
	print_time(out, "natt_keepalive", t->natt_keepalive_ms);
	fprintf(out, "}\n");
}

static void print_limits(const struct policy_limits *l, FILE *out)
{
	fprintf(out,
		"limits {\n"
		"\tcookie_threshold %d;\n\thalf_open_per_source %d;\n\thalf_open %d;\n"
		"\tike_sas %d;\n\terror_rate %d;\n\terror_burst %d;\n"
		"}\n",
		l->cookie_threshold, l->half_open_per_source, l->half_open, l->ike_sas,
		l->error_rate, l->error_burst);
}

static void print_privsep(const struct policy *p, FILE *out)
{
	if (!p->privsep_user[0] && !p->privsep_group[0])
		return;
	fprintf(out, "privsep {\n");
	if (p->privsep_user[0])
		fprintf(out, "\tuser \"%s\";\n", p->privsep_user);
	if (p->privsep_group[0])
		fprintf(out, "\tgroup \"%s\";\n", p->privsep_group);
	fprintf(out, "}\n");
}

void print_identity(FILE *out, const char *word, const struct id *id)
{
	static const char *const kinds[] = {
		[ID_FQDN] = "fqdn",
		[ID_RFC822_ADDR] = "user_fqdn",
		[ID_KEY_ID] = "keyid tag",
	};
	char text[ID_TEXT_MAX_BYTES];
	if (id->type == ID_NONE)
		fprintf(out, "%s address", word);
	else if (id->type == ID_IPV4_ADDR || id->type == ID_IPV6_ADDR)
		fprintf(out, "%s address %s", word, id_text(id, text));
	else
		fprintf(out, "%s %s \"%.*s\"", word, kinds[id->type], (int)id->len,
			(const char *)id->body);
}

static void print_id(FILE *out, const char *word, const struct id *id)
{
	fprintf(out, "\t");
	print_identity(out, word, id);
	fprintf(out, ";\n");
}

/* The transforms of one type as "word bits, word bits". */
static void print_algs(FILE *out, const char *word, const struct proposal *p, uint8_t type)
{
	const char *between = "";
	for (size_t i = 0; i < p->n_transforms; i++) {
		const struct transform *t = &p->transforms[i];
		const struct alg *alg = alg_find(t->type, t->id);
		if (t->type != type || !alg)
			continue;
		if (!*between)
			fprintf(out, "\t\t%s ", word);
		fprintf(out, "%s%s", between, alg->words[0]);
		if (t->key_bits)
			fprintf(out, " %u", t->key_bits);
		between = ", ";
	}
	if (*between)
		fprintf(out, ";\n");
}

static void print_ike_proposal(const struct proposal *p, FILE *out)
{
	fprintf(out, "\tproposal {\n");
	print_algs(out, "encryption_algorithm", p, TRANSFORM_ENCR);
	print_algs(out, "prf_algorithm", p, TRANSFORM_PRF);
	print_algs(out, "integrity_algorithm", p, TRANSFORM_INTEG);
	print_algs(out, "dh_group", p, TRANSFORM_KE);
	fprintf(out, "\t}\n");
}

static void print_peer_addrs(const struct peer_config *peer, FILE *out)
{
	const char *between = "\tremote_address ";
	for (size_t i = 0; i < peer->n_peer_addrs; i++) {
		fprintf(out, "%s", between);
		print_addr(out, &peer->peer_addrs[i]);
		between = ", ";
	}
	if (peer->peer_name[0])
		fprintf(out, "%s\"%s\"", between, peer->peer_name);
	if (peer->n_peer_addrs || peer->peer_name[0])
		fprintf(out, ";\n");
	if (addr_is_set(&peer->local_addr)) {
		fprintf(out, "\tlocal_address ");
		print_addr(out, &peer->local_addr);
		fprintf(out, ";\n");
	}
}

static void print_peer(const struct peer_config *peer, FILE *out)
{
	static const char *const initiate[] = {
		[INITIATE_NEVER] = "off",
		[INITIATE_ON_DEMAND] = "ondemand",
		[INITIATE_AT_START] = "on",
	};
	static const char *const fragments[] = {
		[FRAGMENTS_OFF] = "off",
		[FRAGMENTS_ON] = "on",
		[FRAGMENTS_FORCE] = "force",
	};
	fprintf(out, "remote \"%s\" {\n\texchange_mode ike2;\n", peer->name);
	print_peer_addrs(peer, out);
	print_id(out, "my_identifier", &peer->local_id);
	for (size_t i = 0; i < peer->n_peer_ids; i++)
		print_id(out, "peers_identifier", &peer->peer_ids[i]);
	fprintf(out, "\tverify_identifier %s;\n", on_off(peer->verify_id));
	fprintf(out, "\tauthentication_method pre_shared_key;\n");
	fprintf(out, "\tinitiate %s;\n", initiate[peer->initiate]);
	fprintf(out, "\tnat_traversal %s;\n",
		peer->nat_force ? "force" : on_off(peer->nat_traversal));
	if (peer->fragment_bytes)
		fprintf(out, "\tike_frag %u;\n", peer->fragment_bytes);
	else
		fprintf(out, "\tike_frag %s;\n", fragments[peer->fragments]);
	fprintf(out, "\tmobike %s;\n", on_off(peer->mobike));
	fprintf(out, "\tinitial_contact %s;\n", on_off(peer->initial_contact));
	if (peer->mode_cfg)
		fprintf(out, "\tmode_cfg on;\n");
	if (peer->pool && peer->pool->name[0])
		fprintf(out, "\tpool \"%s\";\n", peer->pool->name);
	fprintf(out, "\tnonce_size %u;\n\t", peer->nonce_bytes);
	print_time(out, "dpd_delay", peer->dpd_delay_ms);
	fprintf(out, "\t");
	print_time(out, "lifetime time", peer->lifetime.hard_ms);
	if (peer->reauth_ms) {
		fprintf(out, "\t");
		print_time(out, "reauth time", peer->reauth_ms);
	}
	for (size_t i = 0; i < peer->n_proposals; i++)
		print_ike_proposal(&peer->proposals[i], out);
	fprintf(out, "}\n");
}

static void print_side(bool inner, const struct ts_list *list, FILE *out)
{
	if (inner)
		fprintf(out, "clientaddr");
	else
		selector_print(list, out);
}

/* ESP proposals as they are written: all ciphers in one list, all MACs in another. */
static void print_esp_algs(const struct child_config *c, FILE *out)
{
	struct proposal all = { 0 };
	for (size_t i = 0; i < c->n_proposals; i++) {
		for (size_t j = 0; j < c->proposals[i].n_transforms; j++) {
			const struct transform *t = &c->proposals[i].transforms[j];
			if (all.n_transforms < POLICY_TRANSFORMS_MAX && t->type != TRANSFORM_ESN)
				all.transforms[all.n_transforms++] = *t;
		}
	}
	print_algs(out, "encryption_algorithm", &all, TRANSFORM_ENCR);
	print_algs(out, "authentication_algorithm", &all, TRANSFORM_INTEG);
}

static void print_child_lifetime(const struct lifetime *l, FILE *out)
{
	fprintf(out, "\t");
	print_time(out, "lifetime time", l->hard_ms);
	if (l->bytes)
		fprintf(out, "\tlifetime byte %" PRIu64 " B;\n", l->bytes);
	if (l->packets)
		fprintf(out, "\tlifetime packet %" PRIu64 ";\n", l->packets);
}

static void print_child(const struct child_config *c, FILE *out)
{
	fprintf(out, "sainfo ");
	print_side(c->local_inner, &c->local_ts, out);
	fprintf(out, " ");
	print_side(c->peer_inner, &c->peer_ts, out);
	fprintf(out, " {\n\tremote \"%s\";\n\tname \"%s\";\n", c->peer->name, c->name);
	fprintf(out, "\tmode %s;\n", child_mode_name(c->mode));
	fprintf(out, "\tprotocol %s;\n", child_config_protocol(c) == PROPOSAL_AH ? "ah" : "esp");
	fprintf(out, "\tinstall_policy %s;\n", on_off(c->install_policy));
	fprintf(out, "\tesn %s;\n\treplay_window %u;\n", on_off(c->esn), c->replay_window_pkts);
	if (c->if_id)
		fprintf(out, "\tif_id %u;\n", c->if_id);
	if (c->mark_mask)
		fprintf(out, "\tmark 0x%x/0x%x;\n", c->mark, c->mark_mask);
	fprintf(out, "\tcopy_dscp %s;\n\tcopy_ecn %s;\n", copy_dscp_name(c->copy_dscp),
		on_off(!c->hide_ecn));
	fprintf(out, "\tipcomp %s;\n", on_off(c->ipcomp));
	if (c->tfc_bytes)
		fprintf(out, "\ttfc_padding %u;\n", c->tfc_bytes);
	if (c->priority)
		fprintf(out, "\tpriority %u;\n", c->priority);
	if (c->single_pair)
		fprintf(out, "\tsingle_pair on;\n");
	if (c->pfs_group && alg_find(TRANSFORM_KE, c->pfs_group))
		fprintf(out, "\tpfs_group %s;\n", alg_find(TRANSFORM_KE, c->pfs_group)->words[0]);
	print_child_lifetime(&c->lifetime, out);
	print_esp_algs(c, out);
	fprintf(out, "}\n");
}

static void print_plain(const struct plain_policy *p, FILE *out)
{
	fprintf(out, "policy %s ", p->action == PLAIN_BYPASS ? "none" : "discard");
	selector_print(&p->local_ts, out);
	fprintf(out, " ");
	selector_print(&p->peer_ts, out);
	fprintf(out, " {\n\tname \"%s\";\n", p->name);
	if (p->priority)
		fprintf(out, "\tpriority %u;\n", p->priority);
	fprintf(out, "}\n");
}

void config_print(const struct policy *policy, FILE *out)
{
	static const char *const levels[] = {
		[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTIFY] = "notify",
		[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",     [LOG_DEBUG2] = "debug2",
	};
	const struct peer_config *peer;
	const struct child_config *child;
	const struct plain_policy *plain;
	fprintf(out, "path pre_shared_key \"%s\";\nlog %s;\n", policy->psk_path,
		levels[policy->log_level]);
	print_listen(policy, out);
	print_timers(&policy->timers, out);
	print_limits(&policy->limits, out);
	print_privsep(policy, out);
	if (policy->resolver_path[0] || policy->resolver_off)
		fprintf(out, "path resolvconf \"%s\";\n", policy->resolver_path);
	print_pools(policy, out);
	LIST_EACH(peer, &policy->peers, node)
		print_peer(peer, out);
	LIST_EACH(peer, &policy->peers, node) {
		LIST_EACH(child, &peer->children, node)
			print_child(child, out);
	}
	LIST_EACH(plain, &policy->plain, node)
		print_plain(plain, out);
}
