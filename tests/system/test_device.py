# SPDX-License-Identifier: GPL-2.0-or-later
"""device: what an operator sets for terminals and orders of them, and what he is refused. docs/PROTOCOL.md 1, 2, 5"""

import os
import re
import struct
import time

from checks import check, same, wait_until
from daemon import Clock
from devsim_logs import read_executed, read_log
from host import GID, IS_ROOT
from test_handshake import expected
from test_queue import Clocked, order_for, states, terminal

LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"


def answers(site, serial, source, more="&pushver=2.4.1"):
    """The statuses of all that a terminal may want, spoken from `source`."""
    return [site.shake_hands(serial, more, source=source).status,
            site.ask(f"/iclock/getrequest?SN={serial}", source=source).status,
            site.upload(serial, LINE, source=source).status,
            site.ask(f"/iclock/devicecmd?SN={serial}", b"ID=4711&Return=0\n", source=source).status]


# ---- settings ----


def field(reply, key):
    """A line of a handshake's reply."""
    found = re.search(rb"^%s=(.*)$" % key.encode(), reply.body, re.M)
    check(found, "no", key, "in", reply.body)
    return found.group(1).decode()


def device_settings(t):
    """each setting where a terminal meets it: in its handshake, its replies, the bytes of commands; shown; and gone"""
    with Clocked(t) as site:
        site.punchctl("device", "approve", "SET1", "SET2")
        words = ["error_delay=90s", "delay=7s", "trans_interval=0min", "trans_times=03:00;15:30",
                 "trans_flags=AttLog EnrollFP", "time_zone=Asia/Kolkata", "realtime=no"]
        site.punchctl("device", "set", "SET1", *words)
        changed = {"ErrorDelay": "90", "Delay": "7", "TransInterval": "0", "TransTimes": "03:00;15:30",
                   "TransFlag": "TransData AttLog\tEnrollFP", "TimeZone": "330", "Realtime": "0"}
        same(site.shake_hands("SET1").body, expected("SET1", **changed), "the handshake")
        old = site.shake_hands("SET1", "&pushver=1.0")
        same((field(old, "TransFlag"), field(old, "TimeZone")), ("100100000000", "330"), "the old handshake")
        same(site.shake_hands("SET2").body, expected("SET2"), "the other one's handshake")
        site.shake_hands("SET1")

        def bytes_of(*fields):
            number = site.order("user", "add", "SET1", *fields)[0]
            command = site.poll("SET1")[number]
            site.result("SET1", b"ID=%d&Return=0\n" % number)
            site.ended(number)
            return command.split(b"\t", 1)[1]

        same(bytes_of("pin=1", "name=张", "card=123456789"), "Name=张\tCard=123456789".encode(), "by its dialect")
        for settings, want in ((["charset=gb18030", "card_form=hex"], "Name=张\tCard=[15CD5B0700]".encode("gb18030")),
                               (["card_order=high"], "Name=张\tCard=[00075BCD15]".encode("gb18030")),
                               (["charset=utf-8", "card_form=decimal"], "Name=张\tCard=365779719".encode())):
            site.punchctl("device", "set", "SET1", *settings)
            same(bytes_of("pin=1", "name=张", "card=123456789"), want, f"with {settings}")
        site.punchctl("device", "set", "SET1", "batch_max=1KiB", "alias=Front door", "site=Oslo", "direction=in",
                      "networks=127.0.0.0/8", "wake=off", "zone_change=reboot", "comm_key=k3y")
        shown = site.device("SET1")
        want = {"error_delay": "90 s", "delay": "7 s", "trans_interval": "0 min", "trans_times": "03:00;15:30",
                "trans_flags": "AttLog EnrollFP", "time_zone": "Asia/Kolkata", "realtime": "no", "batch_max": "1 KiB",
                "alias": "Front door", "site": "Oslo", "comm_key": "(set)", "networks": "127.0.0.0/8",
                "charset": "utf-8", "direction": "in", "card_form": "decimal", "card_order": "high", "wake": "off",
                "zone_change": "reboot"}
        got = {key: str(value) for key, value in shown["settings"].items()}
        got["realtime"] = {"True": "yes", "False": "no"}.get(got["realtime"], got["realtime"])
        same(got, want, "settings that are shown")
        same(set(shown["own_settings"]), set(want), "settings of its own")
        site.cmdqd.kill()
        site.cmdqd.start(env=site.clock.env)
        same(site.device("SET1")["settings"], shown["settings"], "settings after a kill")
        site.punchctl("device", "set", "SET1", *[f"{key}=" for key in want])
        same(site.device("SET1")["own_settings"], [], "settings that were taken back")
        wait_until(lambda: site.shake_hands("SET1").body == expected("SET1"), "the defaults again")


