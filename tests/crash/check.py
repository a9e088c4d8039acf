#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills writers and consumers of a spool before every step that a disk could notice, and asks each time whether the
guarantees G1 to G5 of docs/SPOOL.md still hold; then starts the consumer again, without any hand, and asks whether all
came to its end exactly once. The format is read and made here by other code than the product's, from the document.

check.py BIN DATA [--quick] [--self-test]      BIN: the programs; DATA: an empty directory to work in
"""

import argparse
import collections
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import zlib

STATES = ("new", "cur", "done", "bad", "hold")
KILLED = 99
SERIAL = "CRASH1"
TARGET = "/iclock/cdata?SN=CRASH1&table=ATTLOG&Stamp=9999"
POSTED = 9  # entries of a writer


class Objection(Exception):
    """A guarantee does not hold."""


def demand(condition, *words):
    if not condition:
        raise Objection(" ".join(str(w) for w in words))


# ---- the format, from docs/SPOOL.md ----


def lines_of(number):
    return 400 if number % 5 == 4 else 1 + number % 3


def pins_of(number):
    return [str(number * 10000 + i) for i in range(lines_of(number))]


def body_of(number):
    return "".join(f"{pin}\t2026-01-05 08:00:00\t0\t1\n" for pin in pins_of(number)).encode()


def make_entry(number, spoil=False, bare=False):
    body = body_of(number)
    entry = (
        "punchd-spool 1\nreceived: 2026-01-05T10:00:00.000000Z\nkind: upload\n"
        f"serial: {SERIAL}\npeer: 192.0.2.7\ntarget: {TARGET}\nlength: {len(body):010d}\n\n"
    ).encode()
    entry += body + b"\n"
    crc = zlib.crc32(entry) ^ (1 if spoil else 0)
    return entry + (b"end\n" if bare else b"end %08x\n" % crc)


def read_entries(data):
    """The bodies of the good entries, and how many bytes at the end, or in bad entries, were none."""
    bodies, bad, at = [], 0, 0
    while at < len(data):
        start = at
        head_end = data.find(b"\n\n", at)
        head = data[at:head_end].split(b"\n") if head_end >= 0 else [b""]
        fields = dict(line.split(b": ", 1) for line in head[1:] if b": " in line)
        length = int(fields.get(b"length", b"-1"))
        at = head_end + 2 + length
        end = data.find(b"\n", at + 1)
        tail = data[at + 1 : end]
        broken = head[0] != b"punchd-spool 1" or length < 0 or data[at : at + 1] != b"\n" or end < 0
        if broken or not tail.startswith(b"end"):
            return bodies, bad + len(data) - start
        if tail == b"end" or tail == b"end %08x" % zlib.crc32(data[start : at + 1]):
            bodies.append(data[head_end + 2 : at])
        else:
            bad += end + 1 - start
        at = end + 1
    return bodies, bad


def pins_in(data):
    return [line.split(b"\t")[0].decode() for body in read_entries(data)[0] for line in body.splitlines()]


# ---- a spool with its consumer, in a directory of its own ----


def name_of(number):
    return f"{0x64700000000000 + number:016x}-{number:016x}"


class Room:
    def __init__(self, path, bin_dir, consumer):
        self.path, self.bin, self.consumer = path, bin_dir, consumer
        self.spools = os.path.join(path, "spool")
        self.spool = os.path.join(self.spools, "upload")
        self.conf = os.path.join(path, "punchd.conf")
        self.state = os.path.join(path, "state")
        self.effects = os.path.join(path, "effects")

    def clear(self, with_spool=True):
        shutil.rmtree(self.path, ignore_errors=True)
        for directory in (self.path, self.spools, self.state, self.effects):
            os.mkdir(directory, 0o750)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f'spool_dir = "{self.spools}"\nstate_dir = "{self.state}"\nrun_dir = "{self.path}"\n')
        if with_spool:
            os.mkdir(self.spool, 0o750)
            for state in ("tmp",) + STATES:
                os.mkdir(self.at(state), 0o770)

    def at(self, state, name=""):
        return os.path.join(self.spool, state, name)

    def put(self, state, name, data):
        fd = os.open(self.at(state, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        os.write(fd, data)
        os.close(fd)

    def program(self, name):
        return os.path.join(self.bin, name)

    # -- running --

    def run(self, command, kill_at=None, out=None):
        """True when it came to its end by itself."""
        if kill_at is not None:
            command = [self.program("killat"), str(kill_at), self.path] + command
        log_path = os.path.join(self.path, "log")
        with open(log_path, "ab") as log, open(out or os.devnull, "ab") as stdout:
            rc = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=log, check=False).returncode
        if kill_at is not None and rc == KILLED:
            return False
        with open(log_path, encoding="utf-8", errors="replace") as f:
            demand(rc == 0, command, "ended with", rc, "having said:", f.read()[-600:])
        return True

    def consume(self, kill_at=None):
        if self.consumer == "parserd":
            return self.run([self.program("parserd"), "--config", self.conf, "--once"], kill_at)
        return self.run([self.program(self.consumer), self.spools, self.effects], kill_at)

    # -- looking --

    def listing(self):
        """{state: {name: bytes}} of the files of the five states, without what lies beside them."""
        found = {}
        for state in STATES:
            found[state] = {}
            for name in os.listdir(self.at(state)):
                beside = {"bad": ".why", "cur": ".try"}.get(state)
                if beside and name.endswith(beside) or name.startswith("."):
                    continue
                path = self.at(state, name)
                if os.path.islink(path):
                    found[state][name] = b"link to " + os.readlink(path).encode()
                else:
                    with open(path, "rb") as f:
                        found[state][name] = f.read()
        return found

    def punches(self, *more):
        command = [self.program("punchctl"), "--config", self.conf, "punch", "ls", "--json", *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode == 69 and b"there are no records yet" in done.stderr:
            return []  # killed before the first were stored
        demand(done.returncode == 0, "punchctl:", done.returncode, done.stderr.decode(errors="replace"))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def effects_found(self):
        """PINs with how often each was recorded."""
        if self.consumer == "parserd":
            return collections.Counter(row["pin"] for row in self.punches())
        pins = collections.Counter()
        for name in os.listdir(self.effects):
            if not name.startswith("."):
                with open(os.path.join(self.effects, name), "rb") as f:
                    pins.update(line.split(b"\t")[0].decode() for line in f.read().splitlines())
        return pins


# ---- the guarantees, at any moment ----


def check_one_state(found, but=()):
    """G1"""
    where = collections.defaultdict(list)
    for state in STATES:
        for name in found[state]:
            where[name].append(state)
    for name, states in where.items():
        demand(len(states) == 1 or name in but, "G1:", name, "is in", states)


def check_effects_of_done(room, found):
    """G3"""
    effects = room.effects_found()
    for name, data in found["done"].items():
        for pin in pins_in(data):
            demand(effects[pin] >= 1, "G3:", name, "is in done/, but not the punch of", pin)
    return effects


def check_nothing_lost(found, contents):
    """G5: everything that was ever there is somewhere."""
    have = collections.Counter(data for state in STATES for data in found[state].values())
    for data in contents:
        demand(have[data] > 0, "G5: vanished:", data[:200])


# ---- scenario: a writer is killed ----


def read_acknowledged(path):
    with open(path, encoding="ascii") as f:
        return [(int(words[0]), words[1]) for words in (line.split() for line in f.read().split("\n")[:-1])]


def check_writer(room, acknowledged):
    """What is visible is whole (no torn file), and what was acknowledged is there."""
    found = room.listing()
    check_one_state(found)
    bodies = set()
    for name, data in found["new"].items():
        good, bad = read_entries(data)
        demand(good and not bad, "torn:", name, "in new/ has", bad, "bytes that are no entry, of", len(data))
        bodies.update(good)
    made = {body_of(number) for number in range(POSTED)}
    demand(bodies <= made, "torn: an entry in new/ is not one that was posted")
    for number, name in acknowledged:
        demand(body_of(number) in bodies, "G2: entry", number, "was acknowledged and is not there")
        demand(name == "-" or found["new"].get(name) == make_entry(number), "G2:", name, "is not what was posted")
    return found


def check_all_done(room, before):
    """The consumer, started without any hand, brings all that was visible to done/, with its effects, once."""
    room.consume()
    found = room.listing()
    demand(found["done"] == before["new"], "not all came to done/:", {s: sorted(found[s]) for s in STATES})
    wanted = collections.Counter(pin for data in before["new"].values() for pin in pins_in(data))
    demand(room.effects_found() == wanted, "G4: the records are not what was posted, once each")


def writer_scenario(room, writer, quick):
    points = 0
    while True:
        points += 1
        room.clear()
        said = os.path.join(room.path, "said")
        ended = room.run([room.program(writer), room.spools, str(POSTED)], kill_at=points, out=said)
        acknowledged = read_acknowledged(said)
        found = check_writer(room, acknowledged)
        if ended or not quick or points % 4 == 0:
            check_all_done(room, found)
        if ended:
            demand(len(acknowledged) == POSTED, "not all was posted")
            return points - 1


# ---- scenario: a consumer is killed ----


def fill(room, in_work=True):
    """Every kind of file, good and bad. Gives what must come of it. Without `in_work` none is in cur/ from before: there
    it would have had a death already, and the third one is the last that parserd forgives a file."""
    good, bad = make_entry, lambda n: make_entry(n, spoil=True)
    files = {
        1: good(0),
        2: good(1) + good(2) + good(3),
        3: good(5) + bad(6) + good(7),  # its part 2 is set aside
        4: b"not an entry at all\n",
        5: good(8) + good(9)[:100],  # the cut part too
        6: make_entry(10, bare=True),
        7: good(4),
        8: b"",
        11: bad(20) + bad(21),
    }
    for number, data in files.items():
        room.put("new", name_of(number), data)
    os.symlink("/etc/hostname", room.at("new", name_of(9)))
    room.put("new", "a strange\nname", good(22))
    room.put("hold", name_of(10), b"set aside by an operator")
    room.put("new", name_of(10), good(23))  # a planted twin
    room.put("cur" if in_work else "new", name_of(12), good(12))  # left by an earlier death
    room.put("new", name_of(12) if in_work else "its twin", good(24))
    done = {name_of(n): files[n] for n in (1, 2, 3, 5, 6, 7)}
    done[name_of(12)] = good(12)
    refused = {name_of(n): files[n] for n in (4, 8, 11)}
    refused[name_of(9)] = b"link to /etc/hostname"
    refused[name_of(3) + ".2"] = bad(6)
    refused[name_of(5) + ".2"] = good(9)[:100]
    contents = list(files.values()) + [b"link to /etc/hostname", b"set aside by an operator"]
    contents += [good(22), good(23), good(12), good(24)]
    return {
        "done": done,
        "refused": refused,
        "renamed": [good(22), good(23), good(24)],  # refused under a new name
        "planted": (name_of(10), name_of(12)),
        "contents": contents,
        "pins": collections.Counter(pin for n in (0, 1, 2, 3, 5, 7, 8, 10, 4, 12) for pin in pins_of(n)),
    }


def check_after_kill(room, want):
    found = room.listing()
    check_one_state(found, but=want["planted"])
    effects = check_effects_of_done(room, found)
    demand(all(n == 1 for n in effects.values()), "G4: recorded more than once:", effects.most_common(3))
    demand(not effects - want["pins"], "G4: recorded, but never good:", effects - want["pins"])
    check_nothing_lost(found, want["contents"])


def check_end(room, want):
    found = room.listing()
    check_one_state(found)
    check_nothing_lost(found, want["contents"])
    demand(not found["new"] and not found["cur"], "left over:", sorted(found["new"]), sorted(found["cur"]))
    demand(found["done"] == want["done"], "done/ is", sorted(found["done"]))
    demand(found["hold"] == {name_of(10): b"set aside by an operator"}, "hold/ is", found["hold"])
    bad = dict(found["bad"])
    for name, data in want["refused"].items():
        demand(bad.pop(name, None) == data, name, "is not in bad/, or not as it was")
    demand(sorted(bad.values()) == sorted(want["renamed"]), "bad/ has also", sorted(bad))
    for name in found["bad"]:
        with open(room.at("bad", name + ".why"), "rb") as f:
            demand(f.read().startswith(b"reason: "), "no reason beside", name)
    effects = room.effects_found()
    demand(effects == want["pins"], "G4: recorded and not wanted:", effects - want["pins"], "missing:",
           want["pins"] - effects)
    if room.consumer == "parserd":
        journal = room.punches("--after", "0")
        demand(len(journal) == len(want["pins"]), "G4: the journal has", len(journal), "facts")


def consumer_scenario(room, _, quick):
    """Killed at each step; at some, killed again at each step of the second start."""
    points = pairs = 0
    while True:
        points += 1
        room.clear()
        want = fill(room)
        ended = room.consume(kill_at=points)
        check_after_kill(room, want)
        room.consume()
        check_end(room, want)
        if ended:
            break
        if points % (67 if quick else 6) == 0:
            pairs += second_deaths(room, points, step=7 if quick else 2)
    return points - 1 + pairs


def second_deaths(room, first, step):
    points = 0
    second = 1 + first % step
    while True:
        room.clear()
        want = fill(room, in_work=False)
        if room.consume(kill_at=first) or room.consume(kill_at=second):
            return points
        check_after_kill(room, want)
        room.consume()
        check_end(room, want)
        points += 1
        second += step


# ---- scenario: it dies while it makes its directories and its records ----


def birth_scenario(room, _, quick):
    del quick
    points = 0
    while True:
        points += 1
        room.clear(with_spool=False)
        ended = room.consume(kill_at=points)
        room.consume()
        for state in ("tmp", "new"):
            mode = os.stat(room.at(state)).st_mode & 0o7777
            demand(mode & 0o1777 == 0o1770, state, "has mode", oct(mode), "so that its writers cannot enter")
        for state in ("tmp",) + STATES:
            demand(os.path.isdir(room.at(state)), state, "is missing")
        want = fill(room)
        room.consume()
        check_end(room, want)
        if ended:
            return points - 1


# ---- scenario: an operator's replay is cut ----


def replay_scenario(room, _, quick):
    points = 0
    while True:
        points += 1 if not quick else 2
        room.clear()
        want = fill(room)
        room.consume()
        ended = room.run(
            [room.program("punchctl"), "--config", room.conf, "spool", "replay", "upload", "--all"], kill_at=points
        )
        found = room.listing()
        check_one_state(found)
        check_nothing_lost(found, want["contents"])
        room.consume()
        check_end(room, want)
        if ended:
            return points - 1


# ---- all of them ----

SCENARIOS = [
    # label, scenario, writer, consumer
    ("parserd", consumer_scenario, None, "parserd"),
    ("spool_post, then parserd", writer_scenario, "writer", "parserd"),
    ("ingestd's committer, then parserd", writer_scenario, "lane", "parserd"),
    ("parserd's first start", birth_scenario, None, "parserd"),
    ("punchctl spool replay, then parserd", replay_scenario, None, "parserd"),
    ("a simple consumer", consumer_scenario, None, "consumer"),
]

FAULTY = [
    # program, scenario, is it a writer, what the objection must be about
    ("faulty_writer_rename_first", writer_scenario, True, "torn:"),
    ("faulty_writer_answers_first", writer_scenario, True, "G2:"),
    ("faulty_writer_forgets_rename", writer_scenario, True, "G2:"),
    ("faulty_lane_answers_first", writer_scenario, True, "G2:"),
    ("faulty_consumer_finishes_first", consumer_scenario, False, "G3:"),
    ("faulty_consumer_deletes", consumer_scenario, False, "G5:"),
    ("faulty_consumer_links", consumer_scenario, False, "G1:"),
    ("faulty_consumer_appends", consumer_scenario, False, "G4:"),
    ("faulty_consumer_forgets", consumer_scenario, False, "left over:"),
    ("faulty_consumer_loses_parts", consumer_scenario, False, "is not in bad/"),
]


def run_scenario(job):
    number, bin_dir, data, quick, (label, scenario, writer, consumer) = job
    began = time.monotonic()
    room = Room(os.path.join(data, f"room{number}"), bin_dir, consumer)
    try:
        points, objection = scenario(room, writer, quick), None
        shutil.rmtree(room.path, ignore_errors=True)
    except Objection as o:
        points, objection = 0, str(o)
    return label, points, objection, time.monotonic() - began


def run_all(pool, args):
    total, failed = 0, False
    jobs = [(i, args.bin, args.data, args.quick, s) for i, s in enumerate(SCENARIOS)]
    for label, points, objection, seconds in pool.imap_unordered(run_scenario, jobs):
        if objection:
            failed = True
            print(f"FAILED {label}: {objection}", flush=True)
        else:
            print(f"ok     {label}: {points} kill points, {seconds:.0f} s", flush=True)
        total += points
    print(f"{total} kill points in all")
    return failed


def run_self_test(pool, args):
    """Each wrong program must be objected to, and for the right reason."""
    failed = False
    jobs = [
        (100 + i, args.bin, args.data, True, (name, scenario, name if writes else None, "consumer" if writes else name))
        for i, (name, scenario, writes, _) in enumerate(FAULTY)
    ]
    words = {name: about for name, _, _, about in FAULTY}
    for name, points, objection, _ in pool.imap_unordered(run_scenario, jobs):
        if objection and words[name] in objection:
            print(f"ok     {name} is caught: {objection[:110]}", flush=True)
        else:
            failed = True
            print(f"FAILED {name} after {points} kill points: want \"{words[name]}\", got {objection}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description="kill -9 at every step")
    parser.add_argument("bin")
    parser.add_argument("data")
    parser.add_argument("--quick", action="store_true", help="fewer second deaths")
    parser.add_argument("--self-test", action="store_true", help="only the wrong programs, which must be caught")
    args = parser.parse_args()
    os.umask(0o007)
    with multiprocessing.Pool(min(len(os.sched_getaffinity(0)), 8)) as pool:
        failed = run_self_test(pool, args)
        if not args.self_test:
            failed = run_all(pool, args) or failed
    if not failed:
        shutil.rmtree(args.data, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
