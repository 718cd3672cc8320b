# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2012 # variables of lab
# The place "qemu" (sourced by lab): a stock Debian kernel in an emulated machine;
# slow, but it is the kernel that people run.  The root comes from the host by 9p.
kernel=${QEMU_KERNEL:-$(ls -v /boot/vmlinuz-* 2>/dev/null | tail -n 1)}
[ -r "$kernel" ] || fail "no kernel in /boot (Debian package linux-image-amd64)"
realpath -e "${QEMU_MODULES:-/lib/modules}" >"$work/modules" || exit 125
printf '%s\n' "$work" "$out" >"$work/writable"
install -m 755 "$lab_dir/guest-init" "$work/init"

# A first root file system, just enough to mount the host's.
kver=${kernel##*/vmlinuz-} seed=$work/seed
mkdir -p "$seed"/{bin,m,proc,dev,host} "$work/m/lib"
ln -s "$(cat "$work/modules")" "$work/m/lib/modules"
cp "$(command -v busybox)" "$seed/bin/busybox" || fail "no busybox (Debian package busybox-static)"
nth=100
for module in virtio_pci 9pnet_virtio 9p virtio_rng; do
	modprobe -d "$work/m" -S "$kver" --show-depends "$module"
done 2>"$work/early" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
	cp "$file" "$seed/m/$((nth += 1))-${file##*/}"
done
cat >"$seed/init" <<END
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t proc proc /proc
\$b mount -t devtmpfs dev /dev
for m in /m/*; do
	case \$m in *.xz) \$b unxz \$m; m=\${m%.xz} ;; esac
	\$b insmod \$m
done
\$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose root /host ||
	\$b poweroff -f
export LAB_WORK=$work
exec \$b switch_root /host $work/init
END
chmod 755 "$seed/init"
(cd "$seed" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/seed.gz" || fail "no cpio"

shares=()
share() {
	shares+=(-fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap$3")
	shares+=(-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}
share root / ,readonly=on
nth=0
while read -r dir; do
	share "share$nth" "$dir" ''
	nth=$((nth + 1))
done <"$work/writable"

# The command's stdout and stderr are two serial lines, each ends in a fifo.
mkfifo "$work/stdout" "$work/stderr"
setpriv --pdeathsig KILL cat "$work/stdout" &
copy_out=$!
setpriv --pdeathsig KILL cat "$work/stderr" >&2 &
copy_err=$!
contained qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 1 -m "$mem" \
	-nodefaults -no-user-config -display none -no-reboot -device virtio-rng-pci \
	"${shares[@]}" -serial "file:$work/console" \
	-serial "file:$work/stdout" -serial "file:$work/stderr" \
	-kernel "$kernel" -initrd "$work/seed.gz" -append "console=ttyS0 panic=-1" \
	</dev/null >>"$work/early" 2>&1
rc=$?
# When qemu never opened the fifos, their readers still wait for a writer.
if kill -0 $copy_out; then
	: <>"$work/stdout"
	: <>"$work/stderr"
fi 2>/dev/null
wait $copy_out $copy_err 2>/dev/null
finish $rc
