# SPDX-License-Identifier: GPL-2.0-or-later
"""harness: a punchd of its own for each test, on loopback and in a temporary directory: made, started, killed, asked,
and always cleared away. Nothing here sleeps for a fixed time: whatever has to come about is waited for by looking."""

import collections
import ctypes
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import zlib

UID = GID = 65534  # the one unprivileged user of all daemons, when the tests are run by root
DAEMONS = ("parserd", "cmdqd", "ingestd")
PROGRAMS = DAEMONS + ("notifyd", "matchd", "punchctl", "spoolput", "devsim")
SPOOLS = ("upload", "result", "order", "erase")
STATES = ("tmp", "new", "cur", "done", "bad", "hold")
PATIENCE_S = 120  # a guard against hanging, not a demand: on a busy machine all takes longer
ROOT_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IS_ROOT = os.geteuid() == 0

# What a checker of programs is told by the environment, and the first words of what it finds. DAEMON_WRAP is a command
# that the daemons are started with: valgrind and its options.
CHECKERS = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
CHECKER_REPORTS = re.compile(r"WARNING: ThreadSanitizer|(ERROR|WARNING): (Address|Leak)Sanitizer|: runtime error: |"
                             r"^==\d+== (Invalid|Conditional jump|Use of uninitialised|Syscall param|Mismatched|"
                             r"Source and destination overlap|[\d,]+ .*bytes in .* (definitely|indirectly) lost)")
DAEMON_WRAP = tuple(os.environ.get("DAEMON_WRAP", "").split())


class Failed(Exception):
    """What a test says when something is not as it should be."""


class Skipped(Exception):
    """Why a test cannot be run here."""


class Hung(BaseException):
    """The runner's patience is over; no test may swallow it."""


def check(condition, *words):
    if not condition:
        raise Failed(" ".join(str(w) for w in words))


def same(got, want, what):
    if got != want:
        raise Failed(f"{what}: got {short(got)}, want {short(want)}")


def short(value, most=300):
    text = repr(value)
    return text if len(text) <= most else text[:most] + f"… ({len(text)} characters)"


def wait_until(condition, what, patience_s=PATIENCE_S):
    """Looks again and again until `condition()` is true, and returns what it gave."""
    end = time.monotonic() + patience_s
    pause_s = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {patience_s} s in vain: {what}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.1)


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


# ---- entries, read by the words of docs/SPOOL.md and not by the project's own code ----


class Entry:
    def __init__(self, head, body, end):
        self.head, self.body, self.end = head, body, end

    def __getattr__(self, key):
        return self.head.get(key)


def read_entries(data, where="a spool file"):
    entries = []
    at = 0
    while at < len(data):
        start = at
        blank = data.find(b"\n\n", at)
        check(data.startswith(b"punchd-spool 1\n", at) and blank > 0, where, "has no head at", at)
        head = {}
        for line in data[at + 15 : blank].decode("latin-1").split("\n"):
            key, _, value = line.partition(":")
            check(key not in head, where, "has a head line twice:", key)
            head[key] = value.strip()
        body_at = blank + 2
        end_at = body_at + int(head["length"]) + 1
        line_end = data.find(b"\n", end_at)
        check(line_end > 0 and data[end_at - 1 : end_at] == b"\n", where, "has a wrong length at", at)
        end = data[end_at:line_end]
        if end != b"end":
            same(end, b"end %08x" % zlib.crc32(data[start:end_at]), f"{where}: the end line")
        entries.append(Entry(head, data[body_at : end_at - 1], end))
        at = line_end + 1
    return entries


def make_entry(serial, body, target=None, kind="upload", checksum=True, received=None, extra=""):
    target = target or f"/iclock/cdata?SN={serial}&table=ATTLOG&Stamp=9999"
    head = f"punchd-spool 1\nkind: {kind}\nserial: {serial}\ntarget: {target}\n{extra}"
    if received:
        head += f"received: {received}\n"
    data = (head + f"length: {len(body)}\n\n").encode("latin-1") + body + b"\n"
    return data + (b"end %08x\n" % zlib.crc32(data) if checksum else b"end\n")


