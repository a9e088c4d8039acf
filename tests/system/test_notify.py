# SPDX-License-Identifier: GPL-2.0-or-later
"""notify: terminals are woken when a command waits for them, and nobody else hears of it. docs/PROTOCOL.md 7"""

import json
import re
import select
import socket
import time

from checks import PATIENCE_S, check, same, wait_until
from devsim_logs import read_executed

POKES_MOST = 4  # at a terminal that sleeps, unless the configuration says otherwise
FOR_EVER_MS = "3600000"  # between two polls: what comes earlier was woken


def start_one(site, prefix, *options):
    """Its exec-log, once it has polled."""
    log = f"{site.dir}/exec-{prefix}"
    site.devsim_start("run", "--serial-prefix", prefix, "--punches", "0", "--stay", "--seconds", "3600",
                      "--exec-log", log, *options)
    wait_until(lambda: polls(site, prefix + "000001") >= 1, f"{prefix} has polled")
    return log


def polls(site, serial):
    return sum(d["polls"] for d in site.rows("device", "ls") if d["serial"] == serial)


def notify_wakes(t):
    """an unlock arrives at once although the terminal polls once an hour; without notifyd it comes at the next poll"""
    with t.site(notifyd=True) as site:
        site.start()
        log = start_one(site, "WAK", "--poll-ms", FOR_EVER_MS, "--udp-port", str(site.wake_port))
        out = site.punchctl("unlock", "WAK000001", "--wait", "--timeout", f"{PATIENCE_S}s").decode()
        check(re.fullmatch(r"WAK000001: command \d+ done\n", out), "an unlock:", out)
        number = site.order("user", "add", "WAK000001", "pin=1")[0]
        site.ended(number)
        same([e.command for e in read_executed(log)], [b"AC_UNLOCK", b"DATA UPDATE USERINFO PIN=1"], "what was done")
        # Without notifyd, whether it ended or hangs, the next poll brings it, and everybody works on.
        slow_log = start_one(site, "SLO", "--poll-ms", "300")
        for away in (site.notifyd.kill, site.notifyd.pause):
            away()
            number = site.order("user", "add", "SLO000001", "pin=2")[0]
            site.ended(number)
            same(read_executed(slow_log)[-1].id, number, "carried out at a poll")
            waits = site.order("check", "WAK000001")[0]
            same(site.command(waits)["state"], "queued", "for the one that sleeps")
            if away == site.notifyd.kill:
                site.notifyd.start()
                # cmdqd finds the new one by itself.
                wait_until(lambda: site.order("log", "WAK000001") and site.command(waits)["state"] == "done",
                           "woken by the new notifyd")
            else:
                site.notifyd.resume()
                site.ended(waits)
        site.alive()
        check("notifyd" not in site.cmdqd.log().replace("wake", ""), "cmdqd complains:", site.cmdqd.log())


