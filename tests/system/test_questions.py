# SPDX-License-Identifier: GPL-2.0-or-later
"""questions: what a terminal asks beside commands, and what it hears while nobody can answer. docs/PROTOCOL.md 6, 12"""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import order
from checks import PATIENCE_S, Skipped, check, same, short, wait_until
from client import chunked, request_bytes
from harness import sample
from host import GID, IS_ROOT, ROOT_DIR, UID
from test_http import ATTLOG, heard, refused

SERIAL = "QUEST0001"
PROBE = b"PIN=7\tSize=8\tTMP=c2VjcmV0"  # its last field must be in no log and no spool
SUCCESS = sample("fw_auth_reply_ok.bin")
FAILED = sample("fw_auth_reply_failed.bin")
VERIFY_MOST = 32 * 1024
CONTENT = hashlib.shake_128(b"made up").digest(100000)
TOKEN = "0123456789abcdef0123456789abcdef"
FILE = f"/iclock/file/{TOKEN}/main-2.1.tgz"


class Desk:
    """Stands in for cmdqd: says what `answer` gives for (kind, serial, target, body), a status and a body; to None it
    is silent."""

    def __init__(self, site, answer):
        self.answer, self.asked, self.clients = answer, [], []
        path = f"{site.dir}/run/desk/desk.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.path.exists(path):  # that of cmdqd, which made the spools
            os.unlink(path)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()
        site.clearing.append(self.close)

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        try:
            while packet := client.recv(65536):
                head, rest = packet.split(b"\n", 1)
                number, kind, serial, peer, _asked = head.decode("ascii").split(" ")
                same(peer, "127.0.0.1", "the peer of a question")
                target, _, body = rest.partition(b"\n") if kind == "verify" else (rest, b"", b"")
                self.asked.append((kind, serial, target.decode("latin-1"), body))
                answer = self.answer(*self.asked[-1])
                if answer:
                    client.send(f"{number} {answer[0]}\n".encode() + answer[1])
        except OSError:
            pass

    def close(self):
        for s in (self.listener, *self.clients):
            s.close()


def with_desk(t, answer, **conf):
    """A site where `answer` is the desk."""
    site = t.site(conf=conf)
    site.make_spools()
    desk = Desk(site, answer)
    site.start("ingestd")
    wait_until(lambda: desk.clients, "ingestd is at the desk")
    wait_until(lambda: "desk is there" in site.ingestd.log(), "ingestd says so")
    return site, desk


def verify(site, body=PROBE, how="FP", **options):
    return site.ask(f"/iclock/cdata?SN={SERIAL}&AuthType={how}", body, **options)


def lookup(site, more="&PIN=123"):
    return site.ask(f"/iclock/cdata?SN={SERIAL}{more}")


def golden_path(name):
    return f"{ROOT_DIR}/tests/golden/questions/{name}.reply"


def golden_body(name):
    with open(golden_path(name), "rb") as f:
        return f.read().split(b"\r\n\r\n", 1)[1]


def golden(reply, name, what=None):
    """The whole reply as tests/golden/questions has it, but for the date and the time; with ACCEPT=1 it becomes what is
    expected."""
    got = re.sub(rb"\r\nDate: [^\r]+", b"\r\nDate: ...", reply.head) + reply.body
    got = re.sub(rb"\r\n\r\nDateTime=\d{9},", b"\r\n\r\nDateTime=...,", got)
    if os.environ.get("ACCEPT") == "1":
        with open(golden_path(name), "wb") as f:
            f.write(got)
    with open(golden_path(name), "rb") as f:
        same(got, f.read(), what or name)


def nothing_kept(site, what):
    """Neither in a spool nor in a log."""
    for kind in ("upload", "result"):
        for state in ("tmp", "new"):
            check(not site.names(kind, state), what, "left something in", kind, state)
    check("c2VjcmV0" not in site.ingestd.log(), what, "is in the log")


# ---- the words ----