# ---- time zones ----


def zone_file(path, before_min, after_min, at):
    """A zone of our own, compiled as tzfile(5) says: its offset changes once, at `at`."""
    head = b"TZif" + b"\0" * 16 + struct.pack(">6l", 0, 0, 0, 1, 2, 8)
    data = struct.pack(">lB", at, 1) + struct.pack(">lBB", before_min * 60, 0, 0)
    data += struct.pack(">lBB", after_min * 60, 1, 4) + b"AAA\0BBB\0"
    with open(path, "wb") as f:
        f.write(head + data)
    os.chmod(path, 0o644)


def device_zone_changes(t):
    """when a zone's offset changes its terminals are told: by CHECK, by REBOOT or not at all; once"""
    with t.site(conf={"time_zone": '"Made/Up"'}) as site:
        os.makedirs(f"{site.dir}/zones/Made")
        zone_file(f"{site.dir}/zones/Made/Up", 60, 120, int(time.time()) + 1800)
        zone_file(f"{site.dir}/zones/Made/Still", -210, -210, int(time.time()) + 1800)
        site.clock = Clock(site, TZDIR=f"{site.dir}/zones")
        site.start("parserd")
        site.cmdqd.start(env=site.clock.env)
        site.ingestd.start(env=site.clock.env)
        wait_until(lambda: site.shake_hands("DESK").status == 200, "the desk is there")
        site.punchctl("device", "approve", "ZON000001", "REB000001", "NOT000001", "STI000001", "NEVERSEEN")
        site.punchctl("device", "set", "REB000001", "zone_change=reboot")
        site.punchctl("device", "set", "NOT000001", "zone_change=none")
        site.punchctl("device", "set", "STI000001", "time_zone=Made/Still")
        refused = site.refusal("device", "set", "ZON000001", "time_zone=Made/Nothing")
        check(refused[0] == 65 and "no such time zone" in refused[1], "a zone that does not exist:", refused)
        for serial, zone in (("REB000001", "1"), ("NOT000001", "1"), ("STI000001", "-210")):
            same(field(site.shake_hands(serial), "TimeZone"), zone, f"the zone of {serial}")
        log = terminal(site, "ZON")
        wait_until(lambda: site.device("ZON000001").get("handshakes"), "the terminal is there")
        same(field(site.shake_hands("DESK"), "TimeZone"), "1", "before the change")
        site.clock.forward(3600)
        wait_until(lambda: len(site.commands()) >= 3, "commands are queued")
        site.clock.forward(120)
        same({(r["serial"], r["command"], r["order"]) for r in site.commands().values()},
             {("ZON000001", "check", "cmdqd"), ("REB000001", "reboot", "cmdqd"), ("DESK", "check", "cmdqd")},
             "commands that cmdqd ordered")
        number = next(r["id"] for r in site.commands().values() if r["serial"] == "ZON000001")
        hellos = site.device("ZON000001")["handshakes"]
        site.ended(number)
        same([e.command for e in read_executed(log)], [b"CHECK"], "what the terminal did")
        wait_until(lambda: site.device("ZON000001")["handshakes"] > hellos - 1 and
                   site.device("ZON000001")["handshakes"] >= 2, "it shakes hands again")
        for serial in ("ZON000001", "REB000001", "NOT000001"):
            same(field(site.shake_hands(serial), "TimeZone"), "2", f"the zone of {serial} after the change")
        same(field(site.shake_hands("STI000001"), "TimeZone"), "-210", "the zone that did not change")
        site.clock.forward(3600)
        time.sleep(1.5)  # cmdqd looks every half minute of its clock, which has just passed
        same(len(site.commands()), 3, "commands, an hour later")
        # Another zone is another offset too.
        site.punchctl("device", "set", "STI000001", "time_zone=Made/Up")
        site.clock.forward(60)
        wait_until(lambda: any(r["serial"] == "STI000001" for r in site.commands().values()), "told of its new zone")


