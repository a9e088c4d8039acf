#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deb.sh BUILD: the Debian package of what is in this tree, into BUILD. lintian has the last word.
set -euo pipefail

build=${1:?usage: deb.sh BUILD}
mkdir -p "$build"
build=$(cd "$build" && pwd)
room=$build/deb
source=$room/punchd
rm -rf "$room"
mkdir -p "$source"

# A clone may have more in it than belongs to the source.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read | tar -x -C "$source"
else
    tar -c --exclude=./build --exclude=./var . | tar -x -C "$source"
fi
(cd "$source" && dpkg-buildpackage --build=binary --no-sign)
lintian --fail-on error,warning "$room"/*.changes
rm -f "$build"/punchd*_*.deb
mv "$room"/*.deb "$build"
rm -rf "$room"
ls -l "$build"/punchd*_*.deb
