/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of a script.  A command has room for every kind of key and address and is
 * mostly zero, so the list stores it as a bitmap, which of its 64-bit words are not zero, and
 * these words.
 */
#include "setkey.h"

#include "base/addr.h"
#include "base/fmt.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_BYTES = 64 * 1024,
	COMMAND_WORDS = sizeof(struct command) / sizeof(uint64_t),
	BITMAP_BYTES = (COMMAND_WORDS + CHAR_BIT - 1) / CHAR_BIT,
	RECORD_MAX_BYTES = BITMAP_BYTES + sizeof(struct command),
};

_Static_assert(sizeof(struct command) % sizeof(uint64_t) == 0, "a command is packed by words");

struct command_chunk {
	struct command_chunk *next;
	size_t used_bytes;
	uint8_t bytes[CHUNK_BYTES];
};

static const char *const words[] = {
	[COMMAND_ADD] = "add",
	[COMMAND_UPDATE] = "update",
	[COMMAND_GET] = "get",
	[COMMAND_GETSPI] = "getspi",
	[COMMAND_DELETE] = "delete",
	[COMMAND_DELETEALL] = "deleteall",
	[COMMAND_FLUSH] = "flush",
	[COMMAND_DUMP] = "dump",
	[COMMAND_SPDADD] = "spdadd",
	[COMMAND_SPDUPDATE] = "spdupdate",
	[COMMAND_SPDDELETE] = "spddelete",
	[COMMAND_SPDDUMP] = "spddump",
	[COMMAND_SPDFLUSH] = "spdflush",
	[COMMAND_EXIT] = "exit",
};

const char *command_word(enum command_kind kind)
{
	return words[kind];
}

static const char *address_text(const union keydb_addr *a, char *buf)
{
	struct addr addr;
	if (addr_from_sockaddr(&a->sa, sizeof(*a), &addr) < 0)
		memset(&addr, 0, sizeof(addr));
	return addr_text(&addr, buf);
}

static void add_sa_text(struct fmt *f, const struct keydb_sa_id *id)
{
	char src[ADDR_TEXT_MAX_BYTES], dst[ADDR_TEXT_MAX_BYTES];
	const char *proto = id->proto == KEYDB_PROTO_ESP  ? "esp"
			    : id->proto == KEYDB_PROTO_AH ? "ah"
							  : "ipcomp";
	fmt_add(f, " %s %s %s", address_text(&id->src, src), address_text(&id->dst, dst), proto);
	if (id->spi)
		fmt_add(f, " 0x%08x", id->spi);
}

static void add_policy_text(struct fmt *f, const struct keydb_policy *p)
{
	static const char *const dirs[] = { "in", "out", "fwd" };
	char src[ADDR_TEXT_MAX_BYTES], dst[ADDR_TEXT_MAX_BYTES];
	fmt_add(f, " %s/%u", address_text(&p->sel.src, src), p->sel.src_bits);
	if (!p->sel.src_port_any)
		fmt_add(f, "[%u]", p->sel.src_port);
	fmt_add(f, " %s/%u", address_text(&p->sel.dst, dst), p->sel.dst_bits);
	if (!p->sel.dst_port_any)
		fmt_add(f, "[%u]", p->sel.dst_port);
	if (p->sel.proto)
		fmt_add(f, " %u", p->sel.proto);
	else
		fmt_add(f, " any");
	fmt_add(f, " -P %s", p->dir < N_ELEMENTS(dirs) ? dirs[p->dir] : "?");
}

const char *command_text(const struct command *c, char *buf)
{
	struct fmt f = fmt_of(buf, COMMAND_TEXT_MAX_BYTES);
	fmt_add(&f, "%s", words[c->kind]);
	if (c->kind <= COMMAND_DELETEALL)
		add_sa_text(&f, &c->sa.id);
	else if (c->kind >= COMMAND_SPDADD && c->kind <= COMMAND_SPDDELETE)
		add_policy_text(&f, &c->policy);
	return buf;
}

/* ---- what a command asks for ---- */

