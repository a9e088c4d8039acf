# SPDX-License-Identifier: GPL-2.0-or-later
"""verify: background verification, from the terminal's question to the line that lets somebody in: each method, each
charset, a thousand wrong passwords, and a matcher that misbehaves while uploads go on. docs/PROTOCOL.md 6"""

import base64
import json
import os
import signal

from checks import check, same, wait_until
from test_matchd import OTHER_FINGER, child_of, put_matcher, template
from test_questions import golden, golden_body

FAILED, ANN = golden_body("verify_failed"), golden_body("verify_ann")
OLD, CHINESE = "VERIFY0001", "VERIFY0002"  # two of one site; all people were enrolled at the first
ELSEWHERE, OFF = "VERIFY0003", "VERIFY0004"
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(100)) + b"\xff\xd9"
NAME = "张三"
STORED = template(2)


def user(pin, name, password="", card=""):
    return f"USER PIN={pin}\tName={name}\tPri=0\tPasswd={password}\tCard={card}\tGrp=1\tTZ=0001000100000000\n".encode()


PEOPLE = (user(1, "Ann", "77338192", "[15CD5B0700]") + user(2, NAME)
          + user(3, "Cem", "77348192", "[0A00000000]")
          + f"FP PIN=1\tFID=6\tSize={len(STORED)}\tValid=1\tTMP={STORED}\n".encode()
          + b"USERPIC PIN=3\tFileName=3.jpg\tSize=%d\tContent=%s\n"
          % (len(base64.b64encode(PHOTO)), base64.b64encode(PHOTO))
          + f"FP PIN=2\tFID=6\tSize={len(STORED)}\tValid=1\tTMP={template(3, OTHER_FINGER)}\n".encode())


def begin(t, matchd=False, **conf):
    """A site of two, one elsewhere, and one that may not ask."""
    settings = {"allow_verify": "true", "verify_failures": "1000"}
    site = t.site(conf={**settings, **conf}, matchd=matchd)
    site.start("parserd", "cmdqd", "ingestd")
    site.punchctl("device", "approve", OLD, CHINESE, ELSEWHERE, OFF)
    for serial in (OLD, CHINESE, ELSEWHERE):
        site.punchctl("device", "set", serial, "verify=yes", "site=north" if serial != ELSEWHERE else "site=south")
    wait_until(lambda: site.shake_hands(OLD, "").status == 200, "the desk is there")
    site.shake_hands(CHINESE, "&pushver=2.4.1&language=83")
    site.shake_hands(ELSEWHERE)
    site.shake_hands(OFF)
    site.upload(OLD, PEOPLE, table="OPERLOG")
    site.wait_worked_off()
    return site


def ask(site, how, pin, shown, serial=CHINESE):
    return site.ask(f"/iclock/cdata?SN={serial}&AuthType={how}", f"PIN={pin}\tSize={len(shown)}\tTMP={shown}".encode())


def asks(site, how, pin, shown, serial=CHINESE):
    """What the terminal hears; its reply is one that ends the connection."""
    reply = ask(site, how, pin, shown, serial)
    same((reply.status, reply.closed), (200, True), "a reply")
    return reply.body


def uploads_go_on(site, number):
    at = f"2026-01-05 {number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    same(site.upload(OFF, f"7\t{at}\t0\t1\n".encode()).body, b"OK: 1\n", "an upload")


def nothing_said(site, *secrets):
    for daemon in site.daemons.values():
        for secret in secrets:
            check(secret not in daemon.log(), "what was shown is in the log of", daemon.name)


def audited(site):
    """The entries of the audit of what was asked and of alarms, in order of time, as the store has them."""
    text = site.dump_store("cmdqd/control").decode()
    lines = text[text.index("[audit]\n"):].split("\n")[1:]
    found = []
    for line in lines:
        if "=" not in line:
            break
        facts = bytes.fromhex(line.split("=")[1]).decode()
        found.append(dict(fact.split("=", 1) for fact in facts.splitlines()))
    return [entry for entry in found if entry["what"] in ("verify", "alarm")]


