# SPDX-License-Identifier: GPL-2.0-or-later
"""command: every command from punchctl to a terminal that carries it out, and back. docs/PROTOCOL.md 4, 5"""

import hashlib
import os
import re
import shlex

from checks import check, same, wait_until
from devsim_logs import read_executed, unescape
from host import ROOT_DIR

ALLOW = {"allow_shell": "true", "allow_put_file": "true", "allow_clear": "true", "allow_server_options": "true",
         "allow_raw": "true"}
TEXT = b"$ ls -l /mnt\na&b=c\nID=1&Return=0&CMD=DATA\n"  # of a SHELL, by devsim
BINARY = bytes(range(256)) * 2

# ---- the golden bytes of each kind of terminal ----

# Kinds as tests/golden/command_lines.c names them: their serials here, and what makes devsim such a terminal.
KINDS = {
    "new": ("NEW000001", ["--dialect", "new"]),
    "new, GB18030": ("NGB000001", ["--dialect", "new", "--language", "83"]),
    "new, hex card": ("HEX000001", ["--dialect", "new"]),
    "old": ("OLD000001", ["--dialect", "old", "--pushver", "1.9", "--language", "69"]),
    "old, GB18030": ("OGB000001", ["--dialect", "old", "--pushver", "1.9", "--language", "83"]),
}
# Bytes that a kind shares with another one stand only once; this is where.
SAME_AS = {"new, GB18030": ("new",), "new, hex card": ("new",), "old": ("new",),
           "old, GB18030": ("old", "new, GB18030", "new")}


def golden(name):
    with open(f"{ROOT_DIR}/tests/golden/{name}", encoding="utf-8") as f:
        return f.read()


def bytes_of_kinds(lines):
    """A dictionary from each kind to its bytes."""
    given = {kind: unescape(text) for kind, text in (line.split("\t", 1) for line in lines)}
    return {kind: given[kind] if kind in given else next(given[other] for other in SAME_AS[kind] if other in given)
            for kind in KINDS}


def golden_commands():
    """From "verb field=value…" to the bytes of each kind."""
    found = {}
    blocks = [block.split("\n") for block in golden("commands.txt").strip("\n").split("\n\n")]
    lines = re.split(r"^(?=[a-z.-]+$)", golden("commands.lines"), flags=re.M)[1:]
    same(len(blocks), len(lines), "commands and their lines")
    for block, expected in zip(blocks, lines):
        verb, *expected = expected.strip("\n").split("\n")
        fields = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "") for line in block]
        same(fields[0], ("verb", verb), "a command and its lines")
        found[" ".join([verb] + [f"{k}={v}" for k, v in fields[1:]])] = (fields, bytes_of_kinds(expected))
    return found


def words_of(fields, targets):
    """What an operator writes."""
    verb = fields[0][1]
    if verb == "raw":
        return ["cmd", "raw", *targets, fields[1][1]]
    nouns = verb.split(".")
    if fields[1:] and fields[1][0] in ("line", "path") and len(fields) == 2:
        return [*nouns, *targets, fields[1][1]]
    if verb == "option.set":
        return [*nouns, *targets, fields[1][1]]
    return [*nouns, *targets, *[f"{k}={v}" for k, v in fields[1:]]]


# ---- what devsim makes of each, in an order in which everything is there that is asked for ----

DONE, ONE, NONE = (0, "done"), (1, "1 record"), (0, "done")
FULL = ("user.add pin=1001 name=张三测试 privilege=14 password=1234 card=123456789 group=1 "
        "timezones=0000000100000000")
