/* SPDX-License-Identifier: BSD-2-Clause */
/* A token bucket: so many at once, then one each interval. */
#ifndef TANUKI_IKE_BUCKET_H
#define TANUKI_IKE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	int64_t burst, interval_ms;
	int64_t full_at_ms; /* when all tokens are back */
};

static inline struct bucket bucket_of(int64_t burst, int64_t interval_ms)
{
	return (struct bucket){ .burst = burst, .interval_ms = interval_ms };
}

/* So many each second; with 0 none at all. */
static inline struct bucket bucket_of_rate(int burst, int per_sec)
{
	return bucket_of(per_sec ? burst : 0, per_sec ? 1000 / per_sec : 1);
}

/* Takes a token; false if there is none now. */
static inline bool bucket_take(struct bucket *b, int64_t now_ms)
{
	int64_t from_ms = b->full_at_ms > now_ms ? b->full_at_ms : now_ms;
	if (from_ms + b->interval_ms > now_ms + b->burst * b->interval_ms)
		return false;
	b->full_at_ms = from_ms + b->interval_ms;
	return true;
}

#endif
