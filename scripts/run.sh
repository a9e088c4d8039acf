#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh DIR PORT: punchd in the foreground, for a first look and for developing. Everything it keeps is below DIR. A
# daemon that dies is started again; Ctrl-C ends all. On a server systemd does this, each daemon in its own sandbox.
set -euo pipefail

usage="usage: make run [DIR=var] [PORT=8081]"
dir=${1:?$usage}
port=${2:?$usage}
build=${B:-build}
daemons=(parserd notifyd cmdqd ingestd)
declare -A pid_of=()

die() {
    echo "run: $1" >&2
    exit "$2"
}

[[ $port =~ ^[0-9]+$ ]] && ((10#$port >= 1 && 10#$port <= 65535)) || die "PORT=$port: a number from 1 to 65535" 64
port=$((10#$port))
((port >= 1024)) || die "PORT=$port: ports below 1024 are root's, and no daemon runs as root" 64

# ---- users: root gives each daemon its own, anybody else is all of them ----

# Groups are doors: who is in one may do one thing. docs/TRUST.md. None is taken away: on a machine that also has the
# package an operator may have given it.
make_users() {
    local g u
    for g in upload erase result order desk wake match read private; do
        getent group "punchd-$g" >/dev/null || groupadd --system "punchd-$g"
    done
    for u in "${daemons[@]}" matcher; do
        id "punchd-$u" >/dev/null 2>&1 ||
            useradd --system --user-group --no-create-home --home-dir /nonexistent \
                --shell /usr/sbin/nologin "punchd-$u"
    done
    usermod -aG punchd-upload,punchd-result,punchd-desk punchd-ingestd
    usermod -aG punchd-upload,punchd-erase,punchd-read,punchd-private punchd-parserd
    usermod -aG punchd-result,punchd-order,punchd-desk,punchd-wake,punchd-match,punchd-read punchd-cmdqd
    usermod -aG punchd-wake punchd-notifyd
    usermod -aG punchd-match punchd-matcher
}

as() { # as DAEMON COMMAND…: becomes the daemon's user, if that is ours to do
    local user=punchd-${1/matchd/matcher}
    shift
    if ((EUID == 0)); then
        exec setpriv --reuid "$user" --regid "$user" --init-groups --no-new-privs -- "$@"
    fi
    exec "$@"
}

owned() { # owned OWNER GROUP MODE DIR
    mkdir -p "$4"
    if ((EUID == 0)); then
        chown "$1:$2" "$4"
    fi
    chmod "$3" "$4"
}

make_dirs() {
    mkdir -p "$dir/spool" "$dir/state"
    chmod 755 "$dir/spool" "$dir/state"
    owned punchd-parserd punchd-upload 2750 "$dir/spool/upload"
    owned punchd-parserd punchd-erase 2750 "$dir/spool/erase"
    owned punchd-cmdqd punchd-result 2750 "$dir/spool/result"
    owned punchd-cmdqd punchd-order 2750 "$dir/spool/order"
    owned punchd-parserd punchd-read 2750 "$dir/state/parserd"
    owned punchd-parserd punchd-private 2750 "$dir/state/private"
    owned punchd-cmdqd punchd-read 2751 "$dir/state/cmdqd" # the admission list in it is for ingestd
    owned punchd-cmdqd punchd-desk 2750 "$dir/state/cmdqd/files"
    owned root root 755 "$dir/state/files" # what put-file may name: an administrator lays it there
    owned root root 755 "$dir/run" # nobody may put a directory in another's place
    owned punchd-cmdqd punchd-desk 2750 "$dir/run/desk"
    owned punchd-notifyd punchd-wake 2750 "$dir/run/wake"
    owned punchd-matcher punchd-match 2750 "$dir/run/match"
}

# A clone below /root cannot be entered by the daemons' users: then the state goes where it can.
choose_dir() {
    [[ -d $dir ]] || mkdir -p -m 755 "$dir" # one that is there keeps its mode
    dir=$(cd "$dir" && pwd)
    ((EUID == 0)) || return 0
    if (as parserd test -x "$dir"); then
        return 0
    fi
    [[ ${1:-} == default ]] || die "DIR=$dir cannot be entered by the daemons' users; name another, such as DIR=/srv/punchd" 77
    rmdir "$dir" 2>/dev/null || true
    echo "run: $dir cannot be entered by the daemons' users, so the state goes to /var/lib/punchd-run"
    dir=/var/lib/punchd-run
    mkdir -p -m 755 "$dir"
}

write_conf() {
    if [[ -e $dir/punchd.conf ]]; then
        grep -q "^listen.*:$port\"" "$dir/punchd.conf" && return 0
        echo "run: $dir/punchd.conf is used as it is; PORT=$port is not in it"
        port=$(sed -n 's/^listen.*:\([0-9]*\)".*/\1/p' "$dir/punchd.conf" | head -n 1)
        return 0
    fi
    cat >"$dir/punchd.conf.new" <<CONF
# Written by "make run" for a first look. It admits ANY serial; a server should have: admit = approved
spool_dir = "$dir/spool"
state_dir = "$dir/state"
run_dir = "$dir/run"
listen = {"0.0.0.0:$port"}
admit = any
CONF
    chmod 644 "$dir/punchd.conf.new"
    mv "$dir/punchd.conf.new" "$dir/punchd.conf"
}

# Only who has a matcher needs the daemon that carries questions to it.
add_matchd() {
    if grep -q '^[[:space:]]*matcher[[:space:]]*=[[:space:]]*["'"'"']\?/' "$dir/punchd.conf"; then
        daemons=(matchd "${daemons[@]}")
    fi
}

# What terminals ask about people is in the private records: cmdqd may read them for that alone.
let_cmdqd_read() {
    ((EUID == 0)) || return 0
    if grep -Eq '^[[:space:]]*allow_(remote|verify)[[:space:]]*=[[:space:]]*"?true' "$dir/punchd.conf"; then
        usermod -aG punchd-private punchd-cmdqd
    fi
}

# ---- supervision ----

start() {
    (as "$1" "$dir/bin/$1" -c "$dir/punchd.conf") &
    pid_of[$1]=$!
}

# The consumers make the spools; ingestd wants to find them.
wait_for_spools() {
    for _ in {1..100}; do
        [[ -d $dir/spool/upload/hold && -d $dir/spool/result/hold ]] && return 0
        sleep 0.05
    done
}

stop_all() { # stop_all STATUS
    set +e # whatever has ended by itself meanwhile is no fault
    trap - EXIT
    trap '' INT TERM
    # shellcheck disable=SC2046
    kill -TERM $(jobs -pr) 2>/dev/null
    wait
    echo "run: all daemons have ended; everything is kept in $dir"
    exit "$1"
}

# Who runs is looked at: when several end at once "wait -n" tells of one, and may tell of the others never.
supervise() {
    local d code
    while true; do
        sleep 0.5
        for d in "${daemons[@]}"; do
            kill -0 "${pid_of[$d]}" 2>/dev/null && continue
            code=0
            wait "${pid_of[$d]}" || code=$?
            # A fault of the configuration does not mend itself.
            ((code != 78)) || die "$d does not accept $dir/punchd.conf (see above)" 78
            ((code == 75)) || echo "run: $d ended with status $code; starting it again" >&2
            start "$d"
        done
    done
}

banner() {
    local address
    address=$(hostname -I 2>/dev/null | awk '{print $1}') || true
    cat <<TXT

    punchd is running. Everything it keeps is below $dir; Ctrl-C ends it.
    It admits ANY serial: fine for a first look, not for a server (admit = approved).

    Key into the terminal:   server address ${address:-this machine}   port $port
    (menu Comm. > Cloud Server / ADMS; domain name off, proxy off)

    Then try, in another shell:
        export PUNCHD_CONF=${dir@Q}/punchd.conf
        $build/punchctl status
        $build/devsim run --url http://127.0.0.1:$port --terminals 1 --seconds 10
        $build/punchctl punch follow

TXT
}

[[ $dir == var ]] && which=default || which=given
if ((EUID == 0)); then
    make_users
fi
choose_dir "$which"
# Nobody else may be serving from this directory.
exec 9>"$dir/lock"
flock -n 9 || die "another make run, or a daemon that it left, is using $dir" 75
make_dirs
write_conf
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    die "port $port is in use; name another, such as PORT=$((port + 1))" 69
fi
add_matchd
let_cmdqd_read
mkdir -p "$dir/bin"
for d in "${daemons[@]}"; do
    install -m 755 "$build/$d" "$dir/bin/$d"
done
trap 'stop_all 0' INT TERM
trap 'stop_all $?' EXIT
for d in "${daemons[@]}"; do
    [[ $d != ingestd ]] || wait_for_spools
    start "$d"
done
banner
supervise
