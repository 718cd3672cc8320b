#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#   10.1.0.2     192.0.2.1         192.0.2.2    10.2.0.0/24
#   fd01::2  2001:db8::1         2001:db8::2        fd02::/64
#
# Inner addresses: gw-b gives them to its clients, which are gw-a (alice) and host-a (bob);
# host-b has no other way back to them than through gw-b's tunnels.
load ../lab/words
load ../lab/gateways
load ../lab/clients

setup_file() { topo_two_gateways && _view host-a; }

@test "a client gets addresses, routes and name servers; all goes when it ends" {
	office_start
	client_start gw-a alice
	capture_start
	tanukictl gw-a establish-sa office
	assert_addresses gw-a "10.9.0.1/32 fd09::1/128"
	in_ns gw-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
	in_ns gw-a ping -q -c 2 -i 0.2 -W 2 fd02::2
	in_ns host-b ping -q -c 1 -W 2 10.9.0.1
	in_ns host-b ping -q -c 1 -W 2 fd09::1
	wait_until 5 heard gw-a "-a tanuki0.tanukid"
	heard gw-a "nameserver 10.2.0.53"
	heard gw-a "nameserver fd02::53"
	event gw-a inner_address_got inner4=10.9.0.1 inner6=fd09::1 name_servers=2 domains=1
	event gw-b inner_address_leased inner4=10.9.0.1 peer_id=alice.example
	run -0 tanukictl gw-a show-sa
	[[ $output =~ office\ +us\ +10.9.0.1\ fd09::1\ +10.2.0.53\ fd02::53\ +corp.example ]]
	run -0 tanukictl gw-b show-leases
	[[ $output == *"10.9.0.1  in use  20"*"alice.example"* ]]
	capture_stop
	assert_wire esp v4 -ge 6
	assert_wire clear -eq 0
	tanukictl gw-a delete-sa office
	assert_nothing_left gw-a
	wait_until 5 heard gw-a "-d tanuki0.tanukid"
	wait_until 5 no_sas gw-b
	run -0 tanukictl gw-b show-leases --json
	[[ $output == *'"in_use": false'* ]]
	tanukictl gw-a establish-sa office
	tanukid_stop gw-a
	assert_nothing_left gw-a
	in_ns gw-a rm /run/heard
}

@test "two clients, one with a fixed lease; each has its own, and they reach each other's net" {
	office_start pool="network4 10.9.0.1-10.9.0.9; lease fqdn \"bob.example\" 10.9.0.5;"
	client_start gw-a alice
	client_start host-a bob
	tanukictl gw-a establish-sa office
	tanukictl host-a establish-sa office
	assert_addresses gw-a 10.9.0.1/32
	assert_addresses host-a 10.9.0.5/32
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
	in_ns host-b ping -q -c 1 -W 2 10.9.0.1
	in_ns host-b ping -q -c 1 -W 2 10.9.0.5
	run -0 tanukictl gw-b show-leases
	[[ $output == *"10.9.0.5  in use  "*"bob.example"*"fixed"* ]]
}

@test "a gateway that was restarted, or killed, remembers who had what" {
	office_start
	client_start gw-a alice
	client_start host-a bob
	tanukictl gw-a establish-sa office
	tanukictl host-a establish-sa office
	assert_addresses gw-a "10.9.0.1/32 fd09::1/128"
	assert_addresses host-a "10.9.0.2/32 fd09::2/128"
	# (The clients forget theirs: it is the gateway that knows.)
	tanukid_stop gw-a
	tanukid_stop host-a
	tanukid_stop gw-b
	tanukid_start gw-b /etc/racoon/racoon.conf
	event gw-b leases_read left_out=0
	client_start host-a bob
	tanukictl host-a establish-sa office
	assert_addresses host-a "10.9.0.2/32 fd09::2/128"
	in_ns gw-b rm /var/lib/tanukid/leases
	client_start gw-a carol # somebody new: written soon
	tanukictl gw-a establish-sa office
	assert_addresses gw-a "10.9.0.3/32 fd09::3/128"
	# Bob's return may have written it already: identities are in hexadecimal digits there.
	wait_until 5 in_ns gw-b grep -q 6361726f6c2e6578616d706c65 /var/lib/tanukid/leases
	stop tanukid.gw-b KILL
	tanukid_start gw-b /etc/racoon/racoon.conf
	wait_until 5 event gw-b ready
	run -0 tanukictl gw-b show-leases
	[[ $output == *10.9.0.1*free*alice.example*10.9.0.2*bob.example*10.9.0.3*carol.example* ]]
}

