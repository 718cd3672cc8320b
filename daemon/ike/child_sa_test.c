/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel is told of a child: keys in the RFC's order, modes, encapsulation. */
#include "ike/child_sa.h"

#include <errno.h>

#include "base/unit.h"

static struct addr address(const char *text, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	a.port = port;
	return a;
}

static const uint8_t *keymat(void)
{
	static uint8_t bytes[256];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	return bytes;
}

static struct child_config config = { .replay_window_pkts = 64 };

static struct child_sa child(void)
{
	const struct proposal gcm = { PROPOSAL_ESP,
				      2,
				      { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 },
					{ TRANSFORM_ESN, 0, 0 } } };
	return (struct child_sa){ .config = &config,
				  .spi_in = 0x1111,
				  .spi_out = 0x2222,
				  .algorithms = gcm,
				  .local = address("192.0.2.1", 4500),
				  .peer = address("192.0.2.2", 61000),
				  .reqid = 77 };
}

static void keys_of_an_aead(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	/* 16 bytes of key and 4 of salt for each direction */
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 40);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.out.aead.key[0], 0);
	assert_int_equal(k.out.aead.key[19], 19);
	assert_int_equal(k.in.aead.key[0], 20);
	assert_int_equal(k.in.aead.key[19], 39);
	assert_int_equal(k.out.aead.icv_bits, 128);
	/* the responder sends with the second half */
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), false, &k, &err), 0);
	assert_int_equal(k.in.aead.key[0], 0);
	assert_int_equal(k.out.aead.key[0], 20);
	assert_int_equal(k.in.id.spi, 0x1111);
	assert_int_equal(k.out.id.spi, 0x2222);
}

static void keys_of_cipher_and_mac(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	c.algorithms = (struct proposal){ PROPOSAL_ESP,
					  2,
					  { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 },
					    { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } } };
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 128);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 128), true, &k, &err), 0);
	assert_int_equal(k.out.encr.key[0], 0);
	assert_int_equal(k.out.auth.key[0], 32);
	assert_int_equal(k.in.encr.key[0], 64);
	assert_int_equal(k.in.auth.key[0], 96);
	/* RFC 4868: 128 bits on the wire, not the 96 of old */
	assert_int_equal(k.in.auth.icv_bits, 128);
	assert_int_equal(k.in.aead.id, 0);
}

static void keys_of_ah(void **state)
{
	struct child_config ah = config;
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	c.algorithms = (struct proposal){ PROPOSAL_AH,
					  1,
					  { { TRANSFORM_INTEG, INTEG_HMAC_SHA2_512_256, 0 } } };
	ah.n_proposals = 1;
	ah.proposals[0] = c.algorithms;
	c.config = &ah;
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 128);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 128), true, &k, &err), 0);
	assert_int_equal(k.in.id.proto, KEYDB_PROTO_AH);
	assert_int_equal(k.out.auth.key[0], 0);
	assert_int_equal(k.in.auth.key[0], 64);
	assert_int_equal(k.in.encr.id | k.in.aead.id, 0);
	/* RFC 4302 2.6: 32 bits for IPv4, 64 for IPv6 */
	assert_true(k.in.flags & k.out.flags & KEYDB_SA_ALIGN4);
	c.local = address("2001:db8::1", 0);
	c.peer = address("2001:db8::2", 0);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 128), true, &k, &err), 0);
	assert_false(k.in.flags & KEYDB_SA_ALIGN4);
	/* neither a cipher nor nothing */
	c.algorithms.transforms[0] = (struct transform){ TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 };
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 0);
	c.algorithms.n_transforms = 0;
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 0);
}

static void wrong_algorithms(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 39), true, &k, &err), -ENOTSUP);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 41), true, &k, &err), -ENOTSUP);
	c.algorithms.transforms[0].id = 99;
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 0);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), -ENOTSUP);
	/* a cipher without integrity is no ESP of ours */
	c.algorithms.transforms[0] = (struct transform){ TRANSFORM_ENCR, ENCR_AES_CBC, 128 };
	assert_int_equal(child_sa_keymat_bytes(&c.algorithms), 0);
}

static void modes_and_encapsulation(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.in.mode, KEYDB_MODE_TUNNEL);
	/* a tunnel carries both families */
	assert_true(k.in.flags & KEYDB_SA_AF_UNSPEC);
	assert_int_equal(k.in.encap_src_port, 0);
	assert_int_equal(k.in.replay_window_pkts, 64);
	assert_int_equal(k.out.replay_window_pkts, 0);
	assert_int_equal(k.out.reqid, 77);
	c.mode = CHILD_TRANSPORT;
	c.encap = true;
	c.original_peer = address("10.0.0.5", 0);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.in.mode, KEYDB_MODE_TRANSPORT);
	assert_false(k.in.flags & KEYDB_SA_AF_UNSPEC);
	assert_int_equal(k.in.encap_src_port, 61000);
	assert_int_equal(k.in.encap_dst_port, 4500);
	assert_int_equal(k.out.encap_src_port, 4500);
	assert_int_equal(k.out.encap_dst_port, 61000);
	assert_int_not_equal(k.in.encap_oa.sa.sa_family, 0);
	/* ports belong to the encapsulation, not to the SA's addresses */
	assert_int_equal(k.in.id.src.sin.sin_port, 0);
}

