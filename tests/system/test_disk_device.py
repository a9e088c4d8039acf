# SPDX-License-Identifier: GPL-2.0-or-later
"""disk_device: the disk itself fails, and comes back: reads, writes and flushes of the device end with EIO, and the kernel
makes of it what it makes. It calls a page clean whose write-back has failed: so what was promised is looked for when the disk
was unmounted and mounted again, and nothing is left of what the kernel remembered.

ext4 without a journal is the one that goes on when its disk is well again, so there nobody may need a hand. The others give
themselves up at the first write that fails, and an operator has to mount them again: until then nothing may be promised."""

import collections
import os
import subprocess

from checks import PATIENCE_S, Failed, Skipped, check, same, wait_until
from devsim_logs import read_log
from entries import make_entry, make_name
from faults import Faulty
from host import IS_ROOT, ROOT_DIR
from test_disk import LINE, mount, move_in

FAILING = {False: ("rwf", "w", "f"), True: ("rwf", "w", "f", "wf", "r") * 4}
REFUSALS = 12  # that a failing disk has to cause before it is well again
MOMENTS = {False: 16, True: 64}


class FileSystem(collections.namedtuple("FileSystem", "kind bytes make options mend")):
    """How it is made, mounted, and mended before it is mounted again. The journalled ones need no mending."""


EXT4 = ("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0")
NO_JOURNAL = FileSystem("ext4", 64 << 20, EXT4 + ("-O", "^has_journal"), ",errors=continue", ("e2fsck", "-f", "-y"))
JOURNALLED = FileSystem("ext4", 64 << 20, EXT4 + ("-J", "size=4"), "", ())
XFS = FileSystem("xfs", 300 << 20, ("mkfs.xfs", "-q", "-f"), "", ())
BTRFS = FileSystem("btrfs", 128 << 20, ("mkfs.btrfs", "-q", "-f"), "", ())


def lacking(fs):
    """What this machine lacks, in words, or nothing."""
    if not IS_ROOT:
        return "only root may mount"
    for device, module in (("/dev/fuse", "fuse"), ("/dev/loop-control", "loop")):
        if not os.path.exists(device):
            subprocess.run(["modprobe", "-q", module], check=False)
        if not os.path.exists(device):
            return f"there is no {device} here"
    subprocess.run(["modprobe", "-q", fs.kind], check=False)
    with open("/proc/filesystems", encoding="ascii") as f:
        return "" if fs.kind in f.read().split() else f"this kernel has no {fs.kind}"


class Device:
    """A disk that fails when it is told to, of the recorder of power cuts, and a file system on it."""

    def __init__(self, t, site, fs):
        self.fs, self.path = fs, f"{site.dir}/disk"
        self.image, self.fuse = f"{site.dir}/image", f"{site.dir}/fuse"
        os.mkdir(self.fuse)
        os.mkdir(self.path)
        with open(self.image, "wb") as f:
            f.truncate(fs.bytes)
        run(*fs.make, self.image)
        recorder = t.helper("../powercut/recorder.c", f"-I{ROOT_DIR}", "-lfuse3")
        process = subprocess.Popen([recorder, self.image, f"{site.dir}/image-log", self.fuse], start_new_session=True)
        site.clearing += [process.wait, lambda: subprocess.run(["umount", "-l", self.fuse], check=False)]
        wait_until(lambda: os.path.exists(f"{self.fuse}/disk") or process.poll() is not None, "the disk is there")
        if process.poll() is not None:
            site.clear()
            raise Skipped("no FUSE file system may be mounted here")
        mount(site, self.path, *self.how())
        os.chmod(self.path, 0o755)

    def how(self):
        return "-t", self.fs.kind, "-o", "loop,noatime" + self.fs.options, f"{self.fuse}/disk"

    def fail(self, letters, after=0):
        """So many more reads, writes and flushes go well, and then none."""
        fd = os.open(f"{self.fuse}/fails", os.O_WRONLY)
        os.write(fd, b"%s%d" % (letters.encode(), after))
        os.close(fd)

    def well(self):
        self.fail("")

    def settle(self):
        """What the test itself has written is on the disk."""
        run("sync", "-f", self.path)

    def is_given_up(self):
        """Can nothing be made any more, though the disk is well?"""
        try:
            with open(f"{self.path}/probe", "w", encoding="ascii") as f:
                os.fsync(f.fileno())
        except OSError:
            return True
        return False

    def again(self):
        """Mounted again: what is seen now is what the disk holds."""
        run("umount", self.path)
        self.well()
        if self.fs.mend:
            run(*self.fs.mend, self.image, good=(0, 1))
        run("mount", *self.how(), self.path)


