"""Words of questions and names in bindings that no rule and no person can have, and inputs of another kind."""

import json

import pytest
import yaml
from entra import DEVELOPERS, TENANT
from rbac_objects import ADMIN_ROLE, ADMINS_ARE_BOUND, READER, STRANGER, binding, role, user
from webhook import configuration, run

OBJECTS = [ADMIN_ROLE, READER, ADMINS_ARE_BOUND]
ISSUER = f"https://sts.windows.net/{TENANT}/#"
ZEROS = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(configuration()))
    return str(path)


@pytest.mark.parametrize(
    "name, kubernetes, hint",
    [
        ("oidc:ada@example.com", {}, "write 'ada@example.com', or set kubernetes.usernamePrefix to 'oidc:'"),
        (f"{ISSUER}ada@example.com", {}, f"usernamePrefix to '{ISSUER}'"),
        (f"{ISSUER}ada", {}, "write the person's user principal name"),
        (f"oidc:{STRANGER}", {"username": "oid"}, f"write '{STRANGER}', or set kubernetes.usernamePrefix to 'oidc:'"),
        ("oidc:ada@example.com", {"username": "oid"}, "write the person's object ID"),
        ("entra:oidc:ada@example.com", {"usernamePrefix": "entra:"}, "usernamePrefix to 'entra:oidc:'"),
    ],
)
def test_a_name_with_the_prefix_of_another_authenticator(ask, name, kubernetes, hint):
    objects = [*OBJECTS, binding("b", "reader", user(name))]
    code, answer, _ = ask("rbac", "lint", "--strict", objects=objects, top={"kubernetes": kubernetes})
    (finding,) = answer["findings"]
    assert (code, finding["rule"], finding["severity"]) == (1, "user-never-named", "warning")
    assert hint in finding["hint"].replace('"', "'")
    code, answer, _ = ask("rbac", "who", "--can", "get", "pods", objects=objects, top={"kubernetes": kubernetes})
    assert [one["kind"] for one in answer["who"]] == ["group"]
    assert [one["name"] for one in answer["others"]] == [name]


@pytest.mark.parametrize("name", ["jane", "node:worker", "a/b", "urn:x", "https://nobody"])
def test_names_of_other_authenticators_that_are_no_prefix_have_no_finding(ask, name):
    objects = [*OBJECTS, binding("b", "reader", user(name))]
    assert ask("rbac", "lint", "--strict", objects=objects)[1]["findings"] == []


@pytest.mark.parametrize(
    "words, meant",
    [
        ("deployment.apps", "deployments.apps"),
        ("deploy.apps", "deployments.apps"),
        ("Deployment.apps/scale", "deployments.apps"),
        ("ingress.networking.k8s.io", "ingresses.networking.k8s.io"),
    ],
)
def test_a_singular_with_its_group_is_asked_back(ask, words, meant):
    code, _, err = ask("rbac", "who", "--can", "delete", words, objects=OBJECTS)
    assert code == 64 and f"did you mean {meant}?" in err


@pytest.mark.parametrize(
    "verb, resource, part",
    [
        ("delete", "pods/web-0", "pods have no subresource web-0 in Kubernetes itself; for one object, use --name"),
        ("get", "deployments/pods", "deployments have no subresource pods"),
        ("exec", "pods", "no verb exec itself: did you mean create pods/exec?"),
        ("remove", "pods", "no verb remove itself: did you mean delete?"),
        ("frobnicate", "pods", "no verb frobnicate itself"),
        ("remove", "/metrics", "no verb remove itself"),
    ],
)
def test_words_that_no_rule_has_are_remarked(ask, verb, resource, part):
    code, answer, err = ask("rbac", "who", "--can", verb, resource, objects=OBJECTS)
    assert part in err
    # It is still an answer: who holds everything may do this too.
    assert code == (1 if resource[0] == "/" else 0) and len(answer["who"]) == (0 if resource[0] == "/" else 1)


