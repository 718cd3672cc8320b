/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes and small macros that every file may use. */
#ifndef TANUKI_BASE_ATTR_H
#define TANUKI_BASE_ATTR_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Defines x_freep() for CLEANUP() from x_free(). */
#define DEFINE_FREEP(type, name)                                     \
	static inline __attribute__((unused)) void name##p(type **p) \
	{                                                            \
		name(*p);                                            \
	}

/* Hands an object over: returns it and forgets it here. */
#define TAKE(p)                            \
	({                                 \
		__typeof__(p) take_ = (p); \
		(p) = NULL;                \
		take_;                     \
	})

/* A broken invariant of our own: always on, never reachable from input. */
#define REQUIRE(x)                                                                      \
	do {                                                                            \
		if (!(x)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                        \
		}                                                                       \
	} while (0)

#endif
