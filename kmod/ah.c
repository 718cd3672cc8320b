// SPDX-License-Identifier: GPL-2.0-only
/*
 * AH (RFC 4302), one for both families.
 *
 * What is authenticated are the headers as they will arrive (ah_mut.c), AH itself with
 * a zero ICV, the payload, and the high half of an extended sequence number (3.3.3).
 * The headers are changed in a copy: the packet stays as it is, and the hash runs over
 *
 *	copy of headers and AH | payload in the packet | [high]
 */
#include <crypto/algapi.h>
#include <crypto/hash.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <net/ah.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "ah_mut.h"
#include "proto.h"
#include "trace.h"

#define FIXED_LEN	sizeof(struct ip_auth_hdr)	/* without the ICV */

/* An SA's hash. */
struct tk_ah {
	struct crypto_ahash *hash;
	unsigned int icv_len;
	unsigned int header_len;	/* AH with its ICV and padding */
};

/* One packet on its way through the hash; the copy, request and list follow. */
struct tk_ah_req {
	__be32 high;
	u8 icv[HASH_MAX_DIGESTSIZE];
	u8 headers[];
};

struct tk_ah_cb {
	struct xfrm_skb_cb xfrm;
	struct tk_ah_req *req;
};

#define TK_AH_CB(skb) ((struct tk_ah_cb *)(skb)->cb)

/* Requests */

static struct ahash_request *req_hash(struct tk_ah_req *req, unsigned int headers)
{
	return PTR_ALIGN((struct ahash_request *)(req->headers + headers),
			 crypto_tfm_ctx_alignment());
}

static struct scatterlist *req_list(struct crypto_ahash *hash, struct tk_ah_req *req,
				    unsigned int headers)
{
	u8 *end = (u8 *)(req_hash(req, headers) + 1) + crypto_ahash_reqsize(hash);

	return PTR_ALIGN((struct scatterlist *)end, __alignof__(struct scatterlist));
}

static struct tk_ah_req *req_alloc(struct crypto_ahash *hash, unsigned int headers, int nfrags)
{
	size_t len = sizeof(struct tk_ah_req) + headers + crypto_tfm_ctx_alignment() +
		     sizeof(struct ahash_request) + crypto_ahash_reqsize(hash) +
		     __alignof__(struct scatterlist) + (nfrags + 2) * sizeof(struct scatterlist);

	return kmalloc(len, GFP_ATOMIC);
}

/* The IP headers in front of AH and AH itself, as they are authenticated. */
static int copy_headers(struct tk_ah_req *req, const struct xfrm_state *x,
			const struct sk_buff *skb, unsigned int ip_len)
{
	const struct tk_ah *ah = x->data;

	memcpy(req->headers, skb_network_header(skb), ip_len + FIXED_LEN);
	memset(req->headers + ip_len + FIXED_LEN, 0, ah->header_len - FIXED_LEN);
	return x->props.family == AF_INET ? ah_mutable4(req->headers, ip_len) :
					    ah_mutable6(req->headers, ip_len);
}

/* The list over copy, payload from @offset on, and the high half; its length in bytes. */
static int map(struct tk_ah_req *req, const struct xfrm_state *x, struct sk_buff *skb,
	       unsigned int offset, unsigned int headers, int nfrags)
{
	const struct tk_ah *ah = x->data;
	struct scatterlist *list = req_list(ah->hash, req, headers);
	int n, len = headers + skb->len - offset;

	sg_init_table(list, nfrags + 2);
	sg_set_buf(list, req->headers, headers);
	n = skb_to_sgvec_nomark(skb, list + 1, offset, skb->len - offset);
	if (n < 0)
		return n;
	if (x->props.flags & XFRM_STATE_ESN) {
		sg_set_buf(list + ++n, &req->high, sizeof(req->high));
		len += sizeof(req->high);
	}
	sg_mark_end(list + n);
	return len;
}

/*
 * All that the hash needs for @ip_len bytes of headers and what is in the packet from
 * @offset on.  An error pointer, or the request, which is in skb->cb then too.
 */
