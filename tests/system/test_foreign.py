# SPDX-License-Identifier: GPL-2.0-or-later
"""foreign: what others put into the spool, by the book and against it. docs/SPOOL.md"""

import os
import re
import socket
import subprocess
import threading

from checks import Skipped, check, same, wait_until
from client import request_bytes
from entries import make_entry, make_name
from host import GID, IS_ROOT, ROOT_DIR, UID, as_user

_pins = iter(range(1, 10**6))


def good(site, **options):
    """A good file into the spool; gives the punch that must be in the records."""
    pin = next(_pins)
    site.put(make_entry("GOOD1", b"%d\t2026-01-05 08:00:00\t0\t1\n" % pin, **options))
    return f"GOOD1\t{pin}\t2026-01-05 08:00:00\t0\t1\t"


class Hostile:
    """Makes bad files in new/ and remembers what has to become of them."""

    def __init__(self, site):
        self.site, self.new = site, site.spool("upload", "new")
        self.expected = []  # (name, what, a part of the reason)
        self.good = []

    def at(self, what, reason, name=None):
        """A path for one more of them, with a good file before it."""
        self.good.append(good(self.site))
        name = name or make_name()
        self.expected.append((name, what, reason))
        return f"{self.new}/{name}"

    def own(self, path):
        if IS_ROOT:
            os.chown(path, UID, GID, follow_symlinks=False)

    def file(self, what, reason, data, name=None, mode=0o640, **more):
        self.write(self.at(what, reason, name), data, mode, **more)

    def write(self, path, data, mode=0o640, owner=UID, group=GID, size=None):
        """All of it is so before it is in new/, where parserd may be sooner than what would be done to it there."""
        draft = f"{self.site.spool('upload', 'tmp')}/{make_name()}"
        with open(draft, "wb") as f:
            f.write(data)
        if size is not None:
            os.truncate(draft, size)
        if IS_ROOT:
            os.chown(draft, owner, group)
        os.chmod(draft, mode)
        os.rename(draft, path)


ENTRY = make_entry("EVIL1", b"666\t2026-01-05 08:00:00\t0\t1\n")
NO_NAME = "its name is not"


def looks(h):
    """What is no plain file of this spool."""
    site = h.site
    secret = f"{site.dir}/secret"
    with open(secret, "wb") as f:
        f.write(ENTRY)
    os.symlink(secret, h.at("a symbolic link", "symbolic link"))
    os.symlink("/etc/passwd", h.at("a link to a file of others", "symbolic link"))
    os.symlink(h.new, h.at("a link to a directory", "symbolic link"))
    os.symlink("nowhere", h.at("a link that leads nowhere", "symbolic link"))
    os.mkfifo(h.at("a FIFO", "FIFO"), 0o666)
    sock = socket.socket(socket.AF_UNIX)
    directory = os.open(h.new, os.O_PATH | os.O_DIRECTORY)
    # By a short path: the long one may be too long for a socket.
    sock.bind(f"/proc/self/fd/{directory}/{os.path.basename(h.at('a socket', 'socket'))}")
    os.close(directory)
    sock.close()
    if IS_ROOT:
        for what, kind, number in (("a character device", 0o020000, os.makedev(1, 5)),
                                   ("a block device", 0o060000, os.makedev(7, 99))):
            try:
                os.mknod(h.at(what, "device"), kind | 0o666, number)
            except PermissionError:
                h.expected.pop()
    draft = f"{site.spool('upload', 'tmp')}/{make_name()}"
    os.mkdir(draft)
    h.own(draft)
    os.rename(draft, h.at("a directory of its own user", None))
    linked = f"{site.spool('upload', 'tmp')}/{make_name()}"
    h.write(linked, ENTRY)
    os.link(linked, h.at("a hard link", "hard links"))
    h.file("a sparse file of 1 GiB", "larger than file_max", ENTRY, size=1 << 30)
    h.file("an unreadable file", "may not read", ENTRY, mode=0)
    h.file("an empty file", "empty", b"")
    if IS_ROOT:
        h.file("a file of another group", "group", ENTRY, group=0)
        h.file("a file of another owner that may not be read", "may not read", ENTRY, mode=0o600, owner=0)


