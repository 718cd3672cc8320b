#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: setkey
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# setkey's scripts arrive in a real kernel: what -D and -DP print, letter by letter, what
# ip xfrm sees, what stays untouched after a mistake, and packets through every kind of SA.
load ../lab/words

setup_file() { topo_two_gateways; }

AES=0x00112233445566778899aabbccddeeff
GCM=${AES}01020304
SHA1=0x000102030405060708090a0b0c0d0e0f10111213
SHA256=0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

# script NODE [OPTION...]: the script on stdin; what setkey says into $output.
script() {
	run setkey "$1" "${@:2}" -f -
}

# loads NODE [OPTION...]: the script on stdin is done without a word.
loads() {
	script "$@"
	[ "$status" = 0 ] && [ -z "$output" ] || {
		echo "status $status: $output"
		return 1
	}
}

# shows NODE OPTION: exactly the text on stdin, where > is a tab, ~ a blank at the end of a
# line, and what changes from run to run (dates, ages, numbers of processes) is DATE or N.
shows() {
	local want got
	want=$(cat)
	got=$(setkey "$1" "$2" | sed -E '
		s/[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}/DATE/g
		s/\t/>/g; s/ $/~/; s/diff: [0-9]+/diff: N/; s/pid=[0-9]+/pid=N/g')
	[ "$want" = "$got" ] || {
		diff -u <(echo "$want") <(echo "$got")
		return 1
	}
}

# both SRC DST REQUEST [SELECTOR-SRC SELECTOR-DST]: policies for both directions into both
# gateways, together with the SAs on stdin.  In REQUEST, SRC-DST stands for the addresses.
both() {
	local src=${4:-$1} dst=${5:-$2} there=${3/SRC-DST/$1-$2} back=${3/SRC-DST/$2-$1} sas
	sas=$(cat)
	loads gw-a <<-END
		$sas
		spdadd $src $dst any -P out ipsec $there;
		spdadd $dst $src any -P in ipsec $back;
	END
	loads gw-b <<-END
		$sas
		spdadd $src $dst any -P in ipsec $there;
		spdadd $dst $src any -P out ipsec $back;
	END
}

# pair SRC DST PROTOCOL SPI REST: the SA and its opposite, whose SPI is one higher.
pair() {
	echo "add $1 $2 $3 $4 ${*:5};"
	echo "add $2 $1 $3 $(($4 + 1)) ${*:5};"
}

# protected CLASS FAMILY FROM TO: two pings and their answers, all of that class.
protected() {
	capture_start
	in_ns "$3" ping -q -c 2 -i 0.2 -W 2 "$4" >/dev/null
	capture_stop
	assert_wire "$1" "$2" -eq 4
	assert_wire clear -eq 0
}

#### what it prints

@test "empty tables say so and are no error" {
	shows gw-a -D <<<"No SAD entries."
	shows gw-a -DP <<<"No SPD entries."
}

@test "-D prints an SA of ESP as KAME did" {
	loads gw-a <<-END
		add 192.0.2.1 192.0.2.2 esp 0x12345678 -m tunnel -r 4 -u 16383 -lh 43200 -ls 34560
			-bh 1000 -bs 800 -E aes-cbc $AES -A hmac-sha1 $SHA1;
	END
	shows gw-a -D <<-END
		192.0.2.1 192.0.2.2~
		>esp mode=tunnel spi=305419896(0x12345678) reqid=16383(0x00003fff)
		>E: aes-cbc  00112233 44556677 8899aabb ccddeeff
		>A: hmac-sha1  00010203 04050607 08090a0b 0c0d0e0f 10111213
		>seq=0x00000000 replay=4 flags=0x00000000 state=mature~
		>created: DATE>current: DATE
		>diff: N(s)>hard: 43200(s)>soft: 34560(s)
		>last:                     >hard: 0(s)>soft: 0(s)
		>current: 0(bytes)>hard: 1000(bytes)>soft: 800(bytes)
		>allocated: 0>hard: 0>soft: 0
		>sadb_seq=0 pid=N refcnt=0
	END
}

@test "-DP prints policies as KAME did, and the copies for forwarded packets" {
	loads gw-a <<-END
		spdadd 192.0.2.0/24[any] 10.0.0.1[80] tcp -P out prio def + 10 ipsec
			esp/tunnel/192.0.2.1-192.0.2.2/unique:7 ah/transport//use;
		spdadd fd01::/64 fd02::/64 any -P in ipsec esp/tunnel/2001:db8::1-2001:db8::2/unique:8;
		spdadd ::/0 ::/0 icmp6 135,0 -P out prio high - 1 none;
	END
	shows gw-a -DP <<-END
		::/0 ::/0 ipv6-icmp 135,0
		>out prio high - 1 none
		>created: DATE  lastused:                    ~
		>lifetime: 0(s) validtime: 0(s)
		>spid=N seq=1 pid=N
		>refcnt=1
		fd01::/64[any] fd02::/64[any] 255
		>fwd prio def ipsec
		>esp/tunnel/2001:db8::1-2001:db8::2/require
		>created: DATE  lastused:                    ~
		>lifetime: 0(s) validtime: 0(s)
		>spid=N seq=2 pid=N
		>refcnt=1
		fd01::/64[any] fd02::/64[any] 255
		>in prio def ipsec
		>esp/tunnel/2001:db8::1-2001:db8::2/unique:8
		>created: DATE  lastused:                    ~
		>lifetime: 0(s) validtime: 0(s)
		>spid=N seq=3 pid=N
		>refcnt=1
		192.0.2.0/24[any] 10.0.0.1[80] tcp
		>out prio def + 10 ipsec
		>esp/tunnel/192.0.2.1-192.0.2.2/unique:7
		>ah/transport//use
		>created: DATE  lastused:                    ~
		>lifetime: 0(s) validtime: 0(s)
		>spid=N seq=0 pid=N
		>refcnt=1
	END
}

@test "AH, ESP in UDP, AEAD, null and IPv6 SAs look the same to setkey and to ip xfrm" {
	loads gw-a <<-END
		add 192.0.2.1 192.0.2.2 ah 0x300 -m transport -A hmac-sha256 $SHA256;
		add 2001:db8::1 2001:db8::2 esp 0x400 -r 64 -E aes-gcm-16 $GCM;
		add 192.0.2.1[4500] 192.0.2.2[14500] esp-udp 0x500 -m tunnel -E null -A hmac-sha1 $SHA1;
	END
	sad gw-a
	[ ${#SAD[@]} = 3 ]
	assert_sad gw-a ah 192.0.2.1 192.0.2.2 "spi 0x00000300" "auth-trunc hmac(sha256) $SHA256 128"
	assert_sad gw-a esp 2001:db8::1 2001:db8::2 "replay_window 64" "aead rfc4106(gcm(aes)) $GCM 128"
	assert_sad gw-a esp 192.0.2.1 192.0.2.2 "mode tunnel" "type espinudp sport 4500 dport 14500" \
		"enc ecb(cipher_null)"
	run setkey gw-a -D
	[[ $output == *$'192.0.2.1[4500] 192.0.2.2[14500] \n\tesp-udp mode=tunnel spi=1280('* ]]
	[[ $output == *$'\tA: hmac-sha256  00010203 '* ]]
}

@test "get, delete, deleteall and flush touch what they name" {
	script gw-a <<-END
		$(pair 192.0.2.1 192.0.2.2 esp 0x300 -E null)
		$(pair 192.0.2.1 192.0.2.2 ah 0x300 -A hmac-sha1 $SHA1)
		add 192.0.2.1 192.0.2.2 esp 0x400 -E null;
		delete 192.0.2.2 192.0.2.1 esp 0x301;
		deleteall 192.0.2.1 192.0.2.2 esp;
		get 192.0.2.1 192.0.2.2 ah 0x300;
		dump esp;
		flush ah;
		dump;
	END
	[ "$status" = 0 ]
	[[ ${lines[0]} == "192.0.2.1 192.0.2.2 " && ${lines[1]} == *"ah mode=transport spi=768("* ]]
	[ "${lines[*]: -2}" = "No SAD entries. No SAD entries." ]
	assert_no_sas gw-a
}

#### policies for forwarded packets

@test "in policies come and go with their copies, with -k without" {
	loads gw-a <<<"spdadd 10.2.0.0/24 10.1.0.0/24 any -P in none;"
	run setkey gw-a -DP
	[[ $output == *$'\tfwd prio def none'*$'\tin prio def none'* ]]
	loads gw-a <<<"spddelete 10.2.0.0/24 10.1.0.0/24 any -P in;"
	assert_no_policies gw-a
	loads gw-a -k <<<"spdadd 10.2.0.0/24 10.1.0.0/24 any -P in none;"
	run setkey gw-a -DP
	[[ $output != *fwd* ]]
	loads gw-a <<<"spddelete 10.2.0.0/24 10.1.0.0/24 any -P in;"
	assert_no_policies gw-a
}

@test "a script may have its own fwd policy" {
	loads gw-a <<-END
		spdadd 10.2.0.0/24 10.1.0.0/24 any -P in none;
		spdadd 10.2.0.0/24 10.1.0.0/24 any -P fwd discard;
	END
	run setkey gw-a -DP
	[[ $output == *$'\tfwd prio def discard'* && $output != *$'\tfwd prio def none'* ]]
}

#### what goes wrong

@test "a mistake in the last line: its place, and nothing is done" {
	script gw-a <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -E null;
		spdadd ::/0 ::/0 any -P in none;
		spdadd ::/0 ::/0 any -P in ipsec esp/tunel//use;
	END
	[ "$status" = 1 ]
	[[ $output == stdin:3:38:\ tunel:\ * ]]
	assert_no_sas gw-a
	assert_no_policies gw-a
}

@test "what the kernel refuses is named with its line, the rest is done" {
	script gw-a <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -E null;
		add 192.0.2.1 192.0.2.2 esp 0x300 -E null;
		delete 192.0.2.1 192.0.2.2 esp 0x999;
		spddelete ::/0 ::/0 any -P in;
		add 192.0.2.1 192.0.2.2 esp 0x301 -E null;
	END
	[ "$status" = 1 ]
	[ ${#lines[@]} = 3 ]
	[[ ${lines[0]} == "stdin:2:1: add 192.0.2.1 192.0.2.2 esp 0x00000300: File exists"* ]]
	[ "${lines[1]}" = "stdin:3:1: delete 192.0.2.1 192.0.2.2 esp 0x00000999: No entry" ]
	[ "${lines[2]}" = "stdin:4:1: spddelete ::/0 ::/0 any -P in: No entry" ]
	sad gw-a
	[ ${#SAD[@]} = 2 ]
}

@test "-c goes on after a mistake and ends at exit, with status 1" {
	run setkey gw-a -c <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -E nul;
		add 192.0.2.1 192.0.2.2
			esp 0x301 -E null; dump; flush; dump;
		exit
		add 192.0.2.1 192.0.2.2 esp 0x302 -E null;
	END
	[ "$status" = 1 ]
	[ "${lines[0]}" = "stdin:1:38: nul: no such encryption algorithm (did you mean null?)" ]
	[[ ${lines[2]} == *"spi=769(0x00000301)"* && ${lines[-1]} == "No SAD entries." ]]
	assert_no_sas gw-a
}

@test "-n checks and does nothing; options that cannot be had say so" {
	loads gw-a -n <<<"add 192.0.2.1 192.0.2.2 esp 0x300 -E null;"
	assert_no_sas gw-a
	run ! setkey gw-a -D -H
	[[ $output == "setkey: -H: goes with -x, without --json" ]]
	run ! setkey gw-a -D -F
	[ "$output" = "setkey: only one of -c, -D, -F, -f, -x and --status can be given" ]
	run ! setkey gw-a -f /nosuch
	[ "$output" = "setkey: /nosuch: No such file or directory" ]
}

@test "-F and -FP empty the tables" {
	loads gw-a <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -E null;
		spdadd ::/0 ::/0 any -P out none;
	END
	setkey gw-a -F
	assert_no_sas gw-a
	setkey gw-a -FP
	assert_no_policies gw-a
}

#### many

@test "a thousand SAs and a thousand policies from one file" {
	local file=$BATS_TEST_TMPDIR/many i
	for ((i = 0; i < 1000; i++)); do
		echo "add 192.0.2.1 192.0.2.2 esp $((1000 + i)) -u $((i + 1)) -E aes-gcm-16 $GCM;"
	done >"$file"
	for ((i = 0; i < 1000; i++)); do
		echo "spdadd 10.1.$((i / 250)).$((i % 250)) 10.2.0.0/16 any -P out ipsec"
		echo "	esp/tunnel/192.0.2.1-192.0.2.2/unique:$((i + 1));"
	done >>"$file"
	run -0 setkey gw-a -f "$file"
	[ "$output" = "" ]
	run setkey gw-a -D
	[ "$(grep -c '^.esp mode=' <<<"$output")" = 1000 ]
	[[ $output == *"sadb_seq=999 pid="* && ${lines[-1]} == *"sadb_seq=0 pid="* ]]
	run setkey gw-a -DP
	[ "$(grep -c '/unique:' <<<"$output")" = 1000 ]
	run -1 setkey gw-a -f "$file"
	[ ${#lines[@]} = 2000 ]
	[[ ${lines[-1]} == "$file:2999:1: spdadd 10.1.3.249/32 10.2.0.0/16 any -P out: File exists"* ]]
}

#### packets

@test "transport mode, IPv4: AES-GCM" {
	pair 192.0.2.1 192.0.2.2 esp 0x300 -E aes-gcm-16 $GCM | both 192.0.2.1 192.0.2.2 esp/transport//require
	protected esp v4 gw-a 192.0.2.2
}

@test "transport mode, IPv6: AES-CBC with HMAC-SHA-256, neighbour discovery in the clear" {
	{
		pair 2001:db8::1 2001:db8::2 esp 0x300 -E aes-cbc $AES -A hmac-sha2-256 $SHA256
		printf 'spdadd ::/0 ::/0 icmp6 %d,0 -P %s prio high none;\n' 135 in 135 out 136 in 136 out
	} | both 2001:db8::1 2001:db8::2 esp/transport//require
	protected esp v6 gw-a 2001:db8::2
}

@test "tunnel mode: null encryption with HMAC-SHA-1, hosts behind, IPv4 in IPv6" {
	pair 2001:db8::1 2001:db8::2 esp 0x300 -m tunnel -E null -A hmac-sha1 $SHA1 |
		both 2001:db8::1 2001:db8::2 esp/tunnel/SRC-DST/require 10.1.0.0/24 10.2.0.0/24
	protected esp v6 host-a 10.2.0.2
}

@test "tunnel mode: AES-CTR with HMAC-SHA-1 and its own reqid, hosts behind, IPv6 in IPv4" {
	pair 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -u 5 -E aes-ctr ${AES}01020304 -A hmac-sha1 $SHA1 |
		both 192.0.2.1 192.0.2.2 esp/tunnel/SRC-DST/unique:5 fd01::/64 fd02::/64
	protected esp v4 host-a fd02::2
}

@test "AH in transport mode, IPv4 and IPv6" {
	pair 192.0.2.1 192.0.2.2 ah 0x300 -A hmac-sha256 $SHA256 |
		both 192.0.2.1 192.0.2.2 ah/transport//require
	protected ah v4 gw-a 192.0.2.2
	pair 2001:db8::1 2001:db8::2 ah 0x300 -A hmac-sha1 $SHA1 |
		both 2001:db8::1 2001:db8::2 ah/transport//require
	protected ah v6 gw-b 2001:db8::1
}

@test "AH around ESP: two SAs for one policy" {
	{
		pair 192.0.2.1 192.0.2.2 esp 0x300 -E aes-cbc $AES
		pair 192.0.2.1 192.0.2.2 ah 0x300 -A hmac-sha1 $SHA1
	} | both 192.0.2.1 192.0.2.2 "esp/transport//require ah/transport//require"
	protected ah v4 gw-a 192.0.2.2
}
