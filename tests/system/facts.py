# SPDX-License-Identifier: GPL-2.0-or-later
"""facts: the records as they are stored, read from a dump by the words of store/*.h and not by the project's own code;
and what they ought to be, from the rows that were sent."""

import base64
import collections
import hashlib
import os
import re

from checks import check, same

ARRIVAL = 36


def digest(data):
    return hashlib.blake2b(data, digest_size=16).digest()


class Texts:
    """Texts ended by NUL, off the front of a key."""

    def __init__(self, data):
        self.left = data

    def text(self):
        text, self.left = self.left.split(b"\0", 1)
        return text.decode("latin-1")

    def bytes(self, count):
        taken, self.left = self.left[:count], self.left[count:]
        return taken


def read_databases(dump):
    found, name = {}, None
    for line in dump.decode("ascii").splitlines():
        if line.startswith("["):
            name = line[1:-1]
            found[name] = []
        else:
            key, value = line.split("=")
            found[name].append((bytes.fromhex(key), bytes.fromhex(value)))
    return found


def read_time(data):
    return "%04d-%02d-%02d %02d:%02d:%02d" % (int.from_bytes(data[:2], "big"), *data[2:7])


class Facts:
    """What stands in both environments. `found` has it without the numbers of the journal: two that are equal hold the
    same facts."""

    IDS = {"u": 1, "c": 1, "t": 4, "p": 2, "m": 1, "n": 2, "w": 2, "i": 1, "o": 1, "s": 3, "f": 2, "x": 3}
    PRIVATE = "ctpisf"

    def __init__(self, site):
        self.site = site
        self.databases = read_databases(site.dump())
        self.numbers = []
        self.found = collections.Counter()
        self.items = {}
        for prefix in ("", "private/"):
            self.read_items(prefix)
            for kind in ("raw", "refused"):
                self.read_kept(prefix, kind)
        self.read_punches()
        self.read_log()
        self.read_photos()

    def number(self, value):
        self.numbers.append(int.from_bytes(value[:8], "big"))

    def read_items(self, prefix):
        texts = dict(self.databases[prefix + "content"])
        used = collections.Counter()
        for key, value in self.databases[prefix + "version"]:
            k = Texts(key)
            kind = k.bytes(1).decode("ascii")
            check((kind in self.PRIVATE) == bool(prefix), "an item of the kind", kind, "is in the wrong place")
            serial, ids = k.text(), tuple(k.text() for _ in range(self.IDS[kind]))
            same(len(k.left), ARRIVAL, "what is left of the key of a version")
            self.number(value)
            used[value[12:28]] += 1
            self.found[("item", kind, serial, ids, texts[value[12:28]])] += 1
        uses = {key: int.from_bytes(value, "big") for key, value in self.databases[prefix + "uses"]}
        same(uses, dict(used), f"how often each text of {prefix}content is used")
        same(set(texts), set(used), f"texts of {prefix}content")
        for key, value in self.databases[prefix + "item"]:
            k = Texts(key)
            kind = k.bytes(1).decode("ascii")
            self.items[(kind, k.text(), tuple(k.text() for _ in range(self.IDS[kind])))] = texts[value[48:64]]

    def read_kept(self, prefix, kind):
        for key, value in self.databases[prefix + kind]:
            k = Texts(key)
            serial, table = k.text(), k.text()
            check((table == "ATTLOG") != bool(prefix), kind, "of", table, "is in the wrong place")
            self.number(value)
            self.found[(kind, serial, table, k.left)] += 1

    def read_punches(self):
        for key, value in self.databases["punch"]:
            k = Texts(key)
            time = read_time(k.bytes(7))
            self.number(value)
            self.found[("punch", k.text(), k.text(), time)] += 1

    def read_log(self):
        for key, value in self.databases["log"]:
            k = Texts(key)
            time, kind, serial = read_time(k.bytes(7)), k.bytes(1).decode("ascii"), k.text()
            same(k.bytes(16), digest(value[44:]), "the digest of a log line")
            self.number(value)
            # An error has the time of its receipt.
            self.found[("log", kind, serial, None if kind == "e" else time, int.from_bytes(k.left, "big"),
                        value[44:])] += 1

    def read_photos(self):
        self.files = set()
        for key, value in self.databases["photo"]:
            k = Texts(key)
            time, serial, pin = read_time(k.bytes(7)), k.text(), k.text()
            name = value[52:].decode("ascii")
            path = f"{self.site.state_dir}/parserd/photos/{serial}/{time[:10]}/{name}"
            check(os.path.exists(path), "the file of a photo is missing:", path)
            with open(path, "rb") as f:
                data = f.read()
            same((digest(data), len(data)), (k.left, int.from_bytes(value[44:52], "big")), f"the bytes of {path}")
            check(path not in self.files, "two photos share", path)
            self.files.add(path)
            self.number(value)
            self.found[("photo", serial, pin, time, k.left)] += 1

    def check_whole(self):
        """Nothing is missing in the journal, nothing is there twice, and no file is nobody's."""
        journal = {int.from_bytes(key, "big") for key, _ in self.databases["journal"]}
        missing = [n for n in self.numbers if n not in journal]
        check(not missing, len(missing), "facts are not in the journal")
        same(len(set(self.numbers)), len(self.numbers), "numbers that are given once")
        top = f"{self.site.state_dir}/parserd/photos"
        there = {f"{d}/{name}" for d, _, names in os.walk(top) for name in names}
        same(there - self.files, set(), "files of photos that no record names")
        return self


# ---- what ought to be there ----

