/* SPDX-License-Identifier: BSD-2-Clause */
/* The payload table, and how its rows reach their place in a payload set. */
#include "msg/payload.h"

#include <errno.h>

static int parse_sa(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	return pl_sa_parse(body, a, &set->sa, why);
}

static void emit_sa(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_sa_emit(w, &set->sa);
}

static int parse_ke(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_ke_parse(body, &set->ke, why);
}

static void emit_ke(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_ke_emit(w, &set->ke);
}

static int parse_idi(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_id_parse(body, &set->idi, why);
}

static void emit_idi(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_id_emit(w, &set->idi);
}

static int parse_idr(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_id_parse(body, &set->idr, why);
}

static void emit_idr(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_id_emit(w, &set->idr);
}

static int parse_cert(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_cert_parse(body, &set->certs[set->n_certs++], why);
}

static void emit_cert(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_cert_emit(w, &set->certs[i]);
}

static int parse_certreq(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_cert_parse(body, &set->certreqs[set->n_certreqs++], why);
}

static void emit_certreq(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_cert_emit(w, &set->certreqs[i]);
}

static int parse_auth(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_auth_parse(body, &set->auth, why);
}

static void emit_auth(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_auth_emit(w, &set->auth);
}

static int parse_nonce(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_nonce_parse(body, &set->nonce, why);
}

static void emit_nonce(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_nonce_emit(w, &set->nonce);
}

static int parse_notify(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_notify_parse(body, &set->notifies[set->n_notifies++], why);
}

static void emit_notify(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_notify_emit(w, &set->notifies[i]);
}

static int parse_delete(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_delete_parse(body, &set->deletes[set->n_deletes++], why);
}

static void emit_delete(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_delete_emit(w, &set->deletes[i]);
}

static int parse_vendor(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_vendor_parse(body, &set->vendors[set->n_vendors++], why);
}

static void emit_vendor(struct wr *w, const struct payload_set *set, size_t i)
{
	pl_vendor_emit(w, &set->vendors[i]);
}

static int parse_tsi(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	return pl_ts_parse(body, a, &set->tsi, why);
}

static void emit_tsi(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_ts_emit(w, &set->tsi);
}

static int parse_tsr(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	return pl_ts_parse(body, a, &set->tsr, why);
}

static void emit_tsr(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_ts_emit(w, &set->tsr);
}

static int parse_sk(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	(void)why;
	set->sk.body = rd_rest(&body);
	return 0;
}

static void emit_sk(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	wr_slice(w, set->sk.body);
}

static int parse_skf(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	set->skf.number = rd_u16(&body);
	set->skf.total = rd_u16(&body);
	set->skf.body = rd_rest(&body);
	if (set->skf.number > 0 && set->skf.number <= set->skf.total)
		return 0;
	*why = "fragment number is not within the total";
	return -EBADMSG;
}

static void emit_skf(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	wr_u16(w, set->skf.number);
	wr_u16(w, set->skf.total);
	wr_slice(w, set->skf.body);
}

static int parse_cp(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_cp_parse(body, &set->cp, why);
}

static void emit_cp(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_cp_emit(w, &set->cp);
}

static int parse_eap(struct payload_set *set, struct rd body, struct arena *a, const char **why)
{
	(void)a;
	return pl_eap_parse(body, &set->eap, why);
}

static void emit_eap(struct wr *w, const struct payload_set *set, size_t i)
{
	(void)i;
	pl_eap_emit(w, &set->eap);
}

/* clang-format off */
static const struct payload payloads[] = {
	/* type      max          min  name       */
	{ PL_SA,      1,            16, "SA",      parse_sa,      emit_sa },
	{ PL_KE,      1,             5, "KE",      parse_ke,      emit_ke },
	{ PL_IDI,     1,             4, "IDi",     parse_idi,     emit_idi },
	{ PL_IDR,     1,             4, "IDr",     parse_idr,     emit_idr },
	{ PL_CERT,    CERTS_MAX,     2, "CERT",    parse_cert,    emit_cert },
	{ PL_CERTREQ, CERTREQS_MAX,  1, "CERTREQ", parse_certreq, emit_certreq },
	{ PL_AUTH,    1,             5, "AUTH",    parse_auth,    emit_auth },
	{ PL_NONCE,   1,            16, "Nonce",   parse_nonce,   emit_nonce },
	{ PL_NOTIFY,  NOTIFIES_MAX,  4, "N",       parse_notify,  emit_notify },
	{ PL_DELETE,  DELETES_MAX,   4, "D",       parse_delete,  emit_delete },
	{ PL_VENDOR,  VENDORS_MAX,   0, "V",       parse_vendor,  emit_vendor },
	{ PL_TSI,     1,             8, "TSi",     parse_tsi,     emit_tsi },
	{ PL_TSR,     1,             8, "TSr",     parse_tsr,     emit_tsr },
	{ PL_SK,      1,             1, "SK",      parse_sk,      emit_sk },
	{ PL_CP,      1,             4, "CP",      parse_cp,      emit_cp },
	{ PL_EAP,     1,             4, "EAP",     parse_eap,     emit_eap },
	{ PL_SKF,     1,             5, "SKF",     parse_skf,     emit_skf },
};
/* clang-format on */

const struct payload *payload_table(size_t *ret_n)
{
	*ret_n = N_ELEMENTS(payloads);
	return payloads;
}

const struct payload *payload_find(uint8_t type)
{
	for (size_t i = 0; i < N_ELEMENTS(payloads); i++) {
		if (payloads[i].type == type)
			return &payloads[i];
	}
	return NULL;
}

const char *payload_name(uint8_t type)
{
	const struct payload *row = payload_find(type);
	return row ? row->name : "unknown payload";
}
