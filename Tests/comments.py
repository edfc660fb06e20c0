#!/usr/bin/env python3
"""Finds public declarations without a documentation comment, and comments that are wider than a line.

Usage: Tests/comments.py [FOLDER]…; default: the project's sources.
Prints every fault and ends with status 1 when there is one. The formatter checks the form of comments but not their
presence or their width.
"""

import re
import sys

from swift_files import report

WIDTH = 120

# Conformances whose protocol says everything.
EXEMPT = {
    ("var", "description"),
    ("var", "debugDescription"),
    ("func", "hash"),
    ("func", "encode"),
    ("func", "next"),
    ("func", "makeIterator"),
}

MODIFIERS = (
    r"(?:static|final|nonisolated|mutating|nonmutating|override|indirect|convenience|class|borrowing|consuming|lazy"
    r"|(?:private|fileprivate|internal|package|public)\(set\))"
)
ATTRIBUTE = re.compile(r"^\s*@\w")
PUBLIC = re.compile(rf"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:{MODIFIERS}\s+)*public\s+(?!extension\b|import\b)(.*)")
NAME = re.compile(r"\b(struct|class|enum|protocol|actor|func|var|let|init|subscript|typealias)\b\s*([^\s(:<{=]*)")
STORES = re.compile(r"(?:self\.)?\w+ = (?:\w+|ExactText\(\w+\)|\w+\.map \{ ExactText\(\$0\) \})")
COMMENT = re.compile(r"^\s*///? ")


def is_exempt(declaration):
    """Whether the declaration is a conformance that needs no comment."""
    found = NAME.search(declaration)
    return found is not None and found.groups() in EXEMPT


def has_comment(lines, position):
    """Whether a documentation comment stands above a declaration, its attributes and its plain comments."""
    above = position - 1
    while above >= 0:
        line = lines[above].strip()
        if line.startswith("///"):
            return True
        if not ATTRIBUTE.match(lines[above]) and not line.startswith("//"):
            return False
        above -= 1
    return False


def only_stores(lines, position):
    """Whether an initializer only stores its parameters, whose properties have comments that say everything."""
    indent = len(lines[position]) - len(lines[position].lstrip())
    end = next((i for i in range(position + 1, len(lines)) if lines[i].rstrip() == " " * indent + "}"), len(lines))
    start = next((i for i in range(position, end) if lines[i].rstrip().endswith("{")), end)
    body = [line.strip() for line in lines[start + 1 : end] if line.strip()]
    return bool(body) and all(STORES.fullmatch(line) for line in body)


def faults(path):
    """Every fault of one file as a sentence."""
    lines = path.read_text().splitlines()
    for position, line in enumerate(lines):
        place = f"{path}:{position + 1}"
        if COMMENT.match(line) and len(line) > WIDTH and "://" not in line:
            yield f"{place}: this comment is wider than {WIDTH} columns"
        found = PUBLIC.match(line)
        if not found or is_exempt(found.group(1)) or has_comment(lines, position):
            continue
        if not found.group(1).startswith("init(") or not only_stores(lines, position):
            yield f"{place}: this public declaration has no documentation comment: {line.strip()}"


if __name__ == "__main__":
    sys.exit(report(faults))
