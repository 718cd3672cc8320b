// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading, network namespaces, parameters. */
#include <linux/module.h>
#include <net/netns/generic.h>
#include "proto.h"
#include "tanuki.h"

unsigned int tk_tag = TK_TAG_DEFAULT;
module_param_named(tag, tk_tag, uint, 0444);
MODULE_PARM_DESC(tag, "interface id of the OUT policies that are ours (default 84)");

static unsigned int net_id;
static bool ready;

bool tk_is_ready(void)
{
	return READ_ONCE(ready);
}

struct tk_net *tk_net(const struct net *net)
{
	return net_generic(net, net_id);
}

static int __net_init net_init(struct net *net)
{
	struct tk_net *tn = tk_net(net);
	int err = -ENOMEM;

	tn->net = net;
	tn->stats = alloc_percpu(struct tk_stats);
	if (!tn->stats)
		return err;
	err = tk_spd_init(tn);
	if (err)
		goto no_spd;
	err = tk_stats_create(tn);
	if (err)
		goto no_proc;
	err = tk_hook_register(net);
	if (!err)
		return 0;
	tk_stats_remove(tn);
no_proc:
	tk_spd_exit(tn);
no_spd:
	free_percpu(tn->stats);
	return err;
}

/* Between this and the next the core waits for those who are in a hook. */
static void __net_exit net_pre_exit(struct net *net)
{
	tk_hook_unregister(net);
}

static void __net_exit net_exit(struct net *net)
{
	struct tk_net *tn = tk_net(net);

	tk_stats_remove(tn);
	tk_spd_exit(tn);
	free_percpu(tn->stats);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &net_id,
	.size = sizeof(struct tk_net),
};

/* Policies that were there before us; those of later namespaces are announced. */
static void read_spds(void)
{
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		tk_spd_resync(tk_net(net));
	up_read(&net_rwsem);
}

static int __init tanuki_init(void)
{
	int err;

	if (!tk_tag)
		return -EINVAL;	/* what has no id is the core's */
	err = tk_bundle_init();
	if (err)
		return err;
	err = tk_proto_init();
	if (err)
		goto no_proto;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto no_net;
	err = tk_bundle_watch();
	if (err)
		goto no_watch;
	xfrm_register_km(&tk_spd_km);
	read_spds();
	WRITE_ONCE(ready, true);
	return 0;

no_watch:
	unregister_pernet_subsys(&net_ops);
no_net:
	tk_proto_exit();
no_proto:
	tk_bundle_exit();
	return err;
}

static void __exit tanuki_exit(void)
{
	tk_bundle_unwatch();
	xfrm_unregister_km(&tk_spd_km);
	unregister_pernet_subsys(&net_ops);
	tk_proto_exit();
	tk_bundle_exit();
}

module_init(tanuki_init);
module_exit(tanuki_exit);
MODULE_DESCRIPTION("IPsec: bundles for tagged policies, ESP and AH");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: xfrm_user xfrm_algo");
