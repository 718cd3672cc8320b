/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing messages, and those that are little more than a header. */
#include "kame_send.h"
#include "kame_session.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void kame_bad(struct kame_msg *m, enum kame_error error, const char *detail)
{
	if (!m->bad)
		kame_fail(error, detail);
	m->bad = true;
}

void kame_put(struct kame_msg *m, const void *data, size_t len)
{
	size_t whole = (len + 7) & ~(size_t)7;
	if (len > sizeof(m->buf) || whole > sizeof(m->buf) - m->used)
		kame_bad(m, KAME_NO_BUFS, "message too long");
	if (m->bad)
		return;
	if (len)
		memcpy(m->buf + m->used, data, len);
	memset(m->buf + m->used + len, 0, whole - len);
	m->used += whole;
}

void kame_begin(struct kame_msg *m, u_int type, u_int satype, uint32_t seq)
{
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = (uint8_t)type,
		.sadb_msg_satype = (uint8_t)satype,
		.sadb_msg_seq = seq,
		.sadb_msg_pid = (uint32_t)getpid(),
	};
	m->used = 0;
	m->bad = false;
	if (satype > SADB_SATYPE_MAX)
		kame_bad(m, KAME_INVAL_SATYPE, NULL);
	kame_put(m, &head, sizeof(head));
}

/* Every head is a multiple of 8 bytes long. */
void kame_put_ext(struct kame_msg *m, u_int type, const void *head, size_t head_len,
		  const void *tail, size_t tail_len)
{
	size_t at = m->used;
	kame_put(m, head, head_len);
	kame_put(m, tail, tail_len);
	if (m->bad)
		return;
	struct sadb_ext ext = { .sadb_ext_len = (uint16_t)((m->used - at) / 8),
				.sadb_ext_type = (uint16_t)type };
	memcpy(m->buf + at, &ext, sizeof(ext));
}

u_int kame_family_bits(const struct sockaddr *sa)
{
	switch (sa->sa_family) {
	case AF_INET:
		return 32;
	case AF_INET6:
		return 128;
	default:
		return 0;
	}
}

void kame_put_addr(struct kame_msg *m, u_int type, const struct sockaddr *sa, u_int prefixlen,
		   u_int proto)
{
	struct sadb_address head = { .sadb_address_proto = (uint8_t)proto,
				     .sadb_address_prefixlen = (uint8_t)prefixlen };
	if (!sa) {
		kame_bad(m, KAME_INVAL_ARGUMENT, NULL);
		return;
	}
	u_int bits = kame_family_bits(sa);
	if (!bits)
		kame_bad(m, KAME_INVAL_FAMILY, NULL);
	else if (prefixlen > bits)
		kame_bad(m, KAME_INVAL_PREFIXLEN, NULL);
	else
		kame_put_ext(m, type, &head, sizeof(head), sa,
			     bits == 32 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}

void kame_set_length(struct kame_msg *m)
{
	struct sadb_msg head;
	if (m->bad)
		return;
	memcpy(&head, m->buf, sizeof(head));
	head.sadb_msg_len = (uint16_t)(m->used / 8);
	memcpy(m->buf, &head, sizeof(head));
}

int kame_finish(int so, struct kame_msg *m)
{
	int rc = -1;
	if (!m->bad) {
		kame_set_length(m);
		int error = kame_session_send(so, m->buf, m->used);
		rc = error ? kame_fail_errno(-error) : (int)m->used;
		if (!error)
			kame_ok();
	}
	explicit_bzero(m->buf, m->used);
	return rc;
}

/* ---- messages without addresses ---- */

static int send_plain(int so, u_int type, u_int satype)
{
	struct kame_msg m;
	kame_begin(&m, type, satype, 0);
	return kame_finish(so, &m);
}

int pfkey_send_register(int so, u_int satype)
{
	return send_plain(so, SADB_REGISTER, satype);
}

int pfkey_recv_register(int so)
{
	for (;;) {
		struct sadb_msg *msg = pfkey_recv(so);
		if (!msg)
			return -1;
		int len = msg->sadb_msg_len * 8, rc = 1;
		if (msg->sadb_msg_type == SADB_REGISTER && msg->sadb_msg_pid == (uint32_t)getpid())
			rc = pfkey_set_supported(msg, len);
		free(msg);
		if (rc <= 0)
			return rc;
	}
}

int pfkey_send_flush(int so, u_int satype)
{
	return send_plain(so, SADB_FLUSH, satype);
}

int pfkey_send_dump(int so, u_int satype)
{
	return send_plain(so, SADB_DUMP, satype);
}

int pfkey_send_promisc_toggle(int so, int flag)
{
	return send_plain(so, SADB_X_PROMISC, flag ? 1 : 0);
}

int pfkey_send_spdflush(int so)
{
	return send_plain(so, SADB_X_SPDFLUSH, SADB_SATYPE_UNSPEC);
}

int pfkey_send_spddump(int so)
{
	return send_plain(so, SADB_X_SPDDUMP, SADB_SATYPE_UNSPEC);
}
