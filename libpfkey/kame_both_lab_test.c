/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that uses every call of libipsec hears the same from a kernel's AF_KEY and from its
 * netlink.  Each test runs one scenario over both, each time in a new network namespace, and
 * compares what was heard line by line; what may differ (libpfkey(3), "DIFFERENCES BETWEEN THE
 * TRANSPORTS") is left out of the lines, here and nowhere else.
 */
#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 8000, TRANSCRIPT_MAX_BYTES = 1 << 17, IDS_MAX = 64 };

static const char *const names[] = { "pfkey", "netlink" };
static char transcripts[2][TRANSCRIPT_MAX_BYTES];
static int now; /* the transport in use */
static size_t used;
static int so, other; /* ours, and one that listens */
static uint32_t acquire_seq, policy_id, spi;
static uint8_t heard_type; /* of the message being written */
static uint32_t ids[IDS_MAX];
static size_t n_ids;

static struct sockaddr_in src = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
static struct sockaddr_in6 src6 = { .sin6_family = AF_INET6 }, dst6 = { .sin6_family = AF_INET6 };
static char keys[] = "0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
#define SRC ((struct sockaddr *)&src)
#define DST ((struct sockaddr *)&dst)
#define SRC6 ((struct sockaddr *)&src6)
#define DST6 ((struct sockaddr *)&dst6)

/* ---- what was heard, as text ---- */

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(transcripts[now] + used, TRANSCRIPT_MAX_BYTES - used, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < TRANSCRIPT_MAX_BYTES - used);
	used += (size_t)n;
}

/* The kernel counts policies of all namespaces: each has its place among those seen. */
static size_t place_of(uint32_t id)
{
	for (size_t i = 0; i < n_ids; i++)
		if (ids[i] == id)
			return i + 1;
	assert_true(n_ids < IDS_MAX);
	ids[n_ids] = id;
	return ++n_ids;
}

