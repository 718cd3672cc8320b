#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#        10.1.1.0/24                             10.2.1.0/24
#
# Which packets go through which SA, by real ones: several nets, ports, ICMP types, what a
# packet chooses, what passes and what does not, and peers that want the same.
load ../lab/words
load ../lab/gateways

setup_file() {
	local side n
	topo_two_gateways && _view host-b || return
	for side in a b; do
		[ $side = a ] && n=1 || n=2
		in_ns host-$side ip addr add 10.$n.1.2/32 dev lan || return
		in_ns gw-$side ip route add 10.$n.1.0/24 dev lan || return
	done
	in_ns gw-b ip addr add 10.9.0.5/32 dev lo
	in_ns host-b ip addr add 10.9.0.5/32 dev lo
	in_ns host-b ip addr add 10.9.0.6/32 dev lo
}

# pings FROM TO: one is answered.
pings() { in_ns host-a ping -q -c 1 -W 1 -I "$1" "$2"; }
# udp PORT...: an empty datagram from host-a to each; nobody listens, so an ICMP message comes back.
udp() {
	local port
	for port; do in_ns host-a bash -c 'echo >/dev/udp/10.2.0.2/$1' udp "$port"; done
}
# reqids NODE: how many different ones its SAs have, into REPLY.
reqids() {
	local line
	local -A seen=()
	sad "$1" || return
	for line in "${SAD[@]}"; do
		[[ ! $line =~ reqid\ ([0-9]+) ]] || seen[${BASH_REMATCH[1]}]=1
	done
	REPLY=${#seen[@]}
}

@test "two nets on either side: one pair of SAs carries all four ways" {
	gateways local_a="10.1.0.0/24 any, address 10.1.1.0/24" \
		local_b="10.2.0.0/24 any, address 10.2.1.0/24"
	capture_start
	wait_until 10 pings 10.1.0.2 10.2.0.2
	pings 10.1.1.2 10.2.0.2
	pings 10.1.0.2 10.2.1.2
	pings 10.1.1.2 10.2.1.2
	capture_stop
	assert_wire clear -eq 0
	sad gw-a
	[ ${#SAD[@]} = 2 ]
	event gw-a child_sa_up narrowed=no
	tanukictl gw-a delete-sa gw-b
	wait_until 5 no_sas gw-b
}

@test "a range of ports is protected, the ports beside it are not" {
	gateways local_b="10.2.0.0/24 [5000-5009] udp, address 10.2.0.77"
	tanukictl gw-a establish-sa gw-b/lan
	capture_start
	udp 5000 5003 5008 5009
	capture_stop
	assert_wire esp v4 -ge 4
	capture_start
	udp 4999 5010
	capture_stop
	assert_wire esp v4 -eq 0
	assert_wire clear v4 -ge 2
}

@test "two ICMP types are protected, nothing else is" {
	gateways local_b="10.2.0.0/24 icmp type 8, address 10.2.0.0/24 icmp type 0, address 10.2.0.77"
	capture_start
	wait_until 10 pings 10.1.0.2 10.2.0.2
	capture_stop
	assert_wire esp v4 -ge 2
	assert_wire clear -eq 0
	capture_start
	udp 4999
	capture_stop
	assert_wire esp -eq 0
	# (And "port unreachable" comes back, type 3.)
	assert_wire clear v4 -ge 2
}

@test "the packet chooses: a gateway that wants more gets a pair of SAs for each net of the peer" {
	gateways local_a=10.1.0.0/24
	tanukid_stop gw-a
	gateway_files a local_b=10.2.0.0/16
	tanukid_start gw-a /etc/racoon/racoon.conf
	tanukid_stop gw-b
	gateway_files b 'second=sainfo address 10.2.1.0/24 any address 10.1.0.0/24 any { remote "gw-a"; name "more"; install_policy on; }'
	tanukid_start gw-b /etc/racoon/racoon.conf
	capture_start
	wait_until 10 pings 10.1.0.2 10.2.1.2
	event gw-a child_sa_up "ts_peer=*10.2.1.0/24*" narrowed=more
	# Not led to the SAs that are there, which the peer has for another net.
	wait_until 10 pings 10.1.0.2 10.2.0.2
	event gw-a child_sa_up "ts_peer=*10.2.0.0/24*" narrowed=more
	pings 10.1.0.2 10.2.1.2
	pings 10.1.0.2 10.2.0.2
	capture_stop
	assert_wire clear -eq 0
	sad gw-a
	[ ${#SAD[@]} = 4 ]
	reqids gw-a
	[ "$REPLY" = 2 ]
	event_count gw-a ike_sa_up
	[ "$REPLY" = 1 ]
	# Each goes with its own policies, and all with the daemon.
	tanukictl gw-a delete-sa gw-b
	wait_until 10 pings 10.1.0.2 10.2.0.2
	tanukid_stop gw-a
	assert_no_sas gw-a
	assert_no_policies gw-a
}

@test "single_pair: SAs for each pair of addresses, by traffic" {
	gateways local_a="10.1.0.0/16"
	tanukid_stop gw-b
	gateway_files b local_a="10.1.0.0/16" esp="single_pair on;"
	tanukid_start gw-b /etc/racoon/racoon.conf
	wait_until 10 pings 10.1.0.2 10.2.0.2
	wait_until 10 pings 10.1.1.2 10.2.0.2
	event gw-a child_sa_up "ts_local=*10.1.0.2[[]*" "ts_peer=*10.2.0.2[[]*"
	event gw-a child_sa_up "ts_local=*10.1.1.2[[]*" "ts_peer=*10.2.0.2[[]*"
	pings 10.1.0.2 10.2.0.2
	pings 10.1.1.2 10.2.0.2
	tanukid_stop gw-a
	# Without a packet nobody knows which.
	tanukid_start gw-a /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed reason=single_pair
	event gw-a negotiation_failed what=SINGLE_PAIR_REQUIRED
}

@test "policy none passes in the clear, policy discard not at all, around a tunnel" {
	local policies='policy none address 10.1.0.0/24 any address 10.2.0.0/24 [5000-5001] udp;
		policy discard address 10.1.0.0/24 any address 10.2.0.0/24 [5002] udp;'
	gateways second_a="$policies" second_b="policy none address 10.2.0.0/24 [5000-5001] udp address 10.1.0.0/24 any;"
	wait_until 10 pings 10.1.0.2 10.2.0.2
	capture_start
	udp 5000 5001
	capture_stop
	assert_wire clear v4 -ge 2
	capture_start
	udp 5002 || :
	capture_stop
	assert_wire clear -eq 0
	assert_wire esp -eq 0
	capture_start
	udp 5003
	capture_stop
	assert_wire esp v4 -ge 1
	assert_wire clear -eq 0
	# They are ours: put back, shown as wanted, and gone with the daemon.
	run -0 tanukictl gw-a kernel diff
	[[ $output == *"policies 9; different: 0"* ]]
	tanukid_stop gw-a
	assert_no_policies gw-a
}

# clients: gw-a takes everybody who knows the key, for an address of 10.9.0.0/16.
clients() {
	local node
	put gw-a /etc/racoon/psk.txt <<<"* $GATEWAYS_PSK"
	put gw-a /etc/racoon/racoon.conf <<-END
		path pre_shared_key "/etc/racoon/psk.txt";
		remote anonymous {
			exchange_mode ike2;
			authentication_method pre_shared_key;
			my_identifier fqdn "gw.example";
			verify_identifier off;
			passive on;
		}
		sainfo address 10.1.0.0/24 any address 10.9.0.0/16 any { name "clients"; install_policy on; }
	END
	tanukid_start gw-a /etc/racoon/racoon.conf || return
	for node in gw-b host-b; do
		put $node /etc/racoon/psk.txt <<<"gw.example $GATEWAYS_PSK"
	done
}

# client NODE ADDRESS: wants this address inside.
client() {
	put "$1" /etc/racoon/racoon.conf <<-END
		path pre_shared_key "/etc/racoon/psk.txt";
		remote "gw" {
			remote_address 192.0.2.1;
			exchange_mode ike2;
			authentication_method pre_shared_key;
			my_identifier fqdn "$1.example";
			peers_identifier fqdn "gw.example";
		}
		sainfo address $2 any address 10.1.0.0/24 any { remote "gw"; name "lan"; install_policy on; }
	END
	tanukid_start "$1" /etc/racoon/racoon.conf
}
inside() { in_ns "$1" ping -q -c 1 -W 1 -I "$2" 10.1.0.2; }

@test "two clients with one address inside: the second is refused, and the first keeps its traffic" {
	clients
	client gw-b 10.9.0.5
	wait_until 10 inside gw-b 10.9.0.5
	client host-b 10.9.0.5
	run ! tanukictl host-b establish-sa gw/lan
	event gw-a negotiation_failed reason=selector_taken "*gw-b.example*"
	event host-b negotiation_failed what=TS_UNACCEPTABLE
	inside gw-b 10.9.0.5
	sad gw-a
	[ ${#SAD[@]} = 2 ]
	# With an address of its own it is welcome ...
	tanukid_stop host-b
	client host-b 10.9.0.6
	wait_until 10 inside host-b 10.9.0.6
	inside gw-b 10.9.0.5
	tanukid_stop host-b
	# ... and with that one when it is free.
	tanukid_stop gw-b
	wait_until 5 no_sas gw-a
	client host-b 10.9.0.5
	wait_until 10 inside host-b 10.9.0.5
	tanukid_stop host-b
}
