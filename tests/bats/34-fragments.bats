#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# A wan that loses what is longer than 620 bytes and tells nobody, and identities so
# long that IKE_AUTH is longer: IKE fragments (RFC 7383) come through.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }
teardown() {
	wan_mtu 1500
	wan_weather
	lab_teardown
}

LONG=$(printf 'x%.0s' {1..220}).example

# wan_mtu BYTES: of the wan alone; the gateways know nothing of it.
wan_mtu() { printf 'link set %s mtu '"$1"'\n' gw-a gw-b | in_ns wan ip -batch -; }

# narrow_gateways KEY=VALUE...: both with their long identities.
narrow_gateways() {
	wan_mtu 620
	gateways "id_a=a.$LONG" "id_b=b.$LONG" "$@"
}
v6=(end_a=2001:db8::1 end_b=2001:db8::2 local_a=fd01::/64 local_b=fd02::/64)

# counter NODE NAME: of tanukictl's, into REPLY.
counter() {
	local json
	json=$(tanukictl "$1" status --json)
	[[ $json =~ \"$2\":\ *([0-9]+) ]] && REPLY=${BASH_REMATCH[1]}
}

@test "IPv4: what is lost on the way is cut smaller, and comes through" {
	narrow_gateways
	tanukictl gw-a establish-sa gw-b/lan
	event gw-a fragments_shrunk remote=gw-b bytes=576
	counter gw-a sent_in_fragments && [ "$REPLY" -ge 1 ]
	counter gw-b reassembled && [ "$REPLY" -ge 1 ]
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
	tanukictl gw-a delete-sa gw-b
	wait_until 5 no_sas gw-b
}

@test "IPv6: what is lost on the way is cut smaller, and comes through" {
	narrow_gateways "${v6[@]}"
	tanukictl gw-b establish-sa gw-a/lan
	event gw-b fragments_shrunk remote=gw-a bytes=576
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 fd02::2
}

@test "ike_frag off: the peer is silent, and that is what is said" {
	narrow_gateways more_a="ike_frag off;"
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-a negotiation_failed reason=peer_silent what=IKE_AUTH
	counter gw-a sent_in_fragments && [ "$REPLY" = 0 ]
}

@test "ike_frag force: small enough at the first try" {
	narrow_gateways more="ike_frag force;"
	tanukictl gw-a establish-sa gw-b/lan
	counter gw-a sent_in_fragments && [ "$REPLY" -ge 1 ]
	no_event gw-a fragments_shrunk
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
}

@test "ike_frag with a size: many fragments, some of them lost, doubled and late" {
	gateways "id_a=a.$LONG" "id_b=b.$LONG" more="ike_frag 200;" counter=12
	wan_weather delay 20ms 15ms loss 10% duplicate 10%
	tanukictl gw-a establish-sa gw-b/lan
	wan_weather
	counter gw-b fragments && [ "$REPLY" -ge 4 ]
	spis_agree gw-a gw-b
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
}

@test "the configuration is printed with the size it was given, and a wrong one is refused" {
	gateway_files a more="ike_frag 1400;"
	run -0 in_ns gw-a "$LAB_BUILD/daemon/tanukid" -t -f /etc/racoon/racoon.conf
	gateway_files a more="ike_frag 20;"
	run ! in_ns gw-a "$LAB_BUILD/daemon/tanukid" -t -f /etc/racoon/racoon.conf
	[[ $output == *"a number from 160 to 9000"* ]]
}