def questions_answered(t):
    """ping, the time, and 404 for what is none: exactly these bytes"""
    with t.site(conf={"time_zone": '"Asia/Kolkata"'}) as site:
        site.make_spools()
        site.start("cmdqd", "ingestd")
        wait_until(lambda: site.ask(f"/iclock/rtdata?SN={SERIAL}&type=time").status != 503, "the desk is there")
        golden(site.ask(f"/iclock/ping?SN={SERIAL}"), "ping")
        golden(site.ask(f"/iclock/rtdata?SN={SERIAL}&type=time"), "time")
        for target in (f"/iclock/rtdata?SN={SERIAL}", f"/iclock/rtdata?SN={SERIAL}&type=door",
                       f"/iclock/exchange?SN={SERIAL}", f"/iclock/exchange?SN={SERIAL}&type=publickey",
                       f"/iclock/nothing?SN={SERIAL}", f"/iclock/file?SN={SERIAL}", "/iclock/file/", "/"):
            golden(site.ask(target), "nothing_there", target)
        refused(site.ask(f"/iclock/exchange?SN={SERIAL}", b"x"), 404, "POST exchange")


def questions_head(t):
    """HEAD is for files alone: elsewhere it would use up what is told once, and hears 405"""
    with t.site() as site:
        site.make_spools()
        site.start("cmdqd", "ingestd")
        for page in ("ping", "getrequest", "cdata", "rtdata", "devicecmd"):
            c = site.connect()
            c.send(request_bytes(f"/iclock/{page}?SN={SERIAL}&type=time", method="HEAD"))
            while c.more():
                pass
            check(c.left.startswith(b"HTTP/1.1 405 ") and c.left.endswith(b"\r\n\r\n"), "HEAD", page, "hears", c.left)
            c.close()


def questions_away(t):
    """without a desk each question hears what does no harm, and uploads go on"""
    with t.site() as site:
        site.make_spools()
        site.start("ingestd")
        golden(verify(site), "verify_failed")
        golden(lookup(site), "lookup_away")
        same(verify(site).body, FAILED, "a verification without a desk")
        refused(lookup(site, "&table=RemoteAtt&PIN=123"), 503, "remote attendance without a desk")
        refused(site.ask(f"/iclock/rtdata?SN={SERIAL}&type=time"), 503, "the time without a desk")
        refused(site.ask(FILE), 503, "a file without a desk")
        refused(site.shake_hands(SERIAL), 503, "a handshake without a desk")
        heard(site.ask(f"/iclock/ping?SN={SERIAL}"), 200, b"OK", "ping")
        heard(site.ask(f"/iclock/getrequest?SN={SERIAL}"), 200, b"OK", "a poll")
        nothing_kept(site, "what was asked")
        heard(site.upload(SERIAL, ATTLOG), 200, b"OK: 2\n", "an upload")


def questions_late(t):
    """a desk that hangs: a verification is given up long before other questions are, and uploads go on"""
    with t.site(conf={"desk_timeout": '"20 s"'}) as site:
        site.make_spools()
        site.start("cmdqd", "ingestd")
        wait_until(lambda: site.shake_hands(SERIAL).status == 200, "the desk is there")
        site.cmdqd.pause()
        try:
            waiting = site.connect()
            waiting.send(request_bytes(f"/iclock/cdata?SN={SERIAL}&PIN=123"))
            heard(verify(site), 200, FAILED, "a verification at a desk that hangs")
            heard(site.upload(SERIAL, ATTLOG), 200, b"OK: 2\n", "an upload meanwhile")
            waiting.sock.setblocking(False)
            try:
                check(False, "remote attendance was given up too:", waiting.sock.recv(100))
            except BlockingIOError:
                pass
            waiting.sock.settimeout(PATIENCE_S)
        finally:
            site.cmdqd.resume()
        check(waiting.reply() is not None, "the desk goes on, and remote attendance hears nothing")
        waiting.close()
        nothing_kept_of_questions(site)


def nothing_kept_of_questions(site):
    check("c2VjcmV0" not in site.ingestd.log(), "a probe is in the log")
    same([e.body for e in site.all_entries("upload")], [ATTLOG], "what is in the spool")


# ---- verification ----


def questions_verify(t):
    """the body comes to the desk as it was sent, the answer goes back byte for byte, and neither is kept"""
    bodies = (PROBE, b"PIN=0\tSize=8\tTMP=12345678", bytes(range(256)), b"x" * VERIFY_MOST, b"")
    site, desk = with_desk(t, lambda kind, serial, target, body: (200, SUCCESS))
    with site:
        golden(verify(site), "verify_success")
        desk.asked.clear()
        for i, body in enumerate(bodies):
            for form in (body, chunked(body, 1000)):
                headers = ["Transfer-Encoding: chunked"] if form is not body else []
                heard(verify(site, form, headers=headers, length=not headers), 200, SUCCESS, f"body {i}")
        same(desk.asked, [("verify", SERIAL, f"/iclock/cdata?SN={SERIAL}&AuthType=FP", b) for b in bodies
                          for _ in range(2)], "what the desk was asked")
        nothing_kept(site, "a verification")


