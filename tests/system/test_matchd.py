# SPDX-License-Identifier: GPL-2.0-or-later
"""matchd: a matcher that is late, hung, killed, lying or gone costs one request and never the next. docs/MATCHER.md"""

import base64
import ctypes
import os
import shutil
import signal
import socket
import stat
import time

from checks import PATIENCE_S, Skipped, check, same, wait_until
from host import IS_ROOT

HELLO = "hello 1 formats=iso19794-2,zkfinger10 probe_bytes=2048 references=10"
NO_HELLO = "hello 1 formats= probe_bytes=0 references=0"
FINGER, OTHER_FINGER = b"\0\0\0\7", b"\0\0\0\x08"  # what the stand-in goes by: the last four bytes


def template(seed, mark=FINGER, size=32):
    """Made up, with the head of ZKFinger 10; two of different seeds differ."""
    body = bytes((seed * 31 + i) % 256 for i in range(size - 14))
    return base64.b64encode(b"MKSS21" + size.to_bytes(4, "big") + body + mark).decode()


def request(number, probe=None, *references, form="zkfinger10"):
    return f"verify {number} {form} {probe or template(1)} {' '.join(references or [template(2)])}"


class Client:
    """cmdqd's part, by hand."""

    def __init__(self, site):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(f"{site.dir}/run/match/match.sock")

    def say(self, line):
        self.sock.send(line.encode() + b"\n")

    def raw(self):
        """What comes next, hello or answer; None at the end."""
        try:
            packet = self.sock.recv(4096)
        except ConnectionResetError:
            return None
        check(packet == b"" or (packet.endswith(b"\n") and packet.count(b"\n") == 1), "no line:", packet)
        return packet[:-1].decode() or None

    def hear(self):
        """The next that is no hello."""
        while (line := self.raw()) is not None and line.startswith("hello "):
            pass
        return line

    def until(self, line):
        while (got := self.raw()) != line:
            check(got is not None, "the connection ended before", line)

    def ask(self, *words, **more):
        self.say(request(*words, **more))
        return self.hear()

    def well(self, number):
        """One good request of each kind."""
        same(self.ask(number), f"match {number}", "the same finger")
        same(self.ask(number + 1, template(1, OTHER_FINGER)), f"nomatch {number + 1}", "another finger")

    def close(self):
        self.sock.close()


def put_matcher(t, site, how=""):
    """A copy of the stand-in that begins as its name says, in a directory of its own."""
    made = t.helper("../matcher/stand-in.c")
    place = f"{site.dir}/matcher"
    os.makedirs(place, mode=0o755, exist_ok=True)
    path = f"{place}/stand-in{how}"
    shutil.copy(made, path)
    os.chmod(path, 0o755)
    site.write_conf(matcher=f'"{path}"')
    return path


def begin(t, site, how="", **options):
    site.conf.setdefault("matcher_timeout", '"1 s"')  # the most there may be
    put_matcher(t, site, how)
    site.matchd.start(**options)
    client = Client(site)
    site.clearing.append(client.close)
    return client


def child_of(pid):
    """The matcher's pid, or None."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None


def dead(pid):
    """Gone, or waiting for its new parent to notice."""
    return state(pid) in ("Z", "X", None)


def state(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


def ends(site):
    return site.matchd.log().count("matcher ended")


def matchd_works(t):
    """match.sock has its mode; requests are carried, answers come with the client's id, limits and formats hold"""
    with t.site(matchd=True) as site:
        client = begin(t, site)
        same(stat.S_IMODE(os.stat(f"{site.dir}/run/match/match.sock").st_mode), 0o660, "the socket's mode")
        client.until(HELLO)
        client.well(1)
        client.well(18446744073709551614)
        same(client.ask(5, template(1), template(3, OTHER_FINGER), template(4)), "match 5", "one of two")
        same(client.ask(5, template(2), template(2)), "error 5 same-bytes", "equal bytes")
        same(client.ask(6, template(1, b"refu")), "error 6 bad-probe", "the matcher's own word")
        same(client.ask(7, form="zkfinger9"), "error 7 format", "a format that it does not take")
        same(client.ask(8, template(1, size=2048)), "match 8", "as large as it takes")
        same(client.ask(9, template(1, size=2049)), "error 9 size", "a probe that is too large")
        same(client.ask(9, None, template(2, size=2049)), "error 9 size", "a reference that is too large")
        same(client.ask(10, None, *[template(2)] * 10), "match 10", "as many as it takes")
        same(client.ask(11, None, *[template(2)] * 11), "error 11 size", "too many")
        # Many at once, and every one is answered.
        for n in range(100, 140):
            client.say(request(n, template(1, FINGER if n % 2 else OTHER_FINGER)))
        same([client.hear() for _ in range(100, 140)],
             [f"{'match' if n % 2 else 'nomatch'} {n}" for n in range(100, 140)], "forty at once")
        same(ends(site), 0, "nothing ended it")
        site.matchd.stop()


