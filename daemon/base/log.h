/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structured log: one record per decision, a stable event name and typed fields.
 * Printed as logfmt on stderr ("level=info event=ike_sa_up peer=192.0.2.1 ...").
 * There is no field type for secrets; text from peers is escaped and cut.
 */
#ifndef TANUKI_BASE_LOG_H
#define TANUKI_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/wire.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTIFY, LOG_INFO, LOG_DEBUG, LOG_DEBUG2 };

enum log_kind { LOG_F_STR, LOG_F_INT, LOG_F_HEX32, LOG_F_HEX64, LOG_F_ADDR, LOG_F_BYTES };

struct log_field {
	const char *key;
	enum log_kind kind;
	union {
		const char *str; /* NULL: the field is left out */
		int64_t num;
		const struct addr *addr; /* with its port if it has one */
		struct slice bytes;      /* hex, cut after 32 bytes */
	};
};

/* clang-format off */
#define F_STR(k, v) { .key = (k), .kind = LOG_F_STR, .str = (v) }
#define F_INT(k, v) { .key = (k), .kind = LOG_F_INT, .num = (int64_t)(v) }
#define F_SPI32(k, v) { .key = (k), .kind = LOG_F_HEX32, .num = (int64_t)(uint32_t)(v) }
#define F_SPI64(k, v) { .key = (k), .kind = LOG_F_HEX64, .num = (int64_t)(v) }
#define F_ADDR(k, v) { .key = (k), .kind = LOG_F_ADDR, .addr = (v) }
#define F_BYTES(k, v) { .key = (k), .kind = LOG_F_BYTES, .bytes = (v) }
/* clang-format on */

/* LOG(INFO, "ike_sa_up", F_ADDR("peer", &sa->peer), F_SPI64("spi_i", sa->spi_i)); */
#define LOG(level, event, ...)                                                     \
	log_write(LOG_##level, (event), (const struct log_field[]){ __VA_ARGS__ }, \
		  sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);
/* Records above this level are dropped; default LOG_INFO. */
void log_set_level(enum log_level level);
enum log_level log_level_now(void);
/* Sets the name that each line of this process carries (proc=...); borrowed, static. */
void log_set_process(const char *name);
/*
 * Sends records to fn instead of stderr (tests, the control socket's event stream); line
 * is without a newline and borrowed for the call.  NULL restores stderr.
 */
typedef void (*log_sink_fn)(void *arg, enum log_level level, const char *line);
void log_set_sink(log_sink_fn fn, void *arg);

#endif
