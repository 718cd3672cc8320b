#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# suite: interop
#
#   host-a ---- gw-a ======== wan ======== gw-b ---- host-b
#             192.0.2.1        192.0.2.2    10.2.0.0/24, fd02::/64
#
# Inner addresses with strongSwan, as gateway (gw-b) and as client (gw-a), both families.
load ../lab/words
load ../lab/gateways
load ../lab/clients

setup_file() { topo_two_gateways; }

SWAN_IKE=aes256gcm16-prfsha256-x25519

# swan NODE: its connection and pools from stdin.
swan() {
	{
		cat
		printf 'secrets {\nike-1 {\nid-1 = office.example\nid-2 = alice.example\nsecret = %s\n}\n}\n' \
			"$GATEWAYS_PSK"
	} >"$BATS_TEST_TMPDIR/swanctl.conf"
	strongswan_start "$1" "$BATS_TEST_TMPDIR/swanctl.conf"
}

swan_gateway() {
	swan gw-b <<-END
		connections {
			rw {
				version = 2
				local_addrs = 192.0.2.2
				proposals = $SWAN_IKE
				pools = p4, p6
				local {
					auth = psk
					id = office.example
				}
				remote {
					auth = psk
				}
				children {
					net {
						local_ts = 10.2.0.0/24, fd02::/64
						esp_proposals = aes256gcm16
					}
				}
			}
		}
		pools {
			p4 {
				addrs = 10.9.0.0/28
				dns = 10.2.0.53
			}
			p6 {
				addrs = fd09::/120
				dns = fd02::53
			}
		}
	END
}

swan_client() {
	swan gw-a <<-END
		connections {
			office {
				version = 2
				local_addrs = 192.0.2.1
				remote_addrs = 192.0.2.2
				vips = 0.0.0.0, ::
				proposals = $SWAN_IKE
				local {
					auth = psk
					id = alice.example
				}
				remote {
					auth = psk
					id = office.example
				}
				children {
					net {
						remote_ts = 10.2.0.0/24, fd02::/64
						esp_proposals = aes256gcm16
					}
				}
			}
		}
	END
}

@test "strongSwan's client: addresses, its own net, new keys, and the lease is given back" {
	office_start
	swan_client
	capture_start
	swanctl gw-a --initiate --child net --timeout 10 >"$BATS_TEST_TMPDIR/out"
	event gw-b inner_address_leased inner4=10.9.0.1 inner6=fd09::1 peer_id=alice.example
	in_ns gw-a ping -q -c 1 -W 2 -I 10.9.0.1 10.2.0.2
	in_ns gw-a ping -q -c 1 -W 2 -I fd09::1 fd02::2
	in_ns host-b ping -q -c 1 -W 2 10.9.0.1
	swanctl gw-a --rekey --ike office >"$BATS_TEST_TMPDIR/out"
	wait_until 5 event gw-b ike_sa_down reason=rekeyed
	in_ns gw-a ping -q -c 1 -W 2 -I 10.9.0.1 10.2.0.2
	run -0 tanukictl gw-b show-leases
	[[ $output == *"10.9.0.1  in use  "* ]]
	swanctl gw-a --terminate --ike office >"$BATS_TEST_TMPDIR/out"
	wait_until 5 no_sas gw-b
	run -0 tanukictl gw-b show-leases
	[[ $output == *"10.9.0.1  free  "* ]]
	capture_stop
	assert_wire clear -eq 0
	assert_wire esp v4 -ge 8
	no_event gw-b negotiation_failed
}

@test "strongSwan's gateway: addresses and name servers, new keys, the same address again" {
	swan_gateway
	client_start gw-a alice
	capture_start
	tanukictl gw-a establish-sa office
	assert_addresses gw-a "10.9.0.1/32 fd09::1/128"
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
	in_ns gw-a ping -q -c 1 -W 2 fd02::2
	in_ns host-b ping -q -c 1 -W 2 10.9.0.1
	wait_until 5 heard gw-a "nameserver 10.2.0.53"
	tanukictl gw-a rekey-sa office
	wait_until 5 event gw-a ike_sa_down reason=rekeyed
	tanukictl gw-a rekey-sa office/net
	wait_until 5 event gw-a child_sa_down reason=rekeyed
	in_ns gw-a ping -q -c 1 -W 2 10.2.0.2
	swanctl gw-b --terminate --ike rw >"$BATS_TEST_TMPDIR/out"
	wait_until 5 no_sas gw-a
	assert_nothing_left gw-a
	tanukictl gw-a establish-sa office
	assert_addresses gw-a "10.9.0.1/32 fd09::1/128"
	in_ns gw-a ping -q -c 1 -W 2 fd02::2
	capture_stop
	assert_wire clear -eq 0
	no_event gw-a negotiation_failed
}
