# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# clients.bash - gw-b as a gateway that gives inner addresses, and its clients; to be loaded
# behind gateways.bash.

CLIENTS_RESOLVER='#!/bin/sh
{ echo "$@" && cat; } >>/run/heard'
CLIENTS_NETS="address 10.2.0.0/24 any, address fd02::/64 any"

# office [KEY=VALUE...]: the gateway's files.  pool: words of mode_cfg; nets: what it protects;
# more: words of its remote.
office() {
	local -A is=([pool]="network4 10.9.0.1-10.9.0.9; network6 fd09::1-fd09::9;" [nets]=$CLIENTS_NETS
		[more]="")
	local word
	for word; do is[${word%%=*}]=${word#*=}; done
	printf '%s.example %s\n' alice "$GATEWAYS_PSK" bob "$GATEWAYS_PSK" carol "$GATEWAYS_PSK" |
		put gw-b /etc/racoon/psk.txt
	put gw-b /etc/racoon/racoon.conf <<-END
		path pre_shared_key "/etc/racoon/psk.txt";
		timer { counter 4; interval 500 ms; }
		mode_cfg {
			${is[pool]}
			dns4 10.2.0.53;
			dns6 fd02::53;
			split_dns "corp.example";
		}
		remote anonymous {
			exchange_mode ike2;
			authentication_method pre_shared_key;
			my_identifier fqdn "office.example";
			verify_identifier off;
			passive on;
			${is[more]}
		}
		sainfo ${is[nets]} clientaddr {
			name "clients";
			install_policy on;
		}
	END
}
# The leases of the test before are not there.
office_start() {
	in_ns gw-b rm -rf /var/lib/tanukid
	office "$@" && tanukid_start gw-b /etc/racoon/racoon.conf
}

# client_start NODE NAME [KEY=VALUE...]: nets: what it wants to reach; to: the gateway;
# more: words of its remote.
client_start() {
	local node=$1
	client "$@" && tanukid_start "$node" /etc/racoon/racoon.conf
}
client() {
	local node=$1 name=$2 word
	local -A is=([nets]=$CLIENTS_NETS [to]=192.0.2.2 [mode_cfg]=on [local]=clientaddr
		[more]="")
	shift 2
	for word; do is[${word%%=*}]=${word#*=}; done
	put "$node" /etc/racoon/psk.txt <<<"office.example $GATEWAYS_PSK"
	put "$node" /run/set-dns <<<"$CLIENTS_RESOLVER"
	in_ns "$node" chmod 700 /run/set-dns
	put "$node" /etc/racoon/racoon.conf <<-END
		path pre_shared_key "/etc/racoon/psk.txt";
		path resolvconf "/run/set-dns";
		timer { counter 4; interval 500 ms; }
		remote "office" {
			remote_address ${is[to]};
			exchange_mode ike2;
			authentication_method pre_shared_key;
			my_identifier fqdn "$name.example";
			peers_identifier fqdn "office.example";
			mode_cfg ${is[mode_cfg]};
			initiate off;
			${is[more]}
		}
		sainfo ${is[local]} ${is[nets]} {
			remote "office";
			name "net";
			install_policy on;
		}
	END
}

# addresses NODE: those of tanuki0, into REPLY: "10.9.0.1/32 fd09::1/128 ".
addresses() {
	local word before=''
	REPLY=''
	for word in $(in_ns "$1" ip -o addr show dev tanuki0 2>/dev/null); do
		[[ $before != inet* || $word == fe80:* ]] || REPLY+="$word "
		before=$word
	done
}
assert_addresses() {
	addresses "$1"
	[ "$REPLY" = "$2 " ] || {
		echo "$1 has $REPLY, not $2"
		return 1
	}
}

# heard NODE TEXT: the resolver's program heard this.
heard() { [[ $(in_ns "$1" cat /run/heard 2>/dev/null) == *"$2"* ]]; }

# assert_nothing_left NODE
assert_nothing_left() {
	local text
	assert_no_sas "$1" && assert_no_policies "$1" || return
	# shellcheck disable=SC2016 # expanded there
	text=$(in_ns "$1" bash -c 'ip -o link show type dummy; ip rule; ip -6 rule
		for family in -4 -6; do ip $family route show table all; done' |
		grep -E 'tanuki|7296') || return 0
	echo "$1 still has: $text"
	return 1
}
