// SPDX-License-Identifier: BSD-2-Clause
/*
 * conform - series of cases against a host with IPsec, seen from the wire alone.
 *
 * usage: conform SERIES NAMESPACE INTERFACE MAC [WORDS]
 *
 * INTERFACE is a wire to the device under test, whose "ip xfrm" is that of NAMESPACE and
 * whose link address is MAC.  WORDS are added to its OUT policy ("if_id 0x54").  Each case
 * has SAs of its own; it sends echo requests and reads the answers, which have to come back
 * as its policy demands.  What must be dropped is followed by a good request: when that
 * one's answer is the first to come, the device was silent.
 *
 * Prints TAP.  What an RFC only recommends, and the device does not, is "ok ... # warn".
 */
#include "seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/udp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 2048
#define DATA_LEN 40 /* bytes of an echo request behind its header */
#define ANSWER_MS 3000
#define SPI_IN 0x1001 /* to the device */
#define SPI_OUT 0x2001

static const struct seal_alg algs[] = {
	{ "aes-gcm-16", "aead rfc4106(gcm(aes)) %k 128", "aes-128-gcm", NULL, 16, 4, 8, 0, 16, 4 },
	{ "aes-gcm-8", "aead rfc4106(gcm(aes)) %k 64", "aes-128-gcm", NULL, 16, 4, 8, 0, 8, 4 },
	{ "aes-256-gcm-16", "aead rfc4106(gcm(aes)) %k 128", "aes-256-gcm", NULL, 32, 4, 8, 0, 16,
	  4 },
	{ "chacha20-poly1305", "aead rfc7539esp(chacha20,poly1305) %k 128", "chacha20-poly1305",
	  NULL, 32, 4, 8, 0, 16, 4 },
	{ "aes-cbc, sha1", "enc cbc(aes) %k auth-trunc hmac(sha1) %h 96", "aes-128-cbc", "sha1", 16,
	  0, 16, 20, 12, 16 },
	{ "aes-cbc, sha256", "enc cbc(aes) %k auth-trunc hmac(sha256) %h 128", "aes-128-cbc",
	  "sha256", 16, 0, 16, 32, 16, 16 },
	{ "aes-256-cbc, sha512", "enc cbc(aes) %k auth-trunc hmac(sha512) %h 256", "aes-256-cbc",
	  "sha512", 32, 0, 16, 64, 32, 16 },
	{ "camellia-cbc, sha384", "enc cbc(camellia) %k auth-trunc hmac(sha384) %h 192",
	  "camellia-128-cbc", "sha384", 16, 0, 16, 48, 24, 16 },
	{ "3des-cbc, md5", "enc cbc(des3_ede) %k auth-trunc hmac(md5) %h 96", "des-ede3-cbc", "md5",
	  24, 0, 8, 16, 12, 8 },
	{ "null, sha256", "enc ecb(cipher_null) \"\" auth-trunc hmac(sha256) %h 128", NULL,
	  "sha256", 0, 0, 0, 32, 16, 4 },
	{ "ah sha1", "auth-trunc hmac(sha1) %h 96", NULL, "sha1", 0, 0, 0, 20, 12, 4 },
	{ "ah sha256", "auth-trunc hmac(sha256) %h 128", NULL, "sha256", 0, 0, 0, 32, 16, 4 },
	{ "ah sha512", "auth-trunc hmac(sha512) %h 256", NULL, "sha512", 0, 0, 0, 64, 32, 4 },
	{ "ah md5", "auth-trunc hmac(md5) %h 96", NULL, "md5", 0, 0, 0, 16, 12, 4 },
};

/* What a request is like. */
enum shape {
	GOOD,
	CLEAR,
	ICV_WRONG,
	PAYLOAD_WRONG,
	SEQ_WRONG, /* another than what was authenticated */
	SPI_UNKNOWN,
	SPI_RESERVED,
	CUT_SHORT,
	NOTHING_INSIDE,
	BAD_PAD,
	BAD_PAD_LEN,
	MORE_PAD,
	TFC,
	DUMMY,
	FRAGMENTS,
	MUTABLE,   /* other values in fields that change on the way */
	IMMUTABLE, /* another value in one that does not */
	AH_LEN,
};