# ---- who may speak ----


def device_comm_key(t):
    """a comm key: right, wrong, missing, changed, taken away; without it nothing is given; and it is kept nowhere"""
    key, other = "S3cret-Comm-Key-1", "An0ther-Comm-Key"
    with Clocked(t) as site:
        site.punchctl("device", "approve", "KEYED")

        def hello(said):
            return site.shake_hands("KEYED", "&pushver=2.4.1" + (f"&pushcommkey={said}" if said else "")).status

        def poll():
            return site.ask("/iclock/getrequest?SN=KEYED").status

        same((hello(None), poll()), (200, 200), "without a key")
        site.punchctl("device", "set", "KEYED", f"comm_key={key}")
        number = site.order("unlock", "KEYED", "--expires", "1h")[0]
        same((poll(), hello(None), hello("x"), hello(key + "x"), hello(key[:-1]), hello(other), poll()), (403,) * 7,
             "before the right key")
        same(states(site, number), ["queued"], "the command")
        shown = wait_until(lambda: (d := site.device("KEYED")).get("key_refused") and d, "the refusal is shown")
        same((shown["key_refused_address"], shown.get("key_good")), ("127.0.0.1", None), "the refusal")
        same(hello(key), 200, "with the key")
        same(list(site.poll("KEYED")), [number], "the poll")
        same((hello("x"), poll()), (403, 200), "a wrong one later does not shut out the right one")
        # A new key, by standard input as well: the old one is worth nothing.
        site.punchctl("device", "set", "KEYED", "comm_key=-", stdin=other.encode() + b"\n")
        same((poll(), hello(key), poll(), hello(other), poll()), (403, 403, 403, 200, 200), "the new key")
        site.cmdqd.stop()
        site.cmdqd.start(env=site.clock.env)
        wait_until(lambda: poll() == 200 and hello(other) == 200, "after a restart")
        same(hello(key), 403, "the old key after a restart")
        site.punchctl("device", "set", "KEYED", "comm_key=")
        same((hello(None), hello("anything"), poll()), (200, 200, 200), "no key any more")
        site.punchctl("device", "set", "KEYED", f"comm_key={key}")
        site.stop()
        for where, _, names in os.walk(site.dir):
            for name in names:
                if "/bin" not in where and os.path.isfile(f"{where}/{name}"):
                    with open(f"{where}/{name}", "rb") as f:
                        data = f.read()
                    check(key.encode() not in data and other.encode() not in data, "a key is in", where, name)


