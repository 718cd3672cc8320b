#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: lab
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# The lab itself: the topology carries packets, the capture tells them apart, and the
# kernel's ESP protects them.  No daemon takes part: the keys are set by hand.
load ../lab/words

setup_file() { topo_two_gateways; }

esp_by_hand() {
	local node key
	key=0x$(printf '%040d' 42)
	for node in gw-a gw-b; do
		{
			for end in "192.0.2.1 192.0.2.2" "2001:db8::1 2001:db8::2"; do
				read -r a b <<<"$end"
				sa="proto esp reqid 1 mode tunnel replay-window 32 aead rfc4106(gcm(aes)) $key 128"
				echo "xfrm state add src $a dst $b spi 0x1001 $sa"
				echo "xfrm state add src $b dst $a spi 0x1002 $sa"
			done
			policies "$node"
		} | in_ns "$node" ip -batch -
	done
}

policies() {
	local out=out back=in
	[ "$1" = gw-a ] || out=in back=out
	policy 10.1.0.0/24 10.2.0.0/24 $out 192.0.2.1 192.0.2.2
	policy 10.2.0.0/24 10.1.0.0/24 $back 192.0.2.2 192.0.2.1
	policy fd01::/64 fd02::/64 $out 2001:db8::1 2001:db8::2
	policy fd02::/64 fd01::/64 $back 2001:db8::2 2001:db8::1
}

policy() {
	local dir
	for dir in "$3" ${3/in/fwd}; do
		echo "xfrm policy update src $1 dst $2 dir $dir tmpl src $4 dst $5 proto esp reqid 1 mode tunnel"
	done
}

@test "without IPsec, pings pass in both families and count as clear" {
	capture_start
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 fd02::2
	capture_stop
	assert_wire clear v4 -eq 4
	assert_wire clear v6 -eq 4
	assert_wire esp -eq 0
}

@test "a tunnel keyed by hand carries IPv4 as ESP, and nothing in the clear" {
	esp_by_hand
	capture_start
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 10.2.0.2
	capture_stop
	assert_wire esp v4 -eq 6
	assert_wire clear -eq 0
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "spi 0x00001001" "mode tunnel"
}

@test "a tunnel keyed by hand carries IPv6 as ESP, and nothing in the clear" {
	esp_by_hand
	capture_start
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 fd01::2
	# The first large one teaches host-b what the tunnel takes.
	wait_until 5 in_ns host-b ping -q -c 1 -s 3000 -W 1 fd01::2
	capture_stop
	assert_wire esp v6 -ge 10
	assert_wire clear -eq 0
}

@test "a gateway's /run and /etc are its own" {
	in_ns gw-a sh -c 'echo a >/run/note; echo a >/etc/note'
	run ! in_ns gw-b cat /run/note
	run ! in_ns gw-b cat /etc/note
	[ ! -e /etc/note ]
	[ "$(in_ns gw-a cat /run/note /etc/note)" = $'a\na' ]
}

@test "no SA and no policy is left by the test before" {
	assert_no_sas gw-a
	assert_no_sas gw-b
	assert_no_policies gw-a
	assert_no_policies gw-b
}

@test "the weather on the wan: everything is lost, then nothing" {
	wan_weather loss 100%
	run ! in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	wan_weather
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
}

@test "a program that was started is stopped, and only that one" {
	start one gw-a sleep 100
	start two gw-b sleep 100
	is_running one && is_running two
	stop one
	has_ended one && is_running two
	stop two
}

@test "the words notice what is not there" {
	run ! assert_sad gw-a esp 192.0.2.1 192.0.2.2
	in_ns gw-a ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x77 \
		aead 'rfc4106(gcm(aes))' "0x$(printf '%040d' 7)" 128
	run ! assert_no_sas gw-a
	echo "level=info event=up key=$(printf '%040d' 7) peer=x" >"$LAB_STATE/log/tanukid.gw-a"
	run ! assert_no_secret_in_logs
	event gw-a up peer=x
	no_event gw-a up peer=y
	no_event gw-a down
	: >"$LAB_STATE/log/tanukid.gw-a"
	assert_no_secret_in_logs
}
