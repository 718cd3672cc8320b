#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# Two gateways with tanukid and the sample configurations: tunnels come up by traffic,
# by command and by configuration, carry everything as ESP, and go without a trace.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

@test "v4: traffic brings the tunnel up, and nothing crosses the wan in the clear" {
	sample_gateways
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	event gw-a negotiation_started why=traffic
	event gw-a child_sa_up mode=tunnel
	event gw-b child_sa_up mode=tunnel
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 10.2.0.2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 -s 1400 10.1.0.2
	capture_stop
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mode tunnel"
	assert_sad gw-b esp 192.0.2.1 192.0.2.2 "mode tunnel"
	assert_wire esp v4 -ge 14
	assert_wire clear -eq 0
	assert_no_secret_in_logs
}

@test "v6: traffic brings the tunnel up, and nothing crosses the wan in the clear" {
	sample_gateways
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 fd02::2
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 fd02::2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 -s 1400 fd01::2
	capture_stop
	assert_sad gw-a esp 2001:db8::1 2001:db8::2 "mode tunnel"
	assert_sad gw-b esp 2001:db8::2 2001:db8::1 "mode tunnel"
	assert_wire esp v6 -ge 14
	assert_wire clear -eq 0
	assert_no_secret_in_logs
}

@test "by command: establish-sa brings it up from either side and show-sa agrees on both" {
	sample_gateways
	tanukictl gw-b establish-sa gw-a/lan
	event gw-b negotiation_started why=command
	spis_agree gw-a gw-b
	in_ns host-b ping -q -c 1 -W 2 10.1.0.2
}

@test "delete-sa takes the SAs away on both sides, and traffic brings them back" {
	sample_gateways
	tanukictl gw-a establish-sa gw-b/lan
	tanukictl gw-a delete-sa gw-b
	wait_until 5 no_sas gw-a
	wait_until 5 no_sas gw-b
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
}

@test "when tanukid stops, no SA and no policy is left, and the peer's SAs are gone too" {
	sample_gateways
	tanukictl gw-a establish-sa gw-b/lan
	tanukictl gw-a establish-sa gw-b-v6/lan
	tanukid_stop gw-a
	assert_no_sas gw-a
	assert_no_policies gw-a
	wait_until 5 no_sas gw-b
}

@test "a gateway that dies without a word is noticed by liveness checks" {
	gateways dpd_delay="1 sec" counter=3
	tanukictl gw-a establish-sa gw-b/lan
	stop tanukid.gw-b KILL || true
	wait_until 20 event gw-a ike_sa_down reason=peer_silent
	wait_until 5 no_sas gw-a
}

@test "when an engine dies, tanukid ends with an error and takes everything along" {
	sample_gateways
	tanukictl gw-a establish-sa gw-b/lan
	pid_of tanukid.gw-a
	local pid=$REPLY child
	for child in $(pgrep -P "$pid"); do
		read -r name <"/proc/$child/comm"
		[[ $name != *engine* ]] || kill -SEGV "$child"
	done
	wait_until 5 has_ended tanukid.gw-a
	event gw-a process_died
	assert_no_sas gw-a
	assert_no_policies gw-a
}

@test "transport mode protects what the gateways say to each other" {
	gateways mode=transport local_a=192.0.2.1 local_b=192.0.2.2
	capture_start
	wait_until 10 in_ns gw-a ping -q -c 1 -W 1 192.0.2.2
	in_ns gw-b ping -q -c 3 -i 0.2 -W 2 192.0.2.1
	capture_stop
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mode transport"
	assert_wire esp v4 -ge 8
	assert_wire clear -eq 0
}

@test "IPv6 nets go through an IPv4 tunnel" {
	gateways local_a=fd01::/64 local_b=fd02::/64
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 fd02::2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 fd01::2
	capture_stop
	assert_wire esp v4 -ge 8
	assert_wire clear -eq 0
}

@test "IPv4 nets go through an IPv6 tunnel, with AES-CBC, SHA-256, group 14 and ESN" {
	gateways end_a=2001:db8::1 end_b=2001:db8::2 esn=on \
		ike="encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14;" \
		esp="encryption_algorithm aes 128; authentication_algorithm hmac_sha256;"
	capture_start
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	in_ns host-b ping -q -c 3 -i 0.2 -W 2 10.1.0.2
	capture_stop
	assert_sad gw-a esp 2001:db8::1 2001:db8::2 "auth-trunc hmac(sha256)" "enc cbc(aes)"
	assert_wire esp v6 -ge 8
	assert_wire clear -eq 0
}

@test "initiate on: the tunnel is there without traffic, even over a wan that loses every fourth packet" {
	wan_weather loss 25%
	gateways initiate=on
	wait_until 30 event gw-a child_sa_up
	wait_until 30 event gw-b child_sa_up
	event gw-a negotiation_started why=config
	wan_weather
}

@test "two sainfos with one peer: both tunnels stand side by side, in one IKE SA" {
	gateways 'second_a=sainfo address fd01::/64 any address fd02::/64 any { remote "gw-b"; name "v6"; install_policy on; }' \
		'second_b=sainfo address fd02::/64 any address fd01::/64 any { remote "gw-a"; name "v6"; install_policy on; }'
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 fd02::2
	in_ns host-b ping -q -c 2 -i 0.2 -W 2 10.1.0.2
	in_ns host-b ping -q -c 2 -i 0.2 -W 2 fd01::2
	sad gw-b
	[ ${#SAD[@]} = 4 ]
	event_count gw-a ike_sa_up
	[ "$REPLY" = 1 ]
}
