# SPDX-License-Identifier: GPL-2.0-or-later
"""entries: those of a spool, read and made by the words of docs/SPOOL.md and not by the project's own code."""

import os
import time
import zlib

from checks import check, same


class Entry:
    def __init__(self, head, body, end):
        self.head, self.body, self.end = head, body, end

    def __getattr__(self, key):
        return self.head.get(key)


def read_entries(data, where="a spool file"):
    entries = []
    at = 0
    while at < len(data):
        start = at
        blank = data.find(b"\n\n", at)
        check(data.startswith(b"punchd-spool 1\n", at) and blank > 0, where, "has no head at", at)
        head = {}
        for line in data[at + 15 : blank].decode("latin-1").split("\n"):
            key, _, value = line.partition(":")
            check(key not in head, where, "has a head line twice:", key)
            head[key] = value.strip()
        body_at = blank + 2
        end_at = body_at + int(head["length"]) + 1
        line_end = data.find(b"\n", end_at)
        check(line_end > 0 and data[end_at - 1 : end_at] == b"\n", where, "has a wrong length at", at)
        end = data[end_at:line_end]
        if end != b"end":
            same(end, b"end %08x" % zlib.crc32(data[start:end_at]), f"{where}: the end line")
        entries.append(Entry(head, data[body_at : end_at - 1], end))
        at = line_end + 1
    return entries


def make_entry(serial, body, target=None, kind="upload", checksum=True, received=None, extra=""):
    target = target or f"/iclock/cdata?SN={serial}&table=ATTLOG&Stamp=9999"
    head = f"punchd-spool 1\nkind: {kind}\nserial: {serial}\ntarget: {target}\n{extra}"
    if received:
        head += f"received: {received}\n"
    data = (head + f"length: {len(body)}\n\n").encode("latin-1") + body + b"\n"
    return data + (b"end %08x\n" % zlib.crc32(data) if checksum else b"end\n")


def make_order(text):
    """An entry of the spool "order"; `text` are the lines of its body."""
    body = text.encode("utf-8", "surrogateescape")
    data = b"punchd-spool 1\nkind: order\nlength: %d\n\n" % len(body) + body + b"\n"
    return data + b"end %08x\n" % zlib.crc32(data)


_last_us = 0


def make_name(at_us=None):
    global _last_us
    if at_us is None:
        _last_us = max(_last_us + 1, int(time.time() * 1000000))
        at_us = _last_us
    return "%016x-%s" % (at_us, os.urandom(8).hex())
