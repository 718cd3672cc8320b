/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function that KAME's libipsec had, declared as it was declared there: a compiler takes
 * this only if the header says the same, and a linker only if the library has them.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <libpfkey.h>

#include <stdio.h>

#define SA_ARGS                                                                               \
	int, u_int, u_int, struct sockaddr *, struct sockaddr *, u_int32_t, u_int32_t, u_int, \
		caddr_t, u_int, u_int, u_int, u_int, u_int, u_int32_t, u_int64_t, u_int64_t,  \
		u_int64_t, u_int32_t
#define NAT_ARGS u_int8_t, u_int16_t, u_int16_t, struct sockaddr *, u_int16_t
#define SPD_ARGS \
	int, struct sockaddr *, u_int, struct sockaddr *, u_int, u_int, caddr_t, int, u_int32_t
#define SPD2_ARGS                                                                             \
	int, struct sockaddr *, u_int, struct sockaddr *, u_int, u_int, u_int64_t, u_int64_t, \
		caddr_t, int, u_int32_t

ipsec_policy_t ipsec_set_policy(const char *, int);
int ipsec_get_policylen(ipsec_policy_t);
char *ipsec_dump_policy(ipsec_policy_t, const char *);
char *ipsec_dump_policy_withports(void *, const char *);
int ipsec_check_keylen(u_int, u_int, u_int);
int ipsec_check_keylen2(u_int, u_int, u_int);
int ipsec_get_keylen(u_int, u_int, struct sadb_alg *);
const char *ipsec_strerror(void);
void ipsec_hexdump(const void *, int);
void ipsec_bindump(const void *, int);
void kdebug_sadb(struct sadb_msg *);
u_int pfkey_set_softrate(u_int, u_int);
u_int pfkey_get_softrate(u_int);
int pfkey_send_getspi(int, u_int, u_int, struct sockaddr *, struct sockaddr *, u_int32_t, u_int32_t,
		      u_int32_t, u_int32_t);
int pfkey_send_getspi_nat(int, u_int, u_int, struct sockaddr *, struct sockaddr *, u_int8_t,
			  u_int16_t, u_int16_t, u_int32_t, u_int32_t, u_int32_t, u_int32_t);
int pfkey_send_update2(struct pfkey_send_sa_args *);
int pfkey_send_add2(struct pfkey_send_sa_args *);
int pfkey_send_update(SA_ARGS);
int pfkey_send_update_nat(SA_ARGS, NAT_ARGS);
int pfkey_send_add(SA_ARGS);
int pfkey_send_add_nat(SA_ARGS, NAT_ARGS);
int pfkey_send_delete(int, u_int, u_int, struct sockaddr *, struct sockaddr *, u_int32_t);
int pfkey_send_delete_all(int, u_int, u_int, struct sockaddr *, struct sockaddr *);
int pfkey_send_get(int, u_int, u_int, struct sockaddr *, struct sockaddr *, u_int32_t);
int pfkey_send_register(int, u_int);
int pfkey_recv_register(int);
int pfkey_set_supported(struct sadb_msg *, int);
int pfkey_send_flush(int, u_int);
int pfkey_send_dump(int, u_int);
int pfkey_send_promisc_toggle(int, int);
int pfkey_send_spdadd(SPD_ARGS);
int pfkey_send_spdadd2(SPD2_ARGS);
int pfkey_send_spdupdate(SPD_ARGS);
int pfkey_send_spdupdate2(SPD2_ARGS);
int pfkey_send_spddelete(SPD_ARGS);
int pfkey_send_spddelete2(int, u_int32_t);
int pfkey_send_spdget(int, u_int32_t);
int pfkey_send_spdsetidx(SPD_ARGS);
int pfkey_send_spdflush(int);
int pfkey_send_spddump(int);
int pfkey_send_migrate(int, struct sockaddr *, struct sockaddr *, struct sockaddr *, u_int,
		       struct sockaddr *, u_int, u_int, caddr_t, int, u_int32_t);
int pfkey_open(void);
void pfkey_close(int);
int pfkey_set_buffer_size(int, int);
struct sadb_msg *pfkey_recv(int);
int pfkey_send(int, struct sadb_msg *, int);
int pfkey_align(struct sadb_msg *, caddr_t *);
int pfkey_check(caddr_t *);
void pfkey_sadump(struct sadb_msg *);
void pfkey_sadump_withports(struct sadb_msg *);
void pfkey_spdump(struct sadb_msg *);
void pfkey_spdump_withports(struct sadb_msg *);
void pfkey_spdump_filter_socket_policy(int);
unsigned long pfkey_spdump_filtered_count(void);

typedef void (*any_fn)(void);
#define FN(name) (any_fn) name

static const any_fn functions[] = {
	FN(ipsec_set_policy),
	FN(ipsec_get_policylen),
	FN(ipsec_dump_policy),
	FN(ipsec_dump_policy_withports),
	FN(ipsec_check_keylen),
	FN(ipsec_check_keylen2),
	FN(ipsec_get_keylen),
	FN(ipsec_strerror),
	FN(ipsec_hexdump),
	FN(ipsec_bindump),
	FN(kdebug_sadb),
	FN(pfkey_set_softrate),
	FN(pfkey_get_softrate),
	FN(pfkey_send_getspi),
	FN(pfkey_send_getspi_nat),
	FN(pfkey_send_update2),
	FN(pfkey_send_add2),
	FN(pfkey_send_update),
	FN(pfkey_send_update_nat),
	FN(pfkey_send_add),
	FN(pfkey_send_add_nat),
	FN(pfkey_send_delete),
	FN(pfkey_send_delete_all),
	FN(pfkey_send_get),
	FN(pfkey_send_register),
	FN(pfkey_recv_register),
	FN(pfkey_set_supported),
	FN(pfkey_send_flush),
	FN(pfkey_send_dump),
	FN(pfkey_send_promisc_toggle),
	FN(pfkey_send_spdadd),
	FN(pfkey_send_spdadd2),
	FN(pfkey_send_spdupdate),
	FN(pfkey_send_spdupdate2),
	FN(pfkey_send_spddelete),
	FN(pfkey_send_spddelete2),
	FN(pfkey_send_spdget),
	FN(pfkey_send_spdsetidx),
	FN(pfkey_send_spdflush),
	FN(pfkey_send_spddump),
	FN(pfkey_send_migrate),
	FN(pfkey_open),
	FN(pfkey_close),
	FN(pfkey_set_buffer_size),
	FN(pfkey_recv),
	FN(pfkey_send),
	FN(pfkey_align),
	FN(pfkey_check),
	FN(pfkey_sadump),
	FN(pfkey_sadump_withports),
	FN(pfkey_spdump),
	FN(pfkey_spdump_withports),
	FN(pfkey_spdump_filter_socket_policy),
	FN(pfkey_spdump_filtered_count),
};

int main(void)
{
	size_t n = sizeof(functions) / sizeof(functions[0]);
	for (size_t i = 0; i < n; i++)
		if (!functions[i])
			return 1;
	printf("%zu functions\n", n);
	return libipsec_opt & LIBIPSEC_OPT_NATT ? 0 : 1;
}
