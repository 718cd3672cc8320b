/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which data path OUT policies take: the kernel's own, or that of tanuki.ko (tanuki(4)), whose
 * policies carry its tag as their if_id.
 *
 * Without the module the kernel ignores a tagged policy, and packets pass in the clear.  So its
 * file /proc/net/tanuki_stat is kept open from before the first tagged policy on: whoever has it
 * open holds the module.
 */
#ifndef LIBPFKEY_DATA_PATH_H
#define LIBPFKEY_DATA_PATH_H

#include <keydb.h>

struct data_path {
	int fd; /* of the module's file; -1: not found so far */
	uint32_t tag;
};

#define DATA_PATH_NONE ((struct data_path){ .fd = -1 })

void data_path_close(struct data_path *d);
/*
 * The module's tag, or 0 if it is not there.  Once it is there it stays, and so does the tag.
 * A process that may not open files any more asks once before.
 */
uint32_t data_path_tag(struct data_path *d);
/* What the module says now; without it *ret is zero.  Negative errno. */
int data_path_read(struct data_path *d, struct keydb_data_path *ret);
/*
 * The content of the file: lines of a name, blanks and a value, of which others than ours are
 * skipped.  -EBADMSG if a line of ours is missing or has no value of its kind.
 */
int data_path_parse(const char *text, size_t len, struct keydb_data_path *ret);

/*
 * Is it a policy that either data path may have, going by its name (selector, direction, if_id)?
 * An if_id that somebody chose, sub policies and security labels are the kernel's alone.
 */
bool data_path_may_tag(const struct keydb_policy *p);
/* Can the module do it?  Then that is where it belongs, as long as the module is there. */
bool data_path_wants(const struct keydb_policy *p);
/* A policy as the kernel has it, as who wrote it knows it: the tag leaves if_id for p->tag. */
void data_path_show(uint32_t tag, struct keydb_policy *p);
/* The same for an event with a policy in it. */
void data_path_show_event(struct data_path *d, struct keydb_event *e);

#endif
