# SPDX-License-Identifier: GPL-2.0-or-later
"""people: what punchctl says of users, templates, photos and operations; what only some may see; exports that are
resumed; and what is erased and purged. docs/PROTOCOL.md 3.2, 3.3, 8"""

import base64
import json
import os

from checks import check, same, wait_until
from entries import make_entry
from host import GID, IS_ROOT

GB = "张三".encode("gb18030")
# In UTF-8 the same bytes are letters of another alphabet.
AMBIGUOUS = "韦违".encode("gb18030")
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\xff\xd9"
TEMPLATE = bytes(range(6))
T64 = base64.b64encode(TEMPLATE)
# Passwords of eight digits: four stand in an entry's name or a time sooner or later.
SECRETS = ("77338192", "123456789", "15CD5B0700", T64.decode(), base64.b64encode(JPEG).decode()[:40])

ANNA = b"USER PIN=1001\tName=%s\tPri=%d\tPasswd=%s\tCard=[15CD5B0700]\tGrp=1\tTZ=\n"
GATE1 = (ANNA % (b"Anna", 0, b"77338192")
         + b"USER PIN=1002\tName=Ben\tPri=0\tPasswd=\tCard=\tGrp=1\tTZ=\n"
         + b"FP PIN=1001\tFID=6\tSize=8\tValid=1\tTMP=" + T64 + b"\n"
         + b"USERPIC PIN=1001\tFileName=1001.jpg\tSize=%d\tContent=%s\n"
         % (len(base64.b64encode(JPEG)), base64.b64encode(JPEG))
         + b"OPLOG 4\t0\t2026-01-05 08:00:00\t0\t0\t0\t0\n"
         + b"OPLOG 6\t0\t2026-01-06 08:00:00\t1001\t6\t0\t0\n")
GATE2 = (b"USER PIN=1001\tName=" + GB + b"\tPri=0\tPasswd=\tCard=\tGrp=1\tTZ=\n"
         + b"BIODATA Pin=1001\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\tMinorVer=4\tFormat=0\tTmp=" + T64
         + b"\n")


def photo(pin, day=5):
    return b"PIN=202601%02d080000-%s.jpg\nSN=x\nsize=%d\nCMD=uploadphoto\0" % (day, pin, len(JPEG)) + JPEG


def start(context, **conf):
    """Two terminals, one of them Chinese, have said what they know."""
    site = context.site(conf=conf)
    site.start("parserd", "cmdqd", "ingestd")
    site.punchctl("device", "approve", "GATE1", "GATE2")
    site.shake_hands("GATE1")
    site.shake_hands("GATE2", "&pushver=2.4.1&language=83")
    site.upload("GATE1", GATE1, table="OPERLOG")
    site.upload("GATE1", ANNA % (b"Anne", 14, b""), table="OPERLOG")
    site.upload("GATE2", GATE2, table="OPERLOG")
    site.upload("GATE1", b"1001\t2026-01-05 08:00:00\t0\t1\n9999\t2026-01-05 08:00:01\t0\t1\n")
    site.upload("GATE2", b"1001\t2026-01-05 08:00:02\t0\t1\n")
    site.upload("GATE1", photo(b"1001"), table="ATTPHOTO")
    site.upload("GATE1", photo(b"1002", 6), table="ATTPHOTO")
    site.upload("GATE1", b"~DeviceName=X,Language=69,~OEMVendor=A, B", table="options")
    site.upload("GATE1", b"ERRORLOG ErrCode=D01E0001\tErrMsg=bad\n", table="ERRORLOG")
    site.upload("GATE1", b"NONSENSE secret=77338192\nUSER Name=nobody\n", table="OPERLOG")
    site.wait_worked_off()
    return site


def by(rows, *keys):
    return {tuple(row.get(k) for k in keys): row for row in rows}


# ---- reading ----


