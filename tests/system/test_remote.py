# SPDX-License-Identifier: GPL-2.0-or-later
"""remote: remote attendance, from a terminal's question to the lines that make somebody known to it: each dialect, who may
ask, what is audited, and that a user who was lent is taken back. docs/PROTOCOL.md 6"""

import base64
import os
import time

from checks import check, same, wait_until
from daemon import Clock
from test_questions import golden

HOME = "REMOTE0001"  # here everybody was enrolled
NEW, OLD, CHINESE, RICH, ELSEWHERE = (f"REMOTE000{n}" for n in range(2, 7))
ASKING = (NEW, OLD, CHINESE, RICH)
NONE = b"NONE\n"
DAY = 86400


def b64(data):
    return base64.b64encode(data)


TEN, NINE = b64(b"\x4a\x9bSS21 made up"), b64(b"\xa1\xca\x01\x02 made up")
FACE, JPEG = b64(b"a face, made up"), b64(b"\xff\xd8\xff\xe0 made up \xff\xd9")
PEOPLE = (b"USER PIN=147\tName=\xe5\xbc\xa0\xe4\xb8\x89\tPri=14\tPasswd=77338192\tCard=[15CD5B0700]\tGrp=1\t"
          b"TZ=0001000100000000\n"
          + b"FP PIN=147\tFID=6\tSize=%d\tValid=1\tTMP=%s\n" % (len(TEN), TEN)
          + b"FP PIN=147\tFID=7\tSize=%d\tValid=3\tTMP=%s\n" % (len(NINE), NINE)
          + b"BIODATA Pin=147\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=35\tMinorVer=4\tFormat=0\tTmp=%s\n" % FACE
          + b"USERPIC PIN=147\tFileName=147.jpg\tSize=%d\tContent=%s\n" % (len(JPEG), JPEG)
          + b"USER PIN=8\tName=Ben\tPri=0\tPasswd=\tCard=\tGrp=\tTZ=\n")
SECRETS = ("77338192", "123456789", TEN.decode(), NINE.decode(), FACE.decode(), JPEG.decode())


def begin(t, clock=False, **conf):
    """A site of five, and one elsewhere."""
    settings = {"allow_remote": "true", "remote_sites": '"north"'}
    site = t.site(conf={**settings, **conf})
    site.clock = Clock(site) if clock else None
    site.make_spools()
    site.parserd.start()
    site.cmdqd.start(**({"env": site.clock.env} if clock else {}))
    site.ingestd.start(**({"env": site.clock.env} if clock else {}))
    site.punchctl("device", "approve", HOME, *ASKING, ELSEWHERE)
    site.punchctl("device", "set", HOME, *ASKING, "site=north")
    site.punchctl("device", "set", ELSEWHERE, "site=south")
    wait_until(lambda: site.shake_hands(NEW).status == 200, "the desk is there")
    site.shake_hands(HOME, "&pushver=2.4.1&language=69")
    site.shake_hands(OLD, "")
    site.shake_hands(CHINESE, "&pushver=2.4.1&language=83")
    site.shake_hands(RICH, "&pushver=3.1.2&language=69")
    site.shake_hands(ELSEWHERE)
    site.poll(NEW, "&INFO=V1,0,0,0,192.0.2.1,10,-1,0,0,100")
    site.poll(RICH, "&INFO=V1,0,0,0,192.0.2.1,10,35,1,0,11111")
    site.upload(HOME, PEOPLE, table="OPERLOG")
    site.wait_worked_off()
    return site


def asks(site, serial, pin="147", form="&PIN={}"):
    return site.ask(f"/iclock/cdata?SN={serial}" + form.format(pin))


def told(site, serial, want, what, pin="147"):
    reply = asks(site, serial, pin)
    same((reply.status, reply.body), (200, want), what)


def audit(site, *options):
    """The oldest first."""
    return [(e["kind"], e["serial"], e.get("pin"), e["granted"], e["count"])
            for e in reversed(site.rows("audit", *options))]


def no_secrets(site):
    for daemon in site.daemons.values():
        for secret in SECRETS:
            check(secret not in daemon.log(), "a secret is in the log of", daemon.name)
    shown = site.punchctl("audit", "--csv").decode()
    check(not any(secret in shown for secret in SECRETS), "a secret is in the audit")