def device_networks(t):
    """a device that may speak from some networks alone: handshake, poll, upload and result from elsewhere hear 403"""
    inside, outside = "127.0.0.77", "127.0.0.78"
    with t.site(conf={"admit": "approved"}) as site:
        site.start()
        site.punchctl("device", "approve", "NETS", "FREE")
        wait_until(lambda: answers(site, "NETS", outside) == [200] * 4, "from anywhere at first")
        site.punchctl("device", "set", "NETS", "networks=127.0.0.77, 2001:db8::/32")

        def listed():
            with open(f"{site.state_dir}/cmdqd/admission", encoding="ascii") as f:
                return f.read().splitlines()

        wait_until(lambda: listed() == ["punchd-admission 2", "FREE", "NETS 127.0.0.77,2001:db8::/32"],
                   "the admission list has them")
        number = site.order("unlock", "NETS", "--expires", "1h")[0]
        wait_until(lambda: site.upload("NETS", LINE, source=outside).status == 403, "ingestd has the list")
        before = len(site.all_names("upload"))
        same(answers(site, "NETS", outside), [403] * 4, "from outside")
        same(len(site.all_names("upload")), before, "uploads that were stored")
        same(states(site, number), ["queued"], "the command after a poll from outside")
        shown = wait_until(lambda: (d := site.device("NETS")).get("network_refused") and d, "it is shown")
        same((shown["network_refused_address"], shown["address"]), (outside, outside), "addresses")
        same(answers(site, "FREE", outside), [200] * 4, "another device from there")
        same(site.shake_hands("NETS", source=inside).status, 200, "from inside")
        same(list(site.poll("NETS", source=inside)), [number], "the poll from inside")
        same(site.upload("NETS", LINE, source=inside).status, 200, "the upload from inside")
        wait_until(lambda: site.device("NETS")["address"] == inside, "where it is now")
        same(answers(site, "NETS", outside), [403] * 4, "from outside still")
        same(site.device("NETS")["address"], inside, "who speaks from outside was not seen")
        # Also while cmdqd is down: ingestd has it in the list.
        site.cmdqd.kill()
        same((site.upload("NETS", LINE, source=outside).status, site.upload("NETS", LINE, source=inside).status),
             (403, 200), "without cmdqd")
        site.start("cmdqd")
        site.punchctl("device", "set", "NETS", "networks=")
        wait_until(lambda: answers(site, "NETS", outside) == [200] * 4, "from anywhere again")
        for bad in ("networks=127.0.0.1/33", "networks=127.0.0.1/8", "networks=home", "networks=1.2.3.4,"):
            same(site.refusal("device", "set", "NETS", bad)[0], 64, bad)


# ---- names, removal, sending again, online ----


def device_names(t):
    """aliases, sites and --all as targets; names that are taken are refused; rm forgets a device and ends its commands"""
    with Clocked(t) as site:
        site.punchctl("device", "approve", "NAM1", "NAM2", "NAM3")
        site.punchctl("device", "refuse", "DESK")
        site.punchctl("device", "rename", "NAM1", "Haupteingang Süd")
        site.punchctl("device", "set", "NAM1", "NAM2", "site=Oslo")
        site.punchctl("device", "set", "NAM3", "site=Rome")

        def of(*words):
            return [r["serial"] for r in site.rows("log", *words)]

        same(of("Haupteingang Süd"), ["NAM1"], "by alias")
        same((sorted(of("@Oslo")), of("@Rome")), (["NAM1", "NAM2"], ["NAM3"]), "by site")
        same(sorted(of("--all")), ["NAM1", "NAM2", "NAM3"], "all that are approved")
        same(sorted(of("NAM1", "@Oslo", "Haupteingang Süd", "NAM3")), ["NAM1", "NAM2", "NAM3"], "each once")
        same(site.device("Haupteingang Süd")["serial"], "NAM1", "device show")
        for words, code, why in (
            (["device", "rename", "NAM2", "Haupteingang Süd"], 65, "another device has this alias"),
            (["device", "rename", "NAM2", "NAM3"], 65, "another device has this alias, or it is its serial"),
            (["device", "rename", "NAM2", "x" * 64], 64, "alias cannot be"), (["log", "Nobody"], 66, "'Nobody'"),
            (["log", "@Paris"], 66, "no approved device has the site 'Paris'"), (["log"], 64, "which device?"),
            (["log", "--all", "NAM1"], 64, "exclude each other"), (["unlock", "DESK"], 65, "the device is refused"),
            (["device", "set", "NAM1", "wake=224.0.0.1"], 64, "one host's"), (["punch", "ls", "--pin", "1" * 65], 64, "64"),
            (["device", "rm", "GHOST"], 66, "no device has the serial or alias 'GHOST'"),
        ):
            got = site.refusal(*words)
            check(got[0] == code and why in got[1], words, "hears", got)
        before = len(site.commands())
        site.punchctl("device", "rename", "NAM1", "")
        same(site.refusal("log", "Haupteingang Süd")[0], 66, "an alias that was taken away")
        site.punchctl("device", "rename", "NAM2", "Haupteingang Süd")
        same((of("Haupteingang Süd"), len(site.commands())), (["NAM2"], before + 1), "its new owner")
        # Forgotten: its commands end, and when it speaks again it is a new one. Ids are never given again.
        offered = list(site.poll("NAM2"))
        waiting = order_for(site, "NAM2", ["unlock"])
        site.punchctl("device", "rm", "Haupteingang Süd")
        same(states(site, *offered, waiting), ["cancelled"] * (len(offered) + 1), "its commands")
        same(site.refusal("device", "show", "NAM2")[0], 66, "device show")
        same(site.poll("NAM2"), {}, "its poll: with admit=any it is approved anew")
        wait_until(lambda: "NAM2" in [d["serial"] for d in site.rows("device", "ls")], "it is known again")
        new = site.device("NAM2")
        same((new["own_settings"], new["polls"], new.get("alias")), ([], 1, None), "what is known of it")
        check(order_for(site, "NAM2", ["log"]) > max(*offered, waiting), "an id was given again")
        site.result("NAM2", b"".join(b"ID=%d&Return=0\n" % i for i in offered))
        site.wait_worked_off("result")
        same(states(site, waiting), ["cancelled"], "what was never handed out")


