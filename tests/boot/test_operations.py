# SPDX-License-Identifier: GPL-2.0-or-later
"""operations: what docs/OPERATIONS.md and docs/MATCHER.md say, done as it stands there, and what it is for."""

import base64
import os

from book import OPERATIONS, steps
from checks import check, same, wait_until
from host import build_helper
from test_faults import restarted_after

SERIAL = "BOOK000001"
PUNCH = "{}\t2026-01-05 08:00:00\t0\t1\t0\n"


def ask(rig, target, *options, url="http://127.0.0.1:8081", may_fail=False):
    """What a terminal hears, by the hand of curl in the machine."""
    return rig.machine.run("curl", "--silent", "--show-error", "--fail", *options, f"{url}/iclock/{target}",
                           may_fail=may_fail)


def upload(rig, pin, *options, may_fail=False, **at):
    said = ask(rig, f"cdata?SN={SERIAL}&table=ATTLOG&Stamp={pin}", "--data-binary", PUNCH.format(pin), *options,
               may_fail=may_fail, **at)
    if not may_fail:
        same(said, "OK: 1\n", f"the reply to the punch of {pin}")
    return said


def admit(rig):
    rig.approve(SERIAL)
    wait_until(lambda: upload(rig, 1, may_fail=True), "the terminal is let in")


def pins(rig):
    return {r["pin"] for r in rig.rows("punch", "ls", "--serial", SERIAL)}


# ---- where terminals connect, and who is an operator ----


def another_port(rig):
    """by the book: systemctl edit, another port and one network alone; systemctl revert, and all is as it was"""
    (edit,) = [block for block in steps(OPERATIONS, "Install") if "systemctl edit" in block]
    drop_in = [line.split("#", 1)[1].replace("write:", "").strip() for line in edit.splitlines() if "#" in line]
    same(drop_in[0], "[Socket]", "what is written")
    rig.ip("address", "replace", "10.20.0.1/32", "dev", "lo")
    admit(rig)
    try:
        rig.follow_editing(edit, "\n".join(drop_in) + "\n")
        upload(rig, 2, url="http://10.20.0.1:8088")
        same(upload(rig, 3, may_fail=True), "", "the old port")
        same(upload(rig, 3, "--max-time", "1", url="http://127.0.0.1:8088", may_fail=True), "", "another network")
    finally:
        rig.follow("systemctl revert punchd-ingestd.socket\n" + "".join(edit.splitlines(True)[-2:]))
    upload(rig, 4)
    wait_until(lambda: pins(rig) == {"1", "2", "4"}, "who was let in, and nobody else, is in the records")


def operators(rig):
    """by the book: what a group gives is given by usermod, and nothing else is"""
    (groups,) = [block for block in steps(OPERATIONS, "Install") if "usermod" in block]
    rig.machine.run("useradd", "anna")
    rig.machine.run("useradd", "bella")
    rig.follow(groups)

    def may(user, *words):
        """Whether the command ended well, which says so behind what it prints."""
        said = rig.machine.run("sh", "-c", '"$@" && echo well', "-", "runuser", "-u", user, "--", "punchctl", *words,
                               may_fail=True)
        return said.endswith("well\n")

    for user, words, wanted in (("anna", ("punch", "count"), True), ("anna", ("device", "approve", SERIAL), True),
                                ("anna", ("template", "ls"), False), ("bella", ("template", "ls"), True),
                                ("nobody", ("punch", "count"), False)):
        same(may(user, *words), wanted, f"{user} may: {' '.join(words)}")


# ---- what is kept ----


def backup(rig):
    """by the book: a backup while terminals upload, restored; records that are lost come back by replay; room is made"""
    save, = steps(OPERATIONS, "Back up")
    restore, resend = steps(OPERATIONS, "Restore, or move to another machine")
    with rig.uploads("BAK") as load:
        before = rig.recorded() | load.acked()
        rig.follow(save + "echo $day >/root/day\n")
        load.go_on()
    rig.follow("day=$(cat /root/day)\n" + restore)
    rig.acked_before -= load.acked() - before
    rig.wait_active()
    wait_until(lambda: before <= rig.recorded(), "what had been acknowledged before the backup is in the records")
    rig.approve(SERIAL)
    rig.punchctl("device", "set", "--wait", SERIAL, "alias=gate")
    rig.follow(resend)
    after = rig.recorded()
    rig.follow(steps(OPERATIONS, "Replay")[0])
    wait_until(lambda: after <= rig.recorded(), "the records are there again")
    rig.follow(steps(OPERATIONS, "Disk full")[0])
    rig.note(len(before), "punches were acknowledged before the backup")


