# SPDX-License-Identifier: GPL-2.0-or-later
"""tables: how fast each body parser is, what share of the whole way it has, and how fast photos become
durable records."""
import http.client
import json
import os
import statistics
import threading
import time

from rig import Broken, Site

ROWS = 1000  # of one upload
CONNECTIONS = 8


# ---- P1: parsers, and their share of the whole way ----

def user(n):
    return (f"USER PIN={n}\tName=Name of {n}\tPri=0\tPasswd=\tCard=[{n & 255:02X}{n >> 8 & 255:02X}830000]\t"
            "Grp=1\tTZ=0000000100000000\tVerify=-1\tViceCard=\tStartDatetime=0\tEndDatetime=0\n")


def operation(n):
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1767600000 + n))
    return f"OPLOG 3\t0\t{clock}\t54\t0\t0\t0\n"


# The lines of `parse`, and how many facts a row becomes: of a user its secrets are one of their own.
WHOLE = {"user": (user, 2), "oplog": (operation, 1)}


def post(site, serial, bodies, failed):
    client = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    try:
        for body in bodies:
            client.request("POST", f"/iclock/cdata?SN={serial}&table=OPERLOG&Stamp=9999", body)
            reply = client.getresponse()
            if reply.status != 200 or not reply.read().startswith(b"OK"):
                failed.append(reply.status)
    except OSError as e:
        failed.append(e)
    finally:
        client.close()


def whole_way(bench, line, facts):
    """From terminals that send large bodies until parserd has committed the last row."""
    uploads = (10 if bench.quick else 40) * CONNECTIONS
    bodies = ["".join(map(line, range(at * ROWS, (at + 1) * ROWS))).encode() for at in range(uploads)]
    size = sum(map(len, bodies))

    def side():
        site, failed = Site(bench.rig), []
        processes = [site.parserd(), site.ingestd()]
        before = [p.cpu_us() for p in processes]
        threads = [threading.Thread(target=post, args=(site, f"SIM{i:06}", bodies[i::CONNECTIONS], failed))
                   for i in range(CONNECTIONS)]
        began = time.monotonic()
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if failed:
            raise Broken(f"uploads failed: {failed[:3]}")
        rows = uploads * ROWS
        site.wait_records(rows * facts)
        seconds = time.monotonic() - began
        parserd, ingestd = (1e3 * (p.cpu_us() - b) / rows for p, b in zip(processes, before))
        bench.rig.stop(*processes)
        return {"rows": rows / seconds, "mb": size / 1e6 / seconds, "parserd": parserd, "ingestd": ingestd}
    return side


def parsers(bench):
    """What `parse` says of each body."""
    text = bench.rig.output([bench.rig.program("parse"), "100" if bench.quick else "300"])
    return {r["body"]: r for r in map(json.loads, text.splitlines())}


def p1(bench):
    parsed, *ways = bench.take_turns(
        lambda: parsers(bench), *(whole_way(bench, line, facts) for line, facts in WHOLE.values()))
    middle = lambda side, key: statistics.median(s[key] for s in side)
    for name in parsed[0]:
        rounds = [p[name] for p in parsed]
        bench.note("P1", f"{name}: {middle(rounds, 'mb_per_s'):,.0f} MB/s, {middle(rounds, 'rows_per_s'):,.0f} "
                   f"rows/s, {middle(rounds, 'ns_per_row'):,.0f} ns a row")
    for name, way in zip(WHOLE, ways):
        shares = [100 * p[name]["ns_per_row"] / (w["parserd"] + w["ingestd"]) for p, w in zip(parsed, way)]
        bench.note("P1", f"{name}, terminal to records: {middle(way, 'rows'):,.0f} rows/s, {middle(way, 'mb'):.1f} "
                   f"MB/s; CPU {middle(way, 'parserd'):,.0f} ns a row of parserd and {middle(way, 'ingestd'):,.0f} "
                   f"of ingestd; parsing is {statistics.median(shares):.1f} % of it "
                   f"({min(shares):.1f}-{max(shares):.1f})")


# ---- P2: photos ----

def p2(bench):
    size = 100000
    load = {"kind": "photo", "connections": 64, "options": (f"--photo-bytes={size}",)}
    way = bench.to_records(**load)

    def ours():
        r = way()
        return {"rate": r["rate"] * size / 1e6, "cpu": r["cpu"]}

    def bare():
        r = bench.rig.limit("disk", bench.rig.fresh(), size, 0, bench.seconds)
        os.sync()
        return {"rate": r["mb_per_s"], "cpu": r["cpu_us"]}

    ours, limit = bench.take_turns(ours, bare)
    bench.row("P2", "100 KB photos, HTTP to records / dd conv=fsync", ours, limit, None, unit=" MB")
