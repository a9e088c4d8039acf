# SPDX-License-Identifier: GPL-2.0-or-later
"""signals: how the daemons start, refuse to start, and end."""

import os
import shutil
import signal
import subprocess

from checks import PATIENCE_S, Skipped, check, same, wait_until
from client import request_bytes, unread
from devsim_logs import read_log
from entries import make_entry
from harness import DAEMONS
from host import IS_ROOT

LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"


def signals_answers_what_it_took(t):
    """SIGTERM while uploads are being synced: each of them is answered 200 and is there, then ingestd ends with 0"""
    with t.site() as site:
        library = f"{site.dir}/shim.so"
        shutil.copy(t.helper("shim_sync.c", "-shared", "-fPIC", "-pthread"), library)
        os.chmod(library, 0o755)
        site.make_spools()
        site.start("ingestd", env={"LD_PRELOAD": library, "PUNCHD_SHIM": "slow"})
        taken = [site.connect() for _ in range(20)]
        for i, c in enumerate(taken):
            c.send(request_bytes(f"/iclock/cdata?SN=T{i}&table=ATTLOG&Stamp=1", LINE))
            if i == 0:
                wait_until(lambda: site.names("upload", "tmp"), "the first group is being synced")
        wait_until(lambda: unread(site.port) == 0, "all of them are taken in")
        half = site.connect()
        half.send(request_bytes("/iclock/cdata?SN=HALF&table=ATTLOG", None, method="POST",
                                headers=["Content-Length: 100"]))
        site.ingestd.process.send_signal(signal.SIGTERM)
        heard = {}
        for i, c in enumerate(taken):
            reply = c.reply()
            if reply is not None:
                same((reply.status, reply.body), (200, b"OK: 1\n"), f"upload {i}")
                heard[f"T{i}"] = True
            c.close()
        half.close()
        same(site.ingestd.end(signal.SIGTERM), 0, "ingestd's status")
        there = {e.serial for e in site.entries()}
        check(set(heard) <= there, "acknowledged and not there:", sorted(set(heard) - there))
        same(there, set(heard), "what was taken in was answered")
        same(len(heard), len(taken), "uploads answered")
        check("HALF" not in there, "half an upload was stored")
        check(not site.names("upload", "tmp"), "drafts are left:", site.names("upload", "tmp"))


def signals_under_load(t):
    """SIGTERM of each daemon under load, again and again: it ends with 0, and every acknowledged punch is there"""
    with t.site() as site:
        site.start()
        ack, sent = f"{site.dir}/ack", f"{site.dir}/sent"
        sim = site.devsim_start("load", "--terminals", "16", "--connections", "16", "--rate", "400", "--seconds",
                                "3600", "--keep-alive",
                                "--retry-ms", "20", "--sent-log", sent, "--ack-log", ack)
        for turn in range(90 if t.full else 18):
            before = len(read_log(ack))
            wait_until(lambda b=before: len(read_log(ack)) > b + 40, "devsim goes on")
            daemon = site.daemons[DAEMONS[turn % 3]]
            same(daemon.end(signal.SIGINT if turn % 2 else signal.SIGTERM), 0, f"{daemon.name}'s status")
            daemon.start()
            # SIGHUP ends nobody.
            daemon.process.send_signal(signal.SIGHUP)
        sim.terminate()
        sim.wait(PATIENCE_S)
        site.wait_worked_off()
        site.alive()
        acknowledged, tried, got = set(read_log(ack)), set(read_log(sent)), site.punches()
        same(len(acknowledged - set(got)), 0, "lost")
        same((len(got) - len(set(got)), len(set(got) - tried)), (0, 0), "doubled, never sent")
        site.check_spool()
        t.note(len(acknowledged), "punches acknowledged")


