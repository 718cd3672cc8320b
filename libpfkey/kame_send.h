/* SPDX-License-Identifier: BSD-2-Clause */
/* A PF_KEY message being written for the KAME interface: what the caller says goes out as it is. */
#ifndef LIBPFKEY_KAME_SEND_H
#define LIBPFKEY_KAME_SEND_H

#include "kame_int.h"

#include <stdbool.h>
#include <stddef.h>

enum { KAME_MESSAGE_MAX_BYTES = 16384 };

/* Sticky: after the first failure, which sets ipsec_strerror(), nothing more is written. */
struct kame_msg {
	uint8_t buf[KAME_MESSAGE_MAX_BYTES];
	size_t used;
	bool bad;
};

void kame_begin(struct kame_msg *m, u_int type, u_int satype, uint32_t seq);
/* Bytes, then zeroes up to a multiple of 8. */
void kame_put(struct kame_msg *m, const void *data, size_t len);
/* An extension: its head of head_len bytes (length and type are set here), then its tail. */
void kame_put_ext(struct kame_msg *m, u_int type, const void *head, size_t head_len,
		  const void *tail, size_t tail_len);
void kame_put_addr(struct kame_msg *m, u_int type, const struct sockaddr *sa, u_int prefixlen,
		   u_int proto);
void kame_bad(struct kame_msg *m, enum kame_error error, const char *detail);
/* Writes the length into the header, for who looks at the message before it is sent. */
void kame_set_length(struct kame_msg *m);
/* Sends and wipes it: the number of bytes, or -1. */
int kame_finish(int so, struct kame_msg *m);

/* 32, 128, or 0 for a family that PF_KEY does not have. */
u_int kame_family_bits(const struct sockaddr *sa);

#endif