def make_order(text):
    """An entry of the spool "order"; `text` are the lines of its body."""
    body = text.encode("utf-8", "surrogateescape")
    data = b"punchd-spool 1\nkind: order\nlength: %d\n\n" % len(body) + body + b"\n"
    return data + b"end %08x\n" % zlib.crc32(data)


_last_us = 0


def make_name(at_us=None):
    global _last_us
    if at_us is None:
        _last_us = max(_last_us + 1, int(time.time() * 1000000))
        at_us = _last_us
    return "%016x-%s" % (at_us, os.urandom(8).hex())


# ---- HTTP, by hand: what is tested must not be made nice by a library ----


class Reply:
    def __init__(self, head, body, closed):
        self.head, self.body, self.closed = head, body, closed
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]

    def header(self, name):
        """The value of a header spelled just so."""
        values = [v for k, v in self.headers if k == name]
        return values[0] if len(values) == 1 else None

    def __repr__(self):
        return f"<{self.status} {self.body!r}{' closed' if self.closed else ''}>"


class Connection:
    def __init__(self, port, source=None):
        self.sock = socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, (source, 0) if source else None
        )
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        """Some more bytes into self.left; False at the end."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            return False
        except socket.timeout:
            raise Failed("waited in vain for a reply")
        self.left += data
        return bool(data)

    def reply(self, wait_for_close=None):
        """One reply, or None when the connection ends before it. Whether the server closes then is looked at unless
        the reply speaks of keep-alive."""
        while True:
            while b"\r\n\r\n" not in self.left:
                if not self.more():
                    return None
            head, self.left = self.left.split(b"\r\n\r\n", 1)
            if not head.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
                break
        found = re.search(rb"\r\n[Cc]ontent-[Ll]ength: (\d+)", head)
        check(found, "a reply without Content-Length:", head)
        length = int(found.group(1))
        while len(self.left) < length:
            if not self.more():
                return None
        body, self.left = self.left[:length], self.left[length:]
        closed = False
        if wait_for_close is not False:
            closed = self.ended()
        return Reply(head + b"\r\n\r\n", body, closed)

    def ended(self):
        """Waits for the server to close; anything it sends instead is a fault."""
        while self.more():
            pass
        check(not self.left, "bytes behind the reply:", short(self.left))
        return True

    def close(self):
        self.sock.close()


def request_bytes(target, body=None, method=None, headers=(), version="HTTP/1.1", length=True):
    method = method or ("GET" if body is None else "POST")
    lines = [f"{method} {target} {version}", "Host: 127.0.0.1"]
    if body is not None and length:
        lines.append(f"Content-Length: {len(body)}")
    lines += headers
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(body, size):
    out = b""
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        out += b"%x\r\n" % len(piece) + piece + b"\r\n"
    return out + b"0\r\n\r\n"


def hold_port(kind, address, port=0):
    """A socket that keeps a port for whoever sets SO_REUSEADDR: as long as it is there, and it neither listens nor is
    spoken to, the kernel gives that port to nobody who asks for any, nor to a client on its way out."""
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s


def hold_udp_port():
    """The same for datagrams: a port that is free on every address, kept at one that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", 0))
        port = s.getsockname()[1]
    return hold_port(socket.SOCK_DGRAM, "127.255.255.254", port)


def unread(port):
    """Bytes that wait in the sockets of a listening port's connections."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as f:
        next(f)
        for line in f:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == port and fields[3] == "01":
                total += int(fields[4].split(":")[1], 16)
            elif int(fields[2].split(":")[1], 16) == port:
                total += int(fields[4].split(":")[0], 16)
    return total


# ---- a daemon ----


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


# ---- what is preloaded into a daemon ----


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


# ---- a punchd ----


def place_for_sites():
    """A directory that the daemons' user can enter."""
    place = os.environ.get("TMPDIR") or "/tmp"
    if IS_ROOT:
        probe = subprocess.run(["test", "-x", place], **as_user(), check=False)
        if probe.returncode != 0:
            return "/tmp"
    return place


# Orders that punchctl gives five seconds to be done, and then says that they will be.
WAITED_FOR = {("device", verb) for verb in ("approve", "refuse", "set", "rename", "rm", "resend")} | {("cmd", "cancel")}


