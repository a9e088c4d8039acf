# SPDX-License-Identifier: GPL-2.0-or-later
"""faults: single system calls fail in the midst of the work, with every error that a disk or a full machine gives. Nothing is
acknowledged that is not kept, nobody stays away, and a failed sync is not tried again. Run whole by `make fault-check`."""

import collections
import itertools
import os
import signal

from checks import Failed, check, same, wait_until
from daemon import preloaded
from faults import ERRORS, FOR_EVER, Fault, Faulty, spread
from test_matchd import HELLO, NO_HELLO, Client, begin, child_of

# What each daemon calls while it works.
AT_WORK = {
    "ingestd": ("openat", "write", "fsync", "rename", "accept"),
    "parserd": ("openat", "write", "pwrite", "fsync", "fdatasync", "rename", "mkdir"),
    "cmdqd": ("openat", "write", "pwrite", "fsync", "fdatasync", "rename", "accept"),
}
AT_START = {
    "ingestd": ("openat", "mmap"),
    "parserd": ("openat", "fsync", "mmap", "mkdir"),
    "cmdqd": ("openat", "write", "fsync", "rename", "mmap", "mkdir"),
    "notifyd": ("openat",),
}
SLICE = {"ingestd": 24, "parserd": 12, "cmdqd": 24}
NTH = (1, 2, 3, 5, 8)
ROUNDS_MOST = 6  # in which the n-th call must have come


class Cases:
    """How many faults were met, and what came of them."""

    def __init__(self, daemon):
        self.daemon, self.met, self.missed, self.ends = daemon, 0, collections.Counter(), 0

    def __str__(self):
        missed = ", ".join(f"{kind} {n}" for kind, n in sorted(self.missed.items()))
        return (f"{self.daemon}: {self.met} faults, {self.ends} of them ended it"
                + (f"; not called so often: {missed}" if missed else ""))


def one_case(faulty, cases, kind, error, nth):
    """Arms the fault, lets traffic flow until it is met, and sees that all goes on."""
    fault = faulty.faults[cases.daemon]
    ended = faulty.ended[cases.daemon]
    fault.arm(kind, error, nth)
    try:
        for _ in range(ROUNDS_MOST):
            faulty.round_until(lambda: fault.failed > 0)
            if fault.failed:
                break
        fault.disarm()
        if not fault.failed:
            cases.missed[kind] += 1
            return
        faulty.round()
        faulty.settle()
    except Failed as e:
        raise Failed(f"{cases.daemon}, {kind} number {nth} with {error}: {e}") from e
    cases.met += 1
    cases.ends += faulty.ended[cases.daemon] - ended
    check(faulty.ended[cases.daemon] - ended <= 1, cases.daemon, "ends again and again after", kind, error)


