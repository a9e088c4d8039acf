#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh replay                    every input of every corpus once: gcc with ASan and UBSan
# run.sh fuzz SECONDS [NAME...]    each target, or these, for so long, two at a time: clang's libFuzzer with both
#
# An input that breaks a promise is written to tests/fuzz/crashes/NAME-…, and the run fails. Once mended, it goes to
# corpus/NAME/ under a name that says what it is. What is built, and what fuzzing found of use, is kept in B (build/fuzz).
set -euo pipefail
cd "$(dirname "$0")/../.."

usage="usage: run.sh replay | run.sh fuzz SECONDS [NAME...]"
build=${B:-build/fuzz}
crashes=tests/fuzz/crashes
corpus=tests/fuzz/corpus
names=()
for file in tests/fuzz/fuzz_*.c; do
    name=${file##*/fuzz_}
    names+=("${name%.c}")
done

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

die() {
    echo "fuzz: $1" >&2
    exit "${2:-1}"
}

build() { # build ENGINE
    mkdir -p "$build"
    make -s -j2 -f tests/fuzz/fuzz.mk ENGINE="$1" D="$build/$1" all >"$build/$1.log" 2>&1 || {
        cat "$build/$1.log" >&2
        die "the targets do not build"
    }
}

replay() {
    local failed=0 total=0 said log
    build replay
    for name in "${names[@]}"; do
        log="$build/$name.replay.log"
        if said=$(REPLAY_NAMES=1 "$build/replay/$name" "$corpus/$name" 2>"$log"); then
            printf '%-10s %s\n' "$name" "$said"
            total=$((total + ${said%% *}))
            continue
        fi
        failed=$((failed + 1))
        printf '%-10s FAILED: %s\n' "$name" "$(grep "^$corpus" "$log" | tail -n 1)"
        grep -v "^$corpus" "$log" >&2 || true
    done
    ((failed == 0)) || die "$failed of ${#names[@]} targets failed"
    echo "fuzz: $total inputs replayed by ${#names[@]} targets, every promise kept"
}

fuzz_one() { # fuzz_one NAME SECONDS
    local name=$1 log="$build/$1.fuzz.log" found="$build/found/$1"
    mkdir -p "$found"
    if nice -n 19 "$build/libfuzzer/$name" -max_total_time="$2" -print_final_stats=1 -timeout=10 -rss_limit_mb=1024 \
        -max_len=20000 -artifact_prefix="$crashes/$name-" "$found" "$corpus/$name" >"$log" 2>&1; then
        awk -v name="$name" '
            /stat::number_of_executed_units/ { runs = $2 }
            /stat::average_exec_per_sec/ { rate = $2 }
            / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
            END { printf "%-10s %10d executions %8d /s %6d edges\n", name, runs, rate, cov }' "$log"
        return 0
    fi
    printf '%-10s FAILED\n' "$name"
    grep -E 'not kept|ERROR|SUMMARY|runtime error|Test unit written' "$log" >&2 || tail -n 20 "$log" >&2
    return 1
}

fuzz() { # fuzz SECONDS [NAME...]
    local seconds=$1 failed=0 running=0
    shift
    (($# == 0)) || names=("$@")
    build libfuzzer
    mkdir -p "$crashes"
    for name in "${names[@]}"; do
        [[ -x $build/libfuzzer/$name ]] || die "no target $name" 64
        if ((running == 2)); then
            wait -n || failed=$((failed + 1))
            running=1
        fi
        fuzz_one "$name" "$seconds" &
        running=$((running + 1))
    done
    for ((; running > 0; running--)); do
        wait -n || failed=$((failed + 1))
    done
    ((failed == 0)) || die "$failed of ${#names[@]} targets failed; their inputs are in $crashes"
}

case ${1:-} in
replay)
    (($# == 1)) || die "$usage" 64
    replay
    ;;
fuzz)
    [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "$usage" 64
    shift
    fuzz "$@"
    ;;
*) die "$usage" 64 ;;
esac
