# SPDX-License-Identifier: GPL-2.0-or-later
"""faults: a site whose daemons run with shim_fault.c, traffic of every kind through it, and the count in the end of what
was acknowledged and what is there. The daemons are started again when they end, as their units say, and never else."""

import collections
import errno
import mmap
import os
import struct

from checks import Failed, check, same, wait_until
from daemon import Clock
from entries import make_entry
from facts import Facts
from host import GID, IS_ROOT, UID
from test_queue import order_text, strays

KINDS = {"openat": 1, "write": 2, "pwrite": 3, "fsync": 4, "fdatasync": 5, "rename": 6, "mkdir": 7, "mmap": 8, "accept": 9,
         "socketpair": 10, "fork": 11, "pidfd_open": 12, "disk": 13}  # as in shim_fault.c
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENOMEM")
ENDS = range(64, 79)  # of sysexits.h: an end that was meant. A signal or an abort never is.
FOR_EVER = 1 << 40
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\xff\xd9"


class Fault:
    """The plan of one daemon; see shim_fault.c."""

    def __init__(self, site, name, env):
        path = f"{site.dir}/fault-{name}"
        with open(path, "w+b") as f:
            f.write(bytes(64))
            f.flush()
            self.plan = mmap.mmap(f.fileno(), 64)
        if IS_ROOT:
            os.chown(path, UID, GID)
        self.env = {**env, "PUNCHD_FAULT": path}

    def put(self, place, *values):
        struct.pack_into(f"={len(values)}q", self.plan, 8 * place, *values)

    def get(self, place):
        return struct.unpack_from("=q", self.plan, 8 * place)[0]

    def arm(self, kind, error, first=1, times=1):
        self.put(1, getattr(errno, error), first, times, 0, 0)
        self.put(0, KINDS[kind])

    def disarm(self):
        self.put(0, 0)

    failed = property(lambda self: self.get(5))
    resynced = property(lambda self: self.get(6))


