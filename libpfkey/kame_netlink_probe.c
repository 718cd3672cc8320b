/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which algorithms the kernel has.
 *
 * Netlink has no list.  So each row of our table is asked for in an SA that cannot be made: in
 * the mode of route optimization, which IPv4 does not have.  The kernel looks the algorithm up
 * (and loads its module) first: ENOSYS if there is none, EPROTONOSUPPORT for the mode if there is.
 * Nothing is inserted, nothing is announced.
 */
#include "kame_session.h"
#include "keydb_int.h"
#include "nlio.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROBES_MAX = KAME_ALGS_MAX, PROBE_MAX_BYTES = 512, PROBE_SPI = 0x100 };

struct probes {
	const struct keydb_alg_info *rows[PROBES_MAX];
	struct nlio_ack acks[PROBES_MAX];
	size_t n, used;
	_Alignas(8) uint8_t buf[PROBES_MAX * PROBE_MAX_BYTES];
};

static struct keydb_alg *place_of(struct keydb_sa *sa, enum keydb_alg_kind kind)
{
	return kind == KEYDB_ALG_AUTH ? &sa->auth : kind == KEYDB_ALG_ENCR ? &sa->encr : &sa->aead;
}

static void describe(const struct keydb_alg_info *row, struct keydb_sa *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->id.src.sin.sin_family = ret->id.dst.sin.sin_family = AF_INET;
	ret->id.src.sin.sin_addr.s_addr = ret->id.dst.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ret->id.spi = PROBE_SPI;
	ret->id.proto = row->kind == KEYDB_ALG_AUTH ? KEYDB_PROTO_AH : KEYDB_PROTO_ESP;
	ret->mode = KEYDB_MODE_OTHER | XFRM_MODE_ROUTEOPTIMIZATION;
	place_of(ret, row->kind)->id = row->id;
}

/* Appends the question about a row: 0 or negative errno. */
static int add_probe(struct probes *p, struct nl_msg *m, const struct keydb_alg_info *row)
{
	struct nlmsghdr *h = nlmsg_hdr(m);
	struct keydb_sa sa;
	const char *why;
	describe(row, &sa);
	h->nlmsg_len = NLMSG_HDRLEN;
	h->nlmsg_type = XFRM_MSG_NEWSA;
	h->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	int rc = xfrm_encode_sa(m, &sa, 0, &why);
	if (rc)
		return rc;
	size_t len = NLMSG_ALIGN((size_t)h->nlmsg_len);
	if (p->n == PROBES_MAX || len > sizeof(p->buf) - p->used)
		return -EMSGSIZE;
	memcpy(p->buf + p->used, h, h->nlmsg_len);
	p->used += len;
	p->rows[p->n++] = row;
	return 0;
}

/* What PF_KEY has a number for, compression aside: Linux does not list that. */
static int add_probes(struct probes *p)
{
	size_t n;
	int rc = 0;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < n && !rc; i++)
		if (rows[i].pfkey_id && rows[i].kind != KEYDB_ALG_COMP)
			rc = add_probe(p, m, &rows[i]);
	nlmsg_free(m);
	return rc;
}

static int ask(struct probes *p)
{
	struct nlio io;
	int fd = kame_session_socket(NULL);
	if (fd < 0)
		return fd;
	int rc = nlio_init(&io, fd, KEYDB_REPLY_TIMEOUT_MS);
	if (!rc)
		rc = nlio_batch(&io, p->buf, p->used, p->n, p->acks);
	nlio_done(&io);
	close(fd);
	return rc;
}

/* The bits of a key are those that ADD takes: with the salt of AES-CTR and the AEADs. */
static void keep(const struct keydb_alg_info *row, struct kame_algs *ret)
{
	bool auth = row->kind == KEYDB_ALG_AUTH;
	struct sadb_alg *at = auth ? &ret->auth[ret->n_auth++] : &ret->encr[ret->n_encr++];
	*at = (struct sadb_alg){
		.sadb_alg_id = row->pfkey_id,
		.sadb_alg_ivlen = row->iv_bytes,
		.sadb_alg_minbits = (uint16_t)(row->key_min_bits + row->salt_bits),
		.sadb_alg_maxbits = (uint16_t)(row->key_max_bits + row->salt_bits),
	};
}

int kame_netlink_probe(struct kame_algs *ret)
{
	struct probes *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	int rc = add_probes(p);
	if (!rc)
		rc = ask(p);
	if (!rc) {
		memset(ret, 0, sizeof(*ret));
		for (size_t i = 0; i < p->n; i++)
			if (p->acks[i].error == -EPROTONOSUPPORT)
				keep(p->rows[i], ret);
	}
	free(p);
	return rc;
}
