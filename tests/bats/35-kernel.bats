#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# Somebody else changes gw-a's kernel, or tanukid's processes are killed there: what is
# wanted comes back, what nobody wants goes, what is not ours stays.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# xfrm NODE WORD...: ip's.
xfrm() { in_ns "$1" ip xfrm "${@:2}"; }
# differs NODE TEXT: "tanukictl kernel diff" says so.
differs() { [[ $(tanukictl "$1" kernel diff) == *"$2"* ]]; }
has_policy() { [ -n "$(xfrm gw-a policy get "$@" 2>/dev/null)" ]; }
OUT="dir out src 10.1.0.0/24 dst 10.2.0.0/24"

# spi_of SRC DST: of gw-a's SA between them, into REPLY.
spi_of() {
	local line
	sad gw-a
	REPLY=''
	for line in "${SAD[@]}"; do
		[[ ${line//$'\t'/ } == "src $1 dst $2 "* ]] || continue
		[[ ! $line =~ spi\ (0x[0-9a-f]+) ]] || REPLY=${BASH_REMATCH[1]}
	done
	[ -n "$REPLY" ]
}

@test "nothing differs while a tunnel is up, in text and as JSON" {
	gateways kernel_check="1 sec"
	tanukictl gw-a establish-sa gw-b/lan
	run -0 tanukictl gw-a kernel diff
	[ "$output" = "as wanted: SAs 2, policies 3; different: 0" ]
	run -0 tanukictl gw-b kernel diff --json
	[[ $output == *'"different": 0'* ]]
	# (Passes of the timer, which find nothing either.)
	holds_for 2 no_event gw-a kernel_differs
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
	run -1 --separate-stderr tanukictl gw-a kernel flush
}

@test "a policy that was deleted by hand is shown, and put back" {
	gateways kernel_check="1 sec"
	tanukictl gw-a establish-sa gw-b/lan
	# shellcheck disable=SC2086 # words
	xfrm gw-a policy delete $OUT
	wait_until 5 event gw-a kernel_differs what=policy_missing repair=done
	# shellcheck disable=SC2086
	wait_until 5 has_policy $OUT
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
}

@test "an SA that was deleted by hand: the child ends on both sides, and comes back with traffic" {
	gateways kernel_check="1 sec"
	tanukictl gw-a establish-sa gw-b/lan
	spi_of 192.0.2.1 192.0.2.2
	xfrm gw-a state delete src 192.0.2.1 dst 192.0.2.2 proto esp spi "$REPLY"
	wait_until 5 event gw-a kernel_differs what=sa_missing
	wait_until 5 event gw-a child_sa_down reason=lost_in_kernel
	wait_until 5 event gw-b child_sa_down reason=peer_deleted
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	run -0 tanukictl gw-a kernel diff
	[[ $output == *"different: 0" ]]
}

@test "a whole flush by hand: everything comes back" {
	gateways kernel_check="1 sec"
	tanukictl gw-a establish-sa gw-b/lan
	xfrm gw-a state flush
	xfrm gw-a policy flush
	wait_until 5 event gw-a child_sa_down reason=lost_in_kernel
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
}

@test "what is not ours stays, also in our place" {
	gateways kernel_check="1 sec"
	xfrm gw-a policy add dir out src 10.1.9.0/24 dst 10.2.9.0/24 action block
	xfrm gw-a state add src 192.0.2.1 dst 192.0.2.9 proto esp spi 0x4242 reqid 5 mode tunnel \
		aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
	tanukictl gw-a establish-sa gw-b/lan
	# shellcheck disable=SC2086
	xfrm gw-a policy update $OUT action block
	wait_until 5 event gw-a kernel_differs what=policy_taken
	differs gw-a "policy_taken    out 10.1.0.0/24 > 10.2.0.0/24"
	holds_for 2 has_policy dir out src 10.1.9.0/24 dst 10.2.9.0/24
	[[ $(xfrm gw-a policy get dir out src 10.1.0.0/24 dst 10.2.0.0/24) == *block* ]]
	assert_sad gw-a esp 192.0.2.1 192.0.2.9
	xfrm gw-a policy flush
	xfrm gw-a state delete src 192.0.2.1 dst 192.0.2.9 proto esp spi 0x4242
}

@test "after kill -9 of the monitor the next start removes what was left" {
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	spi_of 192.0.2.1 192.0.2.2
	local spi=$REPLY
	stop tanukid.gw-a KILL
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "spi $spi"
	tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 5 event gw-a ready
	event gw-a kernel_differs what=sa_strange repair=done
	assert_no_sas gw-a
	run -0 tanukictl gw-a kernel diff
	[[ $output == *"different: 0" ]]
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
	tanukid_stop gw-a
	assert_no_sas gw-a
	assert_no_policies gw-a
}

@test "after kill -9 of the engine nothing is left, and a new start works" {
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	local child
	pid_of tanukid.gw-a
	for child in $(pgrep -P "$REPLY"); do
		[[ $(<"/proc/$child/comm") != *engine* ]] || kill -KILL "$child"
	done
	wait_until 8 has_ended tanukid.gw-a
	assert_no_sas gw-a
	assert_no_policies gw-a
	tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 10 in_ns host-a ping -q -c 1 -W 1 10.2.0.2
}
