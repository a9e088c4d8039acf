# SPDX-License-Identifier: GPL-2.0-or-later
"""records: every table, in every spelling, ends where it belongs, whatever happens to parserd, and each row of each body
is found again: in the records, in the raw ones or in the refused ones."""

import base64
import collections
import json
import os
import random
import shutil
import signal

from checks import PATIENCE_S, check, same, wait_until
from daemon import preloaded
from devsim_logs import read_log
from entries import make_entry
from facts import Facts, all_lines, digest, expected_of, lines_of, tally
from harness import sample
from test_disk import fill, free, small_disk

TIME = "2026-01-05 08:00:00"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4 + b"\xff\xd9"
B64 = base64.b64encode(JPEG)
PHOTO = b"PIN=20260105080000-%s\nSN=x\nsize=%d\nCMD=%s\0"


# ---- every spelling ----

# What is asked for of the serial T<n>: how many there are of each, and what some items say.
SPELLINGS = (
    ("cdata?table=OPERLOG&OpStamp=1", sample("real_operlog_oplog4.bin"), {"log": 4, "x": 1}, {}),
    ("cdata?table=OPERLOG&Stamp=9999", sample("real_operlog_user.bin"), {"u": 1, "c": 1}, {}),
    ("cdata?table=OPERLOG", sample("real_operlog_user_card_pwd.bin"), {"u": 1, "c": 1}, {}),
    ("cdata?OpStamp=1", sample("fw_old_operlog_user_fp.bin"), {"u": 1, "c": 1, "t": 1, "log": 1}, {}),
    ("cdata?table=OPERLOG", sample("real_operlog_biophoto.bin"), {"p": 1}, {}),
    ("cdata?table=BIODATA", sample("real_biodata_face.bin"), {"t": 1}, {}),
    ("cdata?table=ERRORLOG", sample("doc_errorlog.bin"), {"log": 1}, {}),
    ("cdata?table=IDCARD", sample("doc_idcard.bin"), {"i": 1}, {}),
    ("cdata?table=OPERLOG", sample("edge_gbk_user.bin"), {"u": 1, "c": 1}, {}),
    ("fdata?table=ATTPHOTO", sample("doc_attphoto.bin"), {"photo": 1}, {}),
    ("cdata?table=options", sample("real_options.bin"), {}, {("o", ("~OEMVendor",)): b"value=ZKTECO CO., LTD.\n"}),
    # Key case, key order, CRLF, a TAB behind the keyword, no LF at the end, unknown keys, hex cards.
    ("cdata?table=OPERLOG", b"user\tNAME=Ada\tpin=7\tCARD=[0A00000000]\tNewKey=9\r\nUSER PIN=8", {"u": 2, "c": 1},
     {("u", ("7",)): b"name=Ada\n", ("c", ("7",)): b"NewKey=9\ncard=10\ncard.sent=[0A00000000]\n"}),
    ("cdata?table=USERINFO", b"USER PIN=1\tName=A\nPIN=2\tName=B\n", {"u": 2}, {("u", ("2",)): b"name=B\n"}),
    ("cdata?table=%20userinfo", b"PIN=2\tPasswd=x\n", {"u": 1, "c": 1}, {}),
    ("cdata?table=FINGERTMP", b"FP PIN=1\tFID=2\tSize=1380\tTMP=" + B64 + b"\n", {"t": 1},
     {("t", ("1", "finger", "2", "0")): b"size=1380\n\n" + JPEG}),
    ("cdata?table=OPERLOG", b"FP PIN=1\tFID=2\tTMP=" + B64 + b"\nFP PIN=1\tFID=3\tSize=9\tTMP=***\n", {"t": 2},
     {("t", ("1", "finger", "3", "0")): b"size=9\n\n***"}),
    ("cdata?table=FACE", b"FACE PIN=1\tFID=0\tSIZE=4\tVALID=1\tTMP=AAEC\nPIN=1\tFID=1\tTMP=AAEC\n", {"t": 2}, {}),
    ("cdata?table=OPERLOG", b"FVEIN Pin=1\tFID=0\tIndex=1\tSize=4\tValid=1\tTmp=AAEC\n", {"t": 1},
     {("t", ("1", "fingervein", "0", "1")): b"size=4\nvalid=1\n\n\0\1\2"}),
    ("cdata?table=BIODATA", b"BIODATA Pin=1\tNo=0\tIndex=0\tType=8\tTmp=AAEC\n", {"t": 1},
     {("t", ("1", "palmvein", "0", "0")): b"type=8\n\n\0\1\2"}),
    ("cdata?table=USERPIC", b"USERPIC PIN=1\tFileName=1.jpg\tSize=4\tContent=AAEC\n", {"p": 1},
     {("p", ("1", "user")): b"file=1.jpg\nsize=4\n\n\0\1\2"}),
    ("cdata?table=BIOPHOTO", b"BIOPHOTO PIN=1\tContent=AAEC\n", {"p": 1}, {("p", ("1", "face")): b"\n\0\1\2"}),
    ("cdata?table=SMS", b"SMS MSG=hi\tTAG=253\tUID=1\tMIN=60\n", {"m": 1}, {("m", ("1",)): b"minutes=60\ntag=253\ntext=hi\n"}),
    ("cdata?table=USER_SMS", b"USER_SMS PIN=1\tUID=1\n", {"n": 1}, {}),
    ("cdata?table=WORKCODE", b"WORKCODE PIN=0\tCODE=5\tNAME=w\n", {"w": 1}, {("w", ("0", "5")): b"name=w\n"}),
    ("event?", b"Event=Unlock\tObject=Button\tTime=" + TIME.encode(), {"log": 1}, {}),
    ("fdata?PIN=20260105080000-7&PhotoStamp=1", JPEG, {"photo": 1}, {}),
    ("fdata?PIN=20260105080000-7.jpg&PhotoStamp=1", PHOTO % (b"7.jpg", len(JPEG), b"uploadphoto") + JPEG, {"photo": 1}, {}),
    ("cdata?table=ATTPHOTO", (PHOTO % (b"7", len(JPEG), b"realupload")).replace(b"-7", b"") + JPEG, {"photo": 1}, {}),
    ("cdata?table=ATTPHOTO", PHOTO % (b"7", len(JPEG) + 9, b"uploadphoto") + JPEG, {"photo": 1}, {}),
    ("cdata?table=ATTPHOTO", PHOTO % (b"7", len(B64), b"uploadphoto") + B64, {"photo": 1}, {}),
    ("cdata?FPImage=1&PIN=7&FID=3", b"BM\0\1\n", {"f": 1}, {("f", ("7", "3")): b"\nBM\0\1\n"}),
    ("cdata?table=OPERLOG", b"OPLOG 10\t0\t%s\t7\t3\nOPLOG 9\t0\t%s\t7\n" % (TIME.encode(), TIME.encode()),
     {"log": 2, "x": 2}, {}),
    ("cdata?table=OPERLOG", b"NEWWORD a=b\nUSER \n\nOPLOG x\n", {"raw": 1, "refused": 2}, {}),
    ("cdata?table=NEWTABLE", b"a\nb\n", {"raw": 1}, {}),
    ("cdata?", b"of no table", {"raw": 1}, {}),
    ("cdata?table=USERINFO", b"", {}, {}),
    ("cdata?table=ATTLOG", b"1\t" + TIME.encode() + b"\t0\t15\t0\t0\t0\t255\t36.6\t97.9\t\n2\n", {"punch": 1, "refused": 1}, {}),
)