def users(context):
    """users of every device with their history, and nothing secret unless it is asked for"""
    with start(context) as site:
        found = by(site.rows("user", "ls"), "serial", "pin")
        same(sorted(found), [("GATE1", "1001"), ("GATE1", "1002"), ("GATE2", "1001")], "users")
        anne = found["GATE1", "1001"]
        same((anne["name"], anne["privilege"], anne["group"], anne["card"]), ("Anne", "14", "1", "(set)"), "a user")
        check("password" not in anne, "a password that is empty now is shown as set")
        check("card" not in found["GATE1", "1002"], "a card that is none is shown as set")
        same(found["GATE2", "1001"]["name"], "张三", "a name in GB18030")
        same(site.rows("user", "ls", "--serial", "GATE1", "--pin", "1001", "--reveal")[0]["card"], "123456789", "a card")
        shown = site.rows("user", "show", "1001", "--serial", "GATE1")[0]
        same([(h["what"], h.get("changed")) for h in shown["history"]],
             [("user", ["group", "name", "privilege"]), ("credential", ["card", "password"]),
              ("user changed", ["name", "privilege"]), ("credential changed", ["password"])], "the history")
        same([(t["modality"], t["bytes"]) for t in shown["templates"]], [("finger", 6), ("user picture", len(JPEG))],
             "what there is of the user")
        same(site.refusal("user", "show", "4711")[0], 66, "the exit code for a PIN that nobody has")
        head, *lines = site.punchctl("user", "export", "--csv").decode().split("\r\n")
        check(head.startswith("serial,pin,name,"), "no heading:", head)
        same(len(lines), 4, "lines of CSV, with an empty last one")
        # Bytes that are valid in both sets of characters are what the device writes; and a setting overrules all.
        for serial in ("GATE1", "GATE2"):
            site.upload(serial, b"USER PIN=7\tName=" + AMBIGUOUS + b"\n", table="OPERLOG")
        site.wait_worked_off()
        wait_until(lambda: site.device("GATE2").get("language") == "83", "cmdqd to note the language")
        same([u["name"] for u in site.rows("user", "ls", "--pin", "7")], [AMBIGUOUS.decode(), "韦违"], "names")
        site.punchctl("device", "set", "GATE1", "charset=gb18030")
        same([u["name"] for u in site.rows("user", "ls", "--pin", "7")], ["韦违", "韦违"], "names")
        # The terminal deletes one: it is marked.
        site.upload("GATE1", b"OPLOG 9\t0\t2026-01-07 08:00:00\t1002\t0\t0\t0\n", table="OPERLOG")
        site.wait_worked_off()
        same(site.rows("user", "ls", "--pin", "1002"), [], "users that were deleted")
        same([u["deleted"] for u in site.rows("user", "ls", "--pin", "1002", "--deleted")], [True], "deleted ones")


def punches_have_names(context):
    """punches are joined with the names of that device, in each order and while they are followed"""
    with start(context) as site:
        names = [(p["serial"], p["pin"], p.get("name")) for p in site.rows("punch", "ls")]
        want = [("GATE1", "1001", "Anne"), ("GATE1", "9999", None), ("GATE2", "1001", "张三")]
        same(names, want, "names")
        same([(p["serial"], p["pin"], p.get("name")) for p in site.rows("punch", "ls", "--after", "0")], want, "names")
        same([p.get("name") for p in site.rows("punch", "follow", "--after", "0", "--limit", "3")],
             ["Anne", None, "张三"], "names of followed ones")
        same([p.get("name") for p in site.rows("punch", "ls", "--no-names")], [None] * 3, "names that nobody wants")
        same([p.get("name") for p in site.rows("photo", "ls")], ["Anne", "Ben"], "names of photos")


def punches_have_a_direction(context):
    """the setting of the device says which way a punch went, else its status does"""
    with start(context) as site:
        punches = b"".join(b"7\t2026-01-08 08:00:0%d\t%d\t1\n" % (i, status) for i, status in enumerate((0, 1, 8)))
        site.upload("GATE1", punches)
        site.upload("NEW", punches)
        site.wait_worked_off()

        def of(serial, *words):
            return [p.get("direction") for p in site.rows("punch", *words, "--serial", serial, "--pin", "7")]

        same(of("GATE1", "ls"), ["in", "out", None], "directions")
        site.punchctl("device", "set", "GATE1", "direction=in")
        same(of("GATE1", "ls"), ["in"] * 3, "directions of a way in")
        same(of("GATE1", "ls", "--no-names"), ["in"] * 3, "directions without names")
        same(of("GATE1", "follow", "--after", "0", "--limit", "3"), ["in"] * 3, "directions of followed ones")
        same(of("NEW", "ls"), ["in", "out", None], "directions of a device that has no setting")
        site.punchctl("export", "--to", f"{site.dir}/export", user=False)
        with open(f"{site.dir}/export/punches.jsonl", encoding="utf-8") as f:
            got = [p.get("direction") for p in map(json.loads, f) if (p["serial"], p["pin"]) == ("GATE1", "7")]
        same(got, ["in"] * 3, "directions that are exported")


