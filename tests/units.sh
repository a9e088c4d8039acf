#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# units.sh BUILD: the units as they are installed. systemd understands every line, each service is as little exposed as it
# says here, all share the same lines of hardening, and who owns what is the same wherever it is written down.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
faults=0

fault() {
    echo "units: $1" >&2
    faults=$((faults + 1))
}

# Tenths, as systemd-analyze counts them. Why two have more than the others: see PrivateUsers in the units.
declare -A may_be_exposed=([punchd-parserd]=3 [punchd-cmdqd]=3)
usual_exposure=2

install_all() {
    make -s install B="$build" DESTDIR="$root"
    units=$root/lib/systemd/system
    install -D /bin/true "$root/usr/sbin/haproxy"
    # What every unit hangs on, from the machine's own systemd.
    cp -n /lib/systemd/system/*.target /lib/systemd/system/{systemd-journald,systemd-journald-dev-log}.socket "$units"
}

# An unknown key is a warning only, so silence is asked for.
systemd_understands() {
    local said
    said=$(systemd-analyze verify --man=no --root="$root" "$units"/punchd* 2>&1) || fault "verify fails"
    [[ -z $said ]] || fault "verify says: $said"
}

is_hardly_exposed() { # is_hardly_exposed UNIT FILE
    local most=${may_be_exposed[$1]:-$usual_exposure} said
    said=$(systemd-analyze security --no-pager --offline=true --threshold="$most" "$2" 2>&1) ||
        fault "$1 is exposed more than $most tenths: ${said##*$'\n'}"
    echo "$1: ${said##*level for }"
}

common_lines() {
    sed -n '/^# -- rights: none/,/^# -- until here/p' "$1"
}

check_services() {
    local file first=''
    for file in "$units"/punchd*.service; do
        is_hardly_exposed "$(basename "$file" .service)" "$file"
        runs_nothing_written "$file"
        [[ -n $(common_lines "$file") ]] || fault "$file has none of the common lines"
        [[ -z $first || $(common_lines "$file") == "$(common_lines "$first")" ]] ||
            fault "$file and $first differ in their common lines"
        first=${first:-$file}
    done
}

# A mount of its own is only without programs where its own name is said.
runs_nothing_written() { # runs_nothing_written FILE
    local path
    for path in $(sed -n 's/^BindPaths=//p' "$1") /tmp /var/tmp /dev/shm /run; do
        sed -n 's/^NoExecPaths=//p' "$1" | tr ' ' '\n' | grep -qxF -- "+$path" || fault "$1 may run what it writes to $path"
    done
}

# ---- owners and modes: tmpfiles, run.sh and docs/TRUST.md say the same ----

# "OWNER GROUP MODE PATH", the path below spool/, state/ or run/.
of_tmpfiles() {
    awk '$1 == "d" {
        sub("^/var/spool/punchd", "spool", $2); sub("^/var/lib/punchd", "state", $2); sub("^/run/punchd", "run", $2)
        print $4, $5, $3 + 0, $2
    }' systemd/tmpfiles.conf
}

of_run_sh() {
    sed -n 's|^ *owned \([a-z-]*\) \([a-z-]*\) \([0-7]*\) "$dir/\([a-z/]*\)".*|\1 \2 \3 \4|p' scripts/run.sh
}

memberships() { # of a file of sysusers: "USER GROUP"
    awk '$1 == "m" {print $2, $3}' "$1" | sort
}

# What run.sh gives in any case; what it gives for a setting stands further in.
of_usermod() {
    sed -n 's/^    usermod -aG \([a-z,-]*\) \([a-z-]*\)$/\2 \1/p' scripts/run.sh |
        while read -r user groups; do tr , '\n' <<<"$groups" | sed "s/^/$user /"; done | sort
}

same_owners() {
    local line
    while read -r line; do
        of_tmpfiles | grep -qxF -- "$line" || fault "run.sh and not tmpfiles: $line"
    done < <(of_run_sh)
    [[ $(of_run_sh | wc -l) -ge 8 ]] || fault "run.sh: its directories were not understood"
    while read -r line; do
        memberships systemd/sysusers.conf | grep -qxF -- "$line" || fault "run.sh and not sysusers: $line"
    done < <(of_usermod)
    [[ $(of_usermod | wc -l) -ge 8 ]] || fault "run.sh: its memberships were not understood"
}

# | `path`, `another` | owner:group mode…
same_as_trust() {
    local owner group mode path
    while read -r owner group mode path; do
        grep -F "| \`$path\`" docs/TRUST.md | grep -qE "\| ${owner#punchd-}:${group#punchd-} 0?$mode" ||
            fault "docs/TRUST.md has no row of: $owner $group $mode $path"
    done < <(of_tmpfiles | grep -vE ' (spool/(erase|result|order|upload/(new|cur|done|bad|hold)).*|spool|state|run/root(/run)?)$')
}

# ---- the package ----

# What deps.sh builds with, the package says that it is built with: elsewhere nobody has it by chance.
built_with() {
    local library
    for library in $(sed -n '/^build="/,/"$/p' scripts/deps.sh | tr -s '" ' '\n' | grep '^lib.*-dev$' | grep -v '^libc6-dev$'); do
        sed -n '/^Build-Depends:/,/^[A-Z][a-z-]*-V/p' debian/control | grep -qw -- "$library" ||
            fault "debian/control is not built with $library"
    done
}

# ---- the alarm ----

check_alarm() {
    local said
    said=$(SERVICE_RESULT=success "$build"/alarm x 2>&1) || fault "alarm fails"
    [[ -z $said ]] || fault "an end that was asked for is an alarm: $said"
    said=$(SERVICE_RESULT=watchdog EXIT_CODE=killed EXIT_STATUS=ABRT "$build"/alarm x 2>&1) || fault "alarm fails"
    [[ $said == "<1>x "*"result=watchdog code=killed status=ABRT"* ]] || fault "alarm says: $said"
}

install_all
systemd_understands
check_services
same_owners
same_as_trust
built_with
check_alarm
if ((faults > 0)); then
    echo "units: $faults faults" >&2
    exit 1
fi