KEYWORDS = {"USERINFO": "USER", "FINGERTMP": "FP", "FACE": "FACE", "USERPIC": "USERPIC", "EVENT": "EVENT"}
NAMES = {"name": "name", "pri": "privilege", "passwd": "password", "grp": "group", "tz": "time_zones",
         "size": "size", "valid": "valid", "filename": "file", "type": "type", "duress": "duress", "majorver": "version",
         "minorver": "minor", "format": "format", "msg": "text", "tag": "tag", "min": "minutes", "starttime": "start",
         "idnum": "id_number"}
SECRET = ("password", "card", "card.sent")
MODALITIES = {"FP": "finger", "FACE": "face", "FVEIN": "fingervein"}
TYPES = {"1": "finger", "9": "visible-face"}


def item(kind, serial, ids, fields, content=None):
    lines = "".join(f"{key}={fields[key]}\n" for key in sorted(fields)).encode("ascii")
    return "item", kind, serial, tuple(ids), lines + (b"\n" + content if content is not None else b"")


def expected(serial, table, row):
    """The facts of a row of devsim's mixed load."""
    table, data = table.upper(), row.encode("ascii")
    if table in ("NEWTABLE",):
        return [("raw", serial, table, digest(data))]
    if table == "ATTLOG":
        fields = row.split("\t")
        return [("punch", serial, fields[0], fields[1]) if len(fields) > 1 else ("refused", serial, table, digest(data))]
    if table == "FPIMAGE":
        return [item("f", serial, ("9", "3"), {}, data)]
    if table == "OPTIONS":
        found = []
        for pair in re.split(r",(?=[A-Za-z0-9]+=)", row):
            key, value = pair.split("=", 1)
            found.append(item("o", serial, (key,), {} if "Key" in key else {"value": value}))
            if "Key" in key:
                found.append(item("s", serial, ("o", key, ""), {"value": value}))
        return found
    if table == "ATTPHOTO":
        t, pin = row.removesuffix(".jpg").split("-")
        return [("photo", serial, pin, f"{t[:4]}-{t[4:6]}-{t[6:8]} {t[8:10]}:{t[10:12]}:{t[12:]}")]
    first, _, rest = row.partition(" ")
    keyword, text = (KEYWORDS[table], row) if "=" in first else (first, rest)
    if keyword == "NOSUCHWORD":
        return [("raw", serial, table, digest(data))]
    if keyword == "OPLOG":
        return expected_operation(serial, table, data, text)
    if keyword in ("ERRORLOG", "EVENT"):
        time = re.search(r"Time=(.*)", text)
        return [("log", "e" if keyword == "ERRORLOG" else "v", serial, time.group(1) if time else None, 0, text.encode())]
    fields = {key.lower(): value for key, _, value in (p.partition("=") for p in text.split("\t"))}
    if keyword == "USER" and "pin" not in fields:
        return [("refused", serial, table, digest(data))]
    return expected_items(serial, keyword, fields)


def expected_operation(serial, table, data, text):
    fields = text.split("\t")
    if len(fields) < 3:
        return [("refused", serial, table, digest(data))]
    found = [("log", "o", serial, fields[2], 0, text.encode())]
    if fields[0] == "9":
        found.append(item("x", serial, ("users", fields[3], digest(text.encode()).hex() + ".0"), {}))
    return found


def expected_items(serial, keyword, sent):
    pin = sent.pop("pin", "")
    content = [base64.b64decode(sent.pop(key)) for key in ("tmp", "content", "photo") if key in sent]
    number, index = sent.pop("fid", sent.pop("no", "")), sent.pop("index", "0")
    uid, code = sent.pop("uid", ""), sent.pop("code", "")
    fields = {NAMES[key]: value for key, value in sent.items() if key in NAMES}
    if "card" in sent:
        fields["card"] = fields["card.sent"] = sent["card"]
    if keyword == "USER":
        secret = {key: value for key, value in fields.items() if key in SECRET}
        fields = {key: value for key, value in fields.items() if key not in SECRET}
        return [item("u", serial, (pin,), fields)] + ([item("c", serial, (pin,), secret)] if secret else [])
    if keyword in ("USERPIC", "BIOPHOTO"):
        return [item("p", serial, (pin, "user" if keyword == "USERPIC" else "face"), fields, *content)]
    if keyword == "SMS":
        return [item("m", serial, (uid,), fields)]
    if keyword == "USER_SMS":
        return [item("n", serial, (pin, uid), fields)]
    if keyword == "WORKCODE":
        return [item("w", serial, (pin, code), fields)]
    if keyword == "IDCARD":
        return [item("i", serial, (pin,), fields, *content)]
    modality = MODALITIES.get(keyword) or TYPES[sent["type"]]
    return [item("t", serial, (pin, modality, number, index), fields, *content)]


def expected_of(rows):
    """Of the lines of devsim's log of a mixed load."""
    return {fact for row in rows for fact in expected(*row.split("\t", 2))}


# ---- counting ----


def lines_of(entry):
    """How many rows parserd counts in an upload, from its bytes."""
    if not entry.body:
        return 1
    table = re.search(r"table=([A-Za-z_]+)", entry.target).group(1).upper()
    if table == "OPTIONS":
        return len(re.split(rb",(?=[A-Za-z0-9]+=)", entry.body))
    if table in ("ATTPHOTO", "NEWTABLE", "FPIMAGE"):
        return 1
    return sum(1 for line in entry.body.split(b"\n") if line)


def tally(log):
    """What parserd says it stored, all batches together."""
    total = collections.Counter()
    for line in re.findall(r"stored (files=.*)", log):
        total.update({key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)})
    return total


def all_lines(total):
    """Every line ended in exactly one of these."""
    return total["records"] + total["duplicates"] + total["bad"] + total["raw"] + total["empty"]
