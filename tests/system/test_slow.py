# SPDX-License-Identifier: GPL-2.0-or-later
"""slow: many who say little, or nothing, or want everything, keep nobody else from being served. How soon others are
served then is for `make bench` (S1) to say."""

import resource
import selectors
import socket
import threading
import time

from checks import Skipped, check, same, wait_until
from client import request_bytes

HALF_OPEN, TRICKLING, GREEDY, PER_ADDRESS = 2000, 200, 4000, 256
OTHERS = 400
DEADLINE_S = 12
LINE = b"1\t2026-01-05 08:00:00\t0\t1\n"
HALF_A_HEAD = b"POST /iclock/cdata?SN=HALF1&table=ATTLOG HTTP/1.1\r\nHos"


class Crowd:
    """Connections that are opened, say what they say, and are looked at until the server ends them."""

    def __init__(self, port):
        self.port, self.opened, self.ended, self.lock = port, {}, {}, threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.trickling = []
        self.stopped = False
        self.thread = threading.Thread(target=self.run)

    def open(self, kind, count, source_of, said):
        for i in range(count):
            s = socket.create_connection(("127.0.0.1", self.port), 60, (source_of(i), 0))
            s.setblocking(False)
            try:
                s.send(said)
            except OSError:
                pass  # ended already, which will be seen
            with self.lock:
                self.opened[kind] = self.opened.get(kind, 0) + 1
                self.selector.register(s, selectors.EVENT_READ, kind)
                if kind == "trickling":
                    self.trickling.append(s)

    def living(self, kind):
        with self.lock:
            return self.opened.get(kind, 0) - self.ended.get(kind, 0)

    def run(self):
        next_s = 0
        while not self.stopped:
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + 1
                for s in list(self.trickling):
                    try:
                        s.send(b"x")
                    except OSError:
                        self.trickling.remove(s)  # its end is seen below
            with self.lock:
                for key, _ in self.selector.select(0):
                    self.look(key)
            time.sleep(0.02)

    def look(self, key):
        try:
            if key.fileobj.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.selector.unregister(key.fileobj)
        key.fileobj.close()
        self.ended[key.data] = self.ended.get(key.data, 0) + 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def address(net, i):
    return f"127.{net}.{i // 250}.{i % 250 + 1}"


def serve_others(site, first):
    """Uploads and polls, each on a connection of its own and from one of many addresses: all of them are answered."""
    for i in range(first, first + OTHERS):
        reply = site.upload(f"OTHER{i}", LINE, source=address(9, i % 1000))
        check(reply is not None and reply.body == b"OK: 1\n", "upload", i, "hears", reply)
        if i % 4 == 0:
            reply = site.ask(f"/iclock/getrequest?SN=OTHER{i}", source=address(9, i % 1000))
            check(reply is not None and reply.body == b"OK", "poll", i, "hears", reply)


def slow_and_many(t):
    """2,000 half-open, 200 that trickle, 4,000 from one address: all others are served, deadlines hold, memory and log
    stay small"""
    wanted = HALF_OPEN + TRICKLING + GREEDY + 600
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        raise Skipped(f"the limit of open files is below {wanted}")
    with t.site(conf={"request_deadline": f'"{DEADLINE_S} s"', "idle_timeout": '"1 h"', "body_rate_min": '"1 KiB"',
                      "connections_per_address": str(PER_ADDRESS)}) as site:
        site.make_spools()
        site.start("ingestd")
        before = site.ingestd.status("RssAnon")
        with Crowd(site.port) as crowd:
            began = time.monotonic()
            crowd.open("half-open", HALF_OPEN, lambda i: address(1, i // 4), HALF_A_HEAD)
            body = request_bytes("/iclock/cdata?SN=SLOW1&table=ATTLOG", b"", headers=["Content-Length: 60000"],
                                 length=False)
            crowd.open("trickling", TRICKLING // 2, lambda i: address(2, i), HALF_A_HEAD)
            crowd.open("trickling", TRICKLING // 2, lambda i: address(3, i), body)
            crowd.open("greedy", GREEDY, lambda i: "127.4.0.1", HALF_A_HEAD)
            wait_until(lambda: crowd.living("greedy") <= PER_ADDRESS, "one address keeps no more than its share")
            serve_others(site, 0)
            living = {kind: crowd.living(kind) for kind in crowd.opened}
            took_s = time.monotonic() - began
            if took_s < DEADLINE_S:  # else some have met it already, which is right
                check(living["half-open"] > 0 and living["trickling"] > 0, "they were not there any more:", living)
            grown = site.ingestd.status("RssAnon") - before
            check(grown < 48 << 20, "ingestd's memory grew by", grown >> 20, "MiB")
            wait_until(lambda: not any(crowd.living(kind) for kind in crowd.opened), "all of them meet their deadline")
            serve_others(site, OTHERS)
        same(sorted(e.serial for e in site.entries()), sorted(f"OTHER{i}" for i in range(2 * OTHERS)), "serials stored")
        lines = site.ingestd.log().count("\n")
        check(lines < 120, lines, "lines were logged")
        t.note(f"opened, and others served, in {took_s:.1f} s, living beside others {living}, {grown >> 20} MiB, {lines} lines logged")


TESTS = (slow_and_many,)
