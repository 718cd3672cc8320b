#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# What SAs can be besides ESP in a tunnel, and what they do to packets: AH, BEET, IPComp,
# padding, marks, header fields, lengths.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# Tunnel end points as BEET has them: the gateways' own addresses inside.
BEET=(mode=beet local_a=10.1.0.1 local_b=10.2.0.1)

# wire_lengths: of each packet with ESP, the length in its IPv4 header, into the array LENGTHS.
wire_lengths() {
	local text
	text=$(tcpdump -n -v -r "$LAB_STATE/wan.pcap" ip proto 50 2>/dev/null |
		sed -n 's/.*proto ESP (50), length \([0-9]*\)).*/\1/p')
	mapfile -t LENGTHS <<<"$text"
	[ -n "$text" ]
}

# wire_tos: the traffic classes of ESP packets, each once, into REPLY.
wire_tos() {
	REPLY=$(tcpdump -n -v -r "$LAB_STATE/wan.pcap" ip proto 50 2>/dev/null |
		sed -n 's/.*(tos \(0x[0-9a-f]*\),.*/\1/p' | sort -u | tr '\n' ' ')
	[ -n "$REPLY" ]
}

# all_gone: deleted by gw-a, nothing is left on either side, nor differs.
all_gone() {
	tanukictl gw-a delete-sa gw-b
	wait_until 5 no_sas gw-a
	wait_until 5 no_sas gw-b
}

@test "AH in transport mode: packets are authentic, and readable" {
	gateways mode=transport local_a=192.0.2.1 local_b=192.0.2.2 esp="protocol ah;"
	capture_start
	wait_until 10 in_ns gw-a ping -q -c 1 -W 1 192.0.2.2
	in_ns gw-b ping -q -c 3 -i 0.2 -W 2 -s 1300 192.0.2.1
	capture_stop
	event gw-a child_sa_up "algorithms=AH:HMAC_SHA2_256_128*"
	assert_sad gw-a ah 192.0.2.1 192.0.2.2 "mode transport" "auth-trunc hmac(sha256)" "align4"
	assert_wire ah v4 -ge 8
	assert_wire esp -eq 0
	assert_wire clear -eq 0
	all_gone
}

@test "AH in a tunnel over IPv6, rekeyed under traffic" {
	gateways end_a=2001:db8::1 end_b=2001:db8::2 esn=on \
		esp="protocol ah; authentication_algorithm hmac_sha512;"
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	start ping host-a ping -q -c 20 -i 0.1 -W 2 10.2.0.2
	tanukictl gw-b rekey-sa gw-a/lan
	wait_until 10 event gw-a child_sa_down reason=rekeyed
	wait_until 10 has_ended ping
	log_of ping && [[ $(<"$REPLY") == *"20 received, 0% packet loss"* ]]
	capture_stop
	assert_sad gw-b ah 2001:db8::1 2001:db8::2 "mode tunnel" "esn"
	assert_wire ah v6 -ge 40
	assert_wire clear -eq 0
	all_gone
}

@test "BEET: no inner header is on the wire, and the inner addresses are back behind it" {
	gateways "${BEET[@]}"
	capture_start
	wait_until 10 in_ns gw-a ping -q -c 1 -W 1 -I 10.1.0.1 10.2.0.1
	in_ns gw-b ping -q -c 3 -i 0.2 -W 2 -s 100 -I 10.2.0.1 10.1.0.1
	capture_stop
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mode beet" "sel src 10.1.0.1/32 dst 10.2.0.1/32"
	assert_wire clear -eq 0
	# 20 + 8 + 8 + (8 + 100 + 2, to 4) + 16: as in transport mode
	wire_lengths
	[[ " ${LENGTHS[*]} " == *" 164 "* ]]
	run -0 tanukictl gw-a kernel diff
	[[ $output == *"different: 0" ]]
	all_gone
}

@test "BEET carries IPv6 between two hosts over an IPv4 wire" {
	gateways mode=beet local_a=fd01::1 local_b=fd02::1
	capture_start
	wait_until 10 in_ns gw-a ping -q -c 1 -W 1 -I fd01::1 fd02::1
	in_ns gw-b ping -q -c 3 -i 0.2 -W 2 -I fd02::1 fd01::1
	capture_stop
	assert_sad gw-b esp 192.0.2.2 192.0.2.1 "mode beet" "sel src fd02::1/128 dst fd01::1/128"
	assert_wire esp v4 -ge 8
	assert_wire clear -eq 0
}

@test "IPComp: what can be compressed gets short, what cannot passes all the same" {
	gateways esp="ipcomp on;"
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 -s 1300 -p 00 10.2.0.2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 -s 20 10.1.0.2
	capture_stop
	event gw-a child_sa_up ipcomp=deflate
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mode transport"
	assert_sad gw-a comp 192.0.2.1 192.0.2.2 "mode tunnel" "comp deflate"
	assert_sad gw-a comp 192.0.2.2 192.0.2.1 "mode tunnel"
	assert_wire clear -eq 0
	wire_lengths
	local n
	for n in "${LENGTHS[@]}"; do [ "$n" -lt 400 ]; done
	run -0 tanukictl gw-a kernel diff
	[ "$output" = "as wanted: SAs 4, policies 3; different: 0" ]
}

