#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: setkey
#
#   gw-a ======== wan ======== gw-b
#     192.0.2.1       192.0.2.2
#
# What ip has set is shown by ip, becomes a script, and that script makes the same again.
load ../lab/words

setup_file() { topo_two_gateways; }

AES=0x000102030405060708090a0b0c0d0e0f
SHA1=${AES}10111213
SHA256=${AES}101112131415161718191a1b1c1d1e1f

ipx() { in_ns gw-a ip xfrm "$@"; }

# Without what changes by itself: times, counters, and the indexes that the kernel chooses.
shown() {
	in_ns gw-a ip -s xfrm state |
		sed -e '/^\tlifetime current:/,+2d' -e '/^\tstats:/,+1d'
	in_ns gw-a ip -s xfrm policy |
		sed -e '/^\tlifetime current:/,+2d' -e 's/ index [0-9]*//'
}

# converts N: what ip shows becomes a script without a complaint; loaded, ip shows its N
# entries again.
converts() {
	local script=$BATS_TEST_TMPDIR/script
	shown >"$BATS_TEST_TMPDIR/before"
	[ "$(grep -c ^src "$BATS_TEST_TMPDIR/before")" = "$1" ]
	in_ns gw-a ip -s xfrm state >"$BATS_TEST_TMPDIR/state"
	in_ns gw-a ip -s xfrm policy >"$BATS_TEST_TMPDIR/policy"
	setkey gw-a --from-ip-xfrm "$BATS_TEST_TMPDIR/state" "$BATS_TEST_TMPDIR/policy" >"$script" || {
		cat "$script"
		return 1
	}
	ipx state flush
	ipx policy flush
	setkey gw-a -k --atomic -f "$script"
	diff -u "$BATS_TEST_TMPDIR/before" <(shown)
}

# esp SPI WORDS...
esp() {
	local spi=$1
	shift
	ipx state add src 192.0.2.1 dst 192.0.2.2 proto esp spi "$spi" "$@"
}

@test "ip's SAs come back: algorithms and windows" {
	local cbc=(enc 'cbc(aes)' "$AES")
	esp 0x1001 mode tunnel reqid 5 "${cbc[@]}" auth 'hmac(sha1)' $SHA1
	esp 0x1002 mode transport "${cbc[@]}" auth-trunc 'hmac(sha256)' $SHA256 96 replay-window 32
	esp 0x1003 mode transport "${cbc[@]}" auth-trunc 'hmac(sha256)' $SHA256 128 replay-window 4
	esp 0x1004 mode transport enc 'ecb(cipher_null)' "" auth 'digest_null' ""
	esp 0x1005 mode transport aead 'rfc4106(gcm(aes))' $SHA1 96
	esp 0x1006 mode transport aead 'rfc4106(gcm(aes))' $SHA1 128 replay-window 64 flag esn
	esp 0x1007 mode transport aead 'rfc7539esp(chacha20,poly1305)' ${SHA256}20212223 128
	esp 0x1008 mode transport enc 'rfc3686(ctr(aes))' $SHA1 replay-window 2000
	esp 0x1009 mode transport enc 'cbc(des3_ede)' ${AES}1011121314151617
	ipx state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 0x100a mode beet "${cbc[@]}"
	ipx state add src 192.0.2.1 dst 192.0.2.2 proto ah spi 0x100b mode tunnel auth 'hmac(sha1)' $SHA1
	ipx state add src 192.0.2.1 dst 192.0.2.2 proto comp spi 0x33 mode transport comp deflate
	converts 12
}

