# SPDX-License-Identifier: GPL-2.0-or-later
"""devsim_logs: what devsim writes down of what it sent, heard acknowledged and carried out."""

import collections
import re


def punch_line(o):
    fields = [o["serial"], o["pin"], o["time"].replace("T", " "), o["status"], o["verify"], o["workcode"]]
    return "\t".join("" if f is None else str(f) for f in fields)


class Executed(collections.namedtuple("Executed", "serial id code command")):
    """A line of devsim's --exec-log."""


def unescape(text):
    def byte(found):
        what = found.group(1)
        return b"\t" if what == b"t" else b"\\" if what == b"\\" else bytes([int(what[1:], 16)])

    return re.sub(rb"\\(t|\\|x[0-9A-Fa-f]{2})", byte, text.encode("ascii"))


def read_executed(*paths):
    """Whole lines alone: devsim may be writing the next one."""
    found = []
    for path in paths:
        try:
            with open(path, encoding="ascii") as f:
                lines = f.read().split("\n")[:-1]
        except FileNotFoundError:
            continue
        for line in lines:
            serial, number, code, command, _ = line.split("\t")
            found.append(Executed(serial, int(number), int(code), unescape(command)))
    return found


def read_log(path):
    """Lines of devsim's --sent-log or --ack-log."""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []
