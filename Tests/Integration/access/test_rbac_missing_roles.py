"""Bindings whose roles are not in the input: no command answers "no" if one of them might change the answer."""

import json

import pytest
import yaml
from entra import ADMINS, DEVELOPERS
from rbac_objects import ADMIN_GROUP, ADMIN_ROLE, ADMINS_ARE_BOUND, READER, binding, group, user
from webhook import configuration, run

EDITORS = binding("editors", "edit", group("developers"), namespace="payments")
DELETE = ("rbac", "who", "--can", "delete", "secrets", "-n", "payments")
MISSING_EDIT = [{"kind": "ClusterRole", "namespace": None, "name": "edit"}]


def of_kind_role(name, role, *subjects):
    made = binding(name, role, *subjects, namespace="payments")
    made["roleRef"]["kind"] = "Role"
    return made


@pytest.mark.parametrize(
    "objects",
    [
        [EDITORS],
        # A role that every cluster has.
        [EDITORS, READER],
        # No object of the kind Role at all.
        [of_kind_role("deleters", "deleter", group(DEVELOPERS)), ADMIN_ROLE],
        [binding("ada", "edit", user("ada@example.com")), READER],
        [binding("all", "admin", group("system:authenticated")), READER],
    ],
)
def test_who_does_not_say_nobody_without_the_roles(ask, objects):
    code, answer, err = ask(*DELETE, objects=objects)
    assert (code, answer["who"]) == (2, []) and "1 binding names a role not in the input" in err
    role = objects[0]["roleRef"]
    assert [one["name"] for one in answer["input"]["missingRoles"]] == [role["name"]]
    code, text, _ = ask(*DELETE, objects=objects, output="text")
    assert code == 2 and "nobody" not in text and "not known: who of Entra can delete secrets" in text
    assert f"{role['kind']} " in text and role["name"] in text


@pytest.mark.parametrize(
    "objects, question",
    [
        # In another namespace, and for another kind of people.
        ([EDITORS, READER], ("rbac", "who", "--can", "get", "pods", "-n", "other")),
        ([EDITORS, READER], ("rbac", "who", "--can", "get", "/metrics")),
        ([binding("bots", "edit", {"kind": "ServiceAccount", "name": "bot", "namespace": "a"}), READER], DELETE),
        # A role that somebody deleted: a binding to it grants nothing.
        ([binding("old", "deleted", group("developers")), READER], DELETE),
        ([EDITORS, ADMIN_ROLE, {**READER, "metadata": {"name": "edit"}}], DELETE),
    ],
)
def test_who_says_nobody_where_the_missing_roles_do_not_matter(ask, objects, question):
    code, answer, _ = ask(*question, objects=objects)
    assert (code, answer["who"]) == (1, [])


def test_who_says_whom_it_knows_and_what_it_does_not(ask):
    objects = [EDITORS, ADMINS_ARE_BOUND, ADMIN_ROLE]
    code, answer, err = ask(*DELETE, objects=objects)
    assert (code, [entry["objectID"] for entry in answer["who"]]) == (0, [ADMINS])
    assert answer["input"]["missingRoles"] == MISSING_EDIT and "not in the input: ClusterRole edit;" in err
    code, text, _ = ask(*DELETE, objects=objects, output="text")
    assert code == 0 and "who can delete secrets" in text
    more = text.split("these may give it to more people:\n")[1]
    assert "RoleBinding payments/editors → ClusterRole edit, which is not in the input" in more


def test_an_input_without_any_object_is_no_cluster(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "empty").mkdir()
    code, out, err = run(*DELETE, "--config", str(tmp_path / "c.yaml"), "--cluster", str(tmp_path / "empty"))
    assert code == 2 and "nobody" not in out and "no roles and no bindings" in err


def test_explain_says_which_bindings_it_cannot_explain(ask):
    question = ("rbac", "explain", "--group", DEVELOPERS, "--user", "ada@example.com")
    code, answer, err = ask(*question, objects=[EDITORS])
    # The exit status is that of the sign-in.
    assert (code, answer["rules"], answer["input"]["missingRoles"]) == (0, [], MISSING_EDIT)
    assert "not in the input: ClusterRole edit;" in err
    _, text, _ = ask(*question, objects=[EDITORS], output="text")
    assert "can do nothing" not in text and "not known: what this principal can do" in text
    assert "RoleBinding payments/editors → ClusterRole edit, which is not in the input" in text
    some = [EDITORS, READER, binding("readers", "reader", group("developers"))]
    _, text, _ = ask(*question, objects=some, output="text")
    assert "not known" not in text and "get, list pods" in text and "editors → ClusterRole edit, which" in text
    _, text, _ = ask(*question, objects=[READER, binding("others", "edit", group("ops"))], output="text")
    assert "can do nothing in the cluster" in text and "→ ClusterRole edit" not in text


def test_policy_diff_does_not_say_that_nothing_changes(tmp_path):
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(configuration()))
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(configuration(groupMappings=[])))
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(EDITORS))
    files = [str(tmp_path / name) for name in ("old.yaml", "new.yaml")]
    cluster = ["--cluster", str(tmp_path / "cluster.yaml"), "--output"]
    for output in ("text", "markdown"):
        code, out, err = run("policy", "diff", *files, *cluster, output)
        assert code == 1 and "ifference in the roles that are known" in out, out
        assert "ot compared: 1 binding names a role not in the input: ClusterRole edit" in out and "edit" in err
    answer = json.loads(run("policy", "diff", *files, *cluster, "json")[1])
    assert (answer["permissions"], answer["input"]["missingRoles"]) == ([], MISSING_EDIT)


def test_lint_does_not_advise_a_binding_that_is_there(ask):
    code, answer, _ = ask("rbac", "lint", "--strict", objects=[ADMINS_ARE_BOUND, READER])
    assert (code, [one["rule"] for one in answer["findings"]]) == (1, ["role-missing"])
    assert answer["input"]["missingRoles"] == [{"kind": "ClusterRole", "namespace": None, "name": "cluster-admin"}]
    objects = [binding("b", "cluster-admin", group("ops")), binding("c", "reader", group(ADMIN_GROUP)), READER]
    rules = [one["rule"] for one in ask("rbac", "lint", objects=objects)[1]["findings"]]
    assert "admin-group-unbound" in rules


def test_a_remark_names_a_few_roles_and_counts_the_rest(ask):
    objects = [READER, *(binding(f"b{number}", f"role-{number:02}", group("developers")) for number in range(20))]
    _, answer, err = ask(*DELETE, objects=[*objects, binding("again", "role-00", group("developers"))])
    assert "21 bindings name roles not in the input: ClusterRole role-00, " in err and " and 12 more; what they" in err
    assert len(answer["input"]["missingRoles"]) == 20
