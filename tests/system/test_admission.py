# SPDX-License-Identifier: GPL-2.0-or-later
"""admission: who is served. docs/SPOOL.md, docs/TRUST.md; punchctl device"""

import json
import os
import zlib

from checks import PATIENCE_S, check, same, wait_until

LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"


def all_answers(site, serial):
    """The statuses of everything that a terminal may want."""
    return {
        "handshake": site.ask(f"/iclock/cdata?SN={serial}&options=all&pushver=2.4.1").status,
        "poll": site.ask(f"/iclock/getrequest?SN={serial}").status,
        "upload": site.upload(serial, LINE).status,
        "result": site.ask(f"/iclock/devicecmd?SN={serial}", b"ID=1&Return=0&CMD=LOG\n").status,
        "ping": site.ask(f"/iclock/ping?SN={serial}").status,
        "verification": site.ask(f"/iclock/cdata?SN={serial}&AuthType=FP", b"PIN=1").status,
        "lookup": site.ask(f"/iclock/cdata?SN={serial}&PIN=1").status,
    }


def is_all(site, serial, status):
    return set(all_answers(site, serial).values()) == {status}


def state_of(site, serial):
    for line in site.punchctl("device", "ls", "--json").splitlines():
        device = json.loads(line)
        if device["serial"] == serial:
            return device["state"]
    return None


def admission_by_order(t):
    """unknown terminals hear 403 and wait; approve lets one in, refuse shuts it out, without a restart"""
    with t.site(conf={"admit": "approved"}) as site:
        site.start()
        pids = {name: d.pid for name, d in site.daemons.items()}
        wait_until(lambda: site.ask("/iclock/cdata?SN=GATE1&options=all").status != 503, "the desk is there")
        for serial in ("GATE1", "GATE2", "gate1"):
            answers = all_answers(site, serial)
            same(answers, dict.fromkeys(answers, 403), f"answers to {serial}, which is unknown")
        for serial in ("GATE1", "GATE2", "gate1"):
            wait_until(lambda s=serial: state_of(site, s) == "pending", f"{serial} is shown as pending")
        for kind in ("upload", "result"):
            for state in ("tmp", "new", "cur", "done", "bad"):
                check(not site.names(kind, state), "something of an unknown terminal is in", kind, state)
        site.punchctl("device", "approve", "GATE1")
        wait_until(lambda: is_all(site, "GATE1", 200), "GATE1 is let in")
        same(state_of(site, "GATE1"), "approved", "GATE1")
        for serial in ("GATE2", "gate1"):
            answers = all_answers(site, serial)
            same(answers, dict.fromkeys(answers, 403), f"answers to {serial}, which still waits")
        site.punchctl("device", "refuse", "GATE1", "GATE2")
        wait_until(lambda: is_all(site, "GATE1", 403), "GATE1 is shut out")
        same((state_of(site, "GATE1"), state_of(site, "GATE2")), ("refused", "refused"), "states")
        site.punchctl("device", "approve", "GATE1", "NEVERSEEN")
        wait_until(lambda: is_all(site, "GATE1", 200) and is_all(site, "NEVERSEEN", 200), "both are let in")
        same({name: d.pid for name, d in site.daemons.items()}, pids, "the daemons' pids")


def admission_lasts(t):
    """with cmdqd killed the approved are served on, and orders given meanwhile are done when it is back"""
    with t.site(conf={"admit": "approved"}) as site:
        site.start()
        site.punchctl("device", "approve", "IN1")
        wait_until(lambda: site.upload("IN1", LINE).status == 200, "IN1 is let in")
        site.cmdqd.kill()
        site.ingestd.kill()
        site.start("ingestd")
        same(site.upload("IN1", LINE).status, 200, "the approved one, without cmdqd")
        same(site.upload("IN2", LINE).status, 403, "another one, without cmdqd")
        site.punchctl("device", "approve", "IN2", "--no-wait")
        site.punchctl("device", "refuse", "IN1", "--no-wait")
        same(site.upload("IN2", LINE).status, 403, "an order that nobody has done yet")
        site.start("cmdqd")
        wait_until(lambda: site.upload("IN2", LINE).status == 200 and site.upload("IN1", LINE).status == 403,
                   "the orders are done by the new cmdqd")
        site.check_spool()


def admission_bad_orders(t):
    """orders that are none are refused in words, and good ones beside them are done"""
    with t.site(conf={"admit": "approved"}) as site:
        site.start()
        bodies = (b"", b"order: device.explode\nserial: A\n", b"order: device.approve\n",
                  b"order: device.approve\nserial: a b\n", b"serial: A\norder: device.approve\n",
                  b"order: device.approve\nserial: A\nserial: B\n",
                  b"order: device.set\nserial: OK1\ndelay: 1 year\n", b"\0\1\2", b"order: device.set\nserial: OK1\n",
                  b"order: device.approve\nserial: A\nICLOCKSVRURL: http://x\n")
        site.punchctl("device", "approve", "OK1")
        names = [site.put(order_entry(body), kind="order") for body in bodies]
        site.punchctl("device", "approve", "OK2")
        site.wait_worked_off("order")
        bad = site.names("order", "bad")
        for name, body in zip(names, bodies):
            check(name in bad, "an order that is none is not in bad/:", body)
            with open(f"{site.spool('order', 'bad')}/{name}.why", encoding="utf-8") as f:
                why = f.readline()
            check(why.startswith("reason: ") and len(why.split()) > 1, "the reason is", why)
        for serial in ("OK1", "OK2"):
            wait_until(lambda s=serial: site.upload(s, LINE).status == 200, f"{serial} is in")
        same(site.upload("A", LINE).status, 403, "the terminal of the bad orders")
        site.alive()
        site.check_spool()


def admission_not_written(t):
    """while the list cannot be written nobody is told that a device is refused; once it can, it is"""
    with t.site(conf={"admit": "approved", "rescan": '"100 ms"'}) as site:
        site.start()
        site.punchctl("device", "approve", "GATE1")
        wait_until(lambda: site.upload("GATE1", LINE).status == 200, "GATE1 is let in")
        mode = os.stat(f"{site.state_dir}/cmdqd").st_mode & 0o7777
        os.chmod(f"{site.state_dir}/cmdqd", 0o2551)
        code, said = site.refusal("device", "refuse", "GATE1", "--timeout", "2s")
        same(code, 75, f"the refusal of GATE1: {said}")
        same(site.upload("GATE1", LINE).status, 200, "GATE1, by the list that is there")
        os.chmod(f"{site.state_dir}/cmdqd", mode)
        wait_until(lambda: is_all(site, "GATE1", 403), "GATE1 is shut out")


def admission_not_there(t):
    """where ingestd finds no list's directory, or no state, it says which, and is to be started again"""
    with t.site() as site:
        site.make_spools()
        os.rename(site.state_dir, f"{site.state_dir}.away")
        for admit, said in (("approved", f"cannot open the admission list path={site.state_dir}/cmdqd/admission "),
                            ("any", f"cannot open the state directory path={site.state_dir} ")):
            site.write_conf(admit=admit)
            site.ingestd.spawn()
            same(site.ingestd.process.wait(PATIENCE_S), os.EX_TEMPFAIL, f"ingestd's exit code, admit {admit}")
            check(said in site.ingestd.log(), "ingestd does not say", said)


def order_entry(body):
    data = b"punchd-spool 1\nkind: order\nlength: %d\n\n" % len(body) + body + b"\n"
    return data + b"end %08x\n" % zlib.crc32(data)


TESTS = (admission_by_order, admission_lasts, admission_not_written, admission_not_there, admission_bad_orders)
