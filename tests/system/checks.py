# SPDX-License-Identifier: GPL-2.0-or-later
"""checks: how a test says what should be so, waits until it is, and gives up."""

import time

PATIENCE_S = 120  # a guard against hanging, not a demand: on a busy machine all takes longer


class Failed(Exception):
    """What a test says when something is not as it should be."""


class Skipped(Exception):
    """Why a test cannot be run here."""


class Hung(BaseException):
    """The runner's patience is over; no test may swallow it."""


def check(condition, *words):
    if not condition:
        raise Failed(" ".join(str(w) for w in words))


def same(got, want, what):
    if got != want:
        raise Failed(f"{what}: got {short(got)}, want {short(want)}")


def short(value, most=300):
    text = repr(value)
    return text if len(text) <= most else text[:most] + f"… ({len(text)} characters)"


def wait_until(condition, what, patience_s=PATIENCE_S):
    """Looks again and again until `condition()` is true, and returns what it gave."""
    end = time.monotonic() + patience_s
    pause_s = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {patience_s} s in vain: {what}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.1)
