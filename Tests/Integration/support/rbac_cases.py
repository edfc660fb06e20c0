"""Writes random questions about small clusters with the answers of the evaluation in Python, one JSON object a line.

Usage: rbac_cases.py COUNT SEED
"""

import json
import random
import sys

import rbac_model
from rbac_random import cluster, configuration, question, question_about

BINDINGS = 15


def line(holder, way):
    """A holder and one path, as RBACDifferenceTests writes them."""
    group, user, binding, role, place = way
    parts = [*holder, group, user, *(binding or (None,) * 3), *(role or (None,) * 3), place]
    return "|".join("" if part is None else part for part in parts)


def case(number, seed):
    dice = random.Random(f"{seed} {number}")
    prefixes = {"user": dice.choice(["", "", "entra:"]), "group": dice.choice(["", "", "entra:"])}
    text, model = configuration(dice, prefixes)
    objects = cluster(dice, prefixes, BINDINGS)
    asked, words = question_about(dice, objects) if dice.random() < 0.7 else question(dice)
    entra, others = rbac_model.who(rbac_model.Cluster(objects), model, asked)
    return {
        "number": number,
        "configuration": json.dumps(text),
        "cluster": json.dumps({"kind": "List", "items": objects}),
        "verb": asked["verb"],
        "resource": words[1],
        "namespace": asked["namespace"],
        "name": asked["name"],
        "who": sorted(line(holder, way) for holder, ways in entra.items() for way in ways),
        "others": sorted(line(subject, way) for subject, ways in others.items() for way in ways),
    }


def main():
    count, seed = int(sys.argv[1]), sys.argv[2]
    for number in range(count):
        print(json.dumps(case(number, seed)))


if __name__ == "__main__":
    main()
