# SPDX-License-Identifier: GPL-2.0-or-later
"""slow: how soon others are served while many say little or nothing, and one address wants everything."""
import statistics
import time

from rig import Broken, Site

HALF_OPEN, TRICKLING, GREEDY, PER_ADDRESS = 2000, 200, 4000, 256
GOAL_MS = 100
START_S = 60


def crowd(bench, site, ingestd):
    """The crowd's processes, when all that may come are there."""
    url = f"--url=http://127.0.0.1:{site.port}"
    common = ["load", url, "--connections=1", "--rate=1", "--seconds=3600"]
    slow = bench.rig.start("devsim", *common, f"--idle={HALF_OPEN}", f"--trickle={TRICKLING}", "--trickle-ms=1000",
                           "--sources=1000", "--first-source=1000", "--serial-prefix=SLOW")
    greedy = bench.rig.start("devsim", *common, f"--idle={GREEDY}", "--sources=1", "--first-source=5000",
                             "--serial-prefix=GREEDY")
    until = time.monotonic() + START_S
    while ingestd.descriptors() < HALF_OPEN + TRICKLING + PER_ADDRESS:
        if time.monotonic() > until:
            raise Broken(f"the crowd does not come: ingestd has {ingestd.descriptors()} descriptors")
        time.sleep(0.05)
    return [slow, greedy]


def s1(bench):
    told = []

    def side(crowded):
        def measure():
            site = Site(bench.rig, connections_per_address=PER_ADDRESS)
            ingestd = site.ingestd()
            others = crowd(bench, site, ingestd) if crowded else []
            r = bench.under_load(site.port, [], connections=64, options=("--rate=200",))
            if crowded:
                told.append((ingestd.memory_mib("VmHWM"), ingestd.lines()))
            bench.rig.stop(ingestd, *others)
            return {"rate": r["load"]["p99_us"], "cpu": 0, "p50": r["load"]["p50_us"]}
        return measure

    beside, alone = bench.take_turns(side(True), side(False))
    middle = lambda taken, key: statistics.median(s[key] for s in taken) / 1e3
    worst = max(s["rate"] for s in beside) / 1e3
    bench.note("S1", f"200 uploads/s beside {HALF_OPEN:,} half-open, {TRICKLING} trickling and {GREEDY:,} wanted by one "
               f"address: p99 {middle(beside, 'rate'):.1f} ms (worst round {worst:.1f}, p50 {middle(beside, 'p50'):.1f}), "
               f"alone {middle(alone, 'rate'):.1f} ms (p50 {middle(alone, 'p50'):.1f}); goal under {GOAL_MS} ms: "
               f"{'met' if worst < GOAL_MS else 'missed'}; ingestd at most {max(m for m, _ in told):.1f} MiB and "
               f"{max(n for _, n in told)} lines logged")
