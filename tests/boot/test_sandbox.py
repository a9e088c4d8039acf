# SPDX-License-Identifier: GPL-2.0-or-later
"""sandbox: what code in each process can do, as docs/TRUST.md says; where datagrams may go; what bounds memory and tasks."""

import glob
import os
import shutil
import subprocess

import trust
from checks import Failed, Skipped, check, same, wait_until
from host import ROOT_DIR
from rig import DAEMONS

PROGRAMS = {"tls": "/usr/sbin/haproxy"}
FAR = "198.51.100.7"  # RFC 5737
# The sandbox stays as the unit has it; only that a probe says no "ready" and ends is told to systemd.
ONCE = "[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStopPost=\n"


def make_route(rig):
    """Without one there is no way to that address for anybody."""
    rig.ip("route", "replace", "198.51.100.0/24", "dev", "lo")


def no_datagram_elsewhere(rig):
    """notifyd may not send to an address that its socket unit denies: EPERM"""
    make_route(rig)
    rig.punchctl("device", "set", "--wait", "TERM000001", f"wake={FAR}")
    rig.punchctl("unlock", "TERM000001")
    told = wait_until(lambda: [line for line in rig.machine.journal("-u", "punchd-notifyd").splitlines() if FAR in line],
                      "notifyd tells that it could not wake")
    check("Operation not permitted" in told[0], "notifyd says", told[0])


# ---- memory and tasks ----


def write_unit(rig, name, *lines):
    rig.machine.write(f"/run/systemd/system/{name}", "[Service]\n" + "\n".join(lines) + "\n")
    rig.machine.run("systemctl", "daemon-reload")


def bounds(rig):
    """MemoryMax= and TasksMax= of each unit are the kernel's, and bite"""
    for daemon in DAEMONS:
        group = rig.machine.property(f"punchd-{daemon}", "ControlGroup")
        for name, wanted in (("memory.max", "MemoryMax"), ("pids.max", "TasksMax")):
            same(limit_of(rig, group, name), rig.machine.property(f"punchd-{daemon}", wanted), f"{wanted} of {daemon}")
    write_unit(rig, "eats.service", "Type=oneshot", "MemoryMax=32M", "MemorySwapMax=0",
               "ExecStart=/usr/bin/perl -e '$$x = 1 x 100000000'")
    write_unit(rig, "forks.service", "Type=oneshot", "TasksMax=4", "LogLevelMax=alert",
               "ExecStart=/usr/bin/perl -e 'for (1..8) { $$p = fork; exit 7 unless defined $$p; sleep 60, exit unless $$p }'")
    for unit, why in (("eats.service", "oom-kill signal"), ("forks.service", "exit-code")):
        rig.machine.run("systemctl", "start", unit, may_fail=True)
        check(rig.machine.property(unit, "Result") in why.split(), unit, "ended:", rig.machine.property(unit, "Result"))
    same(rig.machine.property("forks.service", "ExecMainStatus"), "7", "what makes 8 processes of 4")


def limit_of(rig, group, name):
    """Version 2 has memory.max, version 1 memory/memory.limit_in_bytes."""
    v1 = {"memory.max": "memory/{}/memory.limit_in_bytes", "pids.max": "pids/{}/pids.max"}[name].format(group)
    for path in (f"{group}/{name}", v1):
        path = rig.machine.path(f"/sys/fs/cgroup/{path}")
        if os.path.exists(path):
            with open(path) as f:
                return f.read().strip()
    raise Skipped("the machine's cgroups have no memory and no pids")


# ---- the probe ----


def compile_probe(rig):
    path = f"{rig.build}/boot/probe"
    sources = glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe*.c"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-o", path, *sources], check=True, timeout=120)
    return path


def prepare(rig):
    """What is there to be had: a key, somebody else's file, an upload that waits, daemons to speak to."""
    machine = rig.machine
    make_route(rig)
    machine.write("/etc/punchd/tls/certificate.pem", "made up\n")
    machine.write("/etc/punchd/tls/key.pem", "made up\n")
    os.chmod(machine.path("/etc/punchd/tls/key.pem"), 0o600)
    machine.write("/tmp/of-another", "made up\n")
    machine.write("/var/lib/punchd/files/firmware", "made up\n")
    machine.run("systemctl", "start", "punchd-matchd")
    machine.run("systemctl", "stop", "punchd-parserd")
    with open(f"{machine.tree}/root/body", "w") as f:
        f.write("1\t2026-01-01 08:00:00\t0\t1\t0\n")
    machine.run("spoolput", "--serial=TERM000001", "--table=ATTLOG", "upload", "/root/body")


def probe(rig, column, binary):
    """The unit runs the probe, laid over the very program that it starts, with nothing else changed."""
    machine, unit = rig.machine, f"punchd-{column}.service"
    program = PROGRAMS.get(column, f"/usr/libexec/punchd/{column}")
    override = f"/run/systemd/system/{unit}.d/probe.conf"
    machine.write(override, ONCE)
    shutil.copy(binary, f"{machine.tree}/root/probe")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "stop", unit)
    machine.run("mount", "--bind", "/root/probe", program)
    try:
        machine.run("systemctl", "start", unit)
        machine.run("journalctl", "--sync")
        return trust.of_journal(machine.journal("-u", unit))
    finally:
        machine.run("umount", program)
        os.unlink(machine.path(override))
        machine.run("systemctl", "daemon-reload")


def back_to_work(rig, column):
    """All but parserd, which would work on the upload that waits; a socket that the probe has shut down is opened anew."""
    if column == "ingestd":
        rig.machine.run("systemctl", "restart", "punchd-ingestd.socket", "punchd-ingestd.service")
    elif column == "tls":
        rig.machine.run("systemctl", "stop", "punchd-tls.socket", "punchd-tls.service", may_fail=True)
        rig.machine.run("systemctl", "reset-failed")
        shutil.rmtree(rig.machine.path("/etc/punchd/tls"))
    elif column != "parserd":
        rig.machine.run("systemctl", "start", f"punchd-{column}.service")


def sandboxes(rig):
    """what the probe can do in each unit's sandbox is what docs/TRUST.md says, row by row"""
    binary, outcomes = compile_probe(rig), {}
    prepare(rig)
    for column in trust.COLUMNS:
        outcomes[column] = probe(rig, column, binary)
        check(outcomes[column], f"the probe in {column} said nothing")
        back_to_work(rig, column)
    rig.machine.run("systemctl", "start", "punchd-parserd")
    rig.wait_active()
    with open(f"{rig.build}/boot/trust.md", "w") as f:
        f.write(trust.page(outcomes))
    with open(f"{ROOT_DIR}/docs/TRUST.md") as f:
        wrong = trust.differences(f.read(), outcomes)
    if wrong:
        raise Failed("\n".join([f"{len(wrong)} lines; as it should be: {rig.build}/boot/trust.md", *wrong]))
    rig.note(len(outcomes["ingestd"]), "attempts in each of", len(outcomes), "units")


TESTS = (no_datagram_elsewhere, bounds, sandboxes)
