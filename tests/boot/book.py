# SPDX-License-Identifier: GPL-2.0-or-later
"""book: the steps that a page of docs/ tells an administrator to take, to be taken as they stand there."""

import re

from checks import check
from host import ROOT_DIR

OPERATIONS = "OPERATIONS.md"


def steps(page, heading):
    """The code blocks of a section, in their order."""
    with open(f"{ROOT_DIR}/docs/{page}") as f:
        _, found, section = f.read().partition(f"\n## {heading}\n")
    check(found, page, "has no section", heading)
    return re.findall(r"^```\n(.*?)^```$", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
