# SPDX-License-Identifier: GPL-2.0-or-later
"""disk: no space is left. Nothing is promised that cannot be kept, and nobody has to be started again."""

import os
import re
import signal
import subprocess

from harness import GID, IS_ROOT, UID, Skipped, check, make_entry, same, wait_until

LINE = b"%d\t2026-01-05 08:00:00\t0\t1\n"


def small_disk(t, megabytes):
    """A directory with a file system of its own."""
    if not IS_ROOT:
        raise Skipped("only root can mount a small file system")
    site = t.site()
    path = f"{site.dir}/small"
    os.mkdir(path)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755,uid={UID},gid={GID}", "tmpfs",
                           path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        site.clear()
        raise Skipped(f"no file system may be mounted here: {done.stderr.strip()}")
    site.clearing.append(lambda: subprocess.run(["umount", "-l", path], check=False))
    return site, path


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
            site.parserd.process.send_signal(signal.SIGSTOP)  # so that nothing is counted twice
            waiting = len(site.names()) + len(site.in_work())
            check(waiting > 0, "everything was stored on a full disk")
            # What is done is in the records, however full the disk is.
            same(len(site.names(state="done")) + waiting, done + len(want) - before - 400 * 40 + 400,
                 "files done or waiting")
            site.parserd.process.send_signal(signal.SIGCONT)
            free(path)
            site.wait_worked_off()
        same(sorted(site.punches()), sorted(want), "the records")
        same(site.parserd.pid, pid, "parserd's pid")
        site.check_spool()


TESTS = (disk_full_uploads, disk_full_records)
