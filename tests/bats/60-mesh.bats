#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
# Nodes on one bridge start at once, each with a packet for each other one: every pair of
# them negotiates from both ends in the same moment.  Ten nodes, 45 pairs; with --all
# twenty, 190 pairs, ten times over.
load ../lab/words
load ../lab/gateways
load ../lab/mesh

N_NODES=10 N_ROUNDS=1 LIMIT_S=60
[ -z "${TESTS_ALL:-}" ] || N_NODES=20 N_ROUNDS=10

mesh_stop() {
	local node
	for node in "${MESH[@]}"; do stop "sender.$node" KILL; done
	for node in "${MESH[@]}"; do pid_of "tanukid.$node" && kill "$REPLY"; done
	for node in "${MESH[@]}"; do pid_of "tanukid.$node" && wait "$REPLY" && stop "tanukid.$node"; done
	for node in "${MESH[@]}"; do assert_no_sas "$node" && assert_no_policies "$node"; done
}

@test "nodes that start at once: one IKE SA and one pair of SAs for each pair of nodes" {
	local round begin up
	mesh_up $N_NODES
	for ((round = 1; round <= N_ROUNDS; round++)); do
		mesh_start
		begin=${EPOCHREALTIME/./}
		wait_until $LIMIT_S mesh_whole
		up=$((${EPOCHREALTIME/./} - begin))
		echo "# round $round: whole after $((up / 1000)) ms" >&3
		holds_for 3 mesh_whole
		mesh_agrees
		mesh_stop
	done
}
