# SPDX-License-Identifier: GPL-2.0-or-later
"""rig: what the benchmarks stand on: fresh directories, processes that are stopped in any case, and
what they used of the processors."""
import grp
import json
import os
import pwd
import resource
import shutil
import socket
import subprocess
import tempfile
import time

HERTZ = os.sysconf("SC_CLK_TCK")
START_S = 10
USER, GROUP = "nobody", "nogroup"  # whom the daemons run as when root starts this


class Broken(Exception):
    """The run says nothing: a program failed, or was not to be had."""


class Process:
    """A server. Its CPU time counts from when it was started."""

    def __init__(self, rig, args, name, preload=None):
        env = dict(os.environ, LC_ALL="C")
        env.pop("NOTIFY_SOCKET", None)
        if preload:
            env["LD_PRELOAD"] = preload
        self.name = name
        self.log = open(os.path.join(rig.top, name + ".log"), "ab")
        self.log_began = os.path.getsize(self.log.name)
        self.popen = subprocess.Popen(
            rig.as_user + args, env=env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=rig.top)
        self.pid = self.popen.pid

    def cpu_us(self):
        with open(f"/proc/{self.pid}/stat", "rb") as f:
            fields = f.read().rsplit(b")", 1)[1].split()
        return sum(int(n) for n in fields[11:15]) * 1e6 / HERTZ

    def memory_mib(self, key="VmRSS"):
        with open(f"/proc/{self.pid}/status") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) / 1024
        raise Broken(f"{self.name}: no {key}")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def lines(self):
        """How many it has logged."""
        with open(self.log.name, "rb") as f:
            f.seek(self.log_began)
            return f.read().count(b"\n")

    def check(self):
        if self.popen.poll() is not None:
            raise Broken(f"{self.name} ended with {self.popen.returncode}; see {self.log.name}")

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(15)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.log.close()