FINGER = "finger.add pin=1001 fid=6 template=TQBTUzIxAAAA"
FINGER_3 = "finger.add pin=1001 fid=6 valid=3 template=TQBTUzIxAAA="
TOKEN = b"00112233445566778899aabbccddeeff"  # tests/golden/command_lines.c
FILE = b"made up\n"
FILE_BYTES = len(FILE)
PLAN = (
    ("user.rm pin=1001", -10, "no such PIN"), ("user.add pin=1001", *DONE), (FULL, *DONE), ("user.query", *ONE),
    ("user.query pin=1001", *ONE), ("user.add pin=1001 name= privilege= password= card= group= timezones=", *DONE),
    ("user.add pin=L1005M name=张三张三张三张三张三", *DONE), ("user.query", 2, "2 records"),
    (FINGER, *DONE), ("finger.query pin=1001 fid=6", *ONE), ("finger.rm pin=1001 fid=6", *DONE),
    (FINGER_3, *DONE), ("finger.rm pin=1001", *DONE),
    ("enroll pin=1001 fid=6", 0, "enrolled"),
    ("enroll pin=1001 fid=6 retry=1 overwrite=0", 2, "the user has a template of this finger"),
    ("face.add pin=1001 fid=14 template=AAECAwQF", *DONE), ("face.rm pin=1001", *DONE),
    ("face.rm pin=1001", -2, "the user has no face"),
    ("photo.add pin=1001 content=/9j/4A==", *DONE), ("photo.rm pin=1001", *DONE),
    ("photo.rm pin=1001", -2, "the user has no picture"),
    ("biophoto.add pin=1001 content=/9j/4A==", *DONE),
    ("biophoto.add pin=1001 filename=张.jpg content=/9j/4A==", *DONE),
    ("bio.add pin=1001 type=9 major=35 template=AAECAwQF", *DONE), ("bio.query type=9", *ONE),
    ("bio.query type=9 pin=1001", *ONE), ("bio.rm pin=1001 type=9", *DONE), ("bio.query type=9", *NONE),
    ("bio.add pin=1001 no=2 index=1 valid=0 duress=1 type=1 major=10 minor=4 format=1 template=AAECAwQF", *DONE),
    ("bio.rm pin=1001", *DONE),
    ("sms.add text=开会 at 9 uid=7 minutes=60 start=2026-01-31 09:00:00", *DONE),
    ("sms.add text=For one tag=254 uid=8 minutes=60 start=2026-01-31 09:00:00", *DONE),
    ("sms.give pin=1001 uid=8", *DONE), ("sms.rm uid=7", *DONE),
    ("timezone.add tzid=1 times=00002359000023590000235900002359000023590000235900002359", *DONE),
    ("timezone.rm tzid=1", *DONE), ("glock.add glid=1 groups=12 members=2 reserve=0", *DONE), ("glock.rm glid=1", *DONE),
    ("workcode.add pin=1 code=17 name=装配", *DONE),
    ("option.set option=VOLUME=60", *DONE), ("option.set option=WebServerIP=192.0.2.1", *DONE),
    ("reload-options", *DONE), ("unlock", *DONE), ("unalarm", *DONE), ("check", *DONE), ("log", *DONE),
    ("info", *DONE), ("get-file path=/mnt/mtdblock/options.cfg", None, "bytes"),
    ("put-file file=main-2.1.tgz", FILE_BYTES, f"{FILE_BYTES} bytes"),
    (f"put-file file=ssruser.dat path=/mnt/mtdblock/ssruser.dat sha256={hashlib.sha256(FILE).hexdigest()}", FILE_BYTES,
     f"{FILE_BYTES} bytes"),
    ("shell line=ls -l /mnt", *DONE),
    ("query.attlog", 3, "3 records"),
    ("query.attlog since=2026-01-01 00:00:00 until=2026-01-31 23:59:59", 3, "3 records"),
    ("query.attphoto since=2026-01-01 00:00:00 until=2026-01-31 23:59:59", *ONE),
    ("verify-sum since=2011-01-01 00:00:00 until=2011-02-01 00:00:00", *DONE),
    ("account since=2010-05-01 until=2010-05-01 12:00:00", 0, "0 records"),
    ("account since=2010-05-01 until=2010-05-01 count=8095", 0, "0 records"),
    ("sync since=2010-05-01 until=2010-05-01", 0, "0 records"), ("sync", *ONE),
    ("raw line=DATA UPDATE USERINFO PIN=1001\tName=张三", *DONE), ("user.rm pin=1001", *DONE),
    ("clear.photo", *DONE), ("clear.log", *DONE), ("query.attlog", *NONE), ("clear.data", *DONE), ("reboot", *DONE),
    ("user.query", *NONE),
)