static void put_sockaddr(const void *at)
{
	char text[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	memcpy(&v4, at, sizeof(v4));
	if (v4.sin_family == AF_INET) {
		inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
	} else if (v4.sin_family == AF_INET6) {
		memcpy(&v6, at, sizeof(v6));
		inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
	}
	put("%s[%u]", text, ntohs(v4.sin_port)); /* at the same place in both families */
}

static void put_address(caddr_t at)
{
	struct sadb_address x;
	memcpy(&x, at, sizeof(x));
	put_sockaddr(at + sizeof(x));
	put("/%u proto %u", x.sadb_address_prefixlen, x.sadb_address_proto);
}

/*
 * AF_KEY calls an SA dead in its answer to UPDATE; netlink does not say the algorithms of one that
 * expires.
 */
static void put_sa(caddr_t at)
{
	struct sadb_sa x;
	memcpy(&x, at, sizeof(x));
	spi = x.sadb_sa_spi;
	put("spi %x replay %u flags %x", ntohl(spi), x.sadb_sa_replay, x.sadb_sa_flags);
	if (heard_type != SADB_UPDATE)
		put(" state %u", x.sadb_sa_state);
	if (heard_type != SADB_EXPIRE)
		put(" auth %u encrypt %u", x.sadb_sa_auth, x.sadb_sa_encrypt);
}

static void put_lifetime(caddr_t at)
{
	struct sadb_lifetime x;
	memcpy(&x, at, sizeof(x));
	put("packets %u bytes %llu", x.sadb_lifetime_allocations,
	    (unsigned long long)x.sadb_lifetime_bytes);
	if (x.sadb_lifetime_exttype == SADB_EXT_LIFETIME_CURRENT) /* times of the day */
		put(" added %d used %d", x.sadb_lifetime_addtime != 0,
		    x.sadb_lifetime_usetime != 0);
	else
		put(" add %llu use %llu", (unsigned long long)x.sadb_lifetime_addtime,
		    (unsigned long long)x.sadb_lifetime_usetime);
}

static void put_key(caddr_t at)
{
	struct sadb_key x;
	memcpy(&x, at, sizeof(x));
	put("%u bits %.*s", x.sadb_key_bits, x.sadb_key_bits / 8, at + sizeof(x));
}

static void put_sa2(caddr_t at)
{
	struct sadb_x_sa2 x;
	memcpy(&x, at, sizeof(x));
	put("mode %u reqid %u sequence %u", x.sadb_x_sa2_mode, x.sadb_x_sa2_reqid,
	    x.sadb_x_sa2_sequence);
}

/* A reqid that was made, for "unique", is a number of any size. */
static void put_request(caddr_t at)
{
	struct sadb_x_ipsecrequest x;
	memcpy(&x, at, sizeof(x));
	bool made = x.sadb_x_ipsecrequest_reqid > IPSEC_MANUAL_REQID_MAX;
	put(" {%u mode %u level %u reqid %d", x.sadb_x_ipsecrequest_proto,
	    x.sadb_x_ipsecrequest_mode, x.sadb_x_ipsecrequest_level,
	    made ? -1 : (int)x.sadb_x_ipsecrequest_reqid);
	if (x.sadb_x_ipsecrequest_len > sizeof(x)) {
		size_t half = (x.sadb_x_ipsecrequest_len - sizeof(x)) / 2;
		put(" ");
		put_sockaddr(at + sizeof(x));
		put("-");
		put_sockaddr(at + sizeof(x) + half);
	}
	put("}");
}

static void put_policy(caddr_t at)
{
	struct sadb_x_policy x;
	memcpy(&x, at, sizeof(x));
	size_t len = x.sadb_x_policy_len * 8u, i = sizeof(x);
	put("type %u dir %u", x.sadb_x_policy_type, x.sadb_x_policy_dir);
	if (x.sadb_x_policy_id) {
		policy_id = x.sadb_x_policy_id;
		put(" id #%zu/%u", place_of(policy_id), policy_id % 8);
	}
	put(" priority %x", x.sadb_x_policy_priority);
	bool made = false;
	while (i < len) {
		struct sadb_x_ipsecrequest r;
		memcpy(&r, at + i, sizeof(r));
		assert_true(r.sadb_x_ipsecrequest_len >= sizeof(r));
		put_request(at + i);
		made |= r.sadb_x_ipsecrequest_reqid > IPSEC_MANUAL_REQID_MAX;
		i += r.sadb_x_ipsecrequest_len;
	}
	char *text = ipsec_dump_policy_withports(at, " + ");
	if (!text)
		fail_msg("%s", ipsec_strerror());
	if (!made)
		put(" \"%s\"", text);
	free(text);
}

static int by_number(const void *a, const void *b)
{
	return ((const struct sadb_alg *)a)->sadb_alg_id -
	       ((const struct sadb_alg *)b)->sadb_alg_id;
}

/* AF_KEY lists no AEAD, because it cannot add one. */
static bool is_aead(uint16_t exttype, uint8_t id)
{
	return exttype == SADB_EXT_SUPPORTED_ENCRYPT &&
	       ((id >= SADB_X_EALG_AES_CCM_ICV8 && id <= SADB_X_EALG_AES_GCM_ICV16) ||
		id == SADB_X_EALG_NULL_AES_GMAC);
}

/* The lengths of IVs are those of the RFCs here, 8 there. */
static void put_supported(caddr_t at)
{
	struct sadb_supported x;
	struct sadb_alg algs[64];
	memcpy(&x, at, sizeof(x));
	size_t n = (x.sadb_supported_len * 8u - sizeof(x)) / sizeof(algs[0]);
	assert_true(n <= 64);
	memcpy(algs, at + sizeof(x), n * sizeof(algs[0]));
	qsort(algs, n, sizeof(algs[0]), by_number);
	for (size_t i = 0; i < n; i++)
		if (!is_aead(x.sadb_supported_exttype, algs[i].sadb_alg_id))
			put(" %u:%u-%u", algs[i].sadb_alg_id, algs[i].sadb_alg_minbits,
			    algs[i].sadb_alg_maxbits);
}

/* In whatever order they come. */
static void put_proposal(caddr_t at)
{
	struct sadb_prop x;
	struct sadb_comb c;
	unsigned int sum = 0;
	memcpy(&x, at, sizeof(x));
	size_t n = (x.sadb_prop_len * 8u - sizeof(x)) / sizeof(c);
	for (size_t i = 0; i < n; i++) {
		memcpy(&c, at + sizeof(x) + i * sizeof(c), sizeof(c));
		sum += c.sadb_comb_auth * 1000u + c.sadb_comb_encrypt * c.sadb_comb_auth +
		       c.sadb_comb_auth_minbits + c.sadb_comb_encrypt_maxbits +
		       (unsigned int)c.sadb_comb_soft_usetime +
		       (unsigned int)c.sadb_comb_hard_addtime;
	}
	put("replay %u, %zu pairs, sum %u", x.sadb_prop_replay, n, sum);
}

static void put_port(caddr_t at)
{
	struct sadb_x_nat_t_port x;
	memcpy(&x, at, sizeof(x));
	put("%u", ntohs(x.sadb_x_nat_t_port_port));
}

static void put_natt_type(caddr_t at)
{
	struct sadb_x_nat_t_type x;
	memcpy(&x, at, sizeof(x));
	put("%u", x.sadb_x_nat_t_type_type);
}

static void put_kmaddress(caddr_t at)
{
	put_sockaddr(at + sizeof(struct sadb_x_kmaddress));
	put("-");
	put_sockaddr(at + sizeof(struct sadb_x_kmaddress) + sizeof(struct sockaddr_in));
}

/* clang-format off */
static const struct {
	const char *name;
	void (*put)(caddr_t at);
} exts[SADB_EXT_MAX + 1] = {
	[SADB_EXT_SA] = { "sa", put_sa },
	[SADB_EXT_LIFETIME_CURRENT] = { "current", put_lifetime },
	[SADB_EXT_LIFETIME_HARD] = { "hard", put_lifetime },
	[SADB_EXT_LIFETIME_SOFT] = { "soft", put_lifetime },
	[SADB_EXT_ADDRESS_SRC] = { "src", put_address },
	[SADB_EXT_ADDRESS_DST] = { "dst", put_address },
	[SADB_EXT_ADDRESS_PROXY] = { "proxy", put_address },
	[SADB_EXT_KEY_AUTH] = { "auth key", put_key },
	[SADB_EXT_KEY_ENCRYPT] = { "encrypt key", put_key },
	[SADB_EXT_PROPOSAL] = { "proposal", put_proposal },
	[SADB_EXT_SUPPORTED_AUTH] = { "auth", put_supported },
	[SADB_EXT_SUPPORTED_ENCRYPT] = { "encrypt", put_supported },
	[SADB_X_EXT_POLICY] = { "policy", put_policy },
	[SADB_X_EXT_SA2] = { "sa2", put_sa2 },
	[SADB_X_EXT_NAT_T_TYPE] = { "natt", put_natt_type },
	[SADB_X_EXT_NAT_T_SPORT] = { "sport", put_port },
	[SADB_X_EXT_NAT_T_DPORT] = { "dport", put_port },
	[SADB_X_EXT_KMADDRESS] = { "kmaddress", put_kmaddress },
};
/* clang-format on */

/* AF_KEY shows keys to everybody who listens; RFC 2367 3.1 does not. */
static bool hides_keys(uint8_t type)
{
	return type != SADB_GET && type != SADB_DUMP;
}

static void put_ext(const struct sadb_msg *h, int type, caddr_t at)
{
	bool key = type == SADB_EXT_KEY_AUTH || type == SADB_EXT_KEY_ENCRYPT;
	if (!at || (key && hides_keys(h->sadb_msg_type)))
		return;
	assert_non_null(exts[type].put);
	put("    %s: ", exts[type].name);
	exts[type].put(at);
	put("\n");
}

/* Whose change it was: over netlink others are known by numbers of theirs. */
static void put_head(const struct sadb_msg *h, bool overheard)
{
	put("  type %u errno %u satype %u", h->sadb_msg_type, h->sadb_msg_errno,
	    h->sadb_msg_satype);
	if (h->sadb_msg_type == SADB_ACQUIRE && !h->sadb_msg_errno)
		acquire_seq = h->sadb_msg_seq;
	else if (acquire_seq && h->sadb_msg_seq == acquire_seq)
		put(" seq of the acquire");
	else if (!overheard && h->sadb_msg_type != SADB_X_NAT_T_NEW_MAPPING)
		put(" seq %u", h->sadb_msg_seq);
	if (!overheard)
		put(" pid %s", h->sadb_msg_pid == (uint32_t)getpid() ? "ours" : "0");
	put("\n");
}

static void put_message(struct sadb_msg *h, bool overheard)
{
	caddr_t mhp[SADB_EXT_MAX + 1];
	if (pfkey_align(h, mhp) || (h->sadb_msg_len > 2 && pfkey_check(mhp)))
		fail_msg("%s: %s", names[now], ipsec_strerror());
	heard_type = h->sadb_msg_type;
	put_head(h, overheard);
	for (int type = 1; type <= SADB_EXT_MAX; type++)
		put_ext(h, type, mhp[type]);
}

/* ---- hearing ---- */

static bool is_readable(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, wait_ms) == 1;
}

