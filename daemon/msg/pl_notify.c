/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notify and Delete payloads, RFC 7296 3.10 and 3.11.
 *
 *     notify: | protocol (1) | SPI size (1) | type (2)           |
 *             | SPI                                              |
 *             | notification data                                |
 *     delete: | protocol (1) | SPI size (1) | number of SPIs (2) |
 *             | SPIs                                             |
 */
#include <errno.h>

#include "msg/pl.h"

enum { CHILD_SPI_BYTES = 4 };

int pl_notify_parse(struct rd body, struct pl_notify *ret, const char **why)
{
	struct pl_notify n = { .protocol = rd_u8(&body) };
	uint8_t spi_bytes = rd_u8(&body);

	n.type = rd_u16(&body);
	n.spi = rd_slice(&body, spi_bytes);
	n.data = rd_rest(&body);
	if (!rd_done(&body)) {
		*why = "notify is too short for its fields or its SPI";
		return -EBADMSG;
	}
	*ret = n;
	return 0;
}

void pl_notify_emit(struct wr *w, const struct pl_notify *notify)
{
	wr_u8(w, notify->protocol);
	wr_u8(w, (uint8_t)notify->spi.len);
	wr_u16(w, notify->type);
	wr_slice(w, notify->spi);
	wr_slice(w, notify->data);
}

static const char *delete_fault(const struct pl_delete *d)
{
	bool child = d->protocol == PROTOCOL_AH || d->protocol == PROTOCOL_ESP;

	if (d->protocol != PROTOCOL_IKE && !child)
		return "delete of an unknown protocol";
	if (d->spi_bytes != (child ? CHILD_SPI_BYTES : 0))
		return "SPI size does not fit the protocol";
	if (!child && d->n_spis != 0)
		return "delete of an IKE SA with SPIs";
	if (d->n_spis > PL_DELETE_SPIS_MAX)
		return "too many SPIs";
	return NULL;
}

int pl_delete_parse(struct rd body, struct pl_delete *ret, const char **why)
{
	struct pl_delete d = { .protocol = rd_u8(&body) };

	d.spi_bytes = rd_u8(&body);
	d.n_spis = rd_u16(&body);
	d.spis = rd_slice(&body, (size_t)d.n_spis * d.spi_bytes);
	if (!rd_done(&body)) {
		*why = "number of SPIs contradicts the length";
		return -EBADMSG;
	}
	*why = delete_fault(&d);
	if (*why)
		return -EBADMSG;
	*ret = d;
	return 0;
}

void pl_delete_emit(struct wr *w, const struct pl_delete *delete)
{
	wr_u8(w, delete->protocol);
	wr_u8(w, delete->spi_bytes);
	wr_u16(w, delete->n_spis);
	wr_slice(w, delete->spis);
}

uint32_t pl_delete_spi(const struct pl_delete *delete, size_t i)
{
	struct rd r = rd_of_slice(delete->spis);

	rd_skip(&r, i * CHILD_SPI_BYTES);
	return rd_u32(&r);
}
