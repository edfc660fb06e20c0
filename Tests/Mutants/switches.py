"""Rewrites Swift source so that one build holds many changes, of which an environment variable chooses one.

The body of a function, an initializer or a computed property that is changed becomes a switch over the number of the
chosen change: one case a change, and the body as it is for all other numbers. The initial value of a stored property
becomes a condition. Nothing else of Swift is understood here; what has no such place is left to a build of its own.
"""

import os
import re

SWITCH = """import Glibc

/// The number of the change that is made, from the environment; 0 for none.
enum Mutant {
    static let active: Int32 = getenv("KUBE_ENTRA_MUTANT").map { atoi($0) } ?? 0
}
"""

TYPES = {"struct", "enum", "class", "extension", "actor", "protocol"}
DECLARATION = re.compile(r"\b(struct|enum|class|extension|actor|protocol|func|init|subscript|var|let)\b")
ACCESSOR = re.compile(r"\s*(?:mutating |nonmutating )?(?:get|set|willSet|didSet|_read|_modify)\b[^\n]*\{")
STORED = re.compile(r"(?P<head>[^\n]*\b(?:let|var) \w+(?:: [^=\n{]+)? = )(?P<value>[^\n]+)$")


def code_only(text):
    """The text with every comment and string literal blanked out, at the same length."""
    result, position = list(text), 0

    def blank(start, end):
        for index in range(start, end):
            if result[index] != "\n":
                result[index] = " "

    while position < len(text):
        if text.startswith("//", position):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", position):
            end = text.index("*/", position) + 2
        elif text[position] == '"':
            end = end_of_string(text, position)
        else:
            position += 1
            continue
        blank(position, end)
        position = end
    return "".join(result)


def end_of_string(text, start):
    """The index after a string literal, with interpolations that may hold further literals."""
    mark = '"""' if text.startswith('"""', start) else '"'
    position = start + len(mark)
    while not text.startswith(mark, position):
        if text.startswith("\\(", position):
            depth, position = 1, position + 2
            while depth:
                if text[position] == '"':
                    position = end_of_string(text, position)
                    continue
                depth += {"(": 1, ")": -1}.get(text[position], 0)
                position += 1
        else:
            position += 2 if text[position] == "\\" else 1
    return position + len(mark)


def blocks_around(code, start, end):
    """The blocks that hold the range, as pairs of the indices of their braces, the outermost first."""
    opened, found = [], []
    for index, character in enumerate(code):
        if character == "{":
            opened.append(index)
        elif character == "}":
            begin = opened.pop()
            if begin < start and end <= index:
                found.append((begin, index))
    return sorted(found)


def body_around(code, start, end):
    """The body of the member that holds the range; None when there is none."""
    blocks = blocks_around(code, start, end)
    for number, (begin, finish) in enumerate(blocks):
        previous = max(code.rfind("{", 0, begin), code.rfind("}", 0, begin))
        kinds = DECLARATION.findall(code, previous + 1, begin)
        if kinds and kinds[-1] in TYPES:
            continue
        if ACCESSOR.match(code, begin + 1):
            if number + 1 == len(blocks):
                return None
            begin, finish = blocks[number + 1]
        return begin + 1, finish
    return None


def value_around(text, code, start, end):
    """The initial value of the stored property on the line of the range; None when there is none."""
    line = text.rfind("\n", 0, start) + 1
    finish = text.find("\n", start)
    match = STORED.match(code[line:finish].rstrip())
    if (
        not match
        or end > finish
        or start < line + match.start("value")
        or match["value"].rstrip().endswith(("(", "[", "{"))
    ):
        return None
    return line + match.start("value"), finish


def switched(text, changes):
    """The text with all the changes switchable, and the numbers of those that have no place for a switch.

    `changes` maps numbers to pairs of what stands in the text once, and what stands there after the change.
    """
    code = code_only(text)
    places, left = {}, []
    for number, (before, after) in changes.items():
        # What both have in common may lie outside of the braces.
        head = len(os.path.commonprefix([before, after]))
        tail = len(os.path.commonprefix([before[head:][::-1], after[head:][::-1]]))
        start = text.index(before) + head
        end = start + len(before) - head - tail
        body = body_around(code, start, end)
        place = body or value_around(text, code, start, end)
        if place is None:
            left.append(number)
            continue
        begin, finish = place
        changed = text[begin:start] + after[head : len(after) - tail] + text[end:finish]
        places.setdefault((begin, finish, body is not None), []).append((number, changed))
    for (begin, end, is_body), variants in sorted(places.items(), reverse=True):
        original = text[begin:end]
        if is_body:
            cases = "".join(f"\ncase {number}:\n// mutant {number}\n{changed}\n// end" for number, changed in variants)
            replacement = f"\nswitch Mutant.active {{{cases}\ndefault:\n{original}\n}}\n"
        else:
            # Each on a line of its own, so that a message of the compiler names the change.
            parts = "".join(
                f"\nMutant.active == {number} ?\n// mutant {number}\n({changed})\n// end\n:"
                for number, changed in variants
            )
            replacement = f"{parts}\n({original})"
        text = text[:begin] + replacement + text[end:]
    return text, left


def change_at(text, line):
    """The number of the change to which a line of the rewritten text belongs; None for the original."""
    number = None
    for current in text.split("\n")[:line]:
        if current.startswith("// mutant "):
            number = int(current[10:])
        elif current == "// end":
            number = None
    return number
