"""`policy diff --cluster OLD --cluster-after NEW`: what a change of roles and bindings means."""

import json

import pytest
import yaml
from entra import DEVELOPERS, TENANT
from rbac_objects import ADMIN_ROLE, READER, binding, group, role, user
from webhook import configuration, run

READERS = binding("team", "reader", group("developers"), namespace="payments")
ADMINS_NOW = binding("team", "cluster-admin", group("developers"))
DELETER = role("reader", {"verbs": ["delete"], "apiGroups": [""], "resources": ["pods"]})
EVERYBODY = group("system:authenticated")


@pytest.fixture
def diff(tmp_path):
    def diff(before, after, *words, output="json", **tenant):
        (tmp_path / "old.yaml").write_text(yaml.safe_dump(configuration()))
        (tmp_path / "new.yaml").write_text(yaml.safe_dump(configuration(**tenant)))
        for name, objects in (("before", before), ("after", after)):
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump_all([ADMIN_ROLE, *objects]))
        clusters = ["--cluster", str(tmp_path / "before.yaml"), "--cluster-after", str(tmp_path / "after.yaml")]
        files = [str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")]
        code, out, err = run("policy", "diff", *files, *clusters, "--output", output, *words)
        return code, json.loads(out) if output == "json" else out, err

    return diff


def changes(answer):
    return [
        (one["effect"], one["kind"], one.get("objectID") or one.get("username"), one["verbs"], one["namespace"])
        for one in answer["permissions"]
    ]


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ([READER, READERS], [READER, READERS], []),
        (
            [READER, READERS],
            [READER, ADMINS_NOW],
            # The verbs on pods in payments are part of everything.
            [("gains", "group", DEVELOPERS, ["*"], None)],
        ),
        (
            [READER, READERS],
            [DELETER, READERS],
            [
                ("gains", "group", DEVELOPERS, ["delete"], "payments"),
                ("loses", "group", DEVELOPERS, ["get", "list"], "payments"),
            ],
        ),
        ([READER, READERS], [READER], [("loses", "group", DEVELOPERS, ["get", "list"], "payments")]),
        (
            [],
            [READER, binding("ada", "reader", user("ada@example.com"), namespace="a")],
            [("gains", "user", "ada@example.com", ["get", "list"], "a")],
        ),
        # What everybody gains is one change, also for those who are bound by name.
        (
            [READER, READERS],
            [READER, binding("all", "reader", EVERYBODY, namespace="payments"), READERS],
            [("gains", "everybody", None, ["get", "list"], "payments")],
        ),
        (
            [READER, binding("all", "cluster-admin", EVERYBODY)],
            [READER, ADMINS_NOW],
            [("loses", "everybody", None, ["*"], None)],
        ),
        # Groups that Entra does not give are not Entra's people.
        ([READER], [READER, binding("ops", "cluster-admin", group("system:nodes"))], []),
    ],
)
def test_bindings_and_roles_are_compared(diff, before, after, expected):
    code, answer, _ = diff(before, after)
    assert changes(answer) == expected
    assert (code, answer["different"]) == (1 if expected else 0, bool(expected)) and answer["changes"] == []
    for one in answer["permissions"]:
        assert one["paths"] and (one["kind"] != "group" or one["tenantID"] == TENANT)


def test_texts_say_that_only_the_bindings_differ(diff):
    code, text, _ = diff([READER, READERS], [READER, ADMINS_NOW], output="text")
    assert code == 1 and text.startswith("configuration: no difference\n\npermissions:\n")
    assert "can now\n  +   do everything with all resources (everywhere)" in text
    code, text, _ = diff([READER, READERS], [READER, ADMINS_NOW], output="markdown")
    assert code == 1 and "Configuration: no difference." in text and "can now do everything" in text
    code, text, _ = diff([READER, READERS], [READER, READERS], output="text")
    assert (code, text) == (0, "no difference\n\npermissions: no difference\n")


def test_a_mapping_and_its_binding_in_one_change(diff):
    mapping = {"groupObjectID": DEVELOPERS, "kubernetesGroups": ["developers", "payers"]}
    after = [READER, READERS, binding("payers", "reader", group("payers"), namespace="shop")]
    code, answer, _ = diff([READER, READERS], after, groupMappings=[mapping])
    assert code == 1 and changes(answer) == [("gains", "group", DEVELOPERS, ["get", "list"], "shop")]


def test_roles_that_are_missing_on_one_side_are_named(diff):
    code, answer, err = diff([READERS], [READER, READERS])
    assert [one["name"] for one in answer["input"]["missingRoles"]] == ["reader"] and "inputAfter" not in answer
    assert code == 1 and "not in the input: ClusterRole reader;" in err
    _, answer, err = diff([READERS], [READERS])
    assert answer["inputAfter"] == answer["input"] and err.count("ClusterRole reader") == 1


def test_wrong_usage(diff, tmp_path):
    code, _, _ = diff([], [])
    assert code == 0
    files = [str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")]
    code, _, err = run("policy", "diff", *files, "--cluster-after", str(tmp_path / "after.yaml"))
    assert code == 64 and "--cluster-after needs --cluster" in err
    code, _, err = run("policy", "diff", *files, "--cluster", "-", "--cluster-after", "-", input="kind: x\n")
    assert code == 64 and "standard input" in err
    # Behind an option for several files, the configurations may stand too.
    after = ["--cluster-after", str(tmp_path / "after.yaml"), *files]
    assert run("policy", "diff", "--cluster", str(tmp_path / "before.yaml"), *after)[0] == 0
