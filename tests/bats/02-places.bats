#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: lab
# place: none
#
# The guest as a place: what it says when a command, the time or the guest itself
# ends, and that nothing is left over.  These start their guests themselves.
bats_require_minimum_version 1.5.0

lab() { "$BATS_TEST_DIRNAME/../lab/lab" --guest "$@"; }

# nothing_left FOLDER: it is empty, and no process has it in its arguments.
nothing_left() {
	local end=$((SECONDS + 10))
	while grep -qs -e "$1/" /proc/[0-9]*/cmdline || [ -n "$(ls -A "$1")" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

@test "stdout, stderr and the exit status are the command's own" {
	run --separate-stderr -3 lab bash -c 'echo out; echo err >&2; exit 3'
	[ "$output" = out ]
	# shellcheck disable=SC2154 # run sets it
	[ "${stderr##*$'\n'}" = err ]
}

@test "what is written to LAB_OUT stays, what is written elsewhere does not" {
	lab -o "$BATS_TEST_TMPDIR/out" sh -c 'echo kept >$LAB_OUT/file; echo lost >/tmp/lab-was-here'
	[ "$(cat "$BATS_TEST_TMPDIR/out/file")" = kept ]
	[ ! -e /tmp/lab-was-here ]
}

@test "124 when the time is up" {
	run -124 lab -t 5 sleep 60
}

@test "125 when the guest's kernel dies" {
	run -125 lab sh -c 'echo c >/proc/sysrq-trigger; sleep 20'
}

@test "126 when the command passes but the kernel reported a bug" {
	run -126 lab sh -c 'echo "WARNING: CPU: 0 PID: 1 at net/xfrm/test.c" >/dev/kmsg'
	[[ $output == *"net/xfrm/test.c"* ]]
}

@test "a guest that is stopped from outside leaves no process and no folder" {
	local out=$BATS_TEST_TMPDIR/out pid rc=0
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	"$BATS_TEST_DIRNAME/../lab/lab" --guest -o "$out" sh -c ': >$LAB_OUT/up; sleep 60' 3>&- &
	pid=$!
	for _ in {1..100}; do
		[ ! -e "$out/up" ] || break
		sleep 0.2
	done
	grep -qs -e "$TMPDIR/" /proc/[0-9]*/cmdline
	kill -TERM $pid
	wait $pid || rc=$?
	[ $rc = 130 ]
	nothing_left "$TMPDIR"
}