def device_resend(t):
    """resend: a stamp of 0 once, whatever dies meanwhile; --since asks for a span; nothing is recorded twice"""
    with Clocked(t, delay='"2 s"') as site:
        site.punchctl("device", "approve", "RES000001")
        log, sent = f"{site.dir}/exec", f"{site.dir}/sent"
        site.devsim_start("run", "--serial-prefix", "RES", "--punches", "6", "--records", "2", "--stay",
                          "--obey-stamps", "--poll-ms", "30", "--seconds", "3600", "--exec-log", log, "--sent-log", sent)
        wait_until(lambda: len(site.punches()) == 6, "six punches")

        def uploads():
            return [line for line in read_log(sent) if line.count("\t") == 5]

        once = uploads()
        same(len(once), 6, "punches that were sent")
        site.punchctl("device", "resend", "RES000001", "--table", "attlog")
        wait_until(lambda: len(uploads()) == 12, "all are sent again")
        number = max(site.commands())
        same(site.command(number)["verb"], "check", "the command")
        same([r["state"] for r in site.ended(number)], ["done"], "the command")
        hellos = site.device("RES000001")["handshakes"]
        for _ in range(3):  # it shakes hands again and again, and sends nothing
            site.ended(order_for(site, "RES000001", ["check"]))
        wait_until(lambda: site.device("RES000001")["handshakes"] >= hellos + 3, "three more handshakes")
        polls = site.device("RES000001")["polls"]
        wait_until(lambda: site.device("RES000001")["polls"] > polls + 3, "some more polls")
        same((len(uploads()), len(site.punches())), (12, 6), "punches sent, and recorded")
        check(site.device("RES000001").get("resend") in (None, []), "resend is still due")
        # A span is a query, and no stamp is touched.
        day = once[0].split("\t")[2][:10]
        site.punchctl("device", "resend", "RES000001", "--since", day, "--until", day, "--wait")
        query = read_executed(log)[-1]
        same((query.command, query.code),
             (f"DATA QUERY ATTLOG StartTime={day} 00:00:00\tEndTime={day} 23:59:59".encode(), 6), "the query")
        wait_until(lambda: len(uploads()) == 18, "the span is sent")
        site.wait_worked_off()
        same(len(site.punches()), 6, "punches that are recorded")
        # By hand: 0 in one handshake, and only there; a kill after it brings no second one.
        site.upload("HAND", LINE, stamp="555")
        wait_until(lambda: field(site.shake_hands("HAND"), "ATTLOGStamp") == "555", "the stamp")
        wait_until(lambda: "HAND" in [d["serial"] for d in site.rows("device", "ls")], "it is known")
        site.punchctl("device", "resend", "HAND")
        same(site.device("HAND")["resend"], ["attlog", "operlog", "attphoto"], "what is due")
        site.cmdqd.kill()
        site.cmdqd.start(env=site.clock.env)
        first = wait_until(lambda: (r := site.shake_hands("HAND")).status == 200 and r, "the desk is there")
        same(field(first, "ATTLOGStamp"), "0", "the stamp of the next handshake")
        site.cmdqd.kill()
        site.cmdqd.start(env=site.clock.env)
        second = wait_until(lambda: (r := site.shake_hands("HAND")).status == 200 and r, "the desk is there")
        same(field(second, "ATTLOGStamp"), "555", "the stamp after that, and after a kill")
        same(len(site.poll("HAND")), 1, "one CHECK")


