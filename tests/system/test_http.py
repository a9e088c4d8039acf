# SPDX-License-Identifier: GPL-2.0-or-later
"""http: what a terminal may send and what it hears, byte by byte. docs/PROTOCOL.md 0, 1.4, 3, 9, 12"""

import json
import os
import random
import re
import socket

from checks import check, same, wait_until
from client import chunked, request_bytes
from harness import sample

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                  r"\d\d:\d\d:\d\d GMT")
ATTLOG = b"1\t2026-01-05 08:00:00\t0\t1\n2\t2026-01-05 08:00:01\t0\t1\n"
ALL_BYTES = bytes(range(256)) * 3


def proper(reply, what, closed=True):
    """docs/PROTOCOL.md 0.7"""
    check(reply is not None, what, "hears nothing")
    same(reply.header("Content-Type"), "text/plain", f"{what}: Content-Type")
    same(reply.header("Content-Length"), str(len(reply.body)), f"{what}: Content-Length")
    check(DATE.fullmatch(reply.header("Date") or ""), what, "Date is", reply.header("Date"))
    check(len(reply.head) < 400, what, "has", len(reply.head), "bytes of headers")
    for name, _ in reply.headers:
        check(name in ("Content-Type", "Content-Length", "Date", "Connection"), what, "has a header", name)
    same(reply.closed, closed, f"{what}: closed after the reply")
    same((reply.header("Connection") or "").lower() == "close", closed, f"{what}: Connection: close")


def heard(reply, status, body, what):
    proper(reply, what)
    same((reply.status, reply.body), (status, body), what)


def refused(reply, status, what):
    proper(reply, what)
    same(reply.status, status, what)
    check(b"OK" not in reply.body, what, "has OK in the body of a refusal:", reply.body)


def only_ingestd(t, **conf):
    """A site whose spools nobody empties, so that they can be looked into."""
    site = t.site(conf=conf)
    site.make_spools()
    site.start("ingestd")
    return site


def stored(site, seen, kind="upload"):
    """Entries that came since the last call."""
    fresh = [n for n in site.all_names(kind) if n not in seen]
    seen.update(fresh)
    return [e for name in fresh for e in site.entries_of(kind, name)]


def expect_stored(site, seen, target, body, serial, what, kind="upload"):
    entries = stored(site, seen, kind)
    check(len(entries) == 1, what, "left", len(entries), "entries in the spool")
    e = entries[0]
    same((e.kind, e.serial, e.target, e.peer), (kind, serial, target, "127.0.0.1"), f"{what}: the entry's head")
    same(e.body, body, f"{what}: the stored body")
    check(e.end != b"end", what, "has no checksum")


def count_of(body):
    return sum(1 for line in body.split(b"\n") if line.strip(b" \t\r"))


# what each of the real targets is, by a part of it: reply, spool, body to send
REAL = (
    ("table=options", b"OK\n", "upload", "real_options.bin"),
    ("table=OPERLOG", b"OK: 4\n", "upload", "real_operlog_oplog4.bin"),
    ("table=ATTLOG", b"OK: 10\n", "upload", "real_attlog_10.bin"),
    ("table=BIODATA", b"OK: 1\n", "upload", "real_biodata_face.bin"),
    ("table=ATTPHOTO", b"OK\n", "upload", "doc_attphoto.bin"),
    ("table=rtlog", b"OK\n", "upload", "real_attlog_1.bin"),
    ("table=rtstate", b"OK\n", "upload", "real_attlog_1.bin"),
    ("tablename=user", b"user=1\n", "upload", "real_attlog_1.bin"),
    ("POST /iclock/devicecmd", b"OK\n", "result", "real_devicecmd_3xLOG.bin"),
    ("AuthType=", b"AUTH=Failed\n", None, "fw_auth_fp_request.http.bin"),
    ("GET /iclock/getrequest", b"OK", None, None),
    ("GET /iclock/ping", b"OK", None, None),
    ("GET /iclock/rtdata", None, None, None),  # test_questions
    ("PIN=123", None, None, None),  # test_questions
    ("DeviceType=acc", b"OK", None, None),
    ("options=all", None, None, None),
)
NOT_YET = ("/registry", "/push")  # pages of dialects that do not exist here: 404


