/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting what is sent, collecting what comes. */
#include "ike/fragment.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "msg/skf.h"

enum {
	UDP_HEADER_BYTES = 8,
	MARKER_BYTES = 4, /* non-ESP marker of RFC 3948 2.2: may always come to stand there */
	MESSAGE_LENGTH_AT = 24,
};

/* From large to small; few, for each costs tries (RFC 7383 2.5.2). */
static const uint16_t steps[] = { FRAGMENT_COMMON_BYTES, FRAGMENT_SAFE_BYTES };

static size_t ip_bytes(const struct addr *peer)
{
	return (addr_bits(peer) == 32 ? 20 : 40) + UDP_HEADER_BYTES + MARKER_BYTES;
}

/* Of an IKE message whose datagram has limit_bytes. */
static size_t message_bytes(const struct addr *peer, uint16_t limit_bytes)
{
	size_t overhead = ip_bytes(peer);
	return limit_bytes > overhead ? limit_bytes - overhead : 0;
}

void fragment_source_done(struct fragment_source *s)
{
	bytes_done(&s->text);
	*s = (struct fragment_source){ 0 };
}

void fragment_source_move(struct fragment_source *to, struct fragment_source *from)
{
	fragment_source_done(to);
	*to = *from;
	*from = (struct fragment_source){ 0 };
}

uint16_t fragment_first_bytes(const struct peer_config *config, const struct addr *peer)
{
	if (config->fragments == FRAGMENTS_OFF)
		return 0;
	if (config->fragment_bytes)
		return config->fragment_bytes;
	if (config->fragments == FRAGMENTS_FORCE && addr_bits(peer) == 32)
		return FRAGMENT_SAFE_BYTES;
	return FRAGMENT_COMMON_BYTES;
}

/* ---- sending ---- */

bool fragment_next(struct slice *set, struct slice *ret_datagram)
{
	struct rd r = rd_of_slice(*set);

	if (set->len == 0)
		return false;
	rd_skip(&r, MESSAGE_LENGTH_AT);
	size_t len = rd_u32(&r);
	REQUIRE(!r.bad && len >= IKE_HEADER_BYTES && len <= set->len);
	*ret_datagram = slice_of(set->p, len);
	*set = slice_of(set->p + len, set->len - len);
	return true;
}

/* The least size that it may come to, and so whether it can be cut at all. */
static bool may_be_long(const struct exchange *x, const struct sk_ops *ops, size_t inner_bytes,
			uint16_t limit_bytes)
{
	uint16_t least = limit_bytes < FRAGMENT_SAFE_BYTES ? limit_bytes : FRAGMENT_SAFE_BYTES;
	size_t sealed = IKE_HEADER_BYTES + PAYLOAD_HEADER_BYTES + ops->iv_bytes + inner_bytes +
			ops->block_bytes + ops->icv_bytes;
	return limit_bytes && sealed > message_bytes(&x->sa->peer, least);
}

int fragment_remember(struct exchange *x, const struct msg_writer *mw, uint16_t limit_bytes)
{
	struct fragment_source *s = &x->source;
	struct slice inner = msg_writer_inner(mw, &s->first_inner);

	bytes_done(&s->text);
	if (!may_be_long(x, mw->sk, inner.len, limit_bytes))
		return 0;
	s->total = 1;
	return bytes_copy(&s->text, inner);
}

static int write_set(const struct fragment_source *s, const struct sk_ops *ops, size_t chunk_bytes,
		     uint16_t total, struct wr *w)
{
	struct slice rest = bytes_slice(&s->text), datagram;
	int r = 0;

	for (uint16_t i = 1; r == 0 && i <= total; i++) {
		struct msg_writer mw;
		size_t len = rest.len < chunk_bytes ? rest.len : chunk_bytes;
		msg_writer_init(&mw, w->p, (size_t)(w->end - w->p), &s->header);
		msg_writer_add_skf(&mw, ops, s->first_inner, i, total, slice_of(rest.p, len));
		r = msg_writer_end(&mw, &datagram);
		if (r == 0)
			(void)wr_reserve(w, datagram.len);
		rest = slice_of(rest.p + len, rest.len - len);
	}
	return r;
}

