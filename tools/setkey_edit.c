/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal side of "setkey -c", with libedit. */
#include "setkey_edit.h"

#include "setkey.h"

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HISTORY_LINES = 500 };

struct editor {
	EditLine *line;
	History *history;
	bool is_more;
};

/* ---- completion ---- */

/* What may follow the word of a command. */
static const char *const words[] = {
	"esp",         "ah",           "ipcomp",
	"esp-udp",     "any",          "tcp",
	"udp",         "icmp",         "icmp6",
	"gre",         "-m",           "transport",
	"tunnel",      "beet",         "-r",
	"-u",          "-f",           "-lh",
	"-ls",         "-uh",          "-us",
	"-bh",         "-bs",          "-ph",
	"-ps",         "-esn",         "-if_id",
	"-mark",       "-output_mark", "-tfc",
	"-encap",      "-sel",         "-dev",
	"-offload",    "-ctx",         "-E",
	"-A",          "-C",           "-aead",
	"-icv",        "-P",           "in",
	"out",         "fwd",          "priority",
	"prio",        "ipsec",        "discard",
	"none",        "null",         "aes-cbc",
	"aes-ctr",     "aes-gcm-16",   "chacha20-poly1305",
	"hmac-sha1",   "hmac-sha256",  "hmac-sha384",
	"hmac-sha512", "deflate",
};

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ';' || c == '/';
}

/* The length that all words with this beginning have in common, and one of them. */
struct completion {
	const char *prefix;
	size_t len;
	const char *found;
	size_t common;
	size_t n;
};

static void consider(struct completion *c, const char *word)
{
	size_t same = c->len;
	if (strncmp(word, c->prefix, c->len) != 0)
		return;
	if (c->n++ == 0) {
		c->found = word;
		c->common = strlen(word);
		return;
	}
	while (same < c->common && word[same] == c->found[same])
		same++;
	c->common = same;
}

static void consider_all(struct completion *c, bool is_verb)
{
	for (int kind = 0; is_verb && kind <= COMMAND_EXIT; kind++)
		consider(c, command_word((enum command_kind)kind));
	for (size_t i = 0; !is_verb && i < N_ELEMENTS(words); i++)
		consider(c, words[i]);
}

/* The tabulator: as many letters as are certain, and a blank behind a word that is. */
static unsigned char complete(EditLine *line, int key)
{
	struct editor *e = NULL;
	const LineInfo *info = el_line(line);
	const char *begin = info->cursor, *first;
	char rest[64];
	(void)key;
	el_get(line, EL_CLIENTDATA, (void *)&e);
	while (begin > info->buffer && !is_separator(begin[-1]))
		begin--;
	for (first = begin; first > info->buffer && (first[-1] == ' ' || first[-1] == '\t');)
		first--;
	bool starts_command = first == info->buffer ? !e->is_more : first[-1] == ';';
	struct completion c = { .prefix = begin, .len = (size_t)(info->cursor - begin) };
	consider_all(&c, starts_command);
	if (!c.n || (c.common == c.len && c.n > 1))
		return CC_ERROR;
	snprintf(rest, sizeof(rest), "%.*s%s", (int)(c.common - c.len), c.found + c.len,
		 c.n == 1 ? " " : "");
	return el_insertstr(line, rest) ? CC_ERROR : CC_REFRESH;
}

/* ---- the editor ---- */

static char *prompt(EditLine *line)
{
	static char first[] = "setkey> ", more[] = "      > ";
	struct editor *e = NULL;
	el_get(line, EL_CLIENTDATA, (void *)&e);
	return e->is_more ? more : first;
}

static bool start_history(struct editor *e)
{
	HistEvent event;
	e->history = history_init();
	return e->history && history(e->history, &event, H_SETSIZE, HISTORY_LINES) >= 0 &&
	       history(e->history, &event, H_SETUNIQUE, 1) >= 0 &&
	       !el_set(e->line, EL_HIST, history, e->history);
}

static bool start(struct editor *e)
{
	e->line = el_init("setkey", stdin, stdout, stderr);
	return e->line && !el_set(e->line, EL_CLIENTDATA, e) &&
	       !el_set(e->line, EL_PROMPT, prompt) && !el_set(e->line, EL_SIGNAL, 1) &&
	       !el_set(e->line, EL_EDITOR, "emacs") && start_history(e) &&
	       !el_wset(e->line, EL_ADDFN, L"setkey-complete", L"Complete a word", complete) &&
	       !el_set(e->line, EL_BIND, "^I", "setkey-complete", NULL);
}

struct editor *editor_open(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return NULL;
	struct editor *e = calloc(1, sizeof(*e));
	if (e && !start(e)) {
		editor_close(e);
		return NULL;
	}
	return e;
}

void editor_close(struct editor *e)
{
	if (!e)
		return;
	if (e->line)
		el_end(e->line);
	if (e->history)
		history_end(e->history);
	free(e);
}

ssize_t editor_line(struct editor *e, bool is_more, const char **ret)
{
	HistEvent event;
	int len = 0;
	e->is_more = is_more;
	errno = 0;
	const char *line = el_gets(e->line, &len);
	if (!line || len < 0)
		return len < 0 ? (errno ? -errno : -EIO) : 0;
	if (len > 1)
		(void)history(e->history, &event, H_ENTER, line);
	*ret = line;
	return len;
}
