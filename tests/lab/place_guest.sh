# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # variables of lab
# The place "guest" (sourced by lab): a User-Mode Linux kernel, an ordinary process
# whose root file system is the host's.
kernel=${UML_KERNEL:-/usr/bin/linux.uml}
[ -x "$kernel" ] || fail "no $kernel (Debian package user-mode-linux)"
realpath -e "${UML_MODULES:-/usr/lib/uml/modules}" >"$work/modules" || exit 125
printf '%s\n' "$work" "$out" >"$work/writable"
install -m 755 "$lab_dir/guest-init" "$work/init"

# The guest's memory is a file in /dev/shm; where that is small, in the work folder
# (the variables would have it elsewhere, on a disk).
unset TMPDIR TMP TEMP
room=$(stat -f -c '%a * %S' /dev/shm 2>/dev/null) || room=0
[ $((room)) -ge $((1 << 30)) ] || export TMPDIR=$work

# A guest is a few processes that hand one processor's work to each other: held on
# one CPU, system calls and page faults cost a third.  Guests that run side by side
# take different CPUs while there are any.
take_cpu() {
	local locks=/tmp/tanuki-lab.cpus cpus range cpu
	mkdir -p "$locks" && chmod 1777 "$locks" 2>/dev/null
	cpus=$(taskset -cp $BASHPID) && cpus=${cpus##* }
	for range in ${cpus//,/ }; do
		for ((cpu = ${range%-*}; cpu <= ${range#*-}; cpu++)); do
			{ exec {cpu_lock}>"$locks/$cpu"; } 2>/dev/null || continue
			! flock -n "$cpu_lock" || break 2
		done
	done
	taskset -cp "$cpu" $BASHPID >/dev/null
}
{ take_cpu; } 2>/dev/null || : # slower, not wrong

# con0 carries the kernel's messages, con1 and con2 the command's stdout and stderr.
contained "$kernel" mem="$mem" root=/dev/root rootfstype=hostfs rootflags=/ ro \
	con=null con0=null,fd:3 con1=null,fd:4 con2=null,fd:5 \
	uml_dir="$work/uml/" panic=-1 init="$work/init" LAB_WORK="$work" \
	</dev/null 3>"$work/console" 4>&1 5>&2 >"$work/early" 2>&1
finish $?