def questions_verify_too_long(t):
    """above 32 KiB nobody is asked, whether the length was said or not"""
    site, desk = with_desk(t, lambda kind, serial, target, body: (200, SUCCESS))
    with site:
        for size in (VERIFY_MOST + 1, 60000, 70000, 1000000):
            head = request_bytes(f"/iclock/cdata?SN={SERIAL}&AuthType=FP", b"x" * size)
            # A larger body is not waited for.
            heard(site.talk(head if size < 65536 else head[:-size]), 200, FAILED, f"{size} bytes")
            heard(verify(site, chunked(b"x" * size, 5000), headers=["Transfer-Encoding: chunked"], length=False), 200,
                  FAILED, f"{size} bytes in chunks")
        same(desk.asked, [], "what the desk was asked")
        refused(verify(site, PROBE, length=False), 411, "no length")
        refused(verify(site, PROBE, headers=["Content-Length: 3"]), 400, "two lengths")
        nothing_kept(site, "what was too long")


def questions_verify_refused(t):
    """whatever the desk says but yes and 'not admitted' is a failed verification"""
    answers = iter(((404, b""), (503, b""), (403, b""), (200, SUCCESS)))
    site, _desk = with_desk(t, lambda kind, serial, target, body: next(answers))
    with site:
        heard(verify(site), 200, FAILED, "404 of the desk")
        heard(verify(site), 200, FAILED, "503 of the desk")
        refused(verify(site), 403, "403 of the desk")
        heard(verify(site), 200, SUCCESS, "and then")


def questions_one_write(t):
    """head and body of an answer leave in one send"""
    if not shutil.which("strace"):
        raise Skipped("there is no strace")
    answer = SUCCESS[:-1] + b"\tPhotoSize=20000\tPhoto=" + b"A" * 20000 + b"\n"
    site, _desk = with_desk(t, lambda kind, serial, target, body: (200, answer))
    with site:
        trace = f"{site.dir}/log/trace"
        tracer = subprocess.Popen(["strace", "-f", "-e", "trace=sendmsg,sendto,write,writev,send", "-o", trace, "-p",
                                   str(site.ingestd.pid)], stderr=subprocess.PIPE)
        try:
            said = tracer.stderr.readline()
            if b"attached" not in said:
                raise Skipped(f"strace cannot trace here: {short(said)}")
            heard(verify(site), 200, answer, "a long answer")
            refused(site.ask("/"), 404, "one more: by now strace has seen the end of the one before")
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        with open(trace, "rb") as f:
            sends = [call for call in order.read_calls(f)
                     if any(part in call.text for part in (b"HTTP/1.1 200", b"AUTH=Success", b'"AAAA'))]
        same(len(sends), 1, "sends that the answer left in")
        check(sends[0].result > len(answer), "only a part was sent:", short(sends[0].text))


def questions_admission(t):
    """who is not admitted is told nothing, and the desk is not bothered"""
    site, desk = with_desk(t, lambda kind, serial, target, body: (200, b"x"), admit='"approved"')
    with site:
        for reply in (lookup(site), verify(site), site.ask(f"/iclock/rtdata?SN={SERIAL}&type=time"),
                      site.ask(f"/iclock/ping?SN={SERIAL}"), site.ask(f"{FILE}?SN={SERIAL}")):
            refused(reply, 403, "a stranger")
        same(desk.asked, [], "what the desk was asked")


# ---- files ----


def lay(site, content=CONTENT):
    """A file below the directory that is served: what the desk says of it."""
    name = hashlib.sha256(content).hexdigest()
    path = f"{site.state_dir}/cmdqd/files"
    os.makedirs(path, exist_ok=True)
    with open(f"{path}/{name}", "wb") as f:
        f.write(content)
    for made in (path, f"{path}/{name}"):
        os.chmod(made, 0o755)
        if IS_ROOT:
            os.chown(made, UID, GID)
    return f"{name} {len(content)}".encode()


def fetch(site, *headers, target=FILE, method="GET"):
    return site.ask(target, method=method, headers=list(headers))


