# SPDX-License-Identifier: GPL-2.0-or-later
"""trust: the table of docs/TRUST.md that says what code in each process can do, and what a probe's outcomes say."""

import re

COLUMNS = ("ingestd", "parserd", "cmdqd", "notifyd", "matchd", "tls")
HEADING = "| inside the unit | " + " | ".join(f"`{c}`" for c in COLUMNS) + " |"
COMMON = "| none of them can | because |"
LINE = re.compile(r"probe: (.*): (yes|killed|E[A-Z0-9]+)$")


def of_journal(text):
    """What → outcome, in the probe's order."""
    found = {}
    for line in text.splitlines():
        if m := LINE.match(line):
            found[m[1]] = m[2]
    return found


def rows(outcomes):
    """The lines of both tables of {column: {what: outcome}}: of what some can, and of what nobody can."""
    some, none = [], []
    for what in outcomes[COLUMNS[0]]:
        cells = [outcomes[column].get(what, "?") for column in COLUMNS]
        if len(set(cells)) == 1 and cells[0] != "yes":
            none.append(f"| {what} | {cells[0]} |")
        else:
            some.append(f"| {what} | " + " | ".join("**yes**" if cell == "yes" else cell for cell in cells) + " |")
    return some, none


def table(text, heading):
    """The lines of a table of a page, without its heading."""
    lines = text.splitlines()
    if heading not in lines:
        return []
    found = []
    for line in lines[lines.index(heading) + 2 :]:
        if not line.startswith("|"):
            break
        found.append(line)
    return found


def page(outcomes):
    """Both tables as the page should have them."""
    some, none = rows(outcomes)
    return "\n".join([HEADING, "|---" * (len(COLUMNS) + 1) + "|", *some, "", COMMON, "|---|---|", *none, ""])


def differences(text, outcomes):
    """What the page says otherwise, in words; [] where it is right."""
    found = []
    for heading, wanted in zip((HEADING, COMMON), rows(outcomes)):
        written = table(text, heading)
        found += [f"TRUST.md says   {line}" for line in written if line not in wanted]
        found += [f"the probe says  {line}" for line in wanted if line not in written]
        if not found and written != wanted:
            found.append("TRUST.md has the rows in another order")
    return found
