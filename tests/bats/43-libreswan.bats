#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: interop
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#            tanukid                     Libreswan (pluto)
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# tanukid with Libreswan: both roles, both families, tunnel and transport mode, rekeyed from
# either side and from both at once, deleted by either side, dead peers found.
# shellcheck disable=SC2034 # peers.bash reads what is set here
load ../lab/words
load ../lab/gateways
load ../lab/peers

CONNECTIONS=(
	"t4 tunnel 192.0.2.1 192.0.2.2 10.1.0.0/24 10.2.0.0/24"
	"t6 tunnel 2001:db8::1 2001:db8::2 fd01::/64 fd02::/64"
	"p4 transport 192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.2"
	"p6 transport 2001:db8::1 2001:db8::2 2001:db8::1 2001:db8::2"
)

setup_file() { topo_two_gateways; }

gcm() {
	LIBRESWAN_IKE=aes_gcm256-sha2_256-dh31 LIBRESWAN_ESP=aes_gcm256
	TANUKI_IKE="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group curve25519;"
	TANUKI_ESP="encryption_algorithm aes_gcm16 256;"
}

cbc() {
	LIBRESWAN_IKE=aes128-sha2_256-dh14 LIBRESWAN_ESP=aes128-sha2_256
	TANUKI_IKE="encryption_algorithm aes 128; hash_algorithm sha256; dh_group 14;"
	TANUKI_ESP="encryption_algorithm aes 128; authentication_algorithm hmac_sha256;"
}

both_start() { libreswan_start && tanukid_side_start; }

# pings FROM ADDRESS: of both sizes.
pings() {
	in_ns "$1" ping -q -c 3 -i 0.2 -W 2 "$2"
	in_ns "$1" ping -q -c 3 -i 0.2 -W 2 -s 1400 "$2"
}

# both_ways NAME FROM ADDRESS FAMILY: we initiate, Libreswan deletes; then the other way round.
# (With rekey=yes Libreswan makes anew what somebody deletes.)
both_ways() {
	capture_start
	tanukictl gw-a establish-sa "$1"
	pings "$2" "$3"
	whack --name "$1" --terminate
	wait_until 5 no_sas gw-a
	wait_until 5 no_sas gw-b
	whack --name "$1" --initiate
	pings "$2" "$3"
	tanukictl gw-a delete-sa "$1"
	wait_until 5 no_sas gw-b
	wait_until 5 no_sas gw-a
	capture_stop
	assert_wire esp "$4" -ge 20
	assert_wire clear -eq 0
	assert_no_secret_in_logs "$GATEWAYS_PSK"
}

@test "Libreswan: tunnel mode over IPv4 with AES-GCM, both roles, deleted from both sides" {
	PEER_MORE=rekey=no
	gcm && both_start
	both_ways t4 host-a 10.2.0.2 v4
}

@test "Libreswan: tunnel mode over IPv6 with AES-CBC and SHA-256, both roles, deleted from both sides" {
	PEER_MORE=rekey=no
	cbc && both_start
	both_ways t6 host-a fd02::2 v6
}

@test "Libreswan: transport mode over IPv4 with AES-CBC and SHA-256, both roles, deleted from both sides" {
	PEER_MORE=rekey=no
	cbc && both_start
	both_ways p4 gw-a 192.0.2.2 v4
}

@test "Libreswan: transport mode over IPv6 with AES-GCM, both roles, deleted from both sides" {
	PEER_MORE=rekey=no
	gcm && both_start
	both_ways p6 gw-a 2001:db8::2 v6
}

# went ike_sa|child_sa NUMBER: so many gave way to another, at least.
went() {
	local line n=0
	while read -r line; do
		[[ $line != *"event=$1_down "*"reason=rekeyed"* ]] || n=$((n + 1))
	done <"$LAB_STATE/log/tanukid.gw-a"
	[ $n -ge "$2" ]
}
one_pair() { sad "$1" && [ ${#SAD[@]} = 2 ]; }

all_arrived() {
	wait_until 60 has_ended pings
	log_of pings
	grep ' 0% packet loss' "$REPLY" || { cat "$REPLY" && return 1; }
	no_event gw-a negotiation_failed
	wait_until 15 one_pair gw-a
	wait_until 15 one_pair gw-b
}

@test "Libreswan: children and the IKE SA are rekeyed from each side, and no ping is lost" {
	gcm
	LIBRESWAN_PFS=yes TANUKI_ESP+=" pfs_group curve25519;"
	both_start
	tanukictl gw-a establish-sa t4
	start pings host-a ping -q -c 400 -i 0.05 -W 5 10.2.0.2
	tanukictl gw-a rekey-sa t4/net
	wait_until 10 went child_sa 1
	whack --name t4 --rekey-ipsec
	wait_until 10 went child_sa 2
	tanukictl gw-a rekey-sa t4
	wait_until 10 went ike_sa 1
	whack --name t4 --rekey-ike
	wait_until 10 went ike_sa 2
	tanukictl gw-a rekey-sa t4/net
	wait_until 10 went child_sa 3
	all_arrived
}

# at_once WHAT OURS THEIRS: both sides rekey in the same moment, three times over.
at_once() {
	local n
	gcm && both_start
	tanukictl gw-a establish-sa t4
	start pings host-a ping -q -c 300 -i 0.05 -W 5 10.2.0.2
	for n in 1 2 3; do
		start theirs gw-b /usr/libexec/ipsec/whack --ctlsocket /run/pluto/pluto.ctl --name t4 "$3"
		tanukictl gw-a rekey-sa "$2"
		wait_until 10 went "$1" $n
		wait_until 15 has_ended theirs
	done
	all_arrived
}

@test "Libreswan: both sides rekey a child in the same moment, and no ping is lost" {
	at_once child_sa t4/net --rekey-ipsec
}

@test "Libreswan: both sides rekey the IKE SA in the same moment, and no ping is lost" {
	at_once ike_sa t4 --rekey-ike
}

@test "Libreswan: a peer that is gone is found dead, and its SAs go" {
	TANUKI_MORE="dpd_delay 1 sec;" TANUKI_TIMER="counter 3; interval 500 ms;"
	gcm && both_start
	tanukictl gw-a establish-sa t4
	pings host-a 10.2.0.2
	stop libreswan KILL
	wait_until 20 no_sas gw-a
	event gw-a ike_sa_down reason=peer_silent
}

@test "Libreswan: no common proposal and a wrong key are named" {
	gcm
	TANUKI_IKE="encryption_algorithm aes 256; hash_algorithm sha256; dh_group curve25519;"
	both_start
	run ! tanukictl gw-a establish-sa t4
	event gw-a negotiation_failed what=NO_PROPOSAL_CHOSEN
	tanukid_stop gw-a
	gcm && tanukid_side_start
	put gw-a /etc/racoon/psk.txt <<<"* an-other-key"
	tanukid_stop gw-a
	tanukid_start gw-a /etc/racoon/racoon.conf
	run ! tanukictl gw-a establish-sa t4
	event gw-a negotiation_failed what=AUTHENTICATION_FAILED
	assert_no_sas gw-a
}
