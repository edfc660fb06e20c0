"""`deny` works on a node that `enable` set up, and `disable` takes the list away unless it has entries."""

import os
import signal
import stat
import subprocess

import pytest
import yaml
from enabling import as_before, signs_in
from entra import OBJECT
from webhook import PROGRAM, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

CONFIG = "/etc/kube-entra/kube-entra.yaml"
LIST = "/etc/kube-entra/denied.json"
TENANT = "11111111-2222-3333-4444-555555555555"
GROUP = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
VALUES = ["--tenant-id", TENANT, "--audience", "aaaaaaaa-0000-0000-0000-000000000000", "--admin-group", GROUP]
ADD = ["--object-id", OBJECT, "--reason", "lost laptop"]


def deny(node, word, *arguments):
    done = node.run("deny", word, "--config", CONFIG, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def enable_from_values(node):
    """Ends as soon as the configuration is there: the keys of the public cloud cannot be fetched here."""
    process = subprocess.Popen(
        [*node.enter, PROGRAM, "enable", *VALUES, "--timeout", "120s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=node.environment,
        cwd="/",
    )
    said = ""
    for line in process.stdout:
        said += line
        if line.split()[3:4] == ["kubeconfig"]:
            process.kill()
    assert process.wait() == -signal.SIGKILL, said
    process.stdout.close()
    return said


def test_a_configuration_from_values_has_a_deny_list_of_its_own(node):
    before = node.snapshot()
    said = node.run("enable", *VALUES, "--dry-run").stdout
    assert f"write {LIST}\n" in said and said.index(LIST) < said.index(CONFIG)
    as_before(node, before)
    assert f"wrote {LIST}" in enable_from_values(node)
    assert yaml.safe_load(node.read(CONFIG))["tenants"][0]["deniedFile"] == "denied.json"
    found = os.stat(node.path(LIST))
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 0, 0o644)
    done = node.run("config", "check", "--no-files", CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nobody is denied" in deny(node, "list")
    # What is on the list is gone again when disable looks.
    deny(node, "add", *ADD)
    deny(node, "remove", "--object-id", OBJECT)
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    as_before(node, before)


def test_a_list_with_entries_stays_and_is_used_again(node):
    enable_from_values(node)
    deny(node, "add", *ADD)
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and f"{LIST} was changed since, so it stays" in done.stdout, done.stdout
    assert f"keep {LIST}\n" in node.run("enable", *VALUES, "--dry-run").stdout
    assert f"{LIST} is there and stays" in enable_from_values(node)
    assert OBJECT in deny(node, "list")
    assert node.run("disable", "--timeout", "120s").returncode == 0 and OBJECT in node.read(LIST)
    # What is no list cannot be used again.
    node.write(LIST, "{}")
    before = node.snapshot()
    for option in (["--dry-run"], []):
        done = node.run("enable", *VALUES, *option)
        assert done.returncode == 2 and f"{LIST} is there already, and is no deny list" in done.stderr, done.stdout
        as_before(node, before)


def test_somebody_is_locked_out_of_a_node_that_was_set_up_from_a_file(node, entra):
    given = f"{node.folder}/given/denied.json"
    with open(node.config) as file:
        config = yaml.safe_load(file)
    config["tenants"][0]["deniedFile"] = "denied.json"
    with open(node.config, "w") as file:
        yaml.safe_dump(config, file)
    before = node.snapshot()
    for option in (["--dry-run"], []):
        done = node.enable(*option, wait="20s")
        assert done.returncode == 2 and f"{given}: there is no such file" in done.stderr, done.stdout + done.stderr
        as_before(node, before)
    for word in (["add", "--reason", "x"], ["remove"]):
        assert run("deny", word[0], "--file", given, "--object-id", OBJECT, *word[1:])[0] == 0
    os.chmod(given, 0o600)
    before = node.snapshot()
    done = node.enable()
    assert done.returncode == 0 and "can lock nobody out" not in done.stdout, done.stdout + done.stderr
    group = int(
        next(line.split(":")[3] for line in node.read("/etc/passwd").splitlines() if line.startswith("kube-entra:"))
    )
    found = os.stat(node.path(LIST))
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, group, 0o640)
    assert signs_in(node, entra.token())["authenticated"] is True
    deny(node, "add", *ADD)
    node.wait_for(lambda: "principal_denied" in signs_in(node, entra.token()).get("error", ""))
    deny(node, "remove", "--object-id", OBJECT)
    node.wait_for(lambda: signs_in(node, entra.token()).get("authenticated"))
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_a_configuration_without_a_list_is_said_to_have_none(node):
    assert "deny` can lock nobody out on this node" in node.enable("--dry-run").stdout
