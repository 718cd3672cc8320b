#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# Two gateways authenticate again while traffic flows, from each side and from both at once:
# no ping is lost, and nothing is left of the IKE SA before.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# pings_start COUNT: twenty a second from host-a to host-b, in the background.
pings_start() { start pings host-a ping -q -c "$1" -i 0.05 -W 3 10.2.0.2; }
# pings_end: they are over, and none was lost.
pings_end() {
	local text
	wait_until 30 has_ended pings
	text=$(<"$LAB_STATE/log/pings")
	[[ $text == *" 0% packet loss"* ]] || {
		echo "$text"
		return 1
	}
}

# one_ike_sa NODE: one is there, by its own account, with one child; and the kernel has its pair.
one_ike_sa() {
	local text
	text=$(tanukictl "$1" show-sa --json) || return
	text=${text//[[:space:]]/}
	[[ $text == *'"role"'*'"spi_in"'* && $text != *'"role"'*'"role"'* &&
		$text != *'"spi_in"'*'"spi_in"'* ]] || return
	sad "$1" && [ ${#SAD[@]} = 2 ]
}
# handed_over NODE RELATION NUMBER: IKE SAs of its own accord.
handed_over() {
	event_count "$1" ike_sa_handed_over
	test "$REPLY" "$2" "$3" || {
		echo "$1 handed over $REPLY, wanted $2 $3"
		return 1
	}
}
# at_rest: both sides agree that there is one of everything, and it works.
at_rest() {
	wait_until 8 one_ike_sa gw-a && wait_until 8 one_ike_sa gw-b &&
		in_ns host-a ping -q -c 1 -W 2 10.2.0.2 &&
		no_event gw-a negotiation_failed && no_event gw-b negotiation_failed
}

@test "by command from either side: a new IKE SA and child, the old ones go, no ping is lost" {
	local node other
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	pings_start 100
	for node in gw-a gw-b; do
		[ "$node" = gw-a ] && other=gw-b || other=gw-a
		tanukictl "$node" reauth-sa "$other"
		wait_until 5 event "$node" ike_sa_handed_over "remote=$other" reason=reauthenticated
		wait_until 8 one_ike_sa gw-a
	done
	pings_end
	event_count gw-b ike_sa_up
	[ "$REPLY" = 3 ]
	event gw-a child_sa_down reason=reauthenticated
	event gw-b child_sa_down reason=reauthenticated
	no_event gw-b ike_sa_down reason=initial_contact
	at_rest
	run ! tanukictl gw-a reauth-sa gw-c
}

@test "both sides at once, five times: one IKE SA and one child are left, no ping is lost" {
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	pings_start 160
	for _ in {1..5}; do
		tanukictl gw-a reauth-sa gw-b &
		tanukictl gw-b reauth-sa gw-a
		wait $!
		wait_until 8 one_ike_sa gw-a
		wait_until 8 one_ike_sa gw-b
	done
	pings_end
	handed_over gw-a -ge 1
	at_rest
}

@test "by time and by who began, with two children, and no ping is lost" {
	gateways more_a="reauth time 10 sec;" \
		'second_a=sainfo address 10.1.1.0/24 any address 10.2.1.0/24 any { remote "gw-b"; name "more"; install_policy on; }' \
		'second_b=sainfo address 10.2.1.0/24 any address 10.1.1.0/24 any { remote "gw-a"; name "more"; install_policy on; }'
	tanukictl gw-a establish-sa gw-b/lan
	tanukictl gw-a establish-sa gw-b/more
	pings_start 420
	pings_end
	handed_over gw-a -ge 2
	handed_over gw-b -eq 0
	no_event gw-a ike_sa_down reason=not_reauthenticated
	tanukictl gw-a delete-sa gw-b/more
	at_rest
}

@test "a responder that wants it sooner than it may demand it does it itself" {
	gateways more_b="reauth time 10 sec;"
	tanukictl gw-a establish-sa gw-b/lan
	pings_start 240
	pings_end
	handed_over gw-a -eq 0
	handed_over gw-b -ge 1
	no_event gw-b ike_sa_down reason=not_reauthenticated
	at_rest
}

@test "a responder that cannot begin demands it (RFC 4478), and the initiator does it in time" {
	[ -n "${TESTS_ALL:-}" ] || skip "takes more than a minute, the shortest that may be demanded"
	gateways more_b="reauth time 65 sec;" initiate_b=off
	tanukictl gw-a establish-sa gw-b/lan
	pings_start 1300
	wait_until 40 has_ended pings || :
	pings_end
	handed_over gw-a -ge 1
	handed_over gw-b -eq 0
	at_rest
}
