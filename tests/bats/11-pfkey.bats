#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: libpfkey
#
# The two transports of the library on one kernel with AF_KEY, in namespaces of their own:
# what one writes, the other reads the same.
load ../lab/words

setup_file() {
	modprobe af_key && modprobe xfrm_user || skip "the kernel has no AF_KEY"
}

# both PROGRAM [PATTERN]: the program's tests whose names match; their TAP on failure.
both() {
	run env CMOCKA_MESSAGE_OUTPUT=TAP "$LAB_BUILD/libpfkey/$1" "${@:2}"
	[ "$status" = 0 ] && [[ $output == *"ok 1 - "* ]] || {
		echo "status $status: $output"
		return 1
	}
}

@test "SAs are the same over PF_KEY and netlink" {
	both pfkey_lab_test 'sas_*'
}

@test "policies are the same over PF_KEY and netlink" {
	both pfkey_lab_test 'polic*'
}

@test "dumps, updates and flushes over PF_KEY and netlink meet the same tables" {
	both pfkey_lab_test '*dumps*'
}

@test "PF_KEY's events are heard" {
	both pfkey_lab_test '*_heard*'
}

@test "what PF_KEY cannot carry is refused, and SPIs and batches work" {
	both pfkey_lab_test 'what_*'
	both pfkey_lab_test 'spis_*'
	both pfkey_lab_test 'batches_*'
	both pfkey_lab_test 'an_unknown_*'
}

@test "a program written for KAME's libipsec registers, adds, reads and deletes" {
	LIBPFKEY_TRANSPORT=pfkey both kame_lab_test
	LIBPFKEY_TRANSPORT=netlink both kame_lab_test
}

# example PAGE NAME: compiles a program of a manual page into $BATS_TEST_TMPDIR/NAME.
example() {
	local top=$BATS_TEST_DIRNAME/../.. dir=$BATS_TEST_TMPDIR
	awk -f "$top/tests/install/examples" -v dir="$dir" "$top/conf/man/$1.3"
	cc -Wall -Werror "-I$top/libpfkey/include" -o "$dir/$2" "$dir/$2.kernel.c" \
		"-L$LAB_BUILD/libpfkey" -lpfkey "-Wl,-rpath,$LAB_BUILD/libpfkey"
}

@test "the example of libpfkey(3) prints what the page says" {
	example libpfkey kame-add
	unshare -n "$BATS_TEST_TMPDIR/kame-add" >"$BATS_TEST_TMPDIR/said"
	diff -u "$BATS_TEST_TMPDIR/kame-add.out" "$BATS_TEST_TMPDIR/said"
}

@test "the example of keydb(3) adds an SA over both transports" {
	example keydb keydb-add
	for transport in netlink pfkey; do
		run env LIBPFKEY_TRANSPORT=$transport unshare -n "$BATS_TEST_TMPDIR/keydb-add"
		[ "$status" = 0 ]
		[[ $output == "192.0.2.1 192.0.2.2 "*"spi=65537(0x00010001)"*"E: aes-cbc  4e657665 72"* ]]
	done
}
