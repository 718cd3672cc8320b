/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that are right, for tests to break in one place. */
#ifndef TANUKI_PRIV_PRIV_UNIT_H
#define TANUKI_PRIV_PRIV_UNIT_H

#include "base/addr.h"
#include "base/unit.h"
#include "priv/request.h"

static inline union keydb_addr unit_addr(const char *text)
{
	union keydb_addr ret;
	struct sockaddr_storage storage;
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	memset(&ret, 0, sizeof(ret));
	memcpy(&ret, &storage, addr_to_sockaddr(&a, &storage));
	return ret;
}

static inline struct keydb_sa unit_sa(const char *src, const char *dst, uint32_t spi)
{
	struct keydb_sa sa;
	uint8_t key[20] = { 1 };

	memset(&sa, 0, sizeof(sa));
	sa.id.src = unit_addr(src);
	sa.id.dst = unit_addr(dst);
	sa.id.spi = spi;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = KEYDB_MODE_TUNNEL;
	sa.reqid = 77777;
	sa.replay_window_pkts = 64;
	assert_int_equal(keydb_alg_set(&sa.aead, keydb_alg_by_ike(KEYDB_ALG_AEAD, 20), key,
				       sizeof(key), 0),
			 0);
	return sa;
}

static inline struct keydb_policy unit_policy(enum keydb_dir dir, const char *src, const char *dst,
					      uint32_t reqid)
{
	struct keydb_policy p;

	memset(&p, 0, sizeof(p));
	p.sel.src = unit_addr(src);
	p.sel.dst = unit_addr(dst);
	p.sel.src_bits = p.sel.dst_bits = 24;
	p.sel.src_port_any = p.sel.dst_port_any = true;
	p.dir = (uint8_t)dir;
	p.action = KEYDB_ACTION_IPSEC;
	p.n_templates = 1;
	p.templates[0].src = unit_addr("192.0.2.1");
	p.templates[0].dst = unit_addr("192.0.2.2");
	p.templates[0].family = p.templates[0].src.sa.sa_family;
	p.templates[0].proto = KEYDB_PROTO_ESP;
	p.templates[0].mode = KEYDB_MODE_TUNNEL;
	p.templates[0].level = KEYDB_LEVEL_UNIQUE;
	p.templates[0].reqid = reqid;
	return p;
}

/* A tunnel between 192.0.2.1 (us) and 192.0.2.2 for 10.0.1.0/24 and 10.0.2.0/24. */
static inline struct request_child unit_child(uint32_t spi_in, uint32_t spi_out, uint32_t reqid)
{
	struct request_child c;

	memset(&c, 0, sizeof(c));
	c.in = unit_sa("192.0.2.2", "192.0.2.1", spi_in);
	c.out = unit_sa("192.0.2.1", "192.0.2.2", spi_out);
	c.n_policies = 3;
	c.policies[0] = unit_policy(KEYDB_DIR_IN, "10.0.2.0", "10.0.1.0", reqid);
	c.policies[1] = unit_policy(KEYDB_DIR_FWD, "10.0.2.0", "10.0.1.0", reqid);
	c.policies[2] = unit_policy(KEYDB_DIR_OUT, "10.0.1.0", "10.0.2.0", reqid);
	return c;
}

#endif