def patient(words):
    """With as much patience as all tests have, unless they say how much."""
    given = {"--no-wait", "--timeout"} & set(words)
    return words if given else (*words, "--timeout", f"{PATIENCE_S}s")


class Site:
    """A punchd of its own. Use it in a with statement."""

    def __init__(self, build, conf=None, spool_dir=None, state_dir=None, notifyd=False, matchd=False):
        self.build = os.path.abspath(build)
        self.dir = tempfile.mkdtemp(prefix="punchd-test-", dir=place_for_sites())
        self.others = []  # processes besides the daemons
        self.clearing = []  # what else is to be done at the end
        held = hold_port(socket.SOCK_STREAM, "127.0.0.1"), hold_udp_port()
        self.clearing += [s.close for s in held]
        self.port, self.wake_port = (s.getsockname()[1] for s in held)
        self.spool_dir = spool_dir or f"{self.dir}/spool"
        self.state_dir = state_dir or f"{self.dir}/state"
        self.conf_path = f"{self.dir}/punchd.conf"
        # A connection that ought to be closed after the reply must not be closed by the clock instead, and a desk that
        # is slow is not one that is away.
        self.conf = {"admit": "any", "free_floor": '"0 B"', "connections_per_address": "0",
                     "idle_timeout": '"10 min"', "desk_timeout": '"20 s"'}
        if notifyd:
            self.conf["wake_port"] = str(self.wake_port)
        self.conf.update(conf or {})
        os.chmod(self.dir, 0o755)
        for name in ("bin", "log", "notify", "spool", "state"):
            os.mkdir(f"{self.dir}/{name}", 0o755)
        for name in PROGRAMS:
            # A copy each, so that a build that goes on meanwhile changes nothing here.
            shutil.copy(f"{self.build}/{name}", f"{self.dir}/bin/{name}")
            os.chmod(f"{self.dir}/bin/{name}", 0o755)
        self.make_dirs()
        self.write_conf()
        more = (("notifyd",) if notifyd else ()) + (("matchd",) if matchd else ())
        self.daemons = {name: Daemon(self, name) for name in DAEMONS + more}

    notifyd = property(lambda self: self.daemons["notifyd"])
    matchd = property(lambda self: self.daemons["matchd"])
    parserd = property(lambda self: self.daemons["parserd"])
    cmdqd = property(lambda self: self.daemons["cmdqd"])
    ingestd = property(lambda self: self.daemons["ingestd"])

    def make_dirs(self):
        """Owners and modes as scripts/run.sh makes them, but with one user."""
        for path, mode in [(f"{self.spool_dir}/{s}", 0o2750) for s in SPOOLS] + [
            (f"{self.state_dir}/parserd", 0o2750), (f"{self.state_dir}/private", 0o2750),
            (f"{self.state_dir}/cmdqd", 0o2751), (f"{self.dir}/run", 0o755), (f"{self.dir}/run/desk", 0o2750),
            (f"{self.dir}/run/wake", 0o2750), (f"{self.dir}/run/match", 0o2750)]:
            os.makedirs(path, exist_ok=True)
            if IS_ROOT:
                os.chown(path, UID, GID)
            os.chmod(path, mode)

        os.makedirs(f"{self.state_dir}/files", exist_ok=True)  # an administrator's
        os.chmod(f"{self.state_dir}/files", 0o755)

    def lay(self, name, content):
        """A file that put-file may name, as an administrator lays it there; where it is."""
        path = f"{self.state_dir}/files/{name}"
        with open(f"{path}.new", "wb") as f:
            f.write(content)
        os.chmod(f"{path}.new", 0o644)
        os.rename(f"{path}.new", path)
        return path

    def write_conf(self, **changes):
        self.conf.update(changes)
        lines = [f'spool_dir = "{self.spool_dir}"', f'state_dir = "{self.state_dir}"', f'run_dir = "{self.dir}/run"',
                 'listen = {"127.0.0.1:%d"}' % self.port]
        lines += [f"{key} = {value}" for key, value in self.conf.items() if value is not None]
        with open(self.conf_path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        os.chmod(self.conf_path, 0o644)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Exception) and not isinstance(error, Skipped):
            self.tell_logs()
        found = self.found_by_checkers()
        for line in found:
            print(f"    ! {line}")
        self.clear()
        check(error is not None or not found, "a sanitizer or memcheck reports", found[0] if found else "")

    def found_by_checkers(self):
        """What a sanitizer or memcheck wrote into the daemons' logs, if one looks on."""
        found = []
        for daemon in self.daemons.values():
            lines = daemon.log().splitlines()
            first = next((i for i, line in enumerate(lines) if CHECKER_REPORTS.search(line)), None)
            if first is not None:
                found += [f"{daemon.name}: {line}" for line in lines[first : first + 40]]
        return found

    def tell_logs(self):
        for name, daemon in self.daemons.items():
            if daemon.process is not None and not daemon.running():
                print(f"    {name} had ended with status {daemon.process.returncode}")
            lines = daemon.log().splitlines()[-25:]
            for line in lines:
                print(f"    | {line}")

    def clear(self):
        """Ends what was started, whatever happened, and removes everything."""
        for process in self.others:
            if process.poll() is None:
                process.kill()
            process.wait()
        for daemon in self.daemons.values():
            if daemon.process is not None:
                if daemon.running():
                    daemon.process.kill()
                daemon.process.wait()
                daemon.process = None
        for act in reversed(self.clearing):
            act()
        if os.environ.get("KEEP"):
            print(f"    kept: {self.dir}")
            return
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- daemons ----

    def start(self, *names, **options):
        """In the order in which they need each other: the consumers make the spools. All when none is named."""
        for name in names or self.daemons:
            self.daemons[name].start(**options)
        return self

    def stop(self, *names):
        for name in names or reversed(self.daemons):
            self.daemons[name].stop()

    def make_spools(self):
        """The consumers make them at their first start."""
        self.start("parserd", "cmdqd").stop("parserd", "cmdqd")

    def alive(self, *names):
        for name in names or self.daemons:
            check(self.daemons[name].running(), name, "has ended")

    # ---- HTTP ----

    def connect(self, **options):
        return Connection(self.port, **options)

    def talk(self, data, source=None, **options):
        c = self.connect(source=source)
        try:
            c.send(data)
            return c.reply(**options)
        finally:
            c.close()

    def ask(self, target, body=None, source=None, **options):
        return self.talk(request_bytes(target, body, **options), source=source)

    def upload(self, serial, body, table="ATTLOG", stamp="9999", **options):
        return self.ask(f"/iclock/cdata?SN={serial}&table={table}&Stamp={stamp}", body, **options)

    # ---- a terminal by hand ----

    def shake_hands(self, serial, more="&pushver=2.4.1&language=69", **options):
        return self.ask(f"/iclock/cdata?SN={serial}&options=all{more}", **options)

    def poll(self, serial, more="", **options):
        """The commands of one poll's reply, by their ids, in the order in which they came."""
        reply = self.ask(f"/iclock/getrequest?SN={serial}{more}", **options)
        same(reply.status, 200, f"the poll of {serial}")
        if reply.body == b"OK":
            return {}
        check(reply.body.endswith(b"\n"), "the last command has no end:", short(reply.body))
        lines = [re.fullmatch(rb"C:([1-9][0-9]{0,15}):(.+)", line, re.S) for line in reply.body[:-1].split(b"\n")]
        check(all(lines), "no commands:", short(reply.body))
        return {int(found.group(1)): found.group(2) for found in lines}

    def result(self, serial, body, status=200, **options):
        reply = self.ask(f"/iclock/devicecmd?SN={serial}", body, **options)
        same(reply.status, status, f"the result of {serial}")
        return reply

    # ---- programs ----

    def run(self, program, *args, user=True, stdin=None, code=0, env=None, who=None):
        """Runs one of the programs to its end, as the daemons' user unless `who` says who else; `code` None accepts
        any."""
        environment = {"PATH": "/usr/bin:/bin", "PUNCHD_CONF": self.conf_path, "HOME": "/nonexistent"}
        environment.update(env or {})
        if program == "punchctl" and args[:2] in WAITED_FOR:
            args = patient(args)
        done = subprocess.run(
            [f"{self.dir}/bin/{program}", *args], input=stdin if stdin is not None else b"", env=environment, cwd="/",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=10 * PATIENCE_S, check=False,
            **(who or (as_user() if user else {})))
        if code is not None and done.returncode != code:
            raise Failed(f"{program} {' '.join(args)}: status {done.returncode}, want {code}: "
                         + short(done.stdout.decode("utf-8", "replace"))
                         + short(done.stderr.decode("utf-8", "replace"), 600))
        return done

    def punchctl(self, *args, **options):
        return self.run("punchctl", *args, **options).stdout

    def rows(self, *args, **options):
        """What punchctl lists, a dictionary a line."""
        return [json.loads(line) for line in self.punchctl(*args, "--json", **options).splitlines()]

    def order(self, *words, **options):
        """Orders a command: the ids, one for each terminal, in the order of the words."""
        return [row["command"] for row in self.rows(*patient(words), **options)]

    def give(self, *texts):
        """Orders by hand, all in one file: the names of their entries."""
        name = self.put(b"".join(make_order(text) for text in texts), kind="order")
        return [f"{name}.{n}" for n in range(1, len(texts) + 1)]

    def commands(self, *args):
        """All that were ordered, by their ids."""
        rows = self.rows("cmd", "ls", *args)
        found = {row["id"]: row for row in rows}
        same(len(found), len(rows), "ids that differ")
        return found

    def command(self, number):
        return self.rows("cmd", "show", str(number))[0]

    def ended(self, *ids):
        """Waits until these are over: their rows, in this order."""
        done = self.run("punchctl", "cmd", "wait", *map(str, ids), "--timeout", f"{3 * PATIENCE_S}s", "--json", code=None)
        check(done.returncode in (0, 1), "commands do not end:", short(done.stdout.decode("utf-8", "replace"), 900),
              done.stderr.decode("utf-8", "replace"))
        found = {row["command"]: row for row in map(json.loads, done.stdout.splitlines())}
        return [found[i] for i in ids]

    def refusal(self, *words, **options):
        """What punchctl says when it refuses: its exit code and its words."""
        done = self.run("punchctl", *words, code=None, **options)
        check(done.returncode != 0, "punchctl takes", words, done.stdout)
        return done.returncode, done.stderr.decode("utf-8")

    def device(self, name, **options):
        return self.rows("device", "show", name, **options)[0]

    def spawn(self, program, *args, out=None):
        """Starts one of the programs beside the daemons; it is ended with the site."""
        with open(out or os.devnull, "ab") as f:
            process = subprocess.Popen(
                [f"{self.dir}/bin/{program}", *args], stdin=subprocess.DEVNULL, stdout=f, stderr=f, cwd="/",
                env={"PATH": "/usr/bin:/bin", "PUNCHD_CONF": self.conf_path}, start_new_session=True)
        self.others.append(process)
        return process

    def devsim(self, mode, *args, code=0):
        return self.run("devsim", mode, "--url", f"http://127.0.0.1:{self.port}", *args, user=False, code=code).stdout

    def devsim_start(self, mode, *args, out=None):
        return self.spawn("devsim", mode, "--url", f"http://127.0.0.1:{self.port}", *args, out=out)

    # ---- what is stored ----

    def spool(self, kind, state):
        return f"{self.spool_dir}/{kind}/{state}"

    def names(self, kind="upload", state="new"):
        try:
            return sorted(os.listdir(self.spool(kind, state)))
        except FileNotFoundError:
            return []

    def entries(self, kind="upload", state="new"):
        """All entries of a state, in the order of their files."""
        found = []
        for name in self.names(kind, state):
            with open(f"{self.spool(kind, state)}/{name}", "rb") as f:
                found += read_entries(f.read(), f"{state}/{name}")
        return found

    WAY = ("new", "cur", "done")  # of what is not refused, so looked at in this order nothing is missed

    def all_names(self, kind):
        return sorted({*self.names(kind, "new"), *self.in_work(kind), *self.names(kind, "done")})

    def all_entries(self, kind):
        """Those that wait, are in work or were done, in the order of their files."""
        return [e for name in self.all_names(kind) for e in self.entries_of(kind, name)]

    def entries_of(self, kind, name):
        for state in self.WAY:
            try:
                with open(f"{self.spool(kind, state)}/{name}", "rb") as f:
                    return read_entries(f.read(), f"{kind}/{name}")
            except FileNotFoundError:
                continue
        raise Failed(f"{kind}/{name} is gone")

    def put(self, data, name=None, kind="upload", state="new"):
        """A file into a spool by hand, as its writers' manual says."""
        name = name or make_name()
        draft = f"{self.spool(kind, 'tmp')}/{name}"
        with open(draft, "wb") as f:
            f.write(data)
        if IS_ROOT:
            os.chown(draft, UID, GID)
        os.chmod(draft, 0o640)
        os.rename(draft, f"{self.spool(kind, state)}/{name}")
        return name

    def wait_worked_off(self, kind="upload"):
        """Until nothing waits and nothing is in work."""
        try:
            wait_until(lambda: not self.names(kind, "new") and not self.in_work(kind), "", 2 * PATIENCE_S)
        except Failed as e:
            left = self.names(kind, "new"), self.in_work(kind)
            raise Failed(f"spool/{kind} is never worked off; left in new {short(left[0])}, in cur {short(left[1])}") from e

    def in_work(self, kind="upload"):
        """What is in cur/, without the consumer's own counts of deaths: one may outlive its file, and does no harm."""
        return [n for n in self.names(kind, "cur") if not n.endswith(".try")]

    def punches(self):
        """The records, as devsim's logs write them: a list, so that doubles would show."""
        out = self.punchctl("punch", "ls", "--json")
        return [punch_line(json.loads(line)) for line in out.splitlines()]

    def check_spool(self):
        """G1 and the rest, as the operator's tool sees them."""
        done = self.run("punchctl", "spool", "check", code=None)
        check(done.returncode == 0, "spool check finds faults:", short(done.stdout.decode("utf-8", "replace"), 800),
              done.stderr.decode("utf-8", "replace"))
        for kind in SPOOLS:
            seen = {}
            for state in ("new", "cur", "done", "bad", "hold"):
                for name in self.names(kind, state):
                    check(name not in seen, "G1:", name, "is in", seen.get(name), "and in", state)
                    seen[name] = state

    def dump(self):
        """Every key and value of both environments of the records, as text; the names of the private databases begin
        with "private/"."""
        return self.dump_store("parserd/records") + self.dump_store("private/records", "private/")

    def dump_store(self, store, prefix=""):
        """The same of one environment below the state directory."""
        dumper = build_helper(self.build, "dump_env.c", "-llmdb")
        return subprocess.run([dumper, f"{self.state_dir}/{store}", prefix], stdout=subprocess.PIPE, check=True).stdout


def punch_line(o):
    fields = [o["serial"], o["pin"], o["time"].replace("T", " "), o["status"], o["verify"], o["workcode"]]
    return "\t".join("" if f is None else str(f) for f in fields)


class Executed(collections.namedtuple("Executed", "serial id code command")):
    """A line of devsim's --exec-log."""


def unescape(text):
    def byte(found):
        what = found.group(1)
        return b"\t" if what == b"t" else b"\\" if what == b"\\" else bytes([int(what[1:], 16)])

    return re.sub(rb"\\(t|\\|x[0-9A-Fa-f]{2})", byte, text.encode("ascii"))


def read_executed(*paths):
    """Whole lines alone: devsim may be writing the next one."""
    found = []
    for path in paths:
        try:
            with open(path, encoding="ascii") as f:
                lines = f.read().split("\n")[:-1]
        except FileNotFoundError:
            continue
        for line in lines:
            serial, number, code, command, _ = line.split("\t")
            found.append(Executed(serial, int(number), int(code), unescape(command)))
    return found


def read_log(path):
    """Lines of devsim's --sent-log or --ack-log."""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def sample(name):
    with open(f"{ROOT_DIR}/tests/golden/samples/{name}", "rb") as f:
        return f.read()