def operations(context):
    """operations in words; errors; the options of a device; what nobody understands"""
    with start(context) as site:
        same([(o["code"], o["what"], o["o1"]) for o in site.rows("oplog", "ls")],
             [("4", "menu entered", "0"), ("6", "finger enrolled", "1001")], "operations")
        same([o["code"] for o in site.rows("oplog", "ls", "--since", "2026-01-06")], ["6"], "operations since a day")
        same([o["code"] for o in site.rows("oplog", "follow", "--after", "0", "--limit", "2")], ["4", "6"], "followed")
        same(["D01E0001" in e["line"] for e in site.rows("oplog", "ls", "--kind", "error")], [True], "errors")
        same(site.refusal("oplog", "ls", "--kind", "x")[0], 64, "the exit code for a kind that is none")
        options = by(site.device("GATE1")["options"], "option")
        same(options[("~OEMVendor",)]["value"], "A, B", "an option")
        kept = by(site.rows("raw", "ls"), "kind")
        same(sorted(kept), [("raw",), ("refused",)], "what was kept")
        same(site.refusal("raw", "show", kept[("raw",)]["id"])[0], 64, "the exit code without --reveal")
        check(b"NONSENSE" in site.punchctl("raw", "show", kept[("raw",)]["id"], "--reveal"), "the line is not shown")


def secrets(context):
    """no listing has a template, a password or a card; who may not see them is told so"""
    with start(context) as site:
        words = (["user", "ls"], ["user", "show", "1001"], ["user", "export"], ["template", "ls"], ["photo", "ls"],
                 ["photo", "ls", "--kind", "user"], ["oplog", "ls"], ["raw", "ls"], ["punch", "ls"], ["status"])
        for w in words:
            for form in ([], ["--json"], ["--csv"]):
                if form == ["--csv"] and w[1:2] in (["show"], []):
                    continue
                text = site.run("punchctl", *w, *form).stdout.decode()
                check(not any(s in text for s in SECRETS), "punchctl", w, form, "tells a secret:", text)
        log = site.parserd.log()
        check(not any(s in log for s in SECRETS), "parserd's log tells a secret")
        same(site.refusal("template", "export")[0], 64, "the exit code without --reveal")
        export = f"{site.dir}/masked"
        site.punchctl("export", "--to", export, user=False)
        for name in os.listdir(export):
            if name.endswith(".jsonl"):
                with open(f"{export}/{name}", encoding="utf-8") as f:
                    text = f.read()
                check(not any(s in text for s in SECRETS), name, "tells a secret:", text)
        if not IS_ROOT:
            return context.note("not root: nobody else to ask")
        os.chmod(f"{site.state_dir}/private", 0o700)
        who = {"who": {"user": 65533, "group": GID, "extra_groups": []}}
        same([u["name"] for u in site.rows("user", "ls", **who)], ["Anne", "Ben", "张三"], "users for any operator")
        check(all(u["card"] is None for u in site.rows("user", "ls", **who)), "a card may be seen")
        for w in (["user", "ls", "--reveal"], ["template", "ls"], ["template", "export", "--reveal"],
                  ["photo", "ls", "--kind", "user"], ["export", "--to", export, "--reveal"]):
            code, said = site.refusal(*w, **who)
            same(code, 77, f"the exit code of {w}")
            check("private" in said and said.count("\n") == 1, "not said in one line:", said)
        same(site.rows("raw", "ls", **who), [], "lines that may hold secrets")
        same(len(site.rows("photo", "ls", **who)), 2, "photos for any operator")


# ---- writing out ----


