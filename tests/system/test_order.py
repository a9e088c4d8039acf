# SPDX-License-Identifier: GPL-2.0-or-later
"""order: no terminal hears OK before its data is durable, as the kernel saw it."""

import os
import re
import shutil
import subprocess
import threading

import order
from checks import PATIENCE_S, Skipped, check, same, wait_until
from client import request_bytes

TRACED = "%network,openat,close,read,write,writev,pwrite64,fsync,fdatasync,rename,renameat,renameat2"
LARGE = b"1\t2026-01-05 08:00:00\t0\t1\n" * 12000  # above what is kept in memory


def client(site, prefix, count, faults):
    """One terminal after the other, some on kept connections, now and then with a large body."""
    c = None
    for i in range(count):
        keep = i % 4 != 3
        body = LARGE if i % 50 == 49 else b"%d\t2026-01-05 08:00:00\t0\t1\n" % i
        try:
            if c is None:
                c = site.connect()
            c.send(request_bytes(f"/iclock/cdata?SN={prefix}-{i}&table=ATTLOG&Stamp=9999", body,
                                 headers=["Connection: keep-alive"] if keep else []))
            reply = c.reply(wait_for_close=False if keep else None)
            if reply is None or reply.status != 200:
                faults.append(f"{prefix}-{i}: {reply}")
            if not keep:
                c.close()
                c = None
        except Exception as e:
            faults.append(f"{prefix}-{i}: {e!r}")
            return
    if c:
        c.close()


def trace_under_load(t, replies, shim=None):
    """What strace saw of ingestd while it gave that many replies."""
    if not shutil.which("strace"):
        raise Skipped("strace is not installed")
    with t.site(conf={"body_lines_max": "100000000"}) as site:
        env = {}
        if shim:
            library = f"{site.dir}/shim.so"
            shutil.copy(t.helper("shim_sync.c", "-shared", "-fPIC", "-pthread"), library)
            os.chmod(library, 0o755)
            env = {"LD_PRELOAD": library, "PUNCHD_SHIM": shim}
        site.make_spools()
        site.start("ingestd", env=env)
        trace, said = f"{site.dir}/trace", f"{site.dir}/strace"
        with open(said, "wb") as f:
            tracer = subprocess.Popen(["strace", "-f", "-yy", "-v", "-s", "400", "-e", f"trace={TRACED}", "-o", trace,
                                       "-p",
                                       str(site.ingestd.pid)], stdout=f, stderr=f, start_new_session=True)
        site.others.append(tracer)

        def attached():
            with open(said, encoding="utf-8", errors="replace") as f:
                words = f.read()
            if tracer.poll() is not None:
                raise Skipped(f"strace may not trace here: {words.strip()}")
            # All of its threads: the loop and two committers.
            return len(re.findall(r"attached", words)) >= 1 and all_traced(site.ingestd.pid)

        wait_until(attached, "strace is attached")
        clients, faults = 24, []
        threads = [threading.Thread(target=client,
                                    args=(site, f"T{n}", replies // clients + 1, faults)) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(not faults, len(faults), "requests failed, such as", faults[:2])
        # The thread that answers this one has come back from its call for the last one, and strace has seen it.
        same(site.ask("/no/such/page").status, 404, "one more")
        tracer.terminate()
        tracer.wait(PATIENCE_S)
        expected = clients * (replies // clients + 1)
        with open(trace, "rb") as f:
            got, violations = order.check_trace(f)
        same(got, expected, "replies that the trace shows")
        return got, violations


def all_traced(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as f:
            if "\nTracerPid:\t0\n" in f.read():
                return False
    return True


def order_of_durability(t):
    """every 200 to an upload: last write < fsync of the file < rename < fsync of new/ < the reply, each one done"""
    replies, violations = trace_under_load(t, 10000 if t.full else 1500)
    t.note(f"{replies} replies, {len(violations)} violations")
    check(not violations, len(violations), "of", replies, "replies promise too much, such as", violations[:3])


def order_goes_red(t):
    """with the syncs skipped or done late by a preloaded library, the same check reports it"""
    for shim, why in (("skip-file", "not synced before"), ("late-file", ""), ("skip-dir", "new/ was not synced"),
                      ("late-dir", "new/ was not synced")):
        replies, violations = trace_under_load(t, 240, shim)
        t.note(f"{shim}: {len(violations)} of {replies}")
        check(len(violations) > replies // 4, shim, "went unnoticed:", len(violations), "violations in", replies,
              "replies")
        check(all(why in v[2] for v in violations), shim, "is called", {v[2] for v in violations})


def order_checker(t):
    """the checker itself, on small traces made by hand: each wrong order is named"""
    tmp, new = "/s/upload/tmp", "/s/upload/new"
    name = "000660dd00000000-0123456789abcdef"
    f = f"7<{tmp}/{name}>"
    conn = "9<TCP:[127.0.0.1:1->127.0.0.1:2]>"
    steps = {
        "ask": f'1 recvfrom({conn}, "POST /iclock/cdata?SN=A1&table=ATTLOG HTTP/1.1\\r\\n", 99, 0, NULL, NULL) = 60',
        "write": f'2 writev({f}, [{{iov_base="punchd-spool 1\\nserial: A1\\nx", iov_len=5}}], 1) = 5',
        "sync": f"2 fsync({f}) = 0",
        "rename": f'2 renameat2(3<{tmp}>, "{name}", 4<{new}>, "{name}", RENAME_NOREPLACE) = 0',
        "dirsync": f"2 fsync(4<{new}>) = 0",
        "reply": f'1 sendto({conn}, "HTTP/1.1 200 OK\\r\\n", 99, MSG_NOSIGNAL, NULL, 0) = 99',
    }
    right = ["ask", "write", "sync", "rename", "dirsync", "reply"]

    def verdict(lines):
        return order.check_trace([(line + "\n").encode() for line in lines])

    same(verdict([steps[s] for s in right]), (1, []), "the right order")
    for wrong in (["ask", "write", "rename", "dirsync", "reply"], ["ask", "write", "sync", "rename", "reply"],
                  ["ask", "write", "sync", "dirsync", "rename", "reply"],
                  ["ask", "write", "rename", "sync", "dirsync", "reply"],
                  ["ask", "sync", "write", "rename", "dirsync", "reply"],
                  ["ask", "write", "sync", "rename", "reply", "dirsync"],
                  ["ask", "write", "sync", "write", "rename", "dirsync", "reply"], ["ask", "reply"],
                  ["ask", "write", "sync", "dirsync", "reply"]):
        replies, violations = verdict([steps[s] for s in wrong])
        same((replies, len(violations)), (1, 1), f"the order {' '.join(wrong)}")
    for failing in ("sync", "rename", "dirsync"):
        lines = [steps[s].replace(" = 0",
                                  " = -1 EIO (Input/output error)") if s == failing else steps[s] for s in right]
        same(len(verdict(lines)[1]), 1, f"a failed {failing}")
    # A call that has begun is not done.
    lines = [steps["ask"], steps["write"], steps["sync"], steps["rename"],
             steps["dirsync"].replace(") = 0", " <unfinished ...>"),
             steps["reply"], "2 <... fsync resumed>) = 0"]
    same(len(verdict(lines)[1]), 1, "a reply while new/ is being synced")
    lines = [steps["ask"], steps["write"], steps["sync"], steps["rename"],
             steps["dirsync"].replace(") = 0", " <unfinished ...>"),
             "2 <... fsync resumed>) = 0", steps["reply"]]
    same(verdict(lines), (1, []), "a sync that others interrupted")


TESTS = (order_checker, order_of_durability, order_goes_red)
