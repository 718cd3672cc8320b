/* SPDX-License-Identifier: BSD-2-Clause */
/* The program, put together from its parts. */
#include "net/steer.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* RFC 7296 3.1; RFC 3948 2.2 */
enum {
	MARKER_BYTES = 4,
	AT_SPI_I = 0,
	AT_SPI_R = 8,
	AT_FLAGS = 19,
	FLAG_INITIATOR = 0x08,
};

/* Where a header of IP has its source address, and how many words that is. */
struct source {
	uint16_t family;
	uint32_t at, n_words;
};

static const struct source sources[] = { { AF_INET, 12, 1 }, { AF_INET6, 8, 4 } };

struct code {
	struct sock_filter *list;
	size_t n;
};

static void add(struct code *c, uint16_t code, uint32_t k)
{
	REQUIRE(c->n < STEER_PROGRAM_MAX);
	c->list[c->n++] = (struct sock_filter)BPF_STMT(code, k);
}

static void add_if(struct code *c, uint16_t test, uint32_t k, uint8_t yes, uint8_t no)
{
	REQUIRE(c->n < STEER_PROGRAM_MAX);
	c->list[c->n++] =
		(struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | test), k, yes, no);
}

static void load_word(struct code *c, uint32_t at)
{
	add(c, BPF_LD | BPF_W | BPF_ABS, at);
}

/* A number of what is in A, and the end. */
static void add_end(struct code *c, size_t n)
{
	add(c, BPF_ALU | BPF_MOD | BPF_K, (uint32_t)n);
	add(c, BPF_RET | BPF_A, 0);
}

static void add_by_spi(struct code *c, uint32_t at, size_t n)
{
	add(c, BPF_LD | BPF_B | BPF_ABS, at);
	add_end(c, n);
}

static void add_by_source(struct code *c, uint16_t family, size_t n)
{
	const struct source *s = family == AF_INET6 ? &sources[1] : &sources[0];
	uint32_t at = (uint32_t)SKF_NET_OFF + s->at;

	load_word(c, at);
	for (uint32_t i = 1; i < s->n_words; i++) {
		add(c, BPF_MISC | BPF_TAX, 0);
		load_word(c, at + 4 * i);
		add(c, BPF_ALU | BPF_XOR | BPF_X, 0);
	}
	add(c, BPF_ALU | BPF_MUL | BPF_K, ADDR_SPREAD_FACTOR);
	add(c, BPF_ALU | BPF_RSH | BPF_K, ADDR_SPREAD_SHIFT);
	add_end(c, n);
}

/* A load beyond the end of the datagram ends the program with 0. */
size_t steer_program(uint16_t family, bool natt, size_t n,
		     struct sock_filter ret[STEER_PROGRAM_MAX])
{
	struct code c = { .list = ret };
	uint32_t ike = natt ? MARKER_BYTES : 0;

	if (natt) {
		load_word(&c, 0);
		add_if(&c, BPF_JEQ, 0, 1, 0);
		add(&c, BPF_RET | BPF_K, 0);
	}
	add(&c, BPF_LD | BPF_B | BPF_ABS, ike + AT_FLAGS);
	add_if(&c, BPF_JSET, FLAG_INITIATOR, 3, 0);
	add_by_spi(&c, ike + AT_SPI_I, n);
	load_word(&c, ike + AT_SPI_R);
	add_if(&c, BPF_JEQ, 0, 0, 2);
	load_word(&c, ike + AT_SPI_R + 4);
	add_if(&c, BPF_JEQ, 0, 3, 0);
	add_by_spi(&c, ike + AT_SPI_R, n);
	add_by_source(&c, family, n);
	return c.n;
}

int steer_attach(int fd, uint16_t family, bool natt, size_t n)
{
	struct sock_filter list[STEER_PROGRAM_MAX];
	struct sock_fprog program = { .filter = list };

	program.len = (unsigned short)steer_program(family, natt, n, list);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}