def decided(entry):
    """What came too late on a busy machine is no failure of whoever stands there, and does not count as one."""
    return not entry.get("why", "").startswith("not decided")


def granted(entries, pin=None):
    return [e for e in entries if e.get("granted") == "1" and pin in (None, e["pin"])]


# ---- each method ----


def verify_methods(t):
    """cards by number and by PIN, passwords and fingers, in each charset; what is wrong, elsewhere or off is refused"""
    with begin(t, matchd=True) as site:
        put_matcher(t, site)
        site.matchd.start()
        wait_until(lambda: "a matcher is at work" in site.cmdqd.log(), "cmdqd has heard of the matcher")
        golden(ask(site, "CARD", 0, "123456789"), "verify_ann", "a card")
        golden(ask(site, "CARD", 1, "123456789"), "verify_ann", "a card and its PIN")
        golden(ask(site, "CARD", 3, "123456789"), "verify_failed", "another's card")
        golden(ask(site, "CARD", 0, "987654321"), "verify_failed", "a card of nobody")
        golden(ask(site, "CARD", 0, "123456789", OLD), "verify_ann", "a card where it was enrolled")
        golden(ask(site, "CARD", 0, "123456789", ELSEWHERE), "verify_failed", "a card of another site")
        golden(ask(site, "CARD", 0, "123456789", OFF), "verify_failed", "a card where nobody may ask")
        golden(ask(site, "PWD", 3, "77348192"), "verify_photo", "a password, with a photo")
        golden(ask(site, "PWD", 3, "77338192"), "verify_failed", "another's password")
        golden(ask(site, "PWD", 2, "0"), "verify_failed", "a password where there is none")
        golden(ask(site, "PWD", 2, ""), "verify_failed", "no password where there is none")
        golden(ask(site, "FP", 1, template(9)), "verify_ann", "a finger")
        golden(ask(site, "FP", 2, template(9)), "verify_failed", "another's finger")
        golden(ask(site, "FP", 2, template(9, OTHER_FINGER)), "verify_gb18030", "a name in GB18030")
        golden(ask(site, "FP", 2, template(9, OTHER_FINGER), OLD), "verify_utf8", "a name in UTF-8")
        golden(ask(site, "FP", 0, template(9)), "verify_failed", "a finger of nobody in particular")
        golden(ask(site, "FACE", 1, "AAAA"), "verify_failed", "a face")
        site.punchctl("device", "set", CHINESE, "card_form=decimal", "card_order=high")
        golden(ask(site, "CARD", 0, "365779719"), "verify_ann", "a card that the reader turns")
        golden(ask(site, "CARD", 0, "123456789"), "verify_failed", "and one that it does not")
        found = audited(site)
        same(len(found), 18, "attempts that were audited")
        same(len(granted(found)), 8, "those that were granted")
        nothing_said(site, "123456789", "77348192", template(9), STORED, "77338192")
        for secret in ("123456789", "77348192", template(9)):
            check(secret not in str(found), "a secret is in the audit")


# card_form and card_order of the device, and what devsim calls it.
SPELLINGS = (("decimal", "low", "decimal"), ("decimal", "high", "turned"), ("hex", "low", "hex"),
             ("hex", "high", "hex-high"))


