#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#
# tanukid's processes on gw-a: what each of them is left with, what happens when one
# dies or hangs, how it starts for a shell and for a service manager; and what tanukictl
# says when something is wrong.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# process_of NODE NAME: the pid of tanukid's keeper or engine there, into REPLY.
process_of() {
	local child name
	pid_of "tanukid.$1"
	for child in $(pgrep -P "$REPLY"); do
		read -r name <"/proc/$child/comm"
		[[ $name != *"$2"* ]] || REPLY=$child
	done
	read -r name <"/proc/$REPLY/comm"
	[[ $name == *"$2"* ]]
}

# assert_status PID FIELD VALUE: as /proc has it.
assert_status() {
	local field value
	while read -r field value _; do
		[ "$field" != "$2:" ] || break
	done <"/proc/$1/status"
	[ "$value" = "$3" ] || {
		echo "$2 of $(<"/proc/$1/comm") is $value, not $3"
		return 1
	}
}

is_gone() { [ ! -e "/proc/$1" ]; }

@test "each process is left with what it needs: a capability, or none, and a filter" {
	gateway_start a
	pid_of tanukid.gw-a
	assert_status "$REPLY" CapEff 0000000000001000
	assert_status "$REPLY" CapPrm 0000000000001000
	assert_status "$REPLY" CapBnd 0000000000001000
	assert_status "$REPLY" Seccomp 2
	local name
	for name in keeper engine; do
		process_of gw-a $name
		assert_status "$REPLY" Uid "$(id -u nobody)"
		assert_status "$REPLY" CapEff 0000000000000000
		assert_status "$REPLY" CapPrm 0000000000000000
		assert_status "$REPLY" NoNewPrivs 1
		assert_status "$REPLY" Seccomp 2
		[ "$(readlink "/proc/$REPLY/root")" = /run/tanukid/empty ]
	done
}

@test "when the keeper dies, tanukid says so, tells the peer and takes everything along" {
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	process_of gw-a keeper
	kill -KILL "$REPLY"
	wait_until 8 has_ended tanukid.gw-a
	event gw-a process_died process=keeper
	assert_no_sas gw-a
	assert_no_policies gw-a
	wait_until 5 no_sas gw-b
}

@test "an engine that hangs does not hold up the end" {
	gateways
	tanukictl gw-a establish-sa gw-b/lan
	process_of gw-a engine
	local engine=$REPLY
	kill -STOP "$engine"
	tanukid_stop gw-a
	event gw-a stop_too_slow
	assert_no_sas gw-a
	assert_no_policies gw-a
	wait_until 2 is_gone "$engine"
}

@test "nobody outlives a killed monitor, and the next start takes over its policies" {
	local keeper engine
	gateways
	process_of gw-a keeper && keeper=$REPLY
	process_of gw-a engine && engine=$REPLY
	stop tanukid.gw-a KILL
	wait_until 2 is_gone "$keeper"
	wait_until 2 is_gone "$engine"
	run ! assert_no_policies gw-a
	tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 5 event gw-a ready # the socket of the killed one was there before
	no_event gw-a trap_refused
	tanukictl gw-a establish-sa gw-b/lan
	tanukid_stop gw-a
	assert_no_policies gw-a
}

@test "a policy of somebody else stays where it is, with a warning" {
	gateway_files a
	setkey gw-a -c <<-END
		spdadd 10.1.0.0/24 10.2.0.0/24 any -P out discard;
	END
	tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 5 event gw-a trap_refused remote=gw-b child=lan
	tanukid_stop gw-a
	setkey gw-a -DP >"$BATS_TEST_TMPDIR/policies"
	[ "$(grep -c 'discard' "$BATS_TEST_TMPDIR/policies")" = 1 ]
	[ "$(grep -c 'ipsec$' "$BATS_TEST_TMPDIR/policies")" = 0 ]
}

@test "in the background: the shell waits until it listens, and the pid file names it" {
	gateway_files a
	in_ns gw-a "$LAB_BUILD/daemon/tanukid" -f /etc/racoon/racoon.conf 3>&-
	run -0 in_ns gw-a cat /run/tanukid/tanukid.pid
	local pid=$output
	run -0 tanukictl gw-a status
	kill "$pid"
	wait_until 5 is_gone "$pid"
	run ! in_ns gw-a test -e /run/tanukid/tanukid.pid
	run ! in_ns gw-a test -e /run/tanukid/tanukid.sock
	assert_no_policies gw-a
}

@test "in the background: what stops the start is shown, with status 1" {
	gateway_files a
	in_ns gw-a chmod 644 /etc/racoon/psk.txt
	run -1 --separate-stderr in_ns gw-a "$LAB_BUILD/daemon/tanukid" -f /etc/racoon/racoon.conf
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == *psk.txt*chmod\ 600* ]]
	assert_no_policies gw-a
}

@test "a service manager hears when it is ready and when it stops" {
	gateway_files a
	start notify gw-a perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S,
		sockaddr_un("/run/notify")) or die $!; $| = 1; print "open\n";
		while (defined recv(S, $m, 999, 0)) { print "$m\n"; exit if $m =~ /STOPPING/ }'
	log_of notify
	local log=$REPLY
	wait_until 5 grep -q open "$log"
	NOTIFY_SOCKET=/run/notify tanukid_start gw-a /etc/racoon/racoon.conf
	wait_until 5 grep -qx READY=1 "$log"
	tanukid_stop gw-a
	wait_until 5 grep -qx STOPPING=1 "$log"
}

@test "a second tanukid does not start, and the first one stays" {
	gateway_start a
	run -1 in_ns gw-a "$LAB_BUILD/daemon/tanukid" -F -f /etc/racoon/racoon.conf
	run -0 tanukictl gw-a status
	is_running tanukid.gw-a
}

@test "tanukictl: a wrong word, a wrong name, another user, no daemon: each has its words and status" {
	run -3 --separate-stderr tanukictl gw-a status
	[[ $stderr == "tanukictl: no tanukid answers at /run/tanukid/tanukid.sock: is it running?" ]]
	gateway_start a
	run -2 --separate-stderr tanukictl gw-a shw-sa
	[[ $stderr == *'do you mean "show-sa"?'* ]]
	run -1 --separate-stderr tanukictl gw-a establish-sa gw-c
	[[ $stderr == *gw-c* ]]
	run -4 --separate-stderr tanukictl gw-a establish-sa gw-b/lan --timeout 0.2
	run -3 --separate-stderr in_ns gw-a setpriv --reuid 65534 --clear-groups \
		"$LAB_BUILD/tools/tanukictl" status
	[[ $stderr == *"only root"* ]]
}

@test "tanukictl events: the log comes line by line" {
	gateways
	start events gw-a "$LAB_BUILD/tools/tanukictl" events
	log_of events
	local log=$REPLY
	holds_for 1 is_running events
	tanukictl gw-a establish-sa gw-b/lan
	wait_until 5 grep -q 'event=child_sa_up' "$log"
	tanukid_stop gw-a
	wait_until 5 has_ended events
	grep -q 'the daemon ended' "$log"
}
