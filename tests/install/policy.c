/* SPDX-License-Identifier: BSD-2-Clause */
/* Each line of stdin is a policy for ipsec_set_policy(3), or this fails. */
#include <libpfkey.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int try_policy(const char *words)
{
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	char *text = p ? ipsec_dump_policy(p, NULL) : NULL;
	if (!text)
		printf("%s: %s\n", words, ipsec_strerror());
	free(text);
	free(p);
	return text ? 0 : 1;
}

int main(void)
{
	char line[256];
	int n = 0, failed = 0;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		failed += try_policy(line);
		n++;
	}
	return failed || !n;
}