def remote_dialects(t):
    """each kind of terminal hears its own words for the same person, in both spellings of the question"""
    with begin(t) as site:
        for serial, name in ((NEW, "new"), (OLD, "old"), (CHINESE, "chinese"), (RICH, "rich")):
            golden(asks(site, serial), f"lookup_{name}")
            same(asks(site, serial, form="&table=RemoteAtt&PIN={}").body, asks(site, serial).body, "both spellings")
        golden(asks(site, NEW, "4711"), "lookup_none")
        check(b"Name=\xd5\xc5\xc8\xfd\t" in asks(site, CHINESE).body, "a name is not in GB18030")
        site.punchctl("device", "set", NEW, "card_form=hex", "card_order=high", "charset=gb18030")
        body = asks(site, NEW).body
        check(b"Name=\xd5\xc5\xc8\xfd\t" in body and b"Card=[00075BCD15]\t" in body, "settings do not count:", body)
        for line in asks(site, RICH).body.splitlines():
            check(line.startswith(b"DATA UPDATE ") and len(line) < 10240, "a line:", line)
        no_secrets(site)


def remote_who_may_ask(t):
    """another site, a device that is switched off and one that is not approved hear of nobody"""
    with begin(t) as site:
        told(site, ELSEWHERE, NONE, "another site")
        site.punchctl("device", "set", ELSEWHERE, "remote=yes")
        told(site, ELSEWHERE, NONE, "another site, switched on")
        site.punchctl("device", "set", NEW, "remote=no")
        told(site, NEW, NONE, "one that is switched off")
        site.punchctl("device", "set", NEW, "remote=")
        check(asks(site, NEW).body.startswith(b"DATA UPDATE USERINFO PIN=147\t"), "one that is switched on again")
        site.punchctl("device", "refuse", OLD)
        same(asks(site, OLD).status, 403, "one that is refused")
        site.upload(HOME, b"OPLOG 9\t0\t2026-01-07 08:00:00\t147\t0\t0\t0\n", table="OPERLOG")
        site.wait_worked_off()
        told(site, NEW, NONE, "somebody who was deleted")
        same(audit(site), [("lookup", ELSEWHERE, "147", False, 0)] * 2 + [("lookup", NEW, "147", False, 0),
             ("lookup", NEW, "147", True, 2), ("lookup", NEW, "147", False, 0)], "the audit")
        same([e["why"] for e in site.rows("audit", "--refused", "--serial", NEW)],
             ["no device of the site knows this PIN", "not switched on for this device"], "the reasons")
        same(len(site.rows("audit", "--pin", "147", "--kind", "lookup", "--since", "-1h", "--limit", "2")), 2, "a few")
        same(site.rows("audit", "--kind", "alarm"), [], "alarms")
        same(site.refusal("audit", "--kind", "other")[0], 64, "a kind that is none")


def remote_off(t):
    """without allow_remote nobody is told of anybody, and the private records are not even opened"""
    with begin(t, allow_remote="false") as site:
        site.punchctl("device", "set", NEW, "remote=yes")
        told(site, NEW, NONE, "one that is switched on in vain")
        held = site.cmdqd.descriptors().values()
        check(not any("/private/" in path for path in held), "cmdqd holds", *held)


def remote_cannot_tell(t):
    """where the private records cannot be read the terminal hears 503, not that nobody knows the person"""
    with begin(t) as site:
        private = f"{site.state_dir}/private/records"
        site.cmdqd.stop()
        os.rename(private, private + ".away")
        site.cmdqd.start()
        wait_until(lambda: site.shake_hands(NEW).status == 200, "the desk is there again")
        same(asks(site, NEW).status, 503, "without the private records")
        same(site.rows("audit"), [], "what was audited")
        os.rename(private + ".away", private)
        check(asks(site, NEW).body.startswith(b"DATA UPDATE"), "the private records are there again")