def matchd_without(t):
    """without a matcher, or with one that cannot be run, a client hears so at once"""
    with t.site(matchd=True) as site:
        site.matchd.start()
        client = Client(site)
        same(client.raw(), NO_HELLO, "with none")
        same(client.ask(1), "error 1 gone", "with none")
        site.matchd.stop()
        for path, words in ((f"{site.dir}/nowhere", "No such file"), (site.conf_path, "Permission denied")):
            site.write_conf(matcher=f'"{path}"')
            site.matchd.start()
            client = Client(site)
            same(client.raw(), NO_HELLO, path)
            same(client.ask(1), "error 1 gone", path)
            wait_until(lambda w=words: w in site.matchd.log(), f"the log says: {words}")
            site.matchd.stop()
        text = f"{site.dir}/text"
        with open(text, "w", encoding="ascii") as f:
            f.write("no program\n")
        os.chmod(text, 0o755)
        site.write_conf(matcher=f'"{text}"')
        site.matchd.start()
        client = Client(site)
        same(client.ask(1), "error 1 gone", "what is no program")
        wait_until(lambda: "matcher cannot be run" in site.matchd.log(), "the log says it")
        site.matchd.stop()


def matchd_refuses(t):
    """matchd does not run as root, nor with a configuration that is wrong"""
    with t.site(matchd=True) as site:
        if IS_ROOT:
            done = site.run("matchd", user=False, code=77)
            check(b"root" in done.stderr, "it does not say why:", done.stderr)
        for key, value in (("matcher", "stand-in"), ("matcher_timeout", '"2 s"'), ("matcher_memory", '"1 MiB"')):
            site.write_conf(**{key: value})
            done = site.run("matchd", "--check", code=78)
            check(key.encode() in done.stderr, "it does not say which:", done.stderr)
            site.write_conf(**{key: None})
        site.run("matchd", "--check")
        if not IS_ROOT:
            raise Skipped("that it refuses root needs root to be seen")


def matchd_misbehaviour(t):
    """whatever a matcher does instead of answering, the client hears the right word and the next request is good"""
    costs = {b"hang": "late", b"spin": "late", b"die!": "gone", b"crsh": "gone", b"hog!": "gone", b"flod": "gone",
             b"shut": "gone", b"inet": "gone", b"babl": "gone", b"long": "gone", b"lies": "gone", b"twic": "gone"}
    with t.site(matchd=True, conf={"matcher_memory": '"32 MiB"'}) as site:
        client = begin(t, site)
        client.until(HELLO)
        for n, (how, word) in enumerate(costs.items(), 1):
            before = child_of(site.matchd.pid)
            same(client.ask(n * 10, template(1, how)), f"error {n * 10} {word}", how)
            client.well(n * 10 + 1)
            same(ends(site), min(n, 10), f"ends after {how}")  # the log has a limit
            check(child_of(site.matchd.pid) != before, "it was not begun anew after", how)
        wait_until(lambda: "called the system" in site.matchd.log(), "the log says it of the socket")
        # An answer that is taken back later cannot be taken back; but nobody works with that matcher any more.
        same(client.ask(500, template(1, b"agai")), "nomatch 500", "the first answer")
        client.until(NO_HELLO)
        client.well(501)
        # Killed by somebody else, idle.
        os.kill(child_of(site.matchd.pid), signal.SIGKILL)
        client.until(NO_HELLO)
        client.until(HELLO)
        client.well(510)
        t.note(f"{len(costs)} ways")


