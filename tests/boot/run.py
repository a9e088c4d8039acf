# SPDX-License-Identifier: GPL-2.0-or-later
"""run: the package in a machine that is really booted: README.md says what is tried.

    python3 tests/boot/run.py --build build --package build/punchd_0.1_amd64.deb [--must] [--only NAME ...]

What this machine cannot do is skipped in words and counted; with --must it fails."""

import argparse
import os
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]

import machine  # noqa: E402
import test_faults  # noqa: E402
import test_operations  # noqa: E402
import test_package  # noqa: E402
import test_sandbox  # noqa: E402
from checks import Failed, Hung, Skipped  # noqa: E402
from rig import Rig  # noqa: E402

# In this order, in one machine: the package is installed by the first and purged at the end.
TESTS = (test_package.installed, test_package.a_terminal, *test_faults.TESTS, *test_sandbox.TESTS, *test_operations.TESTS,
         test_package.upgraded, test_package.removed_and_purged, test_package.autopkgtest)
HANG_S, ALL_HANG_S = 400, 1800
WHY_NOT = 3  # how --may-boot ends where it may not, and that is no failure


def hung(_number, _frame):
    raise Hung("it hangs")


def end_all(_number, _frame):
    sys.exit(1)


def run_one(fn, rig):
    began = time.monotonic()
    signal.alarm(HANG_S)
    rig.notes.clear()
    try:
        fn(rig)
        result, why = "ok", ""
    except Skipped as e:
        result, why = "SKIPPED", str(e)
    except (Failed, Hung) as e:
        result, why = "FAILED", str(e)
    except Exception:
        result, why = "FAILED", traceback.format_exc()
    finally:
        signal.alarm(0)
    words = " – ".join(filter(None, [f"{fn.__name__}: {fn.__doc__} [{time.monotonic() - began:.1f} s]",
                                     "; ".join(rig.notes), why]))
    print(f"{result:8}{words}", flush=True)
    if result == "FAILED":
        said = rig.machine.run("journalctl", "--no-pager", "-q", "-n", "400", may_fail=True).splitlines()
        print("\n".join([line for line in said if "stored files=" not in line and "probe: " not in line][-20:]), flush=True)
    return result


def run_all(build, package, tests):
    signal.alarm(ALL_HANG_S)
    base = machine.make_base(f"{build}/boot")
    with machine.Machine(base) as booted:
        rig = Rig(booted, build, package)
        results = [run_one(tests[0], rig)]
        if results[0] == "ok":
            results += [run_one(fn, rig) for fn in tests[1:]]
        return results


def close(results):
    """The last line; 0 where nothing has failed."""
    passed, failed, skipped = (results.count(r) for r in ("ok", "FAILED", "SKIPPED"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


def cannot(why, must):
    """What this machine cannot do is a line and a count."""
    result = "FAILED" if must else "SKIPPED"
    print(f"{result:8}boot: {why}")
    return close([result])


def main():
    p = argparse.ArgumentParser(description="The package in a machine that is really booted.")
    p.add_argument("--build", default="build", help="where the programs are (default: build)")
    p.add_argument("--package", help="the .deb")
    p.add_argument("--may-boot", action="store_true", help="only look whether this machine may boot a container")
    p.add_argument("--must", action="store_true", help="fail where no container boots")
    p.add_argument("--only", nargs="+", metavar="NAME", help="tests whose name begins with one of these, and the first")
    a = p.parse_args()
    signal.signal(signal.SIGALRM, hung)
    signal.signal(signal.SIGTERM, end_all)
    why = machine.why_not()
    if a.may_boot:
        return (cannot(why, a.must) or WHY_NOT) if why else 0
    if not a.package:
        p.error("which --package?")
    tests = [fn for fn in TESTS if not a.only or fn is TESTS[0] or fn.__name__.startswith(tuple(a.only))]
    try:
        if why:
            raise Skipped(why)
        return close(run_all(os.path.abspath(a.build), os.path.abspath(a.package), tests))
    except Skipped as e:
        return cannot(e, a.must)
    except (Failed, Hung) as e:
        print(f"FAILED  boot: {e}")
        return close(["FAILED"])


if __name__ == "__main__":
    sys.exit(main())
