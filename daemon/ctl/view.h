/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon shows, as JSON (protocol version 1: members are only ever added). */
#ifndef TANUKI_CTL_VIEW_H
#define TANUKI_CTL_VIEW_H

#include <jansson.h>

#include "ctl/ctl.h"

/* New references; NULL without memory. */
json_t *view_sas(const struct engine *e);
json_t *view_peers(const struct engine *e, const struct policy *policy);
json_t *view_kernel(const struct ctl_kernel *k);
json_t *view_leases(const struct ctl_leases *l);
json_t *view_status(const struct ctl_ports *ports);

#endif
