// SPDX-License-Identifier: GPL-2.0-only
/* /proc/net/tanuki_stat: one line for each counter of the namespace. */
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include "proto.h"
#include "tanuki.h"

#define TK_STAT_NAME(member, name) [TK_STAT_##member] = name,
static const char *const names[TK_STAT_MAX] = { TK_STATS(TK_STAT_NAME) };

static u64 sum(const struct tk_net *tn, enum tk_stat what)
{
	u64 total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += per_cpu_ptr(tn->stats, cpu)->count[what];
	return total;
}

int tk_stats_show(struct seq_file *seq, void *v)
{
	const struct tk_net *tn = tk_net(seq_file_single_net(seq));
	int i;

	seq_printf(seq, "%-24s\t%u\n", "Tag", tk_tag);
	seq_printf(seq, "%-24s\t%s\n", "Esp", tk_proto_whose(IPPROTO_ESP));
	seq_printf(seq, "%-24s\t%s\n", "Ah", tk_proto_whose(IPPROTO_AH));
	seq_printf(seq, "%-24s\t%u\n", "Policies", READ_ONCE(tn->npolicies));
	/* Entries outlive their namespace: this one is the whole machine's. */
	seq_printf(seq, "%-24s\t%d\n", "BundleElements", tk_bundles_alive());
	for (i = 0; i < TK_STAT_MAX; i++)
		seq_printf(seq, "%-24s\t%llu\n", names[i], sum(tn, i));
	return 0;
}