def run(*command, good=(0,)):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    check(done.returncode in good, " ".join(command), "says", done.stdout)


def device_for(t, site, fs):
    """With all spools and stores of the site on it."""
    why = lacking(fs)
    if why:
        site.clear()
        raise Skipped(why)
    try:
        disk = Device(t, site, fs)
        move_in(site, disk.path)
    except Failed:
        site.clear()
        raise
    return disk


class Load:
    """Terminals that never rest, and what they heard."""

    def __init__(self, site):
        self.site, self.ack, self.sent = site, f"{site.dir}/ack", f"{site.dir}/sent"
        self.sim = site.devsim_start("load", "--terminals", "4", "--connections", "4", "--rate", "40", "--seconds", "3600",
                                     "--retry-ms", "50", "--sent-log", self.sent, "--ack-log", self.ack)

    def end(self):
        self.sim.terminate()
        self.sim.wait(PATIENCE_S)

    def check_all(self):
        """Without what the disk's keeper sent: nothing is lost, doubled or made up. How much there was."""
        acknowledged, tried = set(read_log(self.ack)), set(read_log(self.sent))
        got = [line for line in self.site.punches() if not line.startswith("GATE\t")]
        lost = acknowledged - set(got)
        check(not lost, len(lost), "punches of devsim were promised and are lost:", sorted(lost)[:5])
        same((len(got) - len(set(got)), len(set(got) - tried)), (0, 0), "doubled and never sent")
        return len(acknowledged)


def refused(faulty, times):
    """Asks until so many uploads were refused. A poll may hear anything that is no promise."""
    before = faulty.number - len(faulty.promised)

    def enough():
        faulty.try_upload(faulty.number % 4 == 0)
        reply = faulty.ask("/iclock/getrequest?SN=GATE")
        check(reply is None or reply.status in (200, 503), "a poll is answered with", reply)
        return faulty.number - len(faulty.promised) >= before + times

    wait_until(enough, f"{times} uploads are refused")


def start_again(faulty, disk):
    """The power of the daemons is cut, the disk is mounted again, and they start on what it holds."""
    for daemon in faulty.site.daemons.values():
        daemon.kill()
    disk.again()
    for name, daemon in faulty.site.daemons.items():
        daemon.start(env=faulty.faults[name].env)


def fail_for_a_while(faulty, disk, letters):
    """Whether the file system went on and all was served again, by itself."""
    faulty.round()
    disk.settle()
    pid = faulty.site.ingestd.pid
    disk.fail(letters)
    if letters == "r":  # the kernel remembers all that is read
        faulty.try_upload()
    else:
        refused(faulty, REFUSALS)
    disk.well()
    goes_on = not disk.is_given_up()
    if goes_on:
        faulty.round()
    else:
        refused(faulty, REFUSALS)
    same(faulty.site.ingestd.pid, pid, "ingestd's pid")
    return goes_on


