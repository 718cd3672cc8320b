/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AH sees of a header (RFC 4302 3.3.3.1): a copy whose mutable parts are zero and
 * whose predictable ones are as they will be at the end.  Plain functions, also
 * built outside the kernel for their tests.
 */
#ifndef TANUKI_AH_MUT_H
#define TANUKI_AH_MUT_H

#include <linux/types.h>

/*
 * @header is an IP header with its options, or an IPv6 header with the extension
 * headers that stand before AH; @len bytes, all of it.  Both are changed in place.
 * 0, or -EINVAL for what is no such header: then nothing may be concluded from the
 * bytes.
 */
int ah_mutable4(__u8 *header, unsigned int len);
int ah_mutable6(__u8 *header, unsigned int len);

#endif
