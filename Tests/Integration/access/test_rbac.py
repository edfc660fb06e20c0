"""`rbac`, `policy list` and `policy diff --cluster` as people call them: exit statuses, JSON, bad input."""

import json
import os
import random
import re
import shlex
import subprocess

import fresh_cluster
import pytest
import sarif
import yaml
from entra import ADMINS, DEVELOPERS, TENANT
from webhook import configuration, run

STRANGER = "12340000-bbbb-cccc-dddd-eeeeffff0000"
ADMIN_GROUP = "kube-entra:cluster-admins"


def role(name, *rules, **more):
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
        **more,
    }


def binding(name, role_name, *subjects, namespace=None, annotations=None):
    meta = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    if annotations:
        meta["annotations"] = annotations
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": meta,
        "roleRef": {"kind": "ClusterRole", "name": role_name},
        "subjects": list(subjects),
    }


def group(name):
    return {"kind": "Group", "name": name}


def user(name):
    return {"kind": "User", "name": name}


ADMIN_ROLE = role("cluster-admin", {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
READER = role(
    "reader",
    {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
    {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
)
ADMINS_ARE_BOUND = binding("admins", "cluster-admin", group(ADMIN_GROUP))


@pytest.fixture
def ask(tmp_path):
    """Calls a command on a configuration and objects."""

    def ask(*words, objects=(), tenant=None, top=None, output="json"):
        (tmp_path / "c.yaml").write_text(yaml.safe_dump({**configuration(**(tenant or {})), **(top or {})}))
        (tmp_path / "cluster.yaml").write_text(yaml.safe_dump_all(list(objects)))
        code, out, err = run(
            *words,
            "--config",
            str(tmp_path / "c.yaml"),
            "--cluster",
            str(tmp_path / "cluster.yaml"),
            "--output",
            output,
        )
        return code, json.loads(out) if output in ("json", "sarif") and out else out, err

    return ask


def test_a_fresh_cluster_has_no_finding(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "bound.yaml").write_text(yaml.safe_dump(ADMINS_ARE_BOUND))
    (tmp_path / "fresh.json").write_text(fresh_cluster.text())
    files = ["--config", str(tmp_path / "c.yaml"), "--cluster", str(tmp_path / "fresh.json")]
    more = ["--cluster", str(tmp_path / "bound.yaml")]
    code, out, err = run("rbac", "lint", "--strict", "--output", "json", *files, *more)
    answer = json.loads(out)
    assert (code, answer["findings"], err) == (0, [], "")
    count = len(fresh_cluster.objects()) + 1
    assert answer["input"] == {"objects": count, "passedOver": 0, "unknownKinds": {}}
    code, out, _ = run("rbac", "who", "--can", "*", "*.*", "--output", "json", *files, *more)
    answer = json.loads(out)
    assert code == 0 and [entry["objectID"] for entry in answer["who"]] == [ADMINS]
    assert [entry["name"] for entry in answer["others"]] == ["kubeadm:cluster-admins", "system:masters"]
    # Everybody may ask what they may do, and no more.
    code, out, _ = run("rbac", "explain", "--user", "a@b.c", "--output", "json", *files)
    answer = json.loads(out)
    assert code == 0 and not answer["everything"] and len(answer["rules"]) == 4
    assert {path["kubernetesGroup"] for one in answer["rules"] for path in one["paths"]} == {"system:authenticated"}


def test_the_advice_for_an_unbound_admin_group_mends_it(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "cluster.json").write_text(fresh_cluster.text())
    words = [
        "rbac",
        "lint",
        "--strict",
        "--config",
        str(tmp_path / "c.yaml"),
        "--output",
        "json",
        "--cluster",
        str(tmp_path / "cluster.json"),
    ]
    code, out, _ = run(*words)
    finding = json.loads(out)["findings"][0]
    assert code == 1 and finding["rule"] == "admin-group-unbound" and finding["binding"] is None
    assert finding["subject"] == {"kind": "Group", "name": ADMIN_GROUP}
    done = subprocess.run(
        [*shlex.split(finding["hint"]), "--dry-run=client", "-o", "yaml"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "more.yaml").write_text(done.stdout)
    code, out, _ = run(*words, str(tmp_path / "more.yaml"))
    assert (code, json.loads(out)["findings"]) == (0, [])


def test_lint_says_what_and_where(ask, tmp_path):
    objects = [ADMIN_ROLE, READER, ADMINS_ARE_BOUND, binding("b", "reader", group("Platform Team"), namespace="a")]
    code, answer, _ = ask("rbac", "lint", objects=objects)
    assert code == 0 and len(answer["findings"]) == 1
    finding = answer["findings"][0]
    assert set(finding) == {"rule", "severity", "binding", "subject", "message", "hint"}
    assert (finding["rule"], finding["severity"]) == ("group-is-a-display-name", "warning")
    assert finding["binding"] == {"kind": "RoleBinding", "namespace": "a", "name": "b"}
    assert finding["subject"] == {"kind": "Group", "name": "Platform Team"}
    assert ask("rbac", "lint", "--strict", objects=objects)[0] == 1
    code, text, _ = ask("rbac", "lint", objects=objects, output="text")
    assert f"{tmp_path}/cluster.yaml:" in text and "[group-is-a-display-name]" in text and "1 warning" in text
    allowed = {"kube-entra.dev/lint-allow": "group-is-a-display-name it comes by certificate"}
    quiet = objects[:3] + [binding("b", "reader", group("Platform Team"), annotations=allowed)]
    code, answer, _ = ask("rbac", "lint", "--strict", objects=quiet)
    assert (code, answer["findings"]) == (0, [])
    for useless in ("group-is-a-display-name", "nosuch-rule for a reason"):
        loud = objects[:3] + [
            binding("b", "reader", group("Platform Team"), annotations={"kube-entra.dev/lint-allow": useless})
        ]
        code, answer, err = ask("rbac", "lint", "--strict", objects=loud)
        assert (code, len(answer["findings"])) == (1, 1) and "silences nothing" in err
    code, text, _ = ask("rbac", "lint", objects=objects, output="markdown")
    assert "| --- |" in text and "group-is-a-display-name" in text


def check_sarif(log):
    sarif.check(log)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (found,) = log["runs"]
    rules = found["tool"]["driver"]["rules"]
    assert found["tool"]["driver"]["name"] == "kube-entra" and len({one["id"] for one in rules}) == len(rules)
    for result in found["results"]:
        assert result["ruleId"] == rules[result["ruleIndex"]]["id"]
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"]["uri"] and physical["region"]["startLine"] >= 1
        assert physical["region"]["startColumn"] >= 1
    return found["results"]


def test_sarif(ask, tmp_path):
    objects = [READER, binding("b", "reader", group("ops"), user("a@b.c"))]
    code, log, _ = ask("rbac", "lint", objects=objects, output="sarif")
    results = check_sarif(log)
    assert [one["ruleId"] for one in results] == ["group-never-given", "upn-can-be-given-again", "admin-group-unbound"]
    assert (
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{tmp_path}/cluster.yaml"
    )
    assert results[2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{tmp_path}/c.yaml"
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(configuration(subjects=["user", "guest"])) + "# kube-entra:allow nosuch rule\n")
    code, out, _ = run("config", "check", "--no-files", str(path), "--output", "sarif")
    assert {one["ruleId"] for one in check_sarif(json.loads(out))} == {"guests-can-be-admins", "allowance-unknown"}
    # A name of which a URI takes no character as it is.
    path = tmp_path / 'a b%20\u00e9"<>^`{|}.yaml'
    path.write_text("apiVersion: x\n")
    code, out, _ = run("config", "check", "--no-files", str(path), "--output", "sarif")
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in check_sarif(json.loads(out))}
    assert uris == {path.as_uri()}
    assert code == 2 and all(one["level"] == "error" for one in check_sarif(json.loads(out)))


def test_sarif_of_a_finding_that_is_silenced(ask):
    allowed = {"kube-entra.dev/lint-allow": "group-never-given it comes by certificate"}
    objects = [READER, ADMIN_ROLE, ADMINS_ARE_BOUND, binding("b", "reader", group("ops"), annotations=allowed)]
    _, log, _ = ask("rbac", "lint", objects=objects, output="sarif")
    check_sarif(log)


def test_who(ask):
    objects = [ADMIN_ROLE, READER, binding("b", "reader", group("developers"), user("a@b.c"), namespace="team")]
    code, answer, err = ask("rbac", "who", "--can", "get", "pods", objects=objects)
    assert code == 0 and answer["question"] == {
        "verb": "get",
        "resource": "pods",
        "group": "",
        "subresource": None,
        "namespace": None,
        "name": None,
        "path": None,
    }
    path = {
        "binding": {"kind": "RoleBinding", "namespace": "team", "name": "b"},
        "role": {"kind": "ClusterRole", "namespace": None, "name": "reader"},
        "namespace": "team",
    }
    assert answer["who"] == [
        {
            "kind": "group",
            "tenantID": TENANT,
            "objectID": DEVELOPERS,
            "appRole": None,
            "username": None,
            "until": None,
            "paths": [{"kubernetesGroup": "developers", "username": None, **path}],
        },
        {
            "kind": "user",
            "tenantID": None,
            "objectID": None,
            "appRole": None,
            "username": "a@b.c",
            "until": None,
            "paths": [{"kubernetesGroup": None, "username": "a@b.c", **path}],
        },
    ]
    assert answer["others"] == []
    assert ask("rbac", "who", "--can", "get", "pods", "-n", "other", objects=objects)[0] == 1
    assert ask("rbac", "who", "--can", "get", "/metrics", objects=objects)[0] == 1
    code, answer, err = ask("rbac", "who", "--can", "get", "deployments", objects=objects)
    assert (code, answer["question"]["group"]) == (1, "apps") and "deployments.apps" in err


def test_emergency_access_counts_while_it_lasts(ask):
    entry = {
        "objectID": STRANGER,
        "until": "2026-12-01T00:00:00Z",
        "kubernetesGroups": ["system:masters"],
        "reason": "x",
    }
    question = ("rbac", "who", "--can", "delete", "nodes", "--at")
    code, answer, _ = ask(*question, "2026-11-30T23:59:59Z", objects=[READER], tenant={"emergencyAccess": [entry]})
    assert code == 0 and answer["who"] == [
        {
            "kind": "emergencyAccess",
            "tenantID": TENANT,
            "objectID": STRANGER,
            "appRole": None,
            "username": None,
            "until": "2026-12-01T00:00:00Z",
            "paths": [
                {
                    "kubernetesGroup": "system:masters",
                    "username": None,
                    "binding": None,
                    "role": None,
                    "namespace": None,
                }
            ],
        }
    ]
    assert ask(*question, "2026-12-01T00:00:00Z", objects=[READER], tenant={"emergencyAccess": [entry]})[0] == 1


def test_explain(ask):
    ways = role("ways", {"verbs": ["impersonate", "get"], "apiGroups": [""], "resources": ["users"]})
    objects = [
        ways,
        READER,
        binding("a", "ways", group("developers")),
        binding("b", "reader", group("developers"), namespace="team"),
    ]
    code, answer, _ = ask("rbac", "explain", "--group", DEVELOPERS, "--user", "a@b.c", objects=objects)
    assert code == 0 and answer["admitted"] and not answer["everything"]
    assert answer["rules"] == [
        {
            "verbs": ["impersonate", "get"],
            "apiGroups": [""],
            "resources": ["users"],
            "resourceNames": [],
            "nonResourceURLs": [],
            "waysToMore": ["impersonate"],
            "paths": [
                {
                    "kubernetesGroup": "developers",
                    "username": None,
                    "namespace": None,
                    "binding": {"kind": "ClusterRoleBinding", "namespace": None, "name": "a"},
                    "role": {"kind": "ClusterRole", "namespace": None, "name": "ways"},
                }
            ],
        },
        {
            "verbs": ["get", "list"],
            "apiGroups": [""],
            "resources": ["pods"],
            "resourceNames": [],
            "nonResourceURLs": [],
            "waysToMore": [],
            "paths": [
                {
                    "kubernetesGroup": "developers",
                    "username": None,
                    "namespace": "team",
                    "binding": {"kind": "RoleBinding", "namespace": "team", "name": "b"},
                    "role": {"kind": "ClusterRole", "namespace": None, "name": "reader"},
                }
            ],
        },
    ]
    code, answer, _ = ask("rbac", "explain", "--user", "system:x@b.c", objects=objects)
    assert (code, answer["admitted"], answer["rules"]) == (1, False, [])
    code, text, _ = ask("rbac", "explain", "--group", DEVELOPERS, objects=objects, output="text")
    assert "a way to more: impersonate" in text and "in namespace team" in text


def test_the_line_for_kubectl(tmp_path):
    groups = ["it's", "a b", "$(id)", "system:authenticated"]
    config = configuration(groupMappings=[{"groupObjectID": DEVELOPERS, "kubernetesGroups": groups}])
    config["kubernetes"] = {"groupObjectIDs": "drop"}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    words = ["policy", "check", "--config", str(tmp_path / "c.yaml"), "--group", DEVELOPERS, "--user", "o'b@x.y"]
    code, out, _ = run(*words, "--output", "json")
    line = json.loads(out)["canI"]
    shell = subprocess.run(["sh", "-c", f"set -- {line}; printf '%s\\n' \"$@\""], capture_output=True, text=True)
    assert shell.stdout.splitlines() == [
        "kubectl",
        "auth",
        "can-i",
        "--list",
        "--as=o'b@x.y",
        "--as-group=it's",
        "--as-group=a b",
        "--as-group=$(id)",
    ]
    assert line in run(*words)[1].splitlines()
    code, out, _ = run(
        "policy", "check", "--config", str(tmp_path / "c.yaml"), "--user", "system:x", "--output", "json"
    )
    assert (code, json.loads(out)["canI"]) == (1, None)


@pytest.mark.parametrize("option", ["--user", "--role", "--group", "--object-id"])
def test_an_empty_principal_is_wrong_usage(option, tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    assert run("policy", "check", "--config", str(tmp_path / "c.yaml"), option, "")[0] == 64


def test_policy_list(ask, tmp_path):
    names = {"names": {DEVELOPERS: {"displayName": "Developers", "kind": "group", "deleted": False}}}
    (tmp_path / "names.json").write_text(json.dumps(names))
    objects = [READER, binding("b", "reader", group("developers"))]
    code, answer, _ = ask("policy", "list", objects=objects, top={"names": "names.json"})
    base = {"tenantID": TENANT, "until": None}
    assert code == 0 and answer["grants"] == [
        {
            "kind": "group",
            "objectID": ADMINS,
            "displayName": None,
            "kubernetesGroups": [ADMIN_GROUP],
            "admin": True,
            "bound": False,
            **base,
        },
        {
            "kind": "group",
            "objectID": DEVELOPERS,
            "displayName": "Developers",
            "kubernetesGroups": ["developers"],
            "admin": False,
            "bound": True,
            **base,
        },
        {
            "kind": "appRole",
            "appRole": "Cluster.Viewer",
            "displayName": None,
            "kubernetesGroups": ["viewers"],
            "admin": False,
            "bound": False,
            **base,
        },
    ]
    code, out, _ = run("policy", "list", "--config", str(tmp_path / "c.yaml"), "--output", "json")
    assert [one["bound"] for one in json.loads(out)["grants"]] == [None, None, None]
    assert (
        f"{DEVELOPERS} (Developers)"
        in ask("policy", "list", objects=objects, top={"names": "names.json"}, output="text")[1]
    )


def test_policy_diff_in_permissions(tmp_path):
    config = configuration()
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(config))
    config["tenants"][0]["groupMappings"][0]["kubernetesGroups"] = ["developers", "readers"]
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(config))
    objects = [READER, binding("b", "reader", group("readers"), namespace="team")]
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump_all(objects))
    files = [str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")]
    cluster = ["--cluster", str(tmp_path / "cluster.yaml")]
    code, out, _ = run("policy", "diff", *files, *cluster, "--output", "json")
    assert code == 1 and json.loads(out)["permissions"] == [
        {
            "effect": "gains",
            "kind": "group",
            "tenantID": TENANT,
            "objectID": DEVELOPERS,
            "verbs": ["get", "list"],
            "apiGroups": [""],
            "resources": ["pods"],
            "resourceNames": [],
            "nonResourceURLs": [],
            "waysToMore": [],
            "namespace": "team",
            "paths": [
                {
                    "kubernetesGroup": "readers",
                    "username": None,
                    "namespace": "team",
                    "binding": {"kind": "RoleBinding", "namespace": "team", "name": "b"},
                    "role": {"kind": "ClusterRole", "namespace": None, "name": "reader"},
                }
            ],
        }
    ]
    code, out, _ = run("policy", "diff", *files, *cluster, "--output", "markdown")
    assert code == 1 and "can now get, list pods" in out and "| --- |" in out
    assert "permissions" not in json.loads(run("policy", "diff", *files, "--output", "json")[1])
    code, out, _ = run("policy", "diff", files[0], files[0], *cluster, "--output", "json")
    assert (code, json.loads(out)["permissions"]) == (0, [])
    # Behind an option for several files, the configurations may stand too.
    assert run("policy", "diff", *cluster, *files)[0] == 1


@pytest.mark.parametrize(
    "text, place, part",
    [
        ("kind: ClusterRole\nmetadata: {}\n", "2:11", "no name"),
        ("kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: get}]\n", "3:17", "must be a list"),
        ("kind: ClusterRole\nkind: ClusterRole\n", "2:1", "twice"),
        ("kind: RoleBinding\nmetadata: {name: a}\n", "1:1", "roleRef"),
        ('{"kind": "ClusterRole",\n "metadata": {"name": 1}}', "2:23", "string"),
        ("kind: [", "2:1", ""),
    ],
)
def test_what_cannot_be_read_has_its_place(text, place, part, tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    code, out, err = run("rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--cluster", str(file))
    assert (code, out) == (2, "") and err.startswith(f"{file}:{place}: ") and part in err


def test_files_folders_and_standard_input(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(READER))
    (folder / "below" / "b.yml").write_text(yaml.safe_dump(binding("b", "reader", group("developers"))))
    (folder / "notes.txt").write_text("kind: [")
    (folder / "empty.yaml").write_text("# nothing\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "broken.yaml").write_text("kind: [")
    os.symlink(elsewhere, folder / "link")
    os.symlink(folder / "a.json", folder / "same.json")
    lint = ["rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--output", "json", "--cluster"]
    code, out, _ = run(*lint, str(folder))
    assert (code, json.loads(out)["input"]["objects"]) == (0, 2)
    other = "kind: Widget\n---\n" + yaml.safe_dump(READER) + "---\nkind: ConfigMap\napiVersion: v1\n"
    code, out, err = run(*lint, "-", input=other)
    assert (code, json.loads(out)["input"]) == (0, {"objects": 1, "passedOver": 2, "unknownKinds": {"Widget": 1}})
    assert "Widget" in err
    for nothing in ("", "# nothing\n"):
        assert run(*lint, "-", input=nothing)[0] == 2
    code, _, err = run(*lint, "-", input=json.dumps(READER).encode("utf-16"))
    assert code == 2 and "UTF-16" in err
    assert run(*lint, str(tmp_path / "nosuch"))[0] == 2
    assert run(*lint, "-", "--cluster", "-", input=other)[0] == 64


def test_more_than_is_read(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    large = tmp_path / "large.json"
    with open(large, "wb") as file:
        file.truncate(100_000_001)
    code, _, err = run("rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--cluster", str(large), timeout=120)
    assert code == 2 and "100 MB" in err


def test_damaged_input_is_refused_with_a_place(tmp_path):
    """Random changes of bytes: the result is success or an error with a place, never a crash."""
    dice = random.Random("damage")
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    objects = fresh_cluster.objects()[-12:]
    seeds = [json.dumps({"kind": "List", "items": objects}).encode(), yaml.safe_dump_all(objects).encode()]
    parts = [b'"', b"{", b"[", b"\\ud83d", b"&a ", b"*a ", b"null", b"- ", b"---\n", b"1e999", b"\xff", b"<<: "]
    refused = 0
    for number in range(100):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            way = dice.random()
            if way < 0.4:
                data[at] = dice.randrange(256)
            elif way < 0.7:
                data[at:at] = dice.choice(parts)
            else:
                del data[at : at + dice.randint(1, 40)]
        file = tmp_path / f"cluster{dice.choice(['.json', '.yaml'])}"
        file.write_bytes(data)
        code, out, err = run(
            "rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--cluster", str(file), "--output", "json"
        )
        assert code in (0, 2), (number, err)
        if code == 2:
            assert re.match(rf"{re.escape(str(file))}:[0-9]+:[0-9]+: ", err) and out == "", err
            refused += 1
        else:
            json.loads(out)
    assert refused > 50
