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
