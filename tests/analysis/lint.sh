#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lint.sh: gcc's -fanalyzer, cppcheck and clang-tidy over the product's code, each file for itself, as many at a time as
# there are cores. What each is wrong about stands, with the reason, in analyzer.supp and cppcheck.supp beside this, and
# what clang-tidy is not asked in .clang-tidy. Prints what is found, and nothing when all is well.
set -uo pipefail
cd "$(dirname "$0")/../.."
here=tests/analysis
logs=${B:-build}/lint
options="-I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -std=gnu11"
mapfile -t files < <(git ls-files '*.c' ':!tests')
mkdir -p "$logs"
failed=0

each() { # each COMMAND…: for each file
    printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 "$@"
}

# One line of analyzer.supp: FILE, a blank, the warning's name, a blank, the reason.
not_excused() {
    local line
    while read -r line; do
        grep -q "^${line%%:*} $(sed 's/.*\[-Wanalyzer-\(.*\)\]$/\1/' <<<"$line") ." "$here/analyzer.supp" || echo "$line"
    done
}

report() { # report NAME FILE STATUS: what it found, and that it ran at all
    [[ -s $2 || $3 -ne 0 ]] || return 0
    echo "lint: $1, status $3:"
    cat "$2"
    failed=1
}

# shellcheck disable=SC2086
each gcc $options -O1 -g -fanalyzer -S -o /dev/null 2>"$logs/gcc"
status=$?
grep -E ': (warning|error): ' "$logs/gcc" | sort -u | not_excused >"$logs/gcc.found"
report "gcc -fanalyzer (the whole path: $logs/gcc)" "$logs/gcc.found" $status

cppcheck --quiet -j"$(nproc)" --enable=warning,performance,portability --std=c11 --library=posix -D_GNU_SOURCE -I. \
    --suppressions-list="$here/cppcheck.supp" --template='{file}:{line}: {id}: {message}' "${files[@]}" 2>"$logs/cppcheck"
report cppcheck "$logs/cppcheck" $?

# shellcheck disable=SC2086
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 sh -c 'clang-tidy --quiet "$@" -- '"$options"' 2>/dev/null' sh >"$logs/tidy"
report clang-tidy "$logs/tidy" $?
exit $failed
