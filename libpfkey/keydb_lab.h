/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that keydb's lab tests are written with: namespaces, models, comparisons. */
#ifndef LIBPFKEY_KEYDB_LAB_H
#define LIBPFKEY_KEYDB_LAB_H

#include <keydb.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

extern struct keydb *db; /* the handle of the running test */

/* Each test has a fresh namespace; setup_link() puts v0 into it with ends[0][0] and ends[1][0]. */
int setup(void **state);
int setup_link(void **state);
int teardown(void **state);

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define LINKED(fn) cmocka_unit_test_setup_teardown(fn, setup_link, teardown)

/* Ours and the peer's address, IPv4 and IPv6. */
extern const char *const ends[2][2];

/* LIBPFKEY_TRANSPORT has chosen the transport for all tests. */
bool over_pfkey(void);
/* Skips the test over PF_KEY and says why. */
void only_over_netlink(const char *why);
/* Over PF_KEY: the SA is refused for that reason, and true; over netlink false. */
bool pfkey_refuses(const struct keydb_sa *sa, const char *why);

/* They fail the test with the library's words. */
void worked(int rc);
void failed_with(int rc, int want);

union keydb_addr addr(const char *text);
void set_alg(struct keydb_alg *a, const struct keydb_alg_info *row, bool longest);
/* From ours to the peer with SPI 0x1000 and reqid 77; by default AES-CBC with SHA-256. */
struct keydb_sa sa_of(const struct keydb_alg_info *row, int v6, uint8_t mode);
struct keydb_sa plain_sa(int v6, uint8_t mode);
struct keydb_policy policy_of(const char *words, int v6);

/* a is what was given to the kernel, b what came back. */
void same_sa(const struct keydb_sa *a, const struct keydb_sa *b);
void same_policy(const struct keydb_policy *a, const struct keydb_policy *b);

/* A datagram to the peer, which may be lost; and the policy that leads it to an SA. */
void send_udp(int v6, size_t bytes);
void add_out_policy(const char *words, int v6);

int n_sas(uint8_t proto);
int64_t now_ms(void);

#endif
