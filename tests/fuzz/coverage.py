# SPDX-License-Identifier: GPL-2.0-or-later
"""coverage.py SUMMARY README TARGET...: the parsers of README's table and how much of each the corpora reach.

SUMMARY is what `llvm-cov export -summary-only` says. Fails when a parser is reached less than it should be, when a row
names what is not there, or when a target is in no row."""

import json
import os
import re
import sys

LEAST = 85.0  # per cent of the lines, where a row gives no reason for less


def rows(readme):
    """Of each row: the parser's file, its targets, and the least per cent of its lines."""
    with open(readme, encoding="utf-8") as f:
        for line in f:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 5 and re.fullmatch(r"`[a-z]+/[a-z0-9_]+\.c`", cells[2]):
                less = re.match(r"(\d+) %: .", cells[4])
                yield cells[2].strip("`"), cells[3].split(", "), float(less.group(1)) if less else LEAST


def reached(summary):
    """Of each source file: lines and branches, as (covered, all)."""
    with open(summary, encoding="utf-8") as f:
        files = json.load(f)["data"][0]["files"]
    return {os.path.relpath(f["filename"]): [(f["summary"][what]["covered"], f["summary"][what]["count"])
                                             for what in ("lines", "branches")] for f in files}


def per_cent(covered, count):
    return 100.0 * covered / count if count else 100.0


def main():
    files, targets, faults, fuzzed = reached(sys.argv[1]), sys.argv[3:], [], set()
    table = list(rows(sys.argv[2]))
    print(f"{'parser':28} {'lines':>15} {'branches':>15}  targets")
    for path, named, least in table:
        fuzzed.update(named)
        if path not in files:
            faults.append(f"{path} is in no target")
            continue
        lines, branches = (f"{covered:4}/{count:<4}{per_cent(covered, count):5.1f} %" for covered, count in files[path])
        print(f"{path:28} {lines:>15} {branches:>15}  {', '.join(named)}")
        if per_cent(*files[path][0]) < least:
            faults.append(f"{path}: less than {least:.0f} % of its lines are reached")
    faults += [f"README.md names {name}, and there is no such target" for name in sorted(fuzzed - set(targets))]
    faults += [f"{name} is in no row of README.md" for name in targets if name not in fuzzed]
    for what in (0, 1):
        covered, count = (sum(files[path][what][i] for path, _, _ in table if path in files) for i in (0, 1))
        print(f"all {len(table)} parsers: {covered} of {count} {('lines', 'branches')[what]}, {per_cent(covered, count):.1f} %")
    for fault in faults:
        print(f"coverage: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