def template_files(context):
    """templates go out as files and come back as commands; pictures and photos are the very bytes"""
    with start(context) as site:
        to = f"{site.dir}/out"
        # No file can have the name of this one: the others are written all the same.
        site.upload("GATE1", b"FP PIN=" + b"/" * 64 + b"\tFID=" + b"/" * 16 + b"\tTMP=" + T64 + b"\n", table="OPERLOG")
        site.wait_worked_off()
        site.punchctl("template", "export", "--to", to, "--reveal", user=False)
        names = sorted(os.path.join(d, f) for d, _, files in os.walk(to) for f in files)
        same(names, [f"{to}/GATE1/1001_finger_6_0_0.0.tpl", f"{to}/GATE2/1001_bio9_0_0_35.4.tpl"], "files")
        for name in names:
            with open(name, "rb") as f:
                same(f.read(), TEMPLATE, name)
            same(os.stat(name).st_mode & 0o777, 0o600, f"the mode of {name}")
        same([base64.b64decode(t["template"]) for t in site.rows("template", "export", "--reveal")], [TEMPLATE] * 3,
             "templates as JSON")
        same(len(site.order("template", "import", "GATE2", *names, user=False)), 2, "commands")
        told = list(site.poll("GATE2").values())
        same([told[0].decode(), told[1].decode().split("\tTmp=")[0]],
             ["DATA UPDATE FINGERTMP PIN=1001\tFID=6\tSize=8\tValid=1\tTMP=" + T64.decode(),
              "DATA UPDATE BIODATA Pin=1001\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\tMinorVer=4\tFormat=0"],
             "what the terminal is told")
        check("PIN_KIND_NUMBER" in site.refusal("template", "import", "GATE2", "x.tpl")[1], "a name is taken")
        rows = site.rows("photo", "export", "--to", to, user=False)
        rows += site.rows("photo", "export", "--to", to, "--kind", "user", user=False)
        same(len(rows), 3, "photos and pictures")
        for row in rows:
            with open(f"{to}/{row['file']}", "rb") as f:
                same(f.read(), JPEG, row["file"])


def read_lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def exports(context):
    """an export holds everything once, however often it is resumed and wherever it was cut off"""
    with start(context) as site:
        to = f"{site.dir}/all"
        site.punchctl("export", "--to", to, user=False)
        first = {name: open(f"{to}/{name}", "rb").read() for name in os.listdir(to) if os.path.isfile(f"{to}/{name}")}
        same([p["pin"] for p in read_lines(f"{to}/punches.jsonl")], ["1001", "9999", "1001"], "punches")
        same([o["kind"] for o in read_lines(f"{to}/log.jsonl")], ["operation", "operation", "error"], "the log")
        for p in read_lines(f"{to}/photos.jsonl"):
            with open(f"{to}/{p['file']}", "rb") as f:
                same(f.read(), JPEG, "a photo")
        same({u["name"] for u in read_lines(f"{to}/users.jsonl")}, {"Anne", "Ben", "张三"}, "users")
        site.punchctl("export", "--to", to, user=False)
        same({name: open(f"{to}/{name}", "rb").read() for name in first}, first, "an export with nothing new")
        # Cut off while it wrote: what is not noted is written again, and stands once.
        with open(f"{to}/punches.jsonl", "ab") as f:
            f.write(b'{"half a line')
        site.upload("GATE1", b"1002\t2026-02-05 08:00:00\t0\t1\n")
        site.wait_worked_off()
        site.punchctl("export", "--to", to, user=False)
        same([p["pin"] for p in read_lines(f"{to}/punches.jsonl")], ["1001", "9999", "1001", "1002"], "punches")
        last = int(first["last_seq"].split(b"\n")[0])
        with open(f"{to}/last_seq", encoding="utf-8") as f:
            same(int(f.readline()), last + 1, "last_seq")
        # From a time on, and in another form.
        site.punchctl("export", "--to", f"{to}.csv", "--csv", "--since", "2026-02-01", user=False)
        with open(f"{to}.csv/punches.csv", encoding="utf-8") as f:
            same(len(f.read().splitlines()), 2, "lines of CSV")
        same(site.refusal("export", "--to", to, "--csv", user=False)[0], 65, "the exit code for another form")
        same(site.refusal("export", user=False)[0], 64, "the exit code without --to")


