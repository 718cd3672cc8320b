# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# peers.bash - other people's IKE daemons on gw-b, and what each of them is asked to do.
# A file of tests that has one of them as its peer says which by PEER, and gets
#	peer_start                     with the connections of the arrays below
#	peer_initiate NAME             waits until it is up
#	peer_delete NAME               its IKE SA
#	peer_rekey_child NAME, peer_rekey_ike NAME
# A word that a peer has no command for is not defined.
#
# A connection is a row of CONNECTIONS:
#	NAME MODE LOCAL REMOTE LOCAL_NET REMOTE_NET
# seen from tanukid on gw-a; identities are NAME.a.example and NAME.b.example.
# PEER_MORE has more words for each, in the peer's own language.

# both_start: the two daemons with CONNECTIONS; TANUKI_IKE, TANUKI_ESP and TANUKI_MORE are
# lines for each of ours.
both_start() {
	peer_start && tanukid_side_start
}

tanukid_side_start() {
	local row
	for row in "${CONNECTIONS[@]}"; do
		# shellcheck disable=SC2086 # words are wanted
		set -- $row
		printf '%s.b.example %s\n' "$1" "$GATEWAYS_PSK"
	done | put gw-a /etc/racoon/psk.txt
	{
		echo 'path pre_shared_key "/etc/racoon/psk.txt";'
		echo "timer { ${TANUKI_TIMER:-} }"
		for row in "${CONNECTIONS[@]}"; do
			# shellcheck disable=SC2086
			_tanukid_connection $row
		done
	} | put gw-a /etc/racoon/racoon.conf
	tanukid_start gw-a /etc/racoon/racoon.conf
}

_tanukid_connection() {
	cat <<-END
		remote "$1" {
			remote_address $4;
			local_address $3;
			exchange_mode ike2;
			my_identifier fqdn "$1.a.example";
			peers_identifier fqdn "$1.b.example";
			authentication_method pre_shared_key;
			initiate off;
			proposal { $TANUKI_IKE }
			${TANUKI_MORE:-}
		}
		sainfo address $5 any address $6 any {
			remote "$1";
			name "net";
			mode $2;
			install_policy on;
			$TANUKI_ESP
		}
	END
}

#### Libreswan

libreswan_start() {
	local row
	{
		cat <<-END
			config setup
			  uniqueids=yes
			  logtime=no
			  ${LIBRESWAN_SETUP:-}
			conn %default
			  ikev2=insist
			  authby=secret
			  phase2=esp
			  retransmit-timeout=10s
		END
		for row in "${CONNECTIONS[@]}"; do
			# shellcheck disable=SC2086
			_libreswan_connection $row
		done
	} | put gw-b /etc/ipsec.conf
	for row in "${CONNECTIONS[@]}"; do
		# shellcheck disable=SC2086
		set -- $row
		printf '@%s.b.example @%s.a.example : PSK "%s"\n' "$1" "$1" "$GATEWAYS_PSK"
	done | put gw-b /etc/ipsec.secrets
	in_ns gw-b bash -c '
		[ -e /usr/libexec/ipsec/pluto ] || mount -t overlay -o "lowerdir=$1/usr:/usr" overlay /usr
		rm -rf /run/pluto /run/nss && mkdir /run/pluto /run/nss &&
			certutil -N -d sql:/run/nss --empty-password </dev/null' \
		libreswan "${LAB_BUILD%/*}/peers/libreswan" >"$LAB_STATE/log/nss" 2>&1 || return
	start libreswan gw-b /usr/libexec/ipsec/pluto --config /etc/ipsec.conf --nofork --stderrlog \
		--nssdir /run/nss --rundir /run/pluto --no-dnssec
	wait_until 20 _libreswan_up && is_running libreswan || {
		log_of libreswan && tail -n 30 "$REPLY"
		return 1
	}
	for row in "${CONNECTIONS[@]}"; do
		in_ns gw-b /usr/libexec/ipsec/addconn --config /etc/ipsec.conf --ctlsocket /run/pluto/pluto.ctl \
			"${row%% *}" >>"$LAB_STATE/log/addconn" 2>&1 || {
			cat "$LAB_STATE/log/addconn"
			return 1
		}
	done
	whack --listen
}
_libreswan_up() { has_ended libreswan || [ -S "/proc/$REPLY/root/run/pluto/pluto.ctl" ]; }
# whack ARGUMENT...: asks the Libreswan of gw-b.
whack() {
	in_ns gw-b timeout 30 /usr/libexec/ipsec/whack --ctlsocket /run/pluto/pluto.ctl "$@" \
		>"$LAB_STATE/log/whack" 2>&1
}

_libreswan_connection() {
	local nets=""
	[ "$2" = transport ] || nets="leftsubnet=$6"$'\n'"  rightsubnet=$5"
	cat <<-END
		conn $1
		  left=$4
		  leftid=@$1.b.example
		  right=$3
		  rightid=@$1.a.example
		  type=$2
		  ike=$LIBRESWAN_IKE
		  esp=$LIBRESWAN_ESP
		  pfs=${LIBRESWAN_PFS:-no}
		  $nets
		  ${PEER_MORE:-}
	END
}
