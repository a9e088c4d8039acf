# SPDX-License-Identifier: GPL-2.0-or-later
"""files: from a file that an administrator lays out to a terminal that has it, and nobody else. docs/PROTOCOL.md 5, 6"""

import hashlib
import os
import re
import subprocess
import time

from checks import PATIENCE_S, check, same, wait_until
from daemon import Clock
from host import GID, IS_ROOT, UID
from test_http import refused

ALLOW = {"allow_put_file": "true", "command_lease": '"10 min"'}
MINE, OTHER = "FILES00001", "FILES00002"
CONTENT = hashlib.shake_128(b"made up").digest(300000)
MIB = 1 << 20


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Room:
    """A site with two devices and a file, in which cmdqd goes by a clock of ours."""

    def __init__(self, t, **conf):
        self.site = t.site(conf={**ALLOW, **conf})

    def __enter__(self):
        site = self.site.__enter__()
        site.clock = Clock(site)
        site.lay("fw.bin", CONTENT)
        site.start("parserd")
        site.cmdqd.start(env=site.clock.env)
        site.ingestd.start(env=site.clock.env)
        site.punchctl("device", "approve", MINE, OTHER)
        wait_until(lambda: site.shake_hands(MINE).status == 200, "the desk is there")
        site.shake_hands(OTHER)
        return site

    def __exit__(self, *why):
        return self.site.__exit__(*why)


def push(site, *devices, name="fw.bin", more=()):
    return site.order("put-file", *devices, f"file={name}", "path=/mnt/fw.bin", *more)


def addresses(site, serial):
    """What a poll tells to fetch: by id, where."""
    found = {number: re.fullmatch(rb"PutFile (file/[0-9a-f]{32}/fw\.bin)\t/mnt/fw\.bin", line)
             for number, line in site.poll(serial).items()}
    check(all(found.values()), "commands that are none of files", found)
    return {number: f"/iclock/{m[1].decode()}" for number, m in found.items()}


def order_one(site, serial=MINE, **options):
    """An order, and its address."""
    number = push(site, serial, **options)[0]
    return number, addresses(site, serial)[number]


def served(site):
    return sorted(os.listdir(f"{site.state_dir}/cmdqd/files"))


def fetched(site, target, content=CONTENT, **options):
    reply = site.ask(target, **options)
    same((reply.status, sha256(reply.body)), (200, sha256(content)), f"what {target} brings")
    return reply


def files_fetched(t):
    """the right device by its address, whole and in parts, until the command is over; what was fetched is told"""
    with Room(t) as site:
        number, target = order_one(site)
        shown = {"file_bytes": len(CONTENT), "file_sha256": sha256(CONTENT)}
        same({k: site.command(number).get(k) for k in shown}, shown, "what cmd show says of the file")
        check(sha256(CONTENT).encode() in site.punchctl("cmd", "show", str(number)), "it is not in the table")
        same(served(site), [sha256(CONTENT)], "what is served")
        mode = os.stat(f"{site.state_dir}/cmdqd/files/{sha256(CONTENT)}").st_mode & 0o7777
        same(mode, 0o640, "its mode")
        reply = fetched(site, target)
        same(reply.header("ETag"), f'"{sha256(CONTENT)}"', "the ETag")
        fetched(site, f"{target}?SN={MINE}")
        part = site.ask(target, headers=("Range: bytes=1000-1999",))
        same((part.status, part.body), (206, CONTENT[1000:2000]), "a part")
        # Neither another one, nor by another word.
        token = target.split("/")[3]
        for wrong in (f"{target}?SN={OTHER}", target.replace("fw.bin", "fw.bio"), target.replace(token, "0" * 32),
                      target.replace(token, token.upper()), f"/iclock/file/{sha256(CONTENT)}/fw.bin"):
            refused(site.ask(wrong), 404, wrong)
        rows = site.rows("audit", "--kind", "file")
        same([(r["serial"], r["granted"], r["bytes"] if "bytes" in r else r["count"]) for r in rows],
             [(MINE, True, len(CONTENT))], "the audit")
        # Of two devices each has its own.
        ids = push(site, MINE, OTHER)
        theirs = addresses(site, OTHER)[ids[1]]
        check(theirs.split("/")[3] != token, "two commands have one address")
        refused(site.ask(f"{theirs}?SN={MINE}"), 404, "another device's")
        fetched(site, theirs)
        site.result(MINE, f"ID={number}&Return={len(CONTENT)}&CMD=PutFile\n".encode())
        wait_until(lambda: site.command(number)["state"] == "done", "it is over")
        same(site.command(number)["outcome"], f"{len(CONTENT)} bytes", "what it said")
        same({k: site.command(number).get(k) for k in shown}, shown, "what cmd show says of the file afterwards")
        refused(site.ask(target), 404, "after its end")
        fetched(site, theirs)
        text = site.cmdqd.log()
        check(token not in text, "an address is in the log")
        site.check_spool()


