# SPDX-License-Identifier: GPL-2.0-or-later
"""pipeline: from a terminal to the records, in every dialect, over good connections and bad ones."""

import json
import random
import re
import socket
import struct
import threading

from checks import check, same, wait_until
from devsim_logs import read_log

DIALECTS = ("new", "old", "oldest", "acc", "aspx")
PUNCH_DIALECTS = ("new", "old", "oldest", "aspx")  # acc sends other tables, which are kept whole


def serials(prefix, count):
    return [f"{prefix}{i:06d}" for i in range(1, count + 1)]


def compare(got, sent, what):
    """The records against what was sent: no loss, no double, nothing else."""
    lost, strange = set(sent) - set(got), set(got) - set(sent)
    check(not lost, what, ":", len(lost), "of", len(set(sent)), "punches are lost, such as", sorted(lost)[:2])
    check(not strange, what, ":", len(strange), "punches were never sent, such as", sorted(strange)[:2])
    same(len(got), len(set(got)), f"{what}: punches without doubles")


def rtlog_facts(site):
    """(serial, pin, time) of all rtlog lines that are done."""
    found = []
    for entry in site.entries(state="done"):
        if "rtlog" in entry.target:
            for line in entry.body.decode("ascii").splitlines():
                pairs = dict(p.split("=", 1) for p in line.split("\t"))
                found.append((entry.serial, pairs["pin"], pairs["time"]))
    return found


def pipeline_dialects(t):
    """terminals of every dialect with all kinds of tables: the records are what devsim says it sent"""
    punches, terminals = (200, 20) if t.full else (40, 5)
    with t.site() as site:
        site.start()
        for dialect in DIALECTS:
            options = ["--dialect", dialect, "--terminals", str(terminals), "--records", "7", "--serial-prefix",
                       dialect.upper(),
                       "--retry-ms", "20", "--json", "--sent-log", f"{site.dir}/sent-{dialect}", "--ack-log",
                       f"{site.dir}/ack-{dialect}"]
            if dialect == "acc":  # its "registry" is not spoken here (docs/PROTOCOL.md 12), its uploads are taken
                options += ["--connections", str(terminals), "--requests", str(punches * terminals // 7)]
            else:
                options += ["--punches", str(punches), "--tables", "operlog,biodata,attphoto"]
            out = json.loads(site.devsim("load" if dialect == "acc" else "run", *options).splitlines()[-1])
            check(out.get("unacked", 0) == 0, dialect, "was not acknowledged whole:", out)
        site.wait_worked_off()
        got = site.punches()
        for dialect in DIALECTS:
            sent = read_log(f"{site.dir}/sent-{dialect}")
            same(len(sent), punches * terminals // 7 * 7 if dialect == "acc" else punches * terminals,
                 f"punches of {dialect}")
            same(sorted(read_log(f"{site.dir}/ack-{dialect}")), sorted(sent), f"acknowledged, {dialect}")
            if dialect in PUNCH_DIALECTS:
                mine = [p for p in got if re.match(dialect.upper() + r"\d", p)]
                compare(mine, sent, dialect)
        acc = [tuple(line.split("\t")[:3]) for line in read_log(f"{site.dir}/sent-acc")]
        compare(rtlog_facts(site), acc, "acc")
        all_sent = sum(len(read_log(f"{site.dir}/sent-{d}")) for d in PUNCH_DIALECTS)
        same(len(got), all_sent, "punches in the records")
        check(not site.names("upload", "bad"), "something was refused:", site.names("upload", "bad"))
        site.check_spool()
        t.note(len(got) + len(acc), "punches")


class BadLine:
    """Carries connections to the server, and harms three of ten: before the request, in its middle, in the reply,
    or by not passing the reply on at all."""

    def __init__(self, port, seed, share=0.3):
        self.port, self.share, self.rng = port, share, random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.own_port = self.listener.getsockname()[1]
        self.carried = self.harmed = 0
        self.threads = []
        self.ending = False
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def accept(self):
        while not self.ending:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.carried += 1
            fate = self.rng.choice(("before", "middle", "reply",
                                    "silence")) if self.rng.random() < self.share else None
            self.harmed += fate is not None
            cut = self.rng.random()
            thread = threading.Thread(target=self.carry, args=(client, fate, cut), daemon=True)
            thread.start()

    @staticmethod
    def slam(sock):
        """Ends it with a reset."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    def request(self, client):
        """A whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                return data
            data += more
        length = re.search(rb"\r\n[Cc]ontent-[Ll]ength: (\d+)", data)
        want = data.index(b"\r\n\r\n") + 4 + (int(length.group(1)) if length else 0)
        while len(data) < want:
            more = client.recv(65536)
            if not more:
                return data
            data += more
        return data

    def carry(self, client, fate, cut):
        server = None
        try:
            client.settimeout(30)
            if fate == "before":
                self.slam(client)
                return
            data = self.request(client)
            server = socket.create_connection(("127.0.0.1", self.port), 30)
            if fate == "middle":
                server.sendall(data[: int(len(data) * cut)])
                self.slam(server)
                self.slam(client)
                return
            server.sendall(data)
            reply = b""
            while True:
                more = server.recv(65536)
                if not more:
                    break
                reply += more
            if fate == "silence":
                self.slam(client)
            elif fate == "reply":
                client.sendall(reply[: int(len(reply) * cut)])
                self.slam(client)
            else:
                client.sendall(reply)
        except OSError:
            pass
        finally:
            client.close()
            if server:
                server.close()

    def end(self):
        self.ending = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()


def pipeline_bad_line(t):
    """three of ten connections are cut anywhere and ingestd is killed in between: nothing lost, nothing twice"""
    terminals, punches = (40, 300) if t.full else (20, 60)
    total = terminals * punches
    with t.site() as site:
        site.start()
        line = BadLine(site.port, 3)
        site.clearing.append(line.end)
        sim = site.spawn("devsim", "run", "--url", f"http://127.0.0.1:{line.own_port}", "--terminals", str(terminals),
                         "--punches", str(punches), "--records", "3", "--retry-ms", "20", "--tables",
                         "operlog,attphoto",
                         "--sent-log", f"{site.dir}/sent", "--ack-log", f"{site.dir}/ack", out=f"{site.dir}/devsim")
        for quarter in (1, 2, 3):
            wait_until(lambda q=quarter: len(read_log(f"{site.dir}/ack")) >= total * q // 4,
                       f"{quarter} quarters are acknowledged")
            site.ingestd.kill()
            site.ingestd.start()
        code = sim.wait(600)
        same(code, 0, "devsim's status")
        site.wait_worked_off()
        sent = read_log(f"{site.dir}/sent")
        same(len(sent), total, "punches made")
        same(sorted(read_log(f"{site.dir}/ack")), sorted(sent), "acknowledged")
        compare(site.punches(), sent, "over a bad line")
        check(line.harmed > line.carried / 5, "the line was not bad:", line.harmed, "of", line.carried)
        check(not site.names("upload", "bad"), "something was refused")
        site.check_spool()
        t.note(f"{total} punches, {line.harmed} of {line.carried} connections cut")


TESTS = (pipeline_dialects, pipeline_bad_line)
