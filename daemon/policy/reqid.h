/* SPDX-License-Identifier: BSD-2-Clause */
/* Reqids: by which a policy in the kernel names the SAs that its packets go through. */
#ifndef TANUKI_POLICY_REQID_H
#define TANUKI_POLICY_REQID_H

#include <stdint.h>

/*
 * A reqid > 0x3fff scattered over its range by a hash of both names; the same in every run.  It is
 * the first of POLICY_REQID_VARIANTS: the traps of an entry have it, and the child that carries all
 * of the entry's traffic.  A child that was narrowed gets one of the others: by the same reqid the
 * kernel would lead to it what the peer has not agreed to.
 */
enum { POLICY_REQID_VARIANTS = 256 };
uint32_t policy_reqid(const char *peer_name, const char *child_name);
/* The entry's own reqid of any of its variants; those of setkey's hands are nobody's variants. */
uint32_t policy_reqid_base(uint32_t reqid);

#endif
