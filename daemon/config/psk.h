/* SPDX-License-Identifier: BSD-2-Clause */
/* psk.txt: "identity key" lines, as racoon reads them. */
#ifndef TANUKI_CONFIG_PSK_H
#define TANUKI_CONFIG_PSK_H

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/secret.h"
#include "config/config.h"

struct psk_table;

/*
 * Reads the file, which must be a regular one that only its owner (us) can read: -EPERM
 * otherwise; -EINVAL with "file:line: ..." for a bad line.  No key ever gets into err or a
 * warning.  *ret is untouched on failure.
 */
MUST_USE int psk_load(const char *path, const struct config_options *options,
		      struct psk_table **ret, struct err *err);
/* The same from memory; text is only read. */
MUST_USE int psk_parse(const char *name, const char *text, size_t len,
		       const struct config_options *options, struct psk_table **ret,
		       struct err *err);
/* Wipes the keys. */
void psk_free(struct psk_table *t);
size_t psk_count(const struct psk_table *t);
/*
 * The key of the first line whose identity is id (as text) or "*"; then, if addr is set, of
 * the first line for that address.  NULL: nobody has one.  Borrowed from the table.
 */
const struct secret *psk_find(const struct psk_table *t, const char *id, const struct addr *addr);

DEFINE_FREEP(struct psk_table, psk_free)

#endif
