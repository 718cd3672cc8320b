# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # variables of lab
# The place "host" (sourced by lab): this machine's own kernel, in fresh network,
# mount, pid, ipc and uts namespaces.  /run is an empty one, so that the names of
# the namespaces made inside are private too and vanish with it.
missing=$(host_has_ipsec) ||
	fail "this kernel lacks ESP or AH, or we may not make namespaces: $missing (try --guest)"

: >"$work/bugs"
contained unshare --net --mount --ipc --uts --fork --kill-child --mount-proc bash -c '
	mount --make-rprivate / &&
		mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/lock /run/netns /run/lab &&
		mount -t sysfs sysfs /sys && ip link set lo up || exit 125
	echo "lab: the command begins" >"$1/console"
	bash "$1/job" </dev/null
	echo $? >"$1/rc"' host "$work" </dev/null
finish $?
