/* SPDX-License-Identifier: BSD-2-Clause */
/* keydb's text: policies as people write them, SAs and policies as KAME printed them. */
#ifndef KEYDB_TEXT_H
#define KEYDB_TEXT_H

#include <keydb_model.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Parses what follows -P in setkey: "dir [priority] action [request...]" (the grammar of
 * ipsec_set_policy(3)) into dir, action, priority, n_templates and templates of *ret.  A direction
 * alone (for deletions) gives KEYDB_ACTION_DISCARD and priority 0.  Returns 0, or -EINVAL with
 * *ret_at the offset of the offending word and *ret_why a static text.
 */
int keydb_policy_parse(const char *text, struct keydb_policy *ret, size_t *ret_at,
		       const char **ret_why);

struct keydb_print {
	void *file;       /* FILE * */
	bool ports;       /* setkey -p */
	unsigned int pid; /* as printed behind pid= */
	uint64_t now;     /* the time behind "current:", seconds since 1970; 0 = the clock's */
};
/*
 * KAME's "setkey -D" and "-DP" formats, byte for byte; seq is the number behind (sadb_)seq=.
 * What PF_KEY cannot say follows in one line more ("\textra: ..."), only where there is any.
 */
void keydb_sa_print(const struct keydb_print *out, const struct keydb_sa *sa, uint32_t seq);
void keydb_policy_print(const struct keydb_print *out, const struct keydb_policy *p, uint32_t seq);

#ifdef __cplusplus
}
#endif

#endif
