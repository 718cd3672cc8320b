#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: kmod
#
# Programs with tanuki.ko: libpfkey gives it the OUT policies, and who reads them sees what was
# written; without it, and for what it cannot do, they stay with the kernel.
# shellcheck disable=SC2030,SC2031 # LIBPFKEY_TRANSPORT is each test's own
load ../lab/words
load ../lab/kmod

setup_file() {
	[ -n "${LAB_KMOD:-}" ] || skip "needs a kernel that the module was built for"
	[ -e /proc/net/tanuki_stat ] || kmod_load
	topo_two_gateways
}

setup() { [ -e /proc/net/tanuki_stat ] || kmod_load; }
teardown() { stop_all && kmod_flush_if_there; }
kmod_flush_if_there() {
	local node
	for node in gw-a gw-b; do
		printf 'xfrm %s\n' "policy flush" "policy flush ptype sub" "state flush" | kmod_ip $node || return
	done
	[ ! -e /proc/net/tanuki_stat ] || wait_until 10 _no_bundles
}

OUT='spdadd 10.1.0.0/24 10.2.0.0/24 any -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7;'
# say NODE [ARGUMENT...]: a script from stdin.
say() { setkey "$1" "${@:2}" -f - <<<"$(cat)"; }
# raw NODE: what ip shows of the OUT policies.
raw() { in_ns "$1" ip xfrm policy list dir out; }
tagged() { [[ $(raw "$1") == *"if_id $KMOD_TAG"* ]]; }
untagged() { [ -n "$(raw "$1")" ] && ! tagged "$1"; }
count_out() { raw "$1" | grep -c '^src'; }

@test "setkey gives its OUT policies to the module, and shows what was written" {
	say gw-a <<<"$OUT ${OUT/-P out/-P in}"
	tagged gw-a
	run -0 setkey gw-a -DP
	[[ $output != *if_id* ]]
	[[ $output == *"out prio def ipsec"* ]]
	run -0 setkey gw-a --json -DP
	[[ $output != *if_id* && $output == *'"data_path":"tanuki"'* ]]
	# Only OUT policies.
	in_ns gw-a ip xfrm policy list dir in | grep -q . && run ! grep -q if_id <(in_ns gw-a ip xfrm policy list dir in)
	assert_stat gw-a Policies -eq 1
}

@test "status and -v say which data path is in use" {
	say gw-a <<<"$OUT"
	run -0 setkey gw-a --status
	[[ $output == *"data path   tanuki, tag 84"* && $output == *"1 out, of which tanuki has 1"* ]]
	[[ $output =~ ESP\ +(own|core) ]]
	run -0 setkey gw-a --status --json
	[[ $output == '{"type":"status","transport":"netlink","data_path":"tanuki","tag":84,'* ]]
	run -0 setkey gw-a -v -D
	[[ $output == *"using netlink, data path tanuki"* ]]
}

@test "what is written is updated, deleted and compared by its own words" {
	say gw-a <<<"$OUT"
	run ! say gw-a <<<"$OUT"
	[[ $output == *exists* ]]
	say gw-a <<<"${OUT/spdadd/spdupdate}"
	[ "$(count_out gw-a)" = 1 ]
	run -0 say gw-a --diff -k <<<"$OUT"
	[ -z "$output" ]
	run -0 say gw-a --diff -k <<<"${OUT/any/any -if_id 84}"
	say gw-a --sync --atomic -k <<<"${OUT/-P out/-P out prio high}"
	[ "$(count_out gw-a)" = 1 ] && tagged gw-a
	run ! say gw-a --atomic -k <<<"spddelete 10.1.0.0/24 10.2.0.0/24 any -P out; get ::1 ::2 esp 0x300;"
	[ "$(count_out gw-a)" = 1 ] && tagged gw-a
	say gw-a <<<"spddelete 10.1.0.0/24 10.2.0.0/24 any -P out;"
	[ -z "$(raw gw-a)" ]
	say gw-a <<<"$OUT spdflush;"
	[ -z "$(raw gw-a)" ]
}

@test "an if_id that somebody chose, sub policies and other modes stay as they are" {
	say gw-a -k <<-END
		${OUT/any/any -if_id 9}
		${OUT/any/any -if_id 84}
		spdadd 10.1.1.0/24 10.2.0.0/24 any -sub -P out ipsec esp/transport//require;
	END
	[ "$(raw gw-a | grep -c 'if_id 0x9')" = 1 ]
	assert_stat gw-a Policies -eq 1
	run -0 setkey gw-a -DP
	[[ $output == *"if_id=9("* && $output != *"if_id=84("* ]]
	# (The one with the tag is the one that is there without it.)
	run ! say gw-a <<<"$OUT"
	say gw-a <<<"spddelete 10.1.0.0/24 10.2.0.0/24 any -P out;"
	assert_stat gw-a Policies -eq 0
}

@test "policies that were there first are found, and moved by an update" {
	rmmod tanuki
	say gw-a <<<"$OUT"
	untagged gw-a
	run -0 setkey gw-a --status
	[[ $output == *"data path   kernel"* ]]
	kmod_load
	run -0 setkey gw-a --status
	[[ $output == *"1 out, of which tanuki has 0"* ]]
	run ! say gw-a <<<"$OUT"
	run -1 say gw-a --diff -k <<<"$OUT"
	[[ $output == *"still the kernel's"* ]]
	say gw-a --sync -k <<<"$OUT"
	tagged gw-a && [ "$(count_out gw-a)" = 1 ]
	run -0 say gw-a --diff -k <<<"$OUT"
	# The same with one update, and a deletion finds either.
	printf '%s\n' "xfrm policy flush" "xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7 mode tunnel" |
		kmod_ip gw-a
	say gw-a <<<"${OUT/spdadd/spdupdate}"
	tagged gw-a && [ "$(count_out gw-a)" = 1 ]
	printf '%s\n' "xfrm policy flush" "xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7 mode tunnel" |
		kmod_ip gw-a
	say gw-a <<<"spddelete 10.1.0.0/24 10.2.0.0/24 any -P out;"
	[ -z "$(raw gw-a)" ]
}

@test "the module stays while somebody may be about to write policies for it" {
	start reader gw-a bash -c 'exec 4</proc/self/net/tanuki_stat; echo open; sleep 1000'
	log_of reader
	wait_until 10 grep -q open "$REPLY"
	run ! rmmod tanuki
	stop reader
	wait_until 10 rmmod tanuki
	kmod_load
}

@test "the library passes its tests with the module as without it" {
	local program
	modprobe af_key # (socket policies are set by its words)
	for program in "keydb_lab_test policy_*" "keydb_events_lab_test acquire_*" \
		"keydb_events_lab_test change_*" kame_lab_test; do
		# shellcheck disable=SC2086 # words
		run env CMOCKA_MESSAGE_OUTPUT=TAP "$LAB_BUILD/libpfkey/"$program
		[ "$status" = 0 ] && [[ $output == *"ok 1 - "* ]] || {
			echo "$program: $output"
			return 1
		}
	done
}
