"""What `enable`, `disable` and `status` say to do next, and commands of theirs that are for pasting."""

import os
import shlex
import shutil
import subprocess

import pytest
import yaml
from enabling import JOURNAL, MANIFEST, as_before, status
from webhook import PROGRAM

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

PERMISSION = "the kubeconfig's user may not create TokenReviews: pass an admin's with --kubeconfig"
IDS = ["--tenant-id", "11111111-2222-3333-4444-555555555555", "--audience", "aaaaaaaa-0000-0000-0000-000000000000"]
IDS += ["--admin-group", "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"]
# What a shell would run if it were not quoted.
TRAP = "it's $(touch PWNED);`touch PWNED`"


def hints(done):
    return [line.removeprefix("→ ") for line in done.stderr.splitlines() if line.startswith("→ ")]


def test_a_kubeconfig_that_may_not_ask_is_said(node):
    before = node.snapshot()
    node.mode("refuses every review")
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="5s")
        assert done.returncode == 2 and "answered with status 403" in done.stderr, done.stderr
        assert hints(done)[0].startswith(PERMISSION), done.stderr
        as_before(node, before)
    node.mode("")
    assert node.enable().returncode == 0
    node.mode("refuses every review")
    found = status(node)[1]
    assert found["next"].startswith(PERMISSION), found
    assert found["apiServer"]["detail"].startswith("cannot be asked: answered with status 403"), found
    done = node.run("disable", "--timeout", "1s")
    assert done.returncode == 1 and "does not answer yet: answered with status 403" in done.stderr, done.stderr
    assert hints(done)[0].startswith(PERMISSION) and "then run `kube-entra disable` again" in done.stderr
    node.mode("")
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_what_is_refused_after_the_change_has_a_next_step(node):
    node.mode("refuses reviews")
    done = node.enable(wait="3s")
    assert done.returncode == 1 and hints(done)[0].startswith(PERMISSION), done.stderr
    node.mode("refuses bindings")
    done = node.enable("--bind", wait="120s")
    assert done.returncode == 1 and "the group cannot be bound: status 403" in done.stderr, done.stderr
    command = "kubectl create clusterrolebinding kube-entra-cluster-admins --clusterrole=cluster-admin"
    assert hints(done)[0].startswith("run enable without --bind, then as an admin") and command in done.stderr


def test_a_webhook_that_dies_after_the_change_has_its_own_log(node):
    node.mode("kills the webhook")
    done = node.enable(wait="3s")
    assert done.returncode == 1 and "it answers, but cannot reach the webhook" in done.stderr, done.stderr
    assert hints(done)[0].endswith("journalctl -u kube-entra -n 20"), done.stderr


def test_a_node_behind_a_proxy_is_told_of_it(node):
    with open(f"{node.folder}/bin/systemctl") as file:
        text = file.read()
    # A service that never answers, whatever the reason.
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        file.write(text.replace("enable)\n", "enable)\n    exit 0\n"))
    done = node.run("enable", *IDS, "--timeout", "2s")
    assert done.returncode == 2 and "does not become ready" in done.stderr, done.stdout + done.stderr
    assert "(signingKeys.proxy)" in hints(done)[0] and "kube-entra config init, then enable --config" in hints(done)[0]
    # A configuration of one's own has what its author wrote.
    assert "signingKeys.proxy" not in node.enable(wait="2s").stderr


def test_a_folder_in_the_journals_place_is_named(node):
    before = node.snapshot()
    os.makedirs(node.path(JOURNAL))
    for words in (["enable", "--config", node.config], ["disable"], ["disable", "--dry-run"], ["status"]):
        done = node.run(*words)
        assert done.returncode == 2 and f"{JOURNAL} is a folder" in done.stderr, done.stdout + done.stderr
        assert f"(mv {JOURNAL} {JOURNAL}.folder)" in hints(done)[0]
    subprocess.run([*node.enter, "rm", "-r", os.path.dirname(JOURNAL)], check=True)
    as_before(node, before)


# Commands for pasting


def deny_list(node, folder):
    change(node, lambda config: config["tenants"][0].update(deniedFile=f"{TRAP}.json"))
    return node.enable("--dry-run"), f"{folder}/{TRAP}.json"


def other_configuration(node, folder):
    assert node.enable().returncode == 0
    path = f"{folder}/{TRAP}.yaml"
    shutil.copy(node.config, path)
    with open(path, "a") as file:
        file.write("# another\n")
    return node.run("enable", "--config", path), path


def other_program(node, folder):
    path = f"{folder}/{TRAP}"
    shutil.copy(PROGRAM, path)
    node.write("/usr/local/bin/kube-entra", "#!/bin/sh\n", mode=0o755)
    command = [*node.enter, path, "enable", "--config", node.config, "--timeout", "1s"]
    return subprocess.run(command, capture_output=True, text=True, env=node.environment, cwd="/"), path


def shared_folder(node, folder):
    path = f"/etc/kube-entra/{TRAP}"
    os.makedirs(node.path(path))
    os.chmod(node.path(path), 0o777)
    change(node, lambda config: config["server"].update({name: f"{TRAP}/{name}" for name in FILES}))
    return node.enable("--dry-run"), path


def closed_file(node, folder):
    path = f"/etc/kube-entra/{TRAP}/keys.json"
    os.makedirs(os.path.dirname(node.path(path)))
    shutil.copy(f"{folder}/keys.json", node.path(path))
    os.chmod(node.path(path), 0o600)
    change(node, lambda config: config["tenants"][0].update(signingKeys={"file": path}))
    return node.enable("--dry-run"), path


FILES = ("certificate", "privateKey", "clientCA")


def change(node, how):
    with open(node.config) as file:
        config = yaml.safe_load(file)
    how(config)
    with open(node.config, "w") as file:
        yaml.safe_dump(config, file)


@pytest.mark.parametrize("attempt", [deny_list, other_configuration, other_program, shared_folder, closed_file])
def test_paths_in_commands_for_pasting_are_quoted(node, attempt):
    done, path = attempt(node, os.path.dirname(node.config))
    said = done.stdout + done.stderr
    # However it is quoted, a shell reads the path as one word.
    line = next(line for line in reversed(said.splitlines()) if ("PWNED" in line and "→" in line) or "install " in line)
    quoted = path.replace("'", "'\\''")
    assert f"'{quoted}'" in line, said
    assert path in shlex.split(f"'{quoted}'")


def test_a_file_with_another_name_is_said_before_it_is_replaced(node):
    other = "/etc/kubernetes/second"
    os.link(node.path(MANIFEST), node.path(other))
    text = node.read(MANIFEST)
    note = f"note: {MANIFEST} has another name too (a hard link), which keeps the file of before"
    assert note in node.enable("--dry-run").stdout
    done = node.enable()
    assert done.returncode == 0, done.stdout + done.stderr
    assert note in done.stdout.split(" program ")[0], done.stdout
    assert node.read(other) == text != node.read(MANIFEST)
    # The second time, nothing is replaced.
    assert note not in node.enable().stdout
    os.remove(node.path(other))
    os.link(node.path(MANIFEST), node.path(other))
    assert note in node.run("disable", "--dry-run").stdout
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and note in done.stdout.split(" change ")[0], done.stdout
    assert node.read(MANIFEST) == text != node.read(other)
