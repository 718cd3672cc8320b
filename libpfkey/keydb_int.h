/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a handle: a transport carries the model to the kernel. */
#ifndef LIBPFKEY_KEYDB_INT_H
#define LIBPFKEY_KEYDB_INT_H

#include <keydb.h>

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum { KEYDB_ERROR_MAX_BYTES = 192, KEYDB_REPLY_TIMEOUT_MS = 5000 };

struct keydb {
	const struct keydb_transport *transport;
	void *state; /* the transport's */
	char error[KEYDB_ERROR_MAX_BYTES];
};

/*
 * How the model reaches the kernel.  Every function is called with arguments that keydb.c has
 * looked at no further than their types; they behave as their namesakes of keydb.h.
 */
struct keydb_transport {
	const char *name;
	int (*open)(struct keydb *k);
	void (*close)(struct keydb *k);
	int (*batch)(struct keydb *k, struct keydb_op *ops, size_t n);
	int (*sa_get)(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret);
	int (*sa_move)(struct keydb *k, const struct keydb_sa_move *m); /* NULL: it cannot */
	int (*sa_dump)(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg);
	int (*sa_flush)(struct keydb *k, uint8_t proto);
	int (*policy_get)(struct keydb *k, const struct keydb_policy *p, struct keydb_policy *ret);
	int (*policy_dump)(struct keydb *k, keydb_policy_fn fn, void *arg);
	int (*policy_flush)(struct keydb *k);
	int (*data_path)(struct keydb *k, struct keydb_data_path *ret); /* NULL: the kernel's */
	int (*spi_alloc)(struct keydb *k, const struct keydb_sa *larval, uint32_t min, uint32_t max,
			 struct keydb_sa *ret);
	int (*events_open)(uint32_t mask, struct keydb_events **ret);
};

/* Embedded as the first member by a transport's own events. */
struct keydb_events {
	int fd;
	const void *message; /* behind the latest event, borrowed from the transport's part */
	size_t message_len;
	int (*next)(struct keydb_events *e, struct keydb_event *ret);
	void (*close)(struct keydb_events *e);
};

/* events.c, events_pfkey.c */
int keydb_events_netlink_open(uint32_t mask, struct keydb_events **ret);
int keydb_events_pfkey_open(uint32_t mask, struct keydb_events **ret);

extern const struct keydb_transport keydb_transport_netlink, keydb_transport_pfkey;

/*
 * transport_netlink.c, for a handle of that transport: if tanuki.ko has the policy, the kernel
 * gets it (whose migration does not move SAs of another if_id).  0 also if there is none.
 */
int keydb_netlink_give_back(struct keydb *k, const struct keydb_policy *p);

/*
 * What LIBPFKEY_TRANSPORT chooses: "netlink", "pfkey", or "auto" as without it: netlink, else
 * PF_KEY.  *ret_other is what to try when *ret is -EPROTONOSUPPORT, or NULL.  -EINVAL for any
 * other word.
 */
int keydb_transport_choose(const struct keydb_transport **ret,
			   const struct keydb_transport **ret_other);

/* spi.c: gives each "unique" request without a reqid one of its own.  -EIO. */
int keydb_policy_set_reqids(struct keydb_policy *p);

/* error.c */

/* "errno's text: words", or without words the text alone; error is negative. */
void keydb_error_text(char *buf, size_t size, int error, const char *words);
/* Sets what keydb_error() says and returns error, so that "return keydb_error_set(...)" works. */
int keydb_error_set(struct keydb *k, int error, const char *words);

#endif
