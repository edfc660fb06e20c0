"""Reads what callgrind wrote: self cost by object and function."""

import collections
import re

NAME = re.compile(r"\((\d+)\)(?: (.*))?")
COST = re.compile(r"[+\-*\d]")


class Profile:
    """Costs by (object, function), each a list in the order of `events`."""

    def __init__(self, path):
        self.path = path
        self.events = []
        self.costs = collections.defaultdict(lambda: [0] * len(self.events))
        names = {"ob": {}, "fn": {}}
        current = {"ob": "", "fn": ""}
        is_call = False
        with open(path, errors="replace") as file:
            for line in file:
                line = line.rstrip("\n")
                if line.startswith("events:"):
                    self.events = line.split()[1:]
                elif line.startswith(("ob=", "fn=")):
                    kind = line[:2]
                    current[kind] = self.name(names[kind], line[3:])
                elif line.startswith(("cob=", "cfn=")):
                    self.name(names[line[1:3]], line[4:])
                elif line.startswith("calls="):
                    is_call = True
                elif COST.match(line):
                    # The line after a call says what was spent in the callee.
                    if is_call:
                        is_call = False
                        continue
                    costs = self.costs[current["ob"], current["fn"]]
                    for index, value in enumerate(line.split()[1:]):
                        costs[index] += int(value)

    @staticmethod
    def name(known, text):
        number, name = NAME.match(text).groups()
        if name is not None:
            known[number] = name
        return known.get(number, "")

    def total(self, event, where=lambda item: True):
        place = self.events.index(event)
        return sum(costs[place] for item, costs in self.costs.items() if where(item) and place < len(costs))

    def by_object(self, event):
        return self.grouped(event, lambda item: item[0].rsplit("/", 1)[-1] or "?")

    def by_function(self, event):
        return self.grouped(event, lambda item: (item[0].rsplit("/", 1)[-1], item[1]))

    def grouped(self, event, key):
        place = self.events.index(event)
        sums = collections.Counter()
        for item, costs in self.costs.items():
            if place < len(costs):
                sums[key(item)] += costs[place]
        return sums
