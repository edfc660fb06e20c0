"""`rbac who`, `rbac explain`, `policy list` and `policy diff --cluster`: exit statuses, JSON, bad input."""

import json
import subprocess

import pytest
import yaml
from entra import ADMINS, DEVELOPERS, TENANT
from rbac_objects import ADMIN_GROUP, ADMIN_ROLE, READER, STRANGER, binding, group, role, user
from webhook import configuration, run


def test_who_names_everybody_who_may_do_it(ask):
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


def test_explain_says_what_a_principal_may_do_and_why(ask):
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


def test_explain_knows_the_deny_file_and_does_without_one_that_is_missing(ask, tmp_path):
    objects = [READER, binding("a", "reader", group("developers"))]
    question = ("rbac", "explain", "--group", DEVELOPERS, "--object-id", STRANGER)
    code, answer, err = ask(*question, objects=objects, tenant={"deniedFile": "denied.json"})
    assert (code, answer["admitted"]) == (0, True) and "deniedFile are not known here" in err
    (tmp_path / "denied.json").write_text(json.dumps({"denied": [{"objectID": STRANGER, "reason": "x"}]}))
    code, answer, err = ask(*question, objects=objects, tenant={"deniedFile": "denied.json"})
    assert (code, answer["admitted"], answer["reason"], answer["rules"]) == (1, False, "principal_denied", [])
    assert "not known" not in err


def test_several_paths_stand_behind_one_cluster(ask, tmp_path):
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(binding("a", "reader", group("developers"))))
    for question in (("rbac", "who", "--can", "get", "pods"), ("rbac", "explain", "--group", DEVELOPERS)):
        code, answer, err = ask(*question, objects=[READER], more=[str(tmp_path / "more.yaml")])
        assert code == 0 and "developers" in json.dumps(answer), err


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


def test_policy_list_shows_what_each_holder_gets(ask, tmp_path):
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
    assert "\N{REPLACEMENT CHARACTER}" not in out
    assert code == 1 and "can now get, list pods" in out and "| --- |" in out
    assert "permissions" not in json.loads(run("policy", "diff", *files, "--output", "json")[1])
    code, out, _ = run("policy", "diff", files[0], files[0], *cluster, "--output", "json")
    assert (code, json.loads(out)["permissions"]) == (0, [])
    # Behind an option for several files, the configurations may stand too.
    assert run("policy", "diff", *cluster, *files)[0] == 1