def http_real_targets(t):
    """every request target seen of real terminals gets its reply, and every body is stored as it was sent"""
    lines = sample("real_request_targets.txt").decode("ascii").splitlines()
    with t.site() as site:
        site.make_spools()
        site.start("cmdqd", "ingestd")
        seen = {"upload": set(), "result": set()}
        for line in lines:
            method, target = line.split(" ", 1)
            if any(page in target for page in NOT_YET):
                refused(site.ask(target, method=method), 404, line)
                continue
            reply, spool, name = next(row[1:] for row in REAL if row[0] in line)
            body = sample(name) if name else None
            if "options=all" in target:  # the desk may not be reached yet
                wait_until(lambda: site.ask(target).status != 503, "the desk is there")
            got = site.ask(target, body, method=method)
            if reply is None and "options=all" not in target:
                proper(got, line)
            elif reply is None:
                proper(got, line)
                serial = re.search(r"SN=(\w+)", target).group(1)
                check(got.status == 200 and got.body.startswith(b"GET OPTION FROM: %s\n" % serial.encode()), line,
                      got)
            else:
                heard(got, 200, reply, line)
            for kind in ("upload", "result"):
                if kind == spool:
                    expect_stored(site, seen[kind], target, body, "ABCD250100001", line, kind)
                else:
                    check(not stored(site, seen[kind], kind), line, "left something in", kind)
        t.note(len(lines), "targets")


def http_whole_samples(t):
    """every complete request of the samples, byte by byte as terminals send it"""
    with t.site() as site:
        site.make_spools()
        site.start("cmdqd", "ingestd")
        for name, reply, kind in (
            ("doc_devicecmd_5.http.bin", b"OK\n", "result"),
            ("doc_spec_space_table.http.bin", b"OK: 1\n", "upload"),
            ("fw_auth_fp_request.http.bin", b"AUTH=Failed\n", None),
            ("fw_old_http10_getrequest.http.bin", b"OK", None),
            ("fw_raw_space_in_url.http.bin", b"OK", None),
        ):
            data = sample(name)
            before = {k: len(site.all_names(k)) for k in ("upload", "result")}
            heard(site.talk(data), 200, reply, name)
            for k in ("upload", "result"):
                same(len(site.all_names(k)) - before[k], 1 if k == kind else 0, f"{name}: new files in {k}")
            if kind:
                entry = site.all_entries(kind)[-1]
                same(entry.body, data.split(b"\r\n\r\n", 1)[1], f"{name}: the stored body")
                same(entry.target, data.split(b"\r\n")[0].decode().split(" ", 1)[1].rsplit(" ", 1)[0],
                     f"{name}: target")
        # The bare blanks of INFO reached the desk whole.
        site.ask("/iclock/cdata?SN=0316144680030&options=all")

        def firmware():
            devices = [json.loads(line) for line in site.punchctl("device", "ls", "--json").splitlines()]
            return [d.get("firmware") for d in devices if d["serial"] == "0316144680030"]

        wait_until(lambda: firmware() == ["Ver 8.0.4.2-I113-02"], "the firmware with its blank is shown")


SPELLINGS = ("/iclock/cdata", "/iclock/cdata.aspx", "/iclock/cdata.php", "//iclock//cdata", "/iclock/iclock/cdata",
             "/cdata", "/cdata.aspx", "/ICLOCK/CDATA", "/iClock/CData.ASPX", "//cdata")
# query, what is heard for two lines, the table as the records would have it
FORMS = (
    ("table=ATTLOG&Stamp=9999", b"OK: 2\n"), ("table=attlog&stamp=9999", b"OK: 2\n"),
    ("TABLE=AttLog&STAMP=1", b"OK: 2\n"), ("Stamp=9999&table=ATTLOG", b"OK: 2\n"),
    ("table=%20ATTLOG&Stamp=1", b"OK: 2\n"), ("table= ATTLOG&Stamp=1", b"OK: 2\n"),
    ("table=ATTLOG &Stamp=1", b"OK: 2\n"),
    ("Stamp=5", b"OK: 2\n"), ("OpStamp=5", b"OK: 2\n"), ("PhotoStamp=5", b"OK\n"),
    ("table=OPERLOG&OpStamp=5", b"OK: 2\n"), ("table=ATTPHOTO&Stamp=5", b"OK\n"),
    ("table=ATTPHOTO&PhotoStamp=5", b"OK\n"),
    ("table=BIODATA", b"OK: 2\n"), ("table=IDCARD", b"OK: 2\n"), ("table=USERINFO", b"OK: 2\n"),
    ("table=FINGERTMP", b"OK: 2\n"), ("table=FACE", b"OK: 2\n"), ("table=USERPIC", b"OK: 2\n"),
    ("table=WORKCODE", b"OK: 2\n"), ("table=BIOPHOTO", b"OK\n"), ("table=options", b"OK\n"),
    ("table=ERRORLOG", b"OK\n"),
    ("table=rtlog", b"OK\n"), ("table=rtstate", b"OK\n"), ("table=event", b"OK\n"), ("table=NOBODYKNOWS", b"OK\n"),
    ("", b"OK\n"), ("FPImage=1&PIN=2&FID=3", b"OK\n"),
    ("table=tabledata&tablename=user&count=7", b"user=7\n"), ("table=tabledata&tablename=user", b"user=2\n"),
    ("table=ATTLOG&Stamp=9999&x=%zz&y=%", b"OK: 2\n"), ("&&table=ATTLOG&&", b"OK: 2\n"),
)