enum flag { ESN = 1, SHOULD = 2, AH_ONLY = 4, ESP_ONLY = 8, TUNNEL_ONLY = 16, V4_ONLY = 32 };

/*
 * Up to three requests.  One that must be dropped has '-' for an answer, else '+'; sequence
 * numbers are counted from the base.
 */
struct step {
	enum shape shape;
	unsigned int seq;
	char answer;
};

static const struct {
	const char *name;
	unsigned int flags;
	struct step step[3];
} cases[] = {
	{ "input and output", 0, { { GOOD, 1, '+' }, { GOOD, 2, '+' } } },
	{ "input and output, ESN", ESN, { { GOOD, 1, '+' }, { GOOD, 2, '+' } } },
	{ "in the clear: dropped", 0, { { CLEAR, 0, '-' }, { GOOD, 1, '+' } } },
	{ "wrong ICV: dropped", 0, { { ICV_WRONG, 1, '-' }, { GOOD, 2, '+' } } },
	{ "wrong ICV does not move the window", 0, { { ICV_WRONG, 4000, '-' }, { GOOD, 2, '+' } } },
	{ "wrong ICV, ESN: dropped", ESN, { { ICV_WRONG, 1, '-' }, { GOOD, 2, '+' } } },
	{ "changed payload: dropped", 0, { { PAYLOAD_WRONG, 1, '-' }, { GOOD, 2, '+' } } },
	{ "changed sequence number: dropped", 0, { { SEQ_WRONG, 1, '-' }, { GOOD, 2, '+' } } },
	{ "unknown SPI: dropped", 0, { { SPI_UNKNOWN, 1, '-' }, { GOOD, 2, '+' } } },
	{ "SPI 0: dropped", 0, { { SPI_RESERVED, 0, '-' }, { GOOD, 2, '+' } } },
	{ "SPI 255: dropped", 0, { { SPI_RESERVED, 255, '-' }, { GOOD, 2, '+' } } },
	{ "a replay: dropped", 0, { { GOOD, 1, '+' }, { GOOD, 1, '-' }, { GOOD, 2, '+' } } },
	{ "a replay, ESN: dropped", ESN, { { GOOD, 1, '+' }, { GOOD, 1, '-' }, { GOOD, 2, '+' } } },
	{ "sequence number 0: dropped", 0, { { GOOD, 0, '-' }, { GOOD, 1, '+' } } },
	{ "late, at the window's left edge", 0, { { GOOD, 100, '+' }, { GOOD, 69, '+' } } },
	{ "left of the window: dropped",
	  0,
	  { { GOOD, 100, '+' }, { GOOD, 68, '-' }, { GOOD, 101, '+' } } },
	{ "left of the window, ESN: dropped",
	  ESN,
	  { { GOOD, 100, '+' }, { GOOD, 36, '-' }, { GOOD, 101, '+' } } },
	{ "cut short: dropped", 0, { { CUT_SHORT, 1, '-' }, { GOOD, 2, '+' } } },
	{ "no payload: dropped", ESP_ONLY, { { NOTHING_INSIDE, 1, '-' }, { GOOD, 2, '+' } } },
	{ "pad length beyond the payload: dropped",
	  ESP_ONLY,
	  { { BAD_PAD_LEN, 1, '-' }, { GOOD, 2, '+' } } },
	{ "more padding than is needed", ESP_ONLY, { { MORE_PAD, 1, '+' } } },
	{ "padding that does not count: dropped (RFC 4303 2.4, SHOULD)",
	  ESP_ONLY | SHOULD,
	  { { BAD_PAD, 1, '-' }, { GOOD, 2, '+' } } },
	{ "dummy packet, next header 59: dropped",
	  ESP_ONLY,
	  { { DUMMY, 1, '-' }, { GOOD, 2, '+' } } },
	{ "TFC padding", ESP_ONLY | TUNNEL_ONLY, { { TFC, 1, '+' } } },
	{ "in fragments", V4_ONLY, { { FRAGMENTS, 1, '+' }, { GOOD, 2, '+' } } },
	{ "mutable fields do not count", AH_ONLY, { { MUTABLE, 1, '+' } } },
	{ "immutable fields count: dropped", AH_ONLY, { { IMMUTABLE, 1, '-' }, { GOOD, 2, '+' } } },
	{ "AH length wrong: dropped", AH_ONLY, { { AH_LEN, 1, '-' }, { GOOD, 2, '+' } } },
};

