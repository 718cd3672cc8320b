/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's tables; private to this folder. */
#ifndef TANUKI_IKE_ENGINE_INT_H
#define TANUKI_IKE_ENGINE_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "ike/bucket.h"
#include "ike/cookie.h"
#include "ike/engine.h"
#include "ike/ike_sa.h"

struct child_sa;

struct engine {
	struct engine_ports ports;
	struct policy *policy;
	struct hash by_spi;      /* struct ike_sa.by_spi */
	struct hash by_init;     /* struct ike_sa.by_init */
	struct hash by_ids;      /* struct ike_sa.by_ids */
	struct hash children_in; /* struct child_sa.by_spi_in */
	size_t n_late;           /* children whose outbound SA waits */
	struct hash cpis_in;     /* struct child_sa.by_cpi_in */
	struct list sas;         /* in order of creation */
	struct list half_open;   /* struct ike_sa.half_open */
	size_t n_sas, n_half_open;
	uint64_t n_events; /* counts creations and establishments */
	uint8_t hash_key[16];
	struct cookie_jar cookies;
	struct policy_limits limits; /* this engine's share of the configured ones */
	struct bucket error_replies, refusal_logs;
	struct list refusals; /* struct refusal, oldest first */
	size_t n_refusals;
	size_t fragments_bytes; /* stored by all assemblies */
	struct list keepups;    /* struct keepup: what is to be up always */
	struct list gathers;    /* struct gather */
	struct list lookups;    /* struct lookup */
	struct list removals;   /* struct removal: could not be asked for yet */
	struct loop_timer *removal_timer;
	struct addr addresses[LIMIT_LOCAL_ADDRS]; /* of this machine */
	size_t n_addresses;
	struct loop_timer *look_around;
	/* config_payload.c */
	struct list inner_memories, releases;
	struct loop_timer *release_timer;
	uint64_t n_holders;
	struct engine_counters counters;
	/* stopping */
	bool stopping;
	engine_done_fn stop_done;
	void *stop_arg;
	struct loop_timer *stop_timer;
};

static inline int64_t engine_now_ms(const struct engine *e)
{
	return loop_now_ms(e->ports.loop);
}

/*
 * Key of by_init: where an IKE_SA_INIT request came from and its whole message (2.1), so that
 * somebody else's message with the same SPIi does not stand in the way of the true one.
 */
uint64_t engine_init_key(const struct engine *e, const struct addr *peer, uint64_t message_hash);
/* An ESP SPI of ours that no child of this engine has; -EIO, -EAGAIN. */
MUST_USE int engine_new_esp_spi(struct engine *e, uint32_t *ret);

/*
 * The one record of a refusal, and its memory.  remote: entry's name or NULL.  anybody: the
 * other side has proven nothing, so records are rate limited.
 */
void refusal_add(struct engine *e, const char *remote, const struct addr *peer, bool anybody,
		 const struct reason *r, const char *story);
/* A try of ours with this entry failed less than LIMIT_REFUSED_QUIET_MS ago. */
bool refusal_is_fresh(struct engine *e, const char *remote);
/* The peer came up: its refusals are history. */
void refusal_forget(struct engine *e, const char *remote);
void refusal_forget_all(struct engine *e);

/* An SA is gone: is engine_stop() done? */
void engine_check_stopped(struct engine *e);

/* Starts a negotiation for a wish; done may be NULL. 0, 1 (up already) or negative errno. */
MUST_USE int initiate_wish(struct engine *e, const struct wish *wish, engine_done_fn done,
			   void *arg, struct err *err);
/* Another IKE SA for it, whatever is there; *ret is in IKE_INIT_SENT. */
MUST_USE int initiate_begin(struct engine *e, const struct wish *wish, struct ike_sa **ret,
			    struct err *err);
/*
 * There was no answer: what this SA was made for is tried at the next address of its entry, and those
 * who wait for it wait for that.  False: there is none left.
 */
bool initiate_elsewhere(struct ike_sa *sa);
/* From an ACQUIRE of the kernel. */
void initiate_acquire(struct engine *e, const struct keydb_event *event);
/* Is it one of this machine's? */
bool engine_has_address(const struct engine *e, const struct addr *a);
/* The kernel does not wait for what this wish asked for any more: it may ask again.  Once. */
void initiate_drop_acquire(struct engine *e, struct wish *w);
/* A child of this entry that is up, at this peer (any, if peer is NULL); NULL: none. */
const struct child_sa *initiate_find_up(const struct engine *e, const struct child_config *child,
					const struct addr *peer);

/* ---- keepup.c: what is to be up always (INITIATE_AT_START) ---- */

void keepup_start(struct engine *e);
void keepup_stop(struct engine *e);
/* Something for this entry is up; is down or did not come up: then it is tried again. */
void keepup_child_up(struct engine *e, const struct child_config *child);
void keepup_child_down(struct engine *e, const struct child_config *child, bool by_command);

#endif
