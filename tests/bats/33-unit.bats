#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# What tanukid.service takes away from tanukid is really not needed: it runs here with the
# unit's capabilities, and negotiates.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# unit_value NAME: from the unit, into REPLY.
unit_value() {
	REPLY=$(sed -n "s/^$1=//p" "$LAB_SOURCE/conf/systemd/tanukid.service.in")
	[ -n "$REPLY" ]
}

@test "the capabilities of tanukid.service are enough to negotiate, and to end cleanly" {
	local bounding=-all cap
	gateway_files a
	gateway_start b
	unit_value CapabilityBoundingSet
	for cap in $REPLY; do
		cap=${cap,,}
		bounding+=,+${cap#cap_}
	done
	start tanukid.gw-a gw-a setpriv --no-new-privs --inh-caps=-all --bounding-set="$bounding" \
		"$LAB_BUILD/daemon/tanukid" -F -f /etc/racoon/racoon.conf
	wait_until 10 _tanukid_up gw-a
	is_running tanukid.gw-a
	tanukictl gw-a establish-sa gw-b/lan
	in_ns host-a ping -q -c 1 -W 2 10.2.0.2
	tanukid_stop gw-a
	assert_no_sas gw-a
	assert_no_policies gw-a
}

@test "after its start the monitor has CAP_NET_ADMIN, and the other processes have nothing" {
	local child children
	gateway_start a
	pid_of tanukid.gw-a
	[ "$(effective "$REPLY")" = 0000000000001000 ]
	mapfile -t children < <(pgrep -P "$REPLY")
	[ ${#children[@]} -ge 2 ]
	for child in "${children[@]}"; do
		[ "$(effective "$child")" = 0000000000000000 ]
	done
}

effective() { sed -n 's/^CapEff:\t//p' "/proc/$1/status"; }