def names(h):
    """Names that are not of the form; each file is whole otherwise."""
    for what, name in (
        ("a line feed", "0006\n43b2f1a0c000"), ("blanks", " a file "), ("255 bytes", "x" * 255),
        ("a hidden one", ".hidden"),
        ("bytes that are no UTF-8", b"\xff\xfe\x80".decode("utf-8", "surrogateescape")),
        ("capitals", make_name()[:-1].upper() + "F"),
        ("a word", "punches.txt"), ("a dash", "-rf"), ("format signs", "%s%n%s"), ("a short one", make_name()[:-1]),
        ("a long one", make_name() + "0"), ("the consumer's own", make_name() + ".try"),
        ("a reason", make_name() + ".why"),
        ("escapes", "\x1b[2J"),
    ):
        h.file(f"a name with {what}", NO_NAME, ENTRY, name)


def contents(h):
    """Whole files that hold no good entry."""
    body = b"666\t2026-01-05 08:00:00\t0\t1\n"

    def changed(old, new):
        data = ENTRY.replace(old, new)
        check(data != ENTRY, "nothing was changed:", old)
        return data

    plain = make_entry("EVIL1", body, checksum=False)
    for what, reason, data in (
        ("random bytes", "does not begin", os.urandom(5000)),
        ("zeros", "does not begin", b"\0" * 5000),
        ("text", "does not begin", b"hello\n"),
        ("a punch alone", "does not begin", body),
        ("HTTP", "does not begin", request_bytes("/iclock/cdata?SN=EVIL1&table=ATTLOG", body)),
        ("an ELF", "does not begin", b"\x7fELF" + os.urandom(100)),
        ("a magic of another version", "does not begin", changed(b"punchd-spool 1", b"punchd-spool 2")),
        ("a magic alone", "head", b"punchd-spool 1\n"),
        ("a head without end", "head", b"punchd-spool 1\n" + b"x: y\n" * 3),
        ("a head of 100 lines", "head", b"punchd-spool 1\n" + b"x: y\n" * 100 + ENTRY.split(b"\n", 1)[1]),
        ("a head of 1 MiB", "head", b"punchd-spool 1\nx: " + b"y" * (1 << 20) + b"\n" + ENTRY.split(b"\n", 1)[1]),
        ("a NUL in the head", "control character", changed(b"EVIL1\n", b"EVIL1\0\n")),
        ("a CR in the head", "control character", changed(b"EVIL1\n", b"EVIL1\r\n")),
        ("a TAB in the head", "control character", changed(b"kind: ", b"kind:\t")),
        ("a line that is none", "key: value", changed(b"kind: upload", b"kind upload")),
        ("a key twice", "twice", changed(b"kind: upload\n", b"kind: upload\nkind: upload\n")),
        ("no length", "length", re.sub(rb"length: \d+\n", b"", plain)),
        ("a length with a sign", "length", re.sub(rb"length: ", b"length: +", plain)),
        ("a negative length", "length", re.sub(rb"length: \d+", b"length: -1", plain)),
        ("a length in hex", "length", re.sub(rb"length: \d+", b"length: 0x1b", plain)),
        ("a length beyond all numbers", "length", re.sub(rb"length: \d+", b"length: 99999999999999999999", plain)),
        ("a length that is too long", "ends before", re.sub(rb"length: \d+", b"length: 9000000", plain)),
        ("a length that is one too long", "", re.sub(rb"length: \d+", b"length: %d" % (len(body) + 1), plain)),
        ("a length that is one too short", "", re.sub(rb"length: \d+", b"length: %d" % (len(body) - 1), plain)),
        ("no end line", "", plain[: -len("end\n")]),
        ("a cut entry", "", ENTRY[: len(ENTRY) // 2]),
        ("a wrong checksum", "checksum", ENTRY[:-9] + b"00000000\n"),
        ("a checksum of letters", "checksum", ENTRY[:-9] + b"zzzzzzzz\n"),
        ("a changed byte of the body", "checksum", changed(b"666", b"667")),
        ("another kind", "kind", make_entry("EVIL1", body, kind="order")),
        ("no kind", "kind", plain.replace(b"kind: upload\n", b"")),
        ("no serial", "serial", plain.replace(b"serial: EVIL1\n", b"")),
        ("a bad serial", "serial", make_entry("a/../b", body, target="/iclock/cdata?SN=x&table=ATTLOG")),
        ("a long serial", "serial", make_entry("A" * 33, body)),
        ("no target", "target", re.sub(rb"target: .*\n", b"", plain)),
        ("a target that is none", "target", make_entry("EVIL1", body, target="http://x/")),
        ("a bad table", "target", make_entry("EVIL1", body, target="/iclock/cdata?SN=EVIL1&table=..%2f")),
        ("a bad time", "received", make_entry("EVIL1", body, received="yesterday")),
    ):
        h.file(what, reason, data)


def foreign_hostile(t):
    """nothing that lies in new/ stops parserd: what is bad goes to bad/ with its reason, all that is good is stored"""
    with t.site() as site:
        site.start("parserd", "cmdqd")
        pid = site.parserd.pid
        h = Hostile(site)
        # All of it at once, and then again while the daemon runs.
        for turn in (1, 2):
            if turn == 1:
                site.stop("parserd")
            for make in (looks, names, contents):
                make(h)
            h.good.append(good(site))
            if turn == 1:
                site.start("parserd")
                pid = site.parserd.pid
            wait_until(lambda: not [n for n in site.names() if n not in
                                    [e[0] for e in h.expected if e[2] is None]], "new/ gets empty")
        site.wait_worked_off()
        wait_until(lambda: set(site.punches()) >= set(h.good), "all good ones are stored")
        same(sorted(site.punches()), sorted(h.good), "the records")
        same(site.parserd.pid, pid, "parserd's pid")
        site.alive("parserd")
        reasons = []
        for name in site.names(state="bad"):
            if name.endswith(".why"):
                with open(f"{site.spool('upload', 'bad')}/{name}", encoding="utf-8") as f:
                    reasons.append((name, f.read()))
        for name, what, reason in h.expected:
            shown = "".join(c if 0x20 < ord(c) < 0x7f and c != "\\" else "".join("\\x%02x" % b for b in
                            c.encode("utf-8", "surrogateescape")) for c in name)
            mine = [text for file, text in reasons if file == f"{name}.why" or f"name: {shown}\n" in text]
            check(mine, what, "has no reason in bad/:", name)
            check(all(text.startswith("reason: ") and (reason or "") in text.splitlines()[0] for text in mine), what,
                  "is refused with", mine)
        same(len([n for n in site.names(state="bad") if not n.endswith(".why")]), len(h.expected), "files in bad/")
        site.check_spool()
        t.note(len(h.expected), "bad files,", len(h.good), "good ones")


def foreign_immovable(t):
    """what can neither be taken nor moved stays, is named once in the log, and keeps nobody waiting"""
    if not IS_ROOT:
        raise Skipped("only root can put something of another owner into the spool")
    with t.site(conf={"rescan": '"100 ms"'}) as site:
        site.start("parserd")
        name = make_name()
        path = f"{site.spool('upload', 'new')}/{name}"
        os.mkdir(path)
        os.mkdir(f"{path}/inner")
        want = []
        for _ in range(20):
            want.append(good(site))
            site.put(ENTRY[:50])
            wait_until(lambda: site.names() == [name], "all others leave new/")
        wait_until(lambda: sorted(site.punches()) == sorted(want), "all good ones are stored")
        site.alive("parserd")
        check(os.path.isdir(path), "a directory of another owner is gone")
        told = [line for line in site.parserd.log().splitlines() if name in line]
        same(len(told), 1, f"lines of log that name it: {told}")
        os.rmdir(f"{path}/inner")
        os.rmdir(path)
        site.start("cmdqd")
        site.check_spool()


def foreign_immovable_order(t):
    """the same for orders, with more of it than the list of a scan has room for"""
    if not IS_ROOT:
        raise Skipped("only root can put something of another owner into the spool")
    with t.site(conf={"rescan": '"100 ms"', "admit": "approved"}) as site:
        site.make_spools()
        names = [make_name() for _ in range(5000)]
        for name in names:
            os.mkdir(f"{site.spool('order', 'new')}/{name}")
        site.start("cmdqd")
        for i in range(5):
            site.punchctl("device", "approve", f"IM{i}")
            wait_until(lambda: len(site.names("order")) == len(names), "the order leaves new/")
        # What left new/ is in cur/ until all that it brings about is on disk.
        wait_until(lambda: len(site.names("order", "done")) == 5, "the orders are done")
        same((site.names("order", "bad"), site.in_work("order")), ([], []), "in bad/ and in cur/")
        told = [line for line in site.cmdqd.log().splitlines() if "is left" in line]
        check(0 < len(told) <= 256, len(told), "directories are spoken of")
        same(len({line.split("entry=")[1].split()[0] for line in told}), len(told), "each of them once")
        for name in names:
            os.rmdir(f"{site.spool('order', 'new')}/{name}")
        site.start("parserd")
        site.check_spool()


def foreign_mixed_entries(t):
    """of a file with good and bad entries only the bad are set aside; a forged entry in a body is only bytes"""
    with t.site() as site:
        site.start("parserd", "cmdqd")
        line = b"%d\t2026-01-05 08:00:00\t0\t1\n"
        ok = [make_entry("MIX1", line % i) for i in range(1, 8)]
        broken_sum = make_entry("MIX1", line % 100)[:-9] + b"12345678\n"
        other_kind = make_entry("MIX1", line % 101, kind="result")
        forged = make_entry("MIX1", line % 50 + make_entry("FORGED1", line % 666) + line % 51)
        a = site.put(ok[0] + broken_sum + ok[1] + other_kind + ok[2])
        b = site.put(ok[3] + forged)
        # From a broken frame on nothing is believed, not even what looks like a good entry.
        c = site.put(ok[4] + ok[5].replace(b"length: ", b"length: 9") + make_entry("FORGED1", line % 667))
        d = site.put(ok[5] + ok[6][:-1])  # the very last LF may be missing
        site.wait_worked_off()
        got = [p.split("\t")[:2] for p in site.punches()]
        # 666 is a line of the body like any other: it is MIX1's, and there is no FORGED1.
        want = [["MIX1", str(i)] for i in (1, 2, 3, 4, 5, 6, 7, 50, 51, 666)]
        same(sorted(got), sorted(want), "punches")
        bad = [n for n in site.names(state="bad") if not n.endswith(".why")]
        same(bad, sorted([f"{a}.2", f"{a}.4", f"{c}.2"]), "what was set aside")
        for name, data in ((f"{a}.2", broken_sum), (f"{a}.4", other_kind)):
            with open(f"{site.spool('upload', 'bad')}/{name}", "rb") as f:
                same(f.read(), data, f"the bytes of {name}")
            check(os.path.exists(f"{site.spool('upload', 'bad')}/{name}.why"), "no reason for", name)
        same(sorted(site.names(state="done")), sorted([a, b, c, d]), "done")
        # A name that was used before is refused, whatever it holds.
        site.put(make_entry("MIX1", line % 900), a)
        site.wait_worked_off()
        check(["MIX1", "900"] not in [p.split("\t")[:2] for p in site.punches()], "a name was used twice")
        same(len(site.names(state="done")), 4, "files in done")
        site.check_spool()


def foreign_growing(t):
    """a file that is still written to in new/ does no harm: it is refused or taken whole, and others are stored"""
    with t.site() as site:
        site.start("parserd", "cmdqd")
        stop = threading.Event()
        paths = []

        def grow():
            while not stop.is_set() and len(paths) < 400:
                path = f"{site.spool('upload', 'new')}/{make_name()}"
                paths.append(path)
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
                if IS_ROOT:
                    os.fchown(fd, UID, GID)
                # It is whole at its very end alone: who takes it then is right, and finds nothing else in it later.
                for at in range(len(ENTRY)):
                    os.write(fd, ENTRY[at : at + 1])
                os.close(fd)

        thread = threading.Thread(target=grow)
        thread.start()
        want = []
        try:
            while len(paths) < 100:
                want.append(good(site))
        finally:
            stop.set()
            thread.join()
        site.wait_worked_off()
        got = site.punches()
        check(set(want) <= set(got), "good ones are missing")
        strange = set(got) - set(want)
        check(strange <= {"EVIL1\t666\t2026-01-05 08:00:00\t0\t1\t"}, "strange punches:", strange)
        site.alive("parserd")
        site.check_spool()


def foreign_recipe(t):
    """the recipe for a shell in docs/SPOOL.md does what it says, as it is written there"""
    with open(f"{ROOT_DIR}/docs/SPOOL.md", encoding="utf-8") as f:
        blocks = re.findall(r"^```\n(.*?)^```", f.read(), re.S | re.M)
    recipe = [b for b in blocks if b.startswith("cd ")]
    same(len(recipe), 1, "recipes in docs/SPOOL.md")
    for shell in ("sh", "bash"):
        with t.site() as site:
            site.start("parserd", "cmdqd")
            punches = f"{site.dir}/punches.txt"
            with open(punches, "wb") as f:
                f.write(b"1\t2026-01-05 08:00:00\t0\t1\n2\t2026-01-05 08:00:01\t0\t1\n")
            os.chmod(punches, 0o644)
            text = recipe[0].replace("/var/spool/punchd", site.spool_dir).replace("punches.txt", punches)
            check(text.count(punches) >= 2, "the recipe does not speak of punches.txt")
            for _ in range(3):
                done = subprocess.run([shell, "-c", "set -e\n" + text], capture_output=True, check=False, cwd="/",
                                      **as_user())
                same((done.returncode, done.stderr), (0, b""), f"the recipe in {shell}")
            site.wait_worked_off()
            same(sorted(site.punches()), [f"GATE7\t{i}\t2026-01-05 08:00:0{i - 1}\t0\t1\t" for i in (1, 2)],
                 "punches")
            same(len(site.names(state="done")), 3, "files done")
            check(not site.names(state="bad"), "something was refused")
            site.check_spool()


def foreign_spoolput(t):
    """spoolput: what it takes is stored and named on its output, what it does not take has an exit code and words"""
    with t.site(conf={"body_max": '"64 KiB"'}) as site:
        site.start("parserd", "cmdqd")
        line = b"%d\t2026-01-05 08:00:00\t0\t1\n"

        def put(*args, **options):
            done = site.run("spoolput", *args, **options)
            if done.returncode == 0:
                for name in done.stdout.decode().split():
                    check(re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{16}(\.\d+)?", name), "spoolput prints", name)
            else:
                check(len(done.stderr.split()) > 2, "spoolput fails without words:", done.stderr)
            return done

        files = []
        for i in range(3):
            files.append(f"{site.dir}/in{i}")
            with open(files[-1], "wb") as f:
                f.write(line % i)
        done = put("upload", "--serial", "PUT1", "--table", "ATTLOG", *files)
        same(len(done.stdout.split()), 3, "names printed")
        put("upload", "--serial", "PUT1", "--table", "attlog", "--stamp", "424242", "--received",
            "2026-01-06T00:00:00Z",
            stdin=line % 10)
        put("upload", "--serial", "PUT1", "--table", "OPERLOG", "-",
            stdin=b"OPLOG 1\t0\t2026-01-05 08:00:00\t0\t0\t0\t0\n")
        raw = f"{site.dir}/raw"
        with open(raw, "wb") as f:
            f.write(make_entry("PUT2", line % 20) + make_entry("PUT2", line % 21, checksum=False))
        put("--raw", raw)
        put("upload", "--raw", raw)
        site.wait_worked_off()
        want = [f"PUT1\t{i}" for i in (0, 1, 2, 10)] + [f"PUT2\t{i}" for i in (20, 21)]
        same(sorted("\t".join(p.split("\t")[:2]) for p in site.punches()), sorted(want), "punches")
        done_before, facts = len(site.names(state="done")), site.dump()
        bad_raw = f"{site.dir}/bad-raw"
        with open(bad_raw, "wb") as f:
            f.write(make_entry("PUT2", line % 30) + b"and some rest")
        large = f"{site.dir}/large"
        with open(large, "wb") as f:
            f.write(line % 1 * 5000)
        for code, args in (
            (64, ["upload", "--serial", "a b", "--table", "ATTLOG", files[0]]),
            (64, ["upload", "--serial", "PUT1", files[0]]),
            (64, ["upload", "--table", "ATTLOG", files[0]]),
            (64, ["upload", "--serial", "PUT1", "--table", "a/b", files[0]]),
            (64, ["--serial", "PUT1", "--table", "ATTLOG"]), (64, ["upload", "--nonsense"]),
            (64, ["upload", "--serial", "PUT1", "--table", "ATTLOG", "--stamp", "a b", files[0]]),
            (64, ["upload", "--serial", "PUT1", "--table", "ATTLOG", "--received", "noon", files[0]]),
            (64, ["upload", "--raw", "--serial", "PUT1", raw]),
            (66, ["upload", "--serial", "PUT1", "--table", "ATTLOG", f"{site.dir}/missing"]),
            (65, ["upload", "--serial", "PUT1", "--table", "ATTLOG", large]), (65, ["--raw", bad_raw]),
            (65, ["--raw", files[0]]),
            (65, ["order", "--raw", raw]), (65, ["--raw", "/dev/null"]),
        ):
            done = put(*args, code=None)
            same(done.returncode, code, f"spoolput {' '.join(args)}: {done.stderr!r}")
        same(put("upload", "--serial", "P", "--table", "ATTLOG", "-c", f"{site.dir}/missing", code=None).returncode,
             78, "no configuration")
        if IS_ROOT:
            stranger = subprocess.run([f"{site.dir}/bin/spoolput", "upload", "-c", site.conf_path, "--serial", "P",
                                       "--table",
                                       "ATTLOG", files[0]], user=12345, group=12345, extra_groups=[],
                                      capture_output=True, check=False)
            same(stranger.returncode, 77, f"a stranger: {stranger.stderr!r}")
        site.wait_worked_off()
        same((len(site.names(state="done")), site.dump()), (done_before, facts), "after what was not taken")
        check(not site.names(state="tmp"), "drafts are left:", site.names(state="tmp"))
        site.check_spool()


TESTS = (foreign_hostile, foreign_immovable, foreign_immovable_order, foreign_mixed_entries, foreign_growing,
         foreign_recipe, foreign_spoolput)
