# SPDX-License-Identifier: GPL-2.0-or-later
"""machine: a Debian tree booted with its own systemd in a container of systemd-nspawn: made, entered, ended. All that it
starts is ended by its id, and its tree and its cgroups are cleared away, whatever happens."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import zlib

from checks import Failed, Skipped, wait_until

SUITE = "bookworm"
# What the package needs besides a machine that boots, and what docs/OPERATIONS.md and debian/tests use, so that it is
# installed without a network.
PACKAGES = ("systemd-sysv", "dbus", "libcap-ng0", "libconfuse2", "libinotifytools0", "libjansson4", "liblmdb0",
            "libmicrohttpd12", "libseccomp2", "libsodium23", "haproxy", "tzdata", "openssl", "curl", "lmdb-utils",
            "apt-utils")
# Nobody logs in, nothing is mounted, and no clock is due.
MASKED = ("console-getty.service", "getty.target", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer",
          "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "systemd-timesyncd.service",
          "systemd-networkd.service", "systemd-networkd-wait-online.service", "systemd-pcrphase.service")
TREE_S, BOOT_S, COMMAND_S = 400, 180, 120
CGROUPS = ("", "name=systemd", "memory", "pids", "cpu", "cpuacct")  # "" is version 2


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was said"


def why_not():
    """Why this machine can boot none, as far as that can be seen at once; "" if it may."""
    if os.geteuid() != 0:
        return "only root can boot a container"
    if not cgroup_parents():
        return "no cgroups are mounted here"
    try:
        tried = subprocess.run(["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "mount",
                                "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, timeout=COMMAND_S)
    except (OSError, subprocess.TimeoutExpired) as e:
        return f"no namespaces: {e}"
    if tried.returncode != 0:
        return f"no namespaces, or no mounts in them: {last_line(tried.stderr)}"
    for parent in cgroup_parents():
        try:
            os.rmdir(make_cgroup(parent, f"punchd-try-{os.getpid()}"))
        except OSError as e:
            return f"cgroups cannot be made: {e}"
    return ""


# ---- the tree ----


def make_base(room):
    """The tree as a tar, made once for what is in it."""
    path = f"{room}/base-{SUITE}-{zlib.crc32(repr(PACKAGES).encode()):08x}.tar"
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draft = path + ".draft.tar"
    try:
        made = subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(PACKAGES), SUITE,
                               draft], capture_output=True, text=True, timeout=TREE_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Skipped(f"a Debian tree could not be had within {TREE_S} s")
    if made.returncode != 0:
        raise Skipped(f"a Debian tree could not be had: {last_line(made.stderr)}")
    os.rename(draft, path)
    return path


def unpack(base, tree):
    os.makedirs(tree)
    subprocess.run(["tar", "-xf", base, "-C", tree, "--numeric-owner", "--xattrs"], check=True, timeout=TREE_S)
    for unit in MASKED:
        with contextlib.suppress(FileExistsError):
            os.symlink("/dev/null", f"{tree}/etc/systemd/system/{unit}")
    # Daemons are started by their package as on a real machine.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{tree}/usr/sbin/policy-rc.d")


# ---- cgroups: one of its own in each hierarchy that systemd uses ----


def cgroup_parents():
    """Where this process is in each of them, as directories."""
    own, found = {}, []
    with open("/proc/self/cgroup") as f:
        for line in f:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            own.update((c, path) for c in controllers.split(","))
    with open("/proc/self/mountinfo") as f:
        for line in f:
            before, _, after = line.partition(" - ")
            kind, _, options = after.split()[:3]
            root, at = before.split()[3:5]
            if kind not in ("cgroup", "cgroup2"):
                continue
            names = [""] if kind == "cgroup2" else [c for c in options.split(",") if c in own]
            if names and names[0] in CGROUPS and names[0] in own:
                inside = os.path.relpath(own[names[0]], root)
                found.append(os.path.normpath(f"{at}/{inside}"))
    return found


def make_cgroup(parent, name):
    path = f"{parent}/{name}"
    os.makedirs(path, exist_ok=True)
    return path


def remove_cgroup(path):
    """It and all below it; they are empty when their processes are gone."""
    for at, _, _ in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(at)
    return not os.path.exists(path)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def namespace(pid, kind="pid"):
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except OSError:
        return None


class Machine:
    """Booted between `with` and its end."""

    def __init__(self, base):
        self.name = f"punchd-boot-{os.getpid()}"
        self.dir = tempfile.mkdtemp(prefix="punchd-boot-")
        self.tree, self.base = f"{self.dir}/tree", base
        self.nspawn = self.leader = None
        self.cgroups = []

    def __enter__(self):
        try:
            unpack(self.base, self.tree)
            self.boot()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    # ---- up and down ----

    def write_init(self):
        """With version 1 of cgroups nspawn mounts the controllers read-only; writable they bound memory and tasks, which
        they do below the machine's own group alone."""
        with open(f"{self.tree}/sbin/init-boot", "w") as f:
            f.write("#!/bin/sh\nfor c in memory pids cpu cpuacct; do\n"
                    "\tmount -o remount,bind,rw,nosuid,nodev,noexec /sys/fs/cgroup/$c 2>/dev/null\ndone\n"
                    "exec /lib/systemd/systemd\n")
            os.fchmod(f.fileno(), 0o755)

    def boot(self):
        self.write_init()
        self.cgroups = [make_cgroup(parent, self.name) for parent in cgroup_parents()]
        self.console = open(f"{self.dir}/console", "w+b")
        # Without CAP_BPF and its call the machine's systemd would leave out IPAddressDeny= without a word.
        self.nspawn = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
             "--kill-signal=SIGRTMIN+3", "--directory", self.tree, "--machine", self.name, "--private-network", "--console=read-only",
             "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--system-call-filter=bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self",
             "--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN", "/sbin/init-boot"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console, start_new_session=True,
            preexec_fn=self.enter_cgroups)
        try:
            wait_until(self.is_up, "the tree boots", BOOT_S)
        except Failed:
            raise Skipped(f"no container boots here: {last_line(self.said())}")

    def enter_cgroups(self):
        for path in self.cgroups:
            with open(f"{path}/cgroup.procs", "w") as f:
                f.write(str(os.getpid()))

    def said(self):
        with open(self.console.name, errors="replace") as f:
            return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", f.read())

    def is_up(self):
        if self.nspawn.poll() is not None:
            raise Skipped(f"no container boots here: {last_line(self.said())}")
        for pid in children(self.nspawn.pid):
            if namespace(pid) not in (None, namespace(os.getpid())) and namespace(pid, "mnt") != namespace(os.getpid(), "mnt"):
                self.leader = pid
        if not self.leader:
            return False
        state = self.run("systemctl", "is-system-running", "--wait", may_fail=True).strip()
        return state in ("running", "degraded")

    def end(self):
        """The end of the first process of a machine is that of all of them."""
        if self.nspawn:
            for pid in (self.leader, self.nspawn.pid):
                if pid and (pid == self.nspawn.pid or pid in children(self.nspawn.pid)):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            self.nspawn.wait(timeout=COMMAND_S)
            self.nspawn = None
        end = time.monotonic() + COMMAND_S
        while self.cgroups and time.monotonic() < end:
            self.cgroups = [path for path in self.cgroups if not remove_cgroup(path)]
            time.sleep(0.02)
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- inside ----

    def command(self, *words):
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--", *words]

    def run(self, *words, may_fail=False, timeout_s=COMMAND_S, **options):
        """What a command in the machine prints."""
        try:
            done = subprocess.run(self.command(*words), capture_output=True, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, timeout=timeout_s, **options)
        except subprocess.TimeoutExpired:
            if may_fail:
                return ""
            raise Failed(f"{' '.join(words)} hangs")
        if done.returncode != 0 and not may_fail:
            raise Failed(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def in_network(self, *words):
        """A command of this machine's own that has the other's network alone."""
        return ["nsenter", "-t", str(self.leader), "-n", "--", *words]

    def path(self, path):
        """A file of the machine as it is seen from here; /run and /tmp are mounted within."""
        return f"/proc/{self.leader}/root{path}"

    def property(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def main_pid(self, unit):
        """Its number here, or None."""
        inside = int(self.property(unit, "MainPID"))
        return inside or None

    def journal(self, *options):
        return self.run("journalctl", "--no-pager", "-q", "-o", "cat", *options)

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w") as f:
            f.write(text)