static struct tk_ah_req *prepare(struct xfrm_state *x, struct sk_buff *skb, unsigned int ip_len,
				 unsigned int offset, __be32 high, crypto_completion_t done)
{
	const struct tk_ah *ah = x->data;
	unsigned int headers = ip_len + ah->header_len;
	struct ahash_request *hash;
	struct tk_ah_req *req;
	struct sk_buff *last;
	int len, nfrags = skb_cow_data(skb, 0, &last);

	if (nfrags < 0)
		return ERR_PTR(nfrags);
	req = req_alloc(ah->hash, headers, nfrags);
	if (!req)
		return ERR_PTR(-ENOMEM);
	req->high = high;
	len = copy_headers(req, x, skb, ip_len);
	if (!len)
		len = map(req, x, skb, offset, headers, nfrags);
	if (len < 0) {
		kfree(req);
		return ERR_PTR(len);
	}
	hash = req_hash(req, headers);
	ahash_request_set_tfm(hash, ah->hash);
	ahash_request_set_callback(hash, 0, done, skb);
	ahash_request_set_crypt(hash, req_list(ah->hash, req, headers), req->icv, len);
	TK_AH_CB(skb)->req = req;
	return req;
}

/* Output */

static int output_end(const struct xfrm_state *x, struct sk_buff *skb, int err)
{
	const struct tk_ah *ah = x->data;
	struct tk_ah_req *req = TK_AH_CB(skb)->req;

	if (!err)
		memcpy(ip_auth_hdr(skb)->auth_data, req->icv, ah->icv_len);
	kfree(req);
	trace_tanuki_out(x, skb, err);
	return err;
}

TK_CRYPTO_DONE(output_done, data, err)
{
	struct sk_buff *skb = tk_crypto_skb(data);

	err = output_end(skb_dst(skb)->xfrm, skb, err);
	xfrm_output_resume(skb_to_full_sk(skb), skb, err);
}

/* (The core writes the length when the packet is complete: AH needs it before.) */
static void write_header(struct xfrm_state *x, struct sk_buff *skb)
{
	const struct tk_ah *ah = x->data;
	struct ip_auth_hdr *header = ip_auth_hdr(skb);

	memset(header, 0, ah->header_len);
	header->nexthdr = *skb_mac_header(skb);
	header->hdrlen = ah->header_len / 4 - 2;
	header->spi = x->id.spi;
	header->seq_no = htonl(XFRM_SKB_CB(skb)->seq.output.low);
	*skb_mac_header(skb) = IPPROTO_AH;
	if (x->props.family == AF_INET)
		ip_hdr(skb)->tot_len = htons(skb->len);
	else
		ipv6_hdr(skb)->payload_len = htons(skb->len - sizeof(struct ipv6hdr));
}

static int ah_output(struct xfrm_state *x, struct sk_buff *skb)
{
	const struct tk_ah *ah = x->data;
	struct tk_ah_req *req;
	struct sk_buff *last;
	unsigned int ip_len;
	int err;

	err = skb_cow_data(skb, 0, &last);
	if (err < 0)
		return err;
	skb_push(skb, -skb_network_offset(skb));
	write_header(x, skb);
	ip_len = skb_transport_offset(skb);
	req = prepare(x, skb, ip_len, ip_len + ah->header_len,
		      htonl(XFRM_SKB_CB(skb)->seq.output.hi), output_done);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = crypto_ahash_digest(req_hash(req, ip_len + ah->header_len));
	/* In progress: skb and req may be gone by now. */
	return err == -EINPROGRESS ? err : output_end(x, skb, err);
}

/* Input */

/* Takes AH out: what is in front of it moves up to the payload. */
static int input_end(struct xfrm_state *x, struct sk_buff *skb, int err)
{
	const struct tk_ah *ah = x->data;
	const struct ip_auth_hdr *header = (const void *)skb->data;
	unsigned int ip_len = skb_network_header_len(skb);
	int proto = header->nexthdr;

	if (!err && crypto_memneq(TK_AH_CB(skb)->req->icv, header->auth_data, ah->icv_len))
		err = -EBADMSG;
	kfree(TK_AH_CB(skb)->req);
	trace_tanuki_in(x, skb, err);
	if (err)
		return err;
	memmove(skb_network_header(skb) + ah->header_len, skb_network_header(skb), ip_len);
	skb->network_header += ah->header_len;
	__skb_pull(skb, ah->header_len);
	if (x->props.mode == XFRM_MODE_TUNNEL)
		skb_reset_transport_header(skb);
	else
		skb_set_transport_header(skb, -(int)ip_len);
	return proto;
}

