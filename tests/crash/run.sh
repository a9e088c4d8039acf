#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [--quick] [--self-test]: builds what is needed, then kills writers and consumers at every step: see README.md.
# --quick is for make test. Runs as any user; as root the programs run as nobody, for the daemons refuse root.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
B=${B:-build}
uid=65534

make --no-print-directory -s B="$B" "$B/parserd" "$B/punchctl" "$B/inside-ingestd.a" "$B/spool.a" "$B/lib.a"

bin=$(mktemp -d "${TMPDIR:-/tmp}/punchd-crash-XXXXXX")
# The spools need no disk: a killed program leaves the same behind in memory, and sooner.
data=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/punchd-crash-XXXXXX")
kept=$data
clean() {
    rm -rf "$bin"
    rmdir "$data/rooms" "$data" 2>/dev/null || rmdir "$data" 2>/dev/null || { [ ! -d "$data" ] || echo "what failed is in $kept" >&2; }
}
trap clean EXIT

flags=(-std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -O2 -g -pthread -Wall -Wextra -Wshadow -Wconversion
    -Wstrict-prototypes -Wvla -Werror)
[ -z "${SANITIZE:-}" ] || flags+=(-fsanitize="$SANITIZE")
for source in tests/crash/*.c; do
    "${CC:-cc}" "${flags[@]}" "$source" "$B/inside-ingestd.a" "$B/spool.a" "$B/lib.a" -lz \
        -o "$bin/$(basename "$source" .c)"
done
cp "$B/parserd" "$B/punchctl" tests/crash/check.py "$bin/"

drop=()
if [ "$(id -u)" -eq 0 ]; then
    chown "$uid:$uid" "$bin" "$data"
    drop=(setpriv --reuid="$uid" --regid="$uid" --clear-groups --)
fi
mkdir "$data/rooms" && { [ "$(id -u)" -ne 0 ] || chown "$uid:$uid" "$data/rooms"; }
# Root's own python may be where nobody else may look.
python=
for candidate in python3 /usr/bin/python3 /usr/local/bin/python3; do
    if "${drop[@]}" "$candidate" -c '' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { echo "crash: no python3 that this user may run" >&2; exit 69; }

# Under ptrace the leak checker of a sanitized build cannot work.
ASAN_OPTIONS=detect_leaks=0 "${drop[@]}" "$python" -B "$bin/check.py" "$bin" "$data/rooms" "$@"
