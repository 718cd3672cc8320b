/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * racoon.conf: text -> statements -> policy snapshot, and back.
 *
 * An unknown word is an error that names file, line, column and the nearest known word.
 * A word that racoon had and that has no meaning here is accepted with a warning; one
 * whose loss would change what is protected is refused.
 */
#ifndef TANUKI_CONFIG_CONFIG_H
#define TANUKI_CONFIG_CONFIG_H

#include <stdio.h>

#include "base/attr.h"
#include "base/err.h"
#include "policy/policy.h"

/* Called for each warning, "file:line:column: text", borrowed for the call. */
typedef void (*config_warn_fn)(void *arg, const char *text);

/* What an empty configuration means; the schema's table says the same to people. */
#define CONFIG_PSK_PATH "/etc/racoon/psk.txt"
#define CONFIG_CONTROL_PATH "/run/tanukid/tanukid.sock"

struct config_options {
	config_warn_fn warn; /* may be NULL */
	void *warn_arg;
};

/*
 * Reads the file (and what it includes) into a new snapshot; -EINVAL and the errno values of
 * reading files, with err filled.  *ret is untouched on failure.
 */
MUST_USE int config_load(const char *path, const struct config_options *options,
			 struct policy **ret, struct err *err);

/* The same from memory; name stands for the file in messages, len bytes of text. */
MUST_USE int config_parse(const char *name, const char *text, size_t len,
			  const struct config_options *options, struct policy **ret,
			  struct err *err);

/* Prints the effective configuration, defaults included; it parses to the same snapshot. */
void config_print(const struct policy *policy, FILE *out);

#endif
