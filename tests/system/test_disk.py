# SPDX-License-Identifier: GPL-2.0-or-later
"""disk: no space is left. Nothing is promised that cannot be kept, and nobody has to be started again."""

import os
import re
import shutil
import subprocess

from checks import Skipped, check, same, wait_until
from entries import make_entry
from harness import SPOOLS
from host import GID, IS_ROOT, UID

LINE = b"%d\t2026-01-05 08:00:00\t0\t1\n"


def mount(site, path, *args):
    done = subprocess.run(["mount", *args, path], capture_output=True, text=True, check=False)
    if done.returncode:
        site.clear()
        raise Skipped(f"no file system may be mounted here: {done.stderr.strip()}")
    site.clearing.append(lambda: subprocess.run(["umount", "-l", path], check=False))


def small_disk(t, megabytes, **options):
    """A directory with a file system of its own."""
    if not IS_ROOT:
        raise Skipped("only root can mount a small file system")
    site = t.site(**options)
    path = f"{site.dir}/small"
    os.mkdir(path)
    mount(site, path, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755,uid={UID},gid={GID}", "tmpfs")
    return site, path


def move_in(site, path):
    """All that the daemons write is on that disk, but for their sockets."""
    site.spool_dir, site.state_dir = f"{path}/spool", f"{path}/state"
    for top in (site.spool_dir, site.state_dir):
        os.mkdir(top)
    site.make_dirs()
    site.write_conf()


def fill(path, leave=0):
    """Takes all space but `leave` bytes."""
    with open(f"{path}/filler", "ab", buffering=0) as f:
        st = os.statvfs(path)
        left = st.f_bavail * st.f_frsize - leave
        for size in (1 << 20, 4096, 1):
            try:
                while left >= size:
                    left -= f.write(b"x" * size)
            except OSError:
                pass


def at_rest(site):
    """Until no daemon has anything in work: what it took of the disk for that it has given back, counts of deaths too."""
    for kind in SPOOLS:
        wait_until(lambda k=kind: not site.names(k, "new") and not site.names(k, "cur"), f"nothing of {kind} is in work")


def free(path):
    os.truncate(f"{path}/filler", 0)


def disk_full_uploads(t):
    """the spool's disk fills up: 503, and 200 only for what is there; with space again all is served"""
    site, path = small_disk(t, 8)
    with site:
        site.spool_dir = f"{path}/spool"
        os.mkdir(site.spool_dir)
        site.make_dirs()
        site.write_conf()
        site.make_spools()
        site.start("ingestd")
        promised, statuses = [], {}
        for turn in (1, 2, 3):
            fill(path, leave=(300000, 5000, 0)[turn - 1])
            for i in range(60):
                serial = f"D{turn}-{i}"
                body = LINE % i * (1 if i % 3 else 15000)
                reply = site.upload(serial, body)
                check(reply is not None, "no reply on a full disk")
                check(reply.status in (200, 503), "a full disk is answered with", reply.status)
                check(reply.status == 200 or b"OK" not in reply.body, "a refusal with OK")
                statuses[reply.status] = statuses.get(reply.status, 0) + 1
                if reply.status == 200:
                    promised.append((serial, body))
            reply = site.ask("/iclock/getrequest?SN=D1")
            same((reply.status, reply.body), (200, b"OK"), "a poll on a full disk")
            free(path)
            serial = f"D{turn}-last"
            wait_until(lambda s=serial: site.upload(s, LINE % 1).status == 200, "served again with space")
            promised.append((serial, LINE % 1))
        check(statuses.get(503, 0) > 60, "the disk was never full:", statuses)
        stored = {(e.serial, e.body) for e in site.entries()}
        lost = [s for s, b in promised if (s, b) not in stored]
        check(not lost, len(lost), "uploads heard 200 and are not there:", lost[:3])
        wait_until(lambda: not site.names("upload", "tmp"), f"no draft is left: {site.names('upload', 'tmp')}")
        site.alive("ingestd")
        t.note(", ".join(f"{n} times {s}" for s, n in sorted(statuses.items())))


def disk_full_records(t):
    """the disk of the records fills up: parserd waits, nothing is lost or marked done; with space again it goes on"""
    site, path = small_disk(t, 6)
    with site:
        site.state_dir = f"{path}/state"
        os.mkdir(site.state_dir)
        site.make_dirs()
        site.write_conf(records_map='"1 MiB"')
        site.start()
        pid = site.parserd.pid
        want = []

        def one(serial, i):
            want.append(f"{serial}\t{i}\t2026-01-05 08:00:00\t0\t1\t")
            site.put(make_entry(serial, LINE % i))

        for i in range(50):
            one("R1", i)
        site.wait_worked_off()
        for turn in (1, 2):
            fill(path)
            done = len(site.names(state="done"))
            before = len(want)
            for i in range(400):
                one(f"F{turn}", i)
                for k in range(40):
                    want.append(f"F{turn}\t{i * 100000 + k}\t2026-01-06 08:00:00\t0\t1\t")
                site.put(make_entry(f"F{turn}",
                                    b"".join(b"%d\t2026-01-06 08:00:00\t0\t1\n" % (i * 100000 + k) for k in range(40))))
            wait_until(lambda: re.search(r"error: (?!.*left over).*", site.parserd.log()),
                       "parserd says that it cannot store")
            site.alive("parserd")
            site.parserd.pause()  # so that nothing is counted twice
            waiting = len(site.names()) + len(site.in_work())
            check(waiting > 0, "everything was stored on a full disk")
            # What is done is in the records, however full the disk is.
            same(len(site.names(state="done")) + waiting, done + len(want) - before - 400 * 40 + 400,
                 "files done or waiting")
            site.parserd.resume()
            free(path)
            site.wait_worked_off()
        same(sorted(site.punches()), sorted(want), "the records")
        same(site.parserd.pid, pid, "parserd's pid")
        site.check_spool()


def fill_inodes(path):
    """Takes every name that is left, and no space."""
    os.mkdir(f"{path}/names")
    count = 0
    try:
        while True:
            os.close(os.open(f"{path}/names/{count}", os.O_CREAT | os.O_WRONLY))
            count += 1
    except OSError:
        return count


def command_of(site, serial):
    """One that is offered, so that its result may come."""
    number = site.order("user", "add", serial, "pin=1")[0]
    same(list(site.poll(serial)), [number], "the poll")
    return number


def disk_full_desk(t):
    """the disk fills up under cmdqd: results hear 503, orders wait; with room again all is done, without a restart"""
    site, path = small_disk(t, 6, conf={"rescan": '"200 ms"'})
    with site:
        move_in(site, path)
        site.start()
        site.punchctl("device", "approve", "GATE")
        wait_until(lambda: site.shake_hands("GATE").status == 200, "the desk is there")
        offered, pid = command_of(site, "GATE"), site.cmdqd.pid
        waiting = site.order("user", "add", "GATE", "pin=2")[0]
        at_rest(site)
        fill(path)
        for _ in range(3):
            reply = site.ask("/iclock/devicecmd?SN=GATE", b"ID=%d&Return=0&CMD=DATA\n" % offered)
            same(reply.status, 503, "a result on a full disk")
        # An offer is marked before it is made, and that has no room: nothing or an error, never the command.
        reply = site.ask("/iclock/getrequest?SN=GATE")
        check(b"C:" not in reply.body, "a command was handed out that could not be marked:", reply)
        same(site.ask("/iclock/getrequest?SN=OTHER").body, b"OK", "a poll of one that nothing waits for")
        site.alive()
        free(path)
        wait_until(lambda: site.ask("/iclock/devicecmd?SN=GATE", b"ID=%d&Return=0&CMD=DATA\n" % offered).status == 200,
                   "results are taken again")
        site.ended(offered)
        wait_until(lambda: waiting in site.poll("GATE"), "the command that waited is offered")
        same(site.cmdqd.pid, pid, "cmdqd's pid")
        site.check_spool()


def disk_full_start(t):
    """every daemon starts on a full disk and goes by what is there; with room again cmdqd writes the admission list"""
    site, path = small_disk(t, 6, conf={"rescan": '"200 ms"', "admit": "approved"})
    with site:
        move_in(site, path)
        site.start()
        site.punchctl("device", "approve", "OLD")
        wait_until(lambda: site.upload("OLD", LINE % 1).status == 200, "the approved one is let in")
        site.wait_worked_off()
        site.stop()
        site.give("order: device.approve\nserial: NEW\n")
        fill(path)
        site.start()
        same(site.upload("OLD", LINE % 2).status, 503, "an upload on a full disk")
        same(site.upload("NEW", LINE % 3).status, 403, "one who is not on the list that is there")
        wait_until(lambda: "admission list not written" in site.cmdqd.log(), "cmdqd says that it could not write the list")
        pids = [d.pid for d in site.daemons.values()]
        free(path)
        for serial, pin in (("OLD", 2), ("NEW", 3)):
            wait_until(lambda s=serial, p=pin: site.upload(s, LINE % p).status == 200, f"{serial} is let in")
        site.wait_worked_off("order")
        site.wait_worked_off()
        same(sorted(p.split("\t")[1] for p in site.punches()), ["1", "2", "3"], "the records")
        same([d.pid for d in site.daemons.values()], pids, "the daemons")


def disk_no_names(t):
    """no inodes are left, though there is space: 503, and what waits is done when there are some again"""
    site, path = small_disk(t, 16, conf={"rescan": '"200 ms"'})
    with site:
        subprocess.run(["mount", "-o", "remount,nr_inodes=300", path], check=True)
        move_in(site, path)
        site.start()
        site.punchctl("device", "approve", "GATE")
        wait_until(lambda: site.shake_hands("GATE").status == 200, "the desk is there")
        offered, pids = command_of(site, "GATE"), [d.pid for d in site.daemons.values()]
        check(site.upload("GATE", LINE % 1).status == 200, "an upload")
        at_rest(site)
        taken = fill_inodes(path)
        check(taken > 0, "there were no inodes to take")
        promised = [1]
        for i in range(2, 12):
            reply = site.upload("GATE", LINE % i)
            check(reply.status in (200, 503), "no inodes are answered with", reply.status)
            if reply.status == 200:
                promised.append(i)
        check(len(promised) < 11, "inodes were never missing")
        same(site.ask("/iclock/devicecmd?SN=GATE", b"ID=%d&Return=0\n" % offered).status, 503, "a result")
        same(site.ask("/iclock/getrequest?SN=GATE").status, 200, "a poll")
        shutil.rmtree(f"{path}/names")
        wait_until(lambda: site.upload("GATE", LINE % 99).status == 200, "served again")
        site.result("GATE", b"ID=%d&Return=0&CMD=DATA\n" % offered)
        site.ended(offered)
        site.wait_worked_off()
        same(sorted(int(p.split("\t")[1]) for p in site.punches()), sorted(promised + [99]), "the records")
        same([d.pid for d in site.daemons.values()], pids, "the daemons")
        site.check_spool()
        t.note(taken, "inodes taken")


def disk_directory_removed(t):
    """somebody removes the directory of what results brought along: it is made again with the next one"""
    with t.site(conf={"allow_shell": "true"}) as site:
        site.start()
        site.punchctl("device", "approve", "GATE")
        wait_until(lambda: site.shake_hands("GATE").status == 200, "the desk is there")
        for turn in (1, 2):
            number = site.order("shell", "GATE", "line=ls")[0]
            same(list(site.poll("GATE")), [number], "the poll")
            site.result("GATE", b"ID=%d\nReturn=0\nCMD=Shell\nContent=a%d\n" % (number, turn))
            same([r["state"] for r in site.ended(number)], ["done"], "the command")
            with open(f"{site.state_dir}/cmdqd/content/{number}", "rb") as f:
                check(f.read().startswith(b"a%d" % turn), "the content is another")
            shutil.rmtree(f"{site.state_dir}/cmdqd/content")


TESTS = (disk_full_uploads, disk_full_records, disk_full_desk, disk_full_start, disk_no_names,
         disk_directory_removed)