def upload_spellings(site):
    for i, (target, body, _, _) in enumerate(SPELLINGS):
        page, query = target.split("?")
        reply = site.ask(f"/iclock/{page}?SN=T{i}&{query}", body)
        check(reply.status == 200 and b"OK" in reply.body, target, "is answered with", reply)
    site.wait_worked_off()


def kind_of(fact):
    return fact[1] if fact[0] == "item" else fact[0]


def serial_of(fact):
    return fact[2] if fact[0] in ("item", "log") else fact[1]


def records_spellings(t):
    """every table in every spelling, sent over HTTP: each ends as what it is, in the part of the store that is its own"""
    with t.site() as site:
        site.start()
        upload_spellings(site)
        facts = Facts(site).check_whole()
        for i, (target, body, counts, texts) in enumerate(SPELLINGS):
            got = collections.Counter(kind_of(f) for f in facts.found.elements() if serial_of(f) == f"T{i}")
            if "options" in target:
                check(got["o"] > 20, "options:", got)
            else:
                same(dict(got), counts, f"what became of {target} {body[:60]}")
            for (kind, ids), text in texts.items():
                same(facts.items.get((kind, f"T{i}", ids)), text, f"{kind} {ids} of {target}")
        gbk = next(text for (kind, serial, _), text in facts.items.items() if (kind, serial) == ("u", "T8"))
        check(b"\nname.raw=" in gbk and b"\nname=" in gbk, "a name in GB18030 is kept as", gbk)
        pins = {fact[2]: digest(JPEG) == fact[4] for fact in facts.found if fact[0] == "photo" and fact[1] != "T9"}
        same(pins, {"7": True, "": True}, "photos: their PINs, and whether their bytes are right")
        t.note(f"{len(SPELLINGS)} uploads, {sum(facts.found.values())} facts")