# ---- taking away ----


def erasure(context):
    """a PIN is taken out everywhere, stays out when uploads are replayed, and leaves a trace"""
    with start(context) as site:
        files = f"{site.state_dir}/parserd/photos/GATE1"
        same(sorted(os.listdir(files)), ["2026-01-05", "2026-01-06"], "days")
        done = site.run("punchctl", "user", "erase", "1001", code=64)
        check(b"nothing was erased" in done.stderr and b"templates            2" in done.stdout, "not said:", done)
        same(len(site.rows("user", "ls", "--pin", "1001")), 2, "users before")
        said = site.run("punchctl", "user", "erase", "1001", "--yes", "--devices").stdout
        said = said[said.index(b"1001 has been erased"):]
        for what in (b"spool upload, until 'punchctl purge spool'", b"spools order and result",
                     b"commands with this PIN", b"pages of the store"):
            check(what in said, "what stays is not said:", what, said)
        same([(u["serial"], u["pin"]) for u in site.rows("user", "ls", "--deleted")], [("GATE1", "1002")], "users after")
        same(site.rows("template", "ls", "--deleted"), [], "templates after")
        same([p["pin"] for p in site.rows("photo", "ls")], ["1002"], "photos after")
        same(os.listdir(files), ["2026-01-06"], "days after")
        same(len(site.rows("punch", "ls")), 3, "punches after")
        for serial in ("GATE1", "GATE2"):
            same(list(site.poll(serial).values()), [b"DATA DELETE USERINFO PIN=1001"], f"what {serial} is told")
        wait_until(lambda: "erased" in site.parserd.log() and "pin=1001" in site.parserd.log(), "the log has a trace")
        same(len(site.names("erase", "done")), 1, "orders that stay")
        # What was uploaded before does not bring it back; the order, done again, changes nothing.
        site.punchctl("spool", "replay", "upload", "--all")
        site.punchctl("spool", "replay", "erase", "--all")
        site.wait_worked_off()
        site.wait_worked_off("erase")
        same([u["pin"] for u in site.rows("user", "ls", "--deleted")], ["1002"], "users after a replay")
        same([p["pin"] for p in site.rows("photo", "ls")], ["1002"], "photos after a replay")
        # What is uploaded from now on is taken.
        site.upload("GATE1", ANNA % (b"Anne", 0, b""), table="OPERLOG")
        site.wait_worked_off()
        same(len(site.rows("user", "ls", "--pin", "1001")), 1, "users that came later")
        same(site.refusal("user", "erase", "", "--yes")[0], 64, "the exit code without a PIN")


def odd_pins(context):
    """a PIN that a terminal may send can be shown and erased as tables show it; programs are told what stays"""
    pins = {b"5\x01": "5\\x01", b"\x1b[31m7": "\\x1b[31m7", b"a\\b%41": "a\\\\b%41", b"\xff1": "\\xff1", b" 6 ": " 6 ",
            b"a\xe2\x80\xaeb": "a\\xe2\\x80\\xaeb"}
    with start(context) as site:
        site.upload("GATE1", b"".join(b"USER PIN=%s\tName=Odd\n" % p for p in pins) + b"NOBODY KNOWS=1\n", table="OPERLOG")
        site.wait_worked_off()
        table = site.punchctl("user", "ls", "--serial", "GATE1").decode()
        uploads, kept = len(site.names(state="done")), len(site.rows("raw", "ls"))
        check(kept > 0, "there is nothing that nobody understood")
        for shown in pins.values():
            check(f" {shown} " in table, "not in the table:", shown, table)
            check(b"Odd" in site.punchctl("user", "show", shown), "is not shown:", shown)
            said = json.loads(site.punchctl("user", "erase", shown, "--yes", "--json"))
            same((said["erased"], said["users"]), (True, 1), shown)
            same(said["still_in"], {"upload_files": uploads, "order_files": 1, "commands": 0, "not_understood": kept,
                                    "store_pages": True}, "what stays")
            same(site.refusal("user", "show", shown)[0], 66, f"the exit code of user show {shown}")
        same({u["name"] for u in site.rows("user", "ls", "--serial", "GATE1")} & {"Odd"}, set(), "users")
        for wrong in ("a\\b", "1\\x00", "1\\x1", "x" * 65):
            same(site.refusal("user", "erase", wrong, "--yes")[0], 64, f"the exit code for {wrong}")


