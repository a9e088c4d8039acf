#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/golden/run.sh [BUILD]: bodies of terminals against what parserd is to make of them. Each
# NAME.expect here has its body in samples/NAME.bin, or in NAME.bin beside it. With ACCEPT=1 what comes
# out becomes what is expected: read the difference before it is committed.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-${B:-build}}
program=$build/golden/attlog_json
failed=0

make -s B="$build" "$build/obj/tests/golden/attlog_json.o" "$build/inside-parserd.a" "$build/lib.a"
mkdir -p "${program%/*}"
# shellcheck disable=SC2086  # several words on purpose
${CC:-cc} -pie ${SANITIZE:+-fsanitize=$SANITIZE} "$build/obj/tests/golden/attlog_json.o" \
    "$build/inside-parserd.a" "$build/lib.a" -ljansson -o "$program"

for expect in tests/golden/*.expect; do
    name=$(basename "$expect" .expect)
    body=tests/golden/samples/$name.bin
    [[ -e $body ]] || body=tests/golden/$name.bin
    if [[ ${ACCEPT:-} == 1 ]]; then
        "$program" <"$body" >"$expect"
    elif "$program" <"$body" | diff -u "$expect" - >"$build/golden/$name.diff"; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        cat "$build/golden/$name.diff"
        failed=1
    fi
done
exit $failed
