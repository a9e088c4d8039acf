# SPDX-License-Identifier: GPL-2.0-or-later
"""caps: what ingestd refuses to take, and what no client can make it do."""

import os
import threading

from checks import check, same, wait_until
from client import chunked, request_bytes, unread

LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"
TARGET = "/iclock/cdata?SN=AB1&table=ATTLOG&Stamp=1"


def only_ingestd(t, **conf):
    site = t.site(conf=conf)
    site.make_spools()
    site.start("ingestd")
    return site


def nothing_stored(site, what):
    for state in ("tmp", "new"):
        # A draft is removed when its exchange is over, which may be just after the reply.
        wait_until(lambda: not site.names("upload", state), f"{what}: nothing is left in {state}")


def lines_of(size):
    return (LINE * (size // len(LINE) + 1))[:size]


def still_serves(site, what):
    reply = site.upload("GOOD1", LINE)
    check(reply is not None and (reply.status, reply.body) == (200, b"OK: 1\n"), what, "and then a good upload hears",
          reply)


def caps_body_max(t):
    """more than body_max hears 413, before the body if its length was announced, and nothing of it is stored"""
    for size in (64 * 1024, 1024 * 1024):  # kept in memory, and on disk as it arrives
        with only_ingestd(t, body_max=f'"{size // 1024} KiB"', body_lines_max="100000000") as site:
            c = site.connect()
            c.send(request_bytes(TARGET, None, method="POST", headers=[f"Content-Length: {size + 1}"]))
            reply = c.reply()  # no byte of the body was sent
            same(reply.status, 413, "the announced length is above body_max")
            c.close()
            head = request_bytes(TARGET, b"", headers=["Transfer-Encoding: chunked"], length=False)
            same(site.talk(head + chunked(lines_of(size + 1), 4000)).status, 413, "chunks above body_max")
            c = site.connect()
            c.send(request_bytes(TARGET, None, method="POST",
                                 headers=[f"Content-Length: {size + 1}", "Expect: 100-continue"]))
            same(c.reply().status, 413, "100-continue above body_max")
            c.close()
            nothing_stored(site, "above body_max")
            same(site.ask(TARGET, lines_of(size)).status, 200, "just body_max")
            same(site.talk(head + chunked(lines_of(size), 4000)).status, 200, "just body_max in chunks")
            same([len(e.body) for e in site.entries()], [size] * 2, "the stored bodies")
            still_serves(site, "behind too large bodies")


def caps_lines(t):
    """more than body_lines_max lines hear 413 and are not stored"""
    with only_ingestd(t, body_lines_max="10") as site:
        same(site.ask(TARGET, LINE * 11).status, 413, "11 lines")
        same(site.ask(TARGET, LINE * 30000).status, 413, "30000 lines, above what is kept in memory")
        same(site.ask(TARGET, b"\n \n" * 20 + LINE * 10 + b"x").status, 413, "11 lines, the last one without LF")
        nothing_stored(site, "too many lines")
        same(site.ask(TARGET, b"\n" * 50 + LINE * 10).status, 200, "10 lines and blank ones")
        still_serves(site, "behind too many lines")


def caps_per_address(t):
    """an address gets connections_per_address connections and no more; others are served meanwhile"""
    with only_ingestd(t, connections_per_address="4") as site:
        held = [site.connect() for _ in range(4)]
        for c in held:  # each is in use
            c.send(b"GET /iclock/ping?SN=AB1 HTTP/1.1\r\nConnection: keep-alive\r\n\r\n")
            same(c.reply(wait_for_close=False).body, b"OK", "one of four")
        fifth = site.connect()
        try:
            fifth.send(request_bytes("/iclock/ping?SN=AB1"))
            reply = fifth.reply()
        except OSError:
            reply = None
        same(reply, None, "the fifth connection of an address")
        other = site.connect(source="127.0.0.2")
        other.send(request_bytes(TARGET, LINE))
        same(other.reply().status, 200, "another address")
        for c in held + [fifth, other]:
            c.close()

        def served_again():
            try:
                return site.upload("AB1", LINE) is not None
            except OSError:
                return False

        wait_until(served_again, "the address is served again")


def trickle(site, first, piece, stop):
    """Sends a byte again and again until the server hangs up: did it?"""
    c = site.connect()
    c.send(first)
    c.sock.settimeout(0.1)
    while not stop.is_set():
        try:
            c.send(piece)
            if not c.sock.recv(1000):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
        else:
            return True
    return False


def caps_deadline(t):
    """a client that trickles is cut off, in the head and in the body, while others are served"""
    with only_ingestd(t, request_deadline='"3 s"', body_rate_min='"1 KiB"', idle_timeout='"1 h"') as site:
        cut = {}
        stop = threading.Event()
        kinds = {
            "head": (b"POST /iclock/cdata?SN=AB1 HTTP/1.1\r\nX: ", b"x"),
            "request line": (b"GE", b"T"),
            "body": (request_bytes(TARGET, b"", headers=["Content-Length: 60000"], length=False), b"1"),
            "chunks": (request_bytes(TARGET, b"", headers=["Transfer-Encoding: chunked"], length=False),
                       b"1\r\n1\r\n"),
            # A body earns time by what it sent, so this one has not sent much of all that it announced.
            "large body": (request_bytes(TARGET, lines_of(3000), headers=["Content-Length: 900000"], length=False),
                           b"1"),
        }
        threads = [threading.Thread(target=lambda k=k, v=v: cut.__setitem__(k, trickle(site, *v, stop)))
                   for k, v in kinds.items()]
        for thread in threads:
            thread.start()
        try:
            def all_cut():
                still_serves(site, "beside trickling clients")
                return len(cut) == len(kinds)

            wait_until(all_cut, "all trickling clients are cut off")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        same(cut, {k: True for k in kinds}, "cut off")
        wait_until(lambda: not site.names("upload", "tmp"), "no draft is left")
        check(all(e.serial == "GOOD1" for e in site.entries()), "a part of a trickled body was stored")
        still_serves(site, "behind trickling clients")


def caps_idle(t):
    """a kept connection that says nothing is closed after idle_timeout"""
    with only_ingestd(t, idle_timeout='"3 s"', request_deadline='"1 h"') as site:
        c = site.connect()
        c.send(request_bytes(TARGET, LINE, headers=["Connection: keep-alive"]))
        same(c.reply(wait_for_close=False).body, b"OK: 1\n", "keep-alive")
        check(c.ended(), "not closed")
        silent = site.connect()
        check(silent.ended(), "a connection that never said anything is not closed")
        still_serves(site, "behind idle clients")


def caps_free_floor(t):
    """below free_floor uploads and results hear 503 and leave nothing, polls go on; with a low floor all is served"""
    with only_ingestd(t, free_floor='"16 TiB"') as site:
        for target in (TARGET, "/iclock/devicecmd?SN=AB1"):
            for body in (LINE, lines_of(300000)):
                c = site.connect()
                c.send(request_bytes(target, None, method="POST", headers=[f"Content-Length: {len(body)}"]))
                if len(body) <= 65536:
                    c.send(body)
                reply = c.reply()
                same(reply.status, 503, f"{target}, {len(body)} bytes")
                check(b"OK" not in reply.body, "a refusal with OK")
                c.close()
        head = request_bytes(TARGET, b"", headers=["Transfer-Encoding: chunked"], length=False)
        same(site.talk(head + chunked(LINE, 5)).status, 503, "chunks")
        same(site.ask("/iclock/getrequest?SN=AB1").body, b"OK", "a poll")
        nothing_stored(site, "below the floor")
        check(not site.all_names("result"), "a result was stored")
        site.stop("ingestd")
        site.write_conf(free_floor='"0 B"')
        site.start("ingestd")
        still_serves(site, "with a low floor")


def many_bodies(site, count, size, announced, how):
    """Opens `count` uploads, sends `size` bytes of each, and leaves them there."""
    opened = []
    body = lines_of(size)
    for i in range(count):
        c = site.connect()
        headers = ["Transfer-Encoding: chunked"] if how == "chunked" else [f"Content-Length: {announced}"]
        c.send(request_bytes(TARGET.replace("AB1", f"M{i}"), b"", headers=headers, length=False))
        c.send(b"%x\r\n" % len(body) + body + b"\r\n" if how == "chunked" else body)
        opened.append(c)
    return opened


def caps_body_memory(t):
    """many bodies at once: ingestd's memory stays at body_memory and little more, and all of them are stored whole"""
    budget = 4 << 20
    count = 1000 if t.full else 300
    with only_ingestd(t, body_memory='"4 MiB"', request_deadline='"10 min"', idle_timeout='"10 min"') as site:
        before = site.ingestd.status("RssAnon")
        for how, size, announced in (("length", 200000, 250000), ("chunked", 200000, 250000),
                                     ("length", 400000, 500000)):
            opened = many_bodies(site, count, size, announced, how)
            # All of it has been read when nothing is in the sockets any more.
            wait_until(lambda: unread(site.port) == 0, "all bodies are read")
            grown = site.ingestd.status("RssAnon") - before
            check(grown < budget + count * 20000 + (8 << 20), count, how, "bodies of", size, "bytes take",
                  grown >> 20, "MiB")
            t.note(f"{count} bodies of {size} by {how}: {grown >> 20} MiB")
            rest = lines_of(announced)[size:]
            for c in opened:
                c.send(b"%x\r\n" % len(rest) + rest + b"\r\n0\r\n\r\n" if how == "chunked" else rest)
            for c in opened:
                same(c.reply().status, 200, f"a body by {how}")
                c.close()
            entries = site.entries()
            same(len(entries), count, "entries")
            check(all(e.body == lines_of(announced) for e in entries), "a body is not what was sent")
            for name in site.names():
                os.unlink(f"{site.spool('upload', 'new')}/{name}")
        still_serves(site, "behind many bodies")


TESTS = (caps_body_max, caps_lines, caps_per_address, caps_deadline, caps_idle, caps_free_floor, caps_body_memory)