def at_work(t, daemon):
    cases = Cases(daemon)
    # Of the slice each kind and each error has its share.
    every = [(kind, error, nth) for nth in NTH for error in ERRORS for kind in AT_WORK[daemon]]
    with Faulty(t) as faulty:
        for kind, error, nth in every if t.full else spread(every, SLICE[daemon]):
            one_case(faulty, cases, kind, error, nth)
        faulty.check_all()
        t.note(cases)
        check(cases.met >= (len(every) if t.full else SLICE[daemon]) // 2, "few faults were met:", cases)


def faults_ingestd(t):
    """the n-th call of each kind fails in ingestd: 200 only for what is kept, and the next one is served"""
    at_work(t, "ingestd")


def faults_parserd(t):
    """the n-th call of each kind fails in parserd: all is stored once, in the end, and nothing is refused for it"""
    at_work(t, "parserd")


def faults_cmdqd(t):
    """the n-th call of each kind fails in cmdqd: each order makes one command, each result is taken, polls are answered"""
    at_work(t, "cmdqd")


def start_with(faulty, cases, kind, error, nth):
    daemon, fault = faulty.site.daemons[cases.daemon], faulty.faults[cases.daemon]
    daemon.stop()
    fault.arm(kind, error, nth)
    ended = faulty.ended[cases.daemon]
    try:
        daemon.start(env=fault.env)
    except Failed:
        check(not daemon.running(), cases.daemon, "hangs while it starts, with", kind, nth, error)
    try:
        faulty.round()
    except Failed as e:
        raise Failed(f"{cases.daemon} starts, {kind} number {nth} with {error}: {e}") from e
    fault.disarm()
    if not fault.failed:
        cases.missed[kind] += 1
        return False
    cases.met += 1
    cases.ends += faulty.ended[cases.daemon] - ended
    check(faulty.ended[cases.daemon] - ended <= 1, cases.daemon, "ends again and again after", kind, error)
    return True


def faults_start(t):
    """the n-th call fails while a daemon starts: it starts all the same, or ends in words and does so the next time"""
    with Faulty(t) as faulty:
        for daemon, kinds in AT_START.items():
            cases = Cases(daemon)
            errors = ERRORS if t.full else ERRORS[:1]
            for kind, error in itertools.product(kinds, errors):
                nth = 1
                while start_with(faulty, cases, kind, error, nth) and nth < 64:
                    nth += 1 if t.full else 1 + nth
            t.note(cases)
        faulty.check_all()


def lasting(faulty, cases, kind, error, first=1):
    """All three at once, from some moment on and for a while, as when a disk goes away. Then it is back."""
    site = faulty.site
    faults = [faulty.faults[name] for name in ("ingestd", "parserd", "cmdqd")]
    for fault in faults:
        fault.arm(kind, error, first, FOR_EVER)
    pid = site.ingestd.pid
    for _ in range(2):
        faulty.order()
        faulty.put()
    for _ in range(4):
        faulty.try_upload()
        reply = faulty.ask("/iclock/getrequest?SN=GATE")
        check(reply is None or reply.status in (200, 503), "a poll is answered with", reply)
    for fault in faults:
        fault.disarm()
    cases.met += any(fault.failed > 0 for fault in faults)
    faulty.round()
    same(site.ingestd.pid, pid, "ingestd's pid")


def all_lasting(t, every):
    cases = Cases("all of them")
    with Faulty(t) as faulty:
        for kind, error, first in every:
            lasting(faulty, cases, kind, error, first)
        faulty.check_all()
        cases.ends = sum(faulty.ended.values())
        t.note(cases)
    check(cases.met >= len(every) // 2, "few faults were met:", cases)


def faults_lasting(t):
    """every call of a kind fails in all daemons at once, for a while: served again by itself as soon as it is over"""
    kinds = sorted(set(itertools.chain(*AT_WORK.values())) - {"accept"})
    every = list(itertools.product(kinds, ERRORS, (1,)))
    all_lasting(t, every if t.full else spread(every, 4))


def faults_disk(t):
    """the disk goes away in the midst of the work, at any call, and comes back: nobody has to be started by hand"""
    every = list(itertools.product(("disk",), ("EIO", "EROFS", "ENOSPC"), range(1, 33)))
    all_lasting(t, every if t.full else spread(every, 8))


# ---- the keeper of the matcher ----

OF_A_START = ("socketpair", "fork", "pidfd_open", "openat")  # the last one is the new process's
OF_A_FULL_MACHINE = ("EMFILE", "ENFILE", "ENOMEM", "EAGAIN")


def kinds_held(daemon):
    return sorted(path.split(":")[0] for path in daemon.descriptors().values())


def matcher_dies(site, client, fault, number):
    """It is begun anew when that is possible, and until then who asks hears that it is gone."""
    os.kill(child_of(site.matchd.pid), signal.SIGKILL)
    client.until(NO_HELLO)
    wait_until(lambda: fault.failed > 0, "a call has failed")
    check(client.ask(number) in (f"match {number}", f"error {number} gone"), "the answer meanwhile")


def one_start(site, client, fault, number, *plan):
    fault.arm(*plan)
    matcher_dies(site, client, fault, number)
    if plan[-1] == FOR_EVER:
        wait_until(lambda: fault.failed >= 3, "it is tried again")
        same(client.ask(number + 1), f"error {number + 1} gone", "the answer while it cannot be begun")
        fault.disarm()
    client.until(HELLO)
    client.well(number + 2)


def faults_matchd(t):
    """matchd cannot begin the matcher, or take a client: it tries again until it can, and nothing is left of what failed"""
    with t.site(matchd=True) as site:
        fault = Fault(site, "matchd", preloaded(site, "shim_fault.c"))
        client = begin(t, site, env=fault.env)
        client.until(HELLO)
        pid, held = site.matchd.pid, kinds_held(site.matchd)
        errors = OF_A_FULL_MACHINE if t.full else OF_A_FULL_MACHINE[:1]
        plans = list(itertools.product(OF_A_START, errors, (1,), (1, 3, FOR_EVER)))
        for n, plan in enumerate(plans, 1):
            try:
                one_start(site, client, fault, 10 * n, *plan)
            except Failed as e:
                raise Failed(f"matchd, {plan}: {e}") from e
            wait_until(lambda: kinds_held(site.matchd) == held, f"descriptors are as they were, after {plan}")
        for error in errors:
            fault.arm("accept", error, 1, 3)
            client.close()
            client = Client(site)
            client.until(HELLO)
            client.well(1)
            same(fault.failed, 3, "calls of accept that failed")
        check("client not accepted" in site.matchd.log(), "the log says nothing of accept")
        same(site.matchd.pid, pid, "matchd's pid")
        t.note(f"matchd: {len(plans) + len(errors)} faults, none of them ended it")
        client.close()


TESTS = (faults_ingestd, faults_parserd, faults_cmdqd, faults_start, faults_lasting, faults_disk, faults_matchd)