# ---- again, in any order ----


def mixed(*options):
    return ("load", "--kind", "mixed", "--photo-bytes", "3000", "--retry-ms", "20", "--json", *options)


def records_any_order(t):
    """everything again in random order, and once more from nothing: the same facts, to the byte"""
    rng = random.Random(7)
    with t.site() as site:
        site.start()
        upload_spellings(site)
        site.devsim(*mixed("--terminals", "4", "--records", "5", "--requests", "400"))
        site.wait_worked_off()
        before, facts = site.dump(), Facts(site).check_whole()
        names = site.names(state="done")

        def replay(what):
            rng.shuffle(names)
            for at in range(0, len(names), 40):
                site.punchctl("spool", "replay", "upload", *names[at : at + 40])
                site.wait_worked_off()
            same(len(site.names(state="done")), len(names), f"files done {what}")

        replay("again")
        check(site.dump() == before, "the records are not what they were after a replay in random order")
        site.stop("parserd")
        for store in ("parserd", "private"):
            for name in os.listdir(f"{site.state_dir}/{store}"):
                shutil.rmtree(f"{site.state_dir}/{store}/{name}")
        site.start("parserd")
        replay("from nothing")
        again = Facts(site).check_whole()
        differ = (facts.found - again.found) + (again.found - facts.found)
        # Of an error the receipt is the time, and that of an entry does not change.
        check(not differ, len(differ), "facts differ, such as", list(differ)[:2])
        same(again.items, facts.items, "the items that hold")
        t.note(f"{len(names)} files, {sum(facts.found.values())} facts")


# ---- each row is counted ----


def compare(facts, acknowledged, sent):
    """What was acknowledged is there, and nothing that was never sent."""
    got = {fact[:4] if fact[0] == "photo" else fact for fact in facts.found}
    promised, tried = expected_of(acknowledged), expected_of(sent)
    lost, strange = promised - got, got - tried
    check(not lost, len(lost), "of", len(promised), "facts are lost, such as", sorted(map(repr, lost))[:2])
    check(not strange, len(strange), "facts were never sent, such as", sorted(map(repr, strange))[:2])


def records_count(t):
    """a mixed load of all tables: every row is found again, and parserd's own tally adds up to what was sent"""
    with t.site() as site:
        site.start()
        ack, sent = f"{site.dir}/ack", f"{site.dir}/sent"
        requests = 17 * 12 * (20 if t.full else 2)
        out = json.loads(site.devsim(*mixed("--terminals", "6", "--connections", "6", "--records", "12",
                                            "--requests", str(requests), "--ack-log", ack, "--sent-log", sent)))
        same((out["unacked"], out["retried"]), (0, 0), "uploads not acknowledged, and sent again")
        site.wait_worked_off()
        rows = read_log(sent)
        same(sorted(read_log(ack)), sorted(rows), "rows acknowledged")
        facts = Facts(site).check_whole()
        compare(facts, rows, rows)
        with open(next(iter(facts.files)), "rb") as f:
            picture = f.read()
        same((picture[:3], len(picture)), (b"\xff\xd8\xff", 3000), "a picture")
        same({fact[4] for fact in facts.found if fact[0] == "photo"}, {digest(picture)}, "the one picture of all photos")
        entries = site.all_entries("upload")
        same(len(entries), requests, "entries")
        total = wait_until(lambda: (lambda n: n if n["entries"] == requests else None)(tally(site.parserd.log())),
                           "parserd has told of all entries")
        same(all_lines(total), sum(map(lines_of, entries)), "rows that parserd counted")
        # In this load nothing comes twice.
        same(total["duplicates"], 0, "duplicates")
        kinds = collections.Counter(kind_of(f) for f in facts.found.elements())
        for word, kind in (("users", "u"), ("templates", "t"), ("pictures", "p"), ("messages", "m"), ("options", "o"),
                           ("message_users", "n"), ("workcodes", "w"), ("idcards", "i"), ("images", "f"),
                           ("photos", "photo"), ("punches", "punch"), ("raw", "raw"), ("bad", "refused")):
            same(total[word], kinds[kind], f"{word}: told, and stored")
        same(total["operations"] + total["errors"] + total["events"], kinds["log"], "lines of logs: told, and stored")
        t.note(f"{len(rows)} rows of {len(entries)} uploads")