def purges(context):
    """what is older than it has to be is counted, and then gone, while the orders to erase stay"""
    with start(context) as site:
        dry = site.punchctl("purge", "photos", "--before", "2026-01-06", "--dry-run")
        check(dry.startswith(b"1 photos of 262 B"), "counted:", dry)
        same(len(site.rows("photo", "ls")), 2, "photos after a dry run")
        site.punchctl("purge", "photos", "--before", "2026-01-06")
        same([p["pin"] for p in site.rows("photo", "ls")], ["1002"], "photos")
        same(os.listdir(f"{site.state_dir}/parserd/photos/GATE1"), ["2026-01-06"], "days")
        check(site.punchctl("purge", "oplog", "--before", "2026-01-06", "--dry-run").startswith(b"1 "), "not counted")
        site.punchctl("purge", "oplog", "--before", "2026-01-06")
        same([o["code"] for o in site.rows("oplog", "ls")], ["6"], "operations")
        uploads = len(site.names("upload", "done"))
        check(site.punchctl("purge", "spool", "--before", "-1h").startswith(b"0 files"), "something went")
        same(site.refusal("purge", "spool")[0], 64, "the exit code without --before")
        site.punchctl("purge", "spool", "--before", "2099-01-01", "--dry-run")
        same(len(site.names("upload", "done")), uploads, "files after a dry run")
        site.punchctl("purge", "spool", "--before", "2099-01-01")
        same((site.names("upload", "done"), site.names("order", "done")), ([], []), "files")
        same(len(site.names("erase", "done")), 2, "orders to erase")


def bad_orders(context):
    """orders to erase that are none are refused with a reason, and the good ones of the same file are done"""
    with start(context) as site:
        def put(*bodies):
            return site.put(b"".join(make_entry("X", b, kind="erase") for b in bodies), kind="erase")

        name = put(b"erase: everything\n", b"erase: pin\npin: 1002\n", b"erase: pin\npin: \n")
        wait_until(lambda: name in site.names("erase", "done"), "the good one to be done")
        same(sorted(n for n in site.names("erase", "bad") if not n.endswith(".why")), [f"{name}.1", f"{name}.3"], "bad ones")
        same(site.rows("user", "ls", "--pin", "1002"), [], "users")
        name = put(b"erase: oplog\nbefore: never\n")
        wait_until(lambda: name in site.names("erase", "bad"), "the bad one to be refused")
        same(len(site.rows("oplog", "ls")), 2, "operations")
        site.parserd.stop()
        said = site.punchctl("purge", "oplog", "--before", "2027-01-01")
        check(b"parserd is not at work" in said, "it is not said:", said)
        same(len(site.rows("oplog", "ls")), 2, "operations while parserd is down")
        site.start("parserd")
        site.wait_worked_off("erase")
        wait_until(lambda: not site.rows("oplog", "ls"), "the order to be carried out")


def orders_out_of_reach(context):
    """a spool of orders to erase that cannot be looked at keeps no upload waiting; mended, its orders are carried out"""
    with start(context) as site:
        new = site.spool("erase", "new")
        mode = os.stat(new).st_mode
        os.chmod(new, 0)
        site.upload("GATE1", b"1001\t2026-01-07 08:00:00\t0\t1\n")
        site.wait_worked_off("upload")
        same(len(site.rows("punch", "ls", "--since", "2026-01-07")), 1, "punches")
        wait_until(lambda: "cannot look at orders to erase" in site.parserd.log(), "it is said")
        os.chmod(new, mode)
        site.punchctl("user", "erase", "1001", "--yes")
        same(site.rows("user", "ls", "--pin", "1001"), [], "users")


TESTS = [users, punches_have_names, punches_have_a_direction, operations,
         secrets, template_files, exports, erasure, odd_pins, purges, bad_orders, orders_out_of_reach]
