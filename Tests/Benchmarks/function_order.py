"""Writes the order in which the linker lays out the functions of a review and of the start: Tests/Benchmarks/order.sh.

Functions that call each other stand together, so that they share pages and lines of the instruction cache, and so that
the kernel needs to keep few pages of the program in memory."""

import argparse
import collections
import os
import re
import tempfile

from callgrind import NAME
from counts import VALGRIND, Counts

HERE = os.path.dirname(os.path.abspath(__file__))
ORDER = os.path.join(HERE, "../../Sources/function-order.txt")
# A recursive function has an entry for each depth.
SUFFIX = re.compile(r"'\d+$")


class CallGraph:
    """Who calls whom in the program, in the order in which callgrind tells it, with instructions as weights."""

    def __init__(self, path, program):
        self.callees = collections.defaultdict(collections.Counter)
        self.cost = collections.Counter()
        names, objects = {}, {}
        current = callee = None
        objects_of = {}
        current_object = callee_object = ""
        calls = 0
        with open(path, errors="replace") as file:
            for line in file:
                line = line.rstrip("\n")
                if line.startswith(("ob=", "cob=")):
                    name = self.name(objects, line.split("=", 1)[1])
                    if line[0] == "c":
                        callee_object = name
                    else:
                        current_object = callee_object = name
                elif line.startswith("fn="):
                    current = SUFFIX.sub("", self.name(names, line[3:]))
                    objects_of[current] = current_object
                    callee_object = current_object
                elif line.startswith("cfn="):
                    callee = SUFFIX.sub("", self.name(names, line[4:]))
                    objects_of.setdefault(callee, callee_object)
                elif line.startswith("calls="):
                    calls = int(line[6:].split()[0])
                elif line and (line[0].isdigit() or line[0] in "+-*"):
                    if calls:
                        self.callees[current][callee] += int(line.split()[1])
                        calls, callee_object = 0, current_object
                    else:
                        self.cost[current] += int(line.split()[1])
        self.own = {name for name, of in objects_of.items() if of.endswith(program)}

    @staticmethod
    def name(known, text):
        number, name = NAME.match(text).groups()
        if name is not None:
            known[number] = name
        return known.get(number, "")

    def order(self):
        """Depth first, the most expensive callee first."""
        called = {callee for callees in self.callees.values() for callee in callees}
        roots = [name for name in self.cost if name not in called]
        roots.sort(key=lambda name: (-sum(self.callees[name].values()), name))
        ordered, seen = [], set()
        stack = list(reversed(roots + sorted(self.cost, key=lambda name: (-self.cost[name], name))))
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            ordered.append(name)
            stack.extend(
                callee for callee, _ in sorted(self.callees[name].items(), key=lambda item: (item[1], item[0]))
            )
        return [name for name in ordered if name in self.own]


def is_symbol(name):
    """Whether the linker can know it; callgrind makes up names where it has none."""
    return re.fullmatch(r"[A-Za-z_$.][\w$.]*", name) is not None


def main():
    parser = argparse.ArgumentParser(prog="order.sh")
    parser.add_argument("file", nargs="?", default=ORDER)
    arguments = parser.parse_args()
    VALGRIND.append("--demangle=no")
    ordered = {}
    with tempfile.TemporaryDirectory() as folder:
        Counts(20, folder).run()
        for name in ("seen", "distinct", "badSignature", "notOurs", "groups200", "start"):
            for function in CallGraph(os.path.join(folder, f"callgrind.out.{name}"), "/kube-entra").order():
                ordered.setdefault(function)
    names = [name for name in ordered if is_symbol(name)]
    with open(arguments.file, "w") as file:
        file.writelines(f"{name}\n" for name in names)
    print(f"{len(names)} functions in {os.path.relpath(arguments.file)}")


if __name__ == "__main__":
    main()