def files_over(t):
    """cancelled, expired, failed, removed: none of it is fetched any more; restarted: all of it is"""
    with Room(t) as site:
        cancelled, first = order_one(site)
        site.punchctl("cmd", "cancel", str(cancelled))
        refused(site.ask(first), 404, "cancelled")
        _, expiring = order_one(site, more=("--expires", "5min"))
        fetched(site, expiring)
        site.clock.forward(601)  # it ends with its lease
        wait_until(lambda: site.ask(expiring).status == 404, "it has expired")
        _, failing = order_one(site)
        fetched(site, failing)
        site.clock.forward(601)
        wait_until(lambda: site.ask(failing).status == 404, "its lease is over")
        _, lasting = order_one(site)
        _, theirs = order_one(site, OTHER)
        site.punchctl("device", "rm", OTHER)
        refused(site.ask(theirs), 404, "a device that was removed")
        site.cmdqd.kill()
        refused(site.ask(lasting), 503, "while cmdqd is down")
        site.cmdqd.start(env=site.clock.env)
        wait_until(lambda: site.ask(lasting).status == 200, "it is back")
        fetched(site, lasting)
        same(len(site.rows("audit", "--kind", "file")), 3, "audited: each once, a restart between")


def files_network(t):
    """from outside of the device's networks, refused or without its key nothing is fetched"""
    with Room(t) as site:
        _, target = order_one(site)
        site.punchctl("device", "set", MINE, "networks=192.0.2.0/24")
        refused(site.ask(target), 403, "from elsewhere")
        site.punchctl("device", "set", MINE, "networks=127.0.0.0/8")
        fetched(site, target)
        site.punchctl("device", "refuse", MINE)
        refused(site.ask(target), 403, "a device that is refused")


def files_source(t):
    """what was checked is what is sent, whoever changes the source; and what is no file is not ordered"""
    with Room(t) as site:
        _, target = order_one(site, more=(f"sha256={sha256(CONTENT)}",))
        site.lay("fw.bin", b"another one\n")
        fetched(site, target)
        code, said = site.refusal("put-file", MINE, "file=fw.bin", "path=/x", f"sha256={sha256(CONTENT)}")
        check(code == 65 and sha256(b"another one\n") in said, "a checksum that is not its own", code, said)
        files = f"{site.state_dir}/files"
        os.symlink("/etc/passwd", f"{files}/link")
        os.symlink("fw.bin", f"{files}/inner")
        os.mkdir(f"{files}/dir")
        site.lay("empty", b"")
        with open(f"{files}/large", "wb") as f:
            f.truncate(64 * MIB + 1)
        for name, words in (("link", "symbolic link"), ("inner", "symbolic link"), ("dir", "no regular"),
                            ("none", "no such file"), ("empty", "empty"), ("large", "larger than 64 MiB")):
            code, said = site.refusal("put-file", MINE, f"file={name}", "path=/x")
            check(code == 65 and words in said, name, code, said)
        if IS_ROOT:
            os.chmod(site.lay("closed", b"x"), 0o600)
            code, said = site.refusal("put-file", MINE, "file=closed", "path=/x")
            check(code == 65 and "may not read" in said, "one that cmdqd may not read", code, said)
            files_closed(site)
        for name in ("../punchd.conf", "http://192.0.2.1/fw.bin", ".hidden", "a/b"):
            code, said = site.refusal("put-file", MINE, f"file={name}", "path=/x")
            check(code == 64 and "no path and no address" in said, name, code, said)
        same(served(site), sorted(map(sha256, (CONTENT, b"another one\n"))), "what was copied in the end")


