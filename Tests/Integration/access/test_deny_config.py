"""`deny --config`: the list is the one that the webhook's configuration names."""

import json
import os
import subprocess

import pytest
import yaml
from deny_lists import deny, entries
from entra import OBJECT
from webhook import configuration, run

ANOTHER = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
def config(tmp_path):
    """Writes a configuration with one tenant for each list."""

    def write(*lists):
        tenants = []
        for index, path in enumerate(lists):
            (tenant,) = configuration(**({"deniedFile": path} if path else {}))["tenants"]
            tenants.append(tenant | ({"tenantID": ANOTHER} if index else {}))
        path = tmp_path / "etc" / "kube-entra.yaml"
        path.parent.mkdir()
        path.write_text(yaml.safe_dump(configuration() | {"tenants": tenants}))
        return path

    return write


def test_the_list_of_the_configuration_is_edited_and_its_scope_said(config):
    path = config("lists/denied.json")
    file = path.parent / "lists" / "denied.json"
    file.parent.mkdir()
    status, output, errors = deny("add", "--config", path, "--object-id", OBJECT, "--reason", "left")
    assert status == 0 and OBJECT in output and entries(file) == [{"objectID": OBJECT, "reason": "left"}], errors
    assert errors.count("\n") == 1 and str(file) in errors and "within two seconds" in errors
    assert "control-plane node" in errors
    status, output, errors = deny("list", "--config", path, "--output", "json")
    assert status == 0 and json.loads(output)["denied"][0]["objectID"] == OBJECT and str(file) in errors
    assert deny("remove", "--config", path, "--object-id", OBJECT)[0] == 0 and entries(file) == []
    assert deny("remove", "--config", path, "--object-id", OBJECT)[0] == 1


def test_a_list_by_its_own_name_is_in_force_only_where_a_configuration_names_it(file):
    for words in (["add", "--object-id", OBJECT, "--reason", "x"], ["list"], ["remove", "--object-id", OBJECT]):
        status, _, errors = deny(words[0], "--file", file, *words[1:])
        assert status == 0 and errors.count("\n") == 1 and "names this file as deniedFile" in errors, errors


def test_whom_the_configuration_itself_denies_is_said(config):
    path = config("denied.json")
    whole = yaml.safe_load(path.read_text())
    whole["tenants"][0]["denied"] = [{"objectID": OBJECT, "reason": "left"}, {"tokenID": "x", "reason": "stolen"}]
    path.write_text(yaml.safe_dump(whole))
    (path.parent / "denied.json").write_text(json.dumps({"denied": [{"objectID": ANOTHER, "reason": "other"}]}))
    status, output, errors = deny("list", "--config", path)
    assert status == 0 and ANOTHER in output and OBJECT not in output
    said = [line for line in errors.splitlines() if "the configuration's own" in line]
    assert len(said) == 2 and OBJECT in said[0] and "left" in said[0] and "stolen" in said[1], errors
    status, output, errors = deny("remove", "--config", path, "--object-id", OBJECT)
    assert status == 1 and "no such entry" in output
    assert [OBJECT in line for line in errors.splitlines() if "the configuration's own" in line] == [True], errors
    status, _, errors = deny("remove", "--config", path, "--object-id", ANOTHER)
    assert status == 0 and "the configuration's own" not in errors


def test_a_review_without_the_nodes_list_goes_on_and_says_so(config, tmp_path):
    path = config("denied.json")
    suite = tmp_path / "suite.yaml"
    suite.write_text("tests: [{name: a, given: {user: a@b.example}, expect: {admitted: true}}]\n")
    words = [
        ["policy", "test", "--config", path, suite],
        ["policy", "diff", path, path],
        ["policy", "check", "--config", path, "--user", "a@b.example", "--as-test"],
    ]
    for command in words:
        status, _, errors = run(*map(str, command))
        assert status == 0 and errors.count("deniedFile are not known here") == 1, (command, errors)
    # Whether somebody is admitted cannot be said without it, and a broken list is no missing one.
    assert run("policy", "check", "--config", str(path), "--user", "a@b.example")[0] == 2
    (path.parent / "denied.json").write_text("{}")
    for command in words:
        assert run(*map(str, command))[0] == 2


