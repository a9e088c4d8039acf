#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# record.sh BIN BUILD DIR FS [LOAD-ARGUMENTS…]: one recording, DIR/base and DIR/log. It is run by run.sh in namespaces of
# its own for mounts and processes: whatever ends it, no mount, loop device or daemon is left.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$1 build=$2 dir=$3 fs=$4
shift 4

mkdir -p "$dir/fuse" "$dir/disk"
chmod 755 "$dir" "$dir/disk"
options=loop,noatime
case $fs in
ext4)
    truncate -s 64M "$dir/base"
    mkfs.ext4 -q -F -b 4096 -J size=4 -E lazy_itable_init=0,lazy_journal_init=0 "$dir/base"
    ;;
xfs)
    truncate -s 300M "$dir/base"
    mkfs.xfs -q -f "$dir/base"
    ;;
btrfs)
    truncate -s 128M "$dir/base"
    mkfs.btrfs -q -f "$dir/base" >/dev/null 2>&1
    options=$options,nodiscard
    ;;
esac
cp --sparse=always "$dir/base" "$dir/live"
"$bin/recorder" "$dir/live" "$dir/log" "$dir/fuse" &
recorder=$!
clean() {
    umount "$dir/disk" 2>/dev/null || true
    umount "$dir/fuse" 2>/dev/null || kill "$recorder" 2>/dev/null || true
    wait "$recorder" || true
    rm -f "$dir/live"
}
trap clean EXIT
for _ in $(seq 3000); do
    [ ! -e "$dir/fuse/disk" ] || break
    sleep 0.02
done
mount -t "$fs" -o "$options" "$dir/fuse/disk" "$dir/disk"
mkdir "$dir/disk/punchd"
python3 -B "$here/load.py" "$build" "$dir/disk/punchd" "$dir/fuse/mark" "$@"