/* All that there is (the kernel answers before a call returns); every wake-up must give a message. */
static void hear_from(int fd, bool overheard)
{
	while (is_readable(fd, 0)) {
		struct sadb_msg *h = pfkey_recv(fd);
		if (!h)
			fail_msg("%s: %s", names[now], ipsec_strerror());
		put_message(h, overheard);
		free(h);
	}
}

/* A call and all that is heard of it. */
static void after(const char *what, int rc)
{
	put("%s: %s\n", what, rc > 0 ? "sent" : ipsec_strerror());
	hear_from(so, false);
}
#define SENT(call) after(#call, call)

/* Waits for a message that comes by itself. */
static void wait_for(const char *what)
{
	put("%s\n", what);
	if (!is_readable(so, WAIT_MS))
		fail_msg("%s: no %s", names[now], what);
	hear_from(so, false);
}

/* ---- running ---- */

static void run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static void begin(int transport)
{
	struct timeval wait = { WAIT_MS / 1000, 0 };
	now = transport;
	used = n_ids = 0;
	acquire_seq = 0;
	setenv("LIBPFKEY_TRANSPORT", names[transport], 1);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	so = pfkey_open();
	other = pfkey_open();
	if (so < 0 || other < 0)
		fail_msg("%s", ipsec_strerror());
	setsockopt(so, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

/* The first line that differs, with what came before it. */
static void compare(void)
{
	const char *a = transcripts[0], *b = transcripts[1];
	size_t line = 0, at = 0;
	for (size_t i = 0; a[i] == b[i] && a[i]; i++, at = i)
		if (a[i] == '\n')
			line = i + 1;
	if (!a[at] && !b[at])
		return;
	size_t before = line;
	for (int lines = 0; before && lines < 14; before--)
		lines += a[before - 1] == '\n';
	fail_msg("\n%.*s  AF_KEY:  %.*s\n  netlink: %.*s", (int)(line - before), a + before,
		 (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"), b + line);
}

static void both(void (*scenario)(void))
{
	for (int i = 0; i < 2; i++) {
		begin(i);
		scenario();
		pfkey_close(other);
		pfkey_close(so);
	}
	assert_true(used > 0);
	if (getenv("KAME_SHOW"))
		fprintf(stderr, "%s\n", transcripts[1]);
	compare();
}

/* ---- scenarios ---- */

static struct pfkey_send_sa_args sa_args(void)
{
	return (struct pfkey_send_sa_args){ .so = so,
					    .satype = SADB_SATYPE_ESP,
					    .mode = IPSEC_MODE_TUNNEL,
					    .src = SRC,
					    .dst = DST,
					    .spi = htonl(0x1234),
					    .reqid = 7,
					    .wsize = 4,
					    .keymat = keys,
					    .e_type = SADB_X_EALG_AESCBC,
					    .e_keylen = 16,
					    .a_type = SADB_AALG_SHA1HMAC,
					    .a_keylen = 20,
					    .l_alloc = 100,
					    .l_bytes = 1000,
					    .l_addtime = 3600,
					    .l_usetime = 600,
					    .seq = 9 };
}

static void registration(void)
{
	SENT(pfkey_send_register(so, SADB_SATYPE_UNSPEC));
	SENT(pfkey_send_register(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_register(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_register(so, SADB_SATYPE_AH));
	SENT(pfkey_send_register(so, SADB_X_SATYPE_IPCOMP));
	SENT(pfkey_send_register(so, SADB_SATYPE_RIPV2));
	SENT(pfkey_send_register(so, SADB_SATYPE_MAX + 1));
	assert_true(pfkey_send_register(other, SADB_SATYPE_ESP) > 0);
	put("recv_register %d\n", pfkey_recv_register(other));
	put("check %d %d %d\n", ipsec_check_keylen2(SADB_SATYPE_ESP, SADB_X_EALG_AESCBC, 192),
	    ipsec_check_keylen2(SADB_SATYPE_ESP, SADB_X_EALG_AESCBC, 64),
	    ipsec_check_keylen(SADB_EXT_SUPPORTED_AUTH, SADB_AALG_SHA1HMAC, 160));
}

static void sas(void)
{
	struct pfkey_send_sa_args a = sa_args();
	SENT(pfkey_send_add2(&a));
	SENT(pfkey_send_add2(&a)); /* twice */
	SENT(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
	SENT(pfkey_send_get(so, SADB_SATYPE_AH, 0, SRC, DST, a.spi));
	a.reqid = 8;
	a.l_addtime = 7200;
	SENT(pfkey_send_update2(&a));
	a.spi = htonl(0x9999);
	SENT(pfkey_send_update2(&a)); /* there is none */
	a = sa_args();
	SENT(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
	SENT(pfkey_send_delete_all(so, SADB_SATYPE_ESP, 0, SRC, DST));
	SENT(pfkey_send_delete(so, SADB_SATYPE_UNSPEC, 0, SRC, DST, a.spi));
	SENT(pfkey_send_delete(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
	SENT(pfkey_send_delete(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
	SENT(pfkey_send_flush(so, SADB_SATYPE_UNSPEC)); /* of an empty table */
	hear_from(other, true);
}

static void sas_of_all_kinds(void)
{
	struct pfkey_send_sa_args a = sa_args();
	a.satype = SADB_SATYPE_AH;
	a.e_type = SADB_EALG_NONE;
	a.e_keylen = 0;
	a.a_type = SADB_X_AALG_SHA2_256HMAC;
	a.a_keylen = 32;
	a.mode = IPSEC_MODE_TRANSPORT;
	a.wsize = 255;
	SENT(pfkey_send_add2(&a));
	a = sa_args();
	a.satype = SADB_X_SATYPE_IPCOMP;
	a.e_type = SADB_X_CALG_DEFLATE;
	a.e_keylen = a.a_keylen = 0;
	a.a_type = SADB_AALG_NONE;
	a.wsize = 0;
	SENT(pfkey_send_add2(&a));
	a = sa_args();
	a.src = SRC6;
	a.dst = DST6;
	a.mode = IPSEC_MODE_ANY;
	a.e_type = SADB_EALG_NULL;
	a.e_keylen = 0;
	a.flags = 0x40 | SADB_SAFLAGS_NOECN | SADB_SAFLAGS_NOPMTUDISC;
	SENT(pfkey_send_add2(&a));
	a = sa_args();
	a.spi = htonl(0x4500);
	a.l_natt_type = UDP_ENCAP_ESPINUDP;
	a.l_natt_sport = htons(4500);
	a.l_natt_dport = htons(4501);
	a.l_natt_oa = SRC;
	SENT(pfkey_send_add2(&a));
	SENT(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
	SENT(pfkey_send_dump(so, SADB_SATYPE_UNSPEC));
	SENT(pfkey_send_dump(so, SADB_SATYPE_AH));
	SENT(pfkey_send_flush(so, SADB_SATYPE_AH));
	SENT(pfkey_send_dump(so, SADB_SATYPE_AH)); /* empty */
	SENT(pfkey_send_flush(so, SADB_SATYPE_UNSPEC));
	SENT(pfkey_send_dump(so, SADB_SATYPE_UNSPEC));
	hear_from(other, true);
}

#define OLD_ARGS(seq)                                                                             \
	so, SADB_SATYPE_ESP, IPSEC_MODE_TRANSPORT, SRC, DST, htonl(0x2000), 5, 32, keys,          \
		SADB_EALG_3DESCBC, 24, SADB_AALG_MD5HMAC, 16, 0, 10, 1ull << 33, 1ull << 33, 100, \
		seq

static void older_calls(void)
{
	SENT(pfkey_send_add(OLD_ARGS(1)));
	SENT(pfkey_send_update(OLD_ARGS(2)));
	SENT(pfkey_send_flush(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_add_nat(OLD_ARGS(3), UDP_ENCAP_ESPINUDP, htons(4500), htons(4500), NULL,
				0));
	SENT(pfkey_send_update_nat(OLD_ARGS(4), UDP_ENCAP_ESPINUDP, htons(4500), htons(4501), NULL,
				   0));
	SENT(pfkey_send_dump(so, SADB_SATYPE_ESP));
}

/* What no call writes: messages as they are. */
struct raw {
	struct sadb_msg h;
	struct sadb_x_filter filter;
};

static void raw_header(uint8_t type, uint8_t satype, uint8_t error)
{
	struct sadb_msg h = { .sadb_msg_version = PF_KEY_V2,
			      .sadb_msg_type = type,
			      .sadb_msg_errno = error,
			      .sadb_msg_satype = satype,
			      .sadb_msg_len = 2,
			      .sadb_msg_seq = 3,
			      .sadb_msg_pid = (uint32_t)getpid() };
	put("%u ", type);
	after("pfkey_send(header)", pfkey_send(so, &h, sizeof(h)));
}

static void refusals(void)
{
	struct sadb_msg h = { .sadb_msg_version = 3, .sadb_msg_type = 9, .sadb_msg_len = 2 };
	struct pfkey_send_sa_args a = sa_args();
	for (uint8_t type = 1; type <= SADB_MAX; type++)
		if (type != SADB_FLUSH && type != SADB_X_SPDFLUSH && type != SADB_X_PROMISC &&
		    type != SADB_REGISTER)
			raw_header(type, SADB_SATYPE_ESP, 0);
	raw_header(SADB_ACQUIRE, SADB_SATYPE_ESP, ETIMEDOUT); /* of nobody */
	raw_header(SADB_FLUSH, SADB_SATYPE_RSVP, 0);
	raw_header(SADB_DUMP, SADB_SATYPE_RSVP, 0);
	raw_header(SADB_X_PROMISC, 2, 0);
	SENT(pfkey_send(so, &h, sizeof(h)));
	h.sadb_msg_version = PF_KEY_V2;
	h.sadb_msg_len = 9;
	SENT(pfkey_send(so, &h, sizeof(h)));
	SENT(pfkey_send(so, &h, 3));
	a.e_type = 99; /* no such cipher */
	SENT(pfkey_send_add2(&a));
	a = sa_args();
	a.e_keylen = 15;
	SENT(pfkey_send_add2(&a));
	a = sa_args();
	a.a_keylen = 0; /* no key extension at all */
	SENT(pfkey_send_add2(&a));
	a = sa_args();
	a.e_keylen = 0;
	SENT(pfkey_send_add2(&a));
	SENT(pfkey_send_spdget(so, 0));
	SENT(pfkey_send_spdget(so, 8 * 1000000 + 1));
	SENT(pfkey_send_spdget(so, 8 * 1000000 + 5));
	SENT(pfkey_send_spddelete2(so, 8 * 1000000 + 2));
}

static void spis(void)
{
	SENT(pfkey_send_getspi(so, SADB_SATYPE_ESP, IPSEC_MODE_TUNNEL, SRC, DST, 0x5000, 0x5000, 3,
			       77));
	SENT(pfkey_send_getspi(so, SADB_SATYPE_AH, IPSEC_MODE_TRANSPORT, SRC6, DST6, 0x6000, 0x6000,
			       0, 0));
	SENT(pfkey_send_getspi(so, SADB_X_SATYPE_IPCOMP, IPSEC_MODE_ANY, SRC, DST, 0x7000, 0x7000,
			       0, 78));
	SENT(pfkey_send_getspi(so, SADB_SATYPE_UNSPEC, IPSEC_MODE_ANY, SRC, DST, 0x7000, 0x7000, 0,
			       79));
	SENT(pfkey_send_getspi_nat(so, SADB_SATYPE_ESP, IPSEC_MODE_TRANSPORT, SRC, DST,
				   UDP_ENCAP_ESPINUDP, htons(4500), htons(4500), 0x5001, 0x5001, 4,
				   80));
	SENT(pfkey_send_dump(so, SADB_SATYPE_ESP)); /* larval */
	struct pfkey_send_sa_args a = sa_args();
	a.spi = htonl(0x5000);
	a.reqid = 3;
	a.seq = 77;
	SENT(pfkey_send_update2(&a)); /* RFC 2367's way to fill it */
	SENT(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
}

/* Nobody said which: the default range. */
static void spis_of_the_default_range(void)
{
	assert_true(pfkey_send_getspi(so, SADB_SATYPE_ESP, IPSEC_MODE_TUNNEL, SRC, DST, 0, 0, 0,
				      5) > 0);
	struct sadb_msg *h = pfkey_recv(so);
	caddr_t mhp[SADB_EXT_MAX + 1];
	struct sadb_sa sa;
	assert_int_equal(pfkey_align(h, mhp), 0);
	memcpy(&sa, mhp[SADB_EXT_SA], sizeof(sa));
	put("%d\n", ntohl(sa.sadb_sa_spi) >= 0x100 && ntohl(sa.sadb_sa_spi) <= 0x0fffffff);
	free(h);
}

static ipsec_policy_t policy_of(const char *words, int *ret_len)
{
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	if (!p)
		fail_msg("%s: %s", words, ipsec_strerror());
	*ret_len = ipsec_get_policylen(p);
	return p;
}

static void policies(void)
{
	int len;
	ipsec_policy_t p = policy_of("out prio high + 3 ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique"
				     ":7 ah/transport//use",
				     &len);
	SENT(pfkey_send_spdadd2(so, SRC, 24, DST, 32, 17, 1000, 600, p, len, 5));
	SENT(pfkey_send_spdadd(so, SRC, 24, DST, 32, 17, p, len, 6)); /* twice */
	SENT(pfkey_send_spdget(so, policy_id));
	SENT(pfkey_send_spdupdate(so, SRC, 24, DST, 32, 17, p, len, 7));
	SENT(pfkey_send_spdget(so, policy_id));
	SENT(pfkey_send_spdupdate2(so, SRC, 16, DST, 32, 255, 10, 20, p, len, 8)); /* a new one */
	SENT(pfkey_send_spddelete(so, SRC, 24, DST, 32, 17, p, len, 9));
	SENT(pfkey_send_spddelete(so, SRC, 24, DST, 32, 17, p, len, 9));
	SENT(pfkey_send_spdsetidx(so, SRC, 24, DST, 24, 6, p, len, 10));
	SENT(pfkey_send_spddelete2(so, policy_id));
	SENT(pfkey_send_spddelete2(so, policy_id));
	SENT(pfkey_send_spdflush(so));
	SENT(pfkey_send_spdflush(so)); /* of an empty table */
	SENT(pfkey_send_spddump(so));
	free(p);
	hear_from(other, true);
}

static void policies_of_all_kinds(void)
{
	static const char *const words[] = {
		"in none",
		"fwd prio low - 5 discard",
		"out ipsec esp/transport//require",
		"out ipsec esp/transport/192.0.2.1-192.0.2.2/unique ah/transport//default",
		"in ipsec esp/tunnel/2001:db8::1-2001:db8::2/use",
		"in ipsec ipcomp/transport//use esp/transport//unique:16000 ah/transport//require",
		"out ipsec esp/tunnel/192.0.2.1-192.0.2.2/use", /* refused */
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int len;
		ipsec_policy_t p = policy_of(words[i], &len);
		src.sin_port = htons((uint16_t)i);
		dst6.sin6_port = htons(443);
		put("%s ", words[i]);
		SENT(pfkey_send_spdadd(so, SRC, (u_int)i + 8, DST, 24, 6, p, len, (u_int)i + 1));
		SENT(pfkey_send_spdadd(so, SRC6, 64, DST6, (u_int)i + 64, 17, p, len, 0));
		free(p);
	}
	int len;
	ipsec_policy_t p = policy_of("in none", &len);
	src6.sin6_port = htons(135); /* an ICMP type; the code 0 is any */
	dst6.sin6_port = 0;
	SENT(pfkey_send_spdadd(so, SRC6, 64, DST6, 64, IPPROTO_ICMPV6, p, len, 9));
	free(p);
	src.sin_port = src6.sin6_port = 0;
	SENT(pfkey_send_spddump(so));
}

/* Sockets' own policies are in the dump. */
static void policies_of_sockets(void)
{
	int len, fd = socket(AF_INET, SOCK_DGRAM, 0);
	ipsec_policy_t p = policy_of("out bypass", &len);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_IPSEC_POLICY, p, (socklen_t)len), 0);
	SENT(pfkey_send_spddump(so));
	close(fd);
	free(p);
}

static void big_dumps(void)
{
	enum { MANY = 300 };
	int len;
	ipsec_policy_t p = policy_of("in ipsec esp/transport//require", &len);
	struct pfkey_send_sa_args a = sa_args();
	for (int i = 0; i < MANY; i++) {
		a.spi = htonl((uint32_t)(0x10000 + i));
		dst.sin_port = htons((uint16_t)i);
		free((pfkey_send_add2(&a), pfkey_recv(so)));
		free((pfkey_send_spdadd(so, SRC, 24, DST, 24, 6, p, len, 1), pfkey_recv(so)));
	}
	dst.sin_port = 0;
	n_ids = 0;
	for (int kind = 0; kind < 2; kind++) {
		assert_true((kind ? pfkey_send_spddump(so) : pfkey_send_dump(so, SADB_SATYPE_ESP)) >
			    0);
		int n = 0;
		uint32_t seq;
		do { /* each is there when the descriptor says so, and the last says that it is */
			assert_true(is_readable(so, WAIT_MS));
			struct sadb_msg *h = pfkey_recv(so);
			assert_int_equal(h->sadb_msg_errno, 0);
			seq = h->sadb_msg_seq;
			assert_true(seq == (uint32_t)++n || !seq);
			free(h);
		} while (seq);
		put("%d entries\n", n);
		assert_int_equal(n, MANY);
		assert_false(is_readable(so, 0));
	}
	free(p);
}

static void filtered_dumps(void)
{
	struct raw m = { .h = { .sadb_msg_version = PF_KEY_V2,
				.sadb_msg_type = SADB_DUMP,
				.sadb_msg_satype = SADB_SATYPE_ESP,
				.sadb_msg_len = sizeof(m) / 8,
				.sadb_msg_pid = (uint32_t)getpid() },
			 .filter = { .sadb_x_filter_len = sizeof(m.filter) / 8,
				     .sadb_x_filter_exttype = SADB_X_EXT_FILTER,
				     .sadb_x_filter_family = AF_INET,
				     .sadb_x_filter_dplen = 32 } };
	struct pfkey_send_sa_args a = sa_args();
	struct sockaddr_in third = dst;
	SENT(pfkey_send_add2(&a));
	third.sin_addr.s_addr = inet_addr("192.0.2.3");
	a.dst = (struct sockaddr *)&third;
	SENT(pfkey_send_add2(&a));
	m.filter.sadb_x_filter_daddr[0] = third.sin_addr.s_addr;
	SENT(pfkey_send(so, &m.h, sizeof(m)));
	m.filter.sadb_x_filter_daddr[0] = 0x01010101;
	SENT(pfkey_send(so, &m.h, sizeof(m)));
}

static void send_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	to.sin_addr.s_addr = inet_addr("192.0.2.2");
	(void)!sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* As an IKE daemon does: the policy by its id, an SPI and the SA by the ACQUIRE's number. */
static void negotiations(void)
{
	int len;
	ipsec_policy_t p = policy_of("out ipsec esp/transport//unique:7", &len);
	SENT(pfkey_send_spdadd(so, SRC, 32, DST, 32, 17, p, len, 1));
	run("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && "
	    "ip link set v1 up && ip link set v0 up");
	put("not registered\n");
	send_udp();
	hear_from(so, false);
	SENT(pfkey_send_spdflush(so));
	SENT(pfkey_send_register(so, SADB_SATYPE_ESP));
	/* One that AF_KEY added would have no proposal. */
	run("ip xfrm policy add dir out src 192.0.2.1 dst 192.0.2.2 proto udp "
	    "tmpl proto esp mode transport reqid 7");
	hear_from(so, true);
	send_udp();
	wait_for("acquire");
	SENT(pfkey_send_spdget(so, policy_id));
	SENT(pfkey_send_getspi(so, SADB_SATYPE_ESP, IPSEC_MODE_TRANSPORT, SRC, DST, 0x8000, 0x8000,
			       7, acquire_seq));
	struct pfkey_send_sa_args a = sa_args();
	a.mode = IPSEC_MODE_TRANSPORT;
	a.spi = htonl(0x8000);
	a.seq = acquire_seq;
	a.l_bytes = a.l_alloc = 0;
	SENT(pfkey_send_update2(&a));
	send_udp(); /* has its SA now */
	hear_from(so, false);
	SENT(pfkey_send_dump(so, SADB_SATYPE_ESP));
	free(p);
}

static void expiries(void)
{
	struct pfkey_send_sa_args a = sa_args();
	SENT(pfkey_send_register(so, SADB_SATYPE_ESP));
	a.l_alloc = a.l_bytes = a.l_usetime = 0;
	a.l_addtime = 3;
	put("rate %u of %u\n", pfkey_set_softrate(SADB_X_LIFETIME_ADDTIME, 34),
	    pfkey_get_softrate(SADB_X_LIFETIME_BYTES));
	SENT(pfkey_send_add2(&a));
	wait_for("soft");
	wait_for("hard");
	pfkey_set_softrate(SADB_X_LIFETIME_ADDTIME, 80);
	hear_from(other, true); /* which did not register */
}

static void migrations(void)
{
	int len, moved_len;
	ipsec_policy_t p = policy_of("out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7", &len);
	ipsec_policy_t moved = policy_of("out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7 "
					 "esp/tunnel/192.0.2.9-192.0.2.2/unique:7",
					 &moved_len);
	struct pfkey_send_sa_args a = sa_args();
	SENT(pfkey_send_spdadd(so, SRC, 24, DST, 24, 17, p, len, 1));
	SENT(pfkey_send_add2(&a));
	SENT(pfkey_send_migrate(so, SRC, DST, SRC, 24, DST, 24, 17, moved, moved_len, 2));
	SENT(pfkey_send_spdget(so, policy_id));
	SENT(pfkey_send_dump(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_migrate(so, NULL, NULL, SRC, 8, DST, 24, 17, moved, moved_len, 3));
	hear_from(other, true);
	free(p);
	free(moved);
}

/* An ESP packet in UDP from a port that the SA does not know. */
static void mappings(void)
{
	static const uint8_t esp[] = { 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 9,
				       0, 9, 0,    8, 0, 0, 1, 2, 2, 17 };
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons(4500),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in there = here;
	struct pfkey_send_sa_args a = sa_args();
	int encap = UDP_ENCAP_ESPINUDP;
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	a.src = a.dst = (struct sockaddr *)&here;
	here.sin_port = 0;
	a.spi = htonl(0x1000);
	a.mode = IPSEC_MODE_TRANSPORT;
	a.e_type = SADB_EALG_NULL;
	a.a_type = a.e_keylen = a.a_keylen = 0;
	a.l_natt_type = UDP_ENCAP_ESPINUDP;
	a.l_natt_sport = htons(4501);
	a.l_natt_dport = htons(4500);
	run("ip link set lo up");
	SENT(pfkey_send_register(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_add2(&a));
	here.sin_port = htons(4500);
	there.sin_port = htons(5555);
	assert_int_equal(bind(in, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(setsockopt(in, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)), 0);
	assert_int_equal(bind(out, (struct sockaddr *)&there, sizeof(there)), 0);
	assert_int_equal(sendto(out, esp, sizeof(esp), 0, (struct sockaddr *)&here, sizeof(here)),
			 sizeof(esp));
	wait_for("mapping");
	close(in);
	close(out);
}

static void promiscuity(void)
{
	struct pfkey_send_sa_args a = sa_args();
	SENT(pfkey_send_promisc_toggle(so, 1));
	SENT(pfkey_send_add2(&a));
	SENT(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi));
	SENT(pfkey_send_flush(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_dump(so, SADB_SATYPE_ESP));
	SENT(pfkey_send_promisc_toggle(so, 0));
	SENT(pfkey_send_flush(so, SADB_SATYPE_ESP));
}

/* The receive buffer, and a socket that does not wait. */
static void descriptors(void)
{
	struct timeval wait = { 0, 100000 };
	put("%d\n", pfkey_set_buffer_size(so, 300));
	setsockopt(so, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	assert_null(pfkey_recv(so));
	put("%s\n", strerror(errno));
}

#define SCENARIO(name)                        \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		both(name);                   \
	}
SCENARIO(registration)
SCENARIO(sas)
SCENARIO(sas_of_all_kinds)
SCENARIO(older_calls)
SCENARIO(refusals)
SCENARIO(spis)
SCENARIO(spis_of_the_default_range)
SCENARIO(policies)
SCENARIO(policies_of_all_kinds)
SCENARIO(policies_of_sockets)
SCENARIO(big_dumps)
SCENARIO(filtered_dumps)
SCENARIO(negotiations)
SCENARIO(expiries)
SCENARIO(migrations)
SCENARIO(mappings)
SCENARIO(promiscuity)
SCENARIO(descriptors)

static int setup(void **state)
{
	(void)state;
	src.sin_addr.s_addr = inet_addr("192.0.2.1");
	dst.sin_addr.s_addr = inet_addr("192.0.2.2");
	inet_pton(AF_INET6, "2001:db8::1", &src6.sin6_addr);
	inet_pton(AF_INET6, "2001:db8::2", &dst6.sin6_addr);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registration),
		cmocka_unit_test(test_sas),
		cmocka_unit_test(test_sas_of_all_kinds),
		cmocka_unit_test(test_older_calls),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_spis),
		cmocka_unit_test(test_spis_of_the_default_range),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_policies_of_all_kinds),
		cmocka_unit_test(test_policies_of_sockets),
		cmocka_unit_test(test_big_dumps),
		cmocka_unit_test(test_filtered_dumps),
		cmocka_unit_test(test_negotiations),
		cmocka_unit_test(test_expiries),
		cmocka_unit_test(test_migrations),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_promiscuity),
		cmocka_unit_test(test_descriptors),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, setup, NULL);
}