/* The kernel has nothing but the selector to make an inner header from. */
static void beet(void **state)
{
	struct child_sa c = child();
	struct addr inner[] = { address("10.0.0.1", 0), address("10.0.0.2", 0) };
	struct kernel_child k;
	struct err err;
	(void)state;
	c.mode = CHILD_BEET;
	c.local_ts.n = c.peer_ts.n = 1;
	ts_of_addr(&inner[0], &c.local_ts.ts[0]);
	ts_of_addr(&inner[1], &c.peer_ts.ts[0]);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.in.mode, KEYDB_MODE_BEET);
	assert_false(k.in.flags & KEYDB_SA_AF_UNSPEC);
	assert_int_equal(k.in.sel.src_bits, 32);
	assert_memory_equal(&k.in.sel.src.sin.sin_addr, inner[1].ip, 4);
	assert_memory_equal(&k.in.sel.dst.sin.sin_addr, inner[0].ip, 4);
	assert_memory_equal(&k.out.sel.src.sin.sin_addr, inner[0].ip, 4);
	assert_memory_equal(&k.out.sel.dst.sin.sin_addr, inner[1].ip, 4);
	assert_true(k.in.sel.src_port_any && k.out.sel.dst_port_any);
}

static void extended_numbers(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	c.esn = true;
	config.replay_window_pkts = 0;
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	config.replay_window_pkts = 64;
	assert_true(k.in.flags & k.out.flags & KEYDB_SA_ESN);
	/* the kernel wants a window with them */
	assert_true(k.in.replay_window_pkts > 0 && k.out.replay_window_pkts > 0);
}

static void headers_and_padding(void **state)
{
	static const struct {
		enum copy_dscp copy;
		bool hide_ecn;
		uint32_t flags;
	} cases[] = {
		{ COPY_DSCP_OUT, false, 0 },
		{ COPY_DSCP_IN, false, KEYDB_SA_DONT_ENCAP_DSCP | KEYDB_SA_DECAP_DSCP },
		{ COPY_DSCP_BOTH, true, KEYDB_SA_DECAP_DSCP | KEYDB_SA_NOECN },
		{ COPY_DSCP_OFF, false, KEYDB_SA_DONT_ENCAP_DSCP },
	};
	struct child_config own = config;
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	c.config = &own;
	own.tfc_bytes = 1400;
	own.if_id = 7;
	own.mark = 0x10;
	own.mark_mask = 0xff;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		own.copy_dscp = cases[i].copy;
		own.hide_ecn = cases[i].hide_ecn;
		assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
		assert_int_equal(k.in.flags, KEYDB_SA_AF_UNSPEC | cases[i].flags);
		assert_int_equal(k.out.flags, KEYDB_SA_AF_UNSPEC | cases[i].flags);
	}
	assert_int_equal(k.in.if_id, 7);
	assert_int_equal(k.in.output_mark.value, 0x10);
	assert_int_equal(k.in.output_mark.mask, 0xff);
	assert_int_equal(k.out.output_mark.mask, 0);
	/* only the sender pads */
	assert_int_equal(k.out.tfc_pad_bytes, 1400);
	assert_int_equal(k.in.tfc_pad_bytes, 0);
	c.no_tfc = true;
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.out.tfc_pad_bytes, 0);
	/* there is one header only, and nothing that tells padding from the packet */
	c.no_tfc = false;
	c.mode = CHILD_TRANSPORT;
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.out.flags, 0);
	assert_int_equal(k.out.tfc_pad_bytes, 0);
}

static void lifetimes(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_true(k.in.limits.hard_bytes == KEYDB_INFINITE);
	assert_true(k.in.limits.hard_add_sec == KEYDB_INFINITE);
	config.lifetime = (struct lifetime){ .hard_ms = 3600000, .bytes = 5, .packets = 6 };
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	config.lifetime = (struct lifetime){ 0 };
	assert_true(k.in.limits.hard_bytes == 5 && k.out.limits.hard_packets == 6);
	/* the engine deletes first; the kernel is there if the engine is not */
	assert_true(k.in.limits.hard_add_sec > 3600);
}

static void policies(void **state)
{
	struct child_sa c = child();
	struct kernel_child k;
	struct err err;
	(void)state;
	config.install_policy = true;
	c.local_ts.n = c.peer_ts.n = 1;
	ts_of_addr(&c.local, &c.local_ts.ts[0]);
	ts_of_addr(&c.peer, &c.peer_ts.ts[0]);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), 0);
	assert_int_equal(k.n_policies, 3);
	assert_int_equal(k.policies[0].templates[0].reqid, 77);
	/* selectors that no packet has are refused before the kernel sees them */
	struct addr v6 = address("2001:db8::1", 0);
	ts_of_addr(&v6, &c.peer_ts.ts[0]);
	assert_int_equal(child_sa_kernel(&c, slice_of(keymat(), 40), true, &k, &err), -ENOENT);
	config.install_policy = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an AEAD's keys are key and salt, the initiator's first", keys_of_an_aead),
		UNIT("the cipher's key comes before the MAC's", keys_of_cipher_and_mac),
		UNIT("AH has a MAC's key alone", keys_of_ah),
		UNIT("unknown algorithms and wrong lengths are refused", wrong_algorithms),
		UNIT("modes and encapsulation are told to the kernel", modes_and_encapsulation),
		UNIT("BEET's inner addresses are the SA's selector", beet),
		UNIT("extended numbers come with a window", extended_numbers),
		UNIT("header fields and padding are told to the kernel", headers_and_padding),
		UNIT("lifetimes are limits of the kernel, too", lifetimes),
		UNIT("policies come from the selectors that were agreed", policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
