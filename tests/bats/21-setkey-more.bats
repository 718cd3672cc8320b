#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: setkey
#
#   gw-a ======== wan ======== gw-b
#     192.0.2.1       192.0.2.2
#
# What setkey does beyond the original: it checks without privilege, applies all or nothing,
# compares the kernel with a file and makes it equal, watches, and speaks JSON.
load ../lab/words

setup_file() { topo_two_gateways; }

GCM=0x00112233445566778899aabbccddeeff01020304
SHA1=0x000102030405060708090a0b0c0d0e0f10111213

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

# unprivileged ARGUMENT...: setkey as nobody.
unprivileged() {
	in_ns gw-a setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
		"$LAB_BUILD/tools/setkey" "$@"
}

#### checking, exit codes

@test "a script is checked without privilege, and its mistakes come before the missing permission" {
	run -0 unprivileged --check -f - <<<"add 192.0.2.1 192.0.2.2 esp 0x300 -E null;"
	[ "$output" = "" ]
	run -1 unprivileged --check -f - <<<"add 192.0.2.1 192.0.2.2 esp 0x300 -E nul;"
	[ "$output" = "stdin:1:38: nul: no such encryption algorithm (did you mean null?)" ]
	run -1 unprivileged -f - <<<"flush 1;"
	[[ $output == "stdin:1:7: 1: no such protocol"* ]]
	run -1 unprivileged -f - <<<"flush;"
	[ "$output" = "setkey: no permission: root or CAP_NET_ADMIN is needed" ]
	assert_no_sas gw-a
}

@test "--compat gives the exit codes of older setkeys" {
	local wrong="delete 192.0.2.1 192.0.2.2 esp 0x999;"
	run -1 setkey gw-a -f - <<<"$wrong"
	run -0 setkey gw-a --compat -f - <<<"$wrong"
	[[ $output == *": No entry" ]]
	run -1 setkey gw-a --compat -f - <<<"nonsense;"
	run -0 setkey gw-a --compat -c <<<"nonsense;"
	run -1 setkey gw-a -c <<<"nonsense;"
	run -1 setkey gw-a --compat -V
	run -0 setkey gw-a -V
	run -1 setkey gw-a --compat
}

#### all or nothing

# tables NODE: SAD and SPD, an entry in a line, without what changes by itself.
tables() {
	{
		setkey "$1" -D
		setkey "$1" -DP
	} | sed -E '/created:|diff:|last:/d; s/(sadb_|spid|pid|seq)=.*//' |
		sed -E ':a; N; $!ba; s/\n\t/ /g' | sort
}