def http_upload_forms(t):
    """every spelling of an upload: paths, extensions, any case, blanks, tables with and without a name"""
    with only_ingestd(t) as site:
        seen = set()
        targets = [(f"{path}?SN=AB1&table=ATTLOG&Stamp=9999", b"OK: 2\n") for path in SPELLINGS]
        targets += [(f"/iclock/cdata?SN=AB1&{query}", reply) for query, reply in FORMS]
        targets += [(f"/iclock/cdata?{query}&sn=AB1", reply) for query, reply in FORMS[:4]]
        targets += [("/iclock/fdata?SN=AB1&table=ATTPHOTO&PhotoStamp=3", b"OK\n"),
                    ("/iclock/fdata?SN=AB1&PIN=20150731103012-1.jpg&PhotoStamp=3", b"OK\n"),
                    ("/iclock/fdata.aspx?SN=AB1&PhotoStamp=3", b"OK\n"), ("/fdata?SN=AB1", b"OK\n"),
                    ("/iclock/event?SN=AB1", b"OK\n"),
                    ("/iclock/querydata?SN=AB1&type=tabledata&tablename=user&count=3", b"user=3\n")]
        for target, reply in targets:
            heard(site.ask(target, ATTLOG), 200, reply, target)
            expect_stored(site, seen, target, ATTLOG, "AB1", target)
        t.note(len(targets), "forms")


BODIES = (b"1\ta\n", b"1\ta", b"1\ta\r\n2\tb\r\n", b"\n\n1\ta\n\n \t\r\n2\tb\n\n", b"1\ta\n2\tb", b" \t\n", b"\n",
          b"\0\n\0",
          ALL_BYTES, b"x" * 70000 + b"\n", b"1\n" * 5000)


def http_counts_and_bytes(t):
    """n counts the lines that are not blank, and any bytes are stored as they came"""
    with only_ingestd(t) as site:
        seen = set()
        for body in BODIES:
            what = f"a body of {len(body)} bytes that begins with {body[:20]!r}"
            heard(site.upload("AB1", body), 200, b"OK: %d\n" % count_of(body), what)
            expect_stored(site, seen, "/iclock/cdata?SN=AB1&table=ATTLOG&Stamp=9999", body, "AB1", what)
        heard(site.upload("AB1", b""), 200, b"OK: 0\n", "an empty body")
        heard(site.upload("AB1", b"", table="options"), 200, b"OK\n", "empty options")
        check(not stored(site, seen), "an empty body was stored")
        for name in sorted(os.listdir(os.path.dirname(__file__) + "/../golden/samples")):
            if name.endswith(".bin") and not name.endswith(".http.bin"):
                body = sample(name)
                heard(site.upload("AB1", body, "NEWTABLE"), 200, b"OK\n", name)
                expect_stored(site, seen, "/iclock/cdata?SN=AB1&table=NEWTABLE&Stamp=9999", body, "AB1", name)


def in_pieces(site, data, size):
    c = site.connect()
    for at in range(0, len(data), size):
        c.send(data[at : at + size])
    reply = c.reply()
    c.close()
    return reply


