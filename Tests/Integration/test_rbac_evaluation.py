"""Compares the program's evaluation of RBAC with a second one in Python, on random roles, bindings and questions.

Each round asks one question of a random cluster of 1,000 bindings, and what one principal can do there. CI runs 20
rounds (20,000 bindings with their roles); KUBE_ENTRA_RBAC_ROUNDS=100 runs the 100,000.
"""

import json
import os
import pathlib
import random
import subprocess

import pytest
import rbac_model
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILDS = [ROOT / ".build" / kind / "kube-entra" for kind in ("release", "debug")]
BINARY = os.environ.get("KUBE_ENTRA") or str(next((b for b in BUILDS if b.exists()), BUILDS[0]))
ROUNDS = int(os.environ.get("KUBE_ENTRA_RBAC_ROUNDS", "20"))
BINDINGS = 1000
TENANT = "11111111-2222-3333-4444-555555555555"
OBJECTS = [f"{i:08x}-bbbb-cccc-dddd-eeeeffff0000" for i in range(12)]
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
VERBS = ["get", "list", "create", "deletecollection", "update", "bind", "*"]
API_GROUPS = ["", "apps", "example.com", "*"]
RESOURCES = ["pods", "pods/log", "widgets", "*/scale", "widgets/scale", "*", "*/log"]
NAMES = ["a", "b", COMPOSED, DECOMPOSED]
URLS = ["/healthz", "/healthz/*", "/api*", "*", "/metrics", "/a/**"]
NAMESPACES = ["team-a", "team-b", "default"]
KUBERNETES_GROUPS = ["one", "two", "three", "One", COMPOSED, DECOMPOSED, "kube-entra:cluster-admins", "system:masters"]
USERS = ["alice@contoso.com", "Alice@contoso.com", "jane", "bob_x#EXT#@contoso.com", "bob_x#eXt#@contoso.com", "system:kube-proxy"]


def some(dice, choices, most=3, least=0):
    return [dice.choice(choices) for _ in range(dice.randint(least, most))]


def rule(dice):
    kind = dice.random()
    made = {"verbs": some(dice, VERBS, least=1)}
    if kind < 0.85:
        made["apiGroups"] = some(dice, API_GROUPS, 2, 1)
        made["resources"] = some(dice, RESOURCES, 3, 1)
        if dice.random() < 0.25:
            made["resourceNames"] = some(dice, NAMES, 2)
    if kind > 0.8:
        made["nonResourceURLs"] = some(dice, URLS, 2, 1)
    return made


def labels(dice):
    return {key: dice.choice(["x", "y"]) for key in ("one", "two", "three") if dice.random() < 0.3}


