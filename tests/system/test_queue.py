# SPDX-License-Identifier: GPL-2.0-or-later
"""queue: what becomes of commands when terminals, the network or an enemy do not do as they should. docs/PROTOCOL.md 4

cmdqd runs with a clock that is put forward, so that a lease ends when the test says so."""

from checks import check, same, short, wait_until
from client import request_bytes
from daemon import Clock
from devsim_logs import read_executed

CONF = {"command_lease": '"10 min"', "allow_shell": "true", "allow_put_file": "true", "allow_clear": "true",
        "rescan": '"200 ms"'}
LEASE_S = 601  # and a little more; so long that none ends while a slow machine is at work
MAYBE = "no result came; it may have been carried out"


class Clocked:
    """A site in which cmdqd goes by a clock of ours."""

    def __init__(self, t, **conf):
        self.site = t.site(conf={**CONF, **conf})

    def __enter__(self):
        site = self.site.__enter__()
        site.clock = Clock(site)
        site.start("parserd")
        site.cmdqd.start(env=site.clock.env)
        site.ingestd.start(env=site.clock.env)
        wait_until(lambda: site.shake_hands("DESK").status == 200, "the desk is there")
        return site

    def __exit__(self, *why):
        return self.site.__exit__(*why)


def terminal(site, prefix, *options, terminals=1):
    """devsim as so many terminals; where it logs what it carries out."""
    log = f"{site.dir}/exec-{prefix}"
    site.devsim_start("run", "--serial-prefix", prefix, "--terminals", str(terminals), "--punches", "0", "--stay",
                      "--poll-ms", "30", "--retry-ms", "30", "--seconds", "3600", "--exec-log", log, *options)
    return log


def states(site, *ids):
    found = site.commands()
    return [found[i]["state"] for i in ids]


def wait_states(site, state, *ids):
    wait_until(lambda: states(site, *ids) == [state] * len(ids), f"{len(ids)} commands are {state}")


def ends(rows):
    return [(r["state"], r["outcome"]) for r in rows]


def strays(site, serial=None):
    return site.rows("cmd", "ls", "--stray", *(["--serial", serial] if serial else []))


def times_executed(log, number):
    return sum(e.id == number for e in read_executed(log))


# ---- a network that loses ----

NEVER_TWICE = (["unlock"], ["enroll", "pin=1", "fid=1"], ["shell", "ls"], ["put-file", "file=b", "path=/c"],
               ["clear", "log"], ["clear", "photo"], ["reboot"])


def order_for(site, serial, words):
    """The verb's words before the serial, fields behind it."""
    names = [w for w in words if "=" not in w and w != "ls"]
    lasting = ("--expires", "1h") if names == ["unlock"] else ()  # else it is over in 15 s
    return site.order(*names, serial, *[w for w in words if w not in names], *lasting)[0]


def queue_lost(t):
    """lost replies and lost results: offered again after the lease, in order; what must not happen twice never is"""
    with Clocked(t) as site:
        lost, dropped, once = "LOS000001", "DRO000001", "ONC000001"
        site.lay("b", b"made up\n")
        site.punchctl("device", "approve", lost, dropped, once)
        # All but the last in one reply, which is lost.
        first = [order_for(site, lost, words) for words in (["user", "add", "pin=1"], *NEVER_TWICE)]
        behind = order_for(site, lost, ["clear", "data"])
        again = order_for(site, dropped, ["user", "add", "pin=1"])
        never = order_for(site, once, ["unlock"])
        logs = [terminal(site, "LOS", "--lose-reply", "1"), terminal(site, "DRO", "--drop-result", "1"),
                terminal(site, "ONC", "--drop-result", "1")]
        wait_states(site, "offered", *first, again, never)
        wait_until(lambda: times_executed(logs[1], again) == times_executed(logs[2], never) == 1, "two are carried out")
        same((states(site, behind), read_executed(logs[0])), (["queued"], []), "behind a reply that was lost")
        site.clock.forward(LEASE_S)
        same(ends(site.ended(*first, behind)),
             [("done", "done")] + [("failed", MAYBE)] * len(NEVER_TWICE) + [("done", "done")], "after a lost reply")
        same([e.id for e in read_executed(logs[0])], [first[0], behind], "what the terminal carried out")
        same(ends(site.ended(again, never)), [("done", "done"), ("failed", MAYBE)], "after a lost result")
        same((times_executed(logs[1], again), times_executed(logs[2], never)), (2, 1), "times carried out")
        same([site.command(i)["offers"] for i in (first[0], first[1], behind, again, never)], [2, 1, 1, 2, 1], "offers")
        same(strays(site), [], "strays")
        # And never again, however much time passes.
        site.clock.forward(100 * LEASE_S)
        after = order_for(site, lost, ["log"])
        same(ends(site.ended(after)), [("done", "done")], "one more")
        same([e.id for e in read_executed(logs[0])], [first[0], behind, after], "what was carried out in the end")
        site.check_spool()


