#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# demo.sh - what ./run demo shows, in a place of the lab: two gateways as the samples in
# conf/samples describe them, started by the first packet that wants through.  Ends
# with "demo: ok, N esp, 0 in clear" or "demo: FAILED: why".
set -u
cd "$(dirname "$0")/../.." || exit 1
LAB_SOURCE=$PWD
# shellcheck source=words.bash
. tests/lab/words.bash

title() { printf '\n==== %s\n\n' "$*"; }
# shown COMMAND...: as an administrator would type it in that gateway.
shown() {
	printf '%s# %s\n' "$2" "${*:1:1} ${*:3}"
	"$@" || failed "$*"
	echo
}
failed() {
	local node
	for node in gw-a gw-b; do
		[ ! -e "$LAB_STATE/log/tanukid.$node" ] || {
			title "the last records of $node"
			tail -n 20 "$LAB_STATE/log/tanukid.$node"
		}
	done
	cp -r "$LAB_STATE/log" "$LAB_STATE"/wan.* "$LAB_OUT" 2>/dev/null
	stop_all >/dev/null
	echo
	echo "demo: FAILED: $*"
	exit 1
}

drawing() {
	sed -n '/^#   host-a/,/^#     fd01/s/^#//p' tests/lab/topology.sh
}

start_gateways() {
	local node
	for node in gw-a gw-b; do
		in_ns "$node" bash -c 'mkdir -p /etc/racoon && install -m 600 "$1"/* /etc/racoon' \
			copy "$LAB_SOURCE/conf/samples/$node" || failed "no samples for $node"
		tanukid_start "$node" /etc/racoon/racoon.conf || failed "tanukid did not start in $node"
		echo "$node: tanukid -f conf/samples/$node/racoon.conf"
	done
}

# The first packets start the negotiation and wait for it.
pings() {
	local from=$1 to=$2
	wait_until 15 in_ns "$from" ping -q -c 1 -W 1 "$to" || failed "no answer from $to to $from"
	echo "$from# ping -c 3 $to"
	in_ns "$from" ping -c 3 -i 0.2 -W 2 "$to" | grep -E 'bytes from|transmitted' ||
		failed "pings from $from to $to are lost"
	echo
}

# Who began, and why: as the gateways logged it.
reasons() {
	local node
	for node in gw-a gw-b; do
		grep -E ' event=(negotiation_started|ike_sa_up|child_sa_up) ' "$LAB_STATE/log/tanukid.$node" |
			sed "s/^/$node  /; s/time=[^ ]* //; s/level=[^ ]* //"
	done
	grep -q ' event=negotiation_started ' "$LAB_STATE"/log/tanukid.gw-[ab] ||
		failed "no gateway says who began"
}

title "The topology"
# shellcheck disable=SC2119 # no NAT here
topo_two_gateways || failed "no topology"
drawing
echo "This runs on Linux $(uname -r) ($LAB_PLACE)."

title "The gateways start"
capture_start || failed "no capture"
start_gateways

title "Hosts talk through the tunnel"
pings host-a 10.2.0.2
pings host-a fd02::2

title "Who initiated, and why"
reasons

title "What the gateways have"
for node in gw-a gw-b; do
	shown setkey "$node" -D
	shown setkey "$node" -DP
	shown tanukictl "$node" show-sa
done

title "What was on the wan"
capture_stop || failed "the capture failed"
while read -r class family count; do
	case $class in
	esp) says="ESP" ;;
	ike) says="IKE" ;;
	nd) says="neighbour discovery" ;;
	clear) says="anything else" ;;
	*) continue ;;
	esac
	printf '%5d  IP%s  %s\n' "$count" "$family" "$says"
done <"$LAB_STATE/wan.txt"
capture_count esp >/dev/null && esp=$REPLY
capture_count clear >/dev/null && clear=$REPLY

stop_all || failed "a daemon did not stop"
for node in gw-a gw-b; do
	assert_no_sas "$node" && assert_no_policies "$node" || failed "something is left in $node"
done
topo_down
[ "$clear" = 0 ] || failed "$clear packets in clear"
[ "$esp" -ge 12 ] || failed "only $esp ESP packets"
echo
echo "demo: ok, $esp esp, 0 in clear"