@test "--atomic: after an error everything is as it was" {
	local before
	loads gw-a <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -u 7 -r 64 -lh 3600 -E aes-gcm-16 $GCM;
		add 192.0.2.2 192.0.2.1 ah 0x301 -A hmac-sha1 $SHA1;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -P out prio high ipsec
			esp/tunnel/192.0.2.1-192.0.2.2/unique:7;
		spdadd 10.1.0.0/16 10.2.0.0/17 tcp -P in none;
	END
	before=$(tables gw-a)
	script gw-a --atomic <<-END
		add 192.0.2.1 192.0.2.2 esp 0x302 -E null;
		update 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -lh 100 -E aes-gcm-16 $GCM;
		spdupdate 10.1.0.0/16 10.2.0.0/16 any -P out discard;
		spddelete 10.1.0.0/16 10.2.0.0/17 tcp -P in;
		flush;
		spdflush;
		add 192.0.2.1 192.0.2.2 esp 0x303 -E null;
		spdadd ::/0 ::/0 any -P in none;
		delete 192.0.2.1 192.0.2.2 esp 0x999;
	END
	[ "$status" = 1 ]
	[ "${lines[0]}" = "stdin:9:1: delete 192.0.2.1 192.0.2.2 esp 0x00000999: No entry" ]
	[ "${lines[1]}" = "stdin: nothing is changed: what was done is undone" ]
	[ ${#lines[@]} = 2 ]
	diff -u <(echo "$before") <(tables gw-a)
}

@test "--atomic: a script without errors is applied" {
	loads gw-a --atomic <<-END
		flush;
		spdflush;
		add 192.0.2.1 192.0.2.2 esp 0x300 -E null;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -P in none;
	END
	sad gw-a
	[ ${#SAD[@]} = 1 ]
	run setkey gw-a -DP
	[ "$(grep -c spid= <<<"$output")" = 2 ]
}

#### the kernel and a file

# everything: one of each kind that a file can hold.
everything() {
	cat <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -u 7 -r 64 -lh 3600 -E aes-gcm-16 $GCM;
		add 192.0.2.2 192.0.2.1 ah 0x301 -A hmac-sha1 $SHA1;
		add 192.0.2.1 192.0.2.2 ipcomp 0x302 -m tunnel -C deflate;
		add 192.0.2.1[4500] 192.0.2.2[4501] esp-udp 0x303 -E null -A hmac-sha1 $SHA1;
		add 2001:db8::1 2001:db8::2 esp 0x304 -r 4 -bh 1000 -E aes-cbc 0x00112233445566778899aabbccddeeff
			-A hmac-sha256 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -P out prio high ipsec
			esp/tunnel/192.0.2.1-192.0.2.2/unique:7 ah/transport//use;
		spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/192.0.2.2-192.0.2.1/unique;
		spdadd 10.1.0.1[80] 10.2.0.0/17 tcp -P in none;
		spdadd ::/0 ::/0 icmp6 135,0 -P out prio high - 1 none;
		spdadd 192.0.2.1 192.0.2.2 any -P out ipsec esp/transport//require;
	END
}

@test "--diff: nothing differs from the file that was loaded" {
	everything | loads gw-a
	everything | loads gw-a --diff
}

@test "--diff shows what to change, --sync changes it and nothing else" {
	local file=$BATS_TEST_TMPDIR/want kept
	everything | loads gw-a
	{
		everything | sed -e '/0x302/d' -e 's/-lh 3600/-lh 1800/' -e 's/tcp -P in none/tcp -P in discard/'
		echo "add 192.0.2.1 192.0.2.2 esp 0x305 -E null;"
	} >"$file"
	run -1 setkey gw-a --diff -f "$file"
	[ "${lines[0]}" = "--- kernel" ] && [ "${lines[1]}" = "+++ $file" ]
	[ "$(grep -c '^+[as]' <<<"$output")" = 4 ] && [ "$(grep -c '^-[as]' <<<"$output")" = 4 ]
	[[ $output == *"-add 192.0.2.1 192.0.2.2 ipcomp 0x00000302 -m tunnel -C deflate;"* ]]
	[[ $output == *$'\n+add 192.0.2.1 192.0.2.2 esp 0x00000305 -m transport -E null;' ]]
	kept=$(setkey gw-a -DP | grep -A 5 'out prio high ipsec' | grep -o 'spid=[0-9]*')
	run -0 setkey gw-a --sync -f "$file"
	[ "$output" = "" ]
	run -0 setkey gw-a --diff -f "$file"
	[ "$output" = "" ]
	[ "$kept" = "$(setkey gw-a -DP | grep -A 5 'out prio high ipsec' | grep -o 'spid=[0-9]*')" ]
	run -0 setkey gw-a --sync --atomic -f - <<<"flush;"
	assert_no_sas gw-a
	assert_no_policies gw-a
}

@test "--diff has status 2 when it cannot say" {
	run -2 setkey gw-a --diff -f - <<<"delete 192.0.2.1 192.0.2.2 esp 0x300;"
	[[ $output == "stdin:1:1: delete 192.0.2.1 192.0.2.2 esp 0x00000300: a script that is"* ]]
	run -2 setkey gw-a --diff -f /nosuch
}

#### watching

# in_log NAME TEXT: the log of that process has it.
in_log() { log_of "$1" && [[ $(<"$REPLY") == *"$2"* ]]; }

# flushed: the monitor has heard of a change.
flushed() {
	setkey gw-a -f - <<<"spdupdate ::/0 ::/0 any -P in none; spdflush;"
	in_log monitor " spdflush"
}

@test "-x shows who changes what, and no key" {
	start monitor gw-a "$LAB_BUILD/tools/setkey" -x
	# Repeated until somebody hears it: the monitor may not be up yet.
	wait_until 10 flushed
	loads gw-a <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -E aes-gcm-16 $GCM;
		delete 192.0.2.1 192.0.2.2 esp 0x300;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -P out none;
	END
	wait_until 5 in_log monitor " spdset 10.1.0.0/16 10.2.0.0/16 any -P out"
	in_log monitor " set 192.0.2.1 192.0.2.2 esp 0x00000300"
	in_log monitor " delete 192.0.2.1 192.0.2.2 esp 0x00000300"
	run ! in_log monitor 00112233
	stop monitor
}

# dumps TRANSPORT BYTES: -H shows them for an SA that is added.
dumps() {
	start monitor gw-a env LIBPFKEY_TRANSPORT="$1" "$LAB_BUILD/tools/setkey" -H -x
	wait_until 60 flushed # PF_KEY's kernel side first loads every algorithm
	loads gw-a <<<"add 192.0.2.1 192.0.2.2 esp 0x300 -E aes-cbc 0x00112233445566778899aabbccddeeff;"
	wait_until 5 in_log monitor " set 192.0.2.1 192.0.2.2 esp 0x00000300"
	wait_until 5 in_log monitor "$2"
	stop monitor
}

@test "-H shows the bytes of what the kernel says, with the key where netlink tells it" {
	dumps netlink " 88 99 aa bb cc dd ee ff "
}

@test "-H shows the bytes of what the kernel says over PF_KEY" {
	modprobe af_key
	dumps pfkey $'\t0000 02 03 00 03' # SADB_ADD of ESP
}

@test "-Dl lists the SAs in short, again and again" {
	loads gw-a <<<"add 192.0.2.1 192.0.2.2 esp 0x300 -lh 900 -E null;"
	start list gw-a "$LAB_BUILD/tools/setkey" -Dl
	wait_until 5 in_log list " esp M 00000300 "
	in_log list "/900 192.0.2.1 -> 192.0.2.2"
	in_log list "time p   s spi      ltime   src -> dst"
	loads gw-a <<<"add 192.0.2.1 192.0.2.2 ah 0x301 -A hmac-sha1 $SHA1;"
	wait_until 5 in_log list " ah  M 00000301 "
	stop list
}