def matchd_starts(t):
    """one that dies, hangs, babbles or takes all memory at its start is begun anew for ever, and nobody waits for it"""
    for how in (".dies", ".mute", ".rude", ".eager", ".flood", ".hog", ".dieslater"):
        with t.site(matchd=True, conf={"matcher_memory": '"32 MiB"'}) as site:
            client = begin(t, site, how)
            same(client.ask(1), "error 1 gone", how)
            if how != ".mute":
                wait_until(lambda: ends(site) >= 3, f"{how} was begun anew")
                same(client.ask(2).split()[0], "error", f"{how}, later")
            check(site.matchd.running(), "matchd has ended")


def matchd_recovers(t):
    """a program that was mended is found by itself"""
    with t.site(matchd=True) as site:
        client = begin(t, site)
        client.until(HELLO)
        path = f"{site.dir}/matcher/stand-in"
        os.rename(path, path + ".away")
        os.kill(child_of(site.matchd.pid), signal.SIGKILL)
        client.until(NO_HELLO)
        wait_until(lambda: "matcher cannot be started" in site.matchd.log(), "it was tried")
        wait_until(lambda: client.ask(1) == "error 1 gone", "it is told at once")
        os.rename(path + ".away", path)
        client.until(HELLO)
        client.well(2)


def matchd_queue(t):
    """behind a hung matcher 64 wait, more are told so, and those whose time is over hear that; then all is well"""
    with t.site(matchd=True, conf={"matcher_timeout": '"1 s"'}) as site:
        client = begin(t, site)
        client.until(HELLO)
        client.say(request(1, template(1, b"hang")))
        wait_until(lambda: child_of(site.matchd.pid), "it has begun")
        for n in range(2, 101):
            client.say(request(n))
        said = [client.hear().split() for _ in range(100)]
        heard = {int(words[1]): words[-1] if words[0] == "error" else words[0] for words in said}
        same(sorted(heard), list(range(1, 101)), "who hears something, and once")
        same(heard[1], "late", "what the first one hears")
        # The others are late, unless the machine is slow: those that came later then have a moment left when the next
        # matcher is at work.
        busy = {n for n, word in heard.items() if word == "busy"}
        check(busy and min(busy) >= 65, "who is told that there are enough", sorted(busy))
        client.well(200)


def matchd_clients(t):
    """a client that hangs, goes away or says odd things is let go; what it asked is forgotten; the next one is served"""
    with t.site(matchd=True) as site:
        client = begin(t, site)
        client.until(HELLO)
        # One that asks and does not read.
        deaf = Client(site)
        sent = 0
        try:
            while sent < 100000:
                deaf.say(request(7, form="zkfinger9"))
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        except socket.timeout:
            raise AssertionError("matchd waits for a client that does not read")
        wait_until(lambda: "it does not read" in site.matchd.log(), f"it is let go after {sent}")
        for odd in (b"verify 1 zkfinger10 QUJD\n", b"hello\n", b"verify 1 zkfinger10 QUJD QUJD", b"x" * 65537,
                    request(1).encode() + b"\n" + request(2).encode() + b"\n"):
            one = Client(site)
            one.sock.send(odd)
            same(one.hear(), None, f"after {odd[:40]}")
        # One that asks what takes long and goes; the next has the same id and hears its own answer.
        one = Client(site)
        one.until(HELLO)
        one.say(request(9, template(1, OTHER_FINGER)))
        for _ in range(30):
            one.say(request(9, template(1, OTHER_FINGER)))
        one.close()
        two = Client(site)
        two.until(HELLO)
        same(two.ask(9), "match 9", "its own answer")
        # A second one takes the place of the first.
        three = Client(site)
        same(two.hear(), None, "the first one")
        three.well(30)
        check(site.matchd.running(), "matchd has ended")
        three.close()
        site.matchd.stop()