@test "IPComp's states go with their child, by rekeying, deletion and end (edge case 61)" {
	gateways esp="ipcomp on;"
	tanukictl gw-a establish-sa gw-b/lan
	local i
	for i in 1 2 3; do
		tanukictl gw-a rekey-sa gw-b/lan
		wait_until 10 n_events gw-b child_sa_up $((i + 1))
		wait_until 10 n_comp gw-a 2
		wait_until 10 n_comp gw-b 2
	done
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 -s 1300 -p 00 10.2.0.2
	all_gone
	tanukictl gw-b establish-sa gw-a/lan
	tanukid_stop gw-b
	assert_no_sas gw-b
	assert_no_policies gw-b
	wait_until 5 no_sas gw-a
}
n_events() { event_count "$1" "$2" && [ "$REPLY" = "$3" ]; }
# n_comp NODE N: so many IPComp states.
n_comp() {
	local line n=0
	sad "$1"
	for line in "${SAD[@]}"; do [[ $line != *"proto comp"* ]] || n=$((n + 1)); done
	[ $n = "$2" ]
}

@test "IPComp's states that a killed daemon left are removed by the next one" {
	gateways esp="ipcomp on;"
	tanukictl gw-a establish-sa gw-b/lan
	n_comp gw-a 2
	stop tanukid.gw-a KILL || true
	n_comp gw-a 2
	tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 5 no_sas gw-a
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 -s 1300 -p 00 10.2.0.2
	n_comp gw-a 2
}

@test "IPComp in transport mode, and on one side only" {
	gateways mode=transport local_a=192.0.2.1 local_b=192.0.2.2 esp="ipcomp on;"
	wait_until 10 in_ns gw-a ping -q -c 1 -W 1 192.0.2.2
	in_ns gw-a ping -q -c 2 -i 0.2 -W 2 -s 1300 -p 00 192.0.2.2
	assert_sad gw-a comp 192.0.2.1 192.0.2.2 "mode transport"
	all_gone
	stop_all
	gateways esp_a="ipcomp on;"
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	n_comp gw-a 0
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mode tunnel"
}

@test "padding hides how long packets are" {
	gateways esp="tfc_padding 1400;"
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	capture_start
	local size
	for size in 10 300 1000; do in_ns host-a ping -q -c 1 -W 2 -s $size 10.2.0.2; done
	capture_stop
	wire_lengths
	[ ${#LENGTHS[@]} = 6 ]
	local n
	[ "${LENGTHS[0]}" -ge 1400 ]
	for n in "${LENGTHS[@]}"; do [ "$n" = "${LENGTHS[0]}" ]; done
}

@test "the traffic class is copied to the wire, unless it is not to be seen" {
	gateways
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	capture_start
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 -Q 0xb8 10.2.0.2
	capture_stop
	wire_tos
	[ "$REPLY" = "0xb8 " ]
	stop_all
	gateways esp="copy_dscp off; copy_ecn off;"
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	capture_start
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 -Q 0xb8 10.2.0.2
	capture_stop
	wire_tos
	[ "$REPLY" = "0x0 " ]
}

@test "extended numbers come with a window, plain ones need none (edge case 58)" {
	gateways esn=on esp="replay_window 0;"
	wait_until 10 in_ns host-a ping -q -c 2 -i 0.2 -W 1 10.2.0.2
	assert_sad gw-a esp 192.0.2.2 192.0.2.1 "flag af-unspec esn" "replay_window 32"
	stop_all
	gateways esn_a=on esp="replay_window 0;"
	wait_until 10 in_ns host-a ping -q -c 2 -i 0.2 -W 1 10.2.0.2
	assert_sad gw-a esp 192.0.2.2 192.0.2.1 "replay-window 0 flag af-unspec"
	[[ ${SAD[*]} != *esn* ]]
}

@test "a mark chooses what is protected, and what arrives has it" {
	gateways local_a=192.0.2.1 local_b=192.0.2.2 esp_a="mark 0x10/0xff;"
	tanukictl gw-a establish-sa gw-b/lan
	capture_start
	in_ns gw-a ping -q -c 2 -i 0.2 -W 2 -m 16 192.0.2.2
	capture_stop
	assert_wire esp -ge 4
	assert_wire clear -eq 0
	# What has none goes as it is, and gw-b does not take it.
	capture_start
	run ! in_ns gw-a ping -q -c 1 -W 1 192.0.2.2
	capture_stop
	assert_wire esp -eq 0
	assert_wire clear -eq 1
	run -0 tanukictl gw-a kernel diff
	[[ $output == *"different: 0" ]]
}

# passes SIZE: a packet of this length, from gw-a's inner address, that must not be cut.
passes() { in_ns gw-a ping -q -c 1 -W 2 -M "do" -s $(($1 - 28)) -I 10.1.0.1 10.2.0.1; }

@test "the MTU that show-sa tells is the longest packet that passes" {
	local how mtu
	local hows=("encryption_algorithm aes_gcm16 256;"
		"encryption_algorithm aes 256; authentication_algorithm hmac_sha512;"
		"protocol ah; authentication_algorithm hmac_sha256;")
	for how in "${hows[@]}"; do
		gateways esp="$how"
		wait_until 10 in_ns gw-a ping -q -c 1 -W 1 -I 10.1.0.1 10.2.0.1
		mtu=$(tanukictl gw-a show-sa --json | sed -n 's/.*"mtu": \([0-9]*\).*/\1/p')
		passes "$mtu"
		run ! passes $((mtu + 1))
		stop_all
		lab_flush
	done
}
