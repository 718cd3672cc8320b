#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a -- gw-a -- nat-a ======== wan ======== gw-b -- host-b
#        10.0.1.2   192.0.2.1             192.0.2.2
#       fd00:1::2   2001:db8::1           2001:db8::2
#
# A gateway behind a NAT: both sides see it, move to port 4500 and encapsulate in UDP.
load ../lab/words
load ../lab/gateways
load ../lab/roaming

setup_file() { topo_two_gateways nat-a; }

# gw-b expects its peer at the NAT's address; the identities are names.
behind_nat() {
	gateway_start a id_a=a.example id_b=b.example end_b="$1" &&
		gateway_start b id_a=a.example id_b=b.example end_a="$2" end_b="$1"
}

@test "v4: behind a NAT, ESP goes in UDP from the first packet" {
	behind_nat 192.0.2.2 192.0.2.1
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 10.1.0.2
	capture_stop
	event gw-a child_sa_up
	assert_sad gw-b esp 192.0.2.2 192.0.2.1 "encap type espinudp sport 4500"
	assert_sad gw-a esp 10.0.1.2 192.0.2.2 "encap type espinudp"
	assert_wire esp v4 -ge 8
	assert_wire clear -eq 0
}

@test "v6: behind a NAT, ESP goes in UDP from the first packet" {
	behind_nat 2001:db8::2 2001:db8::1
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 10.1.0.2
	capture_stop
	assert_sad gw-b esp 2001:db8::2 2001:db8::1 "encap type espinudp sport 4500"
	assert_wire esp v6 -ge 8
	assert_wire clear -eq 0
}

@test "v4: keepalives hold the mapping open while nothing is said" {
	behind_nat 192.0.2.2 192.0.2.1
	tanukictl gw-a establish-sa gw-b/lan
	capture_start
	sleep 3
	capture_stop
	assert_wire ike v4 -ge 2
}

# nat_forgets PORTS: what nat-a has in mind is gone, and what comes next leaves by these ports.
nat_forgets() {
	# (It says nothing about packets to the old port: its errors would quote them.)
	printf '%s\n' '*nat' "-A POSTROUTING -o wan -p udp -j MASQUERADE --to-ports $1" COMMIT \
		'*filter' "-A INPUT -i wan -p udp -j DROP" COMMIT | in_ns nat-a iptables-legacy-restore &&
		in_ns nat-a ip -batch - <<-END
			addr del 192.0.2.1/24 dev wan
			addr add 192.0.2.1/24 dev wan
			route add default via 192.0.2.2
		END
}

# moved_whole PORT: gw-b sends there, over the SAs that it had (BEFORE), and nothing ended.
moved_whole() {
	wait_until 10 assert_sad gw-b esp 192.0.2.2 192.0.2.1 "dport $1"
	same_spis gw-b "$BEFORE"
	no_event gw-b ike_sa_down
	no_event gw-a ike_sa_down
	no_event gw-b child_not_moved
}

@test "v4: a NAT that takes another port in the middle of traffic is followed by the same SAs" {
	behind_nat 192.0.2.2 192.0.2.1
	tanukictl gw-a establish-sa gw-b/lan
	spis gw-b && BEFORE=$REPLY
	capture_start
	start pings host-a ping -q -c 150 -i 0.05 -W 5 10.2.0.2
	sleep 2
	nat_forgets 40001
	moved_whole 40001
	wait_until 30 has_ended pings
	nat_forgets 40002
	start back host-b ping -q -c 100 -i 0.05 -W 5 10.1.0.2
	in_ns host-a ping -q -c 20 -i 0.1 -W 2 10.2.0.2
	moved_whole 40002
	wait_until 30 has_ended back
	capture_stop
	received pings 140
	assert_wire clear -eq 0
	# (Numbers that began again would be refused as old ones.)
	no_number_twice gw-a gw-b
}

@test "v4: a NAT that takes another port while nothing is said is followed at the next check" {
	gateway_start a id_a=a.example id_b=b.example end_b=192.0.2.2 dpd_delay="1 sec"
	gateway_start b id_a=a.example id_b=b.example end_a=192.0.2.1 end_b=192.0.2.2
	tanukictl gw-a establish-sa gw-b/lan
	spis gw-b && BEFORE=$REPLY
	nat_forgets 40003
	moved_whole 40003
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 10.1.0.2
}