def verify_cards_spelled(t):
    """a card in each spelling, from a terminal of each dialect: right where the device writes cards so"""
    with begin(t) as site:
        sims = {dialect: f"SIM{number:06}" for number, dialect in enumerate(("new", "old", "oldest", "aspx", "acc"), 1)}
        site.punchctl("device", "approve", *sims.values())
        site.punchctl("device", "set", *sims.values(), "verify=yes", "site=north")

        def counts(dialect, card, number):
            out = site.devsim("ask", "--json", f"--first-serial={int(sims[dialect][3:])}", f"--dialect={dialect}",
                              f"--card={card}", f"card:{number}")
            report = json.loads(out.splitlines()[-1])
            return [report[k] for k in ("yes", "no", "odd")]

        for form, order, card in SPELLINGS:
            site.punchctl("device", "set", *sims.values(), f"card_form={form}", f"card_order={order}")
            for dialect in sims:
                same(counts(dialect, card, 123456789), [1, 0, 0], f"{form}, {order} from {dialect}")
                same(counts(dialect, card, 987654321), [0, 1, 0], f"a card of nobody, {form}, {order} from {dialect}")
            turned = {"decimal": "turned", "turned": "decimal", "hex": "hex-high", "hex-high": "hex"}[card]
            same(counts("new", turned, 123456789), [0, 1, 0], f"{turned} where it is {form}, {order}")
        same(len(granted(audited(site), "1")), len(SPELLINGS) * len(sims), "cards that were audited")


def verify_survives_kills(t):
    """what a terminal was told is in the audit after a kill; after it cmdqd answers again"""
    with begin(t) as site:
        for number in range(5):
            same(asks(site, "CARD", 0, "123456789"), ANN, "a card")
            site.cmdqd.kill()
            same(asks(site, "CARD", 0, "123456789"), FAILED, "a card while cmdqd is down")
            uploads_go_on(site, number)
            site.cmdqd.start()
            wait_until(lambda: site.ask(f"/iclock/getrequest?SN={OLD}").status == 200
                       and asks(site, "PWD", 3, "77348192") != FAILED, "the desk is there again")
            same(len(granted(audited(site), "1")), number + 1, "cards that were audited")


# ---- who fails too often ----


def verify_wrong_passwords(t):
    """a thousand wrong passwords are five guesses, at all devices of the site together, also after a restart"""
    with begin(t, verify_failures="5", verify_lockout='"24 h"') as site:
        for number in range(1000):
            # Without a success between them, the device would be locked out.
            serial = (OLD, CHINESE)[number % 2]
            same(asks(site, "PWD", 1, f"{number:04d}", serial), FAILED, "a wrong password")
            if number < 10:
                same(asks(site, "CARD", 3, "10", serial)[:13], b"AUTH=Success\t", "another's card")
            if number % 100 == 0:
                uploads_go_on(site, number)
        for serial in (OLD, CHINESE):
            same(asks(site, "PWD", 1, "77338192", serial), FAILED, "the right password of one who is locked out")
            same(asks(site, "CARD", 0, "123456789", serial), FAILED, "his card")
        found = audited(site)
        same(len([a for a in found if a["what"] == "alarm"]), 1, "alarms")
        same(len([a for a in found if a["what"] == "verify" and a["pin"] == "1" and decided(a)]), 5, "attempts that were looked at")
        site.cmdqd.restart()
        wait_until(lambda: site.shake_hands(OLD, "").status == 200, "the desk is there again")
        same(asks(site, "PWD", 1, "77338192", OLD), FAILED, "the right password after a restart")
        same(asks(site, "CARD", 3, "10", OLD)[:13], b"AUTH=Success\t", "another's card after a restart")
        # And the device that finds nobody.
        for number in range(5):
            same(asks(site, "CARD", 0, f"5555{number}", OLD), FAILED, "a card of nobody")
        same(asks(site, "CARD", 3, "10", OLD), FAILED, "a card where the device is locked out")
        same(asks(site, "CARD", 3, "10")[:13], b"AUTH=Success\t", "the same at another one")
        wait_until(lambda: "a device is locked out" in site.cmdqd.log(), "the log has a word of it")
        site.alive("ingestd", "cmdqd", "parserd")


