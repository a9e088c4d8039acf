# SPDX-License-Identifier: GPL-2.0-or-later
"""handshake: what a terminal hears when it shakes hands, and what stays when cmdqd is away. docs/PROTOCOL.md 1, 2"""

from checks import check, same, wait_until
from harness import sample

LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"
TOKENS = "AttLog\tOpLog\tAttPhoto\tEnrollUser\tChgUser\tEnrollFP\tChgFP\tFPImag\tFACE\tUserPic\tWORKCODE\tBioPhoto"
TABLES = ("ATTLOG", "OPERLOG", "ATTPHOTO", "BIODATA", "IDCARD", "ERRORLOG")


def expected(serial, new=True, stamps=None, **changes):
    """The reply, made from docs/PROTOCOL.md 1.2 to 1.6 and not from the code."""
    stamps = {**dict.fromkeys(TABLES, "0"), **(stamps or {})}
    says = {"ErrorDelay": "30", "Delay": "10", "TransTimes": "00:00;14:05", "TransInterval": "1",
            "TransFlag": f"TransData {TOKENS}" if new else "111111111111", "TimeZone": "0", "Realtime": "1",
            "Encrypt": "0"}
    says.update(changes)
    lines = [f"GET OPTION FROM: {serial}"]
    if new:
        lines += [f"{table}Stamp={stamps[table]}" for table in TABLES]
    lines += [f"Stamp={stamps['ATTLOG']}", f"OpStamp={stamps['OPERLOG']}", f"PhotoStamp={stamps['ATTPHOTO']}"]
    lines += [f"{key}={value}" for key, value in says.items()]
    if new:
        lines += ["ServerVer=2.2.14", "PushProtVer=2.2.14", "PushOptionsFlag=1"]
    return ("\n".join(lines) + "\n").encode()


REQUESTS = {
    "new": "/iclock/cdata?SN={}&options=all&language=69&pushver=2.4.1&DeviceType=att&PushOptionsFlag=1",
    "aspx": "/iclock/cdata.aspx?SN={}&options=all&language=69&pushver=2.4.1&DeviceType=att",
    "old": "/iclock/cdata?SN={}&options=all&pushver=2.1.1&language=83",
    "oldest": "/iclock/cdata?SN={}&options=all",
    "below2": "/iclock/cdata?SN={}&options=all&pushver=1.9.0&language=83",
    "acc": "/iclock/cdata?SN={}&options=all&pushver=3.1.2&DeviceType=acc&PushOptionsFlag=1",
}


def shake(site, dialect, serial):
    return site.ask(REQUESTS[dialect].format(serial))


def desk_is_there(site):
    wait_until(lambda: shake(site, "oldest", "FIRST").status == 200, "the desk is there")


def handshake_dialects(t):
    """the reply to each generation of firmware, byte by byte"""
    with t.site() as site:
        site.start()
        desk_is_there(site)
        for dialect in REQUESTS:
            reply = shake(site, dialect, "D" + dialect)
            want = b"OK" if dialect == "acc" else expected("D" + dialect, dialect in ("new", "aspx", "old"))
            same((reply.status, reply.body), (200, want), f"the handshake of {dialect} firmware")
            check(len(reply.head) < 400, "headers of", len(reply.head))
        # The recommended reply of the samples, made to come true.
        serial = "ABCD250100001"
        for table in TABLES:
            same(site.upload(serial, sample("real_attlog_1.bin"), table).status, 200, table)
        site.punchctl("device", "set", serial, "time_zone=Asia/Kolkata", code=None)
        shake(site, "new", serial)
        site.punchctl("device", "set", serial, "time_zone=Asia/Kolkata")
        wait_until(lambda: shake(site, "new", serial).body == sample("server_handshake_recommended.bin"),
                   f"the recommended reply; last {shake(site, 'new', serial).body!r}")


