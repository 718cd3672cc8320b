// SPDX-License-Identifier: GPL-2.0-only
/*
 * ESP (RFC 4303), one for both families.
 *
 * An SA's cipher is a crypto_aead, also where it is made of two algorithms (RFC 7321).
 * What it authenticates beside the payload is SPI and sequence number; with extended
 * sequence numbers their high half goes between the two, and is not on the wire
 * (2.2.1).  So that part is a buffer beside the packet, the same way for all:
 *
 *	SPI [high] low | IV payload padding length next | ICV
 *	- in tk_req -    ------------ in the packet ----------
 *
 * The sequence numbers themselves, replay and lifetimes are the core's.
 */
#include <crypto/aead.h>
#include <crypto/authenc.h>
#include <linux/rtnetlink.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/esp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/xfrm.h>
#include "proto.h"
#include "trace.h"

/* One packet on its way through the cipher; IV, request and list follow. */
struct tk_req {
	__be32 aad[3];
	u8 iv[];
};

/* The core's part of skb->cb stays as it is. */
struct tk_skb_cb {
	struct xfrm_skb_cb xfrm;
	struct tk_req *req;
};

#define TK_SKB_CB(skb) ((struct tk_skb_cb *)(skb)->cb)

/* What gets behind the payload. */
struct tk_trailer {
	u8 proto;
	unsigned int tfc;	/* bytes that hide the length (2.7) */
	unsigned int pad;	/* with the two bytes that end it */
	unsigned int icv;
};

static unsigned int aad_len(const struct xfrm_state *x)
{
	return x->props.flags & XFRM_STATE_ESN ? 12 : 8;
}

static unsigned int block_size(struct crypto_aead *aead)
{
	return ALIGN(crypto_aead_blocksize(aead), 4);
}

static unsigned int udp_len(const struct xfrm_state *x)
{
	if (!x->encap)
		return 0;
	return sizeof(struct udphdr) +
	       (x->encap->encap_type == UDP_ENCAP_ESPINUDP ? 0 : 2 * sizeof(u32));
}

/* Requests */

static u8 *req_iv(struct crypto_aead *aead, struct tk_req *req)
{
	return PTR_ALIGN(&req->iv[0], crypto_aead_alignmask(aead) + 1);
}

static struct aead_request *req_aead(struct crypto_aead *aead, struct tk_req *req)
{
	return PTR_ALIGN((struct aead_request *)(req_iv(aead, req) + crypto_aead_ivsize(aead)),
			 crypto_tfm_ctx_alignment());
}

static struct scatterlist *req_list(struct crypto_aead *aead, struct tk_req *req)
{
	u8 *end = (u8 *)(req_aead(aead, req) + 1) + crypto_aead_reqsize(aead);

	return PTR_ALIGN((struct scatterlist *)end, __alignof__(struct scatterlist));
}

static struct tk_req *req_alloc(struct crypto_aead *aead, int nfrags)
{
	size_t len = sizeof(struct tk_req) + crypto_aead_alignmask(aead) +
		     crypto_aead_ivsize(aead) + crypto_tfm_ctx_alignment() +
		     sizeof(struct aead_request) + crypto_aead_reqsize(aead) +
		     __alignof__(struct scatterlist) + (nfrags + 1) * sizeof(struct scatterlist);

	return kmalloc(len, GFP_ATOMIC);
}

/* The AAD and then the packet from @offset on. */
static int req_map(struct crypto_aead *aead, struct tk_req *req, struct sk_buff *skb,
		   unsigned int offset, unsigned int aad, int nfrags)
{
	struct scatterlist *list = req_list(aead, req);
	int n;

	sg_init_table(list, nfrags + 1);
	sg_set_buf(list, req->aad, aad);
	n = skb_to_sgvec(skb, list + 1, offset, skb->len - offset);
	return n < 0 ? n : 0;
}

static void set_aad(struct tk_req *req, const struct xfrm_state *x,
		    const struct ip_esp_hdr *esph, __be32 high)
{
	bool esn = x->props.flags & XFRM_STATE_ESN;

	req->aad[0] = esph->spi;
	req->aad[1] = esn ? high : esph->seq_no;
	req->aad[2] = esph->seq_no;
}

