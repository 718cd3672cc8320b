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

# The tests of 10-libpfkey.bats over the other transport: what PF_KEY cannot carry is refused
# there, or skipped with the reason.
@test "SAs come back from PF_KEY as they were added" {
	LIBPFKEY_TRANSPORT=pfkey both keydb_lab_test 'sa_*'
}

@test "policies come back from PF_KEY as they were added" {
	LIBPFKEY_TRANSPORT=pfkey both keydb_lab_test 'policy_*'
}

@test "ten thousand entries over PF_KEY" {
	LIBPFKEY_TRANSPORT=pfkey both keydb_lab_test 'batch_of_*'
}

@test "a program written for KAME's libipsec registers, adds, reads and deletes" {
	LIBPFKEY_TRANSPORT=pfkey both kame_lab_test
	LIBPFKEY_TRANSPORT=netlink both kame_lab_test
}

@test "a program that uses every call of libipsec hears the same over PF_KEY and netlink" {
	both kame_both_lab_test
}

@test "what libipsec's interface has over netlink only works" {
	LIBPFKEY_TRANSPORT=netlink both kame_netlink_lab_test
}

# compile NAME PROGRAM: NAME.kernel.c into PROGRAM, both in $BATS_TEST_TMPDIR.
compile() {
	cc -Wall -Werror "-I$BATS_TEST_DIRNAME/../../libpfkey/include" -o "$BATS_TEST_TMPDIR/$2" \
		"$BATS_TEST_TMPDIR/$1.kernel.c" "-L$LAB_BUILD/libpfkey" -lpfkey \
		"-Wl,-rpath,$LAB_BUILD/libpfkey"
}

# example PAGE NAME: compiles a program of a manual page.
example() {
	local top=$BATS_TEST_DIRNAME/../..
	awk -f "$top/tests/install/examples" -v dir="$BATS_TEST_TMPDIR" "$top/conf/man/$1.3"
	compile "$2" "$2"
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

# Without what differs by its nature: times, who asks and how many, what PF_KEY cannot say.
comparable() {
	sed -e '/current: .* 20/d; /diff: /d; /^\textra: /d; s/ pid=[0-9]*/ pid=/; s/refcnt=[0-9]*/refcnt=/'
}

# Entries of all kinds, then both tables as setkey, the library and, from a file of the
# messages themselves, setkey again show them.
show_tables() {
	cat >"$BATS_TEST_TMPDIR/show" <<-'END'
		set -e
		cd "$1"
		setkey=$2
		$setkey -f - <<-SCRIPT
			add 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -u 7 -r 32 -lh 3600 -ls 3000 -bh 1000000
				-E aes-cbc "0123456789abcdef" -A hmac-sha1 "01234567890123456789";
			add 2001:db8::1 2001:db8::2 ah 0x301 -A hmac-md5 "0123456789abcdef";
			add 192.0.2.1 192.0.2.2 ipcomp 0x302 -C deflate;
			spdadd 10.0.0.0/8[80] 10.1.0.0/16 tcp -P out prio high + 3 ipsec
				esp/tunnel/192.0.2.1-192.0.2.2/unique:7 ah/transport//require;
			spdadd ::/0 ::/0 icmp6 135,1 -P in none;
		SCRIPT
		$setkey -D >setkey.sad && $setkey -DP >setkey.spd
		./kame-dump >library.sad && ./kame-dump policies >library.spd
		./kame-write >sad && ./kame-write policies >spd
		$setkey sad >file.sad && $setkey spd >file.spd
	END
	unshare -n bash "$BATS_TEST_TMPDIR/show" "$BATS_TEST_TMPDIR" "$LAB_BUILD/tools/setkey"
}

@test "what the library prints, and a file of its messages, is what setkey shows" {
	example libpfkey kame-dump
	sed -i 's/pfkey_s[ap]dump(msg);/fwrite(msg, 1, msg->sadb_msg_len * 8, stdout);/' \
		"$BATS_TEST_TMPDIR/kame-dump.kernel.c"
	compile kame-dump kame-write
	for transport in pfkey netlink; do
		LIBPFKEY_TRANSPORT=$transport show_tables
		for shown in {library,file}.{sad,spd}; do
			diff -u <(comparable <"$BATS_TEST_TMPDIR/setkey.${shown#*.}") \
				<(comparable <"$BATS_TEST_TMPDIR/$shown")
			[ "$(wc -l <"$BATS_TEST_TMPDIR/$shown")" -gt 15 ]
		done
	done
}

# The guest's own: whatever asks for the family finds no module.  Policies of sockets are set with
# PF_KEY's words only where it is.
@test "a program written for libipsec runs on a kernel without AF_KEY" {
	[ "$LAB_PLACE" != host ] || skip "the machine's own kernel keeps its modules"
	echo "install af_key /bin/false" >/etc/modprobe.d/no-af-key.conf
	modprobe -r af_key
	run perl -e 'socket(S, 15, 3, 2) or die "$!\n"'
	[ "$status" != 0 ] && [ "$output" = "Address family not supported by protocol" ]
	both kame_lab_test 'sockets_*'
	both kame_netlink_lab_test
	LIBPFKEY_TRANSPORT=pfkey run "$LAB_BUILD/libpfkey/kame_lab_test"
	[ "$status" != 0 ]
}
