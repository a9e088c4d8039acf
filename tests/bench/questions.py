# SPDX-License-Identifier: GPL-2.0-or-later
"""questions: how soon a terminal hears who somebody is, and whether a card is somebody's, among many people."""
import json
import time

import commands
from rig import Broken, Site

DEVICES, COPIES, EVERY = 200, 2, 4  # terminals; how many know each person; of how many people one has templates
ASKING = 20  # terminals that ask
RATE, CONNECTIONS = 200, 64
FIRST = {"attendance": "attendance:1000001", "card": "card:2654435761"}


class People:
    """A site whose records hold so many people, and the daemons that answer."""

    def __init__(self, bench, users):
        self.bench, self.users = bench, users
        self.site = site = Site(bench.rig, allow_remote="true", allow_verify="true", remote_sites="*",
                                command_lease="24 h")
        commands.fill(site, DEVICES)
        filled = bench.rig.limit("fill_people", site.path("state"), users, DEVICES, COPIES, EVERY, timeout=3000)
        bench.note("W", f"{users:,} people known to {COPIES} of {DEVICES} terminals each: {filled['rows_per_s']:,} "
                   "rows/s into the records")
        self.processes = [site.cmdqd(), site.ingestd()]
        time.sleep(0.6)  # ingestd looks for the desk again
        bench.rig.output([bench.rig.program("punchctl"), "device", "set", f"--config={site.conf}", "--wait",
                          *(f"SIM{n:06}" for n in range(1, ASKING + 1)), "verify=yes"])

    def answers(self, kind):
        """The verdict on one question."""
        args = [self.bench.rig.program("devsim"), "ask", "--json", f"--url=http://127.0.0.1:{self.site.port}"]
        try:
            text = self.bench.rig.output([*args, FIRST[kind]])
        except Broken:
            return False
        return json.loads(text.splitlines()[-1])["yes"] == 1

    def asked(self, kind):
        def side():
            before = sum(p.cpu_us() for p in self.processes)
            r = self.bench.load(self.site.port, kind=kind, connections=CONNECTIONS, options=(
                f"--rate={RATE}", f"--terminals={ASKING}", f"--people={self.users}"))
            cpu = (sum(p.cpu_us() for p in self.processes) - before) / r["ok"]
            return {"p50": r["p50_us"] / 1e3, "p99": r["p99_us"] / 1e3, "cpu": cpu}
        return side

    def stop(self):
        self.bench.rig.stop(*self.processes)


def ask(bench, goal_id, kind, name):
    many, few = People(bench, 100000 if bench.quick else 1000000), People(bench, 1000)
    if not many.answers(kind):
        bench.note(goal_id, f"left out: cmdqd has no answer to {FIRST[kind]}")
    else:
        ours, limit = bench.take_turns(many.asked(kind), few.asked(kind))
        for of in ("p50", "p99"):
            bench.row(goal_id, f"{of} of {name}, {many.users:,} people / {few.users:,}", ours, limit, None, of=of,
                      times=True, unit=" ms")
    many.stop()
    few.stop()


def w2(bench):
    ask(bench, "W2", "attendance", "remote attendance")


def w3(bench):
    ask(bench, "W3", "card", "a card")