@test "ip's SAs come back: flags, marks, selectors, limits, encapsulation" {
	local cbc=(enc 'cbc(aes)' "$AES") sel=(sel src 10.0.0.0/8 dst 10.1.0.0/16)
	esp 0x1001 mode transport "${cbc[@]}" flag noecn decap-dscp nopmtudisc icmp align4
	esp 0x1002 mode tunnel "${cbc[@]}" flag af-unspec wildrecv extra-flag dont-encap-dscp \
		extra-flag oseq-may-wrap
	esp 0x1003 mode tunnel "${cbc[@]}" encap espinudp 4500 4500 0.0.0.0 mark 0x5 mask 0xff if_id 7 \
		output-mark 0x9 mask 0xffff
	esp 0x1004 mode tunnel "${cbc[@]}" encap espinudp 4501 4502 10.1.2.3 output-mark 0x9 \
		if_id 300 mark 6 tfcpad 100
	esp 0x1005 mode transport "${cbc[@]}" "${sel[@]}" proto tcp sport 80 dport 81 dev lo
	esp 0x1006 mode transport "${cbc[@]}" "${sel[@]}" proto icmp type 8 code 0
	esp 0x1007 mode tunnel "${cbc[@]}" sel src 2001:db8:1::/48 dst 2001:db8:2::/48 proto gre key 5
	esp 0x1008 mode tunnel "${cbc[@]}" "${sel[@]}" proto sctp sport 7
	esp 0x1009 mode transport "${cbc[@]}" limit time-soft 1000 limit time-hard 2000 \
		limit time-use-soft 3000 limit time-use-hard 4000 limit byte-soft 1000 \
		limit byte-hard 20000000000 limit packet-soft 3 limit packet-hard 4
	esp 0x100a mode transport "${cbc[@]}" ctx system_u:object_r:ipsec_spd_t:s0
	converts 10
}

@test "ip's policies come back" {
	local out=(dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp)
	ipx policy add src 10.0.0.0/8 dst 10.1.0.0/16 "${out[@]}" mode tunnel reqid 5
	ipx policy add src 10.0.0.0/8 dst 10.1.0.0/16 dir in priority 100 \
		tmpl proto esp spi 0x77 mode transport level use tmpl proto ah mode transport reqid 20000
	ipx policy add src 10.0.0.0/8 dst 10.3.0.0/16 dir in action block priority 7 flag localok icmp
	ipx policy add src 10.0.0.0/8 dst 10.4.0.0/16 proto tcp sport 80 dport 1000 dev lo dir fwd \
		mark 5 mask 7 if_id 9 tmpl src 192.0.2.1 dst 192.0.2.2 proto comp mode tunnel level use \
		tmpl proto esp mode transport
	ipx policy add src ::/0 dst 2001:db8::/32 proto ipv6-icmp type 128 dir in ptype main \
		tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode beet
	ipx policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in limit time-hard 1000 limit time-use-hard 2000 \
		limit byte-soft 9
	ipx policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto gre key 1.2.3.4 dir out priority 4294967295
	ipx policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto 77 dir out priority 2147483648
	# The same selector with another priority is another policy; which came first matters.
	ipx policy add src 10.0.0.0/8 dst 10.1.0.0/16 dir out priority 1 if_id 3
	ipx policy add src 10.0.0.0/8 dst 10.1.0.0/16 dir out action block priority 1 if_id 4
	converts 10
}

@test "what setkey cannot say is told with its line, the rest is converted" {
	esp 0x1001 mode tunnel enc 'ecb(cipher_null)' ""
	ipx state add src 2001:db8::1 dst 2001:db8::2 proto hao mode ro coa 2001:db8::7
	ipx state allocspi src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel reqid 3 min 0x5000 max 0x5010
	in_ns gw-a ip -s xfrm state >"$BATS_TEST_TMPDIR/state"
	run -1 --separate-stderr setkey gw-a --from-ip-xfrm <"$BATS_TEST_TMPDIR/state"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == stdin:[0-9]*":1: setkey has no SAs of Mobile IPv6" ]]
	[[ $output == *"add 192.0.2.1 192.0.2.2 esp 0x00001001 "* ]]
	[[ $output == *": left out: setkey has no SAs of Mobile IPv6"* ]]
	[[ $output == *": a larval SA"* ]]
	[ "$(grep -c '^add' <<<"$output")" = 1 ]
	run -1 setkey gw-a --from-ip-xfrm /nosuch
	[ "$output" = "setkey: /nosuch: No such file or directory" ]
}