def device_online(t):
    """online while it polls, offline when three polls are missing; ls tells them apart"""
    with Clocked(t, delay='"60 s"') as site:
        site.punchctl("device", "approve", "SEEN", "NEVER")
        site.poll("SEEN")

        def listed(*options):
            return {d["serial"]: d["online"] for d in site.rows("device", "ls", *options, env=site.clock.env)}

        wait_until(lambda: listed().get("SEEN") is True, "it is online")
        same((listed()["NEVER"], set(listed("--online")) - {"DESK"}, "SEEN" in listed("--offline")),
             (False, {"SEEN"}, False), "lists")
        site.clock.forward(120)
        same(listed()["SEEN"], True, "three polls and half a minute are not over")
        site.clock.forward(100)
        same((listed()["SEEN"], "SEEN" in listed("--offline"), listed("--online")), (False, True, {}), "offline")
        same(site.device("SEEN", env=site.clock.env)["online"], False, "device show")
        site.poll("SEEN")
        wait_until(lambda: listed()["SEEN"] is True, "online again")


# ---- what is refused before anything is queued ----

REFUSED = (  # words, exit code, some of what is said
    (["user", "add", "PLAIN", "pin=1\t2"], 64, "pin"), (["user", "add", "PLAIN", "pin=1", "name=a\tb"], 64, "name"),
    (["user", "add", "PLAIN", "pin=1", "name=a\nb"], 64, "name"),
    (["user", "add", "PLAIN", "pin=1", "name=a\rb"], 64, "name"),
    (["user", "add", "PLAIN", "pin=" + "1" * 25], 64, "pin"),
    (["user", "add", "PLAIN", "pin=1", "password=123456789"], 64, "password"),
    (["user", "add", "PLAIN", "name=x"], 64, "pin"),
    (["user", "add", "PLAIN", "pin=1", "privilege=15"], 64, "privilege"),
    (["user", "add", "PLAIN", "pin=1", "pin=2"], 64, "twice"), (["user", "add", "PLAIN", "pin=1", "nme=x"], 64, "nme"),
    (["finger", "add", "PLAIN", "pin=1", "fid=10", "template=TQBT"], 64, "fid"),
    (["finger", "add", "PLAIN", "pin=1", "fid=1", "template=no base64"], 64, "template"),
    (["option", "set", "PLAIN", "~SerialNumber=1"], 64, "~"), (["option", "set", "PLAIN", "nothing"], 66, "'nothing'"),
    (["cmd", "raw", "PLAIN", "SET OPTION ~OEMVendor=x"], 64, "~"),
    (["query", "attlog", "PLAIN", "since=2026-02-30 00:00:00"], 64, "since"),
    (["shell", "PLAIN", "ls"], 65, "allow_shell"), (["put-file", "PLAIN", "file=x.tgz"], 65, "allow_put_file"),
    (["clear", "data", "PLAIN"], 65, "allow_clear"), (["clear", "log", "PLAIN"], 65, "allow_clear"),
    (["option", "set", "PLAIN", "WebServerIP=192.0.2.1"], 65, "allow_server_options"),
    (["cmd", "raw", "PLAIN", "SHELL ls"], 65, "allow_shell"),
    (["cmd", "raw", "PLAIN", "CLEAR  DATA"], 65, "allow_clear"),
    (["face", "add", "PLAIN", "pin=1", "fid=1", "template=AAEC"], 65, "face"),
    (["finger", "add", "PLAIN", "pin=1", "fid=1", "template=oco="], 65, "algorithm 10, and the terminal has 9"),
    (["photo", "add", "PLAIN", "pin=1", "content=/9j/"], 65, "picture"),
    (["log", "ACCESS"], 65, "access control"),
)


