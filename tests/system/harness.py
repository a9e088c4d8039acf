# SPDX-License-Identifier: GPL-2.0-or-later
"""harness: a punchd of its own for each test, on loopback and in a temporary directory: made, started, killed, asked,
and always cleared away. Nothing here sleeps for a fixed time: whatever has to come about is waited for by looking."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile

from checks import PATIENCE_S, Failed, Skipped, check, same, short, wait_until
from client import Connection, hold_port, hold_udp_port, request_bytes
from daemon import CHECKER_REPORTS, Daemon
from devsim_logs import punch_line
from entries import make_name, make_order, read_entries
from host import GID, IS_ROOT, ROOT_DIR, UID, as_user, build_helper

DAEMONS = ("parserd", "cmdqd", "ingestd")
PROGRAMS = DAEMONS + ("notifyd", "matchd", "punchctl", "spoolput", "devsim")
SPOOLS = ("upload", "result", "order", "erase")
STATES = ("tmp", "new", "cur", "done", "bad", "hold")


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
        return [row["id"] for row in self.rows(*patient(words), **options)]

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
        found = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
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


def sample(name):
    with open(f"{ROOT_DIR}/tests/golden/samples/{name}", "rb") as f:
        return f.read()