def refuse(site, name, *args, conf=None, root=False):
    """Runs a daemon that ought not to start: its status and what it said."""
    options = {} if root or not IS_ROOT else {"user": 65534, "group": 65534, "extra_groups": []}
    done = subprocess.run([f"{site.dir}/bin/{name}", "-c", conf or site.conf_path, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False, cwd="/",
                          **options)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def signals_not_as_root(t):
    """no daemon runs as root: status 77, in words"""
    if not IS_ROOT:
        raise Skipped("this is not root")
    with t.site() as site:
        site.make_spools()
        for name in DAEMONS:
            code, said = refuse(site, name, root=True)
            same(code, 77, f"{name} as root: {said}")
            check("root" in said, name, "says", said)


BAD_CONFIGURATIONS = (
    ("unknown_key = 1", 5), ("admit = maybe", 5), ("body_max = 1", 5), ('body_max = "1 parsec"', 5),
    ('delay = "1 s"', 5),
    ('admit = any\nadmit = any', 6), ('# a remark\n# another one\n\nrescan = "0 s"', 8),
    ('listen = {"localhost"}', 5),
    ('spool_dir = "relative"', 5), ('trans_times = "25:00"', 5), ('time_zone = "../etc/passwd"', 5),
    ('run_dir = "/x', 5),
    ('body_max = "2 GiB"', 5), ("realtime = yes please", 5),
)


def signals_bad_configuration(t):
    """a bad configuration: status 78 and FILE:LINE, of each daemon and with --check; a good one passes --check"""
    with t.site() as site:
        path = f"{site.dir}/bad.conf"
        first = ["# one", "# two", "# three", "# four"]
        for text, line in BAD_CONFIGURATIONS:
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(first) + "\n" + text + "\n")
            for name in DAEMONS:
                for args in ((), ("--check",)):
                    code, said = refuse(site, name, *args, conf=path)
                    same(code, 78, f"{name} {' '.join(args)} with {text!r}: {said}")
                    check(f"{path}:{line}:" in said, name, "with", repr(text), "says", said, "and not line", line)
        for name in DAEMONS:
            same(refuse(site, name, "--check")[0], 0, f"{name} --check of a good one")
            same(refuse(site, name, conf=f"{site.dir}/missing")[0], 78, f"{name} without a file")
            same(refuse(site, name, "--nonsense")[0], 64, f"{name} --nonsense")
        # --check looks only.
        made = [os.listdir(d) for d in (f"{site.dir}/run/desk", f"{site.dir}/run/wake", f"{site.dir}/run/match",
                                        f"{site.state_dir}/cmdqd", f"{site.state_dir}/parserd",
                                        f"{site.spool_dir}/upload")]
        same(made, [[], [], [], [], [], []], "what --check made")


def signals_second_one(t):
    """a second parserd, cmdqd or ingestd beside the first one ends with a status of its own and harms nothing"""
    with t.site() as site:
        site.start()
        for name in DAEMONS:
            code, said = refuse(site, name)
            check(code not in (0, None) and code > 0, f"a second {name} ends with", code, said)
            check(len(said.split()) > 3, f"a second {name} says", said)
        site.alive()
        wait_until(lambda: site.ask("/iclock/cdata?SN=A1&options=all").status == 200, "the desk is still there")
        same(site.upload("A1", LINE).status, 200, "an upload")
        site.wait_worked_off()
        same(len(site.punches()), 1, "punches")


def signals_order_of_start(t):
    """whichever daemon is started first: it waits or ends in words, and once all are there everything is served"""
    with t.site() as site:
        code, said = refuse(site, "ingestd")
        same(code, 75, f"ingestd before its spools are made: {said}")
        site.start("cmdqd", "parserd", "ingestd")
        same(site.upload("A1", LINE).status, 200, "an upload")
        site.wait_worked_off()
        site.put(make_entry("A2", LINE))
        site.wait_worked_off()
        same(len(site.punches()), 2, "punches")
        site.stop()
        site.start("parserd", "cmdqd", "ingestd")
        same(site.upload("A3", LINE).status, 200, "an upload")
        site.wait_worked_off()
        same(len(site.punches()), 3, "punches")


TESTS = (signals_answers_what_it_took, signals_under_load, signals_not_as_root, signals_bad_configuration,
         signals_second_one,
         signals_order_of_start)
