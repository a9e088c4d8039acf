#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real daemons on a disk that is recorded, from their very first start on, and clients that write a mark into the
recording after each promise. README.md "Marks"

load.py BUILD DISK MARK [--seed N] [--uploads N] [--commands N] [--fault NAME --shim LIBRARY]
    DISK: an empty directory on the recorded disk. MARK: the recorder's file for marks."""

import argparse
import hashlib
import os
import random
import re
import shutil
import sys
import threading
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import harness  # noqa: E402
from checks import check, same, wait_until  # noqa: E402

COMMANDED = ("CUT0001", "CUT0002")
FAULTS = {
    "no-file-sync": ("ingestd",), "no-dir-sync": ("ingestd",), "rename-first": ("ingestd",), "ok-first": ("ingestd",),
    "no-commit-sync": ("parserd", "cmdqd"), "retire-first": ("parserd",), "unsynced-birth": ("parserd", "cmdqd"),
}
RESULTS = {"check": b"ID=%d&Return=0&CMD=CHECK\n", "log": b"ID=%d&Return=0&CMD=LOG\n",
           "info": b"ID=%d&Return=0&CMD=INFO\n~DeviceName=Cut\nMAC=00:17:61:00:00:01\nUserCount=7\n"}


class Marks:
    """Lines into the recording; each is there before say() returns."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY)

    def say(self, *words):
        os.write(self.fd, (" ".join(str(w) for w in words) + "\n").encode("ascii"))


class Pins:
    """Numbers of people that nobody else has."""

    def __init__(self):
        self.next, self.lock = 1, threading.Lock()

    def take(self, count):
        with self.lock:
            first, self.next = self.next, self.next + count
        return first


def about(serial, body):
    return serial, len(body), zlib.crc32(body)


def send_punches(site, marks, pins, rng, serial):
    count = rng.choice((1, 1, 1, 2, 3, 10, 30, 100))
    first, time = pins.take(count), "2026-01-05 %02d:%02d:%02d" % (rng.randrange(24), rng.randrange(60), rng.randrange(60))
    body = b"".join(b"%d\t%s\t0\t1\t0\t0\n" % (pin, time.encode()) for pin in range(first, first + count))
    reply = site.upload(serial, body, stamp=first)
    same((reply.status, reply.body), (200, b"OK: %d\n" % count), "the answer to punches")
    marks.say("punches", *about(serial, body), first, count, time)


def send_photo(site, marks, pins, rng, serial):
    picture = b"\xff\xd8" + rng.randbytes(rng.choice((100, 3000, 9000)))
    pin = pins.take(1)
    body = b"PIN=20260105080000-%d.jpg\nSN=%s\nsize=%d\nCMD=uploadphoto\0" % (pin, serial.encode(), len(picture)) + picture
    reply = site.upload(serial, body, table="ATTPHOTO", stamp=pin)
    same(reply.status, 200, "the answer to a photo")
    check(reply.body.startswith(b"OK"), "the answer to a photo:", reply)
    digest = hashlib.blake2b(picture, digest_size=16).hexdigest()
    marks.say("photo", *about(serial, body), pin, digest, "2026-01-05 08:00:00")


def terminal(site, marks, pins, seed, number, uploads):
    rng = random.Random(seed * 1000 + number)
    for i in range(uploads):
        send = send_photo if i % 6 == 5 else send_punches
        send(site, marks, pins, rng, f"GATE{number}")


def one_command(site, marks, serial, verb):
    """Ordered as any tool may, handed out at a poll, carried out, and its result sent."""
    order = f"order: command\nserial: {serial}\nverb: {verb}\n".encode()
    name = site.run("spoolput", "order", stdin=order).stdout.decode().strip()
    check(re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{16}", name), "spoolput says", name)
    marks.say("order", name + ".1")
    for number in wait_until(lambda: site.poll(serial), f"the command of {name}"):
        body = RESULTS[verb] % number
        reply = site.result(serial, body)
        check(reply.body.startswith(b"OK"), "the answer to a result:", reply)
        marks.say("result", *about(serial, body), number, 0)


def operator(site, marks, commands):
    for i in range(commands):
        one_command(site, marks, COMMANDED[i % len(COMMANDED)], tuple(RESULTS)[i % len(RESULTS)])


def approve(site, marks):
    for serial in COMMANDED:
        site.punchctl("device", "approve", serial)
        marks.say("approval", serial)
    for serial in COMMANDED:
        wait_until(lambda serial=serial: site.shake_hands(serial).status == 200, "the handshake")


def run_all(calls):
    """All of them at once; whatever one of them met is raised here."""
    met = []

    def guarded(fn, *args):
        try:
            fn(*args)
        except BaseException as e:  # pylint: disable=broad-except
            met.append(e)

    threads = [threading.Thread(target=guarded, args=call) for call in calls]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if met:
        raise met[0]


def start(site, args):
    library = shutil.copy(args.shim, f"{site.dir}/bin/") if args.fault else None
    for name in harness.DAEMONS:
        env = {}
        if name in FAULTS.get(args.fault, ()):
            env = {"LD_PRELOAD": library, "PUNCHD_DISORDER": args.fault}
        site.daemons[name].start(env=env)


def main():
    parser = argparse.ArgumentParser(description="the load of a recording")
    parser.add_argument("build")
    parser.add_argument("disk")
    parser.add_argument("mark")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--uploads", type=int, default=60, help="of all terminals together")
    parser.add_argument("--commands", type=int, default=9)
    parser.add_argument("--fault", choices=sorted(FAULTS))
    parser.add_argument("--shim")
    args = parser.parse_args()
    marks, pins, terminals = Marks(args.mark), Pins(), 3
    with harness.Site(args.build, conf={"records_map": '"4 MiB"'}, spool_dir=f"{args.disk}/spool",
                      state_dir=f"{args.disk}/state") as site:
        os.sync()
        marks.say("begin")
        start(site, args)
        approve(site, marks)
        run_all([(terminal, site, marks, pins, args.seed, n, args.uploads // terminals) for n in range(terminals)]
                + [(operator, site, marks, args.commands)])
        # That the clients are served is not all: what they said is worked off, and the daemons end.
        for kind in ("upload", "order", "result"):
            site.wait_worked_off(kind)
        site.stop()
        marks.say("end")


if __name__ == "__main__":
    main()