TK_CRYPTO_DONE(input_done, data, err)
{
	struct sk_buff *skb = tk_crypto_skb(data);

	xfrm_input_resume(skb, input_end(xfrm_input_state(skb), skb, err));
}

static int ah_input(struct xfrm_state *x, struct sk_buff *skb)
{
	const struct tk_ah *ah = x->data;
	struct tk_ah_req *req;
	unsigned int ip_len;
	int err;

	if (skb->len <= ah->header_len || !pskb_may_pull(skb, ah->header_len) ||
	    ((struct ip_auth_hdr *)skb->data)->hdrlen != ah->header_len / 4 - 2)
		return -EINVAL;
	if (skb_unclone(skb, GFP_ATOMIC))
		return -ENOMEM;
	skb->ip_summed = CHECKSUM_NONE;
	ip_len = skb_network_header_len(skb);
	req = prepare(x, skb, ip_len, ah->header_len, XFRM_SKB_CB(skb)->seq.input.hi, input_done);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = crypto_ahash_digest(req_hash(req, ip_len + ah->header_len));
	return err == -EINPROGRESS ? err : input_end(x, skb, err);
}

/* SAs */

/* The whole header is a multiple of 8 bytes, or of 4 over IPv4 (3.3.3.2.1). */
static void set_lengths(struct xfrm_state *x, struct tk_ah *ah)
{
	unsigned int ip = x->props.family == AF_INET ? sizeof(struct iphdr) :
						       sizeof(struct ipv6hdr);
	bool by_four = x->props.family == AF_INET && x->props.flags & XFRM_STATE_ALIGN4;

	ah->icv_len = x->aalg->alg_trunc_len / 8;
	ah->header_len = ALIGN(FIXED_LEN + ah->icv_len, by_four ? 4 : 8);
	x->props.header_len = ah->header_len;
	if (x->props.mode == XFRM_MODE_TUNNEL)
		x->props.header_len += ip;
	else if (x->props.mode == XFRM_MODE_BEET && x->sel.family != AF_INET6)
		x->props.header_len += IPV4_BEET_PHMAXLEN + ip - sizeof(struct iphdr);
}

static int ah_key(struct xfrm_state *x, struct tk_ah *ah)
{
	int err = crypto_ahash_setkey(ah->hash, x->aalg->alg_key,
				      (x->aalg->alg_key_len + 7) / 8);

	if (err)
		return err;
	return x->aalg->alg_trunc_len / 8 > crypto_ahash_digestsize(ah->hash) ||
	       crypto_ahash_digestsize(ah->hash) > HASH_MAX_DIGESTSIZE ? -EINVAL : 0;
}

static int ah_init(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	struct tk_ah *ah;
	int err;

	x->data = NULL;
	if (!x->aalg || x->encap) {
		NL_SET_ERR_MSG(extack, "AH: no algorithm, or an encapsulation");
		return -EINVAL;
	}
	ah = kzalloc(sizeof(*ah), GFP_KERNEL);
	if (!ah)
		return -ENOMEM;
	ah->hash = crypto_alloc_ahash(x->aalg->alg_name, 0, 0);
	if (IS_ERR(ah->hash)) {
		err = PTR_ERR(ah->hash);
		NL_SET_ERR_MSG(extack, "AH: the kernel has no such algorithm");
		kfree(ah);
		return err;
	}
	x->data = ah;
	err = ah_key(x, ah);
	if (err)
		NL_SET_ERR_MSG(extack, "AH: the key or the length of the ICV does not fit");
	else
		set_lengths(x, ah);
	return err;
}

static void ah_destroy(struct xfrm_state *x)
{
	struct tk_ah *ah = x->data;

	if (!ah)
		return;
	crypto_free_ahash(ah->hash);
	kfree(ah);
}

const struct xfrm_type tk_ah_type = {
	.owner = THIS_MODULE,
	.proto = IPPROTO_AH,
	.flags = XFRM_TYPE_REPLAY_PROT,
	.init_state = ah_init,
	.destructor = ah_destroy,
	.input = ah_input,
	.output = ah_output,
};
