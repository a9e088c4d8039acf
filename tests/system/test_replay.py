# SPDX-License-Identifier: GPL-2.0-or-later
"""replay: a long backlog is worked off in order and in bounded memory, and working on everything again, in any order,
changes nothing (G4)."""

import json
import os
import random
import time

from checks import check, same, short, wait_until
from entries import make_entry, make_name

BACKLOG = 20000  # more than the 16,384 events that an inotify queue holds


def in_order_of_journal(site):
    """(serial, pin) of all punches in the order in which parserd stored them."""
    out = site.punchctl("punch", "ls", "--after", "0", "--json")
    return [(o["serial"], o["pin"]) for o in map(json.loads, out.splitlines())]


def fill(site, count, first=0):
    for i in range(first, first + count):
        site.put(make_entry(f"B{i % 50}", b"%d\t2026-01-05 08:%02d:%02d\t0\t1\n" % (i, i // 60 % 60, i % 60)))


def replay_backlog(t):
    """20,000 files while parserd sleeps, past the end of its inotify queue: stored in order, in bounded memory"""
    with t.site(conf={"rescan": '"10 min"'}) as site:  # so that it is the overflow that wakes it, not the clock
        site.start("parserd")
        fill(site, 1)
        wait_until(lambda: not site.names(), "it is awake")
        site.parserd.pause()
        fill(site, BACKLOG, 1)
        site.parserd.resume()
        most = 0

        def worked_off():
            nonlocal most
            most = max(most, site.parserd.status("RssAnon"))
            return len(site.names(state="done")) == BACKLOG + 1

        wait_until(worked_off, "all are done", 600)
        want = [(f"B{i % 50}", str(i)) for i in range(BACKLOG + 1)]
        got = in_order_of_journal(site)
        same(len(got), len(want), "punches stored")
        check(got == want, "they are not in order; first difference:",
              next((g, w) for g, w in zip(got, want) if g != w)
              if got != want else "")
        check(most < 64 << 20, "parserd took", most >> 20, "MiB beside its map")
        t.note(f"{most >> 20} MiB beside the map")
        # The same with the files there before it starts.
        site.parserd.kill()
        fill(site, 2000, BACKLOG + 1)
        site.start("parserd")
        site.wait_worked_off()
        check(in_order_of_journal(site) == want + [(f"B{i % 50}", str(i)) for i in range(BACKLOG + 1,
                                                                                         BACKLOG + 2001)],
              "a backlog at start-up is not stored in order")
        site.check_spool()


def varied(rng, i):
    """A file of one to four entries of many kinds, with stamps that rise and fall."""
    data = b""
    for k in range(rng.randrange(1, 5)):
        serial = f"R{rng.randrange(8)}"
        stamp = rng.choice(("9999", str(rng.randrange(1, 10**9)), "0", "None"))
        received = "2026-01-%02dT%02d:%02d:%02d.%06dZ" % (rng.randrange(1, 29), rng.randrange(24), rng.randrange(60),
                                                         rng.randrange(60), rng.randrange(10**6))
        line = b"%d\t2026-01-%02d 08:%02d:%02d\t%d\t1" % (rng.randrange(300), rng.randrange(1, 29), i % 60, k,
                                                          rng.randrange(3))
        table, body = rng.choice((
            ("ATTLOG", line + b"\n"),
            ("ATTLOG", line + b"\n" + line + b"\t5\n" + line + b"\n"),
            ("ATTLOG", line + b"\nthis is no punch\n\n\tnor this\n" + line + b"\t7"),
            ("ATTLOG", b"%d\t2026-02-30 25:61:00\t0\t1\n" % i),
            ("OPERLOG", b"OPLOG %d\t0\t2026-01-05 08:00:00\t%d\t0\t0\t0\n" % (rng.randrange(14), rng.randrange(40))),
            ("OPERLOG", b"USER PIN=%d\tName=%c\tPasswd=%d\nNEWWORD a\nUSER \n" % (rng.randrange(40), rng.randrange(65, 90),
                                                                                  rng.randrange(3))),
            ("BIODATA", b"BIODATA Pin=%d\tNo=0\tType=9\tTmp=AAEC\n" % rng.randrange(40)),
            ("ATTPHOTO", b"PIN=20260105080000-%d.jpg\nSN=x\nsize=3\nCMD=uploadphoto\0" % rng.randrange(40)
             + rng.randbytes(3)),
            ("NEWTABLE", rng.randbytes(20)),
            ("ATTLOG", b""),
        ))
        data += make_entry(serial, body, f"/iclock/cdata?SN={serial}&table={table}&Stamp={stamp}",
                           received=received if rng.random() < 0.8 else None)
    if rng.random() < 0.05:
        data += b"punchd-spool 1\nkind: upload\nserial: X\n"  # a broken end
    return data


def replay_changes_nothing(t):
    """all of done/ again, twice, and parts of it in random order: every database is byte for byte what it was"""
    count = 20000 if t.full else 400
    rng = random.Random(2)
    with t.site() as site:
        site.start("parserd", "cmdqd")
        for i in range(count):
            site.put(varied(rng, i), make_name())
        site.wait_worked_off()
        before = site.dump()
        same(len(site.names(state="done")), count, "files done")
        bad = site.names(state="bad")
        for database in (b"[punch]", b"[journal]", b"[refused]", b"[stamp]", b"[meta]", b"[item]", b"[version]", b"[log]",
                         b"[photo]", b"[private/item]", b"[private/raw]", b"[private/refused]", b"[private/version]"):
            at = before.index(database)
            check(b"=" in before[at : at + 4000].split(b"[", 2)[1], database,
                  "holds nothing, so this test shows nothing")

        def unchanged(what):
            site.wait_worked_off()
            same(len(site.names(state="done")), count, f"files done {what}")
            same(site.names(state="bad"), bad, f"what was set aside {what}")
            after = site.dump()
            if after != before:
                a, b = before.splitlines(), after.splitlines()
                differ = [x for x in b if x not in set(a)][:3] + [x for x in a if x not in set(b)][:3]
                check(False, "the records are not what they were", what, ":", short(differ))

        for again in (1, 2):
            site.punchctl("spool", "replay", "upload", "--all")
            unchanged(f"after replay {again} of all")
        names = site.names(state="done")
        for turn in range(8):
            some = rng.sample(names, len(names) // 6)
            # Those that the last turn took are not back in done/ yet, which it says.
            site.punchctl("spool", "replay", "upload", *some, code=None)
            if turn % 3 == 2:
                site.parserd.kill()
                site.start("parserd")
            if turn % 2 == 1:
                unchanged(f"after partial replay {turn}")
        unchanged("after partial replays")
        site.check_spool()
        t.note(f"{count} files, {len(before.splitlines())} facts")


def replay_rebuilds(t):
    """records that were lost come back from done/: the same punches and the same stamps"""
    rng = random.Random(4)
    with t.site() as site:
        site.start("parserd", "cmdqd")
        for i in range(200):
            site.put(varied(rng, i))
        site.wait_worked_off()
        before, stamps = sorted(site.punches()), databases(site.dump())["stamp"]
        site.stop("parserd")
        os.rename(f"{site.state_dir}/parserd/records", f"{site.state_dir}/parserd/lost")
        site.start("parserd")
        names = site.names(state="done")
        rng.shuffle(names)
        for at in range(0, len(names), 25):
            site.punchctl("spool", "replay", "upload", *names[at : at + 25])
            site.wait_worked_off()
        same(sorted(site.punches()), before, "punches")
        same(databases(site.dump())["stamp"], stamps, "stamps")


def databases(dump):
    """The lines of each database of a dump."""
    found, name = {}, None
    for line in dump.decode("ascii").splitlines():
        if line.startswith("["):
            name = line[1:-1]
            found[name] = []
        else:
            found[name].append(line)
    return found


def replay_half_a_million(t):
    """500,000 files wait: stored in order, none missing, in memory that does not grow with them"""
    count = 500000 if t.full else 5000
    with t.site(conf={"rescan": '"10 min"'}) as site:
        site.start("parserd").stop("parserd")
        fill(site, count)
        began = time.monotonic()
        site.start("parserd")
        most = 0

        def worked_off():
            nonlocal most
            most = max(most, site.parserd.status("RssAnon"))
            return not site.names() and not site.in_work()

        wait_until(worked_off, "all are done", 1800)
        took = time.monotonic() - began
        got = in_order_of_journal(site)
        same(len(got), count, "punches stored")
        wrong = next((i for i, g in enumerate(got) if g != (f"B{i % 50}", str(i))), None)
        same(wrong, None, "the first that is not in its place")
        same(len(site.names(state="done")), count, "files in done")
        check(most < 96 << 20, "parserd took", most >> 20, "MiB beside its map")
        t.note(f"{count} files in {took:.0f} s, {most >> 20} MiB beside the map")


TESTS = (replay_backlog, replay_changes_nothing, replay_rebuilds, replay_half_a_million)
