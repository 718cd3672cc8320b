# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# topology.sh - two gateways and the networks around them, in network namespaces.
# To be sourced in a place of the lab (tests/lab/lab), never on the bare host.
#
#   host-a ---- gw-a ---- wan ---- gw-b ---- host-b
#       .2    .1  |  .1   bridge   .2  |  .1    .2
#    10.1.0.0/24  |   192.0.2.0/24     |  10.2.0.0/24
#     fd01::/64   |  2001:db8::/64     |   fd02::/64
#
# Each name is a network namespace.  In a gateway "lan" and "wan" are its interfaces;
# the wan is a bridge whose ports have the gateways' names, so that a capture on br0
# sees every packet between them once.  Without IPsec the gateways route to each
# other: what no policy catches passes in the clear, and is seen.
#
# With nat-a (or nat-b) a masquerading router stands between that gateway and the
# wan.  It takes the gateway's outer address; the gateway has .2 of 10.0.1.0/24 and
# fd00:1::/64 (side b: 10.0.2.0/24 and fd00:2::/64) instead.
#
# Names end in $TOPO_ID, so that two topologies can stand in one place.

TOPO_ID=${TOPO_ID-.$$}
export TOPO_ID

_netns() { REPLY=/run/netns/$1$TOPO_ID; }

# in_ns NODE COMMAND...: runs it there; a gateway has a /run, an /etc and a /var/lib of its own.
# (The working folder there is /: name files in full.)
in_ns() {
	local view=/run/lab/view/$1$TOPO_ID net
	_netns "$1" && net=$REPLY
	shift
	if [ -e "$view" ]; then
		nsenter --net="$net" --mount="$view" -- "$@"
	else
		nsenter --net="$net" -- "$@"
	fi
}

# topo_two_gateways [nat-a] [nat-b] [forward-a] [forward-b]: builds the drawing.
# forward-x: the router nat-x passes UDP 500 and 4500 on to its gateway.
topo_two_gateways() {
	[ -n "${LAB_PLACE:-}" ] || {
		echo "topology.sh: only in a place of the lab (tests/lab/lab)" >&2
		return 1
	}
	local nodes=(host-a gw-a wan gw-b host-b) word
	for word; do
		case $word in nat-?) nodes+=("$word") ;; esac
	done
	mkdir -p /run/lab/view /run/netns
	_wires "$@" | ip -batch - || return
	_bridge "$@" && _side a 1 2 "$*" && _side b 2 1 "$*" || return
	_view gw-a && _view gw-b
}