def without_token(line):
    """With that of the golden lines in its place."""
    return re.sub(rb"(?<= file/)[0-9a-f]{32}(?=/)", TOKEN, line)


def start_terminals(site, *more):
    logs = {}
    for kind, (serial, options) in KINDS.items():
        logs[serial] = f"{site.dir}/exec-{serial}"
        site.devsim_start("run", "--serial-prefix", serial[:3], "--punches", "0", "--old-punches", "3", "--stay",
                          "--poll-ms", "20", "--seconds", "600", "--exec-log", logs[serial], *options, *more,
                          out=f"{site.dir}/devsim-{serial}")
    for serial in logs:
        wait_until(lambda s=serial: site.run("punchctl", "device", "show", s, code=None).returncode == 0,
                   f"{serial} is known")
    return logs


def command_every_verb(t):
    """every verb as an operator writes it: the very bytes for each kind of terminal, and what became of it in words"""
    expected = golden_commands()
    with t.site(conf=ALLOW) as site:
        site.start()
        for name in ("main-2.1.tgz", "ssruser.dat"):
            site.lay(name, FILE)
        logs = start_terminals(site)
        serials = list(logs)
        site.punchctl("device", "set", KINDS["new, hex card"][0], "card_form=hex", "card_order=high")
        for serial in serials:  # the language comes with the handshake, and what it can do with the first poll
            wait_until(lambda s=serial: site.device(s).get("firmware"), f"{serial} has said what it is")
        listed = {row["verb"] for row in site.rows("cmd", "verbs")}
        same({key.split(" ")[0] for key, *_ in PLAN}, listed, "verbs that are tried")
        same(set(expected) - {key for key, *_ in PLAN}, set(), "golden commands that are not tried")
        ids = [site.order(*words_of(expected[key][0], serials)) for key, *_ in PLAN]
        rows = iter(site.ended(*[i for of_all in ids for i in of_all]))
        executed = {(e.serial, e.id): e for e in read_executed(*logs.values())}
        for (key, code, words), of_all in zip(PLAN, ids):
            for kind, number in zip(KINDS, of_all):
                serial = KINDS[kind][0]
                row, done = next(rows), executed.get((serial, number))
                check(done, f"{serial} never carried out", key, row)
                same(without_token(done.command), expected[key][1][kind], f"{key}: the bytes for {kind}")
                same((row["serial"], row["return"]), (serial, done.code), f"{key}: the result of {kind}")
                good = code is None or code == 0 or (code > 0 and ("record" in words or "bytes" in words))
                check(code in (None, done.code) and row["state"] == ("done" if good else "failed")
                      and (words in row["outcome"] if code is None else row["outcome"] == words),
                      f"{key} for {kind}: want {code}, {words!r}, got", row)
        # In the words for people, and with the exit code of --wait.
        check(re.fullmatch(rf"{serials[0]}: command \d+ done\n",
                           site.punchctl("unlock", serials[0], "--wait").decode()), "unlock --wait")
        same(site.refusal("user", "rm", serials[0], "pin=77", "--wait")[0], 1, "the exit code of a failure")
        check(": no such PIN" in site.refusal("user", "rm", serials[0], "pin=77", "--wait")[1], "its words")
        t.note(f"{len(PLAN)} commands to {len(serials)} kinds of terminals")
        site.check_spool()


# ---- what results bring along ----


def files_below(top):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(top) for name in names)


def content_of(site, number):
    return site.punchctl("cmd", "show", str(number), "--content")


FORMS = {  # of results, by the beginnings of serials
    "PLN": [], "UPW": ["--result-filename", "../../etc/x"], "CRL": ["--crlf"], "BAR": ["--no-cmd-echo", "--no-last-lf"],
    "OLD": ["--dialect", "oldest"], "TOG": ["--results-together"], "REV": ["--results-reversed"],
}
BROUGHT = (  # words before the targets, word behind them, state, Return, outcome, content
    (["shell"], "ls -l /mnt", "done", 0, "done", TEXT),
    (["shell"], "binary", "done", 0, "done", BINARY),
    (["get-file"], "/mnt/mtdblock/binary.dat", "done", 512, "512 bytes", BINARY),
    (["get-file"], "/mnt/mtdblock/nothing", "failed", -2, "no such file", None),
    (["shell"], "fail", "failed", -1, "the line could not be run", None),
)


