# SPDX-License-Identifier: GPL-2.0-or-later
"""proxy: terminals behind a terminator of TLS: each is known by its own address, and only what begins with a PROXY head
is served on that socket."""

import contextlib
import itertools
import os
import random
import socket
import subprocess
import threading

from checks import PATIENCE_S, check, same, wait_until
from client import Connection, request_bytes
from host import GID, IS_ROOT, UID, as_user

LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
WAITING_MAX = 256  # and how many it lets wait


def head_v1(source, port=40000):
    if ":" in source:
        return f"PROXY TCP6 {source} 2001:db8::1 {port} 443\r\n".encode()
    return f"PROXY TCP4 {source} 192.0.2.1 {port} 443\r\n".encode()


def head_v2(source, port=40000, more=b"", command=0x21):
    family, kind, to = (socket.AF_INET6, 0x21, "2001:db8::1") if ":" in source else (socket.AF_INET, 0x11, "192.0.2.1")
    rest = socket.inet_pton(family, source) + socket.inet_pton(family, to)
    rest += port.to_bytes(2, "big") + (443).to_bytes(2, "big") + more
    return SIGNATURE + bytes([command, kind]) + len(rest).to_bytes(2, "big") + rest


class Behind(Connection):
    """A connection to the terminator's socket, by the hand of whoever says `head` there."""

    def __init__(self, site, head=b""):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(site.proxy_path)
        self.left = b""
        self.send(head)

    def more(self):
        try:
            return super().more()
        except BrokenPipeError:
            return False