@pytest.mark.parametrize(
    "verb, resource",
    [
        ("create", "pods/exec"),
        ("get", "pods/log"),
        ("update", "deployments.apps/scale"),
        ("get", "nodes/stats"),
        ("impersonate", "userextras.authentication.k8s.io/scopes"),
        ("bind", "clusterroles.rbac.authorization.k8s.io"),
        ("impersonate:user-info", "users"),
        ("get", "deployment.example.com"),
        ("get", "widgets.example.com/parts"),
        ("*", "*.*"),
        ("post", "/metrics"),
    ],
)
def test_words_that_rules_have_are_not_remarked(ask, verb, resource):
    err = ask("rbac", "who", "--can", verb, resource, objects=OBJECTS)[2]
    assert "subresource" not in err and "no verb" not in err and "did you mean" not in err


def test_a_stand_in_is_called_one(ask, config):
    for kind in (["--app"], ["--group", DEVELOPERS]):
        code, text, err = run("policy", "check", "--config", config, *kind)
        assert code == 0 and "object ID:  not given (--object-id)" in text and "(a stand-in)" in text
        assert "stand-in, which nobody has: give --object-id" in err
        assert "after you wrote a real name for the stand-in:\nkubectl auth can-i" in text
        err = run("policy", "check", "--config", config, *kind, "--output", "json")[2]
        assert "stand-in" in err
    assert "stand-in" in ask("rbac", "explain", "--group", DEVELOPERS, objects=OBJECTS)[2]
    # A person with a UPN has a real name; only the object ID is open.
    code, text, err = run("policy", "check", "--config", config, "--user", "ada@example.com")
    assert "object ID:  not given (--object-id)" in text and "stand-in" not in text + err and ZEROS not in text
    code, text, err = run("policy", "check", "--config", config, "--app", "--object-id", STRANGER)
    assert f"object ID:  {STRANGER}" in text and "stand-in" not in text + err


def test_a_folder_without_manifests_says_what_it_holds(config, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "roles.txt").write_text("x")
    lint = ["rbac", "lint", "--config", config, "--cluster", str(folder)]
    assert "passed over 1 file: of a folder, only .yaml, .yml and .json files are read" in run(*lint)[2]
    (folder / "role.yaml").write_text(yaml.safe_dump(role("a", {"verbs": ["get"], "nonResourceURLs": ["/x"]})))
    assert "passed over" not in run(*lint)[2]


@pytest.mark.parametrize(
    "text",
    [
        "NAME                ROLE                AGE\nadmins              ClusterRole/admin   3d\n",
        "NAMESPACE     NAME     ROLE        AGE\nkube-system   x        Role/y      3d\n",
        "clusterrole.rbac.authorization.k8s.io/admin\nclusterrole.rbac.authorization.k8s.io/edit\n",
        "rolebinding.rbac.authorization.k8s.io/a\n",
    ],
)
def test_what_kubectl_prints_for_people(config, tmp_path, text):
    (tmp_path / "table.txt").write_text(text)
    code, out, err = run("rbac", "lint", "--config", config, "--cluster", str(tmp_path / "table.txt"))
    assert (code, out) == (2, "") and "what kubectl prints for people: add -o json" in err


def test_a_token_in_place_of_claims(config, tmp_path):
    (tmp_path / "token").write_text("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl\n")
    code, out, err = run("policy", "check", "--config", config, "--claims", str(tmp_path / "token"))
    assert (code, out) == (2, "") and "this is a token, not the JSON of its claims" in err and "--token-file" in err
    (tmp_path / "token").write_text(json.dumps("eyJ"))
    assert "this is a token" not in run("policy", "check", "--config", config, "--claims", str(tmp_path / "token"))[2]


def test_a_configuration_in_place_of_a_suite(config):
    code, out, err = run("policy", "test", "--config", config, config)
    assert code == 2 and err.count("\n") == 1 and "this is the webhook's configuration, not a policy suite" in err
