/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of an exchange object: copy, build, suspend, end. */
#include "ike/exchange.h"

#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct exchange *exchange_new(struct engine *e, struct ike_sa *sa, enum trigger trigger,
			      const struct udp_packet *packet)
{
	struct exchange *x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->engine = e;
	x->sa = sa;
	x->trigger = trigger;
	arena_init(&x->arena, LIMIT_ARENA_BYTES);
	if (!packet)
		return x;
	x->datagram = malloc(packet->bytes.len);
	if (!x->datagram) {
		exchange_free(x);
		return NULL;
	}
	memcpy(x->datagram, packet->bytes.p, packet->bytes.len);
	x->datagram_len = packet->bytes.len;
	x->local = packet->local;
	x->peer = packet->peer;
	x->natt = packet->natt;
	return x;
}

/* Whoever was asked need not answer. */
static void cancel_all(struct exchange *x)
{
	const struct engine_ports *p = &x->engine->ports;
	p->keeper->ops->cancel(p->keeper, x);
	p->kernel->ops->cancel(p->kernel, x);
	if (p->addresses)
		p->addresses->ops->cancel(p->addresses, x);
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	if (x->resume)
		cancel_all(x);
	config_release(x->engine, &x->work.inner);
	loop_timer_free(x->limit);
	ike_keys_free(x->work.keys);
	secret_done(&x->work.octets);
	secret_done(&x->work.shared);
	ke_free(x->work.ke);
	ike_sa_discard(x->work.next);
	create_free(x->work.created);
	child_sa_free(x->work.child);
	arena_clear(&x->arena);
	fragment_source_done(&x->source);
	bytes_done(&x->cut);
	bytes_done(&x->joined);
	free(x->datagram);
	free(x);
}

/* ---- messages ---- */

static const struct ike_keys *keys_of(const struct exchange *x)
{
	return x->work.keys ? x->work.keys : x->sa->keys;
}

void exchange_begin_reply(struct exchange *x, struct msg_writer *mw)
{
	const struct ike_header *h = &x->msg.header;
	struct ike_header reply = { .spi_i = h->spi_i,
				    .spi_r = x->sa ? x->sa->spi_r : h->spi_r,
				    .exchange = h->exchange,
				    .flags = IKE_FLAG_RESPONSE,
				    .message_id = h->message_id };
	if (!header_from_initiator(h))
		reply.flags |= IKE_FLAG_INITIATOR;
	msg_writer_init(mw, x->out_buf, sizeof(x->out_buf), &reply);
	x->source.header = reply;
	if (x->msg.opened)
		msg_writer_open_sk(mw, &keys_of(x)->out);
}

void exchange_begin_request(struct exchange *x, struct msg_writer *mw, uint8_t exchange_type,
			    uint32_t id)
{
	/* IKE_AUTH goes out while the responder's SPI is known from its message only */
	uint64_t spi_r = x->sa->spi_r ? x->sa->spi_r : x->msg.header.spi_r;
	struct ike_header h = { .spi_i = x->sa->spi_i,
				.spi_r = exchange_type == EXCHANGE_IKE_SA_INIT ? 0 : spi_r,
				.exchange = exchange_type,
				.flags = x->sa->initiator ? IKE_FLAG_INITIATOR : 0,
				.message_id = id };
	const struct ike_keys *keys = exchange_type == EXCHANGE_IKE_SA_INIT ? NULL : keys_of(x);
	msg_writer_init(mw, x->out_buf, sizeof(x->out_buf), &h);
	x->source.header = h;
	if (keys)
		msg_writer_open_sk(mw, &keys->out);
}

static uint16_t fragment_bytes_of(const struct exchange *x)
{
	return x->work.fragment_bytes ? x->work.fragment_bytes : x->sa->fragment_bytes;
}

int exchange_end(struct exchange *x, struct msg_writer *mw)
{
	bool sealed = mw->sk;
	int r = sealed ? fragment_remember(x, mw, fragment_bytes_of(x)) : 0;
	if (sealed)
		msg_writer_close_sk(mw);
	x->out = (struct slice){ 0 };
	if (r == 0)
		r = msg_writer_end(mw, &x->out);
	if (r == 0 && sealed)
		r = fragment_cut(x, &keys_of(x)->out, fragment_bytes_of(x));
	if (r < 0) {
		x->out = (struct slice){ 0 };
		secret_wipe(x->out_buf, sizeof(x->out_buf));
	}
	return r;
}

