# SPDX-License-Identifier: GPL-2.0-or-later
"""queue_kill: kill -9 of cmdqd at every step of a command's life, and at any moment: no command is lost, none is there
twice, and what must not happen twice never does. docs/PROTOCOL.md 4"""

import os
import random
import signal
import time

from checks import check, same, wait_until
from daemon import Clock
from devsim_logs import read_executed
from test_queue import LEASE_S, MAYBE, Clocked, order_text, strays, terminal

OVER = ("done", "failed", "expired", "cancelled")


def inode(site, kind, state):
    return os.stat(site.spool(kind, state)).st_ino


# Where it dies: what is given to shim_kill.c. Together they are all that is done for one command, in this order.
STEPS = (
    ("order in new", "before-rename", "order", "cur"),
    ("order in cur", "after-rename", "order", "cur"),
    ("order worked on, not committed", "before-commit", "order", "cur"),
    ("order committed, not done", "after-commit", "order", "cur"),
    ("order on its way to done", "before-rename", "order", "done"),
    ("order done", "after-rename", "order", "done"),
    ("offer committed, not sent", "before-send", "order", "done"),
    ("offer sent", "after-send", "order", "done"),
    ("result in new", "before-rename", "result", "cur"),
    ("result in cur", "after-rename", "result", "cur"),
    ("result worked on, not committed", "before-commit", "result", "cur"),
    ("result committed, not done", "after-commit", "result", "cur"),
    ("result on its way to done", "before-rename", "result", "done"),
    ("result done", "after-rename", "result", "done"),
)


def by_order(site):
    """The commands by the entries that ordered them; one that is there twice would show."""
    found = {}
    for row in site.commands().values():
        check(row["order"] not in found, row["order"], "made two commands:", row, found.get(row["order"]))
        found[row["order"]] = row
    return found


QUIET_S = 1.5  # a terminal that is told of a command, carries it out and says so is heard of sooner


def all_over(site, entries, forward):
    """Lets leases end until all of them are over; not before what is under way has come to its end."""
    seen, since_s = None, 0

    def look():
        nonlocal seen, since_s
        rows = by_order(site)
        if all(e in rows and rows[e]["state"] in OVER for e in entries):
            return rows
        if rows != seen:
            seen, since_s = rows, time.monotonic()
        elif all(e in rows for e in entries) and time.monotonic() > since_s + QUIET_S:
            forward()
            since_s = time.monotonic()
        return None

    return wait_until(look, "all commands are over")


def check_ends(rows, executed, once):
    """`once` are the entries of what must not happen twice."""
    counts, codes = {}, {}
    for e in executed:
        counts[e.id] = counts.get(e.id, 0) + 1
        codes.setdefault(e.id, set()).add(e.code)
    for entry, row in rows.items():
        number, times = row["id"], counts.get(row["id"], 0)
        if entry in once:
            check(times <= 1, row, "was carried out", times, "times")
        if row["state"] == "done":
            check(times >= 1, row, "is done and was never carried out")
        if "return" in row and row["return"] is not None:
            check(row["return"] in codes.get(number, ()), f"the Return of {row}, carried out with", codes.get(number))
        elif row["state"] == "failed":
            same(row["outcome"], MAYBE, f"how {row} failed without a result")
    strange = set(counts) - {row["id"] for row in rows.values()}
    check(not strange, "carried out without an order:", strange)


def queue_kill_steps(t):
    """cmdqd dies at each step of a command's life, from the order in new/ to the result in done/, and starts again"""
    with Clocked(t, command_offers="20") as site:
        site.punchctl("device", "approve", "STE000001")
        log = terminal(site, "STE")
        once, given = set(), []
        for number, (what, step, kind, state) in enumerate(STEPS):
            site.cmdqd.stop()
            kill = Clock(site, "shim_kill.c", PUNCHD_KILL=f"{step} {inode(site, kind, state)}")
            kill.set(site.clock.seconds)
            site.cmdqd.start(env=kill.env)
            entries = site.give(order_text("STE000001", "verb: unlock\nexpires: 30 days\n"),
                                order_text("STE000001", f"verb: user.add\npin: {number}\n"),
                                order_text("STE000001", "verb: reboot\n"))
            wait_until(lambda: not site.cmdqd.running(), f"cmdqd dies with the {what}")
            same(site.cmdqd.end(signal.SIGKILL), -signal.SIGKILL, f"how it ended with the {what}")
            site.cmdqd.start(env=site.clock.env)
            given += entries
            once |= {entries[0], entries[2]}
            rows = all_over(site, entries, lambda: site.clock.forward(LEASE_S))
            same(rows[entries[1]]["state"], "done", f"what may be repeated, with the {what}")
            # Only where its offer was on its way does nobody know what became of an unlock.
            unlock = rows[entries[0]]
            if kind == "order" and "offer" in what:
                check(unlock["state"] == "done" or unlock["outcome"] == MAYBE, f"unlock with the {what}:", unlock)
            else:
                same(unlock["state"], "done", f"unlock with the {what}")
            same(set(rows), set(given), f"commands after the {what}")
        check_ends(by_order(site), read_executed(log), once)
        same(strays(site), [], "strays")
        site.wait_worked_off("order")
        site.wait_worked_off("result")
        same((site.names("order", "bad"), site.names("result", "bad")), ([], []), "what was refused")
        t.note(f"{len(STEPS)} steps, {len(given)} commands")
        site.check_spool()