def command_content(t):
    """what SHELL, GetFile and INFO bring is kept byte for byte, in files of our names whatever FILENAME says"""
    with t.site(conf=ALLOW) as site:
        site.start()
        outside = f"{site.dir}/escaped"
        forms = {**FORMS, "ABS": ["--result-filename", outside], "DEE": ["--result-filename", "../" * 12 + outside]}
        serials = [prefix + "000001" for prefix in forms]
        for prefix, options in forms.items():
            site.devsim_start("run", "--serial-prefix", prefix, "--punches", "0", "--stay", "--poll-ms", "20",
                              "--seconds", "600", *options)
        wait_until(lambda: len(site.rows("device", "ls")) == len(forms), "all are known")
        ids = [site.order(*words, *serials, word) for words, word, *_ in BROUGHT]
        infos = site.order("info", *serials)
        rows = iter(site.ended(*[i for of_all in ids for i in of_all], *infos))
        for (words, word, *became, content), of_all in zip(BROUGHT, ids):
            for serial, number in zip(serials, of_all):
                row = next(rows)
                same([row["state"], row["return"], row["outcome"]], became, f"{serial}: {words} {word}")
                if content is None:
                    same(site.refusal("cmd", "show", str(number), "--content")[0], 66, "content of a failure")
                else:
                    same(content_of(site, number), content, f"{serial}: what {words} {word} brought")
        for serial, number in zip(serials, infos):
            facts = content_of(site, number)
            check(b"~DeviceName=devsim\n" in facts and facts.count(b"\n") > 15, f"{serial}: INFO brought", facts)
            shown = {f["fact"]: f["value"] for f in site.device(serial)["facts"]}
            same((shown["~DeviceName"], shown["MAC"], shown["FPVersion"]), ("devsim", "00:17:61:00:00:01", "10"),
                 f"{serial}: facts")
        kept = [i for of_all, row in zip(ids, BROUGHT) if row[-1] is not None for i in of_all] + infos
        same(sorted(os.listdir(f"{site.state_dir}/cmdqd/content")), sorted(map(str, kept)), "files of content")
        named = ("x", "escaped", "shellout.txt", "binary.dat")
        same([f for f in files_below(site.dir) if os.path.basename(f) in named], [], "files that terminals named")
        same(os.path.exists("/etc/x"), False, "/etc/x")
        for name in kept:  # nobody but who may read the store sees it
            same(os.stat(f"{site.state_dir}/cmdqd/content/{name}").st_mode & 0o7777, 0o640, "the mode of content")


def documented_lines():
    """Every punchctl that README.md and docs/OPERATIONS.md have on a line of its own, but for what goes on for ever or takes
    files by a pattern."""
    for name in ("README.md", "docs/OPERATIONS.md"):
        with open(f"{ROOT_DIR}/{name}", encoding="utf-8") as f:
            found = re.findall(r"^(?:build/)?punchctl (.*)", f.read(), flags=re.M)
        check(len(found) > 5, name, "has hardly any punchctl")
        for line in found:
            words = shlex.split(line.replace("…", "0" * 64), comments=True)
            if "follow" not in words and "*" not in line:
                yield name, [word for word in words if word != "--wait"]


def command_documented(t):
    """no punchctl of README.md and docs/OPERATIONS.md is refused for how it is written"""
    with t.site() as site:
        site.start("cmdqd")
        for serial in ("SIM000001", "LOBBY"):
            site.punchctl("device", "approve", serial)
            site.punchctl("device", "set", serial, "site=north")
        for name, words in documented_lines():
            done = site.run("punchctl", *words, code=None)
            check(done.returncode != 64, f"{name}: punchctl", *words, "is refused:", done.stderr.decode("utf-8"))


TESTS = (command_every_verb, command_content, command_documented)
