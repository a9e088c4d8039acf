# SPDX-License-Identifier: GPL-2.0-or-later
"""order: reads what strace saw of ingestd and proves for every acknowledged upload that

    the last write of its entry's file  <  fsync of that file  <  rename to new/  <  fsync of new/  <  the reply

where each step had succeeded before the next one began. A line of strace's output stands where its call ended; a call
that others interrupted has a line for its beginning too.

    strace -f -yy -v -s 400 -e trace=%network,openat,close,read,write,writev,pwrite64,fsync,fdatasync,rename,renameat,\
renameat2 -o FILE -p PID
    python3 tests/system/order.py FILE

The uploads must have a serial each, and a connection may carry several, one after the other."""

import re
import sys

LINE = re.compile(rb"(?:(\d+) +)?(.*)", re.S)
RESUMED = re.compile(rb"<\.\.\. (\w+) resumed>(.*)", re.S)
CALL = re.compile(rb"(\w+)\((.*)", re.S)
RESULT = re.compile(rb".*\) += +(-?\d+)", re.S)
FD = re.compile(rb"(\d+)<(.*?)>(?=[,)]|$)", re.S)
FILE = re.compile(rb".*/tmp/([0-9a-f]{16}-[0-9a-f]{16})$")
SERIAL = re.compile(rb'(?:"|\\n)serial: ([A-Za-z0-9_-]+)\\n')
ASKED = re.compile(rb"POST /iclock/cdata\?SN=([A-Za-z0-9_-]+)[& ]")
RENAME = re.compile(rb'\d+<[^>]*/tmp>, "([^"]+)", \d+<([^>]*/new)>, "([^"]+)"')
WRITES = {b"write", b"writev", b"pwrite64", b"pwritev", b"pwrite"}
SENDS = {b"sendto", b"sendmsg", b"send", b"write", b"writev"}
READS = {b"recvfrom", b"read", b"recvmsg", b"recv"}


class Call:
    __slots__ = ("name", "text", "began", "ended", "result", "thread")

    def __init__(self, name, text, began, thread):
        self.name, self.text, self.began, self.thread = name, text, began, thread
        self.ended = self.result = None


def read_calls(lines):
    """The calls of a trace, each once it ended, in the order of their ends."""
    open_calls = {}
    for number, line in enumerate(lines):
        thread, rest = LINE.match(line.rstrip(b"\n")).groups()
        resumed = RESUMED.match(rest)
        if resumed:
            call = open_calls.pop(thread, None)
            if call is None or call.name != resumed.group(1):
                continue
            call.text += resumed.group(2)
        else:
            found = CALL.match(rest)
            if not found:
                continue
            call = Call(found.group(1), found.group(2), number, thread)
            if call.text.endswith(b"<unfinished ...>"):
                call.text = call.text[: -len(b"<unfinished ...>")].rstrip()
                open_calls[thread] = call
                continue
        result = RESULT.match(call.text)
        call.ended = number
        call.result = int(result.group(1)) if result else None
        yield call


class SpoolFile:
    """What happened to one file of the spool, by line numbers."""

    def __init__(self):
        self.last_write = self.write_began = self.sync_began = self.sync_ended = None
        self.rename_began = self.rename_ended = None


class Checker:
    def __init__(self):
        self.files = {}  # name in tmp/ → SpoolFile
        self.file_of = {}  # serial → SpoolFile
        self.dir_syncs = []  # (began, ended) of those that succeeded
        self.request = {}  # connection → serial of the request that it is on
        self.replies = 0
        self.violations = []

    def take(self, call):
        fd = FD.match(call.text)
        if call.name in WRITES and fd and FILE.match(fd.group(2)):
            self.take_write(call, FILE.match(fd.group(2)).group(1))
        elif call.name in (b"fsync", b"fdatasync") and fd:
            self.take_sync(call, fd.group(2))
        elif call.name in (b"renameat2", b"renameat", b"rename"):
            self.take_rename(call)
        elif fd and b"TCP" in fd.group(2):
            if call.name in READS:
                self.take_request(call, fd.group(2))
            elif call.name in SENDS:
                self.take_reply(call, fd.group(2))

    def take_write(self, call, name):
        f = self.files.setdefault(name, SpoolFile())
        f.last_write = call.ended
        f.write_began = call.began
        for serial in SERIAL.findall(call.text):
            self.file_of[serial] = f

    def take_sync(self, call, path):
        if call.result != 0:
            return
        if path.endswith(b"/new"):
            self.dir_syncs.append((call.began, call.ended))
            return
        found = FILE.match(path)
        if found:
            f = self.files.setdefault(found.group(1), SpoolFile())
            f.sync_began, f.sync_ended = call.began, call.ended

    def take_rename(self, call):
        found = RENAME.match(call.text)
        if call.result == 0 and found:
            f = self.files.setdefault(found.group(1), SpoolFile())
            f.rename_began, f.rename_ended = call.began, call.ended

    def take_request(self, call, connection):
        found = ASKED.search(call.text)
        if found and call.result and call.result > 0:
            self.request[connection] = found.group(1)

    def take_reply(self, call, connection):
        if b"HTTP/1.1 200" not in call.text and b"HTTP/1.0 200" not in call.text:
            return
        serial = self.request.pop(connection, None)
        if serial is None:
            return  # a poll, or a request of before the trace began
        self.replies += 1
        why = self.fault(serial, call)
        if why:
            self.violations.append((serial.decode(), call.began, why))

    def fault(self, serial, reply):
        """What is wrong with the promise that `reply` makes, or None."""
        f = self.file_of.get(serial)
        if f is None:
            return "its entry was never written"
        if f.sync_ended is None or f.sync_ended > reply.began:
            return "its file was not synced before the reply"
        if f.last_write >= f.sync_began:
            return "its file was written to after it was synced"
        if f.rename_ended is None or f.rename_ended > reply.began:
            return "its file was not renamed to new/ before the reply"
        if f.rename_began <= f.sync_ended:
            return "its file was renamed before it was synced"
        if not any(f.rename_ended < began and ended < reply.began for began, ended in reversed(self.dir_syncs)):
            return "new/ was not synced between the rename and the reply"
        return None


def check_trace(lines):
    """(replies, violations as (serial, line, words)) of a trace."""
    checker = Checker()
    for call in read_calls(lines):
        checker.take(call)
    return checker.replies, checker.violations


def main():
    if len(sys.argv) != 2:
        print("usage: order.py FILE", file=sys.stderr)
        return 64
    with open(sys.argv[1], "rb") as f:
        replies, violations = check_trace(f)
    for serial, line, why in violations[:20]:
        print(f"line {line + 1}: {serial}: {why}")
    print(f"{replies} replies, {len(violations)} violations")
    return 1 if violations or not replies else 0


if __name__ == "__main__":
    sys.exit(main())
