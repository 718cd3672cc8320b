# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# mesh.bash - N nodes on one bridge, each with tanukid and a policy for each other one.
#
#   n1 ... nN, 192.0.2.1 ... 192.0.2.N, transport mode, traps on every pair

# mesh_up N: the namespaces, MESH has their names.
mesh_up() {
	local n
	MESH=()
	for ((n = 1; n <= $1; n++)); do MESH+=("n$n"); done
	mkdir -p /run/lab/view /run/netns
	_mesh_wires | ip -batch - || return
	_configure wan bridge default <<-END || return
		link add br0 type bridge stp_state 0 mcast_snooping 0 forward_delay 0
		link set br0 up
		$(printf 'link set %s master br0 up\n' "${MESH[@]}")
	END
	for ((n = 1; n <= $1; n++)); do
		_configure "n$n" host wan <<-END && _view "n$n" && mesh_files "$n" "$1" || return
			link set lo up
			addr add 192.0.2.$n/24 dev wan
			link set wan up
		END
	done
}
_mesh_wires() {
	local node
	for node in wan "${MESH[@]}"; do echo "netns add $node$TOPO_ID"; done
	for node in "${MESH[@]}"; do
		echo "link add wan netns $node$TOPO_ID type veth peer name $node netns wan$TOPO_ID"
	done
}

# mesh_files I N: the configuration of node I.
mesh_files() {
	local n others=()
	for ((n = 1; n <= $2; n++)); do [ $n = "$1" ] || others+=("$n"); done
	printf '192.0.2.%s mesh-key-of-all\n' "${others[@]}" | put "n$1" /etc/racoon/psk.txt &&
		_mesh_conf "$1" | put "n$1" /etc/racoon/racoon.conf
}
_mesh_conf() {
	local n
	echo 'path pre_shared_key "/etc/racoon/psk.txt";'
	for n in "${others[@]}"; do
		cat <<-END
			remote "n$n" {
				remote_address 192.0.2.$n;
				exchange_mode ike2;
				authentication_method pre_shared_key;
				proposal { encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group curve25519; }
			}
			sainfo address 192.0.2.$1 any address 192.0.2.$n any {
				remote "n$n";
				name "host";
				mode transport;
				install_policy on;
				encryption_algorithm aes_gcm16 256;
			}
		END
	done
}

# mesh_start: from every node a packet for every other one, each half second; and all
# daemons in the same moment, which is when somebody opens the gate to write.
mesh_start() {
	local node gate=$BATS_TEST_TMPDIR/gate open
	rm -f "$gate" && mkfifo "$gate" || return
	for node in "${MESH[@]}"; do
		# shellcheck disable=SC2016 # for the other bash
		start "sender.$node" "$node" bash -c '
			exec {never}<> <(:)
			while :; do
				for ((n = 1; n <= $1; n++)); do echo >/dev/udp/192.0.2.$n/9; done 2>/dev/null
				read -rt 0.5 -u "$never"
			done' sender ${#MESH[@]}
		# shellcheck disable=SC2016
		start "tanukid.$node" "$node" bash -c ': <"$1" && exec "${@:2}"' gate "$gate" \
			"$LAB_BUILD/daemon/tanukid" -F -f /etc/racoon/racoon.conf
	done
	wait_until 10 _mesh_waits
	exec {open}>"$gate" && exec {open}>&-
}

# A daemon that waits is still the shell, and sleeps.
_mesh_waits() {
	local node stat
	for node in "${MESH[@]}"; do
		pid_of "tanukid.$node" && read -r stat <"/proc/$REPLY/stat" &&
			[[ $stat == *"(bash) S "* ]] || return
	done
}

# mesh_whole: every node has one IKE SA and one pair of SAs with every other one.  What
# is missing is asked for no further: most of the time there is much.
mesh_whole() {
	local node
	for node in "${MESH[@]}"; do
		sad "$node" && [ ${#SAD[@]} = $((2 * (${#MESH[@]} - 1))) ] || return
	done
	for node in "${MESH[@]}"; do mesh_ike_sas "$node" && [ "$REPLY" = $((${#MESH[@]} - 1)) ] || return; done
}
# mesh_ike_sas NODE: how many it has, into REPLY.
mesh_ike_sas() {
	local json
	json=$(tanukictl "$1" status --json) && [[ $json =~ \"ike_sas\":\ *([0-9]+) ]] &&
		REPLY=${BASH_REMATCH[1]}
}

# mesh_agrees: each SA is there twice, at its two ends, and each pair of nodes has one in
# either direction.
mesh_agrees() {
	local node line
	local -A ends=() pairs=()
	for node in "${MESH[@]}"; do
		sad "$node" || return
		for line in "${SAD[@]}"; do
			[[ $line =~ src\ ([^ ]+)\ dst\ ([^ ]+).*spi\ (0x[0-9a-f]+) ]] || return
			pairs[${BASH_REMATCH[1]}-${BASH_REMATCH[2]}]+=x
			ends[${BASH_REMATCH[1]}-${BASH_REMATCH[2]}-${BASH_REMATCH[3]}]+=x
		done
	done
	[ ${#pairs[@]} = $((${#MESH[@]} * (${#MESH[@]} - 1))) ] || { echo "${#pairs[@]} pairs" && return 1; }
	for line in "${!ends[@]}"; do
		[ "${ends[$line]}" = xx ] || { echo "only one end has $line" && return 1; }
	done
}
