/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IKE header, RFC 7296 3.1:
 *
 *     |                    SPIi (8 bytes)                     |
 *     |                    SPIr (8 bytes)                     |
 *     | next payload | major:4 minor:4 | exchange | X X R V I X X X |
 *     |                      message id                       |
 *     |                        length                         |
 */
#include "msg/header.h"

#include <errno.h>
#include <stddef.h>

enum { FLAGS_KNOWN = IKE_FLAG_INITIATOR | IKE_FLAG_VERSION | IKE_FLAG_RESPONSE };

static const struct {
	uint8_t type;
	const char *name;
} exchanges[] = {
	{ EXCHANGE_IKE_SA_INIT, "IKE_SA_INIT" },
	{ EXCHANGE_IKE_AUTH, "IKE_AUTH" },
	{ EXCHANGE_CREATE_CHILD_SA, "CREATE_CHILD_SA" },
	{ EXCHANGE_INFORMATIONAL, "INFORMATIONAL" },
	{ EXCHANGE_IKE_INTERMEDIATE, "IKE_INTERMEDIATE" },
};

static struct ike_header read_header(struct rd *r)
{
	struct ike_header h = { .spi_i = rd_u64(r) };
	uint8_t version;

	h.spi_r = rd_u64(r);
	h.next_payload = rd_u8(r);
	version = rd_u8(r);
	h.major = version >> 4;
	h.minor = version & 0xf;
	h.exchange = rd_u8(r);
	h.flags = rd_u8(r) & FLAGS_KNOWN;
	h.message_id = rd_u32(r);
	h.length = rd_u32(r);
	return h;
}

/* What an IKE_SA_INIT's header has by definition: it begins an IKE SA. */
static const char *init_fault(const struct ike_header *h)
{
	if (header_is_response(h) == header_from_initiator(h))
		return "initiator and response flags contradict each other in IKE_SA_INIT";
	if (h->message_id != 0)
		return "message id of IKE_SA_INIT is not zero";
	if (!header_is_response(h) && h->spi_r != 0)
		return "responder SPI in an IKE_SA_INIT request";
	return NULL;
}

static const char *header_fault(const struct ike_header *h, size_t datagram_len)
{
	if (h->length < IKE_HEADER_BYTES)
		return "length field is smaller than the header";
	if (h->length > datagram_len)
		return "datagram is shorter than the length field";
	if (h->length < datagram_len)
		return "datagram is longer than the length field";
	/* RFC 7296 1.5: INVALID_SPI from somebody who has no IKE SA with us. */
	if (h->spi_i == 0 && h->exchange != EXCHANGE_INFORMATIONAL)
		return "initiator SPI is zero";
	if (h->exchange == EXCHANGE_IKE_SA_INIT)
		return init_fault(h);
	return NULL;
}

int header_parse(struct slice datagram, struct ike_header *ret, const char **why)
{
	struct rd r = rd_of_slice(datagram);
	struct ike_header h = read_header(&r);

	if (r.bad) {
		*why = "datagram is shorter than an IKE header";
		return -EBADMSG;
	}
	if (h.major != IKE_MAJOR_VERSION) {
		*why = "major version is not 2";
		*ret = h;
		return -EPROTONOSUPPORT;
	}
	*why = header_fault(&h, datagram.len);
	if (*why)
		return -EBADMSG;
	*ret = h;
	return 0;
}

void header_emit(struct wr *w, const struct ike_header *h)
{
	wr_u64(w, h->spi_i);
	wr_u64(w, h->spi_r);
	wr_u8(w, h->next_payload);
	wr_u8(w, (uint8_t)((h->major << 4) | (h->minor & 0xf)));
	wr_u8(w, h->exchange);
	wr_u8(w, h->flags & (IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE));
	wr_u32(w, h->message_id);
	wr_u32(w, h->length);
}

const char *exchange_name(uint8_t exchange)
{
	for (size_t i = 0; i < N_ELEMENTS(exchanges); i++) {
		if (exchanges[i].type == exchange)
			return exchanges[i].name;
	}
	return "unknown exchange";
}
