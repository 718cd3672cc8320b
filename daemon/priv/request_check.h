/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a body what our own code could have sent?  NULL, or what is not; static.  Used by the table
 * of requests, and by tests.
 */
#ifndef TANUKI_PRIV_REQUEST_CHECK_H
#define TANUKI_PRIV_REQUEST_CHECK_H

#include "priv/request.h"

const char *request_check_sa(const struct keydb_sa *sa);
const char *request_check_policy(const struct keydb_policy *p);
const char *request_check_child(const void *body, struct slice extra);
const char *request_check_complete(const void *body, struct slice extra);
const char *request_check_move(const void *body, struct slice extra);
const char *request_check_remove(const void *body, struct slice extra);
const char *request_check_acquire(const void *body, struct slice extra);
const char *request_check_psk(const void *body, struct slice extra);
const char *request_check_sockets(const void *body, struct slice extra);
const char *request_check_result(const void *body, struct slice extra);
const char *request_check_auth(const void *body, struct slice extra);
const char *request_check_name(const void *body, struct slice extra);
const char *request_check_addresses(const void *body, struct slice extra);
const char *request_check_differences(const void *body, struct slice extra);

/* ---- inner addresses: request_check_inner.c ---- */

const char *request_check_lease_ask(const void *body, struct slice extra);
const char *request_check_lease(const void *body, struct slice extra);
const char *request_check_leases(const void *body, struct slice extra);
const char *request_check_inner(const void *body, struct slice extra);
const char *request_check_names(const void *body, struct slice extra);

#endif