def files_closed(site):
    """What root, who may read all of them, hears of cmdqd in file ls."""
    for name, owner, group, mode, may in (("closed", 0, 0, 0o600, False), ("owned", UID, 0, 0o400, True),
                                          ("given", UID, 0, 0o044, False), ("shared", 0, GID, 0o640, True),
                                          ("others", 0, 0, 0o640, False), ("withheld", 0, GID, 0o604, False)):
        path = site.lay(name, b"x")
        os.chown(path, owner, group)
        os.chmod(path, mode)
        row = {r["name"]: r for r in site.rows("file", "ls", user=False)}[name]
        same("may not read" in row.get("why_not", ""), not may, f"{name}, {owner}:{group} {mode:o}, in file ls: {row}")
        same(row["bytes"], 1, "its size")


def files_swept(t):
    """copies that no command names go, after a while; those that one names stay"""
    with Room(t) as site:
        number, _ = order_one(site)
        site.lay("fw.bin", b"another one\n")
        stays = push(site, OTHER)[0]
        site.punchctl("cmd", "cancel", str(number))
        site.cmdqd.restart(env=site.clock.env)
        site.poll(MINE)
        same(len(served(site)), 2, "within the grace")
        site.clock.forward(700)
        wait_until(lambda: served(site) == [sha256(b"another one\n")], "what nobody wants has gone")
        fetched(site, addresses(site, OTHER)[stays], b"another one\n")


def files_killed(t):
    """cmdqd killed again and again while it copies: never half a file, and in the end the whole one"""
    with Room(t) as site:
        names, kills = [], 0
        while kills == 0:  # one that was copied before anybody looked shows nothing
            content = hashlib.shake_128(b"large %d" % len(names)).digest(MIB) * 24
            names.append(sha256(content))
            site.lay("fw.bin", content)
            site.punchctl("put-file", MINE, "file=fw.bin", "path=/mnt/fw.bin", "--no-wait")
            kills = kill_copying(site, names[-1], len(content))
            wait_until(lambda: len(site.rows("cmd", "ls")) == len(names), "it is queued")
            same(served(site), sorted(names), "what is served")
        target = list(addresses(site, MINE).values())[-1]
        fetched(site, target, content)
        t.note(f"killed {kills} times")
        site.check_spool()


def kill_copying(site, name, size):
    """Up to four times; how often it was caught at it."""
    for kills in range(4):
        wait_until(lambda: ".draft" in served(site) or name in served(site), "it copies")
        if name in served(site):
            return kills
        site.cmdqd.kill()
        if name in served(site):
            same(os.stat(f"{site.state_dir}/cmdqd/files/{name}").st_size, size, "a file with its name")
        site.cmdqd.start(env=site.clock.env)
    return 4


