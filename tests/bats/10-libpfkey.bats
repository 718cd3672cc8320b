#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: libpfkey
#
# The library on a real kernel: its lab tests make namespaces of their own, with one end of
# a veth pair each, and hold what the kernel gives back against what was given to it.
load ../lab/words

# keydb PROGRAM PATTERN: the program's tests whose names match; their TAP on failure.
keydb() {
	run env CMOCKA_MESSAGE_OUTPUT=TAP "$LAB_BUILD/libpfkey/$1" "$2"
	[ "$status" = 0 ] && [[ $output == *"ok 1 - "* ]] || {
		echo "status $status: $output"
		return 1
	}
}

@test "SAs come back as they were added: every algorithm, mode, family and option" {
	keydb keydb_lab_test 'sa_*'
}

@test "policies come back as they were added: every kind, family and option" {
	keydb keydb_lab_test 'policy_*'
}

@test "batches: ten thousand entries, and the one that failed is named" {
	keydb keydb_lab_test 'batch_*'
}

@test "packets without an SA are announced, again after the answer was refused" {
	keydb keydb_events_lab_test 'acquire_*'
}

@test "SAs and policies announce their end, soft and hard, by time and by bytes" {
	keydb keydb_events_lab_test 'expiry_*'
}

@test "changes by anybody, flushes and new ports of the peer are announced" {
	keydb keydb_events_lab_test 'change_*'
}

@test "a listener that is too slow is told so" {
	keydb keydb_events_lab_test 'overrun_*'
}

@test "an SA that moves keeps its keys, its counters and its window" {
	keydb keydb_move_lab_test 'move_*'
}

@test "an SA that moves under load never takes a sequence number twice" {
	keydb keydb_move_lab_test 'numbers_*'
}
