#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: kmod
#
# The module's own ESP and AH between two gateways; what they send is opened by a program that
# has nothing of a kernel (tests/lab/ipsec-open).
# shellcheck disable=SC2030,SC2031 # KMOD_AEAD is each test's own
load ../lab/words
load ../lab/kmod

GCM=000102030405060708090a0b0c0d0e0f
CBC=101112131415161718191a1b1c1d1e1f
SHA=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

setup_file() {
	[ -n "${LAB_KMOD:-}" ] || skip "needs a kernel that the module was built for"
	! lsmod | grep -q '^tanuki' || wait_until 10 rmmod tanuki
	modprobe -r esp4 esp6 ah4 ah6
	kmod_load types=own && topo_two_gateways
}

setup() { KMOD_AEAD="aead rfc4106(gcm(aes)) 0x${GCM}a0a1a2a3 128"; }

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || in_ns gw-a cat /proc/self/net/{tanuki,xfrm}_stat
	stop_all && kmod_flush
}

# exchange WAY INNER MODE OUTER [WORD...]: pings pass between SAs like that.
exchange() {
	local way=$1 inner=$2 mode=$3 outer=$4
	kmod_sas esp "$mode" "$outer" 1 "${@:5}"
	kmod_policies "$way" "$inner" "esp:$mode:$outer:1"
	capture_start
	kmod_ping "$way" "$inner"
	capture_stop
	assert_wire clear -eq 0
}

# opened PROTO WORD...: all three packets of gw-a, and PROTO is what is in them.
opened() {
	run "$LAB_SOURCE/tests/lab/ipsec-open" "$LAB_STATE/wan.pcap" 0x1001 "${@:2}"
	[ "$status" = 0 ] && [ "$output" = "3 $1" ] || {
		echo "ipsec-open: $output"
		return 1
	}
}

@test "the module has the slots, and the core's ESP and AH are not there" {
	grep -qE '^Esp\s+own$' /proc/net/tanuki_stat
	grep -qE '^Ah\s+own$' /proc/net/tanuki_stat
	run ! grep -qE '^(esp|ah)[46] ' /proc/modules
}

@test "AES-GCM, transport and tunnel, both families" {
	exchange local v4 transport v4 && opened 1 gcm ${GCM}a0a1a2a3 && kmod_flush
	exchange local v6 transport v6 && opened 58 gcm ${GCM}a0a1a2a3 && kmod_flush
	exchange forwarded v4 tunnel v4 && opened 4 gcm ${GCM}a0a1a2a3 && kmod_flush
	exchange forwarded v6 tunnel v4 && opened 41 gcm ${GCM}a0a1a2a3 && kmod_flush
	exchange forwarded v4 tunnel v6 && opened 4 gcm ${GCM}a0a1a2a3
}

@test "AES-CBC with HMAC-SHA-256" {
	KMOD_AEAD="enc cbc(aes) 0x$CBC auth-trunc hmac(sha256) 0x$SHA 128"
	exchange local v4 transport v4 && opened 1 cbc-sha256 $CBC $SHA && kmod_flush
	exchange forwarded v6 tunnel v6 && opened 41 cbc-sha256 $CBC $SHA
}

@test "extended sequence numbers, with one algorithm and with two" {
	exchange forwarded v4 tunnel v4 replay-window 64 flag esn && opened 4 gcm ${GCM}a0a1a2a3 esn
	kmod_flush
	KMOD_AEAD="enc cbc(aes) 0x$CBC auth-trunc hmac(sha256) 0x$SHA 128"
	exchange forwarded v6 tunnel v6 replay-window 64 flag esn && opened 41 cbc-sha256 $CBC $SHA esn
}