/* UDP has to have a checksum over IPv6 (over IPv4 it is zero, RFC 3948 2.1). */
static void udp_checksum(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int offset = skb_transport_offset(skb), len = skb->len - offset;
	struct udphdr *uh = udp_hdr(skb);

	uh->check = csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len, IPPROTO_UDP,
				    skb_checksum(skb, offset, len, 0));
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
}

/* Output */

static int output_end(const struct xfrm_state *x, struct sk_buff *skb, int err)
{
	kfree(TK_SKB_CB(skb)->req);
	trace_tanuki_out(x, skb, err);
	if (!err && x->encap && x->props.family == AF_INET6)
		udp_checksum(skb);
	return err;
}

TK_CRYPTO_DONE(output_done, data, err)
{
	struct sk_buff *skb = tk_crypto_skb(data);

	err = output_end(skb_dst(skb)->xfrm, skb, err);
	xfrm_output_resume(skb_to_full_sk(skb), skb, err);
}

static void plan_trailer(struct xfrm_state *x, struct sk_buff *skb, struct tk_trailer *t)
{
	const struct xfrm_dst *dst = (const struct xfrm_dst *)skb_dst(skb);
	struct crypto_aead *aead = x->data;
	unsigned int upto = 0;

	if (x->tfcpad)
		upto = min(x->tfcpad, xfrm_state_mtu(x, dst->child_mtu_cached));
	t->tfc = upto > skb->len ? upto - skb->len : 0;
	t->pad = ALIGN(skb->len + t->tfc + 2, block_size(aead)) - skb->len - t->tfc;
	t->icv = crypto_aead_authsize(aead);
}

/* Padding counts from 1 (2.4). */
static void write_trailer(u8 *tail, const struct tk_trailer *t)
{
	unsigned int i;

	memset(tail, 0, t->tfc);
	tail += t->tfc;
	for (i = 0; i < t->pad - 2; i++)
		tail[i] = i + 1;
	tail[i++] = t->pad - 2;
	tail[i] = t->proto;
}

static int add_trailer(struct sk_buff *skb, const struct tk_trailer *t)
{
	unsigned int len = t->tfc + t->pad + t->icv;
	struct sk_buff *last;
	int nfrags = skb_cow_data(skb, len, &last);

	if (nfrags < 0)
		return nfrags;
	write_trailer(skb_tail_pointer(last), t);
	pskb_put(skb, last, len);
	return nfrags;
}

/* The header of UDP, where NAT is in the way; the ports follow a peer that moves. */
static int write_udp(struct xfrm_state *x, struct sk_buff *skb)
{
	unsigned int len = skb->len - skb_transport_offset(skb);
	struct udphdr *uh = udp_hdr(skb);

	if (len + sizeof(struct iphdr) > IP_MAX_MTU)
		return -EMSGSIZE;
	memset(uh, 0, udp_len(x));
	spin_lock_bh(&x->lock);
	uh->source = x->encap->encap_sport;
	uh->dest = x->encap->encap_dport;
	spin_unlock_bh(&x->lock);
	uh->len = htons(len);
	*skb_mac_header(skb) = IPPROTO_UDP;
	return 0;
}

/* Returns where the header is, from skb->data on. */
static int write_header(struct xfrm_state *x, struct sk_buff *skb)
{
	struct ip_esp_hdr *esph;
	int err;

	skb_push(skb, -skb_network_offset(skb));
	*skb_mac_header(skb) = IPPROTO_ESP;
	if (x->encap) {
		err = write_udp(x, skb);
		if (err)
			return err;
	}
	esph = (struct ip_esp_hdr *)(skb_transport_header(skb) + udp_len(x));
	esph->spi = x->id.spi;
	esph->seq_no = htonl(XFRM_SKB_CB(skb)->seq.output.low);
	return (u8 *)esph - skb->data;
}

