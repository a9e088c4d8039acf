# SPDX-License-Identifier: GPL-2.0-or-later
"""run: the system tests: the real daemons on loopback, asked, loaded, killed and fed with what nobody should send.

    python3 tests/system/run.py --build build [--full] [--only NAME ...] [--list]

As root all of it is run; the daemons themselves never are root. Set KEEP=1 to keep the directories of the tests."""

import argparse
import os
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import checks  # noqa: E402
import harness  # noqa: E402
import host  # noqa: E402
import test_admission  # noqa: E402
import test_caps  # noqa: E402
import test_clock  # noqa: E402
import test_command  # noqa: E402
import test_device  # noqa: E402
import test_disk  # noqa: E402
import test_disk_device  # noqa: E402
import test_faults  # noqa: E402
import test_files  # noqa: E402
import test_foreign  # noqa: E402
import test_handshake  # noqa: E402
import test_http  # noqa: E402
import test_kill  # noqa: E402
import test_matchd  # noqa: E402
import test_members  # noqa: E402
import test_memory  # noqa: E402
import test_notify  # noqa: E402
import test_order  # noqa: E402
import test_people  # noqa: E402
import test_pipeline  # noqa: E402
import test_proxy  # noqa: E402
import test_questions  # noqa: E402
import test_queue  # noqa: E402
import test_queue_kill  # noqa: E402
import test_records  # noqa: E402
import test_remote  # noqa: E402
import test_replay  # noqa: E402
import test_signals  # noqa: E402
import test_slow  # noqa: E402
import test_verify  # noqa: E402

MODULES = (test_http, test_caps, test_proxy, test_slow, test_admission, test_handshake, test_pipeline, test_signals, test_foreign,
           test_kill, test_replay, test_memory, test_disk, test_disk_device, test_faults, test_clock, test_order, test_command,
           test_queue, test_queue_kill, test_notify, test_matchd, test_device, test_records, test_people, test_members,
           test_questions, test_remote, test_verify, test_files)
HANG_S = {False: 900, True: 7200}  # a test that takes longer hangs


class Context:
    """What a test is given."""

    def __init__(self, build, full):
        self.build, self.full, self.notes = os.path.abspath(build), full, []

    def site(self, **options):
        return harness.Site(self.build, **options)

    def note(self, *words):
        """A figure or a remark for the test's line."""
        self.notes.append(" ".join(str(w) for w in words))

    def helper(self, source, *options):
        return host.build_helper(self.build, source, *options)


def all_tests():
    return [(fn.__name__, fn) for module in MODULES for fn in module.TESTS]


def first_line(fn):
    return (fn.__doc__ or "").strip().splitlines()[0]


def hung(_number, _frame):
    raise checks.Hung("it hangs")


def run_one(name, fn, context):
    began = time.monotonic()
    signal.alarm(HANG_S[context.full])
    try:
        fn(context)
        result, why = "ok", ""
    except checks.Skipped as e:
        result, why = "SKIPPED", str(e)
    except checks.Failed as e:
        result, why = "FAILED", str(e)
    except checks.Hung as e:
        result, why = "FAILED", str(e)
    except Exception:
        result, why = "FAILED", traceback.format_exc()
    finally:
        signal.alarm(0)
    remarks = "; ".join(context.notes)
    line = f"{result:8}{name}: {first_line(fn)} [{time.monotonic() - began:.1f} s]"
    if remarks:
        line += f" – {remarks}"
    if why:
        line += f" – {why}"
    print(line, flush=True)
    return result


def end_all(_number, _frame):
    sys.exit(1)


def main():
    p = argparse.ArgumentParser(description="The system tests of punchd.")
    p.add_argument("--build", default="build", help="where the programs are (default: build)")
    p.add_argument("--full", action="store_true", help="the long versions")
    p.add_argument("--only", nargs="+", metavar="NAME", help="tests whose name begins with one of these")
    p.add_argument("--list", action="store_true", help="name the tests and what each is for")
    a = p.parse_args()
    tests = all_tests()
    if a.only:
        tests = [t for t in tests if any(t[0].startswith(name) for name in a.only)]
        if not tests:
            p.error("no test has a name like that; --list names them")
    if a.list:
        for name, fn in tests:
            print(f"{name}: {first_line(fn)}")
        return 0
    missing = [name for name in harness.PROGRAMS if not os.path.exists(f"{a.build}/{name}")]
    if missing:
        p.error(f"{a.build} lacks {', '.join(missing)}: run make first")
    signal.signal(signal.SIGALRM, hung)
    signal.signal(signal.SIGTERM, end_all)
    host.raise_descriptors()
    host.own_mounts()
    results = [run_one(name, fn, Context(a.build, a.full)) for name, fn in tests]
    passed, failed, skipped = (results.count(r) for r in ("ok", "FAILED", "SKIPPED"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
