# SPDX-License-Identifier: GPL-2.0-or-later
"""daemon: one of punchd's, started, watched and ended as a service manager does it, and what is preloaded into it."""

import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import time

from checks import PATIENCE_S, Failed, Skipped, check, wait_until
from host import IS_ROOT, as_user, build_helper

# What a checker of programs is told by the environment, and the first words of what it finds. DAEMON_WRAP is a command
# that the daemons are started with: valgrind and its options.
CHECKERS = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
CHECKER_REPORTS = re.compile(r"WARNING: ThreadSanitizer|(ERROR|WARNING): (Address|Leak)Sanitizer|: runtime error: |"
                             r"^==\d+== (Invalid|Conditional jump|Use of uninitialised|Syscall param|Mismatched|"
                             r"Source and destination overlap|[\d,]+ .*bytes in .* (definitely|indirectly) lost)")
DAEMON_WRAP = tuple(os.environ.get("DAEMON_WRAP", "").split())


class Daemon:
    def __init__(self, site, name):
        self.site, self.name, self.process = site, name, None
        self.log_path = f"{site.dir}/log/{name}"
        self.notify_path = f"{site.dir}/notify/{name}"

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def spawn(self, env=None, args=(), wrap=()):
        """Starts it and does not wait."""
        check(not self.running(), self.name, "runs already")
        if os.path.exists(self.notify_path):
            os.unlink(self.notify_path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        os.chmod(self.notify_path, 0o666)
        self.notify.setblocking(False)
        environment = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": self.notify_path}
        environment.update({key: os.environ[key] for key in CHECKERS if key in os.environ})
        environment.update(env or {})
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*DAEMON_WRAP, *wrap, f"{self.site.dir}/bin/{self.name}", "-c", self.site.conf_path, *args],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment,
                start_new_session=True, **as_user())

    def wait_ready(self):
        """Until it has said so to its service manager, which is us."""
        end = time.monotonic() + PATIENCE_S
        said = b""
        while b"READY=1" not in said:
            check(self.running(), self.name, "ended with status", self.process.poll(), "while it started")
            check(time.monotonic() < end, self.name, "did not get ready")
            if select.select([self.notify], [], [], 0.05)[0]:
                said = self.notify.recv(4096)
        # Nobody reads it from here on, and a full one would make the daemon wait.
        self.notify.close()

    def start(self, **options):
        self.spawn(**options)
        self.wait_ready()
        return self

    def end(self, sig, patience_s=PATIENCE_S):
        """Sends a signal and waits for the end: the exit status."""
        if self.process is None:
            return None
        if self.running():
            self.process.send_signal(sig)
        try:
            code = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"{self.name} did not end after signal {sig}")
        self.process = None
        return code

    def pause(self):
        """Stops it in its tracks: a signal is not there at once, least of all in the midst of a system call."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: set(self.states()) == {"T"}, f"{self.name} is stopped")

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def states(self):
        """The letter of each of its threads."""
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/stat", encoding="ascii") as f:
                yield f.read().rpartition(")")[2].split()[0]

    def descriptors(self):
        """What each of its descriptors is open on."""
        if not IS_ROOT:
            raise Skipped("only root may look at the descriptors of a daemon that nobody may look into")
        found = {}
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                found[int(fd)] = os.readlink(f"/proc/{self.pid}/fd/{fd}")
            except FileNotFoundError:
                continue  # closed meanwhile
        return found

    def stop(self):
        code = self.end(signal.SIGTERM)
        check(code in (0, None), self.name, "ended with status", code, "after SIGTERM")

    def kill(self):
        self.end(signal.SIGKILL)

    def restart(self, **options):
        self.stop()
        return self.start(**options)

    def log(self):
        try:
            with open(self.log_path, "rb") as f:
                return f.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def status(self, key):
        """A number of /proc/PID/status, such as VmRSS, in bytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
        raise Failed(f"no {key} of {self.name}")


def preloaded(site, *sources):
    """The environment that brings these shims into a program. The daemons' user can read the copies. A shim
    lives in the daemon's sandbox: it may call, once the daemon is ready, what the daemon may, and nothing is relaxed for it."""
    libraries = []
    for source in sources:
        library = f"{site.dir}/bin/{os.path.splitext(source)[0]}.so"
        if not os.path.exists(library):
            shutil.copy(build_helper(site.build, source, "-shared", "-fPIC", "-pthread", "-ldl"), library)
            os.chmod(library, 0o755)
        libraries.append(library)
    # A sanitizer's runtime wants to be the first library, and complains where it need not.
    return {"LD_PRELOAD": ":".join(libraries), "ASAN_OPTIONS": "verify_asan_link_order=0"}


class Clock:
    """A clock that can be put forward, for the programs that are started with its environment."""

    def __init__(self, site, *more_shims, **more):
        self.path = f"{site.dir}/clock"
        self.env = {**preloaded(site, "shim_clock.c", *more_shims), "PUNCHD_CLOCK": self.path, **more}
        if not os.path.exists(self.path):
            self.set(0)
            os.chmod(self.path, 0o644)

    def set(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("=q", seconds))
        self.seconds = seconds

    def forward(self, seconds):
        self.set(self.seconds + seconds)
