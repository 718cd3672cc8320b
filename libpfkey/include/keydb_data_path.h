/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose the OUT policies are: the kernel's own, or those of tanuki.ko, which knows its policies by
 * a tag in if_id (tanuki(4)).
 *
 * Where the module is there, keydb's policies over netlink go to it, unless they have an if_id, a
 * security context, a mode that it does not have, or belong to the sub policies.  What is shown
 * has no tag in if_id.  An update moves a policy that the kernel has; get and delete find a policy
 * wherever it is, and add gives -EEXIST wherever it is.
 *
 * In dumps and answers keydb_policy.tag is the tag of a policy that the module has, 0 for the
 * kernel's; stray is one that the kernel has although it should be the module's.
 */
#ifndef KEYDB_DATA_PATH_H
#define KEYDB_DATA_PATH_H

#include <stdint.h>

enum { KEYDB_WHOSE_MAX_BYTES = 8 };

struct keydb_data_path {
	uint32_t tag;        /* 0: the module is not there, or the transport has no if_id */
	uint32_t n_out;      /* OUT policies of the namespace; over PF_KEY 0 */
	uint32_t n_policies; /* the module has so many of them */
	char esp[KEYDB_WHOSE_MAX_BYTES], ah[KEYDB_WHOSE_MAX_BYTES]; /* "own", "core", "lost", "" */
};

#endif
