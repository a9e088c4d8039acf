#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# valgrind.sh [NAME...]: valgrind's memcheck over every unit test, the golden tests and the corpora of the fuzz targets, or
# over these alone, as many at a time as there are cores. It sees a read of what nothing was written to, which no sanitizer
# of gcc does. What it cannot run stands, with the reason, in valgrind.skip beside this. What each says is in B/valgrind.
# The last line is "N passed, N failed[, N skipped]".
set -euo pipefail
cd "$(dirname "$0")/../.."
export B=${B:-build}
export logs=$B/valgrind
limit_s=1200 # against hanging: what takes longest takes a quarter of it

# A process that a test forks is looked at like the test; a program that it starts is not.
export MEMCHECK="timeout $limit_s valgrind --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect
    --errors-for-leak-kinds=definite,indirect --num-callers=20 --fair-sched=try"

under_valgrind() { # under_valgrind NAME
    local corpus=tests/fuzz/corpus crashes=tests/fuzz/crashes
    # shellcheck disable=SC2086  # several words on purpose
    case $1 in
    golden) PROGRAM_WRAP=$MEMCHECK tests/golden/run.sh "$B" ;;
    fuzz_*) $MEMCHECK "$B/fuzz/plain/${1#fuzz_}" "$corpus/${1#fuzz_}" $(compgen -G "$crashes/${1#fuzz_}-*") ;;
    *) $MEMCHECK "$B/unit/$1" ;;
    esac
}

# Nobody may look at the status of a child, so its summary is read too.
clean() { # clean NAME
    under_valgrind "$1" >"$logs/$1.log" 2>&1 && ! grep -q '^==[0-9]*== ERROR SUMMARY: [^0]' "$logs/$1.log"
}

one() { # one NAME
    local reason
    reason=$(sed -n "s/^$1 //p" tests/analysis/valgrind.skip)
    if [[ -n $reason ]]; then
        echo "skipped $1: $reason"
    elif clean "$1"; then
        echo "ok      $1"
    else
        echo "FAILED  $1"$'\n'"$(tail -n 40 "$logs/$1.log" | sed 's/^/        /')"
    fi
}
export -f one clean under_valgrind

# The longest first, so that nothing waits for them at the end.
names() {
    local file
    printf '%s\n' test_devices test_result golden
    for file in tests/unit/test_*.c tests/fuzz/fuzz_*.c; do
        basename "$file" .c
    done
}

# A line that is of no test skips nothing: the test has another name by now, or is gone.
check_skips() {
    local unknown
    unknown=$(awk '!/^#/ {print $1}' tests/analysis/valgrind.skip | grep -vxFf <(names)) || return 0
    echo "FAILED  valgrind.skip: there is no test ${unknown//$'\n'/, and none }"
    echo "0 passed, 1 failed"
    exit 1
}

check_skips
make -s -j"$(nproc)" B="$B" all unit-programs
make -s -j"$(nproc)" -f tests/fuzz/fuzz.mk ENGINE=plain D="$B/fuzz/plain" all
mkdir -p "$logs"
{ (($# > 0)) && printf '%s\n' "$@" || names | awk '!seen[$0]++'; } | xargs -P "$(nproc)" -I{} bash -c 'one {}' | tee "$logs/said"

passed=$(grep -c '^ok ' "$logs/said" || true)
failed=$(grep -c '^FAILED ' "$logs/said" || true)
skipped=$(grep -c '^skipped ' "$logs/said" || true)
echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
((failed == 0))
