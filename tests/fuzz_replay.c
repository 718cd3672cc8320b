/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target over the files of its corpus, so that every finding that was
 * ever kept stays fixed.  Prints TAP: one line per file.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX_BYTES = 1 << 20 };

static int replay(const char *dir, const char *name)
{
	static uint8_t input[INPUT_MAX_BYTES];
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	size_t n = fread(input, 1, sizeof(input), f);
	fclose(f);
	/* An exact-size heap copy lets the sanitizer see every over-read. */
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		return -1;
	memcpy(copy, input, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	int count = 0, failed = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (!d) {
			fprintf(stderr, "no corpus %s\n", argv[i]);
			return 1;
		}
		for (struct dirent *e; (e = readdir(d));) {
			if (e->d_name[0] == '.')
				continue;
			int rc = replay(argv[i], e->d_name);
			failed += rc != 0;
			printf("%sok %d - input %s\n", rc ? "not " : "", ++count, e->d_name);
		}
		closedir(d);
	}
	printf("1..%d\n", count);
	return failed || count == 0;
}