def handshake_stamps(t):
    """first contact hears 0, then exactly what it last sent with data that is stored; 0 and None are not stored"""
    with t.site() as site:
        site.start()
        desk_is_there(site)
        serial = "ST1"
        same(shake(site, "new", serial).body, expected(serial), "first contact")
        sent = {}
        pin = 0
        for table, name, stamp in (("ATTLOG", "Stamp", "583050990"), ("OPERLOG", "OpStamp", "1"),
                                   ("ATTPHOTO", "PhotoStamp", "77"),
                                   ("BIODATA", "Stamp", "9999"), ("ATTLOG", "Stamp", "9999"),
                                   ("IDCARD", "stamp", "4294967295"),
                                   ("ERRORLOG", "Stamp", "12"), ("ATTLOG", "Stamp", "0000123")):
            pin += 1
            target = f"/iclock/cdata?SN={serial}&table={table}&{name}={stamp}"
            same(site.ask(target, b"%d\t2026-01-05 08:00:00\t0\t1\n" % pin).status, 200, target)
            site.wait_worked_off()
            sent[table] = stamp
            same(shake(site, "new", serial).body, expected(serial, stamps=sent), f"after {table} with {stamp}")
            same(shake(site, "oldest", serial).body, expected(serial, new=False, stamps=sent),
                 f"oldest, after {table} {stamp}")
            # What says nothing changes nothing.
            for silent in ("0", "None", "", "00", "x&y", "1%0a2"):
                pin += 1
                site.ask(f"/iclock/cdata?SN={serial}&table={table}&{name}={silent}",
                         b"%d\t2026-01-05 08:00:00\t0\t1\n" % pin)
            site.upload(serial, b"", table, "555")  # no data, no stamp
            site.wait_worked_off()
            same(shake(site, "new", serial).body, expected(serial, stamps=sent), f"after {table} without a stamp")
        same(shake(site, "new", "ST2").body, expected("ST2"), "another terminal")
        # Stamps are given back only once what they vouch for is stored.
        site.stop("parserd")
        site.upload(serial, b"900\t2026-01-05 08:00:00\t0\t1\n", "ATTLOG", "424242")
        same(shake(site, "new", serial).body, expected(serial, stamps=sent), "while parserd is away")
        site.start("parserd")
        sent["ATTLOG"] = "424242"
        wait_until(lambda: shake(site, "new", serial).body == expected(serial, stamps=sent),
                   "stored, and then given back")


def handshake_settings(t):
    """what an operator sets for a terminal is in its next handshake, and only in its own"""
    with t.site(conf={"delay": '"7 s"', "time_zone": '"America/St_Johns"'}) as site:
        site.start()
        desk_is_there(site)
        zone = shake(site, "new", "SET2").body.split(b"TimeZone=")[1].split(b"\n")[0].decode()
        check(zone in ("-210", "-150"), "St. John's is", zone)
        shake(site, "new", "SET1")
        common = {"Delay": "7", "TimeZone": zone}
        same(shake(site, "new", "SET1").body, expected("SET1", **common), "the configuration's")
        for words, changes in (
            (["delay=5s"], {"Delay": "5"}),
            (["time_zone=Asia/Kolkata"], {"Delay": "5", "TimeZone": "330"}),
            (["time_zone=Etc/GMT-3", "error_delay=60s"], {"Delay": "5", "TimeZone": "3", "ErrorDelay": "60"}),
            (["time_zone=Etc/GMT-12"], {"Delay": "5", "TimeZone": "720", "ErrorDelay": "60"}),
            (["trans_times=01:00;02:30", "trans_interval=10min", "realtime=no", "trans_flags=AttLog OpLog"],
             {"Delay": "5", "TimeZone": "720", "ErrorDelay": "60", "TransTimes": "01:00;02:30", "TransInterval": "10",
              "Realtime": "0", "TransFlag": "TransData AttLog\tOpLog"}),
            (["delay=", "time_zone=", "error_delay=", "trans_times=", "trans_interval=", "realtime=", "trans_flags="],
             {}),
        ):
            site.punchctl("device", "set", "SET1", *words)
            want = expected("SET1", **{**common, **changes})
            wait_until(lambda w=want: shake(site, "new", "SET1").body == w,
                       f"{words}: {shake(site, 'new', 'SET1').body!r}")
            same(shake(site, "new", "SET2").body, expected("SET2", **common), "the other terminal")
        for words in (["delay=1h"], ["time_zone=Nowhere/Atall"], ["realtime=maybe"], ["iclocksvrurl=x"],
                      ["delay=5s", "delay=6s"]):
            done = site.run("punchctl", "device", "set", "SET1", *words, code=None)
            check(done.returncode != 0, "punchctl takes", words)
        same(shake(site, "new", "SET1").body, expected("SET1", **common), "after orders that were none")


