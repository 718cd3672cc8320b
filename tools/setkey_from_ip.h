/* SPDX-License-Identifier: BSD-2-Clause */
/* What "ip xfrm state" and "ip xfrm policy" of iproute2 print, as a script of setkey. */
#ifndef TANUKI_TOOLS_SETKEY_FROM_IP_H
#define TANUKI_TOOLS_SETKEY_FROM_IP_H

#include "setkey.h"

/*
 * Reads listings (with or without -s, -d and -o, SAs and policies in any order) from input->text
 * and writes the commands that make the same entries to a FILE: SAs first, then policies, each
 * from the last to the first, because ip shows what is newest first.
 *
 * What setkey cannot say is left out as a whole: a comment in the script and an error through
 * input->report tell the line and why.  What is left out on purpose (larval SAs, policies of
 * sockets) has a comment only.  Each command is parsed again and compared before it is written.
 * Returns the number of errors, or -ENOMEM.
 */
MUST_USE int setkey_from_ip(const struct script *input, void *file);

#endif
