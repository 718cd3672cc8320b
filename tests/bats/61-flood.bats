#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# gw-b takes peers from anywhere.  Requests from addresses that do not exist, each from
# another one, come by way of gw-a, to which gw-b's answers to them go, and end there.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# The sender, both gateways and the wan share the guest's one processor, which is busy
# with 5000 in a second: then it is the processor that is tested, not tanukid.
PER_SECOND=2000 N_FLOOD=16000
[ -z "${TESTS_ALL:-}" ] || N_FLOOD=100000
# The half-open IKE SAs that there may be before cookies are demanded, and some more; if
# each request left 50 bytes behind, 100000 of them would be more.
GROWTH_MAX_KB=4096
GOOD_IKE="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group curve25519;"

# open_gateways: gw-b answers everybody, and its answers find the way.
open_gateways() {
	in_ns gw-b ip route add 198.18.0.0/15 via 192.0.2.1
	in_ns gw-a ip route add blackhole 198.18.0.0/15
	gateways "ike=$GOOD_IKE" second_b="remote \"anybody\" {
		exchange_mode ike2;
		authentication_method pre_shared_key;
		proposal { $GOOD_IKE }
	}"
}
teardown() {
	in_ns gw-b ip route flush 198.18.0.0/15
	in_ns gw-a ip route flush 198.18.0.0/15
	lab_teardown
}

# engine_kb FIELD: of gw-b's engine, as /proc has it, into REPLY.
engine_kb() {
	local child name field value
	pid_of tanukid.gw-b
	for child in $(pgrep -P "$REPLY"); do
		read -r name <"/proc/$child/comm"
		[[ $name == *engine* ]] || continue
		while read -r field value _; do
			[ "$field" != "$1:" ] || REPLY=$value
		done <"/proc/$child/status"
		return
	done
	return 1
}

# number NAME: of gw-b's status, into REPLY.
number() {
	local json
	json=$(tanukictl gw-b status --json)
	[[ $json =~ \"$1\":\ *([0-9]+) ]] && REPLY=${BASH_REMATCH[1]}
}

demands_cookies() { number cookies_demanded && [ "$REPLY" -gt 0 ]; }

@test "requests from nowhere do not keep an honest peer out, and memory stays" {
	local begin before
	open_gateways
	engine_kb VmRSS && before=$REPLY
	start flood gw-a "$LAB_BUILD/tests/flood/flood" 192.0.2.2 $N_FLOOD $PER_SECOND
	wait_until 10 demands_cookies
	begin=${EPOCHREALTIME/./}
	tanukictl gw-a establish-sa gw-b/lan
	echo "connected after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
	[ $((${EPOCHREALTIME/./} - begin)) -lt 5000000 ]
	is_running flood # else it was no test
	in_ns host-a ping -q -c 2 -i 0.2 -W 2 10.2.0.2
	number half_open && [ "$REPLY" -le 100 ]
	wait_until 200 has_ended flood
	number cookies_demanded
	echo "$REPLY of $N_FLOOD requests met a cookie"
	[ "$REPLY" -gt $((N_FLOOD / 2)) ] # they did arrive
	engine_kb VmHWM
	echo "the engine had $before kB, and $REPLY kB at most"
	[ $((REPLY - before)) -lt $GROWTH_MAX_KB ]
}
