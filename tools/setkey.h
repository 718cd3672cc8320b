/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setkey: manual keys and policies from a script.
 *
 *   text --lex--> tokens --parse--> list of commands --apply--> keydb (kernel)
 *
 * A script is parsed whole before its first command is done.  Scripts hold keys: texts,
 * commands and lists are wiped when they are no longer needed.
 */
#ifndef TANUKI_TOOLS_SETKEY_H
#define TANUKI_TOOLS_SETKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <keydb.h>

#include "base/attr.h"

/* ---- commands (setkey_list.c) ---- */

enum command_kind {
	COMMAND_ADD,
	COMMAND_UPDATE,
	COMMAND_GET,
	COMMAND_GETSPI,
	COMMAND_DELETE,
	COMMAND_DELETEALL,
	COMMAND_FLUSH,
	COMMAND_DUMP,
	COMMAND_SPDADD,
	COMMAND_SPDUPDATE,
	COMMAND_SPDDELETE,
	COMMAND_SPDDUMP,
	COMMAND_SPDFLUSH,
	COMMAND_EXIT,
};

/* Where it is in the script, both from 1. */
struct place {
	uint32_t line, column;
};

/* One command, ready to be done.  A name with several addresses makes several of them. */
struct command {
	enum command_kind kind;
	struct place at;
	union {
		/* ADD, UPDATE: whole; GET, DELETE: id; GETSPI: what the larval SA has, and the
		 * SPI or 0; DELETEALL: id without SPI; FLUSH, DUMP: id.proto */
		struct keydb_sa sa;
		struct keydb_policy policy; /* SPD* with a selector */
	};
};

enum { COMMAND_TEXT_MAX_BYTES = 256 };

/* The command without its keys, "add 192.0.2.1 192.0.2.2 esp 0x00000200", into buf. */
const char *command_text(const struct command *c, char *buf);
/* What to ask keydb for, with pointers into c; for those that touch one entry (add, update,
 * delete, spdadd, spdupdate, spddelete). */
struct keydb_op command_op(const struct command *c);
/* Is the SA one of those between the addresses of a "deleteall"?  Ports do not matter. */
bool command_matches_sa(const struct command *c, const struct keydb_sa *sa);
/* The word that starts it: "spdadd". */
const char *command_word(enum command_kind kind);

struct command_chunk;

/* Commands in their order, packed: some 200 bytes each instead of 1,400.  All zero is empty. */
struct command_list {
	struct command_chunk *first, *last;
	size_t count;
};

struct command_cursor {
	const struct command_chunk *chunk;
	size_t at_bytes;
};

/* Copies c; its unused bytes must be zero.  -ENOMEM leaves the list as it was. */
MUST_USE int command_list_add(struct command_list *l, const struct command *c);
struct command_cursor command_list_start(const struct command_list *l);
/* Where the next command will be added, for command_list_next(); chunk NULL is the start. */
struct command_cursor command_list_end(const struct command_list *l);
/* False at the end.  The caller wipes *ret when it held keys. */
bool command_list_next(struct command_cursor *cursor, struct command *ret);
/* Wipes and frees; the list is empty then. */
void command_list_done(struct command_list *l);

/* ---- messages about a script ---- */

struct script_message {
	const char *file; /* as the user named it */
	struct place at;  /* line 0: the whole script */
	bool is_warning;
	const char *text; /* borrowed; holds no key */
};

typedef void (*script_report_fn)(void *arg, const struct script_message *m);

struct script {
	const char *file;
	const char *text; /* borrowed, len bytes, need not end in zero */
	size_t len;
	struct place first; /* of the text's first byte */
	bool numeric;       /* never look a name up, as if each command had -n */
	script_report_fn report;
	void *report_arg;
};

/* ---- text to commands (setkey_parse.c) ---- */

/*
 * Parses the whole text and appends its commands to out.  Each mistake is reported with its
 * place, up to SCRIPT_ERRORS_MAX of them; then -EINVAL.  -ENOMEM.  On failure out may hold
 * commands and must not be applied.  Names are looked up, which can block.
 */
enum { SCRIPT_ERRORS_MAX = 20 };
MUST_USE int setkey_parse(const struct script *script, struct command_list *out);

/* ---- commands to the kernel (setkey_apply.c) ---- */

struct apply_options {
	bool rfc_mode;  /* each "in" policy gets a copy for forwarded packets */
	bool atomic;    /* after an error stop and undo what was done */
	bool verbose;   /* tells each command that was done, on stderr */
	bool show_dead; /* see struct print_options */
	bool hide_socket_policies;
	bool ports;
	bool json;
};

/*
 * Does the commands in order, bulk ones in batches, and goes on after an error unless atomic.  Each failure is
 * reported (script's file and reporter, the command's place).  Returns the number of failures.
 */
size_t setkey_apply(struct keydb *k, const struct script *script, const struct command_list *list,
		    const struct apply_options *options);

/* ---- entries to text (setkey_write.c) ---- */

/* Writes add, update, spdadd or spdupdate as one line of a script, keys included, to a FILE. */
void setkey_write_entry(void *file, const struct command *c);

/* ---- tables to text (setkey_print.c) ---- */

struct print_options {
	bool show_dead;            /* -a: also SAs that are dead */
	bool hide_socket_policies; /* -N */
	bool ports;                /* -p */
	bool json;                 /* --json: setkey_json.h instead of KAME's words */
};

/* Print the SAD (proto 0: all) or the SPD to stdout as KAME's setkey does, or as JSON, where an empty
 * table is no line at all. Negative errno. */
MUST_USE int setkey_print_sad(struct keydb *k, uint8_t proto, const struct print_options *options);
MUST_USE int setkey_print_spd(struct keydb *k, const struct print_options *options);
/* Whether packets are the kernel's own business or tanuki.ko's, to stdout.  Negative errno. */
MUST_USE int setkey_print_status(struct keydb *k, bool json);
/* One SA, the answer to "get". */
void setkey_print_sa(const struct keydb_sa *sa, const struct print_options *options);

#endif