/* The IV is made of the sequence number: it does not come twice with one key. */
static void set_iv(struct crypto_aead *aead, struct tk_req *req, const struct sk_buff *skb)
{
	__be64 seq = cpu_to_be64((u64)XFRM_SKB_CB(skb)->seq.output.hi << 32 |
				 XFRM_SKB_CB(skb)->seq.output.low);
	unsigned int len = crypto_aead_ivsize(aead), n = min_t(unsigned int, len, sizeof(seq));
	u8 *iv = req_iv(aead, req);

	memset(iv, 0, len);
	memcpy(iv + len - n, (u8 *)&seq + sizeof(seq) - n, n);
}

static void set_request(const struct xfrm_state *x, struct tk_req *req, struct sk_buff *skb,
			unsigned int len, crypto_completion_t done)
{
	struct crypto_aead *aead = x->data;
	struct aead_request *areq = req_aead(aead, req);
	struct scatterlist *list = req_list(aead, req);

	aead_request_set_tfm(areq, aead);
	aead_request_set_callback(areq, 0, done, skb);
	aead_request_set_crypt(areq, list, list, len, req_iv(aead, req));
	aead_request_set_ad(areq, aad_len(x));
	TK_SKB_CB(skb)->req = req;
}

static int encrypt(struct xfrm_state *x, struct sk_buff *skb, unsigned int offset,
		   unsigned int icv, int nfrags)
{
	struct crypto_aead *aead = x->data;
	struct tk_req *req = req_alloc(aead, nfrags);
	int err;

	if (!req)
		return -ENOMEM;
	set_aad(req, x, (struct ip_esp_hdr *)(skb->data + offset),
		htonl(XFRM_SKB_CB(skb)->seq.output.hi));
	offset += sizeof(struct ip_esp_hdr);
	err = req_map(aead, req, skb, offset, aad_len(x), nfrags);
	if (err) {
		kfree(req);
		return err;
	}
	set_iv(aead, req, skb);
	set_request(x, req, skb, skb->len - offset - icv, output_done);
	err = crypto_aead_encrypt(req_aead(aead, req));
	/* In progress: skb and req may be gone by now. */
	return err == -EINPROGRESS ? err : output_end(x, skb, err);
}

static int esp_output(struct xfrm_state *x, struct sk_buff *skb)
{
	struct tk_trailer trailer = { .proto = *skb_mac_header(skb) };
	int nfrags, offset;

	plan_trailer(x, skb, &trailer);
	nfrags = add_trailer(skb, &trailer);
	if (nfrags < 0)
		return nfrags;
	offset = write_header(x, skb);
	if (offset < 0)
		return offset;
	return encrypt(x, skb, offset, trailer.icv, nfrags);
}

/* Input */

/* Padding that does not count from 1 is not what the sender may send (2.4). */
static bool padding_ok(const u8 *end, unsigned int pad)
{
	unsigned int i;

	for (i = 0; i < pad; i++)
		if (end[i] != i + 1)
			return false;
	return true;
}

/* Takes off what is behind the payload; returns the payload's protocol. */
static int remove_trailer(struct sk_buff *skb, unsigned int header, unsigned int icv)
{
	unsigned int len = skb->len - icv, pad;
	u8 end[255 + 2];

	if (skb_copy_bits(skb, len - 2, end + 255, 2))
		return -EINVAL;
	pad = end[255];
	if (pad + 2 + header > len || skb_copy_bits(skb, len - 2 - pad, end, pad) ||
	    !padding_ok(end, pad))
		return -EINVAL;
	if (pskb_trim(skb, len - 2 - pad))
		return -ENOMEM;
	/* A dummy packet ends here, as if it were in error (2.6). */
	return end[256] == IPPROTO_NONE ? -EINVAL : end[256];
}

