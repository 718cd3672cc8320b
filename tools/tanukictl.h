/* SPDX-License-Identifier: BSD-2-Clause */
/* tanukictl's parts: the connection to the daemon, and tables for people. */
#ifndef TANUKI_TANUKICTL_H
#define TANUKI_TANUKICTL_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"

/* Exit statuses, also in tanukictl(8). */
enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3, EXIT_TIMEOUT = 4 };

/* ---- tanukictl_link.c ---- */

struct link;

/* -ECONNREFUSED, -ENOENT (nobody there), -EACCES; err says what to do about it. */
MUST_USE int link_open(const char *path, struct link **ret, struct err *err);
void link_close(struct link *l);
/* Sends one request; its reference is stolen. */
MUST_USE int link_send(struct link *l, json_t *request, struct err *err);
/*
 * Waits for the next line, at most so long (-1: for ever).  1 and a new reference in *ret, 0 if
 * the daemon closed the connection, -ETIMEDOUT, -EBADMSG (no JSON).
 */
MUST_USE int link_receive(struct link *l, int64_t timeout_ms, json_t **ret, struct err *err);

DEFINE_FREEP(struct link, link_close)

/* ---- tanukictl_table.c ---- */

enum { TABLE_COLUMNS_MAX = 12 };

/* Cells are copied; a row may have fewer than the head. */
struct table;

struct table *table_new(const char *const *head, size_t n);
/* n texts; NULL is printed as "-". */
void table_add(struct table *t, const char *const *cells, size_t n);
/* Left aligned, two blanks between columns, none at the end. */
void table_print(const struct table *t, FILE *out);
void table_free(struct table *t);

/* ---- tanukictl_show.c ---- */

void show_sas(const json_t *sas, FILE *out);
void show_peers(const json_t *peers, FILE *out);
void show_kernel(const json_t *kernel, FILE *out);
/* All parts of the answer together: an array of leases. */
void show_leases(const json_t *leases, FILE *out);
void show_status(const json_t *status, FILE *out);
/* "59s", "12m", "3h 5m", "2d 4h" into buf, returned. */
enum { SHOW_AGE_MAX_BYTES = 48 };
const char *show_age(int64_t ms, char *buf);

#endif