struct keydb_op command_op(const struct command *c)
{
	struct keydb_op op = { .sa = &c->sa };
	switch (c->kind) {
	case COMMAND_ADD:
		op.kind = KEYDB_OP_SA_ADD;
		break;
	case COMMAND_UPDATE:
		op.kind = KEYDB_OP_SA_UPDATE;
		break;
	case COMMAND_DELETE:
		op.kind = KEYDB_OP_SA_DELETE;
		op.sa_id = &c->sa.id;
		break;
	case COMMAND_SPDADD:
		op.kind = KEYDB_OP_POLICY_ADD;
		op.policy = &c->policy;
		break;
	case COMMAND_SPDUPDATE:
		op.kind = KEYDB_OP_POLICY_UPDATE;
		op.policy = &c->policy;
		break;
	default:
		op.kind = KEYDB_OP_POLICY_DELETE;
		op.policy = &c->policy;
		break;
	}
	return op;
}

static bool same_address(const union keydb_addr *x, const union keydb_addr *y)
{
	struct addr a, b;
	return !addr_from_sockaddr(&x->sa, sizeof(*x), &a) &&
	       !addr_from_sockaddr(&y->sa, sizeof(*y), &b) && addr_eq(&a, &b);
}

bool command_matches_sa(const struct command *c, const struct keydb_sa *sa)
{
	return sa->id.proto == c->sa.id.proto && same_address(&sa->id.src, &c->sa.id.src) &&
	       same_address(&sa->id.dst, &c->sa.id.dst);
}

/* ---- the list ---- */

/* Writes c to out (RECORD_MAX_BYTES) and returns the number of bytes. */
static size_t pack(const struct command *c, uint8_t *out)
{
	const uint8_t *from = (const uint8_t *)c;
	size_t used = BITMAP_BYTES;
	memset(out, 0, BITMAP_BYTES);
	for (size_t i = 0; i < COMMAND_WORDS; i++) {
		uint64_t word;
		memcpy(&word, from + i * sizeof(word), sizeof(word));
		if (!word)
			continue;
		out[i / CHAR_BIT] |= (uint8_t)(1u << i % CHAR_BIT);
		memcpy(out + used, &word, sizeof(word));
		used += sizeof(word);
	}
	return used;
}

static size_t unpack(const uint8_t *in, struct command *ret)
{
	uint8_t *to = (uint8_t *)ret;
	size_t used = BITMAP_BYTES;
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < COMMAND_WORDS; i++) {
		if (!(in[i / CHAR_BIT] & 1u << i % CHAR_BIT))
			continue;
		memcpy(to + i * sizeof(uint64_t), in + used, sizeof(uint64_t));
		used += sizeof(uint64_t);
	}
	return used;
}

static int grow(struct command_list *l)
{
	struct command_chunk *chunk = malloc(sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	chunk->next = NULL;
	chunk->used_bytes = 0;
	if (l->last)
		l->last->next = chunk;
	else
		l->first = chunk;
	l->last = chunk;
	return 0;
}

int command_list_add(struct command_list *l, const struct command *c)
{
	if (!l->last || l->last->used_bytes + RECORD_MAX_BYTES > CHUNK_BYTES) {
		int rc = grow(l);
		if (rc)
			return rc;
	}
	l->last->used_bytes += pack(c, l->last->bytes + l->last->used_bytes);
	l->count++;
	return 0;
}

struct command_cursor command_list_start(const struct command_list *l)
{
	return (struct command_cursor){ .chunk = l->first };
}

struct command_cursor command_list_end(const struct command_list *l)
{
	return (struct command_cursor){ .chunk = l->last,
					.at_bytes = l->last ? l->last->used_bytes : 0 };
}

bool command_list_next(struct command_cursor *cursor, struct command *ret)
{
	while (cursor->chunk && cursor->at_bytes == cursor->chunk->used_bytes)
		*cursor = (struct command_cursor){ .chunk = cursor->chunk->next };
	if (!cursor->chunk)
		return false;
	cursor->at_bytes += unpack(cursor->chunk->bytes + cursor->at_bytes, ret);
	return true;
}

void command_list_done(struct command_list *l)
{
	for (struct command_chunk *c = l->first, *next; c; c = next) {
		next = c->next;
		explicit_bzero(c->bytes, c->used_bytes);
		free(c);
	}
	*l = (struct command_list){ 0 };
}
