"""Compares the program's evaluation of RBAC with a second one in Python, on random roles, bindings and questions.

Each round asks two questions of a random cluster of 1,000 bindings, and what one principal can do there, of the built
program. Many more questions, of small clusters, are asked by a unit test (RBACDifferenceTests).
"""

import json
import os
import random
import subprocess

import pytest
import rbac_model
import yaml
from programs import BINARY
from rbac_random import OBJECTS, USERS, cluster, configuration, question

ROUNDS = int(os.environ.get("KUBE_ENTRA_RBAC_ROUNDS", "20"))


def run(*words):
    done = subprocess.run([BINARY, *words, "--output", "json"], capture_output=True, timeout=600)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_random_clusters_have_the_same_answers(round_number, tmp_path):
    dice = random.Random(f"rbac {round_number}")
    prefixes = {"user": dice.choice(["", "", "entra:"]), "group": dice.choice(["", "", "entra:"])}
    text, model = configuration(dice, prefixes)
    objects = cluster(dice, prefixes)
    modelled = rbac_model.Cluster(objects)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(text))
    # Half as JSON in one list, half as YAML documents in a folder.
    folder = tmp_path / "cluster"
    folder.mkdir()
    half = len(objects) // 2
    (folder / "a.json").write_text(json.dumps({"apiVersion": "v1", "items": objects[:half], "kind": "List"}))
    (folder / "b.yaml").write_text(yaml.safe_dump_all(objects[half:], allow_unicode=True))
    files = ["--config", str(tmp_path / "c.yaml"), "--cluster", str(folder)]

    for _ in range(2):
        asked, words = question(dice)
        code, answer = run("rbac", "who", "--can", *words, *files)
        assert answer["question"] == asked
        entra, others = rbac_model.who(modelled, model, asked)
        printed = {}
        for entry in answer["who"]:
            key = entry["appRole"] or (entry["username"] if entry["kind"] == "user" else entry["objectID"])
            printed[(entry["kind"], entry["tenantID"], key)] = paths(entry)
        assert printed == entra, (asked, words)
        assert {(e["kind"], e["namespace"], e["name"]): paths(e) for e in answer["others"]} == others
        assert code == (0 if entra else 1)

    groups = dice.sample(OBJECTS, 3)
    user = dice.choice(USERS[:2])
    principal = [word for group in groups for word in ("--group", group)] + ["--user", user]
    code, answer = run("rbac", "explain", *principal, *files)
    assert code == 0
    held = rbac_model.explain(modelled, model, answer["user"]["username"], set(answer["user"]["groups"]))
    assert len(answer["rules"]) == len(held)
    assert {rbac_model.frozen(entry): paths(entry) for entry in answer["rules"]} == held


def paths(entry):
    found = [rbac_model.path_of(one) for one in entry["paths"]]
    assert len(found) == len(set(found)), "a path stands there twice"
    return set(found)