class Ears:
    """UDP sockets on addresses of this machine that count what comes to a port; "0.0.0.0" is everybody else."""

    def __init__(self, site, *addresses):
        self.socks, self.heard = {}, {}
        for address in addresses:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, site.wake_port))
            s.setblocking(False)
            self.socks[address], self.heard[address] = s, []
        site.clearing.append(self.close)

    def listen(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while not until() and (left := end - time.monotonic()) > 0:
            ready = select.select(list(self.socks.values()), [], [], min(left, 0.05))[0]
            for address, s in self.socks.items():
                if s in ready:
                    self.heard[address].append(s.recv(2048))

    def counts(self):
        return {address: len(heard) for address, heard in self.heard.items() if heard}

    def close(self):
        for s in self.socks.values():
            s.close()


def notify_to_whom(t):
    """R-CMD goes to the address last seen or configured, ends at a poll and after wake_pokes; nobody else gets a byte"""
    with t.site(notifyd=True, conf={"wake_pokes": "2"}) as site:
        site.start()
        polls_later, mute, off, elsewhere, moved, refused = (f"127.0.0.{n}" for n in range(11, 17))
        configured, new_home = "127.0.0.21", "127.0.0.22"
        ears = Ears(site, "0.0.0.0", "127.0.0.1", polls_later, mute, off, elsewhere, moved, refused, configured,
                    new_home)
        homes = {"POLLS": polls_later, "MUTE": mute, "OFF": off, "ELSE": elsewhere, "MOVED": moved, "BAD": refused}
        wait_until(lambda: site.shake_hands("DESK").status == 200, "the desk is there")
        for serial, home in homes.items():
            same(site.shake_hands(serial, source=home).status, 200, f"the handshake of {serial}")
            site.poll(serial, source=home)
        site.poll("MOVED", source=new_home)
        site.punchctl("device", "set", "OFF", "wake=off")
        site.punchctl("device", "set", "ELSE", f"wake={configured}")
        ears.listen(0.5)
        same(ears.counts(), {}, "before anything was ordered")
        woken = ("POLLS", "MUTE", "OFF", "ELSE", "MOVED")
        numbers = site.order("unlock", *woken, "BAD", "--expires", "1h")
        ears.listen(PATIENCE_S, lambda: all(ears.heard[a] for a in (polls_later, mute, refused, configured, new_home)))
        same(list(site.poll("POLLS", source=polls_later)), [numbers[0]], "the poll of the one that was woken")
        ears.listen(0.5)
        woken_once = len(ears.heard[polls_later])  # once, unless it took this machine two seconds to poll
        site.punchctl("device", "refuse", "BAD")
        before = {a: len(ears.heard[a]) for a in (refused,)}
        # The second poke of the others comes two seconds after the first; a third one would come four later.
        ears.listen(PATIENCE_S, lambda: all(len(ears.heard[a]) == 2 for a in (mute, configured, new_home)))
        ears.listen(4.5)
        counts = ears.counts()
        same({a: counts.get(a, 0) for a in (polls_later, mute, off, elsewhere, moved, configured, new_home)},
             {polls_later: woken_once, mute: 2, off: 0, elsewhere: 0, moved: 0, configured: 2, new_home: 2}, "datagrams")
        same((counts.get("0.0.0.0"), counts.get("127.0.0.1")), (None, None), "datagrams to others")
        check(before[refused] >= 1, "one that was refused later was not woken")
        same({d for heard in ears.heard.values() for d in heard}, {b"R-CMD"}, "what they say")
        # Another command for the one that still sleeps is another reason to wake it; those that are told apart stay so.
        site.order("unlock", "MUTE", "OFF", "POLLS")
        ears.listen(PATIENCE_S, lambda: len(ears.heard[mute]) > 2 and len(ears.heard[polls_later]) > woken_once)
        same((len(ears.heard[mute]) > 2, len(ears.heard[polls_later]) > woken_once, len(ears.heard[off])), (True, True, 0),
             "the next command")
        done = site.run("punchctl", "unlock", "BAD", code=None)
        check(done.returncode == 65 and b"the device is refused" in done.stderr, "an order for a refused one:", done)
        t.note(", ".join(f"{n} to {a}" for a, n in ears.counts().items()))


def notify_crowd(t):
    """a hundred terminals behind one address, and hundreds behind addresses of their own: paced, and all are woken"""
    with t.site(notifyd=True, conf={"wake_rate": "10000"}) as site:
        site.start()
        for prefix, sources in (("OWN", "100"), ("NAT", "1")):
            log = f"{site.dir}/exec-{prefix}"
            out = f"{site.dir}/devsim-{prefix}"
            sim = site.devsim_start("run", "--serial-prefix", prefix, "--terminals", "100", "--sources", sources,
                                    "--punches", "0", "--polls", "2", "--poll-ms", FOR_EVER_MS, "--seconds", "3600",
                                    "--json", "--udp-port", str(site.wake_port), "--exec-log", log, out=out)
            serials = [f"{prefix}{n:06}" for n in range(1, 101)]
            wait_until(lambda p=prefix: sum(d["polls"] >= 1 for d in site.rows("device", "ls")
                                            if d["serial"].startswith(p)) == 100, "all have polled")
            ids = site.order("log", *serials)
            same({r["state"] for r in site.ended(*ids)}, {"done"}, "all are done")
            same(sorted(e.id for e in read_executed(log)), sorted(ids), "carried out")
            same(sim.wait(PATIENCE_S), 0, "devsim's status")
            with open(out, encoding="utf-8") as f:
                pokes = json.loads(f.read().splitlines()[-1])["pokes"]
            check(100 <= pokes <= 100 * POKES_MOST if sources == "100" else pokes <= 10, prefix, "got", pokes, "pokes")
            t.note(f"{sources} addresses: {pokes} datagrams")


TESTS = (notify_wakes, notify_to_whom, notify_crowd)
