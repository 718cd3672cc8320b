#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: kmod
#
# The kernel module's bundles, with the kernel's own ESP and AH, between two gateways of one
# kernel (tests/lab/topology.sh).
load ../lab/words
load ../lab/kmod

setup_file() {
	[ -n "${LAB_KMOD:-}" ] || skip "needs a kernel that the module was built for"
	kmod_load types=core && topo_two_gateways
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || in_ns gw-a cat /proc/self/net/tanuki_stat
	stop_all && kmod_flush
}

# passes WAY INNER [PING ARGUMENT...]: pings pass as ESP and AH, and nothing else does.
passes() {
	capture_start
	kmod_ping "$@"
	capture_stop
	assert_wire clear -eq 0
	assert_stat gw-a BundleCreated -ge 1
}

# one_sa WAY INNER MODE OUTER
one_sa() {
	kmod_sas esp "$3" "$4" 1
	kmod_policies "$1" "$2" "esp:$3:$4:1"
	passes "$1" "$2"
	assert_wire esp "$4" -ge 6
}

@test "v4: transport between the gateways" { one_sa local v4 transport v4; }
@test "v6: transport between the gateways" { one_sa local v6 transport v6; }
@test "v4: a tunnel between the gateways" { one_sa local v4 tunnel v4; }
@test "v6: a tunnel between the gateways" { one_sa local v6 tunnel v6; }
@test "v4 in v6: a tunnel between the gateways" { one_sa local v4 tunnel v6; }
@test "v6 in v4: a tunnel between the gateways" { one_sa local v6 tunnel v4; }
@test "v4: a tunnel between networks" { one_sa forwarded v4 tunnel v4; }
@test "v6: a tunnel between networks" { one_sa forwarded v6 tunnel v6; }
@test "v4 in v6: a tunnel between networks" { one_sa forwarded v4 tunnel v6; }
@test "v6 in v4: a tunnel between networks" { one_sa forwarded v6 tunnel v4; }

@test "v4: AH over ESP, both in transport mode" {
	kmod_sas esp transport v4 1
	kmod_sas ah transport v4 2
	kmod_policies local v4 esp:transport:v4:1 ah:transport:v4:2
	passes local v4
	assert_wire ah v4 -ge 6
	assert_wire esp v4 -eq 0
}

@test "v6 in v4 in v6: one tunnel in the other" {
	kmod_sas esp tunnel v4 1
	kmod_sas esp tunnel v6 2
	kmod_policies forwarded v6 esp:tunnel:v4:1 esp:tunnel:v6:2
	passes forwarded v6
	assert_wire esp v6 -ge 6
	assert_wire esp v4 -eq 0
}

@test "the outer packet of nested tunnels is not looked up again" {
	kmod_sas esp tunnel v6 1
	kmod_sas esp tunnel v4 2
	kmod_policies forwarded v4 esp:tunnel:v6:1 esp:tunnel:v4:2
	# This one would catch the outer packets, and has no SA.
	kmod_ip gw-a <<-END
		xfrm policy add src 192.0.2.1 dst 192.0.2.2 dir out priority 20 if_id $KMOD_TAG tmpl proto esp reqid 7 mode transport
	END
	passes forwarded v4
	assert_stat gw-a DropNoState -eq 0
}

@test "a second ping takes the bundle of the first" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ping forwarded v4
	kmod_stat gw-a BundleCreated
	local before=$REPLY
	kmod_ping forwarded v4
	assert_stat gw-a BundleCreated -eq "$before"
	assert_stat gw-a CacheHit -ge 5
}

@test "without an SA nothing passes" {
	local way
	for way in local forwarded; do
		kmod_policies $way v4 esp:tunnel:v4:1
		kmod_policies $way v6 esp:tunnel:v6:1
		capture_start
		run ! kmod_ping $way v4
		run ! kmod_ping $way v6
		capture_stop
		assert_wire clear -eq 0
		assert_wire esp -eq 0
		kmod_flush
	done
	assert_stat gw-a DropNoState -ge 1
}

@test "a removed SA stops its bundles" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ping forwarded v4
	echo "xfrm state flush" | kmod_ip gw-a
	capture_start
	run ! kmod_ping forwarded v4
	capture_stop
	assert_wire clear -eq 0
	assert_wire esp -eq 0
}

@test "an SA that replaces another is taken at once" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ping forwarded v4
	printf '%s\n' "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x3001 reqid 1 mode tunnel flag af-unspec $KMOD_AEAD" |
		tee >(kmod_ip gw-a) | kmod_ip gw-b
	wait_until 5 assert_sad gw-a esp 192.0.2.1 192.0.2.2 "spi 0x00003001"
	kmod_ping forwarded v4
	in_ns gw-a ip -s xfrm state get src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x3001 |
		grep -A 1 'lifetime current' | grep -q ' 3(packets)'
}