class Faulty:
    """A site with a plan for each daemon. Use it in a with statement."""

    def __init__(self, t):
        self.site = t.site(conf={"rescan": '"200 ms"', "desk_timeout": '"2 s"', "command_lease": '"10 s"', "command_offers": "20"},
                           notifyd=True)

    def __enter__(self):
        site = self.site.__enter__()
        self.clock = Clock(site, "shim_fault.c")
        self.faults = {name: Fault(site, name, self.clock.env) for name in site.daemons}
        for name, daemon in site.daemons.items():
            daemon.start(env=self.faults[name].env)
        self.number = 0
        self.ended = collections.Counter()  # how often each daemon has ended by itself
        self.orders = []
        self.promised = []  # numbers of the uploads that heard 200
        self.photos = []
        site.punchctl("device", "approve", "GATE")
        self.hear(200, "/iclock/cdata?SN=GATE&options=all&pushver=2.4.1&language=69")
        return self

    def __exit__(self, *why):
        return self.site.__exit__(*why)

    # ---- as the service manager ----

    def keep_up(self):
        """Starts again what has ended. It may end again at once, and is started at the next look."""
        for name, daemon in self.site.daemons.items():
            if daemon.process is None or daemon.running():
                continue
            code = daemon.process.returncode
            check(code in ENDS, name, "ended with status", code)
            self.ended[name] += 1
            try:
                daemon.start(env=self.faults[name].env)
            except Failed:
                check(not daemon.running(), name, "hangs while it starts")

    # ---- as terminals and operators ----

    def ask(self, target, body=None):
        """A reply, or None where the connection had none."""
        self.keep_up()
        try:
            return self.site.ask(target, body)
        except OSError:
            return None

    def hear(self, status, target, body=None):
        """Asks until that is the answer. Until then it may be 503 or none, and nothing else."""

        def heard():
            reply = self.ask(target, body)
            check(reply is None or reply.status in (200, 503), "an answer to", target, "is", reply)
            return reply if reply is not None and reply.status == status else None

        return wait_until(heard, f"{target} is answered with {status}")

    def try_upload(self, big=False):
        """A punch and a photo, once each. Only what hears 200 is promised."""
        self.number += 1
        n = self.number
        punch = self.ask("/iclock/cdata?SN=GATE&table=ATTLOG&Stamp=9999", punch_line(n))
        if punch is not None and punch.status == 200:
            self.promised.append(n)
        photo = self.ask("/iclock/cdata?SN=GATE&table=ATTPHOTO&Stamp=9999", photo_body(n, big))
        if photo is not None and photo.status == 200:
            self.photos.append(n)

    def upload(self, big=False):
        self.number += 1
        n = self.number
        self.hear(200, "/iclock/cdata?SN=GATE&table=ATTLOG&Stamp=9999", punch_line(n))
        self.promised.append(n)
        self.hear(200, "/iclock/cdata?SN=GATE&table=ATTPHOTO&Stamp=9999", photo_body(n, big))
        self.photos.append(n)

    def put(self):
        """A punch that another tool brings, whose disk is well."""
        self.number += 1
        self.site.put(make_entry("GATE", punch_line(self.number)))
        self.promised.append(self.number)

    def order(self):
        """A command, one whose result brings content along, and a device more on the list of admission."""
        self.orders += self.site.give(order_text("GATE", f"verb: user.add\npin: {self.number}\n"),
                                      order_text("GATE", "verb: info\n"))
        self.site.give(f"order: device.approve\nserial: NEW{len(self.orders)}\n")

    def poll(self):
        """One poll, and the results of what it brings."""
        reply = self.hear(200, "/iclock/getrequest?SN=GATE")
        for line in reply.body.split(b"\n"):
            if line.startswith(b"C:"):
                _, number, text = line.split(b":", 2)
                more = b"INFO\n~DeviceName=A\n" if text.startswith(b"INFO") else b"DATA\n"
                self.hear(200, "/iclock/devicecmd?SN=GATE", b"ID=%s&Return=0&CMD=%s" % (number, more))

    def round(self, big=False):
        """Something of everything; all of it is acknowledged in the end."""
        self.order()
        self.upload(big)
        self.poll()
        self.hear(200, "/iclock/cdata?SN=GATE&options=all&pushver=2.4.1&language=69")

    def waiting(self):
        return {(kind, name) for kind in ("upload", "order", "result")
                for name in self.site.names(kind, "new") + self.site.in_work(kind)}

    def round_until(self, met):
        """A round, and time for the consumers to see it, or until the fault was met. What they left for a while is not
        waited for here."""
        left = self.waiting()
        self.round(self.number % 4 == 0)

        def seen():
            self.keep_up()
            return met() or not self.waiting() - left

        wait_until(seen, "the consumers have seen what there is")

    def settle(self):
        """All is worked off: what was left for a while is due, and who waits longer after each failure begins anew."""
        self.clock.forward(40)
        wait_until(lambda: self.keep_up() or not self.waiting(), "all is worked off")

    # ---- the count ----

    def check_all(self):
        """Nothing that was promised is missing, nothing is there twice, and nothing was refused or left lying."""
        site = self.site
        for fault in self.faults.values():
            fault.disarm()
        self.round()
        # What was left for a while is due then, and so is a command whose offer got lost.
        self.clock.forward(40)
        for kind in ("order", "upload"):
            site.wait_worked_off(kind)
        rows = {}

        def all_done():
            self.poll()
            rows.update({row["order"]: row for row in site.commands().values()})
            return all(rows[e]["state"] not in ("queued", "offered") for e in self.orders if e in rows)

        wait_until(all_done, "all commands are over")
        site.wait_worked_off("result")
        all_done()
        same(sorted(rows), sorted(self.orders), "commands and their orders")
        same([r for r in rows.values() if r["state"] != "done"], [], "commands that are not done")
        infos = [r["id"] for r in rows.values() if r["order"].endswith(".2")]
        missing = [i for i in infos if not os.path.exists(f"{site.state_dir}/cmdqd/content/{i}")]
        same(missing, [], "commands whose content is missing")
        with open(f"{site.state_dir}/cmdqd/admission", encoding="ascii") as f:
            same(len(f.readlines()), 2 + len(infos), "lines of the admission list")
        same(strays(site), [], "results that nobody asked for")
        got = [int(line.split("\t")[1]) for line in site.punches() if line.startswith("GATE\t")]
        lost = set(self.promised) - set(got)
        check(not lost, len(lost), "punches were promised and are lost:", sorted(lost)[:9])
        same(len(got), len(set(got)), "punches without doubles")
        check(set(got) <= set(range(self.number + 1)), "punches that were never sent")
        facts = Facts(site).check_whole()
        photos = {int(key[2]) for key in facts.found if key[0] == "photo"}
        check(set(self.photos) <= photos, "photos were promised and are lost:", sorted(set(self.photos) - photos)[:9])
        same([(k, site.names(k, "bad")) for k in ("upload", "order", "result") if site.names(k, "bad")], [], "refused")
        site.check_spool()
        for name, fault in self.faults.items():
            same(fault.resynced, 0, f"files that {name} synced again after a sync had failed")


def punch_line(n):
    return b"%d\t2026-01-05 08:00:00\t0\t1\n" % n


def photo_body(n, big):
    time = "202601%02d%02d%02d%02d" % (1 + n // 86400, n // 3600 % 24, n // 60 % 60, n % 60)
    picture = JPEG + b"%d" % n + (b"x" * 300000 if big else b"")
    return b"PIN=%s-%d.jpg\nSN=GATE\nsize=%d\nCMD=uploadphoto\0" % (time.encode(), n, len(picture)) + picture


def spread(values, count):
    """So many of them, the first one always, all over the list."""
    values = list(values)
    if count >= len(values):
        return values
    return [values[i * len(values) // count] for i in range(count)]
