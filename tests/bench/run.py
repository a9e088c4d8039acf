#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py: the goals of punchd's speed, each as a ratio to a limit measured in the same run, the two
taking turns. tests/bench/README.md says how to read the table. A missed goal is no failure."""
import argparse
import os
import signal
import socket
import statistics
import sys
import time

sys.dont_write_bytecode = True
import commands
import people
import questions
import slow
import tables
from rig import Broken, Rig, Site

TERMINALS = 1000
MANY = 250  # connections, where the goal names no number
COLUMNS = "{:<6}{:<46}{:>12}{:>12}{:>8}  {:<13}{:<9}{:<8}{:>7} /{:>7}"


class Bench:
    def __init__(self, rig, options):
        self.rig, self.quick, self.journaled = rig, options.quick, options.disk == "ext4"
        self.rounds = options.rounds or (3 if options.quick else 5)
        self.seconds = 1 if options.quick else 3

    # ---- measuring ----

    def take_turns(self, *sides):
        """A B A B ...: for each side the list of what it measured."""
        taken = [[] for _ in sides]
        for _ in range(self.rounds):
            for side, into in zip(sides, taken):
                into.append(side())
        return taken

    def row(self, goal_id, name, ours, limit, goal, of="rate", times=False, unit="", shown=None):
        """`times`: less is better; else the ratio has to be as high as the goal, if there is one.
        `shown`: what stands in place of the two medians."""
        ratios = [a[of] / b[of] for a, b in zip(ours, limit)]
        ratio = statistics.median(ratios)
        middle = lambda side, key: statistics.median(s[key] for s in side)
        shown = shown or [middle(ours, of), middle(limit, of)]
        print(COLUMNS.format(
            goal_id, name, number(shown[0]) + unit, number(shown[1]) + unit, f"{ratio:.2f}",
            f"{min(ratios):.2f}-{max(ratios):.2f}", *verdict(ratio, goal, times),
            number(middle(ours, "cpu")), number(middle(limit, "cpu"))), flush=True)

    def note(self, goal_id, text):
        print(f"{goal_id:<6}{text}", flush=True)

    def load(self, port, options=(), kind="attlog", connections=MANY, keep=False, records=1,
             seconds=None):
        args = [self.rig.program("devsim"), "load", "--json", f"--url=http://127.0.0.1:{port}",
                f"--kind={kind}", f"--connections={connections}", f"--records={records}",
                f"--terminals={TERMINALS}", f"--seconds={seconds or self.seconds}", *options]
        r = self.rig.run(args + (["--keep-alive"] if keep else []))
        if r["failed"] or not r["ok"]:
            raise Broken(f"load: {r['ok']} acknowledged, {r['failed']} failed")
        return r

    def under_load(self, port, processes, **load):
        """Requests a second and CPU microseconds a request of `processes`, which are stopped."""
        before = sum(p.cpu_us() for p in processes)
        r = self.load(port, **load)
        cpu = (sum(p.cpu_us() for p in processes) - before) / r["ok"]
        self.rig.stop(*processes)
        return {"rate": r["req_per_s"], "cpu": cpu, "load": r}

    # ---- sides ----

    def ours(self, preload=None, **load):
        def side():
            site = Site(self.rig)
            return self.under_load(site.port, [site.ingestd(preload)], **load)
        return side

    def without_sync(self, **load):
        return self.ours(preload="nosync.so", **load)

    def server(self, name, *more, **load):
        """A limit program that serves: NAME PORT [DIR] ..."""
        def side():
            port = self.rig.port()
            p = self.rig.start(name, port, *(m() if callable(m) else m for m in more))
            self.rig.wait_port(p, port)
            return self.under_load(port, [p], **load)
        return side

    def desk(self, **load):
        def side():
            site = Site(self.rig)
            processes = [site.cmdqd(), site.ingestd()]
            time.sleep(0.6)  # ingestd looks for the desk again
            return self.under_load(site.port, processes, **load)
        return side

    def to_records(self, **load):
        """Until parserd has committed the last one."""
        def side():
            site = Site(self.rig)
            processes = [site.parserd(), site.ingestd()]
            before = sum(p.cpu_us() for p in processes)
            r = self.load(site.port, **load)
            ended = time.monotonic()
            site.wait_records(r["records"])
            seconds = r["seconds"] + time.monotonic() - ended
            cpu = sum(p.cpu_us() for p in processes) - before
            self.rig.stop(*processes)
            return {"rate": r["ok"] / seconds, "records": r["records"] / seconds,
                    "cpu": cpu / r["ok"], "records_cpu": cpu / r["records"]}
        return side

    # ---- the goals ----

    def g1(self):
        for n in (60, 250, 1000):
            ours, limit = self.take_turns(self.ours(connections=n), self.without_sync(connections=n))
            self.row("G1", f"uploads/s / without sync, close, {n}", ours, limit,
                     0.85 if self.journaled else 0.95)

    def g2(self):
        ours, limit = self.take_turns(self.ours(keep=True), self.without_sync(keep=True))
        self.row("G2", f"uploads/s / without sync, keep-alive, {MANY}", ours, limit, 0.90)

    def g3(self):
        for keep, goal in ((False, 0.95), (True, 0.70)):
            ours, limit = self.take_turns(
                self.ours(keep=keep), self.server("epoll_server", self.rig.fresh, keep=keep))
            self.row("G3", f"uploads/s / bare epoll, {mode(keep)}, {MANY}", ours, limit, goal)

    def g4(self):
        ours, threads, single = self.take_turns(
            self.ours(), self.server("each_fsync", self.rig.fresh, "threads"),
            self.server("each_fsync", self.rig.fresh, "single"))
        self.row("G4", f"uploads/s / a sync each, threads, {MANY}", ours, threads, 3.5)
        self.row("G4", f"uploads/s / a sync each, one thread, {MANY}", ours, single, 9)

    def g5(self):
        for keep in (False, True):
            ours, limit = self.take_turns(
                self.ours(keep=keep), self.server("discard", "OK: 1\n", keep=keep))
            self.row("G5", f"CPU / discarding handler, {mode(keep)}, {MANY}", ours, limit, 1.25,
                     of="cpu", times=True, unit=" us")

    def g6(self):
        ours, limit = self.take_turns(self.to_records(), self.without_sync())
        self.row("G6", f"terminal to LMDB, 1 record / without sync, {MANY}", ours, limit, 0.90)

    def g7(self):
        count = 300000 if self.quick else 1000000

        def bare(in_a_row):
            def side():
                r = self.rig.limit("lmdb_batches", self.rig.fresh(), count, in_a_row, TERMINALS)
                os.sync()
                return {"records": r["records_per_s"], "records_cpu": r["cpu_us"]}
            return side

        for keep, goal in ((False, 0.50), (True, 0.70)):
            ours, same, rising = self.take_turns(
                self.to_records(keep=keep, records=100), bare(100), bare(1))
            for side in ours, same, rising:
                for sample in side:
                    sample["cpu"] = sample["records_cpu"]
            self.row("G7", f"records/s / bare LMDB, same order, {mode(keep)}", ours, same, goal,
                     of="records")
            self.row("G7", f"records/s / bare LMDB, rising keys, {mode(keep)}", ours, rising, goal,
                     of="records")

    def g10(self):
        for keep in (False, True):
            ours, limit = self.take_turns(
                self.desk(kind="poll", keep=keep), self.server("discard", "OK", kind="poll", keep=keep))
            self.row("G10", f"polls/s / answer in memory, {mode(keep)}", ours, limit, 0.95)
            self.row("G10", f"CPU of a poll / answer in memory, {mode(keep)}", ours, limit, 1.35,
                     of="cpu", times=True, unit=" us")

    def g11(self):
        group = [64]

        def lane():
            r = self.rig.limit("append", "lane", self.rig.fresh(), self.seconds)
            group[0] = r["group"]
            return {"rate": r["per_s"], "cpu": r["cpu_us"]}

        def segment(size):
            def side():
                r = self.rig.limit("append", "segment", self.rig.fresh(), self.seconds, size())
                return {"rate": r["per_s"], "cpu": r["cpu_us"]}
            return side

        ours, same, full = self.take_turns(lane, segment(lambda: group[0]), segment(lambda: 64))
        self.row("G11", f"commit, 64 waiters / append, {group[0]:.0f} at a time", ours, same, 0.8)
        self.row("G11", "commit, 64 waiters / append, 64 at a time", ours, full, 0.8)

    def g12(self):
        def served():
            site = Site(self.rig)
            r = self.under_load(site.port, [site.ingestd()], connections=16, options=("--rate=100",))
            return {"rate": r["load"]["p50_us"], "cpu": r["cpu"]}

        def bare():
            r = self.rig.limit("commit_latency", self.rig.fresh(), 100, self.seconds)
            return {"rate": r["p50_us"], "cpu": r["cpu_us"]}

        ours, limit = self.take_turns(served, bare)
        self.row("G12", "p50 of a reply at 100/s / bare commit", ours, limit, 1.8, times=True,
                 unit=" us")

    def g13(self):
        size, together = 100000, 16

        def served():
            site = Site(self.rig)
            r = self.under_load(site.port, [site.ingestd()], kind="photo", connections=64,
                                options=(f"--photo-bytes={size}",))
            return {"rate": r["load"]["mb_per_s"], "cpu": r["cpu"]}

        def bare():
            r = self.rig.limit("disk", self.rig.fresh(), size, together, self.seconds)
            os.sync()
            return {"rate": r["mb_per_s"], "cpu": r["cpu_us"]}

        ours, limit = self.take_turns(served, bare)
        self.row("G13", f"100 KB photos / disk alone, synced by {together}", ours, limit, 0.75,
                 unit=" MB")

    def g14(self):
        for n in (128, 256, 1024):
            load = {"connections": n, "keep": True, "options": ("--lockstep",)}
            sides = self.take_turns(self.ours(**load), self.server("discard", "OK: 1\n", **load))
            ours, limit = ([s["load"]["worst_round_us"] / 1e3 for s in side] for side in sides)
            print(COLUMNS.format(
                "G14", f"worst round in lock step, {n}", f"{statistics.median(ours):.1f} ms",
                f"{statistics.median(limit):.1f} ms", "", f"{min(ours):.0f}-{max(ours):.0f} ms",
                "<100 ms", "met" if max(ours) < 100 else "missed",
                *(number(statistics.median(s["cpu"] for s in side)) for side in sides)), flush=True)

    # ---- more to know, without a goal ----

    def fill(self):
        path = os.path.join(self.rig.fresh(), "records")
        count = 1000000 if self.quick else 10000000
        r = self.rig.limit("fill", path, count)
        self.note("fill", f"parserd's write side, 4096 a commit: {r['first_per_s']:,} records/s into an "
                  f"empty store, {r['last_per_s']:,} at {r['count']:,}")
        r = self.rig.limit("range", path, "SIM000001", "2026-01-05 00:00:00", "2026-02-05 00:00:00")
        self.note("range", f"one device's month among {count:,}: {r['found']:,} found in {r['ms']} ms, "
                  f"{r['scanned_per_s']:,} records/s looked at; {r['visited_per_s']:,}/s when all are "
                  "wanted")

    def backlog(self):
        site, count = Site(self.rig), 2000 if self.quick else 20000
        self.rig.limit("backlog", site.path("spool"), count)
        began = time.monotonic()
        p = site.parserd()
        site.wait_records(count)
        seconds = time.monotonic() - began
        self.note("cold", f"a backlog of {count:,} files of one upload: {seconds:.2f} s, "
                  f"{seconds / count * 1e6:.0f} us a file (CPU {p.cpu_us() / count:.0f} us); "
                  f"parserd at most {p.memory_mib('VmHWM'):.1f} MiB")
        self.rig.stop(p)

    def memory(self):
        # ingestd wants two descriptors for each, and some for itself.
        count = min(1000 if self.quick else 10000, (self.rig.files - 512) // 2)
        site = Site(self.rig, idle_timeout="1 h", request_deadline="1 h", connections_max=count + 64)
        p = site.ingestd()
        before = p.memory_mib()
        clients = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(count)]
        try:
            time.sleep(1)
            idle = p.memory_mib()
            for c in clients:
                exchange(c)
            used = p.memory_mib()
        finally:
            for c in clients:
                c.close()
        at_10k = before + (used - before) * 10000 / count
        self.note("RSS", f"ingestd with {count:,} connections: {before:.1f} MiB alone, {idle:.1f} MiB "
                  f"with all idle ({(idle - before) * 1024 / count:.1f} KiB each), {used:.1f} MiB after a "
                  f"request on each ({(used - before) * 1024 / count:.1f} KiB each); at 10,000 that is "
                  f"{at_10k:.0f} MiB, goal under 64: {'met' if at_10k < 64 else 'missed'}")
        self.rig.stop(p)


def verdict(ratio, goal, times):
    if goal is None:
        return "", ""
    met = ratio <= goal if times else ratio >= goal
    return f"{'<=' if times else '>='}{goal}", "met" if met else "missed"


def mode(keep):
    return "keep-alive" if keep else "close"


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def exchange(client):
    """One upload that leaves the connection open."""
    body = b"1\t2026-01-05 08:00:00\t0\t1\t0\t0\t0\t0\t0\t0\t\n"
    client.sendall(b"POST /iclock/cdata?SN=SIM000001&table=ATTLOG&Stamp=9999 HTTP/1.1\r\nHost: x\r\n"
                   b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    reply = b""
    while b"OK: 1" not in reply:
        piece = client.recv(4096)
        if not piece:
            raise Broken("ingestd closed a connection")
        reply += piece


# What each needs besides ingestd and the limit programs.
PARTS = {
    "G1": ((), Bench.g1), "G2": ((), Bench.g2), "G3": ((), Bench.g3), "G4": ((), Bench.g4),
    "G5": ((), Bench.g5), "G6": (("parserd",), Bench.g6), "G7": (("parserd",), Bench.g7),
    "G10": (("cmdqd",), Bench.g10), "G11": ((), Bench.g11), "G12": ((), Bench.g12),
    "G13": ((), Bench.g13), "G14": ((), Bench.g14), "FILL": ((), Bench.fill),
    "COLD": (("parserd",), Bench.backlog), "RSS": ((), Bench.memory),
    "C1": (("cmdqd", "notifyd", "punchctl"), commands.c1), "C2": (("cmdqd", "punchctl"), commands.c2),
    "C3": (("cmdqd",), commands.c3), "P1": (("parserd",), tables.p1), "P2": (("parserd",), tables.p2),
    "S1": ((), slow.s1), "W1": ((), people.w1),
    "W2": (("cmdqd", "punchctl", "bench/fill_people"), questions.w2),
    "W3": (("cmdqd", "punchctl", "bench/fill_people"), questions.w3),
}


def read_options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", default="build", help="where the programs are (build)")
    p.add_argument("--quick", action="store_true", help="three rounds of a second: a look, no figure")
    p.add_argument("--only", default="", help=f"some of {','.join(PARTS)}")
    p.add_argument("--dir", help="where to work; it is the disk that is measured (BUILD/bench-run)")
    p.add_argument("--disk", choices=("dir", "ext4"), default="dir",
                   help="ext4: on a journaled image, mounted in DIR; root only")
    p.add_argument("--rounds", type=int, help="how often the two take turns (5)")
    p.add_argument("--keep", action="store_true", help="leave the directory behind")
    o = p.parse_args()
    o.only = [g.strip().upper() for g in o.only.split(",") if g.strip()] or list(PARTS)
    unknown = [g for g in o.only if g not in PARTS]
    if unknown:
        p.error(f"--only: {', '.join(unknown)} is none of {', '.join(PARTS)}")
    return o


def run(bench, only):
    ids = [g for g in PARTS if g in only]
    print(f"{bench.rounds} rounds of {bench.seconds} s; each row's two sides take turns; "
          f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    print(COLUMNS.format("", "", "ours", "limit", "ratio", "min-max", "goal", "", "CPU us", "limit"))
    broken = 0
    for goal_id in ids:
        needs, part = PARTS[goal_id]
        if not bench.rig.has(*needs):
            bench.note(goal_id, f"left out: {', '.join(needs)} is not built")
            continue
        try:
            part(bench)
        except Broken as e:
            bench.note(goal_id, f"broken: {e}")
            broken += 1
            while bench.rig.running:
                bench.rig.running.pop().stop()
    return broken


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    base = os.path.abspath(options.dir or os.path.join(options.build, "bench-run"))
    try:
        rig = Rig(os.path.abspath(options.build), base, options.disk)
    except Broken as e:
        print(f"left out: {e}" if options.disk == "ext4" else f"broken: {e}")
        return 0 if options.disk == "ext4" else 1
    broken = 1
    try:
        broken = run(Bench(rig, options), options.only)
    finally:
        rig.close(keep=options.keep or broken > 0)
        if broken:
            print(f"the logs are in {rig.top}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
