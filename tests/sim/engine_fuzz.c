/* SPDX-License-Identifier: BSD-2-Clause */
/* Any datagram, to an engine that waits for first messages. */
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void forget_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sim_options o = { .seed = 1 };
	log_set_sink(forget_line, NULL);
	struct sim *s = sim_new(&o);
	struct addr from = s->wire.ends[SIM_A].addr, to = s->wire.ends[SIM_B].addr;

	from.port = to.port = 500;
	wire_inject(&s->wire, &from, &to, slice_of(data, size), 1);
	sim_run(s, 10);
	sim_free(s);
	return 0;
}
