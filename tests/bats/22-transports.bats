#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: setkey
#
#   gw-a: everything over AF_KEY      gw-b: everything over netlink
#
# One script with every construct that PF_KEY can carry (data/constructs.setkey), loaded over
# both transports of one kernel into two empty namespaces: what setkey and what ip then show
# is the same, except for what stands in the tables of differences below.
load ../lab/words

DATA=$LAB_SOURCE/tests/bats/data

setup_file() {
	modprobe af_key && modprobe xfrm_user || skip "the kernel has no AF_KEY"
	topo_two_gateways
	mkdir -p "/run/lab/seen$TOPO_ID"
	look gw-a pfkey && look gw-b netlink
}

# look NODE TRANSPORT: loads the script and keeps what everybody shows, by names.
look() {
	local seen=/run/lab/seen$TOPO_ID/$2
	export LIBPFKEY_TRANSPORT=$2
	setkey "$1" -f "$DATA/constructs.setkey" >"$seen.said" 2>&1
	echo $? >"$seen.status"
	setkey "$1" -D >"$seen.D" && setkey "$1" -DP >"$seen.DP" || return
	unset LIBPFKEY_TRANSPORT
	in_ns "$1" ip -d -s xfrm state >"$seen.state" && in_ns "$1" ip -d xfrm policy >"$seen.policy"
}

# Differences between the transports.  Each row: a sed command that takes it out, its reason.
# (The two manual pages setkey(8) and libpfkey(3) tell the same.)
differences_of_setkey() {
	cat <<-'END'
		s/unique#[0-9]+/unique#N/  | the kernel numbers "unique" itself over AF_KEY, we do over netlink
	END
}
differences_of_ip() {
	cat <<-'END'
		s/^(.*window [0-9]+ )seq 0x[0-9a-f]+/\1/  | AF_KEY leaves its message's number in the SA
		s/flag  .*$/flag/                         | a tunnel of netlink says that it carries both families:
		s/flag af-unspec .*$/flag/                | one of AF_KEY does so without saying
		/^\tsel src [^ ]+\/0 dst [^ ]+\/0 uid 0/d | and has no family in its empty selector instead
		s/ code 0 $/ /                            | to PF_KEY an ICMP type with code 0 is any code
		s/reqid [0-9]{5,10} mode/reqid N mode/    | as above: the number of a "unique"
	END
}

# What changes from run to run.
settled() {
	sed -E 's/[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}/DATE/g; s/diff: [0-9]+/diff: N/
		s/(pid|spid)=[0-9]+/\1=N/g; s/  add .* use .*/  add DATE/' "$1"
}

# differ FILE FILE: fails, and shows the first lines that do.
differ() { diff -u "$1" "$2" | head -n 30 && return "${PIPESTATUS[0]}"; }

# same_but_for TABLE VIEW: both transports' VIEW, settled, without the differences of TABLE.
same_but_for() {
	local sed_script way
	sed_script=$("$1" | sed -E 's/ *\| .*//')
	for way in pfkey netlink; do
		settled "/run/lab/seen$TOPO_ID/$way.$2" | sed -E "$sed_script" >"/run/lab/seen$TOPO_ID/$way.$2.same"
	done
	[ -s "/run/lab/seen$TOPO_ID/pfkey.$2.same" ] &&
		differ "/run/lab/seen$TOPO_ID/"{pfkey,netlink}".$2.same"
}

# agree TRANSPORT VIEW IP_VIEW N: of at least N entries ip shows what setkey says.
agree() {
	local seen=/run/lab/seen$TOPO_ID/$1 entries=(awk -f "$DATA/entries.awk" -v "table=$3")
	"${entries[@]}" -v from=setkey "$seen.$2" >"$seen.$2.entries"
	"${entries[@]}" -v from=ip "$seen.$3" >"$seen.$3.entries"
	[ "$(wc -l <"$seen.$2.entries")" -ge "$4" ] && differ "$seen.$2.entries" "$seen.$3.entries"
}

@test "the script has more than 200 commands, and both transports do them all" {
	[ "$(grep -c ';' "$DATA/constructs.setkey")" -gt 200 ]
	local way
	for way in pfkey netlink; do
		[ "$(<"/run/lab/seen$TOPO_ID/$way.status")" = 0 ] || {
			grep -a constructs.setkey: "/run/lab/seen$TOPO_ID/$way.said"
			return 1
		}
	done
}

@test "what get, dump and spddump say in the script is the same" {
	same_but_for differences_of_setkey said
}

@test "-D is the same over AF_KEY and netlink" {
	same_but_for differences_of_setkey D
}

@test "-DP is the same over AF_KEY and netlink" {
	same_but_for differences_of_setkey DP
}

@test "ip xfrm state is the same, however the SAs came" {
	same_but_for differences_of_ip state
}

@test "ip xfrm policy is the same, however the policies came" {
	same_but_for differences_of_ip policy
}

@test "ip xfrm shows what setkey says, over AF_KEY" {
	agree pfkey D state 150
	agree pfkey DP policy 120
}

@test "ip xfrm shows what setkey says, over netlink" {
	agree netlink D state 150
	agree netlink DP policy 120
}

# The whole text of a table is what the other transport shows of the same kernel, too.
@test "one transport shows the same as the other of one table" {
	local view
	for view in -D -DP; do
		differ <(LIBPFKEY_TRANSPORT=pfkey setkey gw-b $view | settled /dev/stdin) \
			<(LIBPFKEY_TRANSPORT=netlink setkey gw-b $view | settled /dev/stdin)
	done
}

# (The gateways keep their tables until the end of the file.)
teardown() { :; }
