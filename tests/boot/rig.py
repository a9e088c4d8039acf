# SPDX-License-Identifier: GPL-2.0-or-later
"""rig: punchd installed in a machine, and terminals that talk to it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess

from checks import check, same, wait_until
from machine import COMMAND_S

DAEMONS = ("ingestd", "parserd", "cmdqd", "notifyd")
OPTIONAL = ("matchd", "tls")
URL = "http://127.0.0.1:8081"
SOME = 20  # uploads: enough to say that it goes on


class Rig:
    def __init__(self, machine, build, package):
        self.machine, self.build, self.package = machine, build, package
        self.acked_before = set()
        self.notes = []

    def note(self, *words):
        self.notes.append(" ".join(str(w) for w in words))

    # ---- the package ----

    def put(self, path, directory):
        """A file of this machine's into the other's /root/DIRECTORY, where whoever follows the book works."""
        directory = os.path.join(self.machine.tree, "root", directory)
        os.makedirs(directory, exist_ok=True)
        shutil.copy(path, directory)

    def install(self, package):
        self.put(package, "")
        return self.follow(f"apt-get install ./{os.path.basename(package)}")

    # ---- the administrator ----

    def follow(self, steps):
        """Takes the steps that a page says, as one who stops at the first that fails; gives what was said."""
        self.machine.write("/root/steps", "cd /root\n" + steps)
        return self.machine.run("bash", "-e", "/root/steps")

    def follow_editing(self, steps, text):
        """The same at a terminal, in an editor of which TEXT is written, whatever it is that is edited."""
        self.machine.write("/root/text", text)
        self.machine.write("/root/editor", "#!/bin/sh\nfor file; do :; done\ncat /root/text >\"$file\"\n")
        self.machine.write("/root/steps", "cd /root\n" + steps)
        os.chmod(self.machine.path("/root/editor"), 0o755)
        return self.machine.run("script", "--quiet", "--return", "--command",
                                "SYSTEMD_EDITOR=/root/editor bash -e /root/steps", "/dev/null")

    def wait_active(self, *daemons):
        for daemon in daemons or DAEMONS:
            wait_until(lambda: self.is_active(daemon), f"{daemon} is up")

    def is_active(self, daemon):
        return self.machine.property(f"punchd-{daemon}", "ActiveState") == "active"

    def ip(self, *words):
        """ip(8) of this machine in the other's network."""
        done = subprocess.run(self.machine.in_network("ip", *words), capture_output=True, text=True, timeout=60)
        same(done.returncode, 0, f"ip {' '.join(words)}: {done.stderr}")

    # ---- the operator ----

    def punchctl(self, *words):
        return self.machine.run("punchctl", *words)

    def rows(self, *words):
        return [json.loads(line) for line in self.punchctl(*words, "--json").splitlines()]

    def recorded(self):
        return {(r["serial"], r["pin"], r["time"]) for r in self.rows("punch", "ls", "--no-names")}

    def approve(self, *serials):
        self.punchctl("device", "approve", "--wait", "--timeout", f"{COMMAND_S // 2}s", *serials)

    # ---- terminals ----

    def devsim(self, *words, **options):
        return subprocess.Popen(self.machine.in_network(f"{self.build}/devsim", words[0], "--url", URL, *words[1:]),
                                stdin=subprocess.DEVNULL, text=True, **options)

    def devsim_ended(self, *words, timeout_s=120):
        """Its closing line."""
        process = self.devsim(*words, "--json", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            process.wait()
            raise
        same(process.returncode, 0, f"devsim {words[0]} says {said}")
        return json.loads(said.splitlines()[-1])

    @contextlib.contextmanager
    def uploads(self, prefix):
        """Four terminals that never cease to upload; at the end all that was acknowledged is in the records."""
        load = Uploads(self, prefix)
        try:
            yield load
            load.end()
            wait_until(lambda: load.acked() <= self.recorded(), "what was acknowledged is in the records")
            self.acked_before |= load.acked()
        finally:
            load.clear()


class Uploads:
    TERMINALS = 4

    def __init__(self, rig, prefix):
        self.rig, self.log = rig, f"{rig.machine.dir}/acked-{prefix}"
        who = ("--terminals", str(self.TERMINALS), "--serial-prefix", prefix)
        serials = subprocess.run([f"{rig.build}/devsim", "serials", *who], check=True, capture_output=True, text=True,
                                 timeout=60)
        rig.approve(*serials.stdout.split())
        # ingestd hears of it a moment later: with an upload of its own each has been let in.
        rig.devsim_ended("run", *who, "--seed", "1", "--punches", "1", "--seconds", "60")
        self.process = rig.devsim("load", *who, "--kind", "attlog", "--connections", "4", "--rate", "100", "--seconds",
                                  "3600", "--ack-log", self.log, "--json", stdout=subprocess.PIPE)
        self.go_on()

    def count(self):
        try:
            return os.path.getsize(self.log)
        except FileNotFoundError:
            return 0

    def acked(self):
        with open(self.log) as f:
            rows = [line.rstrip("\n").split("\t") for line in f]
        return {tuple(row[:3]) for row in rows if len(row) >= 6}

    def go_on(self):
        """More are acknowledged from now on."""
        before = self.count()
        wait_until(lambda: self.count() > before + SOME * 30, "uploads are acknowledged")
        check(self.process.poll() is None, "devsim has ended")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=60)
        self.closing = json.loads(said.splitlines()[-1])

    def clear(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