def operator():
    """Who may give orders and read the store, but is nobody's daemon: docs/TRUST.md."""
    return {"user": 65533, "group": 65533, "extra_groups": [GID]}


def device_refusals(t):
    """what no terminal, this terminal or this configuration takes is refused in words, whoever orders it"""
    with Clocked(t, allow_shell="false", allow_put_file="false", allow_clear="false") as site:
        for serial in ("PLAIN", "ACCESS"):
            site.punchctl("device", "approve", serial)
        site.shake_hands("ACCESS", "&DeviceType=acc&pushver=3.1.2")
        site.shake_hands("PLAIN")
        # Version 9 fingers, and no faces, no pictures.
        site.poll("PLAIN", "&INFO=Ver%208.0.4,1,2,3,192.0.2.7,9,-1,0,0,100")
        wait_until(lambda: site.device("PLAIN").get("finger_version") == "9", "what it can is known")
        whos = [("the daemons' user", None)] + ([("an operator", operator())] if IS_ROOT else [])
        tenth = "TQBTUzIxAAAA"  # a template of version 10
        wrong = []
        for name, who in whos:
            for words, code, why in REFUSED:
                words = [w.replace("oco=", tenth) for w in words]
                got = site.refusal(*words, who=who)
                if got[0] != code or why.lower() not in got[1].lower():
                    wrong.append(f"{name}: {words}: want {code}, {why!r}, got {got}")
                check("no base64" not in got[1] and tenth not in got[1], "a secret is told:", got)
        check(not wrong, "\n".join(wrong))
        same(site.commands(), {}, "commands")
        same(site.poll("PLAIN"), {}, "the poll")
        # Orders that nobody checked before they were written are refused by cmdqd all the same.
        entries = site.give("order: command\nserial: PLAIN\nverb: shell\nline: ls\n",
                            "order: command\nserial: PLAIN\nverb: user.add\npin: 1\tName=x\n",
                            "order: command\nserial: PLAIN\nverb: option.set\noption: ~SerialNumber=1\n",
                            "order: command\nserial: PLAIN\nverb: raw\nline: shell ls\n",
                            "order: command\nserial: PLAIN\nverb: user.add\npin: 1\nname: \udcff\n",
                            "order: command\nserial: PLAIN\nverb: log\nid: 1\n", "order: command\nserial: PLAIN\n")
        site.wait_worked_off("order")
        same(site.commands(), {}, "commands")
        for entry in entries:
            check(entry.split(".")[0] in [n.split(".")[0] for n in site.names("order", "bad")], entry, "is not in bad/")
        if who is not None:
            denied = site.run("punchctl", "spool", "ls", "order", "--state", "bad", who=who, code=None)
            check(b"bad" in denied.stderr, "an operator looks into bad/:", denied)
            number = site.order("unlock", "PLAIN", who=who)[0]
            same(site.command(number)["owner_uid"], 65533, "who ordered it")
            wait_until(lambda: "uid=65533" in site.cmdqd.log(), "the log says who ordered")
        else:
            t.note("without root nobody else can be an operator")


TESTS = (device_settings, device_zone_changes, device_comm_key, device_networks, device_names, device_resend,
         device_online, device_refusals)
