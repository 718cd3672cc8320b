#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# Two gateways with tanukid replace their SAs while traffic flows, and lose nothing.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# no_ping_lost COUNT [ARGUMENT...]: twenty a second, from host-a to host-b.
no_ping_lost() {
	local count=$1 text
	shift
	text=$(in_ns host-a ping -q -c "$count" -i 0.05 -W 5 "$@" 10.2.0.2) || :
	[[ $text == *" 0% packet loss"* ]] || {
		echo "$text"
		return 1
	}
}

# rekeys NODE RELATION NUMBER: children that gave way to another.
rekeys() {
	local line n=0
	while read -r line; do
		[[ $line != *"event=child_sa_down "*"reason=rekeyed"* ]] || n=$((n + 1))
	done <"$LAB_STATE/log/tanukid.$1"
	test "$n" "$2" "$3" || {
		echo "$1 rekeyed $n times, wanted $2 $3"
		return 1
	}
}

# one_pair NODE: a child, and nothing of those before it.
one_pair() { sad "$1" && [ ${#SAD[@]} = 2 ]; }

@test "children are rekeyed by time from both sides, and no ping is lost" {
	gateways esp="lifetime time 6 sec;"
	tanukictl gw-a establish-sa gw-b/lan
	no_ping_lost 500
	rekeys gw-a -ge 3
	rekeys gw-b -ge 3
	no_event gw-a child_sa_down reason=lifetime
	no_event gw-b child_sa_down reason=lifetime
	event_count gw-a ike_sa_up
	[ "$REPLY" = 1 ]
	wait_until 8 one_pair gw-a
	wait_until 8 one_pair gw-b
}

@test "children are rekeyed by packets, with perfect forward secrecy and ESN, and no ping is lost" {
	gateways esn=on esp="pfs_group curve25519; lifetime packet 100;"
	tanukictl gw-a establish-sa gw-b/lan
	no_ping_lost 400
	rekeys gw-a -ge 3
	no_event gw-a child_sa_down reason=lifetime
	no_event gw-b child_sa_down reason=lifetime
	event gw-a child_sa_up "algorithms=*CURVE25519*"
}

@test "children are rekeyed by bytes in transport mode, and no ping is lost" {
	gateways mode=transport local_a=192.0.2.1 local_b=192.0.2.2 esp="lifetime byte 100 KB;"
	tanukictl gw-a establish-sa gw-b/lan
	local text
	text=$(in_ns gw-a ping -q -c 300 -i 0.05 -W 5 -s 1000 192.0.2.2) || :
	[[ $text == *" 0% packet loss"* ]]
	rekeys gw-a -ge 2
	no_event gw-a child_sa_down reason=lifetime
}

@test "IKE SAs are rekeyed by time from both sides, and no ping is lost" {
	gateways more="lifetime time 6 sec;" esp="lifetime time 8 sec;"
	tanukictl gw-a establish-sa gw-b/lan
	no_ping_lost 500
	event_count gw-a ike_sa_up
	[ "$REPLY" -ge 4 ]
	no_event gw-a ike_sa_down reason=lifetime
	no_event gw-b ike_sa_down reason=lifetime
	rekeys gw-b -ge 2
	no_event gw-a child_sa_down reason=lifetime
	wait_until 8 one_pair gw-a
	wait_until 8 one_pair gw-b
}

@test "by command: rekey-sa replaces the child and the IKE SA, and what is not there says so" {
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	tanukictl gw-b rekey-sa gw-a/lan
	wait_until 5 rekeys gw-a -ge 1
	tanukictl gw-a rekey-sa gw-b
	wait_until 5 event gw-b ike_sa_down reason=rekeyed
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
	run ! tanukictl gw-a rekey-sa gw-b/other
}

@test "over a wan that loses every tenth packet, rekeying goes on and ends well" {
	gateways esp="lifetime time 6 sec;"
	tanukictl gw-a establish-sa gw-b/lan
	wan_weather loss 10%
	in_ns host-a ping -q -c 200 -i 0.1 -W 2 10.2.0.2 || :
	wan_weather
	rekeys gw-a -ge 2
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	wait_until 20 one_pair gw-a
	wait_until 20 one_pair gw-b
}