# topo_down: takes everything away again; fine when there is nothing.
topo_down() {
	local path names=()
	for path in /run/lab/view/*"$TOPO_ID"; do
		[ ! -e "$path" ] || { umount "$path" && rm "$path"; }
	done
	for path in /run/netns/*"$TOPO_ID"; do
		[ ! -e "$path" ] || names+=("netns del ${path##*/}")
	done
	[ ${#names[@]} = 0 ] || printf '%s\n' "${names[@]}" | ip -batch -
}

# wan_weather WORD...: netem's words for both directions of the wan, for instance
# "loss 30%", "delay 20ms 5ms", "duplicate 10%", "delay 10ms reorder 25% 50%".
# None: fine weather.
wan_weather() {
	local port
	for port in gw-a gw-b; do
		if [ $# -gt 0 ]; then
			echo "qdisc replace dev $port root netem $*"
		else
			echo "qdisc replace dev $port root pfifo"
		fi
	done | in_ns wan tc -batch -
}

# The namespaces and the cables between them, for ip -batch.
_wires() {
	local side node=''
	for node in "${nodes[@]}"; do echo "netns add $node$TOPO_ID"; done
	for side in a b; do
		echo "link add lan netns host-$side$TOPO_ID type veth peer name lan netns gw-$side$TOPO_ID"
		node=gw-$side
		if [[ " $* " == *" nat-$side "* ]]; then
			echo "link add wan netns $node$TOPO_ID type veth peer name in netns nat-$side$TOPO_ID"
			node=nat-$side
		fi
		echo "link add wan netns $node$TOPO_ID type veth peer name gw-$side netns wan$TOPO_ID"
	done
}

# configure NODE host|router|bridge INTERFACE...: makes it so, then runs ip's commands
# from stdin.  Nothing that would put packets of its own on the wan is left on.
_configure() {
	in_ns "$1" bash -c '
		role=$1 && shift && cd /proc/sys/net || exit
		for dev in "$@"; do
			echo 0 >ipv4/conf/$dev/send_redirects && echo 0 >ipv6/conf/$dev/accept_ra &&
				echo 0 >ipv6/conf/$dev/accept_dad || exit
			[ $role != bridge ] || echo 1 >ipv6/conf/$dev/disable_ipv6 || exit
		done
		if [ $role = router ]; then
			for dev in all "$@"; do echo 0 >ipv4/conf/$dev/rp_filter || exit; done
			echo 1 >ipv4/ip_forward && echo 1 >ipv6/conf/all/forwarding || exit
		fi
		exec ip -batch -' configure "${@:2}"
}

_bridge() {
	# Quiet: no addresses, no spanning tree, no snooping that would eat neighbour discovery.
	_configure wan bridge default gw-a gw-b <<-END
		link add br0 type bridge stp_state 0 mcast_snooping 0 forward_delay 0
		link set gw-a master br0 up
		link set gw-b master br0 up
		link set br0 up
	END
}

# side X N M WORDS: everything on side X, whose networks have the number N; the
# other side's have M.
_side() {
	local x=$1 n=$2 m=$3 words=" $4 "
	local addr4=192.0.2.$n/24 addr6=2001:db8::$n/64 via4=192.0.2.$m via6=2001:db8::$m
	_configure "host-$x" host lan <<-END || return
		link set lo up
		addr add 10.$n.0.2/24 dev lan
		addr add fd0$n::2/64 dev lan nodad
		link set lan up
		route add default via 10.$n.0.1
		route add default via fd0$n::1
	END
	if [[ $words == *" nat-$x "* ]]; then
		_nat "$x" "$n" "$words" "$addr4" "$addr6" "$via4" "$via6" || return
		addr4=10.0.$n.2/24 addr6=fd00:$n::2/64 via4=10.0.$n.1 via6=fd00:$n::1
	fi
	_configure "gw-$x" router lan wan <<-END
		link set lo up
		addr add 10.$n.0.1/24 dev lan
		addr add fd0$n::1/64 dev lan nodad
		addr add $addr4 dev wan
		addr add $addr6 dev wan nodad
		link set lan up
		link set wan up
		route add default via $via4
		route add default via $via6
	END
}

_nat() {
	local x=$1 n=$2 words=$3 addr4=$4 addr6=$5 via4=$6 via6=$7 forward=0
	_configure "nat-$x" router in wan <<-END || return
		link set lo up
		addr add 10.0.$n.1/24 dev in
		addr add fd00:$n::1/64 dev in nodad
		addr add $addr4 dev wan
		addr add $addr6 dev wan nodad
		link set in up
		link set wan up
		route add default via $via4
		route add default via $via6
	END
	[[ $words != *" forward-$x "* ]] || forward=1
	# (The guest's kernel has no families for nft: the older tool works on every kernel.)
	_nat_table "$forward" "10.0.$n.2" | in_ns "nat-$x" iptables-legacy-restore &&
		_nat_table "$forward" "fd00:$n::2" | in_ns "nat-$x" ip6tables-legacy-restore
}

# nat_table FORWARD GATEWAY: one family's rules, for iptables-restore.
_nat_table() {
	echo "*nat"
	echo "-A POSTROUTING -o wan -j MASQUERADE"
	[ "$1" = 0 ] ||
		echo "-A PREROUTING -i wan -p udp -m multiport --dports 500,4500 -j DNAT --to-destination $2"
	echo COMMIT
}

# A mount namespace for a gateway: what its daemons put into /run, /etc and /var/lib is theirs.
_view() {
	local view=/run/lab/view/$1$TOPO_ID net
	_netns "$1" && net=$REPLY
	: >"$view"
	nsenter --net="$net" unshare --mount="$view" --propagation private bash -c '
		mount -t sysfs sysfs /sys && mount -t tmpfs -o mode=755 tmpfs /run &&
			mkdir -p /run/lock /run/tanukid || exit
		for dir in /etc /var/lib; do
			upper=/run/lab$dir/upper work=/run/lab$dir/work
			mkdir -p $upper $work &&
				mount -t overlay -o lowerdir=$dir,upperdir=$upper,workdir=$work overlay $dir || exit
		done'
}