def records_kill(t):
    """kill -9 of parserd throughout a mixed load: every row of every body is in the records, in raw or in refused"""
    kills = 100 if t.full else 15
    rng = random.Random(3)
    with t.site(conf={"rescan": '"200 ms"'}) as site:
        site.start()
        ack, sent = f"{site.dir}/ack", f"{site.dir}/sent"
        sim = site.devsim_start(*mixed("--terminals", "8", "--connections", "8", "--records", "6", "--rate", "300",
                                       "--seconds", "3600", "--ack-log", ack, "--sent-log", sent))
        busy = 0
        for _ in range(kills):
            before, step = size(ack), rng.randrange(1, 200) * 1000
            wait_until(lambda b=before, s=step: size(ack) > b + s, "devsim goes on")
            busy += any(site.in_work() for _ in range(5000))
            site.parserd.kill()
            site.start("parserd")
        sim.terminate()
        sim.wait(60)
        site.wait_worked_off()
        facts = Facts(site).check_whole()
        acknowledged = read_log(ack)
        compare(facts, acknowledged, read_log(sent))
        check(not site.names("upload", "bad"), "something was refused:", site.names("upload", "bad"))
        check(busy > 0, "parserd was never hit at work")
        site.check_spool()
        # Once more, undisturbed: all of it is known, and each row counts once.
        site.stop("parserd")
        os.truncate(site.parserd.log_path, 0)
        site.start("parserd")
        before = site.dump()
        site.punchctl("spool", "replay", "upload", "--all")
        entries = site.all_entries("upload")
        site.wait_worked_off()
        total = wait_until(lambda: (lambda n: n if n["entries"] >= len(entries) else None)(tally(site.parserd.log())),
                           "parserd has told of all entries")
        same((total["records"], total["raw"]), (0, 0), "rows and bodies that were missing")
        same(all_lines(total), sum(map(lines_of, entries)), "rows that parserd counted")
        check(site.dump() == before, "a replay changed something")
        t.note(f"{kills} kills, {busy} with files in work; {len(acknowledged)} rows acknowledged, none lost")


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


# ---- at each step ----


def records_steps(t):
    """parserd dies before each fsync, commit and rename in turn: then all facts are there, once, and in the journal"""
    with t.site() as site:
        site.make_spools()
        env = preloaded(site, "shim_step.c")
        photo = PHOTO % (b"7.jpg", len(JPEG), b"uploadphoto") + JPEG
        bodies = (("OPERLOG", b"USER PIN=7\tName=A\tPasswd=x\nFP PIN=7\tFID=1\tTMP=AAEC\nNEWWORD a\nUSER \nOPLOG 9\t0\t"
                   + TIME.encode() + b"\t8\n"), ("ATTPHOTO", photo), ("ATTLOG", b"1\t" + TIME.encode() + b"\nx\n"),
                  ("NEWTABLE", b"abc"))
        files = []
        for i in range(2):  # a batch with more than one file
            data = b"".join(make_entry(f"S{i}", body, f"/iclock/cdata?SN=S{i}&table={table}&Stamp=1",
                                       received=f"2026-01-05T10:00:0{i}.000000Z") for table, body in bodies)
            files.append(data)

        def begin_anew():
            for store in ("parserd", "private"):
                shutil.rmtree(f"{site.state_dir}/{store}")
            for state in ("new", "cur", "done", "bad"):
                for name in site.names(state=state):
                    os.unlink(f"{site.spool('upload', state)}/{name}")
            site.make_dirs()
            for i, data in enumerate(files):
                site.put(data, "000647a5d0a5000%d-0123456789abcdef" % i)

        begin_anew()
        site.run("parserd", "--once")
        wanted = Facts(site).check_whole()
        same(sum(wanted.found.values()), 22, "facts of both files")
        step, deaths = 1, 0
        while True:
            begin_anew()
            code = site.run("parserd", "--once", env={**env, "PUNCHD_STEP": str(step)}, code=None).returncode
            if code != -signal.SIGKILL:
                same(code, 0, "the end of parserd")
                break
            deaths += 1
            site.run("parserd", "--once")
            facts = Facts(site).check_whole()
            differ = (facts.found - wanted.found) + (wanted.found - facts.found)
            check(not differ, "after a death before step", step, "these differ:", list(differ)[:3])
            same(facts.items, wanted.items, f"the items after a death before step {step}")
            same((len(site.names(state="done")), site.names(state="bad")), (2, []), "files done, and refused")
            step += 1
        check(deaths > 30, "it died only", deaths, "times")
        t.note(deaths, "deaths")


