# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# words.bash - words that lab tests are written with; a bats file says
#	load ../lab/words
# and gets the topology's words too (topology.sh).  A word fails the test by its
# status, after it said why.  Everything that is started is written down, and only
# that is stopped.  Starting a program costs 15 ms in a guest, so most words start none.

LAB_DIR=${BASH_SOURCE[0]%/*}
[[ $LAB_DIR == /* ]] || LAB_DIR=$PWD/$LAB_DIR
[ -n "${LAB_SOURCE:-}" ] || LAB_SOURCE=$(cd "$LAB_DIR/../.." && pwd)
LAB_BUILD=${LAB_BUILD:-$LAB_SOURCE/build/release}
export LAB_SOURCE LAB_BUILD
# shellcheck source=topology.sh
. "$LAB_DIR/topology.sh"
! declare -F bats_require_minimum_version >/dev/null || bats_require_minimum_version 1.5.0

LAB_STATE=/run/lab/state$TOPO_ID
mkdir -p "$LAB_STATE/pid" "$LAB_STATE/log" 2>/dev/null || : # outside the lab: only looked at

#### time

# nap: 50 ms without starting a program.
nap() {
	[ -n "${_nap_fd:-}" ] || exec {_nap_fd}<> <(:)
	read -r -t 0.05 -u "$_nap_fd" || :
}

# wait_until SECONDS COMMAND...: until the command succeeds.
wait_until() {
	local limit=$1 end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -le "$end" ] || {
			echo "gave up after $limit s waiting for: $*"
			return 1
		}
		nap
	done
}

# holds_for SECONDS COMMAND...: the command succeeds all that time.
holds_for() {
	local end=$((SECONDS + $1))
	shift
	while [ "$SECONDS" -le "$end" ]; do
		"$@" || {
			echo "no longer: $*"
			return 1
		}
		nap
	done
}

#### processes

# start NAME NODE COMMAND...: in the background; its output is the log NAME.
start() {
	local name=$1 node=$2 view net
	shift 2
	_netns "$node" && net=$REPLY view=/run/lab/view/$node$TOPO_ID
	set -- nsenter --net="$net" -- "$@"
	[ ! -e "$view" ] || set -- nsenter --net="$net" --mount="$view" -- "${@:4}"
	: >"$LAB_STATE/log/$name"
	"$@" </dev/null >"$LAB_STATE/log/$name" 2>&1 3>&- &
	echo $! >"$LAB_STATE/pid/$name"
}

# pid_of NAME: into REPLY.
pid_of() { [ -s "$LAB_STATE/pid/$1" ] && read -r REPLY <"$LAB_STATE/pid/$1"; }

# is_running NAME
is_running() {
	local stat
	# (No command substitution: where it fails inside one, bats ends the test.)
	pid_of "$1" && { read -r stat <"/proc/$REPLY/stat"; } 2>/dev/null && [[ $stat != *") Z "* ]]
}
has_ended() { ! is_running "$1"; }

# stop NAME [SIGNAL]: fine when it does not run; fails when it has to be killed.
stop() {
	pid_of "$1" || return 0
	local pid=$REPLY
	! is_running "$1" || kill -s "${2:-TERM}" "$pid" 2>/dev/null || :
	if ! wait_until 10 has_ended "$1"; then
		kill -KILL "$pid"
		echo "$1 did not stop and was killed"
		return 1
	fi
	rm "$LAB_STATE/pid/$1"
}

# stop_all: stops what was started, in no order.
stop_all() {
	local file rc=0
	for file in "$LAB_STATE"/pid/*; do
		[ ! -e "$file" ] || stop "${file##*/}" || rc=1
	done
	return $rc
}

# log_of NAME: the path of its log, into REPLY.
log_of() { REPLY=$LAB_STATE/log/$1; }

#### tanukid

# tanukid_start NODE CONFIGURATION [ARGUMENT...]: up when its control socket is there.
tanukid_start() {
	local node=$1 file=$2
	shift 2
	start "tanukid.$node" "$node" "$LAB_BUILD/daemon/tanukid" -F -f "$file" "$@"
	wait_until 10 _tanukid_up "$node" && is_running "tanukid.$node" || {
		echo "tanukid did not start in $node:"
		log_of "tanukid.$node" && tail -n 20 "$REPLY"
		return 1
	}
}
_tanukid_up() {
	has_ended "tanukid.$1" || [ -S "/proc/$REPLY/root/run/tanukid/tanukid.sock" ]
}
# tanukid_stop NODE: and it says that it ended well.
tanukid_stop() {
	local rc=0
	pid_of "tanukid.$1" || return 0
	set -- "$1" "$REPLY"
	stop "tanukid.$1" || return
	wait "$2" || rc=$?
	[ $rc = 0 ] || [ $rc = 127 ] || { # 127: started by somebody else
		echo "tanukid of $1 ended with $rc"
		return 1
	}
}