def queue_kill_stopped(t):
    """cmdqd stopped in its tracks and killed while orders and results wait: the next one does all of it"""
    with Clocked(t) as site:
        site.punchctl("device", "approve", "STO")
        site.shake_hands("STO")
        first = site.order("user", "add", "STO", "pin=1")[0]
        same(list(site.poll("STO")), [first], "offered")
        taken_back = site.order("unlock", "STO", "--expires", "1h")[0]
        site.cmdqd.pause()
        entries = site.give(order_text("STO", "verb: user.add\npin: 2\n"), order_text("STO", "verb: unlock\n"),
                            f"order: command.cancel\nid: {taken_back}\n")
        site.result("STO", b"ID=%d&Return=0&CMD=DATA\n" % first)
        site.result("STO", b"ID=%d&Return=0&CMD=DATA\n" % first)
        same((len(site.names("order", "new")), len(site.names("result", "new"))), (1, 2), "what waits")
        site.cmdqd.kill()
        site.cmdqd.start(env=site.clock.env)
        site.wait_worked_off("order")
        site.wait_worked_off("result")
        rows = by_order(site)
        same([rows[e]["state"] for e in entries[:2]], ["queued", "queued"], "the orders")
        same([site.command(i)["state"] for i in (first, taken_back)], ["done", "cancelled"], "the others")
        wait_until(lambda: site.shake_hands("STO").status == 200, "the desk is there")
        same(list(site.poll("STO")), [rows[entries[1]]["id"], rows[entries[0]]["id"]], "the poll")
        same(site.poll("STO"), {}, "the next poll")
        same(strays(site), [], "strays")


def a_command(rng, serial):
    """Its order, and whether it must not happen twice."""
    kind = rng.randrange(8)
    if kind < 3:
        return order_text(serial, f"verb: user.add\npin: {rng.randrange(1000)}\nname: N{rng.randrange(10**9)}\n"), False
    if kind == 3:
        return order_text(serial, "verb: user.query\n"), False
    if kind == 4:
        return order_text(serial, "verb: reboot\n"), True
    if kind == 5:
        return order_text(serial, f"verb: shell\nline: {rng.choice(('ls', 'binary', 'fail'))}\n"), True
    return order_text(serial, f"verb: unlock\nexpires: {rng.choice(('20 min', '30 days'))}\n"), True


def queue_kill_cycles(t):
    """kill -9 of cmdqd again and again while commands flow: each ends once, and none happens twice that must not"""
    cycles, terminals = (300, 20) if t.full else (12, 5)
    rng = random.Random(7)
    with Clocked(t, command_offers="20") as site:
        serials = [f"KIL{n:06}" for n in range(1, terminals + 1)]
        # The network loses something as well: a reply, a result, the answer to a result.
        log = terminal(site, "KIL", "--lose-reply", "4", "--drop-result", "5", "--lose-result", "3",
                       terminals=terminals)
        wait_until(lambda: len(site.rows("device", "ls")) > terminals, "all are known")
        given, once = [], set()
        hit = {"order": 0, "result": 0}
        for cycle in range(cycles):
            for _ in range(rng.randrange(1, 4)):
                made = [a_command(rng, rng.choice(serials)) for _ in range(rng.randrange(1, 12))]
                entries = site.give(*[text for text, _ in made])
                given += entries
                once |= {e for e, (_, never) in zip(entries, made) if never}
            # At once, in the midst of a file, or a few commands later: where that is in its work is chance.
            how = rng.randrange(4)
            if how == 1:
                watch(lambda: site.in_work("order"))
            elif how == 2:
                watch(lambda: site.in_work("result"))
            elif how == 3:
                before = os.path.getsize(log) if os.path.exists(log) else 0
                watch(lambda b=before: os.path.exists(log) and os.path.getsize(log) > b + rng.randrange(400))
            for kind in hit:
                hit[kind] += bool(site.in_work(kind))
            site.cmdqd.kill()
            if rng.randrange(3) == 0:
                site.clock.forward(LEASE_S)
            site.cmdqd.start(env=site.clock.env)
        site.wait_worked_off("order")
        rows = all_over(site, given, lambda: site.clock.forward(LEASE_S))
        site.wait_worked_off("result")
        rows = by_order(site)
        executed = read_executed(log)
        same(set(rows), set(given), "commands and their orders")
        check_ends(rows, executed, once)
        same(strays(site), [], "strays")
        counts = {state: sum(r["state"] == state for r in rows.values()) for state in OVER}
        again = len(executed) - len({e.id for e in executed})
        t.note(f"{cycles} kills, with orders in work {hit['order']} times, with results {hit['result']}; "
               f"{len(rows)} commands: " + ", ".join(f"{n} {s}" for s, n in counts.items() if n)
               + f"; {again} carried out again, as they may be")
        check(counts["done"] > len(rows) // 3, "hardly anything was done")
        same((site.names("order", "bad"), site.names("result", "bad")), ([], []), "what was refused")
        site.check_spool()


def watch(condition):
    """Until it comes about, but not for ever: that moment may have passed."""
    return any(condition() for _ in range(3000))


TESTS = (queue_kill_steps, queue_kill_stopped, queue_kill_cycles)