def questions_file(t):
    """a file comes whole, in parts, and not at all to who has it"""
    grant = []
    site, desk = with_desk(t, lambda kind, serial, target, body: (200, grant[0]))
    with site:
        grant.append(lay(site))
        etag = '"' + grant[0].split()[0].decode() + '"'
        whole = fetch(site)
        same((whole.status, whole.body, whole.header("ETag")), (200, CONTENT, etag), "the whole file")
        check(len(whole.head) < 400, "the head has", len(whole.head), "bytes")
        golden(fetch(site, "Range: bytes=0-63"), "file_part")
        golden(fetch(site, "Range: bytes=200000-"), "file_behind_its_end")
        for wanted, first, last in (("0-0", 0, 0), ("99999-", 99999, 99999), ("-10", 99990, 99999),
                                    ("32768-65535", 32768, 65535), ("0-999999", 0, 99999)):
            got = fetch(site, f"Range: bytes={wanted}", f"If-Range: {etag}")
            same((got.status, got.body, got.header("Content-Range")),
                 (206, CONTENT[first:last + 1], f"bytes {first}-{last}/{len(CONTENT)}"), wanted)
        for headers in (("Range: bytes=0-1,5-6",), ("Range: bytes=5-4",), ("Range: bytes=1-1", 'If-Range: "other"')):
            same(fetch(site, *headers).body, CONTENT, f"the whole for {headers}")
        same(fetch(site, "Range: bytes=100000-").header("Content-Range"), f"bytes */{len(CONTENT)}", "416")
        check(set(desk.asked) == {("file", "-", FILE, b"")}, "the desk was asked", short(desk.asked))
        fetch(site, target=f"{FILE}?SN={SERIAL}")
        same(desk.asked[-1], ("file", SERIAL, f"{FILE}?SN={SERIAL}", b""), "with a serial")


def head_alone(site, target, *headers, method="HEAD"):
    """A reply without a body, whatever its length says."""
    c = site.connect()
    c.send(request_bytes(target, method=method, headers=list(headers)))
    while c.more():
        pass
    c.close()
    check(c.left.endswith(b"\r\n\r\n"), method, "brings a body:", short(c.left))
    return c.left


def questions_file_head(t):
    """HEAD of a file says how long it is; 304 to who has it"""
    grant = []
    site, _desk = with_desk(t, lambda kind, serial, target, body: (200, grant[0]))
    with site:
        grant.append(lay(site))
        etag = '"' + grant[0].split()[0].decode() + '"'
        head = head_alone(site, FILE, "Range: bytes=0-1")
        check(head.startswith(b"HTTP/1.1 200 ") and b"\r\nContent-Length: 100000\r\n" in head, "HEAD:", head)
        head = head_alone(site, FILE, f"If-None-Match: {etag}", method="GET")
        check(head.startswith(b"HTTP/1.1 304 "), "If-None-Match:", head)
        check(fetch(site, 'If-None-Match: "other"').status == 200, "If-None-Match of another")
        refused(site.ask(FILE, b"x"), 405, "POST of a file")
        same(fetch(site, target=FILE, method="DELETE").status, 405, "DELETE of a file")


def questions_file_refused(t):
    """what the desk refuses is refused; what it names and is not there, or of another size, is 503"""
    answers = []
    site, _desk = with_desk(t, lambda kind, serial, target, body: answers.pop())
    with site:
        grant = lay(site)
        name = grant.split()[0]
        files = f"{site.state_dir}/cmdqd/files"
        os.symlink("/etc/passwd", f"{files}/{'a' * 64}")
        os.mkfifo(f"{files}/{'b' * 64}")
        size = str(os.path.getsize("/etc/passwd")).encode()
        for said, status in (((403, b""), 403), ((404, b""), 404), ((503, b""), 503), ((200, name + b" 99999"), 503),
                             ((200, b"c" * 64 + b" 1"), 503), ((200, b"a" * 64 + b" " + size), 503),
                             ((200, b"b" * 64 + b" 0"), 503), ((200, b"../admission 1"), 503), ((200, name), 503),
                             ((200, b""), 503)):
            answers.append(said)
            refused(fetch(site), status, f"the desk says {said}")
        answers.append((200, grant))
        same(fetch(site).body, CONTENT, "and then")


