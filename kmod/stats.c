// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/tanuki_stat: one line for each counter of the namespace.
 *
 * Who is about to write tagged policies keeps it open until they are there: an open one holds
 * the module, so that it cannot go between the two (without it they would be ignored).
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "proto.h"
#include "tanuki.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

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

static int show(struct seq_file *seq, void *v)
{
	const struct tk_net *tn = seq->private;
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

static int open(struct inode *inode, struct file *file)
{
	int err;

	/* Not before the policies that are there already have been read. */
	if (!tk_is_ready() || !try_module_get(THIS_MODULE))
		return -ENODEV;
	err = single_open(file, show, pde_data(inode));
	if (err)
		module_put(THIS_MODULE);
	return err;
}

/* (Whoever removes the entry waits until this has returned.) */
static int release(struct inode *inode, struct file *file)
{
	int err = single_release(inode, file);

	module_put(THIS_MODULE);
	return err;
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read_iter = seq_read_iter,
	.proc_lseek = seq_lseek,
	.proc_release = release,
};

#define NAME "tanuki_stat"

int tk_stats_create(struct tk_net *tn)
{
	return proc_create_data(NAME, 0444, tn->net->proc_net, &ops, tn) ? 0 : -ENOMEM;
}

void tk_stats_remove(struct tk_net *tn)
{
	remove_proc_entry(NAME, tn->net->proc_net);
}
