# SPDX-License-Identifier: GPL-2.0-or-later
"""package: installed, used, upgraded, removed and purged."""

import os
import shutil
import subprocess

from book import OPERATIONS, steps
from checks import check, same, wait_until
from host import ROOT_DIR
from rig import DAEMONS, OPTIONAL

KEPT = ("/var/spool/punchd", "/var/lib/punchd")


def installed(rig):
    """the package installs without a word too much, and all four daemons and nothing optional are up"""
    rig.put(rig.package, "build")
    make, install = steps(OPERATIONS, "Install")[0].split("\n", 1)
    check(make.startswith("make deb "), "the first step is", make)
    said = rig.follow(install)
    check("warning" not in said.lower(), "apt-get says:", said)
    same(said.splitlines()[-5:], ["active"] * 5, "what is active")
    same(rig.machine.run("systemctl", "list-units", "--failed", "--no-legend").strip(), "", "failed units")
    for unit in ("punchd-tls.socket", "punchd-tls.service", "punchd-matchd.service"):
        same(rig.machine.property(unit, "ActiveState"), "inactive", unit)
    for daemon in DAEMONS:
        same(rig.machine.property(f"punchd-{daemon}", "User"), f"punchd-{daemon}", f"the user of {daemon}")
    rig.note(os.path.basename(rig.package))


def a_terminal(rig):
    """a terminal waits to be approved, then uploads, is sent a command and says what came of it"""
    serial = "TERM000001"
    terminal = rig.devsim("run", "--serial-prefix", "TERM", "--tables", "operlog,biodata,attphoto", "--punches", "5",
                          "--poll-ms", "200", "--stay", "--seconds", "300", stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: [d["state"] for d in rig.rows("device", "ls")] == ["pending"], "it waits")
        same(rig.recorded(), set(), "records of a terminal that nobody approved")
        rig.approve(serial)
        said = rig.punchctl("unlock", serial, "--wait", "--timeout", "60s")
        check("done" in said, "an unlock says", said)
        wait_until(lambda: len(rig.recorded()) == 5, "its punches are records")
        same({r["pin"] for r in rig.rows("punch", "ls")}, {str(n) for n in range(1, 6)}, "whose punches they are")
        wait_until(lambda: rig.rows("photo", "ls"), "a photo of a punch is a record")
        wait_until(lambda: rig.rows("template", "ls"), "a template is a record")
    finally:
        terminal.kill()
        terminal.wait()


def next_version(rig):
    """The same package with a higher version."""
    machine = rig.machine
    room = f"{machine.dir}/next"
    subprocess.run(["dpkg-deb", "--raw-extract", rig.package, room], check=True, timeout=60)
    with open(f"{room}/DEBIAN/control", "r+") as f:
        control = "".join(line.rstrip("\n") + "+next\n" if line.startswith("Version:") else line for line in f)
        f.seek(0)
        f.write(control)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", room, f"{machine.dir}/next.deb"], check=True,
                   timeout=60, stdout=subprocess.DEVNULL)
    return f"{machine.dir}/next.deb"


def upgraded(rig):
    """while terminals upload the next version takes over: every daemon is a new one, what was edited stays, nothing is lost"""
    package = next_version(rig)
    conf = "/etc/punchd/punchd.conf"
    with open(rig.machine.path(conf), "a") as f:
        f.write("# edited\n")
    running = [daemon for daemon in (*DAEMONS, *OPTIONAL) if rig.is_active(daemon)]
    before = {daemon: rig.machine.main_pid(f"punchd-{daemon}") for daemon in running}
    with rig.uploads("UPG") as load:
        rig.install(package)
        rig.wait_active(*running)
        load.go_on()
    for daemon in running:
        check(rig.machine.main_pid(f"punchd-{daemon}") not in (None, before[daemon]), daemon, "is still the old one")
    with open(rig.machine.path(conf)) as f:
        check(f.read().endswith("# edited\n"), conf, "was replaced")
    nothing_is_lost(rig)
    rig.note("exchanged:", *running)


def nothing_is_lost(rig):
    lost = rig.acked_before - rig.recorded()
    check(not lost, len(lost), "acknowledged punches are gone")
    rig.note(len(rig.acked_before), "acknowledged punches are there")


def files_of(rig):
    """What must outlive the package, but what a daemon writes when it ends."""
    found = rig.machine.run("find", *KEPT, "-type", "f", "!", "-name", "lock.mdb").split()
    return set(found)


def removed_and_purged(rig):
    """removed, all is stopped and every byte kept; purged, configuration goes and what was acknowledged stays"""
    machine = rig.machine
    machine.run("systemctl", "stop", "punchd.target")
    wait_until(lambda: not any(map(rig.is_active, (*DAEMONS, *OPTIONAL))), "all that belongs to it is stopped")
    before = files_of(rig)
    machine.run("dpkg", "--remove", "punchd")
    same(machine.run("systemctl", "list-units", "--no-legend", "punchd*").strip(), "", "units after removal")
    same(files_of(rig), before, "files after removal")
    check(os.path.exists(machine.path("/etc/punchd/punchd.conf")), "removal took the configuration away")
    machine.run("dpkg", "--purge", "punchd")
    check(not os.path.exists(machine.path("/etc/punchd/punchd.conf")), "purge left the configuration")
    same(files_of(rig), before, "files after purge")


def autopkgtest(rig):
    """debian/tests by Debian's own tool, which installs the package where it was purged; and what had been acknowledged is used"""
    rig.machine.run("dpkg", "--purge", "punchd")
    source, output = f"{rig.machine.dir}/source", f"{rig.machine.dir}/autopkgtest"
    shutil.copytree(f"{ROOT_DIR}/debian", f"{source}/debian")
    with open(f"{source}/debian/files", "w"):
        pass  # built, it says: nothing needs dpkg-dev
    testbed = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testbed.py")
    done = subprocess.run(["autopkgtest", "--no-built-binaries", "--output-dir", output, rig.package, source, "--", testbed,
                           *rig.machine.command()], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)
    same(done.returncode, 0, f"autopkgtest says {done.stderr[-2000:]}")
    with open(f"{output}/summary") as f:
        rig.note("; ".join(" ".join(line.split()) for line in f))
    nothing_is_lost(rig)
