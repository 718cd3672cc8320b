# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# kmod.bash - words for tests of the kernel module, on top of words.bash and with the
# gateways of topology.sh.  The module is $LAB_KMOD, built for the place's kernel.
#
# SAs and policies come from "ip xfrm", as other programs would make them: only OUT
# policies carry the tag.

KMOD_TAG=0x54
KMOD_AEAD='aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128'
KMOD_AUTH='auth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 128'

kmod_load() { modprobe -a xfrm_user xfrm_algo && insmod "$LAB_KMOD" "$@"; }

# kmod_stat NODE NAME: the counter, into REPLY.
kmod_stat() {
	local name value
	while read -r name value; do
		[ "$name" != "$2" ] || {
			REPLY=$value
			return 0 # (in a test that failed "return" alone says so too)
		}
	done < <(in_ns "$1" cat /proc/self/net/tanuki_stat)
	echo "no counter $2" >&2
	return 1
}

# assert_stat NODE NAME RELATION NUMBER
assert_stat() {
	kmod_stat "$1" "$2" || return
	test "$REPLY" "$3" "$4" || {
		echo "$2 of $1 is $REPLY, wanted $3 $4"
		in_ns "$1" cat /proc/self/net/tanuki_stat
		return 1
	}
}

# Addresses: _ends local|forwarded v4|v6 into A and B (what is protected, by side),
# _outer v4|v6 into OA and OB (the gateways).
_ends() {
	case $1-$2 in
	local-v4) A=192.0.2.1/32 B=192.0.2.2/32 ;;
	local-v6) A=2001:db8::1/128 B=2001:db8::2/128 ;;
	forwarded-v4) A=10.1.0.0/24 B=10.2.0.0/24 ;;
	forwarded-v6) A=fd01::/64 B=fd02::/64 ;;
	esac
}
_outer() {
	case $1 in
	v4) OA=192.0.2.1 OB=192.0.2.2 ;;
	v6) OA=2001:db8::1 OB=2001:db8::2 ;;
	esac
}

# kmod_ip NODE: ip's commands from stdin.
kmod_ip() { in_ns "$1" ip -batch -; }

# kmod_sas PROTO MODE OUTER REQID [WORD...]: both SAs, in both gateways; ESP with
# $KMOD_AEAD.
kmod_sas() {
	local proto=$1 mode=$2 reqid=$4 node algorithm=$KMOD_AEAD flag='' OA OB
	[ "$proto" != ah ] || algorithm=$KMOD_AUTH
	[ "$mode" != tunnel ] || flag='flag af-unspec'
	_outer "$3"
	for node in gw-a gw-b; do
		kmod_ip $node <<-END || return
			xfrm state add src $OA dst $OB proto $proto spi 0x100$reqid reqid $reqid mode $mode $flag $algorithm ${*:5}
			xfrm state add src $OB dst $OA proto $proto spi 0x200$reqid reqid $reqid mode $mode $flag $algorithm ${*:5}
		END
	done
}

# _template MODE SRC DST PROTO REQID
_template() {
	if [ "$1" = tunnel ]; then
		echo "tmpl src $2 dst $3 proto $4 reqid $5 mode tunnel"
	else
		echo "tmpl proto $4 reqid $5 mode transport"
	fi
}

# kmod_policies WAY INNER TEMPLATE...: all directions, in both gateways.  A template is
# PROTO:MODE:OUTER:REQID, the innermost first.
kmod_policies() {
	local way=$1 inner=$2 word proto mode outer reqid ab='' ba='' A B OA OB
	shift 2
	for word; do
		IFS=: read -r proto mode outer reqid <<<"$word"
		_outer "$outer"
		ab+=" $(_template "$mode" "$OA" "$OB" "$proto" "$reqid")"
		ba+=" $(_template "$mode" "$OB" "$OA" "$proto" "$reqid")"
	done
	_ends "$way" "$inner"
	_policies gw-a "$A" "$B" "$ab" "$ba" && _policies gw-b "$B" "$A" "$ba" "$ab"
}
_policies() {
	local node=$1 here=$2 there=$3 out=$4 in=$5 type
	{
		echo "xfrm policy add src $here dst $there dir out priority 10 if_id $KMOD_TAG $out"
		echo "xfrm policy add src $there dst $here dir in priority 10 $in"
		echo "xfrm policy add src $there dst $here dir fwd priority 10 $in"
		# (The core asks its IN policies about neighbour discovery too.)
		for type in 135 136; do
			echo "xfrm policy update src ::/0 dst ::/0 proto ipv6-icmp type $type dir in priority 1"
		done
	} | kmod_ip "$node"
}

# kmod_ping WAY INNER [ARGUMENT...]: from side a to side b.
kmod_ping() {
	local from=gw-a to
	case $1-$2 in
	local-v4) to=192.0.2.2 ;;
	local-v6) to=2001:db8::2 ;;
	forwarded-v4) from=host-a to=10.2.0.2 ;;
	forwarded-v6) from=host-a to=fd02::2 ;;
	esac
	in_ns $from ping -n -c 3 -i 0.1 -W 5 "${@:3}" "$to"
}

# kmod_flush: no SA, no policy; the module has no part of a bundle left.
kmod_flush() {
	local node
	for node in gw-a gw-b; do
		printf 'xfrm %s flush\n' policy state | kmod_ip $node || return
	done
	wait_until 10 _no_bundles
}
_no_bundles() {
	kmod_stat gw-a BundleElements && [ "$REPLY" = 0 ] && kmod_stat gw-a Policies && [ "$REPLY" = 0 ]
}
