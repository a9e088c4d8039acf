#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh replay                    every input of every corpus once: gcc with ASan and UBSan
# run.sh fuzz SECONDS [NAME...]    each target, or these, for so long, two at a time: clang's libFuzzer with both
#                                  FUZZ_SEED=N: from the corpora alone, with the same random numbers every time, and
#                                  beside other work: what takes ten seconds there need not be a fault
# run.sh coverage                  what the corpora alone reach of each parser in README.md; fails when that is too little
#
# An input that breaks a promise is written to tests/fuzz/crashes/NAME-…, and the run fails. Once mended, it stays there under
# a name that says the fault, and is replayed too. What is built, and what fuzzing found of use, is kept in B (build/fuzz).
set -euo pipefail
cd "$(dirname "$0")/../.."

usage="usage: run.sh replay | run.sh fuzz SECONDS [NAME...] | run.sh coverage"
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

# The corpus of a target and the crashes that it had.
inputs() {
    echo "$corpus/$1"
    compgen -G "$crashes/$1-*" || true
}

replay() {
    local failed=0 total=0 said log
    build replay
    for name in "${names[@]}"; do
        log="$build/$name.replay.log"
        if said=$(REPLAY_NAMES=1 "$build/replay/$name" $(inputs "$name") 2>"$log"); then
            printf '%-14s %s\n' "$name" "$said"
            total=$((total + ${said%% *}))
            continue
        fi
        failed=$((failed + 1))
        printf '%-14s FAILED: %s\n' "$name" "$(grep "^$corpus\|^$crashes" "$log" | tail -n 1)"
        grep -v "^$corpus\|^$crashes" "$log" >&2 || true
    done
    ((failed == 0)) || die "$failed of ${#names[@]} targets failed"
    echo "fuzz: $total inputs replayed by ${#names[@]} targets, every promise kept"
}

fuzz_one() { # fuzz_one NAME SECONDS
    local name=$1 log="$build/$1.fuzz.log" found="$build/found/$1" words=() hangs_s=10
    if [[ -n ${FUZZ_SEED:-} ]]; then
        hangs_s=120
        found=$build/found-with-seed/$name
        rm -rf "$found"
    fi
    mkdir -p "$found"
    [[ $name != http* && $name != serve ]] || words=(-dict=tests/fuzz/http.dict)
    if nice -n 19 "$build/libfuzzer/$name" "${words[@]}" -seed="${FUZZ_SEED:-0}" -max_total_time="$2" -print_final_stats=1 -timeout="$hangs_s" -rss_limit_mb=1024 \
        -max_len=20000 -artifact_prefix="$crashes/$name-" "$found" "$corpus/$name" >"$log" 2>&1; then
        awk -v name="$name" '
            /stat::number_of_executed_units/ { runs = $2 }
            /stat::average_exec_per_sec/ { rate = $2 }
            / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
            END { printf "%-14s %10d executions %8d /s %6d edges\n", name, runs, rate, cov }' "$log"
        return 0
    fi
    printf '%-14s FAILED\n' "$name"
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

coverage() {
    local dir="$build/coverage" name objects=()
    build coverage
    rm -f "$dir"/*.profraw
    for name in "${names[@]}"; do
        LLVM_PROFILE_FILE="$dir/$name.profraw" "$dir/$name" $(inputs "$name") >"$dir/$name.log" 2>&1 ||
            die "$name fails: see $dir/$name.log"
        objects+=(-object "$dir/$name")
    done
    llvm-profdata-14 merge -o "$dir/profile" "$dir"/*.profraw
    llvm-cov-14 export -summary-only -instr-profile "$dir/profile" "${objects[@]}" >"$dir/summary.json" \
        2>"$dir/export.log"
    python3 tests/fuzz/coverage.py "$dir/summary.json" tests/fuzz/README.md "${names[@]}"
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
coverage)
    (($# == 1)) || die "$usage" 64
    coverage
    ;;
*) die "$usage" 64 ;;
esac
