# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# gateways.bash - two gateways with tanukid: from the samples, or from a configuration
# that a test describes by what is special about it.

GATEWAYS_PSK=correct-horse-battery-staple-4711

# put NODE FILE: from stdin, root's and nobody else's.
put() {
	in_ns "$1" bash -c 'umask 077; mkdir -p "${1%/*}" && cat >"$1" && chmod 600 "$1"' put "$2"
}

# sample_gateways: as an administrator would, who copies the samples.
sample_gateways() {
	local node
	for node in gw-a gw-b; do
		put "$node" /etc/racoon/psk.txt <"$LAB_SOURCE/conf/samples/$node/psk.txt" || return
		tanukid_start "$node" "$LAB_SOURCE/conf/samples/$node/racoon.conf" || return
	done
}

# gateways [KEY=VALUE...]: one tunnel between the gateways' nets; the keys are those
# of the two functions below, with _a and _b for one side.
gateways() {
	local side
	for side in a b; do
		gateway_start "$side" "$@" || return
	done
}

# gateway_start a|b [KEY=VALUE...]
gateway_start() {
	gateway_files "$@" && tanukid_start "gw-$1" /etc/racoon/racoon.conf
}

# gateway_files a|b [KEY=VALUE...]: only its files.
gateway_files() {
	local side=$1 other word
	[ "$side" = a ] && other=b || other=a
	local -A is=(
		[end_a]=192.0.2.1 [end_b]=192.0.2.2 [local_a]=10.1.0.0/24 [local_b]=10.2.0.0/24
		[psk]=$GATEWAYS_PSK [mode]=tunnel [initiate]=ondemand [esn]=off [dpd_delay]="30 sec"
		[counter]=5 [ike]="" [esp]="" [more]="" [second]="" [nat_traversal]=on [log]=info
		[kernel_check]="60 sec"
	)
	shift
	for word; do is[${word%%=*}]=${word#*=}; done
	of() { REPLY=${is[$1_$side]-${is[$1]}}; }
	_gateway_psk | put "gw-$side" /etc/racoon/psk.txt &&
		_gateway_conf | put "gw-$side" /etc/racoon/racoon.conf
}

_gateway_psk() {
	of psk
	printf '%s %s\n' "${is[id_$other]-${is[end_$other]}}" "$REPLY"
}

_gateway_conf() {
	local key
	local -A v
	for key in mode initiate esn dpd_delay counter ike esp more second nat_traversal log \
		kernel_check; do
		of $key && v[$key]=$REPLY
	done
	cat <<-END
		path pre_shared_key "/etc/racoon/psk.txt";
		log ${v[log]};
		timer { counter ${v[counter]}; interval 500 ms; natt_keepalive 1 sec;
			kernel_check ${v[kernel_check]}; }
		remote "gw-$other" {
			remote_address ${is[end_$other]};
			exchange_mode ike2;
			authentication_method pre_shared_key;
			${is[id_$side]+my_identifier fqdn \"${is[id_$side]}\";}
			${is[id_$other]+peers_identifier fqdn \"${is[id_$other]}\";}
			initiate ${v[initiate]};
			dpd_delay ${v[dpd_delay]};
			nat_traversal ${v[nat_traversal]};
			${v[ike]:+proposal { ${v[ike]} \}}
			${v[more]}
		}
		sainfo address ${is[local_$side]} any address ${is[local_$other]} any {
			remote "gw-$other";
			name "lan";
			mode ${v[mode]};
			install_policy on;
			esn ${v[esn]};
			${v[esp]}
		}
		${v[second]}
	END
}

# spis_agree NODE NODE: each one's outgoing SPIs are the other's incoming ones.
spis_agree() {
	local a b
	_spis "$1" in out && a=$REPLY
	_spis "$2" out in && b=$REPLY
	[ -n "$a" ] && [ "$a" = "$b" ] || {
		echo "SPIs differ: $1 (in out): $a; $2 (out in): $b"
		return 1
	}
}
# SPIs of child_sa_up records, in the order of the two words, into REPLY.
_spis() {
	local line log=$LAB_STATE/log/tanukid.$1
	REPLY=''
	while read -r line; do
		[[ " $line " == *" event=child_sa_up "* ]] || continue
		[[ $line =~ spi_$2=([^ ]*) ]] && REPLY+="${BASH_REMATCH[1]} "
		[[ $line =~ spi_$3=([^ ]*) ]] && REPLY+="${BASH_REMATCH[1]} "
	done <"$log"
}