BENT = (
    "/iclock/file/../../etc/passwd", "/iclock/file/%2e%2e/%2e%2e/etc/passwd", "/iclock/file/..%2f..%2fetc%2fpasswd",
    "/iclock/file/%252e%252e/etc/passwd", "/iclock/file//etc/passwd", "/iclock/file///etc/passwd",
    "/iclock/file/..\\..\\etc\\passwd", "/iclock/file/%5c..%5cetc", "/iclock/file?url=../../etc/passwd",
    "/iclock/file/?url=/etc/passwd", f"{FILE}?url=../../etc/passwd", f"{FILE}?SN={SERIAL}&url=/etc/passwd",
    f"/iclock/file/{TOKEN}/..", f"/iclock/file/{TOKEN}/../{TOKEN}", f"/iclock/file/{TOKEN}/%2e%2e",
    f"/iclock/file/{TOKEN}/.htaccess", f"/iclock/file/{TOKEN}//main.tgz", f"/iclock/file/{TOKEN}/a/b",
    f"/iclock/file/{TOKEN}/a%00b", f"/iclock/file/{TOKEN}%2fmain.tgz", f"/iclock/file/{TOKEN}/a b",
    f"/iclock/file/{TOKEN}/..%c0%af..%c0%afetc", f"/iclock/file/{TOKEN.upper()}/main.tgz", f"/iclock/file/{TOKEN}x/a",
    f"//iclock/file/{TOKEN}/main.tgz", f"/iclock//file/{TOKEN}/main.tgz", f"/file/{TOKEN}/main.tgz",
    f"/iclock/iclock/file/{TOKEN}/main.tgz", f"http://127.0.0.1/iclock/file/{TOKEN}/main.tgz",
    "/iclock/../file/x", "/../../etc/passwd", "/iclock/%2e%2e/%2e%2e/etc/passwd", "/iclock/file/file:///etc/passwd",
    f"/iclock/file/http://127.0.0.1/{TOKEN}/a", f"/iclock/file/{TOKEN}/" + "a" * 65, f"/iclock/file/{TOKEN}/a;b",
    f"/iclock/file/{TOKEN}/a#b", f"/iclock/file/{TOKEN}",
)