def handshake_without_cmdqd(t):
    """cmdqd away or hung: polls hear OK, handshakes 503, uploads are stored; cmdqd back: all as before, no restart"""
    with t.site(conf={"desk_timeout": '"200 ms"'}) as site:
        site.start()
        desk_is_there(site)
        pid = site.ingestd.pid

        def away(how):
            reply = wait_until(lambda: (lambda r: r if r.status == 503 else None)(shake(site, "new", "AW1")),
                               f"503 {how}")
            check(b"OK" not in reply.body, "a refusal with OK in it", how)
            for target in ("/iclock/getrequest?SN=AW1", "/iclock/getrequest?SN=AW1&INFO=x,1,2",
                           "/iclock/ping?SN=AW1"):
                reply = site.ask(target)
                same((reply.status, reply.body), (200, b"OK"), f"{target} {how}")
            same(site.upload("AW1", LINE).body, b"OK: 1\n", f"an upload {how}")
            same(site.ask("/iclock/devicecmd?SN=AW1", b"ID=1&Return=0&CMD=LOG\n").body, b"OK\n", f"a result {how}")

        def back(how):
            wait_until(lambda: shake(site, "new", "AW1").status == 200, f"the handshake works again {how}")
            same(site.ask("/iclock/getrequest?SN=AW1").body, b"OK", f"a poll {how}")

        site.cmdqd.stop()
        away("while cmdqd is stopped")
        site.cmdqd.start()
        back("after a stop")
        site.cmdqd.kill()
        away("while cmdqd is killed")
        site.cmdqd.start()
        back("after a kill")
        site.cmdqd.pause()
        away("while cmdqd hangs")
        site.cmdqd.resume()
        back("after it hung")
        same(site.ingestd.pid, pid, "ingestd's pid")
        site.alive()


def handshake_that_goes_away(t):
    """terminals that announce a body, send none and go away while the desk thinks: nobody waits for them, others are served"""
    with t.site(conf={"desk_timeout": '"300 ms"'}) as site:
        site.start()
        desk_is_there(site)
        pid = site.ingestd.pid
        site.cmdqd.pause()
        for target in ("/iclock/cdata?SN=GA1&options=all", "/iclock/getrequest?SN=GA1"):
            for announced in (10, 100000):
                head = f"GET {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {announced}\r\n\r\n".encode()
                going = [site.connect() for _ in range(20)]
                for c in going:
                    c.send(head)
                same(site.ask("/iclock/ping?SN=GA1").body, b"OK", "a ping: by now the heads have been read")
                for c in going:
                    c.close()
        same(site.ask("/iclock/getrequest?SN=GA1").body, b"OK", "a poll while cmdqd hangs")
        site.cmdqd.resume()
        wait_until(lambda: shake(site, "new", "GA2").status == 200, "a handshake when cmdqd is back")
        same(site.upload("GA2", LINE).body, b"OK: 1\n", "an upload")
        same(site.ingestd.pid, pid, "ingestd's pid")
        site.alive()


TESTS = (handshake_dialects, handshake_stamps, handshake_settings, handshake_without_cmdqd, handshake_that_goes_away)