int exchange_send_request(struct exchange *x)
{
	int r = window_request(&x->sa->window, x->out);
	if (r == 0)
		fragment_source_move(&x->sa->sent_request, &x->source);
	return r;
}

int exchange_reply_empty(struct exchange *x)
{
	struct msg_writer mw;
	exchange_begin_reply(x, &mw);
	return exchange_end(x, &mw);
}

int exchange_reply_notify(struct exchange *x, uint16_t notify, struct slice data)
{
	struct msg_writer mw;
	exchange_begin_reply(x, &mw);
	msg_writer_add_notify(&mw, notify, data);
	return exchange_end(x, &mw);
}

enum verdict exchange_refuse(struct exchange *x, uint16_t notify)
{
	x->notify = notify;
	return V_REPLY_ERROR;
}

/* ---- suspending ---- */

static void on_keeper(void *arg, int result, struct slice auth)
{
	dispatch_resume(arg, result, auth);
}

static void on_kernel(void *arg, int result, const char *reason)
{
	struct exchange *x = arg;
	dispatch_resume(x, result, slice_of(reason, reason ? strlen(reason) : 0));
}

static void on_limit(void *arg)
{
	struct exchange *x = arg;
	cancel_all(x);
	dispatch_resume(x, -ETIMEDOUT, (struct slice){ 0 });
}

static enum verdict suspend(struct exchange *x, int r, resume_fn fn)
{
	if (r < 0)
		return fn(x, r, (struct slice){ 0 });
	x->resume = fn;
	if (!x->limit)
		x->limit = loop_timer_new(x->engine->ports.loop, on_limit, x);
	/* Without memory for the timer the answer itself still comes. */
	if (x->limit)
		loop_timer_arm(x->limit, LIMIT_BUSY_MS);
	return V_SUSPEND;
}

static uint16_t prf_of(const struct exchange *x)
{
	return keys_of(x)->km.prf;
}

enum verdict exchange_sign(struct exchange *x, const struct keeper_key *key, resume_fn fn)
{
	struct keeper *k = x->engine->ports.keeper;
	int r = k->ops->psk_sign(k, key, prf_of(x), secret_slice(&x->work.octets), on_keeper, x);
	secret_done(&x->work.octets);
	return suspend(x, r, fn);
}

enum verdict exchange_verify(struct exchange *x, const struct keeper_key *key, struct slice auth,
			     resume_fn fn)
{
	struct keeper *k = x->engine->ports.keeper;
	int r = k->ops->psk_verify(k, key, prf_of(x), secret_slice(&x->work.octets), auth,
				   on_keeper, x);
	secret_done(&x->work.octets);
	return suspend(x, r, fn);
}

enum verdict exchange_install(struct exchange *x, const struct kernel_child *child, resume_fn fn)
{
	struct kernel *k = x->engine->ports.kernel;
	int r = k->ops->child_install(k, child, on_kernel, x);
	x->work.child->in_kernel = r == 0;
	return suspend(x, r, fn);
}

static void on_lease(void *arg, int result, const struct addr addr[INNER_FAMILIES])
{
	dispatch_resume(arg, result, slice_of(addr, INNER_FAMILIES * sizeof(*addr)));
}

enum verdict exchange_lease(struct exchange *x, const struct lease_ask *ask, resume_fn fn)
{
	struct address_port *a = x->engine->ports.addresses;
	int r = a ? a->ops->lease_get(a, ask, on_lease, x) : -EOPNOTSUPP;
	return suspend(x, r, fn);
}

enum verdict exchange_inner_set(struct exchange *x, const struct inner_set *set, resume_fn fn)
{
	struct address_port *a = x->engine->ports.addresses;
	int r = a ? a->ops->inner_set(a, set, on_kernel, x) : -EOPNOTSUPP;
	return suspend(x, r, fn);
}
