# SPDX-License-Identifier: GPL-2.0-or-later
"""kill: kill -9 of any daemon at any moment. G2: what was acknowledged is there, once; and no hand is needed."""

import os
import random
import shutil
import signal
import subprocess

from checks import PATIENCE_S, check, same, wait_until
from devsim_logs import read_log
from harness import DAEMONS
from host import GID, IS_ROOT, ROOT_DIR, UID, as_user


def kill_cycles(t):
    """kill -9 of one daemon after the other under load: every acknowledged punch is in the records exactly once"""
    cycles = 200 if t.full else 15
    rng = random.Random(11)
    killed = dict.fromkeys(DAEMONS, 0)
    busy = 0
    with t.site(conf={"rescan": '"200 ms"'}) as site:
        site.start()
        ack, sent = f"{site.dir}/ack", f"{site.dir}/sent"
        sim = site.devsim_start("load", "--terminals", "16", "--connections", "16", "--records", "2", "--rate", "400",
                                "--seconds", "3600", "--retry-ms", "20", "--sent-log", sent, "--ack-log", ack,
                                out=f"{site.dir}/devsim")
        # Questions too, so that the desk is busy when it dies.
        polls = site.devsim_start("load", "--kind", "handshake", "--terminals", "4", "--connections", "4", "--rate",
                                  "50",
                                  "--seconds", "3600", "--retry-ms", "20", "--serial-prefix", "ASK",
                                  out=f"{site.dir}/devsim-asks")
        for _ in range(cycles):
            name = rng.choice(DAEMONS) if killed["ingestd"] else "ingestd"
            before = size(ack)
            # Somewhere in the next second's work; how far is chance, and so is where it hits.
            step = rng.randrange(1, 200) * 50
            if name != "ingestd" or killed[name]:
                wait_until(lambda b=before, s=step: size(ack) > b + s, f"devsim goes on before {name} is killed")
            if name == "parserd":
                busy += at_work(site)
            site.daemons[name].kill()
            killed[name] += 1
            site.daemons[name].start()
            check(sim.poll() is None, "devsim has ended")
        before = size(ack)
        wait_until(lambda: size(ack) > before, "devsim goes on at the end")
        sim.terminate()
        sim.wait(PATIENCE_S)
        polls.terminate()
        polls.wait(PATIENCE_S)
        site.wait_worked_off()
        site.alive()
        acknowledged, tried, got = set(read_log(ack)), set(read_log(sent)), site.punches()
        lost = acknowledged - set(got)
        strange = set(got) - tried
        doubled = len(got) - len(set(got))
        who = ", ".join(f"{n} {d}" for d, n in killed.items())
        t.note(f"{cycles} kills ({who}; parserd {busy} times with files in work): {len(acknowledged)} punches "
               f"acknowledged, {len(lost)} lost, {doubled} doubled")
        if site.names("upload", "cur"):
            t.note("a count of deaths outlived its file:", len(site.names("upload", "cur")))
        same((len(lost), doubled), (0, 0), "lost and doubled")
        check(not strange, len(strange), "punches were never sent, such as", sorted(strange)[:2])
        check(len(acknowledged) > cycles, "hardly anything was acknowledged:", len(acknowledged))
        check(not site.names("upload", "bad"), "something was refused:", site.names("upload", "bad"))
        check(not site.in_work(), "something is left in cur:", site.in_work())
        site.check_spool()


def at_work(site):
    """Looks without a pause for a moment at which parserd has files in work: it may be a short one."""
    return wait_until(lambda: any(site.in_work() for _ in range(1000)), "parserd has files in work")


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def kill_all_at_once(t):
    """all three die at once, again and again, and each starts whether or not the others are up"""
    with t.site(conf={"rescan": '"200 ms"'}) as site:
        site.start()
        rng = random.Random(5)
        ack, sent = f"{site.dir}/ack", f"{site.dir}/sent"
        sim = site.devsim_start("load", "--terminals", "8", "--connections", "8", "--records", "3", "--rate", "300",
                                "--seconds",
                                "3600", "--retry-ms", "20", "--sent-log", sent, "--ack-log", ack)
        for _ in range(20 if t.full else 4):
            before = size(ack)
            wait_until(lambda b=before: size(ack) > b + 3000, "devsim goes on")
            for daemon in site.daemons.values():
                daemon.process.kill()
            for daemon in site.daemons.values():
                daemon.kill()
            names = list(DAEMONS)
            rng.shuffle(names)
            site.start(*names)
        sim.terminate()
        sim.wait(PATIENCE_S)
        site.wait_worked_off()
        acknowledged, tried, got = set(read_log(ack)), set(read_log(sent)), site.punches()
        same(len(acknowledged - set(got)), 0, "lost")
        same(len(got) - len(set(got)), 0, "doubled")
        same(len(set(got) - tried), 0, "never sent")
        t.note(len(acknowledged), "punches acknowledged")
        site.check_spool()


def programs_below(folder):
    """The processes whose program lies there: their names by their ids."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="latin-1") as f:
                program = f.read().split("\0")[0]
        except OSError:
            continue
        if os.path.dirname(program) == folder:
            found[int(pid)] = os.path.basename(program)
    return found


def all_four(folder, killed):
    """They, by their ids, once there are four and none is one of those that were killed; before, nothing."""
    found = {pid: name for pid, name in programs_below(folder).items() if pid not in killed}
    return found if sorted(found.values()) == sorted((*DAEMONS, "notifyd")) else {}


def make_run(site, folder):
    """Starts what "make run" starts, as the daemons' user."""
    os.makedirs(folder, 0o755, exist_ok=True)
    if IS_ROOT:
        os.chown(folder, UID, GID)
    shutil.copy(f"{ROOT_DIR}/scripts/run.sh", f"{site.dir}/bin/run.sh")
    with open(f"{site.dir}/run.log", "wb") as log:
        return subprocess.Popen([f"{site.dir}/bin/run.sh", folder, str(site.port)], cwd="/", stdout=log, stderr=log,
                                stdin=subprocess.DEVNULL, start_new_session=True, **as_user(),
                                env={"PATH": "/usr/bin:/bin", "B": f"{site.dir}/bin"})


def kill_make_run(t):
    """under "make run" all four die at once, again and again, and come back; its end is that of all, and says why"""
    with t.site() as site:
        folder = f"{site.dir}/var"
        run = make_run(site, folder)
        try:
            killed = {}
            for _ in range(4):
                killed = wait_until(lambda k=killed: all_four(f"{folder}/bin", k), "all four are there")
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
        finally:
            run.terminate()
            code = run.wait(PATIENCE_S)
        same((code, programs_below(f"{folder}/bin")), (0, {}), "its status, and who is left")
        with open(f"{folder}/punchd.conf", "a", encoding="utf-8") as conf:
            conf.write("wrong = 1\n")
        same(make_run(site, folder).wait(PATIENCE_S), 78, "its status with a wrong configuration")
        same(programs_below(f"{folder}/bin"), {}, "who is left then")


TESTS = (kill_cycles, kill_all_at_once, kill_make_run)
