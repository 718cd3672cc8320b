#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: interop
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#            tanukid                     strongSwan (charon)
#        10.1.0.0/24    192.0.2.1   192.0.2.2    10.2.0.0/24
#          fd01::/64  2001:db8::1 2001:db8::2      fd02::/64
#
# IKE fragments (RFC 7383) with strongSwan, both of them with a size so small that
# IKE_AUTH is cut in both directions; tanukid as initiator and as responder.
load ../lab/words
load ../lab/gateways

setup_file() { topo_two_gateways; }

# both_start LOCAL REMOTE LOCAL_NET REMOTE_NET FRAGMENTATION: as strongSwan sees it.
both_start() {
	cat >"$BATS_TEST_TMPDIR/swanctl.conf" <<-END
		connections {
			gw {
				version = 2
				local_addrs = $1
				remote_addrs = $2
				proposals = aes128-sha256-x25519
				fragmentation = $5
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
						local_ts = $3
						remote_ts = $4
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
	STRONGSWAN_MORE="fragment_size = 200" \
		strongswan_start gw-b "$BATS_TEST_TMPDIR/swanctl.conf" || return
	gateway_start a end_a="$2" end_b="$1" local_a="$4" local_b="$3" id_a=a.example \
		id_b=b.example initiate=off more="ike_frag 200;" \
		ike="encryption_algorithm aes 128; hash_algorithm sha256; dh_group curve25519;" \
		esp="encryption_algorithm aes_gcm16 256;"
}

# counters NAME: how often tanukid did it, into REPLY.
counter() {
	local json
	json=$(tanukictl gw-a status --json)
	[[ $json =~ \"$1\":\ *([0-9]+) ]] && REPLY=${BASH_REMATCH[1]}
}

# both_roles ADDRESS: each side initiates, each message of IKE_AUTH is in fragments.
both_roles() {
	tanukictl gw-a establish-sa gw-b/lan
	counter sent_in_fragments && [ "$REPLY" = 1 ]
	counter reassembled && [ "$REPLY" = 1 ]
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 "$1"
	swanctl gw-b --terminate --ike gw >"$BATS_TEST_TMPDIR/swanctl.out"
	wait_until 5 no_sas gw-a
	swanctl gw-b --initiate --child net --ike gw --timeout 10 >"$BATS_TEST_TMPDIR/swanctl.out"
	counter sent_in_fragments && [ "$REPLY" = 2 ]
	counter reassembled && [ "$REPLY" = 2 ]
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 "$1"
	tanukictl gw-a delete-sa gw-b
	wait_until 5 no_sas gw-b
	log_of strongswan.gw-b
	grep -q 'splitting IKE message' "$REPLY"
	grep -q 'reassembled fragmented IKE message' "$REPLY"
}

@test "IPv4: IKE_AUTH in fragments both ways, in both roles" {
	both_start 192.0.2.2 192.0.2.1 10.2.0.0/24 10.1.0.0/24 force
	both_roles 10.2.0.2
}

@test "IPv6: IKE_AUTH in fragments both ways, in both roles" {
	both_start 2001:db8::2 2001:db8::1 fd02::/64 fd01::/64 force
	both_roles fd02::2
}

@test "a strongSwan that wants no fragments gets and sends none" {
	both_start 192.0.2.2 192.0.2.1 10.2.0.0/24 10.1.0.0/24 no
	tanukictl gw-a establish-sa gw-b/lan
	counter sent_in_fragments && [ "$REPLY" = 0 ]
	counter fragments && [ "$REPLY" = 0 ]
	in_ns host-a ping -q -c 3 -i 0.2 -W 2 10.2.0.2
}
