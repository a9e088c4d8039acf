#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything that must hold, within fifteen minutes. Prints what it runs and closes with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
build=${B:-build}
jobs=$(nproc)
passed=0
failed=0
skipped=0
failures=()

# step NAME COMMAND…: one thing that holds or does not; its output is shown when it does not.
step() {
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        failures+=("$name")
        printf 'FAILED  %s\n' "$name"
        sed 's/^/        /' "$log" | tail -n 80
    fi
    rm -f "$log"
}

# tally NAME COMMAND…: a suite that counts for itself; its last line is "N passed, N failed[, N skipped]".
tally() {
    local name=$1 log line
    shift
    log=$(mktemp)
    printf -- '--      %s\n' "$name"
    "$@" 2>&1 | tee "$log" | sed 's/^/        /'
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
        ((BASH_REMATCH[2] == 0)) || failures+=("$name")
    else
        failed=$((failed + 1))
        failures+=("$name: did not finish")
    fi
    rm -f "$log"
}

format_is_right() {
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

manuals_are_right() {
    local faults
    faults=$(git ls-files '*.[1-8]' | xargs mandoc -T lint -W warning 2>&1)
    [[ -z $faults ]] || { echo "$faults"; return 1; }
}

units() { # units BUILD LABEL
    local t
    for t in "$1"/unit/test_*; do
        [[ -x $t && $t != *.d ]] && step "$2 ${t##*/}" "$t"
    done
}

# ---- what runs beside each other ----

# beside FUNCTION: a lane of its own. What it says is shown, and counted, by join.
beside() {
    (
        passed=0 failed=0 skipped=0 failures=()
        "$1"
        declare -p passed failed skipped failures | sed 's/^declare -\([-a]*\) /lane_/' >"$lanes/$1.sums"
    ) >"$lanes/$1.log" 2>&1 &
    lane_pids[$1]=$!
}

join() { # join FUNCTION
    local lane_passed=0 lane_failed=1 lane_skipped=0 lane_failures=("$1: did not finish")
    wait "${lane_pids[$1]}"
    cat "$lanes/$1.log"
    [[ -e $lanes/$1.sums ]] && . "$lanes/$1.sums"
    passed=$((passed + lane_passed))
    failed=$((failed + lane_failed))
    skipped=$((skipped + lane_skipped))
    failures+=("${lane_failures[@]}")
}

# What asks much of the processors, and nothing of the clock.
proofs() {
    units "$build" unit
    units "$sanitized" "sanitized unit"
    step "golden" tests/golden/run.sh "$build"
    step "corpora of the fuzz targets, replayed" env B="$build/fuzz" tests/fuzz/run.sh replay
    # With a seed, for the same code is to be told the same; make fuzz looks elsewhere every time.
    step "fuzzing of every parser (slice)" env FUZZ_SEED=1 B="$build/fuzz" tests/fuzz/run.sh fuzz 2
    step "crash at every step (slice), and ten wrong programs are caught" env B="$build" tests/crash/run.sh --quick
    tally "power cuts (slice), and planted faults are seen" env B="$build" tests/powercut/run.sh --quick
}

# Daemons at work, which mostly wait for each other.
whole() {
    tally "system" python3 tests/system/run.py --build "$build"
    tally "system, with ASan and UBSan" python3 tests/system/run.py --build "$sanitized" \
        --only http admission handshake foreign caps_body_max caps_lines signals_under_load command_every \
        command_content queue_lost queue_kill records users secrets exports bad_orders questions_file questions_verify verify \
        remote files_source files_resumed matchd_works matchd_misbehaviour
}

booted() {
    tally "booted" env B="$build" tests/boot/run.sh
}

lanes=$(mktemp -d)
declare -A lane_pids
trap 'rm -rf "$lanes"' EXIT
sanitized=$build/sanitized
step "build" make -s -j"$jobs" B="$build" all unit-programs
step "layering" tests/layering.sh
step "units of systemd" tests/units.sh "$build"
step "format" format_is_right
step "manual pages" manuals_are_right
step "build with ASan and UBSan" make -s -j"$jobs" B="$sanitized" SANITIZE=address,undefined CFLAGS="-O1 -g" all unit-programs
beside proofs
beside booted
whole
join proofs
join booted

for f in "${failures[@]}"; do
    echo "failed: $f"
done
if ((skipped > 0)); then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
((failed == 0))
