#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tsan.sh: the system tests in which ingestd's threads meet, with ThreadSanitizer in every program. libmicrohttpd has
# none, but it runs on ingestd's one loop. What a daemon reports is in its log, and the tests fail for it. Left out are
# tests of how much memory ingestd takes: with the sanitizer it takes several times as much.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${B:-build}/tsan

make -s -j"$(nproc)" B="$build" SANITIZE=thread CFLAGS="-O1 -g" all
# Without colours: to ask whether stderr is a terminal is a system call that the sandbox forbids.
export TSAN_OPTIONS="second_deadlock_stack=1 color=never ${TSAN_OPTIONS:-}"
exec python3 tests/system/run.py --build "$build" --only http handshake caps_body_max caps_lines caps_per_address \
    caps_deadline caps_idle caps_free_floor proxy admission pipeline signals foreign disk questions kill_cycles