def test_tenants_without_the_list_are_named(config):
    path = config("denied.json", None)
    status, _, errors = deny("add", "--config", path, "--object-id", OBJECT, "--reason", "x")
    assert status == 0 and f"not for {ANOTHER}" in errors


@pytest.mark.parametrize(
    "lists, said",
    [([None], ["deniedFile", '{"denied": []}']), (["a.json", "b.json"], ["a.json, ", "b.json", "--file"])],
)
def test_no_list_or_several_are_2_and_change_nothing(config, lists, said):
    path = config(*lists)
    for words in (["add", "--object-id", OBJECT, "--reason", "x"], ["remove", "--object-id", OBJECT], ["list"]):
        status, output, errors = deny(words[0], "--config", path, *words[1:])
        assert status == 2 and not output and all(text in errors for text in [str(path), *said]), errors
    assert os.listdir(path.parent) == [path.name]


def test_a_configuration_with_errors_is_2(config):
    path = config("denied.json")
    path.write_text(path.read_text() + "more: 1\n")
    status, _, errors = deny("add", "--config", path, "--object-id", OBJECT, "--reason", "x")
    assert status == 2 and "more" in errors and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("where", [[], ["--for", "systemd"], ["--for", "static-pod"]])
def test_the_comment_of_a_starting_configuration_says_how_to_get_a_list(tmp_path, where):
    path = tmp_path / "kube-entra.yaml"
    ids = ["--tenant-id", ANOTHER, "--audience", ANOTHER, "--admin-group", ANOTHER]
    assert run("config", "init", *ids, *where, "--out", str(path))[0] == 0
    assert run("config", "check", "--no-files", str(path))[0] == 0
    assert deny("list", "--config", path)[0] == 2
    lines = path.read_text().splitlines()
    (index,) = [index for index, line in enumerate(lines) if line.strip().startswith("# deniedFile: denied.json")]
    assert "`kube-entra deny`" in lines[index - 2]
    command = lines[index - 1].strip().removeprefix("# ").replace("/etc/kube-entra", str(tmp_path))
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    lines[index] = lines[index].replace("# ", "", 1)
    path.write_text("\n".join(lines) + "\n")
    assert deny("add", "--config", path, "--object-id", OBJECT, "--reason", "x")[0] == 0
    assert entries(tmp_path / "denied.json") == [{"objectID": OBJECT, "reason": "x"}]


@pytest.mark.parametrize("words", [["--config", "a", "--file", "b"], []])
def test_the_list_is_named_in_one_way(words):
    for command in (["add", "--reason", "x", "--object-id", OBJECT], ["remove", "--object-id", OBJECT], ["list"]):
        assert run("deny", *command, *words)[0] == 64


def test_a_token_says_whose_list_locks_its_owner_out(config, entra):
    """An entry in another tenant's list would be said to deny, and deny nobody."""
    path = config("one.json", "two.json")
    for name in ("one.json", "two.json"):
        (path.parent / name).write_text('{"denied": []}')
    status, output, errors = deny("add", "--config", path, "--reason", "left", entra.token(tenant=ANOTHER))
    assert status == 0 and "two.json" in errors, errors
    assert not entries(path.parent / "one.json") and len(entries(path.parent / "two.json")) == 1
    assert deny("remove", "--config", path, entra.token(tenant=ANOTHER))[0] == 0
    assert not entries(path.parent / "two.json")


@pytest.mark.parametrize("words", [["add", "--reason", "left"], ["remove"]], ids=["add", "remove"])
def test_a_token_that_no_list_can_lock_out_is_refused(config, entra, words):
    path = config("one.json", None)
    (path.parent / "one.json").write_text('{"denied": []}')
    status, output, errors = deny(words[0], "--config", path, *words[1:], entra.token(tenant=ANOTHER))
    assert status == 2 and not output and "has no deniedFile" in errors and "add `deniedFile" in errors, errors
    stranger = "77777777-2222-3333-4444-555555555555"
    status, output, errors = deny(words[0], "--config", path, *words[1:], entra.token(tenant=stranger))
    assert status == 2 and not output and "tokens of that tenant are not accepted" in errors, errors
    assert not entries(path.parent / "one.json")
