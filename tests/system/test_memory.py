# SPDX-License-Identifier: GPL-2.0-or-later
"""memory: many terminals at once. (The body budget is in test_caps, parserd's backlog in test_replay.)"""

import json
import resource

from checks import PATIENCE_S, Skipped, check, same, wait_until
from client import request_bytes

CONNECTIONS = 10000
LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"


def memory_of_connections(t):
    """10,000 open connections, or as many as this machine allows: below 64 MiB, and those who speak are served"""
    # ingestd wants five descriptors for four connections, and some to spare.
    count = min(CONNECTIONS, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 600) * 4 // 5)
    if count < CONNECTIONS / 4:
        raise Skipped(f"the limit of open files is too low: only {count} connections could be made")
    with t.site(conf={"connections_max": str(count + 50), "idle_timeout": '"10 min"',
                      "request_deadline": '"10 min"'}) as site:
        site.make_spools()
        site.start("cmdqd", "ingestd")
        poll = request_bytes("/iclock/ping?SN=AB1", headers=["Connection: keep-alive"])
        opened = [site.connect() for _ in range(count)]
        for c in opened[::100]:
            c.send(poll)
            same(c.reply(wait_for_close=False).body, b"OK", "a poll beside all connections")
        idle = site.ingestd.status("VmRSS")
        check(idle < 64 << 20, count, "silent connections take", idle >> 20, "MiB")
        for c in opened:
            c.send(poll)
        for c in opened:
            same(c.reply(wait_for_close=False).body, b"OK", "a poll")
        kept = site.ingestd.status("VmRSS")
        check(kept < 64 << 20, count, "kept connections take", kept >> 20, "MiB")
        same(site.upload("AB1", LINE).body, b"OK: 1\n", "an upload beside all connections")
        for c in opened:
            c.close()
        t.note(f"{count} connections: silent {idle >> 20} MiB, kept {kept >> 20} MiB")
        wait_until(lambda: site.upload("AB1", LINE).status == 200, "served when they are gone")


def memory_lockstep(t):
    """128 and 256 clients that all wait for the last of them: no wake-up is lost, all rounds come to their end"""
    rounds = 300 if t.full else 40
    with t.site() as site:
        site.start()
        for clients in (128, 256):
            out = json.loads(site.devsim(
                "load", "--lockstep", "--keep-alive", "--connections", str(clients), "--terminals", str(clients),
                                         "--requests",
                str(clients * rounds), "--serial-prefix", f"L{clients}X", "--no-retry", "--json").splitlines()[-1])
            same((out["rounds"], out["failed"], out["unacked"]), (rounds, 0, 0), f"rounds of {clients} clients")
            t.note(f"{clients} clients: {out['rounds']} rounds")
        site.wait_worked_off()
        same(len(site.punches()), (128 + 256) * rounds, "punches in the records")


def memory_of_result_and_polls(t):
    """a crowd that asks and answers: polls, handshakes and results beside uploads, all of them acknowledged"""
    with t.site() as site:
        site.start()
        wait_until(lambda: site.ask("/iclock/cdata?SN=A&options=all").status == 200, "the desk is there")
        requests = "5000" if t.full else "600"
        running = [site.devsim_start("load", "--kind", kind, "--terminals", "50", "--connections", "20", "--requests",
                                     requests,
                                     "--serial-prefix", kind.upper(), "--json", out=f"{site.dir}/{kind}")
                   for kind in ("poll", "handshake", "result", "operlog", "photo", "biodata", "attlog")]
        for process in running:
            same(process.wait(3 * PATIENCE_S), 0, "devsim's status")
        site.wait_worked_off()
        site.wait_worked_off("result")
        same(len(site.all_entries("result")), int(requests), "results that were taken")
        site.check_spool()


TESTS = (memory_of_connections, memory_lockstep, memory_of_result_and_polls)
