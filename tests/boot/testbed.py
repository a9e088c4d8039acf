#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""testbed: hands a machine that is booted to autopkgtest: `autopkgtest … -- testbed.py WORD…`, where the words, before a
command, run it in there."""

import sys

sys.path.insert(0, "/usr/share/autopkgtest/lib")

import VirtSubproc  # noqa: E402


def hook_capabilities():
    return ["isolation-machine", "root-on-testbed"]


def hook_open():
    VirtSubproc.auxverb = sys.argv[1:]


def hook_downtmp(path):
    return VirtSubproc.downtmp_mktemp(path)


def hook_cleanup():
    VirtSubproc.downtmp_remove()


VirtSubproc.main()
