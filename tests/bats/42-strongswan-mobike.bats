#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: interop
#
#   host-a - gw-a (tanukid) ==== wan ==== gw-b (strongSwan) - host-b
#
# MOBIKE with strongSwan: first tanukid roams between two links, then strongSwan does.
load ../lab/words
load ../lab/gateways
load ../lab/roaming

setup_file() { topo_two_gateways && second_link a 1 && second_link b 2; }

swanctl_conf() {
	cat <<-END
		connections {
			gw {
				version = 2
				mobike = yes
				dpd_delay = 2s
				proposals = aes256gcm16-prfsha256-x25519
				remote_addrs = $1
				local {
					auth = psk
					id = b.example
				}
				remote {
					auth = psk
					id = a.example
				}
				children {
					net {
						local_ts = 10.2.0.0/24
						remote_ts = 10.1.0.0/24
						esp_proposals = aes256gcm16
					}
				}
			}
		}
		secrets {
			ike-gw {
				secret = $GATEWAYS_PSK
			}
		}
	END
}

# both_start: addresses of tanukid as strongSwan knows them.
both_start() {
	on_link a 1 wan 4
	on_link b 2 wan 4
	in_ns gw-a ip route replace 198.51.100.0/24 dev wan
	in_ns gw-b ip route replace 198.51.100.0/24 dev wan
	swanctl_conf "$1" >"$BATS_TEST_TMPDIR/swanctl.conf"
	strongswan_start gw-b "$BATS_TEST_TMPDIR/swanctl.conf" &&
		gateway_start a id_a=a.example id_b=b.example initiate=off more="mobike on;" \
			dpd_delay="2 sec" \
			ike="encryption_algorithm aes_gcm16 256; prf_algorithm prf_sha256; dh_group curve25519;" \
			esp="encryption_algorithm aes_gcm16 256;"
}

@test "tanukid roams, strongSwan follows: the same SAs, pings flow" {
	both_start %any
	tanukictl gw-a establish-sa gw-b/lan
	spis gw-a && BEFORE=$REPLY
	capture_start
	start pings host-a ping -q -c 160 -i 0.05 -W 5 10.2.0.2
	sleep 1
	on_link a 1 wan2 4
	wait_until 10 assert_sad gw-b esp 192.0.2.2 198.51.100.1
	in_ns host-b ping -q -c 5 -i 0.1 -W 2 10.1.0.2
	on_link a 1 wan 4
	wait_until 10 assert_sad gw-b esp 192.0.2.2 192.0.2.1
	in_ns host-b ping -q -c 5 -i 0.1 -W 2 10.1.0.2
	wait_until 30 has_ended pings
	capture_stop
	same_spis gw-a "$BEFORE"
	no_event gw-a ike_sa_down
	received pings 100
	no_number_twice gw-a gw-b
	assert_wire clear -eq 0
}

@test "strongSwan roams, tanukid follows: the same SAs, pings flow" {
	both_start 192.0.2.1
	swanctl gw-b --initiate --child net --timeout 10 >"$BATS_TEST_TMPDIR/swanctl.out"
	spis gw-a && BEFORE=$REPLY
	capture_start
	start pings host-b ping -q -c 160 -i 0.05 -W 5 10.1.0.2
	sleep 1
	on_link b 2 wan2 4
	wait_until 15 assert_sad gw-a esp 192.0.2.1 198.51.100.2
	in_ns host-a ping -q -c 5 -i 0.1 -W 2 10.2.0.2
	on_link b 2 wan 4
	wait_until 15 assert_sad gw-a esp 192.0.2.1 192.0.2.2
	in_ns host-a ping -q -c 5 -i 0.1 -W 2 10.2.0.2
	wait_until 30 has_ended pings
	capture_stop
	same_spis gw-a "$BEFORE"
	no_event gw-a ike_sa_down
	received pings 100
	no_number_twice gw-a gw-b
	assert_wire clear -eq 0
	event gw-a peer_moved "to=198.51.100.2*"
}