def selector(dice):
    made = {}
    if dice.random() < 0.7:
        made["matchLabels"] = {dice.choice(["one", "two", "three"]): dice.choice(["x", "y"])}
    if dice.random() < 0.3 or not made:
        operator = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        expression = {"key": dice.choice(["one", "two", "three"]), "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = some(dice, ["x", "y"], 2, 1)
        made["matchExpressions"] = [expression, {"key": "never", "operator": "DoesNotExist"}]
    return made


def subject(dice, prefixes):
    kind = dice.random()
    if kind < 0.55:
        name = dice.choice(KUBERNETES_GROUPS + ["system:authenticated", "system:nodes"]
                           + [prefixes["group"] + one for one in OBJECTS] + [OBJECTS[0].upper()])
        return {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    if kind < 0.85:
        name = dice.choice(USERS + OBJECTS)
        return {"kind": "User", "name": prefixes["user"] + name if dice.random() < 0.8 else name}
    made = {"kind": "ServiceAccount", "name": dice.choice(["bot", "runner"])}
    if dice.random() < 0.7:
        made["namespace"] = dice.choice(NAMESPACES)
    return made


def cluster(dice, prefixes):
    objects = []
    for index in range(200):
        role = {"kind": "ClusterRole", "metadata": {"name": f"role-{index}", "labels": labels(dice)}}
        if dice.random() < 0.15:
            role["aggregationRule"] = {"clusterRoleSelectors": [selector(dice) for _ in range(dice.randint(0, 2))]}
        role["rules"] = [rule(dice) for _ in range(dice.randint(0, 3))] or None
        objects.append(role)
    for index in range(100):
        place = dice.choice(NAMESPACES)
        meta = {"name": f"role-{index}", "namespace": place, "labels": labels(dice)}
        objects.append({"kind": "Role", "metadata": meta, "rules": [rule(dice)]})
    for index in range(BINDINGS):
        is_wide = dice.random() < 0.4
        meta = {"name": f"binding-{index}"}
        if not is_wide:
            meta["namespace"] = dice.choice(NAMESPACES)
        kind = "ClusterRole" if is_wide or dice.random() < 0.6 else "Role"
        # Some roles are not there.
        reference = {"kind": kind, "name": f"role-{dice.randint(0, 205)}"}
        objects.append({
            "kind": "ClusterRoleBinding" if is_wide else "RoleBinding", "metadata": meta, "roleRef": reference,
            "subjects": [subject(dice, prefixes) for _ in range(dice.randint(0, 3))] or None})
    for thing in objects:
        thing["apiVersion"] = "rbac.authorization.k8s.io/v1"
    dice.shuffle(objects)
    return objects


def configuration(dice, prefixes):
    kubernetes = {
        "adminGroups": ["kube-entra:cluster-admins"], "username": dice.choice(["upn", "oid", "upnLowercase"]),
        "usernamePrefix": prefixes["user"], "groupObjectIDs": dice.choice(["include", "include", "drop"]),
        "groupPrefix": prefixes["group"]}
    admins = OBJECTS[:2]
    mappings = [(OBJECTS[2 + i], some(dice, KUBERNETES_GROUPS, 2, 1)) for i in range(4)]
    roles = [("Cluster.Viewer", some(dice, KUBERNETES_GROUPS, 2, 1))]
    text = {
        "apiVersion": "kube-entra.dev/v1", "kind": "WebhookConfiguration",
        "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "ca.crt"},
        "tenants": [{
            "tenantID": TENANT, "audiences": ["aaaaaaaa-0000-0000-0000-000000000000"],
            "adminGroupObjectIDs": admins,
            "groupMappings": [{"groupObjectID": one, "kubernetesGroups": sorted(set(names))} for one, names in mappings],
            "appRoleMappings": [{"appRole": one, "kubernetesGroups": sorted(set(names))} for one, names in roles]}],
        "kubernetes": kubernetes}
    return text, rbac_model.Configuration(TENANT, admins, mappings, roles, kubernetes)


def question(dice):
    asked = {"verb": dice.choice(VERBS), "resource": None, "group": None, "subresource": None, "namespace": None,
             "name": None, "path": None}
    if dice.random() < 0.2:
        asked["path"] = dice.choice(["/healthz", "/healthz/x", "/api", "/apis/apps", "/metrics", "/a/", "/"])
        return asked, [asked["verb"], asked["path"]]
    asked["group"] = dice.choice(API_GROUPS)
    asked["resource"] = dice.choice(["pods", "widgets", "*"])
    asked["subresource"] = dice.choice([None, None, "log", "scale"])
    words = [asked["verb"], f"{asked['resource']}.{asked['group']}"]
    if asked["subresource"]:
        words[1] += "/" + asked["subresource"]
    if dice.random() < 0.5:
        asked["namespace"] = dice.choice(NAMESPACES + ["nowhere"])
        words += ["-n", asked["namespace"]]
    if dice.random() < 0.4:
        asked["name"] = dice.choice(NAMES)
        words += ["--name", asked["name"]]
    return asked, words


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
    world = rbac_model.Cluster(objects)
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
        entra, others = rbac_model.who(world, model, asked)
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
    held = rbac_model.explain(world, model, answer["user"]["username"], set(answer["user"]["groups"]))
    assert len(answer["rules"]) == len(held)
    assert {rbac_model.frozen(entry): paths(entry) for entry in answer["rules"]} == held


def paths(entry):
    found = [rbac_model.path_of(one) for one in entry["paths"]]
    assert len(found) == len(set(found)), "a path stands there twice"
    return set(found)