/* -EALREADY: that would not be more fragments than now, which tell sets apart (2.5.2). */
static int cut(struct fragment_source *s, const struct sk_ops *ops, size_t message_max_bytes,
	       struct bytes *ret)
{
	size_t room = skf_room(ops, message_max_bytes);
	size_t least = (s->text.len + LIMIT_FRAGMENTS - 1) / LIMIT_FRAGMENTS;
	size_t chunk = room > least ? room : least;
	size_t total = (s->text.len + chunk - 1) / chunk;

	if (total <= s->total)
		return -EALREADY;
	/* Header, both headers of SKF, IV, padding, ICV: less than the content's double and this */
	size_t capacity =
		s->text.len + total * (IKE_HEADER_BYTES + PAYLOAD_HEADER_BYTES + SKF_NUMBERS_BYTES +
				       ops->iv_bytes + ops->block_bytes + ops->icv_bytes);
	uint8_t *p = malloc(capacity);
	if (!p)
		return -ENOMEM;
	struct wr w = wr_of(p, capacity);
	int r = write_set(s, ops, chunk, (uint16_t)total, &w);
	if (r < 0) {
		free(p);
		return r;
	}
	s->total = (uint16_t)total;
	bytes_done(ret);
	*ret = (struct bytes){ .p = p, .len = wr_used(&w) };
	return 0;
}

int fragment_cut(struct exchange *x, const struct sk_ops *ops, uint16_t limit_bytes)
{
	if (!x->source.text.p)
		return 0;
	size_t max_bytes = message_bytes(&x->sa->peer, limit_bytes);
	if (x->out.len <= max_bytes)
		return 0;
	int r = cut(&x->source, ops, max_bytes, &x->cut);
	if (r == -EALREADY)
		return 0;
	if (r == 0) {
		x->out = bytes_slice(&x->cut);
		x->engine->counters.n_fragmented++;
	}
	return r;
}

/* To the next size that makes a difference; false if there is none. */
static bool shrink(struct ike_sa *sa, struct fragment_source *s, uint32_t message_id,
		   struct bytes *ret)
{
	if (!s->text.p || !sa->keys || s->header.message_id != message_id)
		return false;
	for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
		if (steps[i] >= sa->fragment_bytes)
			continue;
		if (cut(s, &sa->keys->out, message_bytes(&sa->peer, steps[i]), ret) < 0)
			continue;
		sa->fragment_bytes = steps[i];
		sa->engine->counters.n_fragmented++;
		LOG(INFO, "fragments_shrunk", F_STR("remote", ike_sa_remote(sa)),
		    F_ADDR("peer", &sa->peer), F_INT("bytes", steps[i]),
		    F_INT("fragments", s->total));
		return true;
	}
	return false;
}

struct slice fragment_try_request(struct ike_sa *sa, int attempt, struct slice request)
{
	struct bytes set = { 0 };

	if (attempt % FRAGMENT_TRIES != 0 ||
	    !shrink(sa, &sa->sent_request, window_request_id(&sa->window), &set))
		return request;
	/* Without memory it goes out as it was. */
	if (window_reshape(&sa->window, bytes_slice(&set)) == 0)
		request = window_pending(&sa->window);
	bytes_done(&set);
	return request;
}

struct slice fragment_try_reply(struct ike_sa *sa, uint32_t message_id, struct slice reply)
{
	struct bytes set = { 0 };

	if (++sa->sent_reply.n_repeats % FRAGMENT_TRIES != 0 ||
	    !shrink(sa, &sa->sent_reply, message_id, &set))
		return reply;
	if (window_reshape_reply(&sa->window, bytes_slice(&set)) == 0)
		reply = window_reply(&sa->window);
	bytes_done(&set);
	return reply;
}