# tanukictl NODE WORD...
tanukictl() { in_ns "$1" "$LAB_BUILD/tools/tanukictl" "${@:2}"; }
# setkey NODE ARGUMENT...
setkey() { in_ns "$1" "$LAB_BUILD/tools/setkey" "${@:2}"; }

# event NODE NAME [FIELD=VALUE...]: tanukid's log has such a record, with all of
# these fields (values as they are printed; a value may be a pattern).
event() {
	local line field log=$LAB_STATE/log/tanukid.$1 name=$2
	shift 2
	while read -r line; do
		[[ " $line " == *" event=$name "* ]] || continue
		for field; do
			# shellcheck disable=SC2053 # a pattern is wanted
			[[ " $line " == *\ $field\ * ]] || continue 2
		done
		return 0
	done <"$log" 2>/dev/null
	return 1
}
no_event() { ! event "$@"; }

# event_count NODE NAME: how many of them, into REPLY.
event_count() {
	local line
	REPLY=0
	while read -r line; do
		[[ " $line " != *" event=$2 "* ]] || REPLY=$((REPLY + 1))
	done <"$LAB_STATE/log/tanukid.$1"
}

#### strongSwan, the peer

# strongswan_start NODE SWANCTL_CONF: charon and its connections, secrets and pools.
# STRONGSWAN_MORE: lines for its own settings.
# Only the plugins that are needed: each one more is time, and the one for the
# kernel's own ciphers asks for a hundred modules.
strongswan_start() {
	local node=$1 file=$2 charon
	charon=$(command -v charon-systemd) || charon=/usr/sbin/charon-systemd
	in_ns "$node" bash -c '
		cat >/etc/strongswan.conf && cp "$1" /etc/swanctl/swanctl.conf &&
			chmod 600 /etc/swanctl/swanctl.conf' strongswan "$file" <<-END
		swanctl {
			load = pem pkcs1 x509 openssl random
		}
		charon-systemd {
			load = random nonce openssl aes sha1 sha2 hmac kdf gcm x509 pem pkcs1 pubkey constraints kernel-netlink socket-default vici updown
			install_routes = no
			retransmit_timeout = 2
			retransmit_tries = 3
			${STRONGSWAN_MORE:-}
			journal {
				default = -1
			}
			filelog {
				stderr {
					default = 1
					ike = 2
					cfg = 2
					flush_line = yes
				}
			}
		}
	END
	start "strongswan.$node" "$node" "$charon" &&
		wait_until 20 _strongswan_up "$node" && is_running "strongswan.$node" &&
		wait_until 10 _strongswan_load "$node" || {
		tail -n 30 "$LAB_STATE/log/strongswan.$node" "$LAB_STATE/log/swanctl.$node"
		return 1
	}
}
_strongswan_up() {
	has_ended "strongswan.$1" || [ -S "/proc/$REPLY/root/run/charon.vici" ]
}
# The socket is there a moment before anybody listens on it.
_strongswan_load() {
	in_ns "$1" swanctl --load-all --noprompt >"$LAB_STATE/log/swanctl.$1" 2>&1
}
strongswan_stop() { stop "strongswan.$1"; }
# swanctl NODE ARGUMENT...
swanctl() { in_ns "$1" swanctl "${@:2}"; }

#### what is on the wire

# capture_start: records everything on the wan; capture_stop ends it.
capture_start() {
	start capture wan tcpdump -i br0 -n -s 0 -U --immediate-mode -Z root -w "$LAB_STATE/wan.pcap"
	wait_until 10 _capture_up
}
_capture_up() { [[ $(<"$LAB_STATE/log/capture") == *"listening on"* ]]; }
capture_stop() {
	nap && nap && stop capture INT
	"$LAB_DIR/classify" -v "$LAB_STATE/wan.pcap" >"$LAB_STATE/wan.txt"
}

# capture_count esp|ah|ike|nd|clear [v4|v6]: packets of that class, into REPLY and on
# stdout (after capture_stop).
capture_count() {
	local class family n sum=0 seen=''
	while read -r class family n; do
		[ "$class" = "$1" ] && [ "${2:-$family}" = "$family" ] || continue
		sum=$((sum + n)) seen=1
	done <"$LAB_STATE/wan.txt"
	[ -n "$seen" ] || {
		echo "capture_count: no class $1 ${2:-}" >&2
		return 1
	}
	REPLY=$sum
	echo "$sum"
}

# assert_wire CLASS [v4|v6] RELATION NUMBER, for instance: assert_wire esp v6 -ge 4
assert_wire() {
	capture_count "${@:1:$#-2}" >/dev/null || return
	# shellcheck disable=SC1072,SC1073,SC1009
	test "$REPLY" "${@: -2}" || {
		echo "on the wan: $REPLY packets of ${*:1:$#-2}, wanted ${*: -2}"
		cat "$LAB_STATE/wan.txt"
		return 1
	}
}

#### what is in the kernel

