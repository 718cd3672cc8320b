#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: ikev2
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#
# What goes wrong between two gateways is named in one record on the side that decides,
# ours against theirs; nothing is left behind, and no secret is in a log.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# Neither side has an SA; both still run.
nothing_came_of_it() {
	assert_no_sas gw-a
	assert_no_sas gw-b
	is_running tanukid.gw-a
	is_running tanukid.gw-b
	assert_no_secret_in_logs "$GATEWAYS_PSK" "$@"
}

@test "wrong pre-shared key: the responder says so, the initiator is told" {
	gateways psk_b=an-other-key-than-the-one-of-gw-a
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed reason=wrong_key
	event_count gw-b negotiation_failed
	[ "$REPLY" = 1 ]
	event gw-a negotiation_failed reason=peer_refused what=AUTHENTICATION_FAILED
	nothing_came_of_it an-other-key-than-the-one-of-gw-a
}

@test "no key for the peer: the identity that was looked for is named" {
	gateways id_a=stranger.example id_b=known.example
	put gw-b /etc/racoon/psk.txt <<<"somebody.example $GATEWAYS_PSK"
	tanukid_stop gw-b
	tanukid_start gw-b /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa gw-b/lan
	wait_until 5 event gw-b negotiation_failed reason=no_key "*stranger.example*"
	nothing_came_of_it
}

@test "no common proposal: the transform that differs is named, ours and theirs" {
	gateways ike_a="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group curve25519;" \
		ike_b="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group ecp256;"
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed reason=no_common_proposal what=KE "ours=*ECP_256*" "theirs=*CURVE25519*"
	event gw-a negotiation_failed "what=NO_PROPOSAL_CHOSEN"
	nothing_came_of_it
}

@test "no common ESP proposal: the IKE SA stands, the child is refused with the cipher's name" {
	gateways esp_a="encryption_algorithm aes_gcm16 256;" \
		esp_b="encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed reason=no_common_proposal "what=*ENCR*"
	nothing_came_of_it
}

@test "unknown peer: the address is named" {
	gateways end_b=192.0.2.2
	tanukid_stop gw-b
	gateway_files b end_a=192.0.2.77
	tanukid_start gw-b /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed reason=unknown_peer "peer=192.0.2.1*"
	nothing_came_of_it
}

@test "identity that is not expected: both identities are named" {
	gateways id_a=a.example id_b=b.example
	tanukid_stop gw-b
	gateway_files b id_a=c.example id_b=b.example
	put gw-b /etc/racoon/psk.txt <<<"* $GATEWAYS_PSK"
	tanukid_start gw-b /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed "reason=*" "theirs=*a.example*"
	nothing_came_of_it
}

@test "selectors without overlap: both sides' nets are in the record" {
	gateways local_a=10.1.0.0/24
	tanukid_stop gw-b
	gateway_files b local_a=10.9.0.0/24
	tanukid_start gw-b /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-b negotiation_failed reason=selector_mismatch "ours=*10.9.0.0/24*" "theirs=*10.1.0.0/24*"
	event gw-a negotiation_failed "what=TS_UNACCEPTABLE"
	nothing_came_of_it
}

@test "silent peer: how often and how long it was tried" {
	gateway_start a counter=3
	run ! tanukictl gw-a establish-sa gw-b/lan
	event gw-a negotiation_failed reason=peer_silent
	assert_no_sas gw-a
}

@test "a misspelt word stops the start: file, line, column and the nearest word" {
	put gw-a /etc/racoon/racoon.conf <<-END
		remote "gw-b" {
			exchange_mod ike2;
		}
	END
	run -1 --separate-stderr in_ns gw-a "$LAB_BUILD/daemon/tanukid" -F -f /etc/racoon/racoon.conf
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == */etc/racoon/racoon.conf:2:*exchange_mod*'did you mean "exchange_mode"'* ]]
	run -1 --separate-stderr in_ns gw-a "$LAB_BUILD/daemon/tanukid" -t -f /etc/racoon/racoon.conf
	[[ $stderr == */etc/racoon/racoon.conf:2:*exchange_mod* ]]
}

@test "a key file that others can read stops the start and is named" {
	gateway_files a
	in_ns gw-a chmod 644 /etc/racoon/psk.txt
	run -1 --separate-stderr in_ns gw-a "$LAB_BUILD/daemon/tanukid" -F -f /etc/racoon/racoon.conf
	[[ $stderr == */etc/racoon/psk.txt*chmod\ 600* ]]
	[[ $stderr != *"$GATEWAYS_PSK"* ]]
}

@test "tanukid -t prints the effective configuration, and it means the same" {
	gateway_files a
	in_ns gw-a "$LAB_BUILD/daemon/tanukid" -t -f /etc/racoon/racoon.conf >"$BATS_TEST_TMPDIR/first"
	put gw-a /etc/racoon/again.conf <"$BATS_TEST_TMPDIR/first"
	in_ns gw-a "$LAB_BUILD/daemon/tanukid" -t -f /etc/racoon/again.conf >"$BATS_TEST_TMPDIR/second"
	cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
}
