/* SPDX-License-Identifier: BSD-2-Clause */
/* What setkey's command line says. */
#ifndef TANUKI_TOOLS_SETKEY_ARGS_H
#define TANUKI_TOOLS_SETKEY_ARGS_H

#include "setkey.h"

enum mode {
	MODE_NONE,
	MODE_HELP,
	MODE_VERSION,
	MODE_FILE,    /* -f */
	MODE_STDIN,   /* -c */
	MODE_FROM_IP, /* --from-ip-xfrm */
	MODE_SHOW,    /* dump files */
	MODE_DUMP,    /* -D */
	MODE_FLUSH,   /* -F */
	MODE_WATCH,   /* -x */
	MODE_STATUS,  /* --status */
};

struct arguments {
	enum mode mode;
	const char *file;   /* MODE_FILE; borrowed from argv */
	char **files;       /* MODE_FROM_IP, MODE_SHOW; borrowed from argv, ends with NULL */
	const char *layout; /* MODE_SHOW: a known name, or NULL: found out */
	bool policies;      /* -P */
	bool check_only;    /* -n, --check: parse, and leave the kernel alone */
	bool loop;          /* -l: the short list each second */
	bool epoch;         /* -xx: times in seconds since 1970 */
	bool hex;           /* -H: also the messages of events */
	bool diff, sync;    /* compare the kernel with the file; make it equal */
	bool compat;        /* --compat: KAME's exit codes */
	struct apply_options apply;
};

extern const char arguments_usage[];

/*
 * Fills *ret; what is wrong or does not fit together is told on stderr: -EINVAL, and then *ret
 * holds what was understood.  Changes getopt's state and the order of argv.
 */
MUST_USE int arguments_parse(struct arguments *ret, int argc, char **argv);

#endif