class Terminator:
    """What a terminator of TLS does, without the TLS: takes connections of terminals by TCP, says for whom each comes,
    and carries bytes both ways."""

    def __init__(self, site, make_head):
        self.path, self.make_head = site.proxy_path, make_head
        self.listener = socket.create_server(("0.0.0.0", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        site.clearing.append(self.listener.close)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, (address, port) = self.listener.accept()
                server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                server.connect(self.path)
                server.sendall(self.make_head(address, port))
                for a, b in ((client, server), (server, client)):
                    threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    @staticmethod
    def carry(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)


def make_site(t, **conf):
    """A site whose ingestd listens for a terminator besides; the directory is as the package makes it."""
    site = t.site(conf=conf)
    run = f"{site.dir}/run/proxy"
    os.mkdir(run)
    if IS_ROOT:
        os.chown(run, UID, GID)
    os.chmod(run, 0o2750)
    site.proxy_path = f"{run}/ingestd.sock"
    site.write_conf(listen_proxy=f'"{site.proxy_path}"')
    return site


def only_ingestd(t, **conf):
    site = make_site(t, **conf)
    site.make_spools()
    site.start("ingestd")
    return site


def upload_bytes(serial, **options):
    return request_bytes(f"/iclock/cdata?SN={serial}&table=ATTLOG&Stamp=1", LINE, **options)


def upload(site, head, serial="AB1"):
    c = Behind(site, head)
    try:
        c.send(upload_bytes(serial))
        return c.reply()
    finally:
        c.close()


def unheard(site, data):
    """Says something and hears nothing but the end."""
    c = Behind(site)
    try:
        with contextlib.suppress(OSError):
            c.send(data)
        check(c.ended(), "not closed")
    finally:
        c.close()


def peers(site):
    return {e.serial: e.peer for e in site.entries()}


def proxy_address(t):
    """through a terminator, with heads of both versions: the entry, the log and the reply are those of the terminal"""
    with only_ingestd(t) as site:
        for n, make_head in enumerate((head_v1, head_v2), 1):
            terminator = Terminator(site, make_head)
            for i in range(5):
                c = Connection(terminator.port, source=f"127.0.{n}.{i + 2}")
                c.send(upload_bytes(f"T{n}X{i}"))
                same(c.reply().body, b"OK: 1\n", "an upload through the terminator")
                c.close()
            same({s: p for s, p in peers(site).items() if s.startswith(f"T{n}")},
                 {f"T{n}X{i}": f"127.0.{n}.{i + 2}" for i in range(5)}, "the peers of the entries")
        c = Connection(terminator.port, source="127.0.9.9")
        c.send(request_bytes("/no/such/page"))
        same(c.reply().status, 404, "a page that is none")
        c.close()
        wait_until(lambda: "peer=127.0.9.9" in site.ingestd.log(), "the log names the terminal")
        check("TCP_" not in site.ingestd.log(), "it is logged that a unix socket is no TCP")


def proxy_heads(t):
    """every form of a head, whole and in pieces, with the request behind it in the same packet or later"""
    with only_ingestd(t) as site:
        heads = {
            "A1": (head_v1("192.0.2.7"), "192.0.2.7"),
            "A2": (head_v1("2001:db8::7"), "2001:db8::7"),
            "A3": (head_v2("192.0.2.8"), "192.0.2.8"),
            "A4": (head_v2("2001:db8::8"), "2001:db8::8"),
            "A5": (head_v2("::ffff:192.0.2.9"), "192.0.2.9"),
            "A6": (head_v2("192.0.2.10", more=b"\x02\0\4host\x20\0\5\1\0\0\0\0"), "192.0.2.10"),
            "A7": (head_v2("192.0.2.11", more=b"\x05\3\xd0" + b"x" * 976), "192.0.2.11"),
            "A8": (b"PROXY UNKNOWN\r\n", "local"),
            "A9": (SIGNATURE + b"\x20\0\0\0", "local"),
        }
        for serial, (head, _) in heads.items():
            c = Behind(site, head + upload_bytes(serial + "W"))
            same(c.reply().body, b"OK: 1\n", f"{serial}, in one packet")
            c.close()
            c = Behind(site)
            for at in range(0, len(head), max(1, len(head) // 20)):
                c.send(head[at : at + max(1, len(head) // 20)])
            for byte in upload_bytes(serial + "P"):
                c.send(bytes([byte]))
            same(c.reply().body, b"OK: 1\n", f"{serial}, in pieces")
            c.close()
        want = {serial + form: peer for serial, (_, peer) in heads.items() for form in "WP"}
        same(peers(site), want, "the peers of the entries")
        kept = Behind(site, head_v1("192.0.2.7"))
        for _ in range(3):
            kept.send(upload_bytes("K1", headers=["Connection: keep-alive"]))
            same(kept.reply(wait_for_close=False).body, b"OK: 1\n", "one of three on a connection")
        kept.send(head_v1("192.0.2.99") + upload_bytes("K2"))  # one head, and no more
        drained = kept.reply(wait_for_close=False)
        check(drained is None or drained.status == 400, "a second head hears", drained)
        kept.close()
        check("K2" not in peers(site), "what came behind a second head was stored")


def proxy_only_there(t):
    """plain HTTP is closed on that socket, a head on TCP is no request, and the socket is for its group alone"""
    with only_ingestd(t) as site:
        unheard(site, upload_bytes("PLAIN"))
        for head in (head_v1("192.0.2.7"), head_v2("192.0.2.7"), b"PROXY UNKNOWN\r\n"):
            c = site.connect()
            with contextlib.suppress(OSError):
                c.send(head + upload_bytes("TCP1"))
            reply = c.reply()
            check(reply is None or reply.status == 400, head, "on TCP hears", reply)
            c.close()
        check(not site.names(), "something was stored")
        same(os.stat(site.proxy_path).st_mode & 0o7777, 0o660, "the socket's mode")
        if IS_ROOT:
            script = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
            for group, code in ((GID - 1, 1), (GID, 0)):
                done = subprocess.run(["python3", "-c", script, site.proxy_path], user=UID - 1, group=group,
                                      extra_groups=[], stderr=subprocess.DEVNULL, check=False)
                same(done.returncode, code, f"connecting with group {group}")
        same(upload(site, head_v1("192.0.2.7"), "LAST").body, b"OK: 1\n", "and then a good one")


def proxy_limits(t):
    """connections_per_address and the networks of a device hold for the terminal's address"""
    with make_site(t, connections_per_address="3", admit="approved") as site:
        site.start("parserd", "cmdqd", "ingestd")
        site.punchctl("device", "approve", "NET1")
        site.punchctl("device", "approve", "ANY1")
        site.punchctl("device", "set", "NET1", "networks=192.0.2.0/24,2001:db8::/32")
        wait_until(lambda: upload(site, head_v1("192.0.2.7"), "ANY1").status == 200, "ANY1 is admitted")
        wait_until(lambda: upload(site, head_v1("192.0.2.7"), "NET1").status == 200 and
                   upload(site, head_v1("192.0.3.7"), "NET1").status == 403, "NET1 is admitted from its networks")
        for source, status in (("192.0.2.200", 200), ("2001:db8:5::1", 200), ("198.51.100.1", 403), ("127.0.0.1", 403),
                               ("2001:db9::1", 403)):
            for make_head in (head_v1, head_v2):
                same(upload(site, make_head(source), "NET1").status, status, f"NET1 from {source}")
        same(upload(site, b"PROXY UNKNOWN\r\n", "NET1").status, 403, "NET1 from nowhere")
        same(upload(site, b"PROXY UNKNOWN\r\n", "ANY1").status, 200, "ANY1 from nowhere")
        for source in ("192.0.2.7", "2001:db8::7"):
            ping = request_bytes("/iclock/ping?SN=ANY1", headers=["Connection: keep-alive"])
            held = [Behind(site, make_head(source) + ping) for make_head in (head_v1, head_v2, head_v1)]
            for c in held:
                same(c.reply(wait_for_close=False).body, b"OK", "one of three")
            unheard(site, head_v2(source) + ping)
            same(upload(site, head_v1("192.0.2.8"), "ANY1").status, 200, "another terminal")
            for c in held:
                c.close()


def proxy_silent(t):
    """half a head is ended by its deadline; a thousand connections without one keep nobody from being served"""
    count = 1000
    with only_ingestd(t) as site:
        def held():
            return len(site.ingestd.descriptors()) if IS_ROOT else 0  # nobody else sees them

        before = held()
        halves = [Behind(site, data) for data in (b"", b"P", b"PROXY TCP4 192.0.2.7 19", SIGNATURE[:5],
                                                  head_v2("192.0.2.7")[:-1])]
        shut = Behind(site, b"PROXY TCP4 192.0.2.7 19")
        shut.sock.shutdown(socket.SHUT_WR)
        check(shut.ended(), "half a head and the end is not closed")
        same(upload(site, head_v1("192.0.2.7")).status, 200, "beside half heads")
        for c in halves:
            check(c.ended(), "half a head is not ended")
            c.close()
        silent = []
        for i in range(count):
            silent.append(Behind(site))
            if i % 50 == 0:
                same(upload(site, head_v2("192.0.2.7")).status, 200, f"beside {i} that say nothing")
                check(held() - before <= WAITING_MAX + 5, "ingestd holds", held() - before, "descriptors more than before")
        # All that came meanwhile are taken at once: the room is made by those that have waited longest.
        site.ingestd.pause()
        good = Behind(site, head_v1("192.0.2.7") + upload_bytes("GOOD1"))
        silent += [Behind(site) for _ in range(WAITING_MAX - 10)]
        site.ingestd.resume()
        same(good.reply().body, b"OK: 1\n", "one that speaks at once, before many that do not")
        for c in silent:
            check(c.ended(), "one that says nothing is not ended")
            c.close()
        wait_until(lambda: held() <= before, "all descriptors are given back")
        lines = site.ingestd.log().count("\n")
        check(lines < 60, lines, "lines were logged")
        t.note(f"{count} silent connections, {lines} lines logged")


def proxy_no_descriptors(t):
    """without descriptors nobody is lost: who connects meanwhile is served when there are some again"""
    with only_ingestd(t) as site:
        pid = site.ingestd.pid
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            before = next(line.split()[3] for line in f if line.startswith("Max open files"))

        def set_most(count):
            subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={count}:"], **as_user(), check=True)

        held = Behind(site, head_v1("192.0.2.7") + upload_bytes("A1", headers=["Connection: keep-alive"]))
        same(held.reply(wait_for_close=False).body, b"OK: 1\n", "before")
        late = []

        def is_full():
            """No descriptor is left below the limit, unless one was in use for a moment: then the next one is not let in."""
            used = site.ingestd.descriptors()
            set_most(next(fd for fd in itertools.count() if fd not in used))
            late.append(Behind(site, head_v1("192.0.2.8") + upload_bytes(f"LATE{len(late)}")))
            return "none can be accepted" in site.ingestd.log()

        wait_until(is_full, "it is logged")
        set_most(before)
        for c in late:
            same(c.reply().body, b"OK: 1\n", "who came meanwhile")
        same(upload(site, head_v2("192.0.2.9"), "A3").body, b"OK: 1\n", "who comes later")


def proxy_garbage(t):
    """what is no head harms nobody and is not served"""
    rng = random.Random(2)
    count = 2000 if t.full else 400
    good = [make(s) + upload_bytes("BAD1") for make in (head_v1, head_v2) for s in ("192.0.2.7", "2001:db8::7")]
    with only_ingestd(t, request_deadline='"4 s"', idle_timeout='"4 s"') as site:
        pid = site.ingestd.pid
        opened = []
        for i in range(count):
            if i % 3 == 0:
                data = rng.randbytes(rng.randrange(1, 2000))
            elif i % 3 == 1:
                data = bytearray(rng.choice(good))
                for _ in range(rng.randrange(1, 4)):
                    data[rng.randrange(28)] = rng.randrange(256)
            else:
                data = rng.choice(good)[: rng.randrange(60)]
            opened.append(Behind(site))
            with contextlib.suppress(OSError):
                opened[-1].send(bytes(data))
                opened[-1].sock.shutdown(socket.SHUT_WR)
        for c in opened:
            while c.more():
                pass
            c.close()
        site.alive("ingestd")
        same(site.ingestd.pid, pid, "ingestd's pid")
        for entry in site.entries():
            same((entry.serial, entry.body), ("BAD1", LINE), "what was stored")
        same(upload(site, head_v1("192.0.2.7")).body, b"OK: 1\n", "a good one behind the garbage")
        lines = site.ingestd.log().count("\n")
        check(lines < 80, lines, "lines were logged")
        t.note(count, "connections,", lines, "lines logged")


def proxy_end(t):
    """ingestd ends while heads are waited for, and starts on the socket's file that it left"""
    with only_ingestd(t) as site:
        waiting = [Behind(site, b"PROXY") for _ in range(20)]
        kept = Behind(site, head_v1("192.0.2.7") + upload_bytes("K1", headers=["Connection: keep-alive"]))
        same(kept.reply(wait_for_close=False).body, b"OK: 1\n", "before the end")
        site.stop("ingestd")
        for c in waiting + [kept]:
            check(c.ended(), "not closed at the end")
            c.close()
        site.start("ingestd")
        same(upload(site, head_v2("192.0.2.7")).body, b"OK: 1\n", "after the start")
        second = site.run("ingestd", "-c", site.conf_path, code=None)
        same(second.returncode, 69, "a second one's exit status")
        same(upload(site, head_v2("192.0.2.7")).body, b"OK: 1\n", "the first one is still there")


TESTS = (proxy_address, proxy_heads, proxy_only_there, proxy_limits, proxy_silent, proxy_no_descriptors,
         proxy_garbage, proxy_end)
