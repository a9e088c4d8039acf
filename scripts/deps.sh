#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what is missing of Debian's packages: deps.sh build|test|deb|boot|analysis
# Does nothing, and asks for nothing, when all are there.
set -eu

build="gcc make libc6-dev pkg-config libmicrohttpd-dev liblmdb-dev libinotifytools0-dev libconfuse-dev
    libjansson-dev libsodium-dev zlib1g-dev libsystemd-dev libcap-ng-dev libseccomp-dev util-linux passwd"
test="$build libcmocka-dev python3 strace mandoc git procps clang libclang-rt-14-dev clang-format clang-tidy
    e2fsprogs mount systemd fuse3 libfuse3-dev xfsprogs btrfs-progs kmod"

deb="$build libcmocka-dev dpkg-dev debhelper fakeroot lintian git"
analysis="$test llvm-14 cppcheck valgrind libc6-dbg"

boot="$deb systemd-container mmdebstrap autopkgtest iproute2 tar python3"

case "${1:-}" in
build) wanted=$build ;;
test) wanted=$test ;;
deb) wanted=$deb ;;
boot) wanted=$boot ;;
analysis) wanted=$analysis ;;
*)
    echo "usage: deps.sh build|test|deb|boot|analysis" >&2
    exit 64
    ;;
esac

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "These Debian packages are missing, and only root can install them:" >&2
    echo "    apt-get install$missing" >&2
    exit 69
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# A mirror that does not answer at once, and somebody else's apt, are no reason to give up.
apt_get="$as_root apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300"
$apt_get update
# shellcheck disable=SC2086
$apt_get install -y --no-install-recommends $missing >/dev/null