def remote_sprays(t):
    """one that tries all PINs is heard a hundred times, and told of once"""
    with begin(t) as site:
        began = time.monotonic()
        statuses = [asks(site, NEW, 5000 + n).status for n in range(130)]
        more = statuses[100:].count(200)
        check(more <= (time.monotonic() - began) // 60, "it hears more than another one a minute:", more)
        same((statuses[:100], statuses[100:].count(503)), ([200] * 100, 30 - more), "what it hears")
        check(asks(site, OLD).body.startswith(b"DATA USER PIN=147\t"), "another one is not told")
        same(len(site.rows("audit", "--serial", NEW)), 101 + more, "what is audited of it")
        same([e["serial"] for e in site.rows("audit", "--kind", "alarm")], [NEW], "alarms")
        same(site.rows("status")[0]["alarms"], 1, "alarms in the status")
        check(b"ALARMS   1 " in site.punchctl("status"), "status does not show it")


def remote_survives_kills(t):
    """whatever a terminal was told is in the audit, wherever cmdqd is killed"""
    with begin(t) as site:
        heard = 0
        for _ in range(5):
            for _ in range(3):
                heard += asks(site, NEW).body.startswith(b"DATA ")
            site.cmdqd.kill()
            same(asks(site, NEW).status, 503, "while cmdqd is down")
            site.cmdqd.start()
            wait_until(lambda: site.shake_hands(OLD, "").status == 200, "the desk is there again")
            check(len(audit(site)) >= heard, heard, "were told, and audited", len(audit(site)))
        same(heard, 15, "answers")


def remote_withdraw(t):
    """a user who was lent is deleted when it is due, also after a kill, but not where an operator enrolled him or gave him"""
    with begin(t, clock=True, remote_withdraw='"5 days"') as site:
        for serial in ASKING:
            check(asks(site, serial).body.startswith(b"DATA U"), serial, "is not told")
        check(asks(site, HOME).body.startswith(b"DATA U"), "the one that he comes from is not told")
        # One uploads what it was told, on another he is enrolled with a finger of its own, a third one is given him.
        site.upload(NEW, b"USER PIN=147\tName=Zhang\tPri=0\tPasswd=77338192\tCard=\tGrp=1\tTZ=\n"
                    + b"FP PIN=147\tFID=6\tSize=%d\tValid=1\tTMP=%s\n" % (len(TEN), TEN), table="OPERLOG")
        site.upload(CHINESE, b"USER PIN=147\tName=Zhang\tPri=0\tPasswd=\tCard=\tGrp=1\tTZ=\n"
                    + b"FP PIN=147\tFID=1\tSize=%d\tValid=1\tTMP=%s\n" % (len(NINE) + 4, NINE[:-4] + b"QUJDREVG"),
                    table="OPERLOG")
        site.wait_worked_off()
        site.order("user", "add", OLD, "pin=147", "name=Zhang")
        site.clock.forward(4 * DAY)
        check(asks(site, RICH).body.startswith(b"DATA U"), "it is not told again")
        site.cmdqd.kill()
        site.cmdqd.start(env=site.clock.env)
        site.clock.forward(DAY + 3600)
        wait_until(lambda: len(site.rows("audit", "--kind", "withdraw")) == 2, "what is due is dealt with")
        found = {e["serial"]: (e["granted"], e.get("why")) for e in site.rows("audit", "--kind", "withdraw")}
        same(found, {NEW: (True, None), CHINESE: (False, "enrolled on the device itself meanwhile")}, "after 5 days")
        site.clock.forward(4 * DAY)
        wait_until(lambda: len(site.rows("audit", "--kind", "withdraw")) == 3, "the last one is dealt with")
        same(site.rows("audit", "--kind", "withdraw", "--limit", "1")[0]["serial"], RICH, "the last one")
        wait_until(lambda: site.shake_hands(NEW).status == 200, "the desk is there again")
        lines = {serial: site.ask(f"/iclock/getrequest?SN={serial}").body for serial in (NEW, CHINESE, RICH, HOME)}
        check(b":DATA DELETE USERINFO PIN=147\n" in lines[NEW], NEW, "hears", lines[NEW])
        for what in (b"BIODATA Pin", b"USERPIC PIN", b"USERINFO PIN"):
            check(b":DATA DELETE " + what + b"=147\n" in lines[RICH], RICH, "hears", lines[RICH])
        same((lines[CHINESE], lines[HOME]), (b"OK", b"OK"), "those that keep him")


def remote_audit_is_purged(t):
    """what is older than audit_keep goes"""
    with begin(t, clock=True, audit_keep='"2 days"') as site:
        told(site, NEW, NONE, "nobody", "4711")
        site.clock.forward(DAY)
        told(site, NEW, NONE, "nobody", "4712")
        site.clock.forward(DAY + 3600)
        wait_until(lambda: [e["pin"] for e in site.rows("audit")] == ["4712"], "the older one to go")


TESTS = [remote_dialects, remote_who_may_ask, remote_off, remote_cannot_tell, remote_sprays, remote_survives_kills,
         remote_withdraw, remote_audit_is_purged]