def under_load(t, fs):
    """How often it went on, and how often it gave itself up."""
    faulty = Faulty(t)
    disk = device_for(t, faulty.site, fs)
    went_on = collections.Counter()
    with faulty:
        load = Load(faulty.site)
        for letters in FAILING[t.full]:
            try:
                went_on[fail_for_a_while(faulty, disk, letters)] += 1
                start_again(faulty, disk)
                faulty.round()
            except Failed as e:
                raise Failed(f"{letters} of {fs.kind} fail: {e}") from e
        load.end()
        faulty.check_all()
        t.note(f"it went on {went_on[True]} times and gave itself up {went_on[False]} times")
        t.note(tell(faulty, load.check_all()))
    return went_on


def tell(faulty, heard):
    ends = ", ".join(f"{name} {n}" for name, n in sorted(faulty.ended.items()))
    kept, refusals = len(faulty.promised) + len(faulty.photos) + heard, faulty.number - len(faulty.promised)
    return (f"{kept} uploads kept, {refusals} refused"
            + (f"; ended in words and started again: {ends}" if ends else ""))


def upload_until_refused(site, serial):
    """The serials of those that heard 200."""
    kept = []

    def refused_now():
        reply = site.upload(f"{serial}-{len(kept)}", LINE % len(kept))
        check(reply.status in (200, 503), "a failing disk is answered with", reply)
        if reply.status == 200:
            kept.append(f"{serial}-{len(kept)}")
        return reply.status == 503

    wait_until(refused_now, "an upload is refused")
    return kept


def at_every_moment(t, fs):
    """It fails for good after so many of the device's writes and flushes: after one, after two, …"""
    site = t.site()
    disk = device_for(t, site, fs)
    promised = []
    with site:
        site.make_spools()
        for moment in range(MOMENTS[t.full]):
            site.start("ingestd")
            disk.settle()
            disk.fail("wf", moment)
            promised += upload_until_refused(site, f"M{moment}")
            site.ingestd.kill()
            disk.again()
            kept = {e.serial for e in site.entries()}
            lost = [serial for serial in promised if serial not in kept]
            check(not lost, f"{fs.kind} fails after {moment} writes: promised and lost:", lost)
        t.note(f"{MOMENTS[t.full]} moments, {len(promised)} uploads kept")


def disk_device(t):
    """a device gives EIO for a while, under load: 503 or kept, then served again; mounted anew it holds what was promised"""
    went_on = under_load(t, NO_JOURNAL)
    same(went_on[False], 0, "how often ext4 without a journal gave itself up")


def given_up(t, fs):
    went_on = under_load(t, fs)
    check(went_on[False] > 0, fs.kind, "never gave itself up")
    at_every_moment(t, fs)


def disk_device_ext4(t):
    """the same with a journal: the file system gives itself up, 503 until it is mounted and all are started again"""
    given_up(t, JOURNALLED)


def disk_device_xfs(t):
    """the same on xfs"""
    given_up(t, XFS)


def disk_device_btrfs(t):
    """the same on btrfs"""
    given_up(t, BTRFS)


def disk_device_draft(t):
    """the power is cut, and btrfs gives a promised upload its draft's name back too: it is no stranger's hard link"""
    site = t.site()
    disk = device_for(t, site, BTRFS)
    with site:
        site.make_spools()
        name = make_name()
        draft, new = f"{site.spool('upload', 'tmp')}/{name}", site.spool("upload", "new")
        with open(draft, "wb", opener=lambda path, flags: os.open(path, flags, 0o640)) as f:
            f.write(make_entry("GATE", LINE % 1))
            f.flush()
            os.fsync(f.fileno())
        disk.settle()  # a transaction of btrfs ends here
        os.rename(draft, f"{new}/{name}")
        sync_directory(new)
        disk.fail("rwf")
        disk.again()
        t.note("the draft's name is back" if os.path.exists(draft) else "this kernel does not give it back")
        site.start()
        site.wait_worked_off()
        same((len(site.punches()), site.names(state="bad"), site.names(state="tmp")), (1, [], []), "stored, refused, drafts")


def sync_directory(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


TESTS = (disk_device, disk_device_ext4, disk_device_xfs, disk_device_btrfs, disk_device_draft)
