# SPDX-License-Identifier: GPL-2.0-or-later
"""clock: the wall clock is wrong, or is put right under load. Names stay unique, no wait becomes longer or shorter by it, and
nothing is lost. What the end of summer does to devices is in test_device."""

import calendar
import re
import time

from checks import PATIENCE_S, check, same, wait_until
from client import request_bytes
from daemon import Clock
from devsim_logs import read_log
from test_queue import order_text

DAY_S = 86400
YEAR_S = 365 * DAY_S
NAME_CHARACTERS = 33


def until(*when):
    """Seconds from now to that moment in UTC."""
    return calendar.timegm(when) - int(time.time())


def steps():
    """In words, and by how much the clock is wrong from then on."""
    return (("30 days back", -30 * DAY_S), ("20 years ahead", 20 * YEAR_S), ("1970", until(1970, 1, 1, 0, 1, 0)),
            ("just before the end of 31 bits", until(2038, 1, 19, 3, 14, 0)),
            ("just after it", until(2038, 1, 19, 3, 14, 8)), ("2106, past 32 bits", until(2106, 2, 7, 6, 28, 17)),
            ("an hour back", -3600), ("right again", 0))


def command(site, pin):
    """Ordered, offered, done: in the end, whatever the clock says."""
    entry = site.give(order_text("GATE", f"verb: user.add\npin: {pin}\n"))[0]

    def offered():
        return [n for n, line in site.poll("GATE").items() if re.search(rb"PIN=%d\b" % pin, line)]

    number = wait_until(offered, f"command {pin} is offered")[0]
    site.result("GATE", b"ID=%d&Return=0&CMD=DATA\n" % number)
    wait_until(lambda: site.command(number)["state"] == "done", f"command {number} is done")
    return entry


def clock_steps(t):
    """the clock steps by years, both ways, under load: unique names, no connection cut, nothing lost"""
    with t.site(conf={"rescan": '"200 ms"', "idle_timeout": '"1 h"', "request_deadline": '"1 h"'}) as site:
        clock = Clock(site, PUNCHD_CLOCK_WALL="1")
        site.start(env=clock.env)
        site.punchctl("device", "approve", "GATE")
        wait_until(lambda: site.shake_hands("GATE").status == 200, "the desk is there")
        ack, sent = f"{site.dir}/ack", f"{site.dir}/sent"
        sim = site.devsim_start("load", "--terminals", "8", "--connections", "8", "--rate", "200", "--seconds", "3600",
                                "--retry-ms", "20", "--sent-log", sent, "--ack-log", ack)
        pids = [d.pid for d in site.daemons.values()]
        for pin, (_, seconds) in enumerate(steps(), 1):
            # Half a request before the step, the rest behind it.
            waiting = site.connect()
            data = request_bytes("/iclock/cdata?SN=GATE&table=ATTLOG&Stamp=1", b"%d\t2026-01-05 08:00:00\t0\t1\n" % pin)
            waiting.send(data[:-5])
            before = len(read_log(ack))
            wait_until(lambda b=before: len(read_log(ack)) > b + 20, "devsim goes on")
            clock.set(seconds)
            command(site, pin)
            before = len(read_log(ack))
            wait_until(lambda b=before: len(read_log(ack)) > b + 20, "devsim goes on after the step")
            waiting.send(data[-5:])
            reply = waiting.reply()
            check(reply is not None and reply.status == 200, "the request across the step is answered with", reply)
            waiting.close()
        sim.terminate()
        sim.wait(PATIENCE_S)
        site.wait_worked_off()
        same([d.pid for d in site.daemons.values()], pids, "the daemons")
        acknowledged, tried, got = set(read_log(ack)), set(read_log(sent)), site.punches()
        own = {line for line in got if line.startswith("GATE\t")}
        same(len(own), len(steps()), "requests across a step")
        same((len(acknowledged - set(got)), len(got) - len(set(got))), (0, 0), "lost and doubled")
        same(len(set(got) - own - tried), 0, "never sent")
        names = site.names(state="done")
        check(all(len(n) == NAME_CHARACTERS for n in names), "names of another form")
        same(site.names(state="bad"), [], "refused")
        site.check_spool()
        t.note(len(steps()), "steps,", len(acknowledged), "punches acknowledged,", len(names), "names")


def clock_starts(t):
    """the daemons start in every year, one after the other, on what was stored in the others: all serve, nothing is lost"""
    with t.site(conf={"rescan": '"200 ms"'}) as site:
        clock = Clock(site, PUNCHD_CLOCK_WALL="1")
        for pin, (words, seconds) in enumerate(steps(), 1):
            clock.set(seconds)
            site.start(env=clock.env)
            if pin == 1:
                site.punchctl("device", "approve", "GATE")
            wait_until(lambda: site.shake_hands("GATE").status == 200, f"the desk is there in {words}")
            same(site.upload("GATE", b"%d\t2026-01-05 08:00:00\t0\t1\n" % pin).status, 200, f"an upload, {words}")
            command(site, pin)
            site.wait_worked_off()
            site.stop()
        same(sorted(int(p.split("\t")[1]) for p in site.punches()), list(range(1, len(steps()) + 1)), "the records")
        same({c["state"] for c in site.commands().values()}, {"done"}, "the commands")
        site.check_spool()


def clock_lease(t):
    """the clock goes back 30 days while a command is offered: its lease is not 30 days longer"""
    with t.site(conf={"rescan": '"200 ms"', "command_lease": '"10 s"'}) as site:
        clock = Clock(site, PUNCHD_CLOCK_WALL="1")
        site.start(env=clock.env)
        site.punchctl("device", "approve", "GATE")
        wait_until(lambda: site.shake_hands("GATE").status == 200, "the desk is there")
        number = site.order("user", "add", "GATE", "pin=1")[0]
        same(list(site.poll("GATE")), [number], "the first offer")
        clock.set(-30 * DAY_S)
        wait_until(lambda: list(site.poll("GATE")) == [number], "the second offer")
        same(site.command(number)["offers"], 2, "offers")


TESTS = (clock_steps, clock_starts, clock_lease)
