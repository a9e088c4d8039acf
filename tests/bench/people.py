# SPDX-License-Identifier: GPL-2.0-or-later
"""people: how long cmdqd's look-ups of people take among many users, and how long parserd's first start
after an update takes, which makes their index."""
import json
import os

from commands import fill
from rig import Site


def fill_people(site, users, devices, copies=1, every=10):
    """The records of a company, and a cmdqd's store with its terminals: fill_people, fill_control."""
    fill(site, devices)
    return site.rig.limit("fill_people", site.path("state"), users, devices, copies, every, timeout=1800)


def w1(bench):
    users, devices = (100000, 1000) if bench.quick else (1000000, 10000)
    site = Site(bench.rig)
    filled = fill_people(site, users, devices)
    text = bench.rig.output([bench.rig.program("people"), site.path("state"), str(users), "20000"])
    for r in map(json.loads, text.splitlines()):
        bench.note("W1", f"{r['question']}: p50 {r['p50_us']:.1f} us, p99 {r['p99_us']:.1f} us")
    made = bench.rig.limit("know", site.path("state"), timeout=1800)
    os.sync()
    bench.note("W1", f"of {users:,} users at {devices:,} devices; written with their cards at "
               f"{filled['rows_per_s']:,.0f} a second, {filled['cpu_ns']:,.0f} ns of CPU each; the index of "
               f"{made['versions']:,} versions made anew in {made['seconds']:.1f} s")
