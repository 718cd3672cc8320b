#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: kmod
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# tanukid with tanuki.ko in both gateways.
load ../lab/words
load ../lab/kmod
load ../lab/gateways

setup_file() {
	[ -n "${LAB_KMOD:-}" ] || skip "needs a kernel that the module was built for"
	[ -e /proc/net/tanuki_stat ] || kmod_load
	topo_two_gateways
}

teardown() { stop_all && kmod_flush; }

@test "a negotiated tunnel goes through the module, also after a rekey" {
	gateways kernel_check="1 sec"
	event gw-a data_path path=tanuki tag=84
	tanukictl gw-a establish-sa gw-b/lan
	capture_start
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 10.2.0.2
	tanukictl gw-a rekey-sa gw-b/lan
	wait_until 10 event gw-a child_sa_down
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 10.2.0.2
	capture_stop
	assert_wire clear -eq 0
	assert_wire esp v4 -ge 12
	assert_stat gw-a Policies -ge 1
	assert_stat gw-a BundleCreated -ge 2
	# What is there is what was wanted, though it has the tag.
	run -0 tanukictl gw-a kernel diff
	[[ $output == *"different: 0" ]]
	run -0 tanukictl gw-a status
	[[ $output == *"data path tanuki"* ]]
	run ! rmmod tanuki
	tanukid_stop gw-a
	assert_no_policies gw-a
}

@test "a policy of tanukid that became the kernel's is moved back" {
	local out="src 10.1.0.0/24 dst 10.2.0.0/24 dir out" line monitor
	gateways kernel_check="1 sec"
	tanukictl gw-a establish-sa gw-b/lan
	line=$(in_ns gw-a ip -o xfrm policy list dir out)
	[[ $line =~ priority\ ([0-9]+).*reqid\ ([0-9]+) ]]
	# (It sees the deletion, and would be done before we have looked.)
	pid_of tanukid.gw-a && monitor=$REPLY && kill -STOP "$monitor"
	kmod_ip gw-a <<-END
		xfrm policy add $out priority ${BASH_REMATCH[1]} tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid ${BASH_REMATCH[2]} mode tunnel
		xfrm policy delete $out if_id $KMOD_TAG
	END
	assert_stat gw-a Policies -eq 0
	kill -CONT "$monitor"
	wait_until 10 event gw-a kernel_differs what=policy_changed repair=done
	assert_stat gw-a Policies -eq 1
	[ "$(in_ns gw-a ip xfrm policy list dir out | grep -c '^src')" = 1 ]
}
