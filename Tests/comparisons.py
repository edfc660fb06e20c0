#!/usr/bin/env python3
"""Finds comparisons by a printed value, and numbers where the system has a name.

Usage: Tests/comparisons.py [FOLDER]…; default: the project's sources.
Prints every fault and ends with status 1 when there is one. What is compared as a case, a number or an `ExactText`
cannot be equal to something that only looks the same; see Sources/Base/SafeText/ExactText.swift.
"""

import re
import sys

from swift_files import report

EQUALS = r"\s*[!=]=\s*"
PRINTED = r'(?:"\\\((?:[^()"]|\([^()"]*\))*\)"|String\(describing:[^)]*\)|[\w.?$]*\.(?:debugDescription|description)\b)'
RULES = [
    (re.compile(PRINTED + EQUALS), "compare values, not what is printed of them"),
    (re.compile(EQUALS + PRINTED), "compare values, not what is printed of them"),
    (re.compile(r"\berrno(?:Code)?" + EQUALS + r"-?\d"), "use errno's name: the number differs between systems"),
    (re.compile(r"\bstrerror\(\d"), "use errno's name: the number differs between systems"),
]
COMMENT = re.compile(r"^\s*//")


def faults(path):
    """Every fault of one file as a sentence."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if COMMENT.match(line):
            continue
        for sentence in dict.fromkeys(sentence for rule, sentence in RULES if rule.search(line)):
            yield f"{path}:{number}: {sentence}: {line.strip()}"


if __name__ == "__main__":
    sys.exit(report(faults))
