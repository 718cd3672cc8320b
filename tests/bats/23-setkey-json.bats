#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: setkey
#
#   gw-a ======== wan ======== gw-b
#     192.0.2.1       192.0.2.2
#
# Tables and events as JSON say what the words say.
load ../lab/words

setup_file() { topo_two_gateways; }

GCM=0x00112233445566778899aabbccddeeff01020304
AES=0x00112233445566778899aabbccddeeff
SHA1=0x000102030405060708090a0b0c0d0e0f10111213

# pick MEMBER...: these members of each JSON object on stdin, an object a line.
pick() { "$LAB_BUILD/tools/setkey_json_pick" "$@"; }

# in_log NAME TEXT: the log of that process has it.
in_log() { log_of "$1" && [[ $(<"$REPLY") == *"$2"* ]]; }

tables() {
	cat <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -m tunnel -u 7 -r 64 -lh 3600 -E aes-gcm-16 $GCM;
		add 192.0.2.2 192.0.2.1 ah 0x301 -A hmac-sha1 $SHA1;
		add 192.0.2.1 192.0.2.2 ipcomp 0x302 -m tunnel -C deflate;
		add 192.0.2.1[4500] 192.0.2.2[4501] esp-udp 0x303 -E null -A hmac-sha1 $SHA1;
		add 2001:db8::1 2001:db8::2 esp 0x304 -r 4 -bh 1000 -E aes-cbc $AES -A hmac-sha1 $SHA1;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -P out prio high ipsec
			esp/tunnel/192.0.2.1-192.0.2.2/unique:7 ah/transport//use;
		spdadd 10.1.0.1[80] 10.2.0.0/17 tcp -P in none;
		spdadd ::/0 ::/0 icmp6 135,0 -P out prio high - 1 none;
	END
}

# The words of -D, an SA in a line: addresses, protocol, mode, SPI, reqid, window, state, the
# hard limits, and the key of -E or -A.
sad_words() {
	setkey gw-a -D | awk '
		/^[^\t]/ { ends = $1 " " $2; gsub(/\[[0-9]*\]/, "", ends); key = "-" }
		/mode=/ { split($3, spi, /[=(]/); split($4, reqid, /[=(]/); sub("-udp", "", $1)
			head = $1 " " substr($2, 6) " " spi[2] " " reqid[2] }
		/^\t[EA]: / && key == "-" { name = $2; $1 = $2 = ""; gsub(" ", ""); key = $0 == "" ? "-" : $0
			key = name " " key }
		# (What follows "C: deflate" has no line of its own.)
		match($0, /replay=[0-9]+/) { window = substr($0, RSTART + 7, RLENGTH - 7) }
		match($0, /state=[a-z]+/) { state = substr($0, RSTART + 6, RLENGTH - 6) }
		/^\tdiff:/ { hard = $4; sub(/\(.*/, "", hard) }
		/sadb_seq/ { print ends, head, window, state, hard, key }' | sort
}

@test "-D and --json -D say the same" {
	tables | setkey gw-a -f -
	json=$(setkey gw-a --json -D)
	[ "$(pick type <<<"$json" | sort | uniq -c | xargs)" = "5 sa" ]
	pick src dst proto mode spi reqid replay_window_pkts state limits.hard_add_sec \
		encr.name aead.name auth.name encr.key aead.key auth.key <<<"$json" |
		awk '{
			name = $10 != "-" ? $10 : $11 != "-" ? $11 : $12
			key = $10 != "-" ? $13 : $11 != "-" ? $14 : $15
			print $1, $2, $3, $4, $5, $6, $7, $8, $9 == "-" ? 0 : $9, \
				(name == "-" ? "" : name " ") (key == "" ? "-" : key) }' |
		sort >"$BATS_TEST_TMPDIR/json"
	diff -u <(sad_words) "$BATS_TEST_TMPDIR/json"
	grep -q "aes-gcm-16 ${GCM#0x}" "$BATS_TEST_TMPDIR/json"
	[ "$(pick encap.type encap.src_port encap.dst_port <<<"$json" | grep -v '^-')" = "udp 4500 4501" ]
	[ "$(pick comp.name <<<"$json" | grep -v '^-')" = "deflate" ]
}

@test "-DP and --json -DP say the same" {
	tables | setkey gw-a -f -
	spd=$(setkey gw-a --json -DP | pick sel.src sel.src_bits sel.dst sel.proto sel.dst_port dir \
		action priority templates.0.mode templates.0.src templates.0.reqid templates.1.level |
		grep -v socket)
	diff -u <(sort <<<"$spd") - <<-END
		10.1.0.0 16 10.2.0.0 - - out ipsec 1073741824 tunnel 192.0.2.1 7 use
		10.1.0.1 32 10.2.0.0 6 - fwd none 2147483648 - - - -
		10.1.0.1 32 10.2.0.0 6 - in none 2147483648 - - - -
		:: 0 :: 58 0 out none 1073741825 - - - -
	END
	diff -u <(setkey gw-a --json -DP | pick index | sort) \
		<(setkey gw-a -DP | grep -o 'spid=[0-9]*' | cut -d= -f2 | sort)
	[ "$(setkey gw-a --json -N -DP | wc -l)" = 4 ]
}

@test "a script's dump, spddump and get speak JSON too, and an empty table is no line" {
	tables | setkey gw-a -f -
	run -0 setkey gw-a --json -c <<<"get 192.0.2.1 192.0.2.2 esp 0x300; dump ah; flush; dump;"
	[ "$(pick proto spi reqid aead.icv_bits <<<"$output")" = $'esp 768 7 128\nah 769 0 -' ]
	setkey gw-a -F -P
	run -0 setkey gw-a --json -D
	[ "$output" = "" ]
	run -0 setkey gw-a --json -DP
	[ "$output" = "" ]
	run -1 setkey gw-a --json -F
	[[ $output == "setkey: --json: goes with"* ]]
}

@test "-x --json tells events, each in a line at once, and no key" {
	start monitor gw-a "$LAB_BUILD/tools/setkey" -x --json
	# Repeated until somebody hears it: the monitor may not be up yet.
	flushed() {
		setkey gw-a -f - <<<"spdupdate ::/0 ::/0 any -P in none; spdflush;"
		in_log monitor '"event":"spdflush"'
	}
	wait_until 10 flushed
	setkey gw-a -f - <<-END
		add 192.0.2.1 192.0.2.2 esp 0x300 -E aes-gcm-16 $GCM;
		delete 192.0.2.1 192.0.2.2 esp 0x300;
		spdadd 10.1.0.0/16 10.2.0.0/16 any -P out none;
		spddelete 10.1.0.0/16 10.2.0.0/16 any -P out;
	END
	wait_until 5 in_log monitor '"event":"spddelete"'
	log_of monitor
	pick event sa.spi sa.aead.key_bits policy.sel.src <"$REPLY" | grep -v flush >"$BATS_TEST_TMPDIR/events"
	grep -Fx -e 'set 768 160 -' -e 'delete 768 160 -' -e 'spdset - - 10.1.0.0' \
		-e 'spddelete - - 10.1.0.0' "$BATS_TEST_TMPDIR/events"
	[ "$(grep -c -e ' 768 160 -$' -e ' - - 10.1.0.0$' "$BATS_TEST_TMPDIR/events")" = 4 ]
	pick time_sec type <"$REPLY" | grep -Eqx '[0-9]{10}\.[0-9]+ event'
	run ! grep -i 00112233 "$REPLY"
	stop monitor
}