def raise_files():
    """As many descriptors as can be had, for the daemons too."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (65536, most):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, most)))
            return limit
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Rig:
    def __init__(self, build, base, disk):
        self.image = self.mounted = None
        self.running = []
        self.number = 0
        self.next_port = 18081
        os.makedirs(base, exist_ok=True)
        self.top = tempfile.mkdtemp(prefix="bench-", dir=base)
        try:
            self._open(build, disk)
        except BaseException:
            self.close(keep=False)
            raise

    def _open(self, build, disk):
        self.as_user, self.owner = [], None
        if os.geteuid() == 0:
            try:
                self.owner = pwd.getpwnam(USER).pw_uid, grp.getgrnam(GROUP).gr_gid
            except KeyError as e:
                raise Broken(f"daemons do not run as root, and there is no user or group: {e}")
            self.as_user = ["setpriv", f"--reuid={self.owner[0]}", f"--regid={self.owner[1]}",
                            "--clear-groups", "--"]
        self.files = raise_files()
        os.chmod(self.top, 0o755)
        self.bin = os.path.join(self.top, "bin")
        os.makedirs(os.path.join(self.bin, "bench"))
        for name in os.listdir(os.path.join(build, "bench")):
            self._copy(os.path.join(build, "bench"), os.path.join(self.bin, "bench"), name)
        for name in ("ingestd", "parserd", "cmdqd", "notifyd", "punchctl", "devsim"):
            self._copy(build, self.bin, name)
        self.data = os.path.join(self.top, "data")
        os.mkdir(self.data)
        if disk == "ext4":
            self._mount_image()
        self.give(self.data)
        try:
            self.run(["test", "-w", self.data])
        except Broken:
            raise Broken(f"{USER} cannot get to {self.data}: choose another --dir")

    def _copy(self, here, there, name):
        path = os.path.join(here, name)
        if os.path.isfile(path):
            shutil.copy(path, there)
            os.chmod(os.path.join(there, name), 0o755)

    def give(self, path):
        if self.owner:
            os.chown(path, *self.owner)

    def _mount_image(self):
        """A journaled file system of its own, in a file that has holes for what is not used."""
        if os.geteuid() != 0:
            raise Broken("--disk ext4 mounts an image, which only root can")
        self.image = os.path.join(self.top, "image")
        with open(self.image, "wb") as f:
            f.truncate(32 << 30)
        for command in (["mkfs.ext4", "-q", "-F", "-O", "has_journal", self.image],
                        ["mount", "-o", "loop", self.image, self.data]):
            if subprocess.run(command).returncode != 0:
                raise Broken(f"--disk ext4: {command[0]} did not work here")
        self.mounted = self.data

    def has(self, *names):
        return all(os.path.exists(os.path.join(self.bin, n)) for n in names)

    def program(self, name):
        for path in (os.path.join(self.bin, name), os.path.join(self.bin, "bench", name)):
            if os.path.exists(path):
                return path
        raise Broken(f"{name} is not built")

    def fresh(self):
        """A directory that nothing was ever deleted from."""
        self.number += 1
        path = os.path.join(self.data, f"{self.number:04d}")
        os.mkdir(path)
        self.give(path)
        return path

    def output(self, args, timeout=600):
        """What a program says that ends by itself."""
        done = subprocess.run(self.as_user + args, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=timeout, text=True, cwd=self.top)
        if done.returncode != 0:
            raise Broken(f"{' '.join(args)} ended with {done.returncode}")
        return done.stdout

    def run(self, args, timeout=600):
        """The same as JSON, or nothing."""
        text = self.output(args, timeout)
        return json.loads(text) if text.startswith("{") else None

    def limit(self, name, *args, **more):
        return self.run([self.program(name), *map(str, args)], **more)

    def start(self, name, *args, preload=None):
        p = Process(self, [self.program(name), *map(str, args)], name,
                    self.program(preload) if preload else None)
        self.running.append(p)
        return p

    def stop(self, *processes):
        for p in processes:
            p.check()  # it should have lived until now
            p.stop()
            self.running.remove(p)
        os.sync()  # what was not synced must not be the next one's burden

    def port(self):
        while True:
            self.next_port += 1
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(("127.0.0.1", self.next_port))
                    return self.next_port
                except OSError:
                    continue

    def wait_port(self, process, port):
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            process.check()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise Broken(f"{process.name} does not answer")

    def wait_path(self, process, path):
        until = time.monotonic() + START_S
        while not os.path.exists(path):
            process.check()
            if time.monotonic() > until:
                raise Broken(f"{process.name} does not make {path}")
            time.sleep(0.01)

    def close(self, keep):
        for p in self.running:
            p.stop()
        self.running = []
        if self.mounted:
            subprocess.run(["umount", self.mounted])
        if not keep:
            shutil.rmtree(self.top, ignore_errors=True)


class Site:
    """A place of its own for the daemons: configuration, spool, state."""

    def __init__(self, rig, **settings):
        self.rig, self.dir, self.port = rig, rig.fresh(), rig.port()
        for name in ("spool", "state", "run", "run/desk", "run/wake"):
            os.mkdir(self.path(name))
            rig.give(self.path(name))
        rig.limit("backlog", self.path("spool"), 0)
        self.conf = self.path("punchd.conf")
        self.wake_port = settings.get("wake_port")
        values = {
            "spool_dir": self.path("spool"), "state_dir": self.path("state"),
            "run_dir": self.path("run"), "admit": "any", "connections_per_address": "0",
            "free_floor": "0 B", **settings}
        with open(self.conf, "w") as f:
            f.write(f'listen = {{"127.0.0.1:{self.port}"}}\n')
            f.writelines(f'{key} = "{value}"\n' for key, value in values.items())

    def path(self, name):
        return os.path.join(self.dir, name)

    def ingestd(self, preload=None):
        p = self.rig.start("ingestd", f"--config={self.conf}", preload=preload)
        self.rig.wait_port(p, self.port)
        return p

    def parserd(self):
        p = self.rig.start("parserd", f"--config={self.conf}")
        self.rig.wait_path(p, self.path("state/parserd/records/data.mdb"))
        return p

    def cmdqd(self):
        p = self.rig.start("cmdqd", f"--config={self.conf}")
        self.rig.wait_path(p, self.path("run/desk/desk.sock"))
        return p

    def notifyd(self):
        p = self.rig.start("notifyd", f"--config={self.conf}")
        self.rig.wait_path(p, self.path("run/wake/wake.sock"))
        return p

    def wait_records(self, count, timeout_s=300):
        self.rig.limit("last_seq", self.path("state/parserd/records"), count, timeout_s * 1000)