def queue_given_up(t):
    """a terminal that takes commands and never answers: some offers, then an end in words; a late result counts"""
    with Clocked(t, command_offers="2") as site:
        site.punchctl("device", "approve", "MUTE")
        stays = order_for(site, "MUTE", ["user", "add", "pin=1"])
        short_lived = site.order("user", "add", "MUTE", "pin=2", "--expires", "5min")[0]
        unlock = order_for(site, "MUTE", ["unlock"])
        taken_back = order_for(site, "MUTE", ["user", "add", "pin=3"])
        never_seen = site.order("unlock", "MUTE", "--expires", "15min")[0]
        site.punchctl("cmd", "cancel", str(never_seen))
        same(list(site.poll("MUTE")), [unlock, stays, short_lived, taken_back], "urgent ones first, else in order")
        same(site.poll("MUTE"), {}, "while those have no result")
        late_unlock = order_for(site, "MUTE", ["unlock"])
        same(list(site.poll("MUTE")), [late_unlock], "an urgent one does not wait for them")
        site.punchctl("cmd", "cancel", str(taken_back))
        site.clock.forward(LEASE_S)
        wait_until(lambda: states(site, short_lived, unlock, late_unlock) == ["expired", "failed", "failed"],
                   "time has passed")
        same(list(site.poll("MUTE")), [stays], "the second offer")
        site.clock.forward(LEASE_S)
        wait_states(site, "failed", stays)
        found = site.commands()
        same([(found[i]["state"], found[i]["outcome"]) for i in
              (stays, short_lived, unlock, taken_back, never_seen)],
             [("failed", "no result came, though it was handed out 2 times; it may have been carried out"),
              ("expired", "no result came before it expired; it may have been carried out"), ("failed", MAYBE),
              ("cancelled", "it had been handed out and may have been carried out"),
              ("cancelled", "it was not handed out")], "ends without a result")
        same(site.poll("MUTE"), {}, "nothing is left")
        expired = site.order("unlock", "MUTE")[0]
        site.clock.forward(16)
        wait_states(site, "expired", expired)
        same(site.poll("MUTE"), {}, "an unlock that comes too late")
        # The terminal had carried them out after all.
        late = (stays, short_lived, unlock, taken_back)
        site.result("MUTE", b"".join(b"ID=%d&Return=0&CMD=DATA\n" % i for i in late))
        wait_states(site, "done", *late)
        site.result("MUTE", b"ID=%d&Return=-22&CMD=DATA\n" % late_unlock)
        wait_until(lambda: site.commands()[late_unlock]["outcome"] == "the terminal does not know the command",
                   "a late failure")
        same(strays(site), [], "strays")
        site.result("MUTE", b"ID=%d&Return=0&CMD=AC_UNLOCK\nID=%d&Return=0\n" % (expired, never_seen))
        wait_until(lambda: len(strays(site)) == 2, "results of what was never handed out are kept aside")
        same(states(site, expired, never_seen), ["expired", "cancelled"], "and change nothing")


# ---- terminals that say things their own way ----


