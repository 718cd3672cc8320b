/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: any sequence of authentic fragments.  Input: fragments, each message id, exchange,
 * number, total, length of its content (1 byte each), content.
 */
#include "ike/assembly.h"

#include <errno.h>

#include "base/log.h"
#include "ike/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void forget_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static void check(struct assembly *a, const size_t *stored_bytes, int result)
{
	struct bytes joined = { 0 };

	REQUIRE(*stored_bytes == a->bytes && a->n <= a->total && a->total <= LIMIT_FRAGMENTS);
	REQUIRE((a->total && a->n == a->total) == (result == 1));
	if (result != 1)
		return;
	REQUIRE(assembly_join(a, &joined) == 0 && joined.len == a->bytes);
	bytes_done(&joined);
	assembly_reset(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	struct loop *l = loop_new_virtual();
	size_t stored_bytes = 0;
	struct assembly a;
	const char *why;

	REQUIRE(l);
	log_set_sink(forget_line, NULL);
	assembly_init(&a, l, &stored_bytes);
	while (rd_left(&r) > 5) {
		struct fragment f = { .message_id = rd_u8(&r), .exchange = rd_u8(&r) };
		f.number = rd_u8(&r);
		f.total = rd_u8(&r);
		size_t len = rd_u8(&r);
		f.content = rd_slice(&r, len < rd_left(&r) ? len : rd_left(&r));
		/* what the parser and skf_open() let pass */
		if (f.number == 0 || f.number > f.total || f.content.len == 0)
			continue;
		if (assembly_wants(&a, &f, &why))
			check(&a, &stored_bytes, assembly_add(&a, &f));
		else
			REQUIRE(why != NULL);
	}
	assembly_done(&a);
	REQUIRE(stored_bytes == 0);
	loop_free(l);
	return 0;
}