def questions_traversal(t):
    """every spelling of a way out of the directory hears 400 or 404, and the desk is not even asked"""
    site, desk = with_desk(t, lambda kind, serial, target, body: (200, b"x"))
    with site:
        for target in BENT:
            reply = site.ask(target)
            check(reply is not None and reply.status in (400, 404), target, "hears", reply)
            check(b"root:" not in reply.body, target, "brings /etc/passwd")
        same(desk.asked, [], "what the desk was asked")
        for raw in (f"GET iclock/file/{TOKEN}/a HTTP/1.1\r\nHost: x\r\n\r\n",
                    f"GET /iclock/file/{TOKEN}/\0../../etc HTTP/1.1\r\nHost: x\r\n\r\n"):
            reply = site.talk(raw.encode("latin-1"))
            check(reply is None or reply.status in (400, 404), short(raw), "hears", reply)
        same(desk.asked, [], "what the desk was asked of a raw NUL")
        # A target ends at a NUL for the library and for everybody behind it: what follows is nowhere.
        site.talk(f"GET {FILE}\0/../../etc HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
        same(desk.asked, [("file", "-", FILE, b"")], "what the desk was asked of a NUL behind a good address")
        t.note(len(BENT) + 3, "spellings")


# ---- a terminal that asks by itself ----


def asks(site, *words, dialect="new", code=0):
    """The closing line of `devsim ask`."""
    out = site.devsim("ask", "--json", f"--dialect={dialect}", *words, code=code)
    return json.loads(out.splitlines()[-1])


def questions_devsim(t):
    """each question in the words of each generation; who a terminal is told of is a user of it"""
    told = sample("fw_remoteatt_reply.bin")
    said = {"lookup": told, "verify": SUCCESS, "time": b"DateTime=836042400,ServerTZ=+0530\n"}
    site, desk = with_desk(t, lambda kind, serial, target, body: (200, said[kind]))
    words = ("attendance:123", "card:4294967295", "pwd:123:1234", "fp:123:TAFTUzIx", "face:123:AAAA", "ping", "time",
             "exchange")
    sn = "SIM000001"
    with site:
        for dialect in ("new", "old", "oldest", "aspx", "acc"):
            desk.asked.clear()
            report = asks(site, *words, dialect=dialect)
            same([report[k] for k in ("yes", "no", "odd", "users", "templates", "refused")], [7, 1, 0, 1, 1, 0], dialect)
            page = "/iclock/{}" + (".aspx" if dialect == "aspx" else "") + f"?SN={sn}"
            cdata = page.format("cdata")
            query = "&PIN=123" if dialect in ("old", "oldest") else "&table=RemoteAtt&PIN=123"
            same(desk.asked, [
                ("lookup", sn, cdata + query, b""),
                ("verify", sn, cdata + "&AuthType=CARD", b"PIN=0\tSize=10\tTMP=4294967295"),
                ("verify", sn, cdata + "&AuthType=PWD", b"PIN=123\tSize=4\tTMP=1234"),
                ("verify", sn, cdata + "&AuthType=FP", b"PIN=123\tSize=8\tTMP=TAFTUzIx"),
                ("verify", sn, cdata + "&AuthType=FACE", b"PIN=123\tSize=4\tTMP=AAAA"),
                ("time", sn, page.format("rtdata") + "&type=time", b"")], dialect)
        for card, shown in (("decimal", b"123456789"), ("turned", b"365779719"), ("hex", b"[15CD5B0700]"),
                            ("hex-high", b"[00075BCD15]")):
            same(asks(site, f"--card={card}", "card:123456789")["yes"], 1, card)
            same(desk.asked[-1][3], b"PIN=0\tSize=%d\tTMP=%s" % (len(shown), shown), f"a card that is {card}")
        for wrong in (("--card=octal", "card:1"), ("card:12a",)):
            site.devsim("ask", *wrong, code=64)
        said["lookup"], said["verify"] = b"NONE\n", FAILED
        report = asks(site, *words)
        same([report[k] for k in ("yes", "no", "odd", "users")], [2, 6, 0, 0], "nobody is known")
        said["lookup"] = told[:-1]
        same(asks(site, words[0], code=1)["refused"], 1, "a last line without its end")
        said["verify"] = b"AUTH=Maybe\n"
        same(asks(site, words[1], code=1)["odd"], 1, "words that no terminal reads")


def questions_put_file(t):
    """a terminal fetches what it was told to in parts, goes on after a cut, and has the very bytes"""
    grant, given = [], set()

    def answer(kind, serial, target, _body):
        if kind == "hello":
            return 200, f"GET OPTION FROM: {serial}\nStamp=0\nServerVer=2.2.14\nDelay=1\n".encode()
        if kind == "poll" and serial not in given:
            given.add(serial)
            return 200, f"C:1:PutFile file/{TOKEN}/main-2.1.tgz\t/mnt/main-2.1.tgz\n".encode()
        return 200, grant[0] if kind == "file" else b"OK"

    site, desk = with_desk(t, answer)
    with site:
        grant.append(lay(site))
        out = f"{site.dir}/fetched"
        os.mkdir(out)
        for number, options in ((1, ()), (2, ("--cut-file=1000",)), (3, ("--http10",)), (4, ("--dialect=old",))):
            report = json.loads(site.devsim("run", "--json", "--punches=0", "--polls=2", "--poll-ms=50",
                                            f"--first-serial={number}", f"--files={out}", *options))
            same(report["lost"], int("--cut-file=1000" in options), "connections that were cut")
            with open(f"{out}/SIM{number:06}-main-2.1.tgz", "rb") as f:
                same(hashlib.sha256(f.read()).digest(), hashlib.sha256(CONTENT).digest(), f"the file, {options}")
        same([e.body for e in site.entries("result")], [b"ID=1&Return=100000&CMD=PutFile\n"] * 4, "the results")
        check({a[:3] for a in desk.asked if a[0] == "file"} == {("file", "-", FILE)}, "asked for", short(desk.asked))


def questions_mixed_load(t):
    """questions at a desk that is slow, and a load of uploads beside them: none is lost"""
    site, _desk = with_desk(t, lambda kind, serial, target, body: None, desk_timeout='"1 s"')
    with site:
        load = site.devsim_start("load", "--requests=2000", "--connections=20", out=f"{site.dir}/log/load")
        for _ in range(3):
            heard(verify(site), 200, FAILED, "a verification beside a load")
            refused(lookup(site), 503, "remote attendance beside a load")
        same(load.wait(PATIENCE_S), 0, "the load's exit status")
        site.alive("ingestd")


TESTS = [questions_answered, questions_head, questions_away, questions_late, questions_verify,
         questions_verify_too_long, questions_verify_refused, questions_one_write, questions_admission, questions_file,
         questions_file_head, questions_file_refused, questions_traversal, questions_devsim, questions_put_file,
         questions_mixed_load]
