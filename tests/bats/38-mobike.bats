#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#            wan   192.0.2.1     2001:db8::1
#   host-a - gw-a <                           > wan ==== gw-b - host-b
#            wan2  198.51.100.1  2001:db8::11         192.0.2.2
#                                                   2001:db8::2
#
# gw-a roams between two links, and both families, while traffic flows; gw-b stays.
load ../lab/words
load ../lab/gateways
load ../lab/clients
load ../lab/roaming

setup_file() { topo_two_gateways && second_link a 1; }

# both: with MOBIKE; the identities are names.
both() {
	on_link a 1 wan 4
	gateways id_a=a.example id_b=b.example end_b="192.0.2.2, 2001:db8::2" \
		more="mobike on;" dpd_delay="2 sec"
	tanukictl gw-a establish-sa gw-b/lan
	spis gw-b && BEFORE=$REPLY
}

# whole: nothing was made anew, and nobody saw a number twice.
whole() {
	same_spis gw-b "$BEFORE" && same_spis gw-a "$BEFORE" && no_event gw-a ike_sa_down &&
		no_event gw-b ike_sa_down && no_event gw-b child_not_moved &&
		no_event gw-a child_not_moved && no_number_twice gw-a gw-b
}

@test "v4: a client roams between two links and back while pings flow" {
	both
	capture_start
	start pings host-a ping -q -c 160 -i 0.05 -W 5 10.2.0.2
	sleep 1
	on_link a 1 wan2 4
	wait_until 10 assert_sad gw-b esp 192.0.2.2 198.51.100.1
	wait_until 5 assert_sad gw-a esp 198.51.100.1 192.0.2.2
	in_ns host-b ping -q -c 5 -i 0.1 -W 2 10.1.0.2
	on_link a 1 wan 4
	wait_until 10 assert_sad gw-b esp 192.0.2.2 192.0.2.1
	in_ns host-b ping -q -c 5 -i 0.1 -W 2 10.1.0.2
	wait_until 30 has_ended pings
	capture_stop
	whole
	received pings 120
	assert_wire clear -eq 0
	event gw-a ike_sa_moved "peer=192.0.2.2*" "local=198.51.100.1*"
	event gw-b ike_sa_moved "peer=198.51.100.1*" "from_peer=192.0.2.1*"
}

@test "from IPv4 to IPv6 and back while pings flow" {
	both
	capture_start
	start pings host-b ping -q -c 160 -i 0.05 -W 5 10.1.0.2
	sleep 1
	on_link a 1 wan2 6
	wait_until 15 assert_sad gw-b esp 2001:db8::2 2001:db8::11
	in_ns host-a ping -q -c 5 -i 0.1 -W 2 10.2.0.2
	on_link a 1 wan 4
	wait_until 15 assert_sad gw-b esp 192.0.2.2 192.0.2.1
	in_ns host-a ping -q -c 5 -i 0.1 -W 2 10.2.0.2
	wait_until 30 has_ended pings
	capture_stop
	whole
	received pings 100
	assert_wire esp v4 -ge 50
	assert_wire esp v6 -ge 10
	assert_wire clear -eq 0
}

@test "a way that breaks without a word is left for the other family" {
	both
	in_ns gw-a ip addr add 2001:db8::1/64 dev wan nodad
	wait_until 5 event gw-a address_added "local=2001:db8::1*"
	in_ns gw-b iptables-legacy -A INPUT -p udp -j DROP
	in_ns gw-b iptables-legacy -A INPUT -p esp -j DROP
	wait_until 20 assert_sad gw-b esp 2001:db8::2 2001:db8::1
	in_ns gw-b iptables-legacy -F INPUT
	in_ns host-a ping -q -c 5 -i 0.1 -W 2 10.2.0.2
	whole
}

@test "a peer is looked up by its name for each attempt, in both families" {
	on_link a 1 wan 4
	in_ns gw-a bash -c 'echo 192.0.2.99 gw-b.example >/etc/hosts'
	gateway_start b id_a=a.example id_b=b.example end_a="192.0.2.1, 2001:db8::1"
	gateway_start a id_a=a.example id_b=b.example end_b='"gw-b.example"' counter=2
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-a negotiation_failed "peer=192.0.2.99*" reason=peer_silent
	in_ns gw-a bash -c 'echo 192.0.2.2 gw-b.example >/etc/hosts'
	tanukictl gw-a establish-sa gw-b/lan
	assert_sad gw-a esp 192.0.2.1 192.0.2.2
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
	tanukictl gw-a delete-sa gw-b
	in_ns gw-a ip addr add 2001:db8::1/64 dev wan nodad
	in_ns gw-a bash -c 'echo 2001:db8::2 gw-b.example >/etc/hosts'
	tanukictl gw-a establish-sa gw-b/lan
	assert_sad gw-a esp 2001:db8::1 2001:db8::2
	pid_of tanukid.gw-a
	local resolver
	resolver=$(pgrep -P "$REPLY" resolve)
	[[ $(<"/proc/$resolver/status") =~ CapEff:[[:space:]]*0000000000000000 ]]
	tanukid_stop gw-a
	assert_no_sas gw-a
	[ ! -e "/proc/$resolver" ]
}

@test "a client keeps its inner addresses while it roams, and pings flow" {
	on_link a 1 wan 4
	office_start more="mobike on;"
	client_start gw-a alice more="mobike on; dpd_delay 2 sec;"
	tanukictl gw-a establish-sa office
	assert_addresses gw-a "10.9.0.1/32 fd09::1/128"
	spis gw-b && BEFORE=$REPLY
	start pings gw-a ping -q -c 100 -i 0.05 -W 5 10.2.0.2
	sleep 1
	on_link a 1 wan2 4
	wait_until 10 assert_sad gw-b esp 192.0.2.2 198.51.100.1
	in_ns host-b ping -q -c 5 -i 0.1 -W 2 10.9.0.1
	in_ns host-b ping -q -c 2 -i 0.1 -W 2 fd09::1
	wait_until 30 has_ended pings
	received pings 60
	assert_addresses gw-a "10.9.0.1/32 fd09::1/128"
	whole
}