@test "a blocking policy blocks, and goes before a later one" {
	kmod_ip gw-a <<-END
		xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out priority 5 action block if_id $KMOD_TAG
		xfrm policy add src 10.1.0.0/24 dst 10.2.0.2/32 dir out priority 9 if_id $KMOD_TAG
	END
	capture_start
	run ! kmod_ping forwarded v4
	capture_stop
	assert_wire clear -eq 0
	assert_stat gw-a DropBlock -ge 3
}

@test "a policy without templates lets pass what a later one protects" {
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ip gw-a <<-END
		xfrm policy add src 10.1.0.0/24 dst 10.2.0.2/32 dir out priority 5 if_id $KMOD_TAG
	END
	kmod_ip gw-b <<-END
		xfrm policy flush
	END
	capture_start
	kmod_ping forwarded v4 || :
	capture_stop
	assert_wire clear -ge 3
}

@test "an updated policy counts from then on, and a deleted one no more" {
	kmod_policies forwarded v4 esp:tunnel:v4:1
	run ! kmod_ping forwarded v4
	printf 'xfrm policy flush\n' | kmod_ip gw-b
	kmod_ip gw-a <<-END
		xfrm policy delete src 10.2.0.0/24 dst 10.1.0.0/24 dir fwd
		xfrm policy update src 10.1.0.0/24 dst 10.2.0.0/24 dir out priority 10 if_id $KMOD_TAG
	END
	assert_stat gw-a Policies -eq 1
	kmod_ping forwarded v4
	kmod_ip gw-a <<-END
		xfrm policy update src 10.1.0.0/24 dst 10.2.0.0/24 dir out priority 10 action block if_id $KMOD_TAG
	END
	run ! kmod_ping forwarded v4
	kmod_ip gw-a <<-END
		xfrm policy delete src 10.1.0.0/24 dst 10.2.0.0/24 dir out if_id $KMOD_TAG
	END
	assert_stat gw-a Policies -eq 0
	kmod_ping forwarded v4
}

@test "an untagged policy stays with the core, beside a tagged one" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ip gw-a <<-END
		xfrm policy add src fd01::/64 dst fd02::/64 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel
	END
	kmod_stat gw-a BundleCreated
	local before=$REPLY
	capture_start
	kmod_ping forwarded v6 || : # gw-b has no policy that would let them in
	capture_stop
	assert_wire esp v4 -ge 3
	assert_wire clear -eq 0
	assert_stat gw-a BundleCreated -eq "$before"
}