def queue_ways_of_results(t):
    """results late, twice, together, reversed, without CMD or LF, of many terminals at once: each command ends once"""
    ways = {"LOS": ["--lose-result", "1"], "TWI": ["--twice-result"], "TOG": ["--results-together"],
            "REV": ["--results-reversed", "--crlf"], "BAR": ["--no-cmd-echo", "--no-last-lf", "--results-together"],
            "OLD": ["--dialect", "oldest", "--results-together", "--twice-result"], "TWO": [], "FIR": ["--result-first"]}
    with Clocked(t) as site:
        serials = [prefix + "000001" for prefix in ways] + ["TWO000002"]
        site.punchctl("device", "approve", *serials)
        fields = [f"verb: user.add\npin: {n}\nname: N{n}\n" for n in range(20)] + [
            "verb: user.query\n", "verb: enroll\npin: 7\nfid: 1\n", "verb: unlock\nexpires: 1 h\n",
            "verb: user.rm\npin: 99\n"]
        # Every terminal gets each, in turns, so that ids of different terminals stand close together.
        given = [(serial, f) for f in fields for serial in serials]
        entries = site.give(*[order_text(serial, f) for serial, f in given])
        wait_until(lambda: len(site.commands()) == len(entries), "all are in the queue")
        logs = [terminal(site, prefix, *options, terminals=2 if prefix == "TWO" else 1)
                for prefix, options in ways.items()]
        by_order = {row["order"]: row for row in site.commands().values()}
        ids = [by_order[e]["id"] for e in entries]
        same(sorted(ids), ids, "ids in the order of the orders")
        rows = site.ended(*ids)
        expected = [("done", "done")] * 20 + [("done", "20 records"), ("done", "enrolled"), ("done", "done"),
                                              ("failed", "no such PIN")]
        want = [end for end in expected for _ in serials]
        same(ends(rows), want, "ends")
        executed = read_executed(*logs)
        same(sorted(e.id for e in executed), ids, "each is carried out once, by nobody else")
        for serial in serials:
            own = [i for i, (s, f) in zip(ids, given) if s == serial and "unlock" not in f]
            same([e.id for e in executed if e.serial == serial and e.command != b"AC_UNLOCK"], own,
                 f"{serial} carries out in order")
        same(strays(site), [], "strays")
        bodies = [e.body for e in site.all_entries("result")]
        check(any(b.count(b"ID=") > 15 for b in bodies), "no body had many results")
        check(len(bodies) > len(set(bodies)), "no result came twice")
        site.check_spool()


def order_text(serial, fields):
    """Of a command; "expires:" may stand among the fields."""
    lines = fields.splitlines(keepends=True)
    lines.sort(key=lambda line: not line.startswith("expires"))
    return f"order: command\nserial: {serial}\n" + "".join(lines)


def queue_batches(t):
    """a reply holds 200 commands and batch_max at most, and nothing behind CHECK, CLEAR DATA and REBOOT"""

    def answer(site, serial, batch):
        site.result(serial, b"".join(b"ID=%d&Return=0&CMD=DATA\n" % i for i in batch))
        wait_states(site, "done", *batch)

    def batches(site, serial):
        sizes = []
        while batch := site.poll(serial):
            sizes.append(len(batch))
            answer(site, serial, batch)
        return sizes

    with Clocked(t) as site:
        site.punchctl("device", "approve", "MANY", "GPRS", "ENDS", "FULL")
        site.punchctl("device", "set", "GPRS", "batch_max=10KiB")
        name = "x" * 24
        site.give(*[order_text("MANY", f"verb: user.add\npin: {n}\n") for n in range(405)])
        big = "A" * 3000
        site.give(*[order_text(s, f"verb: photo.add\npin: {n}\ncontent: {big}\n") for n in range(20)
                    for s in ("GPRS", "FULL")])
        site.give(*[order_text("ENDS", f"verb: {verb}\n") for verb in
                    ("log", "check", "log", "clear.data", "info", "log", "reboot", "log")])
        site.wait_worked_off("order")
        same(batches(site, "MANY"), [200, 200, 5], "commands in a reply")
        same(batches(site, "GPRS"), [3] * 6 + [2], "of 3 KB each, with 10 KiB a reply")
        same(batches(site, "FULL"), [13, 7], "of 3 KB each, with 40 KiB a reply")
        same(batches(site, "ENDS"), [2, 2, 3, 1], "what ends a batch")
        # One that would fit into no reply of this terminal is refused when it is ordered or fails when it is due.
        site.give(order_text("GPRS", f"verb: photo.add\npin: 1\nname: {name}\ncontent: A\n"))
        large = order_text("GPRS", f"verb: photo.add\npin: 1\ncontent: {'A' * 12000}\n")
        entry = site.give(large)[0]
        site.wait_worked_off("order")
        row = [r for r in site.commands().values() if r["order"] == entry]
        check(len(row) == 1, "no command of", entry)
        same(site.poll("GPRS"), {}, "what does not fit")
        # The empty reply does not wait for the commit.
        wait_until(lambda: site.command(row[0]["id"])["state"] == "failed", "what does not fit has failed")
        check("do not fit" in site.command(row[0]["id"])["outcome"], "what does not fit", row)


# ---- enemies ----


def too_large(site, serial, body):
    c = site.connect()
    try:
        c.send(request_bytes(f"/iclock/devicecmd?SN={serial}", body))
    except ConnectionError:  # it was answered before all was sent
        pass
    reply = c.reply(wait_for_close=False)
    c.close()
    check(reply is None or reply.status == 413, "more than body_max:", reply)