/* A peer behind NAT that moved: who keys decides about it. */
static void check_mapping(struct xfrm_state *x, const struct sk_buff *skb)
{
	const struct udphdr *uh = (const void *)(skb_transport_header(skb) - udp_len(x));
	xfrm_address_t saddr = {};

	if (x->props.family == AF_INET)
		saddr.a4 = ip_hdr(skb)->saddr;
	else
		saddr.in6 = ipv6_hdr(skb)->saddr;
	if (!xfrm_addr_equal(&saddr, &x->props.saddr, x->props.family) ||
	    uh->source != x->encap->encap_sport)
		km_new_mapping(x, &saddr, uh->source);
}

static int input_end(struct xfrm_state *x, struct sk_buff *skb, int err)
{
	struct crypto_aead *aead = x->data;
	unsigned int header = sizeof(struct ip_esp_hdr) + crypto_aead_ivsize(aead);
	int proto, outer = skb_network_header_len(skb) - udp_len(x);

	kfree(TK_SKB_CB(skb)->req);
	trace_tanuki_in(x, skb, err);
	if (err)
		return err;
	proto = remove_trailer(skb, header, crypto_aead_authsize(aead));
	if (proto < 0)
		return proto;
	if (x->encap) {
		check_mapping(x, skb);
		/* The inner checksum has the addresses of before the NAT (RFC 3948 3.1.2). */
		if (x->props.mode == XFRM_MODE_TRANSPORT)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	skb_pull_rcsum(skb, header);
	if (x->props.mode == XFRM_MODE_TUNNEL)
		skb_reset_transport_header(skb);
	else
		skb_set_transport_header(skb, -outer);
	return proto;
}

TK_CRYPTO_DONE(input_done, data, err)
{
	struct sk_buff *skb = tk_crypto_skb(data);

	xfrm_input_resume(skb, input_end(xfrm_input_state(skb), skb, err));
}

static int input_frags(struct sk_buff *skb)
{
	struct sk_buff *last;

	if (!skb_cloned(skb) && !skb_is_nonlinear(skb))
		return 1;
	return skb_cow_data(skb, 0, &last);
}

static int decrypt(struct xfrm_state *x, struct sk_buff *skb, int nfrags)
{
	struct crypto_aead *aead = x->data;
	struct tk_req *req = req_alloc(aead, nfrags);
	unsigned int offset = sizeof(struct ip_esp_hdr);
	int err;

	if (!req)
		return -ENOMEM;
	set_aad(req, x, (struct ip_esp_hdr *)skb->data, XFRM_SKB_CB(skb)->seq.input.hi);
	err = req_map(aead, req, skb, offset, aad_len(x), nfrags);
	if (err) {
		kfree(req);
		return err;
	}
	skb->ip_summed = CHECKSUM_NONE;
	set_request(x, req, skb, skb->len - offset, input_done);
	err = crypto_aead_decrypt(req_aead(aead, req));
	return err == -EINPROGRESS ? err : input_end(x, skb, err);
}

static int esp_input(struct xfrm_state *x, struct sk_buff *skb)
{
	struct crypto_aead *aead = x->data;
	unsigned int header = sizeof(struct ip_esp_hdr) + crypto_aead_ivsize(aead);
	int nfrags;

	if (skb->len < header + 2 + crypto_aead_authsize(aead) || !pskb_may_pull(skb, header))
		return -EINVAL;
	nfrags = input_frags(skb);
	return nfrags < 0 ? nfrags : decrypt(x, skb, nfrags);
}

/* SAs */

static int bytes(unsigned int bits)
{
	return (bits + 7) / 8;
}

static int aead_name(const struct xfrm_state *x, char *name)
{
	const char *esn = x->props.flags & XFRM_STATE_ESN ? "esn" : "";
	const char *open = x->geniv ? "(" : "", *close = x->geniv ? ")" : "";
	int len;

	if (x->aead)
		len = snprintf(name, CRYPTO_MAX_ALG_NAME, "%s%s%s%s", x->geniv ?: "", open,
			       x->aead->alg_name, close);
	else
		len = snprintf(name, CRYPTO_MAX_ALG_NAME, "%s%sauthenc%s(%s,%s)%s",
			       x->geniv ?: "", open, esn,
			       x->aalg ? x->aalg->alg_name : "digest_null", x->ealg->alg_name,
			       close);
	return len < CRYPTO_MAX_ALG_NAME ? 0 : -ENAMETOOLONG;
}

static int set_combined_key(struct xfrm_state *x, struct crypto_aead *aead)
{
	int err = crypto_aead_setkey(aead, x->aead->alg_key, bytes(x->aead->alg_key_len));

	return err ?: crypto_aead_setauthsize(aead, bytes(x->aead->alg_icv_len));
}

/* authenc() takes both keys as one: how long the second is, the first, the second. */
static int set_two_keys(struct xfrm_state *x, struct crypto_aead *aead)
{
	int alen = x->aalg ? bytes(x->aalg->alg_key_len) : 0, elen = bytes(x->ealg->alg_key_len);
	struct crypto_authenc_key_param *param;
	int err, len = RTA_SPACE(sizeof(*param)) + alen + elen;
	struct rtattr *rta = kzalloc(len, GFP_KERNEL);
	u8 *key = (u8 *)rta + RTA_SPACE(sizeof(*param));

	if (!rta)
		return -ENOMEM;
	rta->rta_type = CRYPTO_AUTHENC_KEYA_PARAM;
	rta->rta_len = RTA_LENGTH(sizeof(*param));
	param = RTA_DATA(rta);
	param->enckeylen = cpu_to_be32(elen);
	if (x->aalg)
		memcpy(key, x->aalg->alg_key, alen);
	memcpy(key + alen, x->ealg->alg_key, elen);
	err = crypto_aead_setkey(aead, (u8 *)rta, len);
	kfree_sensitive(rta);
	if (err || !x->aalg)
		return err;
	return crypto_aead_setauthsize(aead, bytes(x->aalg->alg_trunc_len));
}

static int encap_ok(const struct xfrm_state *x)
{
	return !x->encap || x->encap->encap_type == UDP_ENCAP_ESPINUDP ||
	       (x->encap->encap_type == UDP_ENCAP_ESPINUDP_NON_IKE &&
		x->props.family == AF_INET);
}

/* How much a packet grows by; a tunnel's and BEET's own headers are counted here too. */
static void set_lengths(struct xfrm_state *x, struct crypto_aead *aead)
{
	int ip = x->props.family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	x->props.header_len = sizeof(struct ip_esp_hdr) + crypto_aead_ivsize(aead) + udp_len(x);
	if (x->props.mode == XFRM_MODE_TUNNEL)
		x->props.header_len += ip;
	else if (x->props.mode == XFRM_MODE_BEET && x->sel.family != AF_INET6)
		x->props.header_len += IPV4_BEET_PHMAXLEN + ip - sizeof(struct iphdr);
	x->props.trailer_len = block_size(aead) + 1 + crypto_aead_authsize(aead);
}

static int esp_init(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *aead;
	int err;

	x->data = NULL;
	if ((!x->aead && !x->ealg) || !encap_ok(x)) {
		NL_SET_ERR_MSG(extack, "ESP: no cipher, or an unknown encapsulation");
		return -EINVAL;
	}
	err = aead_name(x, name);
	if (err)
		return err;
	aead = crypto_alloc_aead(name, 0, 0);
	if (IS_ERR(aead)) {
		NL_SET_ERR_MSG(extack, "ESP: the kernel has no such algorithm");
		return PTR_ERR(aead);
	}
	/* (xfrm_state_mtu() takes every ESP SA's data for one.) */
	x->data = aead;
	err = x->aead ? set_combined_key(x, aead) : set_two_keys(x, aead);
	if (err)
		NL_SET_ERR_MSG(extack, "ESP: the key or the length of the ICV does not fit");
	else
		set_lengths(x, aead);
	return err;
}

static void esp_destroy(struct xfrm_state *x)
{
	crypto_free_aead(x->data);
}

const struct xfrm_type tk_esp_type = {
	.owner = THIS_MODULE,
	.proto = IPPROTO_ESP,
	.flags = XFRM_TYPE_REPLAY_PROT,
	.init_state = esp_init,
	.destructor = esp_destroy,
	.input = esp_input,
	.output = esp_output,
};
