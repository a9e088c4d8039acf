#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [--quick] [--points N] [--seed N]    power cuts: see README.md. --quick is for make test.
# run.sh --again DIR FS POINT                 one point of a recording that was kept, once more
# What cannot be done on this machine is skipped in words. The last line is "N passed, N failed[, N skipped]".
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
here=tests/powercut
points=100000
a_round=10000 # points that share a seed: the same recordings
seed=1
quick=
faults="no-file-sync no-dir-sync rename-first ok-first no-commit-sync retire-first unsynced-birth"
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes points=3000 faults="no-dir-sync retire-first unsynced-birth" ;;
    --points) points=$2 && shift ;;
    --seed) seed=$2 && shift ;;
    --again) again=("$2" "$3" "$4") && shift 3 ;;
    *) sed -n '3,4s/^# //p' "$0" >&2 && exit 64 ;;
    esac
    shift
done

passed=0 failed=0 skipped=0
skip() {
    skipped=$((skipped + 1))
    echo "skipped $1: $2"
}
finish() {
    echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
    [ "$failed" -eq 0 ]
}

# ---- what this machine lacks ----

own_world=(unshare --mount --pid --fork --kill-child --mount-proc)
lacking() {
    if [ "$(id -u)" -ne 0 ]; then echo "only root may mount"; return; fi
    [ -e /dev/fuse ] || { modprobe -q fuse && [ -e /dev/fuse ]; } || { echo "there is no FUSE here"; return; }
    [ -e /dev/loop-control ] || { modprobe -q loop && [ -e /dev/loop-control ]; } || { echo "there are no loop devices here"; return; }
    "${own_world[@]}" true 2>/dev/null || echo "no namespaces may be made here"
}
fs_lacking() {
    command -v "mkfs.$1" >/dev/null || { echo "there is no mkfs.$1"; return; }
    grep -qw "$1" /proc/filesystems || modprobe -q "$1" 2>/dev/null || echo "this kernel has no $1"
}
lack=$(lacking)
if [ -n "$lack" ]; then
    skip "power cuts on ext4, xfs and btrfs" "$lack"
    finish
    exit
fi

# ---- a place, in memory where there is any; gone at the end ----

make --no-print-directory -s B="$B" "$B/parserd" "$B/cmdqd" "$B/ingestd" "$B/notifyd" "$B/matchd" "$B/punchctl" \
    "$B/spoolput" "$B/devsim" powercut-programs
B=$(cd "$B" && pwd)
dir=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/punchd-cut-XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"
mkdir -m 755 "$dir/bin"
install -m 755 "$B/parserd" "$B/cmdqd" "$B/ingestd" "$B/punchctl" "$dir/bin"

record() { # record NAME FS LOAD-ARGUMENTS…
    local name=$1 fs=$2
    shift 2
    "${own_world[@]}" "$here/record.sh" "$B/powercut" "$B" "$dir/$name" "$fs" "$@" >"$dir/$name.said" 2>&1 && return
    sed 's/^/    /' "$dir/$name.said"
    echo "    the load on $fs did not come to its end"
    return 1
}
replay() { # replay NAME FS ARGUMENTS…
    local name=$1 fs=$2 shards
    shift 2
    shards=$(nproc)
    # Copies of a disk have its id; older kernels mount only one btrfs of an id at a time.
    [ "$fs" != btrfs ] || [ -e /sys/fs/btrfs/features/temp_fsid ] || shards=1
    rm -rf "$dir/work" && mkdir -m 755 "$dir/work"
    "$B/powercut/replay" --shards "$shards" "$@" "$fs" "$dir/$name/base" "$dir/$name/log" "$dir/bin" "$dir/work"
}
if [ -n "${again:-}" ]; then
    mkdir "$dir/again" && cp --sparse=always "${again[0]}/base" "${again[0]}/log" "$dir/again"
    replay again "${again[1]}" --seed "$seed" --only "${again[2]}"
    exit
fi

# ---- power cuts of punchd as it is ----

keep() { # the recording of what failed
    local kept=$B/powercut/failed-$1
    rm -rf "$kept" && mkdir -p "$kept" && cp --sparse=always "$dir/$1/base" "$dir/$1/log" "$kept"
    echo "    one point once more: $here/run.sh --seed $3 --again $kept $2 POINT"
}
cuts() { # cuts FS POINTS SEED
    local name=$1-$3
    if record "$name" "$1" --seed "$3" && replay "$name" "$1" --points "$2" --seed "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        keep "$name" "$1" "$3"
    fi
    rm -rf "${dir:?}/$name"
}
share() { # share FS POINTS: most of them are of ext4
    [ "$1" = ext4 ] && echo $(($2 * 6 / 10)) || echo $(($2 * 2 / 10))
}
present=
for fs in ext4 xfs btrfs; do
    lack=$(fs_lacking $fs)
    [ -z "$lack" ] && present="$present $fs" || skip "power cuts on $fs" "$lack"
done
for ((left = points; left > 0; left -= a_round, seed++)); do
    for fs in $present; do
        cuts "$fs" "$(share $fs $((left < a_round ? left : a_round)))" "$seed"
    done
done

# ---- the same with a planted fault: each must be seen, and for its own reason ----

declare -A reason=([no-file-sync]="torn:" [no-dir-sync]="lost:" [rename-first]="torn:" [ok-first]="lost:"
    [no-commit-sync]="(lost|dead|unreadable):" [retire-first]="lost:" [unsynced-birth]="dead:")
caught=0
plant() { # plant FAULT FS
    local name=fault-$1 seen few=(--points 250)
    # An environment is born once, in a moment: all points of that.
    [ "$1" != unsynced-birth ] || few=()
    if ! record "$name" "$2" --fault "$1" --shim "$B/powercut/shim_disorder.so" --uploads 30 --commands 3; then
        failed=$((failed + 1))
        return
    fi
    seen=$(replay "$name" "$2" --until-failure "${few[@]}" 2>&1 || true)
    if grep -qE "^FAILED .*\): ${reason[$1]}" <<<"$seen"; then
        echo "fault $1 is seen: $(grep -m 1 -oE "point .*\): ${reason[$1]}.{0,70}" <<<"$seen")"
        passed=$((passed + 1)) caught=$((caught + 1))
    else
        echo "FAILED  fault $1 is not seen, or for another reason than ${reason[$1]}"
        sed 's/^/    /' <<<"$seen"
        failed=$((failed + 1))
    fi
    rm -rf "${dir:?}/$name"
}
fs=$(set -- $present && echo "${1:-}")
for fault in $faults; do
    if [ -n "$fs" ]; then plant "$fault" "$fs"; else skip "fault $fault" "no file system"; fi
done
echo "planted faults seen: $caught of $(wc -w <<<"$faults")${quick:+ (all seven by make test-powercut)}"
finish