def queue_hostile(t):
    """a terminal that answers for another's commands, for none, with garbage, with 16 MB: kept aside, none is touched"""
    with Clocked(t) as site:
        site.punchctl("device", "approve", "GOOD", "EVIL")
        for serial in ("GOOD", "EVIL"):
            site.shake_hands(serial)
        mine, queued = site.order("user", "add", "GOOD", "pin=1")[0], None
        same(list(site.poll("GOOD")), [mine], "offered")
        queued = site.order("user", "add", "GOOD", "pin=2")[0]
        evil = site.order("user", "add", "EVIL", "pin=3")[0]
        shell = site.order("shell", "EVIL", "ls")[0]
        before = {i: site.command(i) for i in (mine, queued, evil, shell)}
        bodies = [b"ID=%d&Return=0&CMD=DATA\n" % i for i in (mine, queued, evil, 99, 2**53)]
        bodies += [b"ID=%d&SN=GOOD&Return=0&CMD=DATA\n" % i for i in (mine, evil)]
        bodies += [b"ID=%d\nSN=GOOD\nReturn=0\nCMD=Shell\nFILENAME=../../x\nContent=evil" % mine]
        bodies += [b"ID=0%d&Return=0&CMD=DATA\n" % mine, b"ID=+%d&Return=0\n" % mine, b"ID=%d&Return=\n" % evil,
                   b"ID=99999999999999999999&Return=0\n", b"ID=-1&Return=0\n", b"ID=%d\n" % evil, b"Return=0\n",
                   b"ID=%d&Return=99999999999999999999999\n" % evil, b"ID=%d&Return=0x0\n" % evil]
        for body in bodies:
            site.result("EVIL", body)
        # 404 or 403 for one that is not a serial, or is not known, is another test's; here the SN of the target counts.
        site.wait_worked_off("result")
        found = strays(site, "EVIL")
        same(len(found), len(bodies), "strays")
        same(strays(site, "GOOD"), [], "strays of the other one")
        check(all(row["why"] for row in found), "a stray without a reason:", found)
        words = {row["why"] for row in found}
        for why in ("this device has no command of this id", "the command was never handed out",
                    "it names another device's serial", "its id is none of ours", "it has no Return"):
            check(why in words, "nothing is", repr(why), "but", words)
        # Garbage of many kinds: each is taken, nothing of it counts.
        rubbish = [b"", b"\n\n\n", bytes(range(256)) * 16, b"\0" * 4096, b"&" * 4096, b"=" * 4096,
                   b"ID=\n" * 2000, b"Content=" + b"x" * 4096, b"ID=%d&" % mine * 500, b"\xff\xfe" * 999,
                   b"C:%d:REBOOT\n" % mine, b"ID=1&Return=0" + b"&a=b" * 3000]
        for body in rubbish:
            site.result("EVIL", body)
        # Nearly 16 MB of results, of one line, and of nothing but line ends; more than that is not taken.
        flood = b"ID=77&Return=0&CMD=DATA\n"
        for body in (flood * 600000, b"x" * (15 << 20), b"\n" * 999999):
            site.result("EVIL", body)
        too_large(site, "EVIL", b"ID=%d&Return=0\n" % evil + b"x" * (17 << 20))
        site.wait_worked_off("result")
        check(len(strays(site, "EVIL")) < len(bodies) + len(rubbish) + 3000 + 300, "strays without an end")
        check(any("more results" in row["why"] for row in strays(site, "EVIL")), "a flood is not named as one")
        now = {i: site.command(i) for i in before}
        same(now, before, "the commands of both")
        site.alive()
        # Its own large result is kept whole.
        same(list(site.poll("EVIL")), [evil, shell], "its own")
        content = bytes(range(256)) * (15 << 12)
        site.result("EVIL", b"ID=%d\nReturn=0\nCMD=Shell\nContent=" % shell + content)
        same(ends(site.ended(shell)), [("done", "done")], "15 MiB of content")
        check(site.punchctl("cmd", "show", str(shell), "--content") == content, "15 MiB of content came back otherwise")
        site.result("GOOD", b"ID=%d&Return=0&CMD=DATA\n" % mine)
        same(ends(site.ended(mine)), [("done", "done")], "the other one's, by itself")
        same(list(site.poll("GOOD")), [queued], "and the next")
        check(site.cmdqd.status("VmHWM") < 300 << 20, "cmdqd took", site.cmdqd.status("VmHWM") >> 20, "MiB")
        t.note(f"cmdqd took {site.cmdqd.status('VmHWM') >> 20} MiB at most")
        site.check_spool()


