/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT detection. */
#include "ike/nat.h"

#include "crypto/digest.h"
#include "msg/notify.h"

#include <errno.h>

int nat_hash(uint64_t spi_i, uint64_t spi_r, const struct addr *a, uint8_t ret[20])
{
	uint8_t buf[16 + ADDR_MAX_BYTES + 2];
	struct wr w = wr_of(buf, sizeof(buf));
	wr_u64(&w, spi_i);
	wr_u64(&w, spi_r);
	wr_slice(&w, addr_slice(a));
	wr_u16(&w, a->port);
	struct slice all = wr_slice_of(&w);
	return digest_sha1(&all, 1, ret);
}

int nat_emit(struct msg_writer *mw, uint64_t spi_i, uint64_t spi_r, const struct addr *local,
	     const struct addr *peer, bool lie)
{
	uint8_t source[20], destination[20];
	struct addr from = *local;
	if (lie)
		from.port = 0;
	if (nat_hash(spi_i, spi_r, &from, source) < 0 ||
	    nat_hash(spi_i, spi_r, peer, destination) < 0)
		return -EIO;
	msg_writer_add_notify(mw, N_NAT_DETECTION_SOURCE_IP, slice_of(source, sizeof(source)));
	msg_writer_add_notify(mw, N_NAT_DETECTION_DESTINATION_IP,
			      slice_of(destination, sizeof(destination)));
	return 0;
}

/* Is there such a notify, and does one of them have this hash? */
static void look(const struct payload_set *pl, uint16_t type, const uint8_t hash[20],
		 bool *ret_found, bool *ret_equal)
{
	*ret_found = *ret_equal = false;
	for (size_t i = 0; i < pl->n_notifies; i++) {
		if (pl->notifies[i].type != type)
			continue;
		*ret_found = true;
		*ret_equal |= slice_eq(pl->notifies[i].data, slice_of(hash, 20));
	}
}

int nat_check(const struct payload_set *pl, uint64_t spi_i, uint64_t spi_r,
	      const struct addr *local, const struct addr *peer, struct nat *ret)
{
	uint8_t source[20], destination[20];
	bool has_source, has_destination, same_source, same_destination;

	if (nat_hash(spi_i, spi_r, peer, source) < 0 ||
	    nat_hash(spi_i, spi_r, local, destination) < 0)
		return -EIO;
	look(pl, N_NAT_DETECTION_SOURCE_IP, source, &has_source, &same_source);
	look(pl, N_NAT_DETECTION_DESTINATION_IP, destination, &has_destination, &same_destination);
	bool supported = has_source && has_destination;
	*ret = (struct nat){ .supported = supported,
			     .local = supported && !same_destination,
			     .peer = supported && !same_source };
	return 0;
}