def http_transfers(t):
    """no or odd Content-Type, HTTP/1.0, chunks of any size, 100-continue, tiny pieces, small and large bodies"""
    target = "/iclock/cdata?SN=AB1&table=ATTLOG&Stamp=9999"
    rng = random.Random(7)
    large = bytes(rng.choices(b"0123456789\t\n", k=700000))  # above what is kept in memory
    with only_ingestd(t) as site:
        seen = set()

        def good(reply, body, what):
            heard(reply, 200, b"OK: %d\n" % count_of(body), what)
            expect_stored(site, seen, target, body, "AB1", what)

        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
                     "text/html; charset=gbk", "application/push", "", "application/json"):
            for body in (ATTLOG, ALL_BYTES):
                good(site.ask(target, body, headers=[f"Content-Type: {kind}"]), body, f"Content-Type: {kind}")
        for version in ("HTTP/1.0", "HTTP/1.1"):
            good(site.ask(target, ATTLOG, version=version), ATTLOG, version)
            good(site.ask(target, ATTLOG, version=version, headers=["Connection: close"]), ATTLOG, f"{version} close")
            good(site.ask(target, large, version=version), large, f"{version} with a large body")
        chunk_head = request_bytes(target, b"", headers=["Transfer-Encoding: chunked"], length=False)
        for size in (1, 7, 1000, 65536):
            good(site.talk(chunk_head + chunked(ATTLOG, size)), ATTLOG, f"chunks of {size}")
        for size in (999, 300000):
            good(site.talk(chunk_head + chunked(large, size)), large, f"a large body in chunks of {size}")
        good(in_pieces(site, chunk_head + chunked(ATTLOG, 5), 1), ATTLOG, "chunks, byte by byte")
        good(in_pieces(site, request_bytes(target, ATTLOG), 1), ATTLOG, "byte by byte")
        good(in_pieces(site, request_bytes(target, large), 1013), large, "a large body in pieces")
        for body, how in ((ATTLOG, "length"), (large, "length"), (ATTLOG, "chunked")):
            c = site.connect()
            headers = ["Expect: 100-continue"] + (["Transfer-Encoding: chunked"] if how == "chunked" else
                                                  [f"Content-Length: {len(body)}"])
            c.send(request_bytes(target, b"", headers=headers, length=False))
            while b"\r\n\r\n" not in c.left:
                check(c.more(), "Expect: 100-continue is not heard")
            check(c.left.startswith(b"HTTP/1.1 100 Continue\r\n"), "100-continue:", c.left)
            c.send(chunked(body, 10) if how == "chunked" else body)
            good(c.reply(), body, f"100-continue, {how}, {len(body)} bytes")
            c.close()
        # Long heads, longer than any that was seen.
        headers = [f"X-Header-{i}: some value" for i in range(20)]
        good(site.ask(target, ATTLOG, headers=headers), ATTLOG, "20 more headers")
        reply = site.ask("/iclock/getrequest?SN=AB1&INFO=Ver 1.0," + ",".join(str(i) for i in range(300)),
                         headers=headers)
        heard(reply, 200, b"OK", "an INFO of a thousand bytes")
        # The client that closes its sending side right behind the request still hears.
        c = site.connect()
        c.send(request_bytes(target, ATTLOG))
        c.sock.shutdown(socket.SHUT_WR)
        good(c.reply(), ATTLOG, "half closed")
        c.close()


def http_keep_alive(t):
    """the connection is closed unless the client asks for keep-alive in so many words"""
    target = "/iclock/cdata?SN=AB1&table=ATTLOG&Stamp=9999"
    with only_ingestd(t) as site:
        for spelling in ("keep-alive", "Keep-Alive"):
            c = site.connect()
            for i in range(5):
                body = b"%d\t2026-01-05 08:00:00\t0\t1\n" % i
                c.send(request_bytes(target, body, headers=[f"Connection: {spelling}"]))
                reply = c.reply(wait_for_close=False)
                proper(reply, f"{spelling} {i}", closed=False)
                same((reply.status, reply.body), (200, b"OK: 1\n"), f"{spelling} {i}")
            # refusals and polls too
            c.send(request_bytes("/iclock/ping?SN=AB1", headers=["Connection: keep-alive"]))
            same(c.reply(wait_for_close=False).body, b"OK", "ping on a kept connection")
            c.send(request_bytes("/iclock/nothing?SN=AB1", headers=["Connection: keep-alive"]))
            same(c.reply(wait_for_close=False).status, 404, "404 on a kept connection")
            # several at once, then one that wants the end
            c.send(request_bytes(target, ATTLOG, headers=["Connection: keep-alive"]) * 3 + request_bytes(target,
                                                                                                         ATTLOG))
            for i in range(4):
                reply = c.reply(wait_for_close=None if i == 3 else False)
                same((reply.status, reply.body), (200, b"OK: 2\n"), f"pipelined {i}")
            check(reply.closed, "not closed after a request without keep-alive")
            c.close()
        same(len(site.entries()), 18, "entries of kept connections")


