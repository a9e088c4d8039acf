# SPDX-License-Identifier: GPL-2.0-or-later
"""client: HTTP by hand, for what is tested must not be made nice by a library; and the ports that it goes to."""

import re
import socket

from checks import PATIENCE_S, Failed, check, short


class Reply:
    def __init__(self, head, body, closed):
        self.head, self.body, self.closed = head, body, closed
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]

    def header(self, name):
        """The value of a header spelled just so."""
        values = [v for k, v in self.headers if k == name]
        return values[0] if len(values) == 1 else None

    def __repr__(self):
        return f"<{self.status} {self.body!r}{' closed' if self.closed else ''}>"


class Connection:
    def __init__(self, port, source=None):
        self.sock = socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, (source, 0) if source else None
        )
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        """Some more bytes into self.left; False at the end."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            return False
        except socket.timeout:
            raise Failed("waited in vain for a reply")
        self.left += data
        return bool(data)

    def reply(self, wait_for_close=None):
        """One reply, or None when the connection ends before it. Whether the server closes then is looked at unless
        the reply speaks of keep-alive."""
        while True:
            while b"\r\n\r\n" not in self.left:
                if not self.more():
                    return None
            head, self.left = self.left.split(b"\r\n\r\n", 1)
            if not head.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
                break
        found = re.search(rb"\r\n[Cc]ontent-[Ll]ength: (\d+)", head)
        check(found, "a reply without Content-Length:", head)
        length = int(found.group(1))
        while len(self.left) < length:
            if not self.more():
                return None
        body, self.left = self.left[:length], self.left[length:]
        closed = False
        if wait_for_close is not False:
            closed = self.ended()
        return Reply(head + b"\r\n\r\n", body, closed)

    def ended(self):
        """Waits for the server to close; anything it sends instead is a fault."""
        while self.more():
            pass
        check(not self.left, "bytes behind the reply:", short(self.left))
        return True

    def close(self):
        self.sock.close()


def request_bytes(target, body=None, method=None, headers=(), version="HTTP/1.1", length=True):
    method = method or ("GET" if body is None else "POST")
    lines = [f"{method} {target} {version}", "Host: 127.0.0.1"]
    if body is not None and length:
        lines.append(f"Content-Length: {len(body)}")
    lines += headers
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(body, size):
    out = b""
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        out += b"%x\r\n" % len(piece) + piece + b"\r\n"
    return out + b"0\r\n\r\n"


def hold_port(kind, address, port=0):
    """A socket that keeps a port for whoever sets SO_REUSEADDR: as long as it is there, and it neither listens nor is
    spoken to, the kernel gives that port to nobody who asks for any, nor to a client on its way out."""
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s


def hold_udp_port():
    """The same for datagrams: a port that is free on every address, kept at one that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", 0))
        port = s.getsockname()[1]
    return hold_port(socket.SOCK_DGRAM, "127.255.255.254", port)


def unread(port):
    """Bytes that wait in the sockets of a listening port's connections."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as f:
        next(f)
        for line in f:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == port and fields[3] == "01":
                total += int(fields[4].split(":")[1], 16)
            elif int(fields[2].split(":")[1], 16) == port:
                total += int(fields[4].split(":")[0], 16)
    return total
