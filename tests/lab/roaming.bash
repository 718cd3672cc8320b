# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# roaming.bash - a gateway that has a second way to the wan, and changes from one to the other.
#
#             wan   192.0.2.N    2001:db8::N
#	gw-x <                                 > wan ---- the other gateway
#             wan2  198.51.100.N 2001:db8::1N

# second_link X N: for gateway X, whose number is N; it is there, but down.
second_link() {
	local x=$1 n=$2 other=gw-b
	[ "$x" = a ] || other=gw-a
	ip link add wan2 netns "gw-$x$TOPO_ID" type veth peer name "gw-${x}2" netns "wan$TOPO_ID" &&
		in_ns wan bash -c 'echo 1 >/proc/sys/net/ipv6/conf/$1/disable_ipv6 &&
			ip link set $1 master br0 up' up "gw-${x}2" &&
		in_ns "gw-$x" bash -c 'cd /proc/sys/net &&
			echo 0 >ipv4/conf/wan2/rp_filter && echo 0 >ipv6/conf/wan2/accept_ra' &&
		in_ns "$other" ip route replace 198.51.100.0/24 dev wan
}

# on_link X N wan|wan2 4|6 [4|6]: the gateway has that link, with addresses of these families, and
# no other; packets to the other gateway, and through it, leave there (of what is in the tunnel only the
# policy has to be asked, so any route will do).
on_link() {
	local x=$1 n=$2 dev=$3 off=wan2 peer=2 family
	[ "$dev" = wan ] || off=wan
	[ "$x" = a ] || peer=1
	shift 3
	{
		echo "addr flush dev $off"
		echo "link set $off down"
		echo "link set $dev up"
		echo "addr flush dev $dev scope global"
		for family; do "_on_link_$family" "$dev" "$n" "$peer"; done
		[[ $* == *4* ]] || echo "route replace 0.0.0.0/0 dev $dev"
	} | in_ns "gw-$x" ip -batch -
}
_on_link_4() {
	local addr=192.0.2.$2/24
	[ "$1" = wan ] || addr=198.51.100.$2/24
	echo "addr add $addr dev $1"
	echo "route replace 192.0.2.$3 dev $1"
	echo "route replace default via 192.0.2.$3 dev $1 onlink"
}
_on_link_6() {
	local addr=2001:db8::$2/64
	[ "$1" = wan ] || addr=2001:db8::1$2/64
	echo "addr add $addr dev $1 nodad"
	echo "route replace default via 2001:db8::$3 dev $1"
}

# spis NODE: of its SAs, sorted, into REPLY.
spis() {
	local line all=()
	sad "$1"
	for line in "${SAD[@]}"; do
		[[ $line =~ spi\ (0x[0-9a-f]+) ]] && all+=("${BASH_REMATCH[1]}")
	done
	REPLY=$(printf '%s\n' "${all[@]}" | sort)
}

# same_spis NODE SPIS
same_spis() {
	spis "$1"
	[ "$REPLY" = "$2" ] || {
		echo "SPIs of $1: $REPLY, and they were $2"
		return 1
	}
}

# received NAME NUMBER: so many pings of the log NAME came back, at least.
received() {
	log_of "$1"
	[[ $(<"$REPLY") =~ ([0-9]+)" received" ]] && [ "${BASH_REMATCH[1]}" -ge "$2" ] || {
		cat "$REPLY"
		return 1
	}
}

# no_number_twice NODE...: no packet was refused because its sequence number had been there.
no_number_twice() {
	local node name count
	for node; do
		while read -r name count; do
			[ "$name" != XfrmInStateSeqError ] || [ "$count" = 0 ] || {
				echo "$node: $name $count"
				return 1
			}
		done < <(in_ns "$node" cat /proc/net/xfrm_stat)
	done
}