@test "a key manager is asked once, with the packet's addresses" {
	kmod_policies forwarded v4 esp:tunnel:v4:1
	start monitor gw-a ip xfrm monitor acquire
	wait_until 5 is_running monitor
	nap && nap && nap && nap
	run ! kmod_ping forwarded v4
	log_of monitor
	wait_until 5 grep -q acquire "$REPLY"
	log_of monitor
	grep -q 'sel src 10.1.0.2/32 dst 10.2.0.2/32 proto icmp type 8' "$REPLY"
	[ "$(grep -c '^acquire' "$REPLY")" = 1 ]
	assert_stat gw-a DropPending -ge 3
	# The SA that comes takes the place of the larval one.
	kmod_sas esp tunnel v4 1
	kmod_ping forwarded v4
	sad gw-a
	[ ${#SAD[@]} = 2 ]
}

@test "an optional template is left out, and taken when its SA is there" {
	kmod_ip gw-a <<-END
		xfrm policy add src 192.0.2.1 dst 192.0.2.2 dir out if_id $KMOD_TAG tmpl proto esp reqid 1 mode transport level use
	END
	kmod_ping local v4
	assert_stat gw-a PassOptional -ge 3
	kmod_sas esp transport v4 1
	capture_start
	kmod_ping local v4
	capture_stop
	assert_wire esp v4 -eq 3
}

@test "a socket's own policy goes before" {
	kmod_policies local v4 esp:transport:v4:1
	in_ns gw-a /usr/bin/python3 - <<-END
		import socket, struct
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		# struct xfrm_userpolicy_info: selector, lifetimes, ..., dir 1, action 0
		sel = struct.pack("<32xHHHHHBBBxxxiI", 0, 0, 0, 0, 2, 0, 0, 0, 0, 0)
		lft = struct.pack("<8Q", *[0xffffffffffffffff] * 4, 0, 0, 0, 0)
		pol = sel + lft + struct.pack("<4Q", 0, 0, 0, 0) + struct.pack("<IIBBBBxxxx", 0, 0, 1, 0, 0, 0)
		s.setsockopt(0, 17, pol)
		s.sendto(b"IKE", ("192.0.2.2", 500))
	END
	assert_stat gw-a PassSocketPolicy -ge 1
}

@test "a socket policy in words that nobody knows is refused" {
	run in_ns gw-a /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(0, 16, bytes(64))'
	[ "$status" = 1 ]
	[[ $output == *"Operation not supported"* ]]
}

@test "destination NAT in OUTPUT makes another flow of it" {
	kmod_sas esp transport v4 1
	kmod_policies local v4 esp:transport:v4:1
	in_ns gw-a iptables -t nat -A OUTPUT -d 198.51.100.1 -j DNAT --to-destination 192.0.2.2
	capture_start
	in_ns gw-a ping -n -c 2 -i 0.1 -W 5 198.51.100.1
	capture_stop
	in_ns gw-a iptables -t nat -F OUTPUT
	assert_wire clear -eq 0
	assert_wire esp v4 -ge 4
}

@test "source NAT makes another flow of it" {
	kmod_sas esp transport v4 1
	kmod_policies local v4 esp:transport:v4:1
	in_ns gw-a iptables -t nat -A POSTROUTING -o wan -s 10.1.0.0/24 -j SNAT --to-source 192.0.2.1
	capture_start
	in_ns host-a ping -n -c 2 -i 0.1 -W 5 192.0.2.2
	capture_stop
	in_ns gw-a iptables -t nat -F POSTROUTING
	assert_wire clear -eq 0
	assert_wire esp v4 -ge 4
}

@test "a flowtable's fast path takes the bundle too" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	in_ns gw-a nft -f - <<-END
		table inet fast {
			flowtable f { hook ingress priority 0; devices = { lan, wan }; }
			chain forward { type filter hook forward priority 0; ip protocol tcp flow add @f; }
		}
	END
	start echo host-b /usr/bin/python3 -c '
import socket
s = socket.create_server(("10.2.0.2", 7))
print("up", flush=True)
c, _ = s.accept()
while (d := c.recv(100)):
    c.sendall(d)'
	log_of echo
	wait_until 20 grep -q up "$REPLY"
	kmod_stat gw-a CacheHit
	local before=$REPLY
	capture_start
	in_ns host-a timeout 60 /usr/bin/python3 -c '
import socket
s = socket.create_connection(("10.2.0.2", 7))
for i in range(200):
    s.sendall(b"hello")
    assert s.recv(100) == b"hello"'
	capture_stop
	in_ns gw-a nft delete table inet fast
	assert_wire clear -eq 0
	assert_wire esp v4 -ge 400
	# Most packets passed by FORWARD, where they would have been counted.
	assert_stat gw-a CacheHit -lt $((before + 100))
}

@test "what does not fit comes back to the sender with the size that does" {
	local inner
	for inner in v4 v6; do
		kmod_sas esp tunnel $inner 1
		kmod_policies forwarded $inner esp:tunnel:$inner:1
		run kmod_ping forwarded $inner -M "do" -s 1440
		[ "$status" != 0 ]
		[[ $output =~ (Frag needed|Packet too big).*mtu.1[34] ]]
		kmod_ping forwarded $inner -M "do" -s 1300
		kmod_flush
	done
	assert_stat gw-a DropTooBig -ge 2
}

@test "big packets pass in fragments" {
	local way
	for way in local forwarded; do
		kmod_sas esp tunnel v4 1
		kmod_sas esp tunnel v6 1
		kmod_policies $way v4 esp:tunnel:v4:1
		kmod_policies $way v6 esp:tunnel:v6:1
		kmod_ping $way v4 -s 4000
		kmod_ping $way v6 -s 4000
		kmod_flush
	done
}

@test "a link that goes leaves nothing behind" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ip gw-a <<-END
		link add gone type veth peer name gone2
		addr add 198.51.100.1/24 dev gone
		link set gone up
		link set gone2 up
		neigh add 198.51.100.2 lladdr 02:00:00:00:00:01 dev gone
		xfrm state add src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x9 reqid 9 mode transport $KMOD_AEAD
		xfrm policy add src 198.51.100.1 dst 198.51.100.2 dir out if_id $KMOD_TAG tmpl proto esp reqid 9 mode transport
	END
	run ! in_ns gw-a ping -n -c 1 -W 1 198.51.100.2
	assert_stat gw-a BundleElements -ge 1
	echo "link del gone" | kmod_ip gw-a # (does not end while somebody holds it)
	kmod_ping forwarded v4
}

@test "a namespace that goes takes its bundles along" {
	ip netns add gone
	kmod_stat gw-a BundleElements
	ip -n gone -batch - <<-END
		link set lo up
		link add net0 type dummy
		addr add 198.51.100.1/24 dev net0
		link set net0 up
		xfrm state add src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x9 reqid 9 mode transport $KMOD_AEAD
		xfrm policy add src 198.51.100.1 dst 198.51.100.2 dir out if_id $KMOD_TAG tmpl proto esp reqid 9 mode transport
	END
	run ! ip netns exec gone ping -n -c 1 -W 1 198.51.100.2
	assert_stat gw-a BundleElements -ge 1
	ip netns del gone
	wait_until 10 _no_bundles
}

@test "the module stays while it has a policy, and goes after" {
	kmod_policies forwarded v4 esp:tunnel:v4:1
	run ! rmmod tanuki
	kmod_flush
	wait_until 10 rmmod tanuki
	# Policies that are there first are found when it is loaded.
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_load types=core
	assert_stat gw-a Policies -eq 1
	passes forwarded v4
}
