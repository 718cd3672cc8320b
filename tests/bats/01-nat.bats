#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: lab
#
#   host-a ---- gw-a ---- nat-a ---- wan ---- nat-b ---- gw-b ---- host-b
#             10.0.1.2  192.0.2.1          192.0.2.2  10.0.2.2
#            fd00:1::2  2001:db8::1      2001:db8::2  fd00:2::2
#
# The routers in front of the gateways hide their addresses, and the one on side b
# passes IKE's ports on to its gateway.
load ../lab/words

setup_file() { topo_two_gateways nat-a nat-b forward-b; }

# who_asked FAMILY ADDRESS: gw-b answers one datagram on port 500 with its sender's address.
who_asked() {
	start answer gw-b perl -MIO::Socket::IP -e '
		my $s = IO::Socket::IP->new(LocalAddr => shift, LocalPort => 500, Type => SOCK_DGRAM) or die $@;
		print STDERR "ready\n"; $s->recv(my $text, 100); $s->send($s->peerhost)' "$1"
	log_of answer && wait_until 10 grep -q ready "$REPLY"
	in_ns gw-a perl -MIO::Socket::IP -e '
		my $s = IO::Socket::IP->new(PeerAddr => shift, PeerPort => 500, Type => SOCK_DGRAM) or die $@;
		$s->send("who"); alarm 5; $s->recv(my $text, 100); print $text' "$2"
}

@test "a datagram for IKE passes both routers over IPv4, from a hidden address" {
	[ "$(who_asked 10.0.2.2 192.0.2.2)" = 192.0.2.1 ]
}

@test "a datagram for IKE passes both routers over IPv6, from a hidden address" {
	[ "$(who_asked fd00:2::2 2001:db8::2)" = 2001:db8::1 ]
}
