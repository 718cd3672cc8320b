/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One message (or a local event) on its way through a handler.  Handlers decode, decide,
 * and only then do: until a handler returns V_OK or V_DELETE it changed nothing in the SA.
 */
#ifndef TANUKI_IKE_EXCHANGE_H
#define TANUKI_IKE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/loop.h"
#include "crypto/prf.h"
#include "ike/child_sa.h"
#include "ike/cookie.h"
#include "ike/ike_sa.h"
#include "ike/limits.h"
#include "ike/nat.h"
#include "ike/reason.h"
#include "msg/grammar.h"
#include "msg/notify.h"
#include "msg/payload.h"
#include "msg/writer.h"

struct rule;
struct exchange;

enum verdict {
	V_OK,          /* done: the state becomes rule->on_ok */
	V_DELETE,      /* done, badly: the state becomes rule->on_fail, x->out goes out if set */
	V_REPLY_ERROR, /* requests: N(x->notify) is the answer, the state becomes rule->on_fail */
	V_DROP,        /* as if the message had never come */
	V_SUSPEND,     /* x->resume goes on when the keeper or the kernel answers */
};

/* What happens to an SA. */
enum trigger {
	ON_REQUEST,   /* a message with a request of the peer */
	ON_RESPONSE,  /* the response to our pending request */
	ON_START,     /* we want to initiate it */
	ON_SILENT,    /* no response to all attempts */
	ON_EXPIRE,    /* its time is over */
	ON_TERMINATE, /* command, reload, shutdown */
	ON_CREATE,    /* CREATE_CHILD_SA: sa->creates has something that is due */
	ON_REPLACED,  /* the peer has forgotten it: INITIAL_CONTACT on another SA */
};

/* Continues a suspended handler: result and data as the port gave them. */
typedef enum verdict (*resume_fn)(struct exchange *x, int result, struct slice data);

/* What handlers compute before they do anything; wiped when the exchange ends. */
struct work {
	struct ike_keys *keys;
	struct chosen chosen; /* IKE SA */
	struct nat nat;
	uint16_t fragment_bytes; /* of the SA to be: as there */
	struct secret octets;    /* what is signed or checked */
	uint8_t auth[PRF_MAX_BYTES];
	size_t auth_len;
	const struct peer_config *config;
	struct id local_id, peer_id;
	/* both nonces of the exchange that makes the child, and g^ir if it has a key exchange */
	struct slice nonce_i, nonce_r;
	struct secret shared;
	/* CREATE_CHILD_SA: what we add to it */
	uint8_t nonce[LIMIT_NONCE_MAX_BYTES];
	size_t nonce_len;      /* 0: it is another exchange */
	struct ke *ke;         /* NULL: no key exchange */
	struct child_ask *ask; /* initiator: what was asked for; of the SA */
	struct ike_sa *next; /* an IKE SA that replaces this one, in IKE_NEW; ours until the end */
	bool next_yields;    /* ... and is deleted, since the peer's replaces it too */
	struct create *created;   /* initiator: what is answered now; ours from then on */
	struct child_sa *old;     /* the child that is rekeyed, if it is still there; of the SA */
	uint32_t replaces;        /* its spi_in, 0: none is rekeyed */
	struct child_sa *child;   /* ours until the handler is done */
	struct inner_state inner; /* the same: inner addresses of the SA to be */
	int child_tries;
	uint16_t child_notify; /* responder: why there is no child, 0 = there is one */
	bool asks_single; /* initiator: there is none, but for the packet's addresses there would be */
	uint32_t orphan_spi; /* initiator: our SPI of a child that only the peer has */
	enum verdict (*after_child)(struct exchange *x);
};

struct exchange {
	struct engine *engine;
	struct ike_sa *sa; /* NULL until a request has made one */
	const struct rule *rule;
	enum trigger trigger;
	/* the message; none with local triggers */
	struct addr local, peer;
	bool natt;
	uint8_t *datagram; /* a copy of ours, decrypted in place */
	size_t datagram_len;
	uint64_t hash;       /* of the datagram as it came */
	struct bytes joined; /* the content of a message that came in fragments */
	struct arena arena;
	struct msg msg;
	const struct payload_set *pl; /* the payloads that count: inner if encrypted */
	struct grammar_result grammar;
	int fault; /* 0, or what parsing or grammar said */
	/* results */
	struct slice out;              /* reply or next request (its datagrams); empty: none */
	struct fragment_source source; /* of out, if that is long */
	struct bytes cut;              /* its fragments: out is then here */
	bool again;                    /* out replaces the request that was answered (2.6, 2.7) */
	uint16_t notify;
	uint8_t notify_data[COOKIE_BYTES];
	size_t notify_len;
	struct reason reason; /* code NONE: nothing was refused */
	resume_fn resume;
	struct loop_timer *limit; /* of a suspension */
	struct work work;
	uint8_t out_buf[LIMIT_MESSAGE_BYTES];
};

/* sa may be NULL; packet NULL for local triggers.  NULL without memory. */
struct exchange *exchange_new(struct engine *e, struct ike_sa *sa, enum trigger trigger,
			      const struct udp_packet *packet);
/* Ends it; a port's answer that is still to come is forgotten. */
void exchange_free(struct exchange *x);

/* Starts a message of the SA in x->out_buf: opened with SK if the SA (or x->work) has keys. */
void exchange_begin_reply(struct exchange *x, struct msg_writer *mw);
void exchange_begin_request(struct exchange *x, struct msg_writer *mw, uint8_t exchange_type,
			    uint32_t id);
/* Ends it into x->out.  0, or negative errno (then x->out is empty). */
MUST_USE int exchange_end(struct exchange *x, struct msg_writer *mw);
/* Gives x->out to the window: sent, and again until it is answered.  As window_request(). */
MUST_USE int exchange_send_request(struct exchange *x);
/* A reply without payloads. */
MUST_USE int exchange_reply_empty(struct exchange *x);
/* A reply that is one notify. */
MUST_USE int exchange_reply_notify(struct exchange *x, uint16_t notify, struct slice data);

/* For handlers: "return exchange_refuse(x, N_...)" after x->reason was filled. */
enum verdict exchange_refuse(struct exchange *x, uint16_t notify);
/* Asks the keeper or the kernel; fn gets the answer.  V_SUSPEND, or fn's verdict at once if the
 * request could not be made. */
enum verdict exchange_sign(struct exchange *x, const struct keeper_key *key, resume_fn fn);
enum verdict exchange_verify(struct exchange *x, const struct keeper_key *key, struct slice auth,
			     resume_fn fn);
enum verdict exchange_install(struct exchange *x, const struct kernel_child *child, resume_fn fn);
/* fn gets the addresses as bytes. */
enum verdict exchange_lease(struct exchange *x, const struct lease_ask *ask, resume_fn fn);
enum verdict exchange_inner_set(struct exchange *x, const struct inner_set *set, resume_fn fn);

#endif
