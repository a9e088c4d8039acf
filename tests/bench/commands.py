# SPDX-License-Identifier: GPL-2.0-or-later
"""commands: how soon a command is with its terminal, and what many devices cost cmdqd."""
import calendar
import json
import os
import random
import statistics
import subprocess
import time

from rig import Broken, Site

WAIT_S = 60
OWN_POLL_MS = 1000  # how often a terminal asks by itself, woken or not


def fill(site, devices, due=0, history=0):
    """The store of a cmdqd that has run for long: fill_control."""
    parent = site.path("state/cmdqd")
    os.mkdir(parent, 0o755)
    site.rig.give(parent)
    site.rig.limit("fill_control", site.path("state/cmdqd/control"), devices, due, history)


def listed(site, *words):
    """The objects that punchctl prints."""
    text = site.rig.output([site.rig.program("punchctl"), *words, "--json", f"--config={site.conf}"])
    return [json.loads(line) for line in text.splitlines()]


# ---- C1: from punchctl to the terminal ----

class Terminals:
    """devsim's terminals, each at an address of its own, so that notifyd paces none of them."""

    def __init__(self, site, count):
        self.site, self.path, self.count = site, site.path("executed"), count
        open(self.path, "w").close()
        site.rig.give(self.path)
        self.process = site.rig.start(
            "devsim", "run", f"--url=http://127.0.0.1:{site.port}", f"--terminals={count}",
            f"--sources={count}", "--punches=0", "--stay", "--seconds=3600",
            f"--poll-ms={OWN_POLL_MS}", f"--ramp-ms={OWN_POLL_MS}", f"--udp-port={site.wake_port}",
            f"--exec-log={self.path}")

    def wait(self, word):
        """When each of them had a command that begins so: serial -> (id, monotonic seconds)."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            self.process.check()
            with open(self.path, encoding="ascii") as f:
                lines = [line.rstrip("\n").split("\t") for line in f if line.endswith("\n")]
            done = {l[0]: (int(l[1]), int(l[4]) / 1e6) for l in lines if l[3].startswith(word)}
            if len(done) == self.count:
                return done
            time.sleep(0.05)
        raise Broken(f"{len(done)} of {self.count} terminals had their {word}; see {self.process.log.name}")


def unlock(site, serial):
    """When punchctl was started, by both clocks, and how long it ran. Without setpriv, which would be
    measured as well."""
    owner = site.rig.owner
    who = {"user": owner[0], "group": owner[1], "extra_groups": []} if owner else {}
    wall, began = time.time(), time.monotonic()
    subprocess.run([site.rig.program("punchctl"), "unlock", serial, f"--config={site.conf}"],
                   stdout=subprocess.DEVNULL, check=True, timeout=WAIT_S, cwd=site.rig.top, **who)
    return wall, began, time.monotonic() - began


def utc(text):
    whole, fraction = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)


def unlock_each(site, terminals):
    """Milliseconds of every unlock, and of the parts of its way."""
    started = {}
    # At no moment that the terminals' own polls have anything to do with.
    for n in random.sample(range(1, terminals.count + 1), terminals.count):
        time.sleep(random.uniform(0.05, 0.15))
        serial = f"SIM{n:06}"
        started[serial] = unlock(site, serial)
    arrived = terminals.wait("AC_UNLOCK")
    kept = {c["id"]: c for c in listed(site, "cmd", "ls")}
    taken = []
    for serial, (wall, began, ran) in started.items():
        command_id, at = arrived[serial]
        queued, offered = (utc(kept[command_id][k]) - wall for k in ("queued", "offered"))
        taken.append([1e3 * s for s in (at - began, queued, offered - queued,
                                        at - began - offered, ran)])
    return taken


def unlocks(rig, count, woken):
    """A round: every terminal has one unlock, after a first command that shows that it is there."""
    def side():
        site = Site(rig, wake_port=rig.port())
        fill(site, count)
        processes = ([site.notifyd()] if woken else []) + [site.cmdqd(), site.ingestd()]
        terminals = Terminals(site, count)
        rig.output([rig.program("punchctl"), "reload-options", "--all", f"--config={site.conf}"])
        terminals.wait("RELOAD")
        time.sleep(1.2)  # notifyd sends no address two datagrams within a second
        before = sum(p.cpu_us() for p in processes)
        taken = unlock_each(site, terminals)
        cpu = (sum(p.cpu_us() for p in processes) - before) / count
        rig.stop(*processes, terminals.process)
        return {"taken": taken, "cpu": cpu}
    return side


def quantile(side, share, part=0):
    values = sorted(t[part] for t in side)
    return values[min(len(values) - 1, int(share * len(values)))]


def c1(bench):
    count = 14 if bench.quick else 40
    ours, alone = bench.take_turns(unlocks(bench.rig, count, True), unlocks(bench.rig, count, False))
    all_of = lambda side: [t for r in side for t in r["taken"]]
    for share, name in ((0.50, "p50"), (0.99, "p99")):
        for side in ours, alone:
            for r in side:
                r["rate"] = quantile(r["taken"], share)
        bench.row("C1", f"{name} of unlock to terminal / without notifyd", ours, alone, None, times=True,
                  shown=[quantile(all_of(side), share) for side in (ours, alone)], unit=" ms")
    parts = [f"{statistics.median(t[i] for t in all_of(ours)):.1f} ms {name}" for i, name in enumerate(
        ("", "until cmdqd works on the order", "until the poll that it brings",
         "until the reply is there")) if i]
    ran = quantile(all_of(ours), 0.5, 4)
    bench.note("C1", f"of {len(all_of(ours))} unlocks each: {', '.join(parts)}; punchctl ran {ran:.1f} "
               f"ms; goal p99 under 1 s: {'met' if quantile(all_of(ours), 0.99) < 1000 else 'missed'}")


# ---- C2: polls of which some bring a command ----

def polls(rig, bench, devices, due):
    """Every device polls once."""
    def side():
        site = Site(rig)
        fill(site, devices, due)
        cmdqd, ingestd = site.cmdqd(), site.ingestd()
        time.sleep(0.6)  # ingestd looks for the desk again
        before = cmdqd.cpu_us()
        r = bench.load(site.port, kind="poll", keep=True, seconds=600,
                       options=(f"--terminals={devices}", f"--requests={devices}"))
        cpu = (cmdqd.cpu_us() - before) / r["ok"]
        rig.stop(cmdqd, ingestd)
        offered = len(listed(site, "cmd", "ls", "--state=offered"))
        if r["ok"] != devices or offered != due:
            raise Broken(f"{r['ok']} polls brought {offered} commands of {due}")
        return {"rate": r["req_per_s"], "cpu": cpu, "p99": r["p99_us"] / 1e3}
    return side


def c2(bench):
    devices = 20000 if bench.quick else 100000
    due = devices // 100
    ours, empty = bench.take_turns(polls(bench.rig, bench, devices, due),
                                   polls(bench.rig, bench, devices, 0))
    bench.row("C2", f"polls/s, {due:,} of {devices:,} due / none due", ours, empty, 0.90)
    bench.row("C2", "p99 of such a poll / none due", ours, empty, None, of="p99", times=True, unit=" ms")
    bench.row("C2", "CPU of cmdqd for such a poll / none due", ours, empty, 1.25, of="cpu", times=True,
              unit=" us")


# ---- C3: memory ----

def start_ms(site):
    began = time.monotonic()
    cmdqd = site.cmdqd()
    took = 1e3 * (time.monotonic() - began)
    site.rig.stop(cmdqd)
    os.unlink(site.path("run/desk/desk.sock"))
    return took


def remembered(bench, devices, history):
    """cmdqd, after every device has polled once."""
    rig, site = bench.rig, Site(bench.rig)
    fill(site, devices, 0, history)
    store = os.stat(site.path("state/cmdqd/control/data.mdb")).st_blocks * 512 / 2**20
    start = statistics.median(start_ms(site) for _ in range(bench.rounds))
    cmdqd, ingestd = site.cmdqd(), site.ingestd()
    time.sleep(0.6)
    bench.load(site.port, kind="poll", keep=True, seconds=600,
               options=(f"--terminals={devices}", f"--requests={devices}"))
    time.sleep(2.5)  # it saves what it has seen
    m = {"rss": cmdqd.memory_mib(), "own": cmdqd.memory_mib("RssAnon"), "most": cmdqd.memory_mib("VmHWM"), "start": start, "store": store}
    rig.stop(cmdqd, ingestd)
    return m


def c3(bench):
    devices, history = (20000, 200000) if bench.quick else (100000, 1000000)
    ours, bare = remembered(bench, devices, history), remembered(bench, devices, 0)
    for key, name, unit in (
            ("rss", "memory of cmdqd", "MiB"), ("own", "of it its own, not the mapped store", "MiB"),
            ("most", "the most that it ever was", "MiB"), ("start", "from start to the desk", "ms"),
            ("store", "the store on disk", "MiB")):
        bench.note("C3", f"{devices:,} devices, {history:,} commands of history / none: {name} "
                   f"{ours[key]:,.1f} / {bare[key]:,.1f} {unit}, ratio {ours[key] / bare[key]:.2f}")
