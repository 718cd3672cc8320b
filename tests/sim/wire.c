/* SPDX-License-Identifier: BSD-2-Clause */
/* The network between two engines. */
#include "sim/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NATT_PORT = 4500, IKE_PORT = 500 };

struct prng prng_of(uint64_t seed)
{
	/* splitmix64: seeds that follow each other give unrelated streams */
	uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (struct prng){ .state = z ? z : 1 };
}

uint64_t prng_next(struct prng *p)
{
	p->state ^= p->state >> 12;
	p->state ^= p->state << 25;
	p->state ^= p->state >> 27;
	return p->state * UINT64_C(2685821657736338717);
}

uint32_t prng_below(struct prng *p, uint32_t n)
{
	return (uint32_t)((prng_next(p) >> 32) % n);
}

bool prng_percent(struct prng *p, uint32_t percent)
{
	return prng_below(p, 100) < percent;
}

struct flight {
	struct list node;
	struct wire *wire;
	struct loop_timer *timer;
	struct addr from, to;
	size_t len;
	uint8_t bytes[];
};

static bool same_host(const struct addr *a, const struct addr *b)
{
	return addr_is_set(b) && addr_eq(a, b);
}

bool wire_leads(const struct wire *w, struct addr *from, struct addr *to)
{
	const struct wire_options *o = &w->options;
	if (same_host(from, &o->nat_inside)) {
		uint16_t port = from->port;
		*from = o->nat_outside;
		from->port = (uint16_t)(port + o->nat_shift);
	}
	if (same_host(to, &o->nat_outside)) {
		uint16_t port = to->port;
		*to = o->nat_inside;
		/* from outside nothing but answers finds its way: 500 and 4500 are forwarded */
		to->port = port < o->nat_shift ? port : (uint16_t)(port - o->nat_shift);
		return to->port == IKE_PORT || to->port == NATT_PORT;
	}
	return true;
}

bool wire_end_has(const struct wire_end *end, const struct addr *a)
{
	for (size_t i = 0; i < N_ELEMENTS(end->more); i++)
		if (same_host(a, &end->more[i]))
			return true;
	return same_host(a, &end->addr);
}

static void land(struct flight *f)
{
	list_remove(&f->node);
	f->wire->n_flying--;
	loop_timer_free(f->timer);
	free(f);
}

static void on_arrival(void *arg)
{
	struct flight *f = arg;
	struct wire *w = f->wire;
	for (size_t i = 0; i < N_ELEMENTS(w->ends); i++) {
		struct wire_end *end = &w->ends[i];
		const struct udp_packet p = { .local = f->to,
					      .peer = f->from,
					      .bytes = slice_of(f->bytes, f->len),
					      .natt = f->to.port == NATT_PORT };
		if (wire_end_has(end, &f->to) && end->receive)
			end->receive(end->arg, &p);
	}
	land(f);
}

void wire_inject(struct wire *w, const struct addr *from, const struct addr *to, struct slice bytes,
		 int64_t delay_ms)
{
	struct flight *f = malloc(sizeof(*f) + bytes.len);
	if (!f)
		return;
	*f = (struct flight){ .wire = w, .from = *from, .to = *to, .len = bytes.len };
	memcpy(f->bytes, bytes.p, bytes.len);
	if (!wire_leads(w, &f->from, &f->to)) {
		free(f);
		return;
	}
	f->timer = loop_timer_new(w->loop, on_arrival, f);
	if (!f->timer) {
		free(f);
		return;
	}
	list_add(&w->flying, &f->node);
	w->n_flying++;
	loop_timer_arm(f->timer, delay_ms);
}

static int64_t random_delay_ms(struct wire *w)
{
	int64_t span_ms = w->options.delay_max_ms - w->options.delay_min_ms;
	return w->options.delay_min_ms +
	       (span_ms > 0 ? (int64_t)prng_below(w->prng, (uint32_t)span_ms + 1) : 0);
}

static struct wire_end *end_of(struct udp *u)
{
	return CONTAINER_OF(u, struct wire_end, udp);
}

static int end_send(struct udp *u, const struct addr *local, const struct addr *peer, bool natt,
		    struct slice bytes)
{
	struct wire_end *end = end_of(u);
	struct wire *w = end->wire;
	struct addr from = addr_is_set(local) ? *local : end->addr;
	if (!wire_end_has(end, &from))
		return -EADDRNOTAVAIL;
	uint8_t copy[8192];
	size_t len = bytes.len;

	if (len > sizeof(copy))
		return -EMSGSIZE;
	memcpy(copy, bytes.p, len);
	end->n_sent++;
	from.port = natt ? NATT_PORT : IKE_PORT;
	w->tap_from = from;
	w->tap_to = *peer;
	if (w->tap && !w->tap(w->tap_arg, end, copy, &len))
		return 0;
	if (w->path && !w->path(w->path_arg, &from, peer))
		return 0;
	if (prng_percent(w->prng, w->options.loss_percent))
		return 0;
	wire_inject(w, &from, peer, slice_of(copy, len), random_delay_ms(w));
	if (prng_percent(w->prng, w->options.duplicate_percent))
		wire_inject(w, &from, peer, slice_of(copy, len), random_delay_ms(w));
	return 0;
}

static int end_keepalive(struct udp *u, const struct addr *local, const struct addr *peer)
{
	(void)u;
	(void)local;
	(void)peer;
	return 0;
}

static int end_source(struct udp *u, const struct addr *peer, struct addr *ret_local)
{
	const struct wire_end *end = end_of(u);
	const struct addr *found = end->addr.family == peer->family ? &end->addr : NULL;
	for (size_t i = 0; i < N_ELEMENTS(end->more); i++)
		if (!found && addr_is_set(&end->more[i]) && end->more[i].family == peer->family)
			found = &end->more[i];
	if (!found)
		return -ENETUNREACH;
	*ret_local = *found;
	ret_local->port = IKE_PORT;
	return 0;
}

static const struct udp_ops end_ops = { .send = end_send,
					.keepalive = end_keepalive,
					.source = end_source };

void wire_init(struct wire *w, struct loop *l, struct prng *p, const struct wire_options *options)
{
	*w = (struct wire){ .loop = l, .prng = p, .options = *options };
	list_init(&w->flying);
	for (size_t i = 0; i < N_ELEMENTS(w->ends); i++) {
		w->ends[i].udp.ops = &end_ops;
		w->ends[i].wire = w;
	}
}

void wire_done(struct wire *w)
{
	struct flight *f;
	LIST_EACH(f, &w->flying, node)
		land(f);
}
