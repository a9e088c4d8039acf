#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [OPTION…]: the boot test with what it needs: run.py's options. Where no container can be booted nothing is
# installed or built for it.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${B:-build}
run=(python3 tests/boot/run.py --build "$build")

# It has said why, and counted it.
timeout 120 "${run[@]}" --may-boot "$@"
may=$?
((may == 0)) || exit $((may == 3 ? 0 : may))
log=$(mktemp)
trap 'rm -f "$log"' EXIT
need() { # need WHAT COMMAND…
    local what=$1
    shift
    timeout 600 "$@" >"$log" 2>&1 </dev/null && return
    tail -n 40 "$log"
    echo "FAILED  boot: $what"
    echo "0 passed, 1 failed"
    exit 1
}
need "its packages cannot be installed" scripts/deps.sh boot
need "the programs cannot be built" make -s -j"$(nproc)" B="$build" all
# The unit tests have been run, or are not asked for.
need "the package cannot be built" env DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" make -s B="$build" deb
packages=("$build"/punchd_*.deb)
timeout 2400 "${run[@]}" --package "${packages[0]}" "$@"
