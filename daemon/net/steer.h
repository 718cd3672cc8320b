/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of several engines a datagram is for.  Their sockets of one address and port are a
 * SO_REUSEPORT group, in the order of their numbers, and the kernel runs a program over each
 * datagram that chooses one of them:
 *
 *	for the responder of an IKE SA   the first byte of the responder's SPI
 *	for the initiator                the first byte of the initiator's SPI
 *	without a responder's SPI        the source address (addr_spread())
 *
 * That byte of an SPI of ours is its engine's number.  The first message of a peer has no SPI of
 * ours; whatever is repeated of it, with a cookie or from another port, comes to the same engine.
 * What is not IKE (ESP, keepalives) is nothing that an engine sees: the first socket gets it.
 */
#ifndef TANUKI_NET_STEER_H
#define TANUKI_NET_STEER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"

enum { STEER_PROGRAM_MAX = 32 };

/*
 * Writes the program for a group of n sockets (1 to 256) of a family, with the non-ESP marker
 * if natt; its length.
 */
size_t steer_program(uint16_t family, bool natt, size_t n,
		     struct sock_filter ret[STEER_PROGRAM_MAX]);
/* Gives it to the group of a socket that is bound; 0 or negative errno. */
MUST_USE int steer_attach(int fd, uint16_t family, bool natt, size_t n);
/* The engine of a peer's first message: what the program computes from its address. */
static inline size_t steer_by_addr(const struct addr *peer, size_t n)
{
	return addr_spread(peer) % n;
}

#endif