def files_polls_meanwhile(t):
    """a file of 64 MiB is copied while polls are answered"""
    with Room(t) as site:
        took, commands = [], 0
        while len(took) <= 20:  # one that was over before the first polls shows nothing
            with open(f"{site.state_dir}/files/fw.bin", "wb") as f:
                f.truncate(64 * MIB - commands)
            site.punchctl("put-file", MINE, "file=fw.bin", "path=/mnt/fw.bin", "--no-wait")
            commands += 1
            while len(site.rows("cmd", "ls")) < commands:
                for _ in range(20):
                    begun = time.monotonic()
                    same(site.ask(f"/iclock/getrequest?SN={OTHER}").status, 200, "a poll meanwhile")
                    took.append(time.monotonic() - begun)
        took.sort()
        t.note(f"{len(took)} polls meanwhile, p50 {took[len(took) // 2] * 1000:.1f} ms, "
               f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, longest {took[-1] * 1000:.1f} ms")


def files_push(t):
    """firmware push: one terminal after the other, none behind one that fails, and only what it is said to be"""
    with Room(t) as site:
        rows = {row["name"]: row for row in site.rows("file", "ls")}
        same((rows["fw.bin"]["bytes"], rows["fw.bin"]["sha256"]), (len(CONTENT), sha256(CONTENT)), "file ls")
        os.symlink("fw.bin", f"{site.state_dir}/files/link")
        check("why_not" in {r["name"]: r for r in site.rows("file", "ls")}["link"], "a link in file ls")
        words = ("firmware", "push", "fw.bin", "--as", "/mnt/fw.bin")
        for more, code, said in (((MINE,), 64, "--sha256"), ((MINE, "--sha256", "0" * 64), 65, "--sha256"),
                                 ((MINE, "--sha256", "x"), 64, "hex")):
            found, text = site.refusal(*words, *more)
            check(found == code and said in text, more, found, text)
        same(site.rows("cmd", "ls"), [], "commands of what was refused")
        sure = ("--sha256", sha256(CONTENT))
        prefixes = ("PUS", "PUT", "PUU")
        serials = [f"{p}000001" for p in prefixes]
        site.punchctl("device", "approve", *serials)
        logs = {}
        for prefix in ("PUS", "PUU"):
            logs[prefix] = f"{site.dir}/exec-{prefix}"
            site.devsim_start("run", "--serial-prefix", prefix, "--punches", "0", "--stay", "--poll-ms", "30",
                              "--seconds", "600", "--exec-log", logs[prefix], "--files", site.dir)
        pushing = site.spawn("punchctl", *words, *serials, *sure, out=f"{site.dir}/pushed")
        wait_until(lambda: len(site.rows("cmd", "ls")) == 2, "the second is told after the first")
        second = next(iter(addresses(site, serials[1])))
        same([(c["serial"], c["state"]) for c in site.rows("cmd", "ls")],
             [(serials[1], "offered"), (serials[0], "done")], "while the second has not answered")
        site.result(serials[1], f"ID={second}&Return=-3&CMD=PutFile\n".encode())
        same(pushing.wait(PATIENCE_S), 1, "the exit code")
        with open(f"{site.dir}/pushed", encoding="utf-8") as f:
            said = f.read()
        check(f"--sha256 {sha256(CONTENT)} {serials[2]}" in said and "not told: 1 of 3 terminals" in said, said)
        same(len(site.rows("cmd", "ls")), 2, "commands")
        with open(f"{site.dir}/{serials[0]}-fw.bin", "rb") as f:
            same(sha256(f.read()), sha256(CONTENT), "what the first has")
        site.punchctl(*words, serials[0], serials[2], *sure, "--all-at-once")
        with open(f"{site.dir}/{serials[2]}-fw.bin", "rb") as f:
            same(sha256(f.read()), sha256(CONTENT), "what the third has")


def files_push_cut(t):
    """a terminal with another number of bytes does not have it: the push stops, with a line that a shell takes as meant"""
    with Room(t) as site:
        path = "/mnt/it's $(touch here) fw.bin"
        pushing = site.spawn("punchctl", "firmware", "push", "fw.bin", "--as", path, MINE, OTHER, "--sha256",
                             sha256(CONTENT), out=f"{site.dir}/pushed")
        wait_until(lambda: site.rows("cmd", "ls"), "it is ordered")
        number = next(iter(site.poll(MINE)))
        site.result(MINE, f"ID={number}&Return={len(CONTENT) - 1}&CMD=PutFile\n".encode())
        same(pushing.wait(PATIENCE_S), 1, "the exit code")
        same([(c["state"], c["return"], c["outcome"]) for c in site.rows("cmd", "ls")],
             [("failed", len(CONTENT) - 1, f"the terminal has {len(CONTENT) - 1} bytes of a file of {len(CONTENT)}")],
             "what became of it")
        with open(f"{site.dir}/pushed", encoding="utf-8") as f:
            said = f.read()
        line = re.search(r"To go on: punchctl (.*)", said)[1]
        words = subprocess.run(["sh", "-c", f"printf '%s\\n' {line}"], cwd=site.dir, stdout=subprocess.PIPE, check=True)
        same(words.stdout.decode().splitlines(),
             ["firmware", "push", "fw.bin", "--as", path, "--sha256", sha256(CONTENT), OTHER], "what a shell makes of it")
        check(not os.path.exists(f"{site.dir}/here"), "it ran a part of the path")


def files_resumed(t):
    """a terminal that is cut off goes on where it was, through both daemons"""
    with Room(t) as site:
        site.punchctl("device", "approve", "CUT000001")
        out = f"{site.dir}/fetched"
        os.mkdir(out)
        site.devsim_start("run", "--serial-prefix", "CUT", "--punches", "0", "--stay", "--poll-ms", "30", "--seconds", "600",
                          "--cut-file=1000", "--files", out)
        number = push(site, "CUT000001")[0]
        wait_until(lambda: site.command(number)["state"] == "done", "it has it")
        same(site.command(number)["return"], len(CONTENT), "its result")
        with open(f"{out}/CUT000001-fw.bin", "rb") as f:
            same(sha256(f.read()), sha256(CONTENT), "what it has")
        same(len(site.rows("audit", "--kind", "file")), 1, "audited once, though it came in parts")


TESTS = [files_push, files_push_cut, files_resumed, files_fetched, files_over, files_network, files_source, files_swept,
         files_killed, files_polls_meanwhile]