def records_disk_full(t):
    """no space for photos: nothing is refused, nothing is half there, and with space again all is stored"""
    site, path = small_disk(t, 12)
    with site:
        site.state_dir = f"{path}/state"
        os.mkdir(site.state_dir)
        site.make_dirs()
        site.write_conf(records_map='"1 MiB"')
        site.make_spools()
        fill(path, leave=300000)
        bodies = {}
        for i in range(12):
            picture = JPEG * 100 + b"%d" % i
            bodies[str(i)] = digest(picture)
            site.put(make_entry("D", PHOTO % (b"%d" % i, len(picture), b"uploadphoto") + picture,
                                "/iclock/cdata?SN=D&table=ATTPHOTO", received=f"2026-01-05T10:00:{i:02}.000000Z"))
        site.start("parserd")
        wait_until(lambda: "cannot store; will try again" in site.parserd.log(), "parserd has no space")
        check(site.parserd.running(), "parserd ended on a full disk")
        free(path)
        site.wait_worked_off()
        facts = Facts(site).check_whole()
        same({fact[2]: fact[4] for fact in facts.found}, bodies, "photos")
        same((len(site.names(state="done")), site.names(state="bad")), (12, []), "files done, and refused")


def records_lost_page(t):
    """a store that shrinks while punchctl reads it: one line that names it, and the exit code of a disk"""
    with t.site() as site:
        site.start("parserd")
        site.put(make_entry("D", b"7\t%s\t0\t1\n" % TIME.encode()))
        site.wait_worked_off()
        site.parserd.stop()
        out, data = f"{site.dir}/out", os.path.realpath(f"{site.state_dir}/parserd/records/data.mdb")
        follow = site.spawn("punchctl", "punch", "follow", "--after", "0", "--json", out=out)
        wait_until(lambda: read_log(out), "punchctl follows")
        os.truncate(data, 0)
        same(follow.wait(PATIENCE_S), os.EX_IOERR, "punchctl's exit code")
        same(read_log(out)[-1], f"punchctl: the disk does not give back a part of {data}", "its last line")


# ---- secrets ----


def records_secrets(t):
    """passwords, cards, templates and faces are in the private environment alone: not in the records, the journal, a log"""
    template = base64.b64encode(random.Random(1).randbytes(300))
    secrets = {"password": b"Sesam-8172", "card": b"3141592653", "a new key's": b"tomorrow-5591", "an option's": b"CK-99182",
               "template": template, "its bytes": base64.b64decode(template), "unknown": b"nobody-knows-77",
               "refused": b"refused-55128", "an identity card's": b"ID-6642-XY", "an event's": b"8827364551"}
    s = secrets
    with t.site() as site:
        site.start()
        for table, body in (
            ("OPERLOG", b"USER PIN=7\tName=A\tPasswd=%s\tCard=%s\tNewKey=%s\nFP PIN=7\tFID=1\tTMP=%s\nNEWWORD x=%s\n"
             b"USER Passwd=%s\n" % (s["password"], s["card"], s["a new key's"], template, s["unknown"], s["refused"])),
            ("BIODATA", b"BIODATA Pin=7\tNo=0\tType=9\tTmp=%s\n" % template),
            ("USERPIC", b"USERPIC PIN=7\tContent=%s\n" % template),
            ("IDCARD", b"IDCARD PIN=7\tIDNum=%s\n" % s["an identity card's"]),
            ("options", b"A=1,ComKey=%s" % s["an option's"]),
            ("event", b"Event=Unlock\tCard=%s\tTime=%s" % (s["an event's"], TIME.encode())),
            ("NEWTABLE", b"Passwd=%s" % s["password"]),
        ):
            reply = site.upload("A", body, table)
            check(reply.status == 200 and reply.body.startswith(b"OK"), table, "is answered with", reply)
        site.wait_worked_off()
        facts = Facts(site).check_whole()
        private = b"".join(v for name, pairs in facts.databases.items() if name.startswith("private/") for _, v in pairs)
        places = {"the records": b"".join(open_all(f"{site.state_dir}/parserd/records")),
                  "logs": b"".join(open_all(f"{site.dir}/log"))}
        check(places["logs"], "there are no logs")
        check(b"name=A" in places["the records"], "the records do not hold what they should")
        for what, secret in secrets.items():
            check(secret in private or what == "template", "the private environment does not have the secret:", what)
            for place, data in places.items():
                check(secret not in data, place, "have a secret:", what)
                check(secret.hex().encode() not in data, place, "have a secret in hex:", what)
        same(oct(os.stat(f"{site.state_dir}/private").st_mode & 0o7777), "0o2750", "the mode of the private directory")


def open_all(path):
    for name in os.listdir(path):
        with open(f"{path}/{name}", "rb") as f:
            yield f.read()


TESTS = (records_spellings, records_any_order, records_count, records_kill, records_steps, records_disk_full,
         records_lost_page, records_secrets)