BAD_SERIALS = ("", "A" * 33, "a/b", "..", "../../etc", "a%00b", "a b", "a%20b", "a'b", "a;b", "%C3%A9", "a.b", "a+b",
               "a%0Ab", "*",
               "a%2Fb", "a\\b", "a\xe9b")
NO_PAGES = ("/", "/iclock", "/iclock/", "/iclock/file?url=../../etc/passwd&SN=A", "/iclock/../../etc/passwd?SN=A",
            "/../cdata?SN=A&table=ATTLOG", "/iclock/%2e%2e/cdata?SN=A", "/x/cdata?SN=A&table=ATTLOG", "/cdata/x?SN=A",
            "/iclock/exchange?SN=A", "/favicon.ico", "/iclock/cdat?SN=A", "/iclock/cdatax?SN=A",
            "/iclock/file/a.bin?SN=A")
WRONG_METHODS = (("GET", "/iclock/devicecmd?SN=A"), ("POST", "/iclock/getrequest?SN=A"),
                 ("PUT", "/iclock/cdata?SN=A"),
                 ("DELETE", "/iclock/cdata?SN=A"), ("OPTIONS", "/iclock/cdata?SN=A"), ("PATCH", "/iclock/cdata?SN=A"),
                 ("GET", "/iclock/fdata?SN=A"), ("POST", "/iclock/ping?SN=A"), ("get", "/iclock/cdata?SN=A"))


def http_refusals(t):
    """bad serials, traversal, unknown pages, wrong methods: refused with the right status, nothing stored, never OK"""
    with only_ingestd(t) as site:
        for serial in BAD_SERIALS:
            for body, target in ((ATTLOG, f"/iclock/cdata?SN={serial}&table=ATTLOG&Stamp=1"),
                                 (None, f"/iclock/getrequest?SN={serial}"),
                                 (ATTLOG, f"/iclock/devicecmd?SN={serial}")):
                refused(site.ask(target, body), 400, target)
        refused(site.ask("/iclock/cdata?table=ATTLOG", ATTLOG), 400, "no serial")
        refused(site.ask("/iclock/cdata", ATTLOG), 400, "no query")
        for table in ("A" * 200, "a/b", "..%2f", "a%00", "a'b", "%01"):
            refused(site.ask(f"/iclock/cdata?SN=A&table={table}", ATTLOG), 400, f"table={table}")
        # More than any terminal sends; where even the library gives up, nobody is told why.
        for count in (60, 300):
            reply = site.ask("/iclock/cdata?SN=A&" + "&".join(f"a{i}=" for i in range(count)), ATTLOG)
            check(reply is None or reply.status in (400, 414, 431), count, "parameters hear", reply)
        for target in NO_PAGES:
            refused(site.ask(target), 404, target)
            refused(site.ask(target, ATTLOG), 404, target)
        for method, target in WRONG_METHODS:
            refused(site.ask(target, method=method), 405, f"{method} {target}")
        # A long body of what is refused is not waited for.
        for size in (1000, 60000, 5000000):
            c = site.connect()
            c.send(request_bytes("/iclock/nothing?SN=A", None, method="POST", headers=[f"Content-Length: {size}"]))
            if size > 65536:
                same(c.reply(wait_for_close=False).status, 404, f"a refused body of {size} bytes")
            else:
                c.send(b"x" * size)
                refused(c.reply(), 404, f"a refused body of {size} bytes")
            c.close()
        for kind in ("FP", "CARD", "PWD", "FACE"):
            for extra in ("", "&table=ATTLOG&Stamp=1"):
                target = f"/iclock/cdata?SN=A&AuthType={kind}{extra}"
                heard(site.ask(target, b"PIN=1\tSize=4\tTMP=AAAA"), 200, b"AUTH=Failed\n", target)
        for kind in ("upload", "result", "order"):
            for state in ("tmp", "new"):
                check(not site.names(kind, state), "something was stored in", kind, state)
        heard(site.upload("A", ATTLOG), 200, b"OK: 2\n", "and then a good one")