/* ---- receiving ---- */

static struct fragment fragment_of(const struct exchange *x)
{
	const struct pl_skf *skf = &x->msg.outer.skf;
	return (struct fragment){ .message_id = x->msg.header.message_id,
				  .exchange = x->msg.header.exchange,
				  .first_inner = skf->first_inner,
				  .number = skf->number,
				  .total = skf->total,
				  .hash = x->hash,
				  .datagram_bytes = x->datagram_len };
}

/* Who sends small datagrams has a reason to, and gets small ones (2.5.1). */
static void follow_size(struct ike_sa *sa, const struct assembly *a)
{
	size_t bytes = a->longest_bytes + ip_bytes(&sa->peer);
	if (a->total > 1 && bytes < sa->fragment_bytes)
		sa->fragment_bytes = (uint16_t)bytes;
}

static int complete(struct exchange *x, struct assembly *a, uint8_t *ret_type, const char **why)
{
	int r = assembly_join(a, &x->joined);
	if (r < 0)
		return -EBADMSG;
	uint8_t first = a->first_inner;
	x->hash = a->first_hash;
	if (x->trigger == ON_REQUEST)
		follow_size(x->sa, a);
	assembly_reset(a);
	x->engine->counters.n_reassembled++;
	return skf_join(&x->msg, bytes_slice(&x->joined), first, &x->arena, ret_type, why);
}

int fragment_take(struct exchange *x, uint8_t *ret_type, const char **why)
{
	struct ike_sa *sa = x->sa;
	struct fragment f = fragment_of(x);
	bool authentic;

	*why = "fragments were not agreed on";
	if (!sa || !sa->keys || !sa->fragment_bytes)
		return -EBADMSG;
	struct assembly *a = &sa->assembly[x->trigger == ON_RESPONSE];
	if (!assembly_wants(a, &f, why) ||
	    skf_open(&x->msg, x->datagram, &sa->keys->in, &f.content, &authentic, why) < 0)
		return -EBADMSG;
	x->engine->counters.n_fragments++;
	int r = assembly_add(a, &f);
	*why = r == -E2BIG ? "too many fragments" : "out of memory";
	if (r < 0)
		return r == -E2BIG ? r : -EBADMSG;
	return r == 0 ? -EINPROGRESS : complete(x, a, ret_type, why);
}

void fragment_refused(struct ike_sa *sa)
{
	struct reason reason;
	bool half_open = sa->state == IKE_HALF_OPEN;

	reason_set(&reason, REASON_OVERLOAD, "SKF");
	reason_ours(&reason, "at most %d fragments and %d bytes", LIMIT_FRAGMENTS,
		    LIMIT_RECEIVE_BYTES);
	refusal_add(sa->engine, ike_sa_remote(sa), &sa->peer, half_open, &reason,
		    "the peer's message has too many fragments");
	if (half_open)
		dispatch_trigger(sa, ON_TERMINATE);
}

static bool is_first_again(struct exchange *x, const struct ike_sa *sa)
{
	const char *why;
	uint8_t type;
	struct slice content;
	bool authentic;
	struct ike_header h = x->msg.header;

	return msg_parse(slice_of(x->datagram, x->datagram_len), &h, &x->arena, &x->msg, &type,
			 &why) == 0 &&
	       payload_has(&x->msg.outer, PL_SKF) && x->msg.outer.skf.number == 1 &&
	       skf_open(&x->msg, x->datagram, &sa->keys->in, &content, &authentic, &why) == 0;
}

bool fragment_asks_again(struct ike_sa *sa, const struct udp_packet *p, const struct ike_header *h)
{
	if (!sa->keys || !sa->fragment_bytes || h->next_payload != PL_SKF)
		return false;
	struct exchange *x = exchange_new(sa->engine, sa, ON_REQUEST, p);
	if (!x)
		return false;
	x->msg.header = *h;
	bool again = is_first_again(x, sa);
	exchange_free(x);
	return again;
}
