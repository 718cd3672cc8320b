# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# tables.bash - big tables as scripts for setkey and for "ip -batch", and what it costs to
# load and to show them.  For tests/bench/setkey and the lab tests, in a place of the lab.

BENCH_BUILD=${LAB_BUILD:-build/release}
SETKEY=$BENCH_BUILD/tools/setkey

# table KIND N DIR: writes DIR/setkey and DIR/ip, which add the same N entries.
#   host      policies between hosts (/32)
#   net       policies to networks of one size (/28)
#   sa        SAs of ESP in tunnel mode to N peers, all with one reqid
#   sa-count  the same, reqids and addresses counting up together
table() {
	awk -v kind="$1" -v n="$2" -v dir="$3" '
		function address(bits, k) {
			return sprintf("%d.%d.%d.%d", 10 + int(k / 16777216), int(k / 65536) % 256,
				int(k / 256) % 256, k % 256)
		}
		function policy(dst) {
			print "spdadd 192.0.2.1 " dst " any -P out ipsec" \
				" esp/tunnel/192.0.2.1-192.0.2.2/unique:7;" >ours
			print "xfrm policy add src 192.0.2.1/32 dst " dst " dir out priority 2147483648" \
				" tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel reqid 7" >theirs
		}
		function sa(dst, spi, reqid) {
			print "add 192.0.2.1 " dst " esp " spi " -m tunnel -u " reqid \
				" -E aes-cbc " aes " -A hmac-sha1 " sha ";" >ours
			print "xfrm state add src 192.0.2.1 dst " dst " proto esp spi " spi \
				" mode tunnel reqid " reqid " enc cbc(aes) " aes " auth hmac(sha1) " sha >theirs
		}
		BEGIN {
			ours = dir "/setkey"
			theirs = dir "/ip"
			aes = "0x00112233445566778899aabbccddeeff"
			sha = "0x000102030405060708090a0b0c0d0e0f10111213"
			for (k = 0; k < n; k++)
				if (kind == "host")
					policy(address(32, k) "/32")
				else if (kind == "net")
					policy(address(28, 16 * k) "/28")
				else
					sa(address(32, k), 4096 + k, kind == "sa" ? 7 : k + 1)
		}'
}

# ip_of KIND: "policy" or "state", as ip xfrm calls the table, into REPLY.
ip_of() { case $1 in sa*) REPLY=state ;; *) REPLY=policy ;; esac; }

# spend COMMAND...: runs it quietly and sets CPU_MS and RSS_KB to what it cost; with
# BENCH_CLOCK the guest's time as its host sees it (tests/bench/guest-clock).
spend() {
	local file=/run/lab/spent.$$ rc=0
	mkdir -p /run/lab && : >"$file"
	BENCH_CLOCK=${BENCH_CLOCK:+$LAB_OUT} _spend "$file" "$@" || rc=$?
	read -r CPU_MS RSS_KB <"$file"
	export CPU_MS RSS_KB
	return $rc
}
_spend() {
	[ -n "$BENCH_CLOCK" ] || unset BENCH_CLOCK
	"$BENCH_BUILD/tests/bench/spend" "$@"
}

# The four things that are compared, with the files of table in DIR.
setkey_load() { spend "$SETKEY" -f "$2/setkey"; }
setkey_show() { case $1 in sa*) spend "$SETKEY" -D ;; *) spend "$SETKEY" -DP ;; esac; }
# (ip keeps something of each line in memory, which a guest has not enough of for all.)
ip_load() {
	spend sh -c 'split -l 25000 "$1/ip" "$1/part." && for part in "$1"/part.*; do
			ip -batch "$part" || exit
		done' sh "$2" && rm "$2"/part.*
}
ip_show() { ip_of "$1" && spend ip xfrm "$REPLY"; }

# empty KIND: the table has no entries any more.
empty() { ip_of "$1" && ip xfrm "$REPLY" flush; }

# holds KIND N: it has exactly N entries.
holds() {
	ip_of "$1"
	case $REPLY in
	state) [[ $(ip xfrm state count) == *"SAD count $2"* ]] ;;
	*) [[ $(ip xfrm policy count) == *" OUT $2 "* ]] ;;
	esac || {
		echo "the table of $1 does not hold $2: $(ip xfrm "$REPLY" count)"
		return 1
	}
}
