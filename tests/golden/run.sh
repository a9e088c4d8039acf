#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/golden/run.sh [BUILD]: bodies of terminals against what parserd is to make of them, and commands
# against the bytes that terminals are to get. Each NAME.expect here has its body in samples/NAME.bin, or in
# NAME.bin beside it; NAME.lines has its commands in NAME.txt; samples/server_commands_misc.bin is what
# server_commands_misc.txt is to become; rows/ holds the tables other than ATTLOG. With ACCEPT=1 what comes out becomes what is expected: read the
# difference before it is committed. PROGRAM_WRAP is a command that each program is started with: valgrind and its options.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-${B:-build}}
failed=0

# program NAME OBJECT…: build/golden/NAME of tests/golden/NAME.c and these archives
program() {
    local name=$1 program=$build/golden/$1
    shift
    make -s B="$build" "$build/obj/tests/golden/$name.o" "$@"
    mkdir -p "${program%/*}"
    # shellcheck disable=SC2086  # several words on purpose
    ${CC:-cc} -pie ${SANITIZE:+-fsanitize=$SANITIZE} "$build/obj/tests/golden/$name.o" "$@" -ljansson -lsodium -o "$program"
}

# compare NAME EXPECTED COMMAND…: what the command prints is what the file holds
compare() {
    local name=$1 expect=$2 diff=$build/golden/$1.diff
    shift 2
    if [[ ${ACCEPT:-} == 1 && $expect != */samples/* ]]; then
        "$@" >"$expect"
    elif "$@" >"$build/golden/$name.out" && diff -u "$expect" "$build/golden/$name.out" >"$diff"; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        cat "$diff"
        failed=1
    fi
}

from() { # from FILE COMMAND…
    local file=$1
    shift
    ${PROGRAM_WRAP:-} "$@" <"$file"
}

program attlog_json "$build/inside-parserd.a" "$build/lib.a"
for expect in tests/golden/*.expect; do
    name=$(basename "$expect" .expect)
    body=tests/golden/samples/$name.bin
    [[ -e $body ]] || body=tests/golden/$name.bin
    compare "$name" "$expect" from "$body" "$build/golden/attlog_json"
done

# What is in rows/TARGETS: every table but ATTLOG.
program rows_json "$build/inside-parserd.a" "$build/lib.a"
while read -r name target; do
    [[ $name != "#" ]] || continue
    body=tests/golden/samples/$name.bin
    [[ -e $body ]] || body=tests/golden/rows/$name.bin
    compare "$name" "tests/golden/rows/$name.rows" from "$body" "$build/golden/rows_json" "$target"
done <tests/golden/rows/TARGETS

program command_lines "$build/command.a" "$build/lib.a"
for expect in tests/golden/*.lines; do
    name=$(basename "$expect" .lines)
    compare "$name" "$expect" from "tests/golden/$name.txt" "$build/golden/command_lines"
done
name=server_commands_misc
compare $name tests/golden/samples/$name.bin from tests/golden/$name.txt "$build/golden/command_lines" --wire
tests/golden/results.sh "$build" || failed=1
exit $failed
