# SPDX-License-Identifier: GPL-2.0-or-later
"""host: what the tests need of this machine: who runs the daemons, limits, mounts of their own, small programs."""

import ctypes
import os
import resource
import subprocess

UID = GID = 65534  # the one unprivileged user of all daemons, when the tests are run by root
ROOT_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IS_ROOT = os.geteuid() == 0


def as_user():
    """Arguments for subprocess that make a child the daemons' user."""
    return {"user": UID, "group": GID, "extra_groups": []} if IS_ROOT else {}


def raise_descriptors(wanted=32768):
    """For tests with many connections: as many as may be had. Children get the same."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


CLONE_NEWNS = 0x20000


def own_mounts():
    """What is mounted from here on only this process and its children see, and it ends with the last of them. In a
    chroot, where / is no mount, others may see it too; each test unmounts what it mounted in any case."""
    if IS_ROOT and ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0:
        subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL, check=False)


def build_helper(build, source, *options):
    """Compiles a small program or library of this directory into build/tests, unless it is there and newer."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = f"{os.path.abspath(build)}/tests/{os.path.splitext(source)[0]}" + (".so" if "-shared" in options else "")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(f"{here}/{source}"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        draft = f"{path}.{os.getpid()}"  # another run may want it at the same time, and never sees a half of it
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o",
                        draft, f"{here}/{source}", *options], check=True)
        os.rename(draft, path)
    return path
