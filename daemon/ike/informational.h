/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IKE SA says by itself: deletes and liveness checks. */
#ifndef TANUKI_IKE_INFORMATIONAL_H
#define TANUKI_IKE_INFORMATIONAL_H

struct ike_sa;

/* If the window is free: sends what the SA wants to say next. */
void informational_next(struct ike_sa *sa);

#endif