def verify_guesses_between_successes(t):
    """who has a card that is right cannot try others between: so many failures of a device an hour, also after a restart"""
    with begin(t, verify_failures="5", verify_device_failures="20") as site:
        looked_at = 0
        for number in range(50):
            same(asks(site, "CARD", 0, f"5555{number}"), FAILED, "a card of nobody")
            looked_at += asks(site, "CARD", 0, "123456789") == ANN
        found = audited(site)
        same(len([a for a in found if a["what"] == "verify" and a.get("granted") != "1" and decided(a)]), 20, "guesses")
        late = len([a for a in found if not decided(a)])
        check(0 < looked_at < 20 + late, looked_at, "cards were let in before the device had failed too often")
        same([a["why"] for a in found if a["what"] == "alarm"], ["a device fails more often than one may"], "alarms")
        site.cmdqd.restart()
        wait_until(lambda: site.shake_hands(OLD, "").status == 200, "the desk is there again")
        same(asks(site, "CARD", 0, "123456789"), FAILED, "a card that is right after a restart")
        same(asks(site, "CARD", 0, "123456789", OLD), ANN, "the same at another device")


# ---- matchers ----


def verify_replay(t):
    """the very bytes of a stored template are refused and raise an alarm, from whatever device they come"""
    with begin(t, matchd=True) as site:
        put_matcher(t, site)
        site.matchd.start()
        wait_until(lambda: "a matcher is at work" in site.cmdqd.log(), "cmdqd has heard of the matcher")
        same(asks(site, "FP", 1, STORED), FAILED, "a replayed template")
        found = audited(site)
        same([a["what"] for a in found], ["verify", "alarm"], "what was audited")
        same(found[1]["why"], "a stored template was shown as a finger", "the alarm")
        same(asks(site, "FP", 2, STORED), FAILED, "a template that is another PIN's")
        found = audited(site)
        same([a["what"] for a in found], ["verify", "alarm"] * 2, "what was audited of that")
        same(found[2]["why"], "the very bytes of a template of another PIN", "why")
        wait_until(lambda: "a stored template was shown as a finger serial=" + CHINESE in site.cmdqd.log(), "an alarm is logged")
        nothing_said(site, STORED)
        same(asks(site, "FP", 1, template(9)), ANN, "the finger itself")


def verify_matcher_misbehaves(t):
    """a matcher that hangs, dies, lies or says everything twice lets nobody in, and holds up nobody"""
    with begin(t, matchd=True) as site:
        put_matcher(t, site)
        site.matchd.start()

        def well():
            return asks(site, "FP", 1, template(9)) == ANN

        wait_until(well, "a matcher is at work")
        for number, mark in enumerate((b"hang", b"spin", b"die!", b"crsh", b"hog!", b"flod", b"shut", b"babl", b"long",
                                       b"lies", b"twic", b"agai", b"refu")):
            same(asks(site, "FP", 1, template(9, mark)), FAILED, f"a matcher and {mark}")
            uploads_go_on(site, number)
            same(asks(site, "CARD", 0, "123456789"), ANN, "a card")
            wait_until(well, f"the matcher is at work again after {mark}")
        site.alive()


def verify_matchd_away(t):
    """without matchd, with one that is stopped, and after its death no finger is let in; cards and uploads go on"""
    with begin(t, matchd=True) as site:
        put_matcher(t, site)
        same(asks(site, "FP", 1, template(9)), FAILED, "a finger without matchd")
        site.matchd.start()

        def well():
            return asks(site, "FP", 1, template(9)) == ANN

        wait_until(well, "a matcher is at work")
        site.matchd.pause()
        same(asks(site, "FP", 1, template(9)), FAILED, "a finger while matchd is stopped")
        same(asks(site, "CARD", 0, "123456789"), ANN, "a card meanwhile")
        uploads_go_on(site, 1)
        site.matchd.resume()
        wait_until(well, "matchd goes on")
        site.matchd.kill()
        same(asks(site, "FP", 1, template(9)), FAILED, "a finger after matchd's death")
        uploads_go_on(site, 2)
        site.matchd.start()
        wait_until(well, "matchd is back")
        child = child_of(site.matchd.pid)
        os.kill(child, signal.SIGKILL)
        wait_until(well, "a new matcher is at work")


TESTS = (verify_methods, verify_cards_spelled, verify_survives_kills, verify_wrong_passwords,
         verify_guesses_between_successes, verify_replay, verify_matcher_misbehaves, verify_matchd_away)
