#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who includes whom, from the compiler's own list, held against docs/ARCHITECTURE.md "The house".
set -euo pipefail
cd "$(dirname "$0")/.."

faults=0
fault() {
    echo "layering: $1" >&2
    faults=$((faults + 1))
}

# Every header that a source file reaches, ours and the system's.
headers_of() {
    ${CC:-cc} -I. -D_GNU_SOURCE -M "$1" | tr -d '\\' | tr ' ' '\n' | grep '\.h$' | sort -u
}

# May a file of room $1 include our header $2?
allowed() {
    local room=$1 header=$2 own=${2%%/*}
    [[ $own == "$room" || $own == lib ]] && return 0
    case $room in
    lib | spool | store | command | notifyd | matchd) return 1 ;;
    ingestd) [[ $header == spool/spool.h ]] ;;
    parserd) [[ $header == spool/spool.h || $own == store ]] ;;
    cmdqd | ctl) [[ $header == spool/spool.h || $own == store || $own == command ]] ;;
    *) return 1 ;;
    esac
}

# Library header, as a pattern of its path → the files that may know it.
declare -A knows=(
    [/microhttpd.h]="ingestd/http.c"
    [/inotifytools/]="spool/watch.c"
    [/confuse.h]="lib/conf.c"
    [/cap-ng.h]="lib/sandbox.c"
    [/seccomp.h]="lib/sandbox_filter.c"
    [/linux/landlock.h]="lib/sandbox_reach.c"
    [/systemd/]="lib/daemon.c lib/log.c"
    [/jansson.h]="ctl/out.c"
    [/lmdb.h]="store/* parserd/records*.c cmdqd/ledger.c cmdqd/ledger_command.c cmdqd/audit.c"
    [/iconv.h]="lib/charset.c"
    [/sodium.h]="lib/base64_code.c lib/secret.c lib/sha256.c store/comm_key.c parserd/records.c parserd/records_fact.c parserd/repeats.c"
)

check_library() {
    local file=$1 header=$2 pattern may
    for pattern in "${!knows[@]}"; do
        [[ $header == *"$pattern"* ]] || continue
        for may in ${knows[$pattern]}; do
            # shellcheck disable=SC2053
            [[ $file == $may ]] && return 0
        done
        fault "$file includes $header, which only ${knows[$pattern]} may know"
    done
}

files=0
for file in {lib,spool,store,command,ingestd,parserd,cmdqd,notifyd,matchd,ctl,systemd}/*.c; do
    files=$((files + 1))
    room=${file%%/*}
    while read -r header; do
        if [[ $header == /* ]]; then
            check_library "$file" "$header"
        elif ! allowed "$room" "$header"; then
            fault "$file includes $header: $room/ may not"
        fi
    done < <(headers_of "$file")
done
((files > 0)) || fault "no source files found"
if ((faults > 0)); then
    echo "layering: $faults faults in $files files" >&2
    exit 1
fi
echo "layering: $files files, every include is allowed"
