# SPDX-License-Identifier: GPL-2.0-or-later
"""faults: each daemon killed, stopped and starved in turn, while terminals upload."""


from checks import check, same, wait_until
from rig import DAEMONS

SHORT_WATCHDOG = "[Service]\nWatchdogSec=8s\n"  # what is tried is that it bites, not how late, and none that is slow
OTHERS = tuple(d for d in DAEMONS if d != "ingestd")


def is_new(rig, daemon, old):
    pid = rig.machine.main_pid(f"punchd-{daemon}")
    return pid and pid != old and rig.is_active(daemon)


def signal_daemon(rig, daemon, name):
    rig.machine.run("systemctl", "kill", "--kill-whom=main", f"--signal={name}", f"punchd-{daemon}")


def alarms(rig, daemon):
    """Lines of the journal at the priority of an alert."""
    lines = rig.machine.journal("-p", "alert", "-u", f"punchd-{daemon}").splitlines()
    return [line for line in lines if "has ended by itself" in line]


def answered_all(load):
    """Not one request but what was under way at the end."""
    failed = load.closing["failed"] - load.closing["unacked"]
    check(failed <= 0, failed, "requests were not answered:", load.closing)


def restarted_after(rig, load, daemon, name, result):
    """The end of a daemon that systemd starts again and tells of."""
    old, before = rig.machine.main_pid(f"punchd-{daemon}"), len(alarms(rig, daemon))
    signal_daemon(rig, daemon, name)
    if daemon != "ingestd":
        load.go_on()
    wait_until(lambda: is_new(rig, daemon, old), f"{daemon} is started again")
    wait_until(lambda: len(alarms(rig, daemon)) > before, f"the end of {daemon} is told of")
    check(f"result={result}" in alarms(rig, daemon)[-1], "the alarm says", alarms(rig, daemon)[-1])
    load.go_on()


def killed(rig):
    """each daemon but ingestd is killed: intake answers every request; it is started again, and that is an alert"""
    with rig.uploads("KIL") as load:
        for daemon in OTHERS:
            restarted_after(rig, load, daemon, "KILL", "signal")
    answered_all(load)


def starved(rig):
    """each is stopped by a signal: the watchdog ends it; intake answers every request meanwhile"""
    for daemon in DAEMONS:
        rig.machine.write(f"/run/systemd/system/punchd-{daemon}.service.d/watchdog.conf", SHORT_WATCHDOG)
    rig.machine.run("systemctl", "daemon-reload")
    rig.machine.run("systemctl", "restart", *(f"punchd-{daemon}" for daemon in DAEMONS))
    rig.wait_active()
    with rig.uploads("STA") as load:
        for daemon in OTHERS:
            restarted_after(rig, load, daemon, "STOP", "watchdog")
    answered_all(load)


def stopped(rig):
    """each but ingestd is stopped: intake answers every request, and there is no alarm; what came meanwhile is worked on later"""
    with rig.uploads("STO") as load:
        for daemon in OTHERS:
            before = len(alarms(rig, daemon))
            rig.machine.run("systemctl", "stop", f"punchd-{daemon}")
            load.go_on()
            same(rig.machine.property(f"punchd-{daemon}", "ActiveState"), "inactive", daemon)
            rig.machine.run("systemctl", "start", f"punchd-{daemon}")
            same(len(alarms(rig, daemon)), before, f"alarms of {daemon}, which was stopped")
    answered_all(load)


def intake_itself(rig):
    """ingestd is killed, starved and stopped: who connects waits at the socket, which starts it, and nothing is lost"""
    with rig.uploads("ING") as load:
        restarted_after(rig, load, "ingestd", "KILL", "signal")
        restarted_after(rig, load, "ingestd", "STOP", "watchdog")
        old, before = rig.machine.main_pid("punchd-ingestd"), len(alarms(rig, "ingestd"))
        rig.machine.run("systemctl", "stop", "punchd-ingestd.service", may_fail=True)
        wait_until(lambda: is_new(rig, "ingestd", old), "a connection starts ingestd")
        load.go_on()
        same(len(alarms(rig, "ingestd")), before, "alarms of ingestd, which was stopped")
    rig.note(load.closing["failed"], "requests had to be sent again")


TESTS = (killed, starved, stopped, intake_itself)