# sad NODE: its security associations, one line each, into the array SAD.
sad() {
	local text
	_netns "$1" && text=$(ip -o -n "${REPLY##*/}" xfrm state) || return
	mapfile -t SAD <<<"${text//\\/}"
	[ -n "$text" ] || SAD=()
}

# assert_sad NODE PROTOCOL SRC DST [TEXT...]: an SA that says all of this.
assert_sad() {
	local line text head="src $3 dst $4 proto $2 "
	sad "$1" || return
	for line in "${SAD[@]}"; do
		line=${line//$'\t'/ }
		line=${line//  / }
		[[ $line == "$head"* ]] || continue
		for text in "${@:5}"; do [[ $line == *"$text"* ]] || continue 2; done
		return 0
	done
	echo "$1 has no SA \"$head${*:5}\"; it has ${#SAD[@]}:"
	printf '\t%s\n' "${SAD[@]}"
	return 1
}

# assert_no_sas NODE
assert_no_sas() {
	sad "$1" || return
	[ ${#SAD[@]} = 0 ] || {
		echo "$1 still has:"
		printf '\t%s\n' "${SAD[@]}"
		return 1
	}
}
no_sas() { sad "$1" && [ ${#SAD[@]} = 0 ]; }

# assert_no_policies NODE: those of sockets do not count.
assert_no_policies() {
	local text line rc=0
	_netns "$1" && text=$(ip -o -n "${REPLY##*/}" xfrm policy) || return
	while read -r line; do
		[ -n "$line" ] && [[ $line != *"socket "* ]] || continue
		echo "$1 still has: $line"
		rc=1
	done <<<"${text//\\/ }"
	return $rc
}

# assert_no_secret_in_logs [SECRET...]: no log has one of these, nor a pre-shared key
# of the samples, nor a key of an SA that is in a kernel now.
assert_no_secret_in_logs() {
	local node line word rc=0 secrets=("$@") file
	for file in "$LAB_SOURCE"/conf/samples/*/psk.txt; do
		while read -r line; do
			# (The key is all behind the identity, blanks too.)
			[[ $line == \#* ]] || ! [[ $line =~ ^[^[:blank:]]+[[:blank:]]+(.+)$ ]] ||
				secrets+=("${BASH_REMATCH[1]}")
		done <"$file"
	done
	for node in gw-a gw-b; do
		sad "$node" || return
		for line in "${SAD[@]}"; do
			for word in $line; do
				[[ $word != 0x???????????????????????????????* ]] || secrets+=("${word#0x}")
			done
		done
	done
	[ ${#secrets[@]} -gt 0 ] || {
		echo "assert_no_secret_in_logs: knows no secret"
		return 1
	}
	for file in "$LAB_STATE"/log/tanukid.*; do
		[ -e "$file" ] || continue
		line=$(<"$file")
		for word in "${secrets[@]}"; do
			[[ ${line,,} != *"${word,,}"* ]] || {
				echo "${file##*/} has a secret of ${#word} characters: ${word:0:2}..."
				rc=1
			}
		done
	done
	return $rc
}

#### the frame of a test

# What a bats file gets when it does not say otherwise.
teardown() { lab_teardown; }
teardown_file() { stop_all && topo_down; }

# lab_teardown: the last events when the test failed; stops what was started; empties
# the gateways.  A report of a sanitizer fails the test.
lab_teardown() {
	local rc=0 file
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab_report
	stop_all || rc=1
	for file in "$LAB_STATE"/log/*; do
		[ ! -e "$file" ] || assert_no_sanitizer_report "$file" || rc=1
	done
	lab_flush
	return $rc
}

assert_no_sanitizer_report() {
	local text
	text=$(<"$1")
	[[ $text =~ (AddressSanitizer|LeakSanitizer|runtime error|broken): ]] || return 0
	echo "${1##*/}:"
	grep -aE -m 1 -A 30 '(AddressSanitizer|LeakSanitizer|runtime error|broken): ' "$1"
	return 1
}

# lab_flush: no SA and no policy is left in the gateways.
lab_flush() {
	local node
	for node in gw-a gw-b; do
		_netns "$node"
		[ ! -e "$REPLY" ] || printf 'xfrm %s flush\n' state policy | ip -n "${REPLY##*/}" -batch -
	done
}

# lab_report: the last 20 events of both sides; everything goes to LAB_OUT.
lab_report() {
	local file dir
	for file in "$LAB_STATE"/log/{tanukid,strongswan}.*; do
		[ -e "$file" ] || continue
		echo "--- ${file##*/}, the last 20 of $(wc -l <"$file") lines"
		tail -n 20 "$file"
	done
	dir=$LAB_OUT/${BATS_TEST_FILENAME##*/}-${BATS_TEST_NUMBER:-0}
	mkdir -p "$dir" && cp -r "$LAB_STATE"/log "$LAB_STATE"/wan.* "$dir" 2>/dev/null || :
	echo "--- logs and capture: ${dir#"$LAB_SOURCE/"}"
}
