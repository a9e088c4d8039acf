#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/golden/results.sh [BUILD]: bodies of devicecmd against the results that cmdqd is to find in them. Each
# NAME.expect in results/ has its body in samples/NAME.bin, in samples/NAME.http.bin behind the head of the request, or in
# NAME.bin beside it; every sample of a devicecmd has one. With ACCEPT=1 what comes out becomes what is expected: read the
# difference before it is committed.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-${B:-build}}
program=$build/golden/result_json
failed=0

make -s B="$build" "$build/obj/tests/golden/result_json.o" "$build/obj/cmdqd/result.o" "$build/lib.a"
mkdir -p "${program%/*}"
# shellcheck disable=SC2086  # several words on purpose
${CC:-cc} -pie ${SANITIZE:+-fsanitize=$SANITIZE} "$build/obj/tests/golden/result_json.o" "$build/obj/cmdqd/result.o" \
    "$build/lib.a" -ljansson -o "$program"

for body in tests/golden/samples/*devicecmd*.bin tests/golden/results/*.bin; do
    name=$(basename "$body" .bin)
    name=${name%.http}
    expect=tests/golden/results/$name.expect
    result=$build/golden/$name.result
    if [[ $body == *.http.bin ]]; then
        sed '1,/^\r$/d' "$body"
    else
        cat "$body"
    fi | ${PROGRAM_WRAP:-} "$program" >"$result"
    if [[ ${ACCEPT:-} == 1 ]]; then
        cp "$result" "$expect"
    elif diff -u "$expect" "$result" >"$build/golden/$name.diff" 2>&1; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        cat "$build/golden/$name.diff"
        failed=1
    fi
done
exit $failed