def matchd_killed(t):
    """kill -9 of matchd takes the matcher with it; a new one takes over the socket, and there is never a second one"""
    with t.site(matchd=True) as site:
        client = begin(t, site)
        client.until(HELLO)
        for mark in (FINGER, b"spin"):
            client.say(request(1, template(1, mark)))
            child = child_of(site.matchd.pid)
            if mark == b"spin":  # then it does not see that nobody is at the other end
                wait_until(lambda c=child: state(c) == "R", "it spins")
            site.matchd.kill()
            wait_until(lambda c=child: dead(c), "the matcher died with it")
            site.matchd.start()
            client.close()
            client = Client(site)
            client.until(HELLO)
            client.well(10)
        # Told to stop while the matcher hangs: at once.
        client.say(request(1, template(1, b"hang")))
        child = child_of(site.matchd.pid)
        site.matchd.stop()
        wait_until(lambda: dead(child), "the matcher died with it")
        client.close()
        site.matchd.start()
        same(site.run("matchd", code=None).returncode, 71, "a second matchd")
        client = Client(site)
        client.until(HELLO)
        client.well(20)


def landlock_version():
    """What the kernel offers, 0 for none: from 2 on files are kept, from 6 on signals."""
    return max(0, ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1))


def matchd_cage(t):
    """what a matcher that is an attacker's finds: no file, process, network, memory, descriptor or word of matchd's"""
    with t.site(matchd=True, conf={"matcher_memory": '"64 MiB"'}) as site:
        # matchd itself was left a descriptor by whoever started it.
        client = begin(t, site, wrap=("sh", "-c", 'exec 9</dev/null; exec "$@"', "sh"))
        client.until(HELLO)
        landlock = landlock_version()
        works = "" if landlock >= 6 else "k" if landlock >= 2 else "rk"
        same(client.ask(1, template(1, b"cage")), f"error 1 {works or 'none'}", "what works")
        if works:
            t.note(f"Landlock {landlock}: not all can be kept from it here")
        pid = child_of(site.matchd.pid)
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            limits = {line[:26].strip(): line[26:].split()[:2] for line in f}
        for name, most in (("Max address space", 64 << 20), ("Max data size", 64 << 20), ("Max processes", 0),
                           ("Max file size", 0), ("Max core file size", 0), ("Max open files", 64),
                           ("Max cpu time", 3600)):
            same(limits[name], [str(most)] * 2, name)
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        same((status["NoNewPrivs"], status["SigBlk"].strip("0"), status["CapEff"].strip("0")), ("1", "", ""), "its status")
        same(sorted(os.listdir(f"/proc/{pid}/fd")), ["0", "1", "2"], "its descriptors")
        same(os.readlink(f"/proc/{pid}/fd/2"), "/dev/null", "where its errors go")


def matchd_is_idle(t):
    """nobody asks: neither matchd nor its matcher spins"""
    with t.site(matchd=True) as site:
        client = begin(t, site)
        client.until(HELLO)
        client.well(1)
        watched = (site.matchd.pid, child_of(site.matchd.pid))
        before = sum(map(ticks, watched))
        time.sleep(1.5)
        used = sum(map(ticks, watched)) - before
        check(used < 75, "they do not rest:", used, "ticks in a second and a half")


def ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def matchd_status(t):
    """status says off without a matcher, else whether matchd is at work, and cmdqd's connection outlives the look"""
    with t.site(conf={"allow_verify": "true"}, matchd=True) as site:
        site.start("parserd", "cmdqd", "ingestd")

        def shown():
            table = dict(line.split(None, 1) for line in site.punchctl("status").decode().splitlines() if line.strip())
            return table["matchd"], site.rows("status")[0]["daemons"].get("matchd", "none")

        same(shown(), ("off", "none"), "never configured")
        put_matcher(t, site)
        same(shown(), ("NOT at work", False), "configured, never started")
        site.matchd.start()
        wait_until(lambda: "a matcher is at work" in site.cmdqd.log(), "cmdqd has heard of the matcher")
        same(shown(), ("at work", True), "at work")
        site.matchd.stop()
        same(shown(), ("NOT at work", False), "stopped")
        check("client let go" not in site.matchd.log(), "a client was let go for a look at matchd")
        site.write_conf(matcher='""')
        same(shown(), ("off", "none"), "not configured any more")
        site.matchd.start()
        same(shown(), ("at work", True), "at work without a matcher")


TESTS = (matchd_works, matchd_refuses, matchd_without, matchd_misbehaviour, matchd_starts, matchd_recovers, matchd_queue,
         matchd_clients, matchd_killed, matchd_cage, matchd_is_idle, matchd_status)