@test "every cipher of the core's table passes" {
	local word key=0x${SHA}${SHA}
	for word in "aead rfc4309(ccm(aes)) ${key:0:40} 128" "aead rfc7539esp(chacha20,poly1305) ${key:0:74} 128" \
		"aead rfc4543(gcm(aes)) ${key:0:42} 128" "aead rfc4106(gcm(aes)) ${key:0:42} 64" \
		"enc cbc(camellia) ${key:0:34} auth-trunc hmac(sha512) $key 256" \
		"enc cbc(des3_ede) ${key:0:50} auth-trunc hmac(md5) ${key:0:34} 96" \
		"enc rfc3686(ctr(aes)) ${key:0:42} auth-trunc hmac(sha1) ${key:0:42} 96" \
		"enc ecb(cipher_null) 0x auth-trunc hmac(sha384) ${key:0:98} 192"; do
		echo "$word"
		KMOD_AEAD=${word/ 0x auth/ \"\" auth}
		kmod_sas esp tunnel v4 1
		kmod_policies forwarded v4 esp:tunnel:v4:1
		kmod_ping forwarded v4 -s 1000
		kmod_flush
	done
}

# authenticated WAY INNER MODE OUTER NEXT [WORD...]: the same with AH.
authenticated() {
	local esn=()
	[[ " $* " != *" esn "* ]] || esn=(esn)
	kmod_sas ah "$3" "$4" 1 "${@:6}"
	kmod_policies "$1" "$2" "ah:$3:$4:1"
	capture_start
	kmod_ping "$1" "$2"
	capture_stop
	assert_wire clear -eq 0
	opened "$5" ah-sha256 $SHA "${esn[@]}"
	kmod_flush
}

@test "AH, transport and tunnel, both families" {
	authenticated local v4 transport v4 1
	authenticated local v6 transport v6 58
	authenticated forwarded v4 tunnel v6 4
	authenticated forwarded v6 tunnel v4 41
}

@test "AH with extended sequence numbers" {
	authenticated local v4 transport v4 1 replay-window 64 flag esn
	authenticated forwarded v6 tunnel v6 41 replay-window 64 flag esn
}

@test "AH over options and extension headers" {
	kmod_sas ah transport v4 1
	kmod_sas ah transport v6 1
	kmod_policies local v4 ah:transport:v4:1
	kmod_policies local v6 ah:transport:v6:1
	kmod_ping local v4 -R
	# A hop-by-hop header with an option that changes on the way, and one that does not.
	in_ns gw-a /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.settimeout(10)
s.setsockopt(socket.IPPROTO_IPV6, 54, bytes([0, 1, 0x3e, 4, 1, 2, 3, 4, 0x1e, 4, 5, 6, 7, 8, 1, 0]))
s.sendto(bytes([128, 0, 0, 0, 0, 7, 0, 1]), ("2001:db8::2", 0))
while s.recv(2000)[0] != 129:
    pass'
}

@test "AH over ESP" {
	kmod_sas esp transport v6 1
	kmod_sas ah transport v6 2
	kmod_policies local v6 esp:transport:v6:1 ah:transport:v6:2
	capture_start
	kmod_ping local v6
	capture_stop
	assert_wire clear -eq 0
	run "$LAB_SOURCE/tests/lab/ipsec-open" "$LAB_STATE/wan.pcap" 0x1002 ah-sha256 $SHA
	[ "$output" = "3 50" ]
}

@test "ESP in UDP, transport and tunnel" {
	local node
	# (Somebody has to have the socket.)
	for node in gw-a gw-b; do
		start "udp.$node" $node /usr/bin/python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 100, 2)
s.bind(("0.0.0.0", 4500))
print("bound", flush=True)
time.sleep(1000)'
	done
	for node in gw-a gw-b; do
		log_of "udp.$node"
		wait_until 20 grep -q bound "$REPLY"
	done
	exchange local v4 transport v4 encap espinudp 4500 4500 0.0.0.0 && opened 1 gcm ${GCM}a0a1a2a3
	kmod_flush
	exchange forwarded v6 tunnel v4 encap espinudp 4500 4500 0.0.0.0 && opened 41 gcm ${GCM}a0a1a2a3
}

@test "a cipher that takes its time, and a hash that does" {
	modprobe -a algif_skcipher algif_hash cryptd 2>/dev/null || skip "this kernel lends no ciphers"
	kmod_sas ah tunnel v4 1 # (loads what is there)
	KMOD_AEAD="enc cbc(aes) 0x$CBC auth-trunc hmac(sha256) 0x$SHA 128"
	kmod_sas esp tunnel v4 2
	kmod_flush
	# Whoever asks for a slow one by its name makes it, and from then on it is preferred.
	/usr/bin/python3 -c '
import re, socket
best = {}
for entry in open("/proc/crypto").read().split("\n\n"):
    word = dict(re.findall(r"(\w+) +: (.*)", entry))
    if word and word.get("internal") == "no" and not word["driver"].startswith("cryptd"):
        new = (int(word["priority"]), word["driver"])
        best[word["name"]] = max(best.get(word["name"], (0, "")), new)
for kind, name in ("skcipher", "cbc(aes)"), ("hash", "hmac(sha256)"):
    s = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    s.bind((kind, "cryptd(%s)" % best[name][1]))'
	exchange forwarded v4 tunnel v4 && opened 4 cbc-sha256 $CBC $SHA
	grep -q '^driver *: .*authenc(.*cryptd(' /proc/crypto
	kmod_flush
	authenticated forwarded v6 tunnel v6 41
}