@test "a client that proves again who it is keeps its address, and no ping is lost" {
	office_start
	client_start host-a bob
	client_start gw-a alice
	tanukictl host-a establish-sa office
	tanukictl gw-a establish-sa office
	assert_addresses gw-a "10.9.0.2/32 fd09::2/128"
	start pings gw-a ping -q -c 60 -i 0.05 -W 5 10.2.0.2
	tanukictl gw-a reauth-sa office
	wait_until 10 event gw-a ike_sa_down reason=reauthenticated
	wait_until 10 has_ended pings
	log_of pings
	grep ' 0% packet loss' "$REPLY" || { cat "$REPLY" && return 1; }
	assert_addresses gw-a "10.9.0.2/32 fd09::2/128"
	wait_until 5 holders_of 10.9.0.2 1
	# Only a client can do that.
	run ! tanukictl gw-b reauth-sa anonymous
	[[ $output == *"it has to begin"* ]]
}
# holders_of ADDRESS NUMBER: so many IKE SAs of gw-b have it.
holders_of() {
	tanukictl gw-b show-leases --json | tr -d ' \n' |
		grep -q "\"address\":\"$1\",\"in_use\":true,\"fixed\":false,\"ike_sas\":$2,"
}

@test "a pool that is used up: the IKE SA comes up, the reason is named on both sides" {
	office_start pool="network4 10.9.0.1-10.9.0.1;"
	client_start gw-a alice
	client_start host-a bob
	tanukictl gw-a establish-sa office
	run ! tanukictl host-a establish-sa office
	event gw-b negotiation_failed reason=no_address what=CP
	event host-a negotiation_failed what=INTERNAL_ADDRESS_FAILURE
	assert_no_policies host-a
	run ! in_ns host-a ip link show tanuki0
	run -0 tanukictl host-a show-sa
	[[ $output == *"office  established"* ]]
	# The first one goes: there is an address again.
	tanukictl gw-a delete-sa office
	tanukictl host-a delete-sa office
	tanukictl host-a establish-sa office
	assert_addresses host-a 10.9.0.1/32
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
}

@test "who does not ask for an address gets no child where it is required" {
	office_start
	client_start gw-a alice mode_cfg=off local="address 10.1.0.0/24 any, address fd01::/64 any"
	run ! tanukictl gw-a establish-sa office
	event gw-a negotiation_failed what=FAILED_CP_REQUIRED
	assert_no_policies gw-a
}

@test "everything through the tunnel, over IPv6: what has another source stays where it is" {
	office_start nets="address 0.0.0.0/0 any, address ::/0 any"
	client_start gw-a alice nets="address 0.0.0.0/0 any, address ::/0 any" to=2001:db8::2
	tanukictl gw-a establish-sa office
	addresses gw-a
	[[ $REPLY == 10.9.0.* ]]
	capture_start
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
	in_ns gw-a ping -q -c 1 -W 2 fd02::2
	run -0 in_ns gw-a ip route get 198.51.100.1
	[[ $output == *"dev tanuki0"* ]]
	run -0 in_ns gw-a ip -6 route get 2001:db8:ffff::1
	[[ $output == *"dev tanuki0"* ]]
	# The gateway itself, and who has an address of the outside.
	run -0 in_ns gw-a ip -6 route get 2001:db8::2
	[[ $output == *"dev wan"* ]]
	run -0 in_ns gw-a ip route get 10.2.0.2 from 192.0.2.1
	[[ $output == *"dev wan"* ]]
	# New keys and a deletion still find their way.
	tanukictl gw-a rekey-sa office
	wait_until 5 event gw-a ike_sa_down reason=rekeyed
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
	capture_stop
	assert_wire clear -eq 0
	tanukictl gw-a delete-sa office
	wait_until 5 no_sas gw-b
	assert_nothing_left gw-a
}

@test "after kill -9 of the client's monitor nothing is left by the next start" {
	office_start
	client_start gw-a alice
	tanukictl gw-a establish-sa office
	wait_until 5 heard gw-a "-a tanuki0.tanukid"
	in_ns gw-a rm /run/heard
	stop tanukid.gw-a KILL
	addresses gw-a
	[ -n "$REPLY" ]
	wait_until 5 heard gw-a "-d tanuki0.tanukid"
	tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 5 event gw-a ready
	event gw-a inner_addresses_cleaned
	assert_nothing_left gw-a
	# The gateway still has the old SAs: the same address in spite of that.
	tanukictl gw-a establish-sa office
	addresses gw-a
	[[ $REPLY == 10.9.0.* ]]
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
}

@test "a resolver that hangs or fails does not hold up the tunnel" {
	office_start
	client gw-a alice
	put gw-a /run/set-dns <<<$'#!/bin/sh\necho the resolver is broken >&2\nexit 1'
	in_ns gw-a chmod 700 /run/set-dns
	tanukid_start gw-a /etc/racoon/racoon.conf
	tanukictl gw-a establish-sa office
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
	wait_until 5 event gw-a name_servers_failed
	log_of tanukid.gw-a
	grep 'name_servers_failed.*the resolver is broken' "$REPLY"
	assert_no_secret_in_logs "$GATEWAYS_PSK"
}