def queue_hostile_devsim(t):
    """terminals whose results name other ids, other serials, or what nobody asked for: their commands stay open"""
    with Clocked(t) as site:
        site.punchctl("device", "approve", "NEX000001", "NEX000002", "OTH000001", "UNA000001")
        ids = [site.order("user", "add", "NEX000001", "NEX000002", f"pin={n}") for n in (1, 2)]
        other = site.order("user", "add", "OTH000001", "pin=1")[0]
        logs = [terminal(site, "NEX", "--wrong-id", terminals=2), terminal(site, "OTH", "--wrong-sn=NEX000001"),
                terminal(site, "UNA", f"--unasked={ids[0][0]},{other},7777")]
        flat = [i for pair in ids for i in pair]
        wait_until(lambda: {e.id for e in read_executed(*logs)} == {*flat, other}, "all are carried out")
        wait_until(lambda: len(strays(site)) >= 3 + 1 + 4, "strays")
        site.wait_worked_off("result")
        # The id after its own is the other terminal's, but for the last one of all.
        same(states(site, *flat, other), ["offered"] * 5, "commands whose results came under other names")
        same({(r["serial"], r["id"]) for r in strays(site)},
             {("NEX000001", str(ids[0][0] + 1)), ("NEX000001", str(ids[1][0] + 1)),
              ("NEX000002", str(ids[0][1] + 1)), ("NEX000002", str(ids[1][1] + 1)), ("OTH000001", str(other)),
              ("UNA000001", str(ids[0][0])), ("UNA000001", str(other)), ("UNA000001", "7777")}, "strays")


# ---- the same again ----


def stop_at_rest(site):
    site.wait_worked_off("order")
    site.wait_worked_off("result")
    site.cmdqd.stop()
    return [readable(line) for line in site.dump_store("cmdqd/control").splitlines()]


def readable(line):
    key, _, value = line.partition(b"=")
    return key if line.startswith(b"[") else (bytes.fromhex(key.decode()), bytes.fromhex(value.decode()))


def expect_same_store(now, before):
    other = [line for line in now if line not in before], [line for line in before if line not in now]
    check(now == before, "the store after a replay: there is", short(other[0], 1500), "there was", short(other[1], 1500))


def queue_replay(t):
    """orders and results replayed out of done/, all of them and twice: nothing changes, nothing is offered again"""
    with Clocked(t) as site:
        # docs/SPOOL.md: an approval that is replayed is given again, so the one that is removed never had an order.
        site.punchctl("device", "approve", "REP")
        for serial in ("REP", "GONE"):
            site.shake_hands(serial)
        done, failed = (site.order("user", "add", "REP", f"pin={n}")[0] for n in (1, 2))
        shell = site.order("shell", "REP", "ls")[0]
        site.order("user", "add", "GONE", "pin=1")
        site.punchctl("device", "resend", "REP")
        site.punchctl("cmd", "raw", "REP", "CHECK")
        batch = list(site.poll("REP"))
        site.result("REP", b"ID=%d&Return=0\nID=%d&Return=-1\n" % (done, failed))
        site.result("REP", b"ID=%d\nReturn=0\nCMD=Shell\nContent=first" % shell)
        site.result("REP", b"ID=4711&Return=0\n")
        site.result("REP", b"".join(b"ID=%d&Return=0\n" % i for i in batch if i > shell))
        site.ended(done, failed, shell)
        site.shake_hands("REP")  # takes the stamps of 0
        last = site.order("user", "add", "REP", "pin=9")[0]
        site.punchctl("cmd", "cancel", str(last))
        waiting = site.order("user", "add", "REP", "pin=10")[0]
        site.punchctl("device", "rm", "GONE")
        while batch := site.poll("REP"):
            site.result("REP", b"".join(b"ID=%d&Return=0\n" % i for i in batch))
            wait_states(site, "done", *batch)
        offered = site.order("user", "add", "REP", "pin=11")[0]
        same(list(site.poll("REP")), [offered], "offered")
        queued = site.order("user", "add", "REP", "pin=13")[0]
        before = stop_at_rest(site)
        for _ in range(2):
            for kind in ("result", "order"):
                site.punchctl("spool", "replay", kind, "--all")
            site.cmdqd.start(env=site.clock.env)
            expect_same_store(stop_at_rest(site), before)
        site.cmdqd.start(env=site.clock.env)
        wait_until(lambda: site.shake_hands("REP").status == 200, "the desk is there")
        check(b"Stamp=0\nOp" in site.shake_hands("REP").body, "the first contact's stamps")
        same(site.poll("REP"), {}, "offered after a replay")
        same(states(site, waiting, offered, queued), ["done", "offered", "queued"], "states")
        same(site.punchctl("cmd", "show", str(shell), "--content"), b"first", "content")
        site.check_spool()


TESTS = (queue_lost, queue_given_up, queue_ways_of_results, queue_batches, queue_hostile, queue_hostile_devsim,
         queue_replay)