@test "traffic flow confidentiality hides how long packets are" {
	in_ns gw-a "$LAB_BUILD/tools/setkey" -c <<-END
		add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -u 1 -tfc 400 -E aes-gcm-16 0x${GCM}a0a1a2a3;
	END
	echo "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 reqid 1 mode tunnel $KMOD_AEAD" |
		kmod_ip gw-b
	kmod_policies forwarded v4 esp:tunnel:v4:1
	capture_start
	run ! kmod_ping forwarded v4 -s 10 # (there is no SA for the way back)
	run ! kmod_ping forwarded v4 -s 200
	capture_stop
	run tcpdump -nr "$LAB_STATE/wan.pcap" esp
	[ "$(grep -c 'length 436$' <<<"$output")" = 6 ]
	in_ns gw-b grep -qE '^XfrmInStateProtoError\s+0$' /proc/self/net/xfrm_stat
}

@test "what was made with another key is dropped" {
	kmod_sas esp tunnel v4 1
	kmod_policies forwarded v4 esp:tunnel:v4:1
	kmod_ping forwarded v4
	echo "xfrm state flush" | kmod_ip gw-b
	KMOD_AEAD="aead rfc4106(gcm(aes)) 0x${CBC}a0a1a2a3 128"
	kmod_ip gw-b <<-END
		xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 reqid 1 mode tunnel flag af-unspec $KMOD_AEAD
	END
	run ! kmod_ping forwarded v4
	in_ns gw-b grep -qE '^XfrmInStateProtoError\s+3$' /proc/self/net/xfrm_stat
}

@test "a stream adapts to the bundle" {
	exchange local v4 transport v4
	start sink gw-b /usr/bin/python3 -c '
import socket
s = socket.create_server(("192.0.2.2", 5000))
print("up", flush=True)
c, _ = s.accept()
n = 0
while True:
    d = c.recv(65536)
    if not d: break
    n += len(d)
print(n, flush=True)'
	log_of sink
	wait_until 20 grep -q up "$REPLY"
	in_ns gw-a timeout 60 /usr/bin/python3 -c '
import socket
s = socket.create_connection(("192.0.2.2", 5000))
s.sendall(bytes(2000000))'
	log_of sink
	wait_until 30 grep -qx 2000000 "$REPLY"
}

@test "the trace tells what became of a packet" {
	local trace=/sys/kernel/tracing
	[ -e $trace/events ] || mount -t tracefs tracefs $trace
	echo >$trace/trace
	echo 1 >$trace/events/tanuki/enable
	exchange forwarded v4 tunnel v6
	echo "xfrm policy update src 10.1.0.0/24 dst 10.2.0.0/24 dir out priority 10 action block if_id $KMOD_TAG" |
		kmod_ip gw-a
	run ! kmod_ping forwarded v4
	echo 0 >$trace/events/tanuki/enable
	run -0 cat $trace/trace
	[[ $output =~ tanuki_lookup:\ CacheMiss\ src=::ffff:10.1.0.2\ dst=::ffff:10.2.0.2\ proto=1\ policy=([0-9]+) ]]
	[[ $output == *"tanuki_bundle: policy=${BASH_REMATCH[1]} depth=1 spi=0x1001 mtu=14"* ]]
	[[ $output == *"tanuki_lookup: CacheHit src=::ffff:10.1.0.2 "*"policy=${BASH_REMATCH[1]}"* ]]
	[ "$(grep -c 'tanuki_out: proto=50 spi=0x1001 len=[0-9]* error=0' <<<"$output")" = 3 ]
	[ "$(grep -c 'tanuki_in: proto=50 spi=0x1001 len=[0-9]* error=0' <<<"$output")" = 3 ]
	[ "$(grep -c 'tanuki_drop: DropBlock src=::ffff:10.1.0.2 dst=::ffff:10.2.0.2 ' <<<"$output")" = 3 ]
}
