# SPDX-License-Identifier: GPL-2.0-or-later
"""members: punchctl(1) names what --json and --csv write, for every listing."""

import csv
import io
import json
import re

from checks import check, same, wait_until
from entries import make_entry
from harness import patient
from host import ROOT_DIR
from test_people import start

OTHERS = {  # listing: further ones whose members it has, and in front of which word
    "user show": (("", "user ls"), ("templates[].", "template ls")),
    "template export": (("", "template ls"),),
    "device show": (("", "device ls"),),
    "cmd show": (("", "cmd ls"),),
    "status": (("spools[].", "spool ls"),),
}


def listings_of_page():
    """What the section MEMBERS of the page names: of each listing, its members."""
    with open(f"{ROOT_DIR}/ctl/punchctl.1", encoding="utf-8") as f:
        section = re.search(r"^\.Sh MEMBERS\n(.*?)^\.Sh ", f.read(), re.M | re.S)[1]
    found = {}
    for part in re.split(r"^\.Ss ", section, flags=re.M)[1:]:
        heading, text = part.split("\n", 1)
        names = {name for line in re.findall(r"^\.It Li (.*)$", text, re.M) for name in line.split(" , ")}
        for listing in heading.replace("Fl -", "--").replace("Ar ", "").split(","):
            found[listing.strip()] = names
    return found


def named(page, listing):
    return page[listing] | {before + name for before, other in OTHERS.get(listing, ()) for name in page[other]}


def members(row, before=""):
    """The names in an object, of those inside it "a.b", of those inside a list "a[].b"."""
    for key, value in row.items():
        if key.endswith("_hex") and key[:-len("_hex")] in row:
            continue
        if isinstance(value, dict):
            yield from members(value, f"{before}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in value:
                yield from members(inner, f"{before}{key}[].")
        else:
            yield before + key


def is_named(name, names):
    """Also by "a.*"; an object or a list that is empty or null here has its name in those of its members."""
    return name in names or any(n.startswith((f"{name}[].", f"{name}.")) or
                                (n.endswith(".*") and name.startswith(n[:-1])) for n in names)


def compare(page, listing, rows):
    names = named(page, listing)
    check(rows, "no row of", listing)
    missing = {m for row in rows for m in members(row) if not is_named(m, names)}
    same(missing, set(), f"members of {listing} that punchctl.1 does not name")


def compare_heading(site, page, listing, words):
    """Every column is named, and no name is that of a column that there is not."""
    heading = next(csv.reader(io.StringIO(site.punchctl(*words, "--csv").decode())))
    want = {name for name in named(page, listing) if not re.search(r"[.\[]", name)}
    same(set(heading), want, f"columns of {listing}")


# ---- one row of each ----


def fill(site):
    """Devices that told of themselves, commands and their ends, good files and broken ones: the ids of two commands."""
    site.lay("fw.bin", b"made up")
    added, info = site.order("user", "add", "GATE1", "pin=5")[0], site.order("info", "GATE1")[0]
    sent = site.order("put-file", "GATE1", "file=fw.bin", "path=/mnt/fw.bin")[0]
    site.poll("GATE1", "&INFO=Ver%201.0,3,2,1,192.0.2.9,10,7,0,0,11100")
    site.result("GATE1", b"ID=%d&Return=-1&CMD=DATA\n" % added)
    site.result("GATE1", b"ID=%d&Return=0&CMD=INFO\n~DeviceName=X\nMAC=00:17:61:00:00:01\n" % info)
    site.result("GATE1", b"ID=4711&Return=0&CMD=DATA\n")
    site.ask("/iclock/cdata?SN=GATE1&PIN=4711")
    site.ended(added, info)
    site.upload("GATE1", b"\xff1\t2026-01-08 08:00:00\t0\t1\t0\t1\t2\t3\n2\tno time\n")
    site.punchctl("device", "resend", "GATE1")
    site.punchctl("device", "set", "GATE2", "comm_key=made-up")
    site.shake_hands("GATE2")
    site.shake_hands("GATE2", "&pushver=2.4.1&language=83&pushcommkey=made-up")
    site.punchctl("device", "set", "GATE2", "networks=192.0.2.0/24")
    site.shake_hands("GATE2")
    broken = make_entry("GATE1", b"made up").replace(b"made", b"MADE")
    site.put(broken)
    site.put(broken, state="hold")
    site.wait_worked_off()
    wait_until(lambda: site.rows("cmd", "ls", "--stray"), "the result of none")
    wait_until(lambda: "network_refused" in site.device("GATE2"), "cmdqd notes where it spoke from")
    return info, sent


def exported(site, page):
    to = f"{site.dir}/export"
    site.punchctl("export", "--to", to, "--reveal", user=False)
    for name, listing in (("punches", "punch ls"), ("users", "user ls"), ("log", "oplog ls"), ("photos", "photo ls"),
                          ("items", "export")):
        with open(f"{to}/{name}.jsonl", encoding="utf-8") as f:
            compare(page, listing, [json.loads(line) for line in f])


LISTINGS = (  # of which there are JSON and CSV, with what is asked for where it is more than the name
    ("punch ls",), ("punch follow", "punch follow --after 0 --limit 2"), ("punch count",), ("user ls",), ("user export",),
    ("user ls", "user ls --deleted --reveal"), ("template ls",), ("template ls", "photo ls --kind user"), ("photo ls",),
    ("oplog ls",), ("oplog ls", "oplog ls --kind error"), ("oplog follow", "oplog follow --after 0 --limit 2"),
    ("audit",), ("raw ls",), ("device ls",), ("cmd ls",), ("cmd ls --stray",), ("cmd verbs",), ("file ls",), ("spool ls",),
    ("spool ls spool", "spool ls upload"), ("template export", "template export --reveal"))


def members_are_named(context):
    """every member that --json writes is in the page for its listing; the columns of --csv are just those"""
    page = listings_of_page()
    with start(context, allow_remote="true", allow_put_file="true") as site:
        info, sent = fill(site)
        for listing, *asked in LISTINGS:
            words = (asked or [listing])[0].split()
            compare(page, listing, site.rows(*words))
            compare_heading(site, page, listing, words)
        bad = [name for name in site.names("upload", "bad") if not name.endswith(".why")]
        alone = (("user show", "1001"), ("device show", "GATE1"), ("device show", "GATE2"), ("cmd show", str(info)),
                 ("cmd show", str(sent)), ("cmd wait", str(info)), ("status",), ("spool show", bad[0]),
                 ("spool show", site.names("upload", "done")[0], "--body"))
        for listing, *more in alone:
            compare(page, listing, site.rows(*listing.split(), *more))
        compare(page, "commands", site.rows(*patient(("user", "add", "GATE1", "pin=6"))))
        found = site.run("punchctl", "spool", "check", "--json", code=65).stdout
        compare(page, "spool check", [json.loads(line) for line in found.splitlines()])
        for words in (("template", "export", "--reveal"), ("photo", "export")):
            compare(page, " ".join(words[:2]), site.rows(*words, "--to", f"{site.dir}/out", user=False))
        exported(site, page)
        compare(page, "user erase", site.rows("user", "erase", "1001", "--yes"))


TESTS = [members_are_named]