/* What a series is about, and what a case has now. */
static struct {
	int family;
	bool udp;
	const char *netns, *words;
	int wire;
	uint8_t mac[ETH_ALEN], own[ETH_ALEN];
	/* a case's */
	const struct seal_alg *alg;
	bool ah, tunnel, esn;
	struct seal_sa in, out;
	uint16_t echo;
} t;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* Addresses: the device's (0), ours (1), the device's and ours inside of tunnels (2, 3). */
static const char *const addresses[2][4] = {
	{ "192.0.2.2", "192.0.2.1", "198.51.100.2", "198.51.100.1" },
	{ "2001:db8::2", "2001:db8::1", "2001:db8:1::2", "2001:db8:1::1" },
};

static const char *address(int which)
{
	return addresses[t.family == AF_INET6][which];
}

/* Packets */

static uint16_t fold(const uint8_t *data, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t ip_len(void)
{
	return t.family == AF_INET ? 20 : 40;
}

/* The header before @n bytes of @proto. */
static void put_ip(uint8_t *p, int src, int dst, uint8_t proto, size_t n)
{
	memset(p, 0, ip_len());
	if (t.family == AF_INET) {
		p[0] = 0x45;
		put16(p + 2, 20 + n);
		put16(p + 4, 4711);
		p[8] = 64;
		p[9] = proto;
		inet_pton(AF_INET, address(src), p + 12);
		inet_pton(AF_INET, address(dst), p + 16);
		put16(p + 10, ~fold(p, 20, 0));
	} else {
		p[0] = 0x60;
		put16(p + 4, n);
		p[6] = proto;
		p[7] = 64;
		inet_pton(AF_INET6, address(src), p + 8);
		inet_pton(AF_INET6, address(dst), p + 24);
	}
}

static uint8_t icmp(void)
{
	return t.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

/* The checksum of ICMP at @p: 0 when it is right. */
static uint16_t icmp_sum(const uint8_t *p, size_t n, int src, int dst)
{
	uint8_t pseudo[32];

	if (t.family == AF_INET)
		return ~fold(p, n, 0);
	inet_pton(AF_INET6, address(src), pseudo);
	inet_pton(AF_INET6, address(dst), pseudo + 16);
	return ~fold(p, n, fold(pseudo, 32, (uint32_t)n + IPPROTO_ICMPV6));
}

/* An echo request, with a header of its own for a tunnel; returns its length. */
static size_t put_request(uint8_t *p, bool tunnel)
{
	size_t head = tunnel ? ip_len() : 0, n = 8 + DATA_LEN;
	int src = tunnel ? 3 : 1, dst = tunnel ? 2 : 0;
	uint8_t *request = p + head;

	if (tunnel)
		put_ip(p, src, dst, icmp(), n);
	memset(request, 0x5a, n);
	request[0] = t.family == AF_INET ? 8 : 128;
	request[1] = 0;
	put16(request + 2, 0);
	put16(request + 4, 77);
	put16(request + 6, ++t.echo);
	put16(request + 2, icmp_sum(request, n, src, dst));
	return head + n;
}

static void send_ip(const uint8_t *packet, size_t n)
{
	uint8_t frame[FRAME_MAX];

	memcpy(frame, t.mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, t.own, ETH_ALEN);
	put16(frame + 12, t.family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	memcpy(frame + ETH_HLEN, packet, n);
	if (send(t.wire, frame, ETH_HLEN + n, 0) < 0)
		die("send");
}

/* AH's header is a multiple of 4 bytes in IPv4, of 8 in IPv6 (RFC 4302 2.6). */
static size_t ah_len(void)
{
	size_t n = 12 + t.alg->icv;

	return t.family == AF_INET ? (n + 3) & ~3u : (n + 7) & ~7u;
}

/* Its ICV, over a copy without what changes on the way (RFC 4302 3.3.3.1). */
static void ah_icv(const struct seal_sa *sa, const uint8_t *packet, size_t n, uint8_t *icv)
{
	uint8_t copy[FRAME_MAX];

	memcpy(copy, packet, n);
	if (t.family == AF_INET) {
		copy[1] = copy[8] = 0;
		memset(copy + 6, 0, 2);
		memset(copy + 10, 0, 2);
	} else {
		copy[0] = 0x60;
		memset(copy + 1, 0, 3);
		copy[7] = 0;
	}
	memset(copy + ip_len() + 12, 0, t.alg->icv);
	seal_ah_icv(sa, copy, n, icv);
}

/* @n bytes of payload at @p + IP + AH get their headers. */
static size_t put_ah(uint8_t *p, const struct seal_sa *sa, uint8_t next, size_t n)
{
	uint8_t *ah = p + ip_len();

	n += ah_len();
	put_ip(p, 1, 0, IPPROTO_AH, n);
	memset(ah, 0, ah_len());
	ah[0] = next;
	ah[1] = (uint8_t)(ah_len() / 4 - 2);
	put16(ah + 4, sa->spi >> 16);
	put16(ah + 6, sa->spi);
	put16(ah + 8, sa->seq >> 16);
	put16(ah + 10, sa->seq);
	ah_icv(sa, p, ip_len() + n, ah + 12);
	return ip_len() + n;
}

static size_t put_esp(uint8_t *p, const struct seal_sa *sa, enum shape shape,
		      const uint8_t *payload, size_t n)
{
	struct seal_trailer trailer = {
		.next = !t.tunnel             ? icmp()
			: t.family == AF_INET ? IPPROTO_IPIP
					      : IPPROTO_IPV6,
		.tfc = shape == TFC ? 100 : 0,
		.more_pad = shape == MORE_PAD || shape == BAD_PAD ? 2 : 0,
		.bad_pad = shape == BAD_PAD,
		.bad_pad_len = shape == BAD_PAD_LEN,
	};
	size_t udp = t.udp ? 8 : 0;

	if (shape == DUMMY)
		trailer.next = IPPROTO_NONE;
	n = udp +
	    seal_esp(sa, &trailer, payload, shape == NOTHING_INSIDE ? 0 : n, p + ip_len() + udp);
	if (shape == NOTHING_INSIDE)
		n = udp + 8;
	put_ip(p, 1, 0, t.udp ? IPPROTO_UDP : IPPROTO_ESP, n);
	if (t.udp) {
		put16(p + ip_len(), 4500);
		put16(p + ip_len() + 2, 4500);
		put16(p + ip_len() + 4, n);
		put16(p + ip_len() + 6, 0);
	}
	return ip_len() + n;
}

/* What happens to a packet on its way; returns its length. */
static size_t damage(uint8_t *p, size_t n, enum shape shape)
{
	uint8_t *head = p + ip_len() + (t.udp ? 8 : 0);

	if (shape == ICV_WRONG)
		(t.ah ? head + 12 : p + n - 1)[0] ^= 1;
	else if (shape == PAYLOAD_WRONG)
		p[t.ah ? n - 1 : n - t.alg->icv - 20] ^= 0x80;
	else if (shape == SEQ_WRONG)
		head[t.ah ? 11 : 7] ^= 4;
	else if (shape == AH_LEN)
		head[1]++;
	else if (shape == IMMUTABLE)
		p[t.family == AF_INET ? 5 : 23] ^= 1; /* identification; source */
	else if (shape == MUTABLE)
		p[t.family == AF_INET ? 8 : 7] = 3;
	else if (shape == CUT_SHORT)
		n = ip_len() + (t.ah ? 12 + 4 : t.udp ? 8 + 12 : 12);
	else
		return n;
	if (t.family == AF_INET) {
		put16(p + 2, n);
		put16(p + 10, 0);
		put16(p + 10, ~fold(p, 20, 0));
	} else {
		put16(p + 4, n - 40);
	}
	if (t.udp)
		put16(p + ip_len() + 4, n - ip_len());
	return n;
}

/* Two fragments; the first has 32 bytes.  (AH covers the identification: it stays.) */
static void send_fragments(const uint8_t *packet, size_t n)
{
	uint8_t p[FRAME_MAX];
	const size_t first = 32, rest = n - 20 - first;

	memcpy(p, packet, 20 + first);
	put16(p + 2, 20 + first);
	put16(p + 6, 0x2000);
	put16(p + 10, 0);
	put16(p + 10, ~fold(p, 20, 0));
	send_ip(p, 20 + first);
	put16(p + 2, 20 + rest);
	put16(p + 6, first / 8);
	put16(p + 10, 0);
	put16(p + 10, ~fold(p, 20, 0));
	memcpy(p + 20, packet + 20 + first, rest);
	send_ip(p, 20 + rest);
}

static void send_request(const struct step *step)
{
	uint8_t payload[FRAME_MAX], p[FRAME_MAX];
	size_t n = put_request(payload, t.tunnel);
	struct seal_sa sa = t.in;
	uint8_t next = !t.tunnel ? icmp() : t.family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;

	sa.seq = step->seq;
	if (step->shape == SPI_UNKNOWN)
		sa.spi = 0x7777;
	if (step->shape == SPI_RESERVED)
		sa.spi = step->seq;
	if (step->shape == CLEAR) {
		memcpy(p + ip_len(), payload, n);
		put_ip(p, 1, 0, next, n);
		n += ip_len();
	} else if (t.ah) {
		memcpy(p + ip_len() + ah_len(), payload, n);
		n = put_ah(p, &sa, next, n);
	} else {
		n = put_esp(p, &sa, step->shape, payload, n);
	}
	n = damage(p, n, step->shape);
	if (step->shape == FRAGMENTS)
		send_fragments(p, n);
	else
		send_ip(p, n);
}

/* Answers */

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ICMP errors and neighbour discovery are no answers, echo replies in the clear are. */
static bool is_answer(const uint8_t *p, size_t n)
{
	uint8_t proto = p[t.family == AF_INET ? 9 : 6];

	if (n < ip_len() + 8)
		return false;
	if (proto == icmp())
		return p[ip_len()] == (t.family == AF_INET ? 0 : 129);
	return proto == IPPROTO_ESP || proto == IPPROTO_AH || proto == IPPROTO_UDP;
}

/* The next IP packet from the device, or 0 when the time is up. */
static size_t receive(uint8_t *p)
{
	long until = now_ms() + ANSWER_MS, left;
	uint8_t frame[FRAME_MAX];
	struct pollfd fd = { .fd = t.wire, .events = POLLIN };

	while ((left = until - now_ms()) > 0 && poll(&fd, 1, (int)left) >= 0) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(t.wire, frame, sizeof(frame), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);

		if (n <= ETH_HLEN || from.sll_pkttype == PACKET_OUTGOING ||
		    !is_answer(frame + ETH_HLEN, n - ETH_HLEN))
			continue;
		memcpy(p, frame + ETH_HLEN, n - ETH_HLEN);
		n -= ETH_HLEN;
		/* (Ethernet pads what is short.) */
		return t.family == AF_INET ? (size_t)(p[2] << 8 | p[3]) : 40u + (p[4] << 8 | p[5]);
	}
	return 0;
}

static const char *open_ah(const uint8_t *p, size_t n, uint8_t *out, size_t *ret_n,
			   uint8_t *ret_next)
{
	const uint8_t *ah = p + ip_len();
	uint8_t icv[64];

	if (n < ip_len() + ah_len() || ah[1] != ah_len() / 4 - 2u)
		return "the length of AH is wrong";
	if (ah[2] || ah[3])
		return "AH's reserved field is not zero";
	ah_icv(&t.out, p, n, icv);
	if (memcmp(icv, ah + 12, t.alg->icv))
		return "the ICV is wrong";
	*ret_next = ah[0];
	*ret_n = n - ip_len() - ah_len();
	memcpy(out, ah + ah_len(), *ret_n);
	return NULL;
}

/* SPI and sequence number, in order. */
static const char *check_header(const uint8_t *spi)
{
	uint32_t value[2];

	memcpy(value, spi, 8);
	if (ntohl(value[0]) != SPI_OUT)
		return "not the SPI of the SA";
	t.out.seq++;
	return ntohl(value[1]) == t.out.seq ? NULL : "not the next sequence number";
}

static const char *open_packet(const uint8_t *p, size_t n, uint8_t *out, size_t *ret_n,
			       uint8_t *ret_next)
{
	size_t head = ip_len() + (t.udp ? 8 : 0);
	uint8_t proto = p[t.family == AF_INET ? 9 : 6];
	const char *wrong;

	if (proto == icmp())
		return "the answer is in the clear";
	if (proto != (t.ah ? IPPROTO_AH : t.udp ? IPPROTO_UDP : IPPROTO_ESP))
		return "the answer is of another protocol";
	if (n < head + 12)
		return "the answer is short";
	wrong = check_header(p + head + (t.ah ? 4 : 0));
	if (wrong)
		return wrong;
	return t.ah ? open_ah(p, n, out, ret_n, ret_next)
		    : seal_open_esp(&t.out, p + head, n - head, out, ret_n, ret_next);
}

/* The echo reply to the last request is what came. */
static const char *read_answer(void)
{
	uint8_t p[FRAME_MAX], out[FRAME_MAX], next;
	size_t n = receive(p), head = t.tunnel ? ip_len() : 0;
	const char *wrong;

	if (!n)
		return "no answer";
	wrong = open_packet(p, n, out, &n, &next);
	if (wrong)
		return wrong;
	if (next != (!t.tunnel ? icmp() : t.family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6))
		return "the next header is wrong";
	if (n != head + 8 + DATA_LEN)
		return "the answer's length is wrong";
	if (icmp_sum(out + head, n - head, t.tunnel ? 2 : 0, t.tunnel ? 3 : 1))
		return "the answer's checksum is wrong";
	if ((out[head + 6] << 8 | out[head + 7]) != t.echo)
		return "an answer to what was to be dropped";
	return NULL;
}

/* The device */

static void put_hex(FILE *f, unsigned int n)
{
	fputs("0x", f);
	for (unsigned int i = 0; i < n; i++)
		fprintf(f, "%02x", i);
}

static void put_words(FILE *f, const struct seal_alg *a)
{
	for (const char *w = a->words; *w; w++)
		if (*w != '%')
			fputc(*w, f);
		else if (*++w == 'k')
			put_hex(f, a->key + a->salt);
		else
			put_hex(f, a->hash_key);
}

static void put_state(FILE *f, int src, int dst, unsigned int spi)
{
	fprintf(f, "xfrm state add src %s dst %s proto %s spi 0x%x reqid 1 mode %s", address(src),
		address(dst), t.ah ? "ah" : "esp", spi, t.tunnel ? "tunnel" : "transport");
	fprintf(f, " replay-window %u", t.esn ? 64 : 32);
	if (t.esn || (t.ah && t.family == AF_INET))
		fprintf(f, " flag %s",
			t.esn && t.ah && t.family == AF_INET ? "esn flag align4"
			: t.esn                              ? "esn"
							     : "align4");
	fputc(' ', f);
	put_words(f, t.alg);
	if (t.udp)
		fputs(" encap espinudp 4500 4500 0.0.0.0", f);
	fputc('\n', f);
}

static void put_policy(FILE *f, const char *way, int src, int dst, const char *words)
{
	fprintf(f, "xfrm policy add src %s dst %s proto %u dir %s %s tmpl ",
		address(t.tunnel ? src + 2 : src), address(t.tunnel ? dst + 2 : dst), icmp(), way,
		words);
	if (t.tunnel)
		fprintf(f, "src %s dst %s ", address(src), address(dst));
	fprintf(f, "proto %s reqid 1 mode %s\n", t.ah ? "ah" : "esp",
		t.tunnel ? "tunnel" : "transport");
}

static void set_device(void)
{
	char command[100];
	FILE *f;

	snprintf(command, sizeof(command), "ip -n %s -batch -", t.netns);
	f = popen(command, "w");
	if (!f)
		die(command);
	fputs("xfrm state flush\nxfrm policy flush\n", f);
	put_state(f, 1, 0, SPI_IN);
	put_state(f, 0, 1, SPI_OUT);
	put_policy(f, "in", 1, 0, "");
	put_policy(f, "out", 0, 1, t.words);
	if (pclose(f)) {
		fputs("conform: ip refused an SA or a policy\n", stderr);
		exit(2);
	}
}

/* A case */

static void drain(void)
{
	uint8_t frame[FRAME_MAX];

	while (recv(t.wire, frame, sizeof(frame), MSG_DONTWAIT) >= 0)
		;
}

static const char *run_case(unsigned int n)
{
	const char *wrong = NULL;

	t.esn = cases[n].flags & ESN;
	t.in = (struct seal_sa){ .alg = t.alg, .spi = SPI_IN, .esn = t.esn };
	t.out = (struct seal_sa){ .alg = t.alg, .spi = SPI_OUT, .esn = t.esn };
	set_device();
	drain();
	for (const struct step *step = cases[n].step; !wrong && step < cases[n].step + 3; step++) {
		if (!step->answer)
			break;
		send_request(step);
		if (step->answer == '+')
			wrong = read_answer();
	}
	return wrong;
}

static bool applies(unsigned int n)
{
	unsigned int flags = cases[n].flags;

	return !((flags & AH_ONLY && !t.ah) || (flags & ESP_ONLY && t.ah) ||
		 (flags & TUNNEL_ONLY && !t.tunnel) || (flags & V4_ONLY && t.family != AF_INET));
}

static void report(unsigned int n)
{
	static unsigned int count;
	const char *wrong = run_case(n), *mode = t.tunnel ? "tunnel" : "transport";
	bool warn = wrong && cases[n].flags & SHOULD;

	printf("%s %u - %s %s, %s: %s%s\n", wrong && !warn ? "not ok" : "ok", ++count,
	       t.ah ? "AH" : "ESP", t.alg->name + (t.ah ? 3 : 0), mode, cases[n].name,
	       warn ? " # warn" : "");
	if (wrong)
		printf("# %s\n", wrong);
	fflush(stdout);
}

/* The first cases go through every algorithm; errors through one of each kind. */
static bool is_thorough(void)
{
	static const char *const names[] = { "aes-gcm-16", "aes-cbc, sha256", "null, sha256",
					     "ah sha256" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(t.alg->name, names[i]))
			return true;
	return false;
}

static void run_alg(const struct seal_alg *alg)
{
	t.alg = alg;
	t.ah = !strncmp(alg->name, "ah ", 3);
	if (t.ah && t.udp)
		return;
	for (unsigned int mode = 0; mode < 2; mode++) {
		t.tunnel = mode;
		for (unsigned int n = 0; n < sizeof(cases) / sizeof(*cases); n++)
			if (applies(n) &&
			    (is_thorough() || n < 2 || cases[n].step[0].shape == ICV_WRONG))
				report(n);
	}
}

/* Getting started */

static void open_wire(const char *interface, const char *mac)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	socklen_t len = sizeof(at);

	at.sll_ifindex = if_nametoindex(interface);
	t.wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (t.wire < 0 || !at.sll_ifindex || bind(t.wire, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(t.wire, (struct sockaddr *)&at, &len))
		die(interface);
	memcpy(t.own, at.sll_addr, ETH_ALEN);
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", t.mac, t.mac + 1, t.mac + 2, t.mac + 3,
		   t.mac + 4, t.mac + 5) != 6)
		die(mac);
}

/* ESP in UDP needs a socket in the device. */
static void open_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(4500) };
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, s;
	int encap = UDP_ENCAP_ESPINUDP;
	char path[100];

	snprintf(path, sizeof(path), "/run/netns/%s", t.netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		die(path);
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || setsockopt(s, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)) ||
	    bind(s, (struct sockaddr *)&at, sizeof(at)) || setns(here, CLONE_NEWNET))
		die("port 4500");
	close(here);
	close(there);
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fputs("usage: conform SERIES NAMESPACE INTERFACE MAC [WORDS]\n", stderr);
		return 2;
	}
	t.family = strcmp(argv[1], "ipsec") ? AF_INET : AF_INET6;
	t.udp = !strcmp(argv[1], "ipsec4-udp");
	t.netns = argv[2];
	t.words = argc > 5 ? argv[5] : "";
	open_wire(argv[3], argv[4]);
	if (t.udp)
		open_port();
	for (unsigned int i = 0; i < sizeof(algs) / sizeof(*algs); i++)
		run_alg(&algs[i]);
	return 0;
}
