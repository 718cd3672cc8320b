/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket of the KAME interface, and messages taken apart. */
#include "kame_int.h"
#include "kame_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_KB_MAX = 1 << 20 };

int pfkey_open(void)
{
	int fd = kame_session_open();
	if (fd < 0)
		return kame_fail_errno(-fd);
	kame_ok();
	return fd;
}

void pfkey_close(int so)
{
	kame_session_close(so);
	kame_ok();
}

int pfkey_set_buffer_size(int so, int size_kb)
{
	int bytes;
	socklen_t len = sizeof(bytes);
	if (size_kb <= 0 || size_kb > BUFFER_KB_MAX)
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	bytes = size_kb * 1024;
	if (setsockopt(so, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(so, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (getsockopt(so, SOL_SOCKET, SO_RCVBUF, &bytes, &len))
		return kame_fail_errno(errno);
	kame_ok();
	return bytes / 1024 / 2; /* the kernel counts its own overhead, too */
}

/* As long as a receive of the program's own would wait: SO_RCVTIMEO, O_NONBLOCK. */
static int wait_of(int so)
{
	struct timeval t;
	socklen_t len = sizeof(t);
	int flags = fcntl(so, F_GETFL);
	if (flags >= 0 && flags & O_NONBLOCK)
		return 0;
	if (getsockopt(so, SOL_SOCKET, SO_RCVTIMEO, &t, &len) || (!t.tv_sec && !t.tv_usec))
		return -1;
	if (t.tv_sec > INT32_MAX / 1000 - 1)
		return INT32_MAX;
	return (int)(t.tv_sec * 1000 + (t.tv_usec + 999) / 1000);
}

struct sadb_msg *pfkey_recv(int so)
{
	struct sadb_msg *msg;
	size_t len;
	int rc = kame_session_recv(so, wait_of(so), &msg, &len);
	if (rc) {
		errno = rc == -ETIMEDOUT ? EAGAIN : -rc;
		if (rc == -EBADMSG)
			kame_fail(KAME_INVAL_SADBMSG, NULL);
		else
			kame_fail_errno(errno);
		return NULL;
	}
	kame_ok();
	return msg;
}

int pfkey_send(int so, struct sadb_msg *msg, int len)
{
	if (!msg || len < (int)sizeof(*msg))
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	int rc = kame_session_send(so, msg, (size_t)len);
	if (rc)
		return kame_fail_errno(-rc);
	kame_ok();
	return len;
}

int pfkey_align(struct sadb_msg *msg, caddr_t *mhp)
{
	if (!msg || !mhp)
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	memset(mhp, 0, sizeof(*mhp) * (SADB_EXT_MAX + 1));
	size_t left = (size_t)msg->sadb_msg_len * 8;
	if (left < sizeof(*msg))
		return kame_fail(KAME_INVAL_SADBMSG, "shorter than a header");
	caddr_t at = (caddr_t)msg + sizeof(*msg);
	left -= sizeof(*msg);
	mhp[0] = (caddr_t)msg;
	while (left) {
		struct sadb_ext ext;
		memcpy(&ext, at, sizeof(ext)); /* left is a multiple of 8 */
		size_t len = (size_t)ext.sadb_ext_len * 8;
		if (!len || len > left || ext.sadb_ext_type == SADB_EXT_RESERVED)
			return kame_fail(KAME_INVAL_SADBMSG, "extension of a wrong length");
		if (ext.sadb_ext_type <= SADB_EXT_MAX) {
			if (mhp[ext.sadb_ext_type])
				return kame_fail(KAME_INVAL_EXTTYPE, "extension twice");
			mhp[ext.sadb_ext_type] = at;
		}
		at += len;
		left -= len;
	}
	kame_ok();
	return 0;
}

/* Either way will do: programs check what they send and what they got. */
int pfkey_check(caddr_t *mhp)
{
	struct sadb_message m;
	struct sadb_msg head;
	const char *why;
	if (!mhp || !mhp[0])
		return kame_fail(KAME_INVAL_SADBMSG, NULL);
	memcpy(&head, mhp[0], sizeof(head));
	size_t len = (size_t)head.sadb_msg_len * 8;
	if (head.sadb_msg_version != PF_KEY_V2)
		return kame_fail(KAME_INVAL_VERSION, NULL);
	if (head.sadb_msg_type > SADB_MAX)
		return kame_fail(KAME_INVAL_MSGTYPE, NULL);
	int rc = sadb_decode(PFKEY_REPLY, mhp[0], len, &m, &why) &&
		 sadb_decode(PFKEY_REQUEST, mhp[0], len, &m, &why);
	explicit_bzero(&m, sizeof(m));
	if (rc)
		return kame_fail(KAME_INVAL_SADBMSG, why);
	kame_ok();
	return 0;
}