def throw(c, data):
    """Sends and closes that side; the server may have hung up in the middle."""
    try:
        c.send(data)
        c.sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def drain(c):
    try:
        while c.more():
            pass
    except OSError:
        pass


def http_garbage(t):
    """what is no HTTP harms nobody: the same ingestd serves on"""
    rng = random.Random(1)
    good = request_bytes("/iclock/cdata?SN=AB1&table=ATTLOG&Stamp=9999", ATTLOG)
    count = 3000 if t.full else 300
    # libmicrohttpd does not always notice at once that a peer has gone in the middle of a request.
    with only_ingestd(t, request_deadline='"4 s"', idle_timeout='"4 s"') as site:
        pid = site.ingestd.pid
        opened = []
        for i in range(count):
            if i % 3 == 0:
                data = rng.randbytes(rng.randrange(1, 2000))
            elif i % 3 == 1:
                data = bytearray(good)
                for _ in range(rng.randrange(1, 6)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
            else:
                data = good[: rng.randrange(len(good))]
            opened.append(site.connect())
            throw(opened[-1], bytes(data))
        for c in opened:
            drain(c)
            c.close()
        for data in (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                     b"POST /iclock/cdata?SN=A HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"POST /iclock/cdata?SN=A HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
                     b"POST /iclock/cdata?SN=A HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\n12345",
                     b"POST /iclock/cdata?SN=A HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n0\r\n\r\n",
                     b"POST /iclock/cdata?SN=A HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
            c = site.connect()
            throw(c, data)
            drain(c)
            check(b"HTTP/1.1 200" not in c.left or b"Content-Length: 50" in data, "garbage hears 200:", data[:80],
                  c.left)
            c.close()
        site.alive("ingestd")
        same(site.ingestd.pid, pid, "ingestd's pid")
        for entry in site.entries():
            check(re.fullmatch(r"[A-Za-z0-9_-]{1,32}", entry.serial or ""), "a bad serial was stored:", entry.serial)
        heard(site.upload("AB1", ATTLOG), 200, b"OK: 2\n", "a good one behind the garbage")
        # A draft is removed when its exchange is over, which may be just after the end of its connection.
        wait_until(lambda: not site.names("upload", "tmp"), "no draft is left behind")
        t.note(count, "connections")


def http_lengths(t):
    """a body whose length is not said, or said twice, also by chunks, or no number: never OK, nothing stored"""
    with t.site() as site:
        site.start("cmdqd", "parserd", "ingestd")
        line = b"1\t2026-01-05 08:00:00\t0\t1\n"
        for target in ("/iclock/cdata?SN=LE1&table=ATTLOG", "/iclock/cdata?SN=LE1&table=options", "/iclock/devicecmd?SN=LE1"):
            for version in ("HTTP/1.0", "HTTP/1.1"):
                for headers, statuses in ((b"", (411,)), (b"Content-Length: 0\r\nContent-Length: 27\r\n", (400,)),
                                          (b"Content-Length:\r\n 27\r\n", (400, 411))):
                    reply = site.talk(f"POST {target} {version}\r\nHost: x\r\n".encode() + headers + b"\r\n" + line)
                    check(reply.status in statuses, f"{version} {target} {headers}: {reply.status}")
                    check(b"OK" not in reply.body, "a refusal with OK in it")
            both = (f"Content-Length: {n}" for n in (1, len(line), 9999))
            for length in both:
                reply = site.talk(request_bytes(target, method="POST", headers=("Transfer-Encoding: chunked", length)) +
                                  chunked(line, 10))
                same(reply.status, 400, f"chunks beside {length} for {target}")
            same(site.ask(target, b"").status, 200, "an empty body that says so")
        # Where the next request begins is then told differently by who stands before ingestd.
        for target in ("/iclock/getrequest?SN=LE1", "/iclock/ping?SN=LE1", "/iclock/cdata?SN=LE1&options=all"):
            reply = site.talk(f"GET {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nabcd".encode())
            same(reply.status, 400, f"two lengths for {target}")
        same((site.names("upload"), site.names("result")), ([], []), "stored")


TESTS = (http_real_targets, http_whole_samples, http_upload_forms, http_counts_and_bytes, http_transfers,
         http_keep_alive, http_refusals, http_garbage, http_lengths)
