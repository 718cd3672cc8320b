#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: setkey
#
#   gw-a ======== wan ======== gw-b
#     192.0.2.1       192.0.2.2
#
# What Linux has and PF_KEY has no words for: setkey says it, the kernel takes it, ip xfrm sees it,
# and a file in this syntax is the same as what the kernel then has.
load ../lab/words

setup_file() { topo_two_gateways; }

AES=0x00112233445566778899aabbccddeeff
GCM=${AES}01020304
SHA1=0x000102030405060708090a0b0c0d0e0f10111213
SHA256=0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

# loads NODE [OPTION...]: the script on stdin is done without a word.
loads() {
	run setkey "$1" "${@:2}" -f -
	[ "$status" = 0 ] && [ -z "$output" ] || {
		echo "status $status: $output"
		return 1
	}
}

sas() {
	cat <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -r 128 -esn -tfc 200 -if_id 7 -mark 0x1/0xff
			-output_mark 0x2/0xff -E aes-gcm-16 $GCM -icv 96;
		add 192.0.2.1 192.0.2.2 esp 0x301 -m beet -sel 10.1.0.1 10.2.0.0/24[80] tcp -dev lo
			-E aes-cbc $AES -A hmac-sha256 $SHA256 -icv 96;
		add 192.0.2.1 192.0.2.2 ah 0x302 -lh 100 -ls 90 -uh 80 -us 70 -bh 60 -bs 50 -ph 40 -ps 30
			-f noecn -f decap-dscp -f nopmtudisc -f icmp -f wildrecv -f align4
			-f dont-encap-dscp -f oseq-may-wrap -A "hmac(sha1)" 0x0011 -icv 160;
		add 2001:db8::1 2001:db8::2 esp 0x303 -m tunnel -f no-af-unspec -E null -A hmac-sha1 $SHA1;
		add 192.0.2.1[4500] 192.0.2.2[4500] esp-udp 0x304 -encap udp -E chacha20-poly1305
			${AES}${AES#0x}01020304;
	END
}

policies() {
	cat <<-END
		spdadd 10.1.0.0/16 10.2.0.0/16 any -if_id 7 -mark 0x1/0xff -dev lo -f localok -f icmp
			-lh 600 -ls 500 -uh 400 -us 300 -P out prio 5 ipsec
			esp/tunnel/192.0.2.1-192.0.2.2/require:7,spi=0x300 ah/transport//use:9;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -if_id 8 -P out ipsec
			esp/beet/2001:db8::1-2001:db8::2/unique#70000 ah/transport//require;
		spdadd 10.2.0.0/16[80/0xfff0] 10.1.0.0/16 tcp -P in none;
		spdadd 10.2.0.0/16 10.1.0.0/16 icmp 8/0xf8 -P in none;
		spdadd 10.2.0.0/16 10.1.0.0/16 gre 1.2.0.0/0xffff0000 -P in none;
	END
}

@test "SAs and policies that PF_KEY has no words for are in the kernel as the script has them" {
	{
		sas
		policies
	} >"$BATS_TEST_TMPDIR/want"
	run -0 setkey gw-a -f "$BATS_TEST_TMPDIR/want"
	[ "$output" = "" ]
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "spi 0x00000300" "flag af-unspec esn" \
		"mark 0x1/0xff output-mark 0x2/0xff" "aead rfc4106(gcm(aes)) $GCM 96" \
		"replay_window 128" "if_id 0x7" "tfcpad 200"
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "spi 0x00000301" "mode beet" "hmac(sha256) $SHA256 96" \
		"sel src 10.1.0.1/32 dst 10.2.0.0/24 proto tcp dport 80 dev lo"
	assert_sad gw-a ah 192.0.2.1 192.0.2.2 "flag noecn decap-dscp nopmtudisc wildrecv icmp align4" \
		"auth-trunc hmac(sha1) 0x0011 160"
	run -0 setkey gw-a --diff -f "$BATS_TEST_TMPDIR/want"
	[ "$output" = "" ]
	run -0 in_ns gw-a ip xfrm policy
	[[ $output == *"flag localok,icmp"* || $output == *"flag localok icmp"* ]]
	[[ $output == *"if_id 0x8"* && $output == *"mode beet"* && $output == *"reqid 70000"* ]]
}

@test "-D and -DP say it in one line more" {
	sas | loads gw-a
	policies | loads gw-a
	run -0 setkey gw-a -D
	[[ $output == *$'\textra: esn if_id=7(0x00000007) mark=0x1/0xff output-mark=0x2/0xff tfc-pad=200\n'* ]]
	[[ $output == *$'\textra: icv=96 sel=10.1.0.1[any]-10.2.0.0/24[80]/6 ifindex=1\n'* ]]
	[[ $output == *$'\textra: icmp wildrecv align4 dont-encap-dscp oseq-may-wrap icv=160\n'* ]]
	run -0 setkey gw-a -DP
	[[ $output == *$'\tah/transport//use:9\n'* ]]
	[[ $output == *$'\textra: localok icmp if_id=7(0x00000007) mark=0x1/0xff ifindex=1 ls=500 us=300 spi.1=0x00000300\n'* ]]
	[[ $output == *$'\tesp/beet/2001:db8::1-2001:db8::2/unique#70000\n'* ]]
}

@test "what only differs in a mark or an interface id is another entry" {
	loads gw-a <<-END
		spdadd ::/0 ::/0 any -P in none;
		spdadd ::/0 ::/0 any -if_id 1 -P in none;
		spdadd ::/0 ::/0 any -mark 1 -P in none;
		spdadd ::/0 ::/0 any -mark 1 -P fwd discard;
		add 192.0.2.1 192.0.2.2 esp 0x300 -mark 0x1 -E null;
		add 192.0.2.1 192.0.2.2 esp 0x300 -mark 0x2 -E null;
	END
	run -0 setkey gw-a -DP
	[ "$(grep -c 'spid=' <<<"$output")" = 6 ]
	[ "$(grep -c 'fwd prio def none' <<<"$output")" = 2 ]
	loads gw-a <<-END
		spddelete ::/0 ::/0 any -if_id 1 -P in;
		delete 192.0.2.1 192.0.2.2 esp 0x300 -mark 0x2;
	END
	run -0 setkey gw-a -DP
	[[ $output != *if_id* ]]
	sad gw-a
	[ ${#SAD[@]} = 1 ]
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mark 0x1/0xffffffff"
}

@test "getspi: the kernel's choice is a larval SA, of which update makes a real one" {
	local spi
	run -0 setkey gw-a -f - <<<"getspi 192.0.2.2 192.0.2.1 esp 0 -m tunnel -u 7;"
	[[ $output == *$'\tesp mode=tunnel spi='*$' reqid=7(0x00000007)\n'*" state=larval "* ]]
	spi=$(sed -n 's/.*spi=[0-9]*(\(0x[0-9a-f]*\)).*/\1/p' <<<"$output")
	((spi >= 0x100 && spi <= 0x0fffffff))
	loads gw-a <<<"update 192.0.2.2 192.0.2.1 esp $spi -m tunnel -u 7 -E aes-gcm-16 $GCM;"
	run -0 setkey gw-a -D
	[[ $output == *" state=mature "* && $output != *larval* ]]
	run -1 setkey gw-a -f - <<<"getspi 192.0.2.2 192.0.2.1 esp $spi;"
	[[ $output == "stdin:1:1: getspi 192.0.2.2 192.0.2.1 esp $spi: "* ]]
	run -0 setkey gw-a -f - <<<"getspi 192.0.2.2 192.0.2.1 ipcomp 0; flush;"
	[[ $output == *$'\tipcomp mode=transport spi='* ]]
}

@test "getspi is taken back with the rest of a script that must go whole" {
	run -1 setkey gw-a --atomic -f - <<<"getspi 192.0.2.2 192.0.2.1 esp 0x300; delete 192.0.2.1 192.0.2.2 esp 0x999;"
	assert_no_sas gw-a
}

#### PF_KEY

# over TRANSPORT [OPTION...]: setkey on gw-a by that way, the script on stdin.
over() {
	run in_ns gw-a env LIBPFKEY_TRANSPORT="$1" "$LAB_BUILD/tools/setkey" "${@:2}" -f -
}

@test "HMAC-SHA-256 is cut to 128 bits, or to 96 where the script says so, never silently" {
	local transport ah="add 192.0.2.1 192.0.2.2 ah 0x300 -A hmac-sha256 $SHA256"
	modprobe af_key
	over netlink <<<"$ah;"
	[ "$status$output" = 0 ]
	assert_sad gw-a ah 192.0.2.1 192.0.2.2 "auth-trunc hmac(sha256) $SHA256 128"
	over pfkey <<<"$ah;"
	[ "$status" = 1 ]
	[[ $output == "stdin:1:1: add 192.0.2.1 192.0.2.2 ah 0x00000300: "*"PF_KEY cannot carry the length of the authentication code" ]]
	for transport in netlink pfkey; do
		over $transport <<<"flush; $ah -icv 96;"
		[ "$status$output" = 0 ]
		assert_sad gw-a ah 192.0.2.1 192.0.2.2 "auth-trunc hmac(sha256) $SHA256 96"
		over $transport --diff <<<"$ah -icv 96;"
		[ "$status$output" = 0 ]
	done
}

@test "a tunnel over PF_KEY is what the script says" {
	local esp="add 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -u 5 -E aes-cbc $AES -A hmac-sha1 $SHA1;"
	modprobe af_key
	over pfkey <<<"$esp"
	[ "$status$output" = 0 ]
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "reqid 5 mode tunnel"
	over pfkey --diff <<<"$esp"
	[ "$status$output" = 0 ]
	over pfkey <<<"getspi 192.0.2.2 192.0.2.1 esp 0 -m tunnel -u 7;"
	[ "$status" = 0 ]
	[[ $output == *" state=larval "* ]]
}

@test "over PF_KEY what it has no words for is refused with the reason and the place" {
	local option
	modprobe af_key
	for option in "-mark 1" "-if_id 1" "-esn -r 32" "-r 64" "-output_mark 1" "-f icmp" "-sel 10.0.0.0/8 10.0.0.0/8 tcp"; do
		over pfkey <<<"add 192.0.2.1 192.0.2.2 esp 0x300 $option -E null;"
		[ "$status" = 1 ]
		[[ $output == "stdin:1:1: add 192.0.2.1 192.0.2.2 esp 0x00000300: Operation not supported: PF_KEY cannot carry "* ]]
	done
	assert_no_sas gw-a
}