# ---- TLS ----

BY_TLS = {"url": "https://punchd.example:8443"}
ADDRESS = "127.0.0.77"
FROM = ("--interface", ADDRESS)
TRUSTED = ("--cacert", "/etc/punchd/tls/certificate.pem", "--resolve", "punchd.example:8443:127.0.0.1")


def tls(rig):
    """by the book: what comes by TLS is acknowledged, recorded and of its own address; killed, it comes back; plain HTTP goes on"""
    admit(rig)
    rig.follow(steps(OPERATIONS, "TLS, for terminals that can")[0])
    upload(rig, 11, *TRUSTED, *FROM, **BY_TLS)
    ask(rig, f"getrequest?SN={SERIAL}", *TRUSTED, *FROM, **BY_TLS)
    wait_until(lambda: "11" in pins(rig), "the punch is a record")
    wait_until(lambda: address(rig) == ADDRESS, "the terminal is known by its own address")
    worker = children_of(rig, "tls")
    same(upload(rig, 12, url="http://127.0.0.1:8443", may_fail=True), "", "the reply to plain HTTP")
    same(upload(rig, 12, *TRUSTED, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", may_fail=True, **BY_TLS), "",
         "the reply by TLS 1.1")
    same(children_of(rig, "tls"), worker, "processes of the terminator after it refused")
    with rig.uploads("TLS") as load:
        restarted_after(rig, load, "tls", "KILL", "signal")
    upload(rig, 13, *TRUSTED, **BY_TLS)
    wait_until(lambda: "13" in pins(rig), "the punch is a record")
    check("12" not in pins(rig), "who was refused is in the records")
    check("TCP_" not in rig.machine.journal("-u", "punchd-ingestd"), "ingestd complains that a unix socket is no TCP")


def address(rig):
    return next(d["address"] for d in rig.rows("device", "ls") if d["serial"] == SERIAL)


def children_of(rig, daemon):
    pid = rig.machine.main_pid(f"punchd-{daemon}")
    return rig.machine.run("cat", f"/proc/{pid}/task/{pid}/children").split()


# ---- a matcher ----


def template(seed, finger):
    """Made up, with the head of ZKFinger 10; the stand-in goes by the last four bytes."""
    body = bytes((seed * 31 + i) % 256 for i in range(18)) + finger.to_bytes(4, "big")
    return base64.b64encode(b"MKSS21" + (32).to_bytes(4, "big") + body).decode()


def finger(rig, seed, number):
    """What a terminal hears that asks whether it is the finger of 7001."""
    shown = template(seed, number)
    return ask(rig, f"cdata?SN={SERIAL}&AuthType=FP", "--data-binary", f"PIN=7001\tSize={len(shown)}\tTMP={shown}")


def matcher(rig):
    """by the book: a matcher is installed and asked whose finger it is; it is killed, and matchd begins it anew"""
    admit(rig)
    rig.put(build_helper(rig.build, "../matcher/stand-in.c"), "")
    os.rename(f"{rig.machine.tree}/root/stand-in", f"{rig.machine.tree}/root/matcher")
    install, switch_on = steps("MATCHER.md", "Installing it")
    allow, start = steps(OPERATIONS, "Verification and remote attendance")
    rig.follow(install + allow + start + switch_on.replace("SIM000001", SERIAL))
    enrolled = template(1, 7)
    ask(rig, f"cdata?SN={SERIAL}&table=OPERLOG&Stamp=1", "--data-binary",
        f"USER PIN=7001\tName=Ann\tPri=0\nFP PIN=7001\tFID=6\tSize={len(enrolled)}\tValid=1\tTMP={enrolled}\n")
    wait_until(lambda: rig.rows("template", "ls", "--serial", SERIAL), "the finger is in the records")
    wait_until(lambda: "a matcher is at work" in rig.machine.journal("-u", "punchd-cmdqd"), "cmdqd hears of the matcher")
    wait_until(lambda: "AUTH=Success\tPIN=7001" in finger(rig, 2, 7), "the finger is let in")
    check("AUTH=Failed" in finger(rig, 2, 8), "another finger was let in")
    (old,), matchd = children_of(rig, "matchd"), rig.machine.main_pid("punchd-matchd")
    rig.machine.run("sh", "-c", f"kill -KILL {old}")
    wait_until(lambda: children_of(rig, "matchd") not in ([], [old]), "the matcher is begun anew")
    wait_until(lambda: "AUTH=Success\tPIN=7001" in finger(rig, 3, 7), "the finger is let in again")
    same(rig.machine.main_pid("punchd-matchd"), matchd, "matchd")


TESTS = (another_port, operators, backup, tls, matcher)
