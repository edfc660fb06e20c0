"""What the webhook's user leaves behind when `disable` removes it."""

import os
import stat

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

STATE, LOG = "/var/lib/kube-entra", "/var/log/kube-entra"
FOREIGN = 12345


def write(node, path, owner, mode=0o644):
    node.write(path, "{}\n", mode=mode)
    os.chown(node.path(path), owner, owner)


def test_what_the_removed_user_owned_belongs_to_root(node):
    assert node.enable().returncode == 0
    user = int(
        next(line.split(":")[2] for line in node.read("/etc/passwd").splitlines() if line.startswith("kube-entra:"))
    )
    files = [f"{LOG}/audit.jsonl", f"{LOG}/old/audit.jsonl.1", f"{STATE}/denied.json", "/etc/kube-entra/own.json"]
    for path in files:
        write(node, path, user)
    for folder in (LOG, f"{LOG}/old"):
        os.chown(node.path(folder), user, user)
    # The user may have put anything there.
    write(node, "/var/lib/somebody", FOREIGN)
    os.link(node.path("/var/lib/somebody"), node.path(f"{STATE}/hard"))
    os.symlink("/var/lib/somebody", node.path(f"{STATE}/soft"))
    os.lchown(node.path(f"{STATE}/soft"), user, user)
    os.mkfifo(node.path(f"{STATE}/pipe"))
    os.chown(node.path(f"{STATE}/pipe"), user, user)

    before = node.snapshot()
    said = node.run("disable", "--dry-run").stdout
    assert node.snapshot() == before
    for path in files:
        assert f"keep {path}, which belongs to root then" in said, said
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as it was before, except for what was kept" in done.stdout
    assert "kube-entra:" not in node.read("/etc/passwd")
    for path in files:
        assert f"{path}, which belongs to root from now on" in done.stdout, done.stdout
        found = os.stat(node.path(path))
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 0, 0o600), path
    for folder in (LOG, f"{LOG}/old", STATE):
        found = os.stat(node.path(folder))
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 0, 0o700), folder
    for path in (f"{STATE}/soft", f"{STATE}/pipe"):
        assert os.lstat(node.path(path)).st_uid == 0, path
    found = os.stat(node.path("/var/lib/somebody"))
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (FOREIGN, 0o644)


def test_without_a_journal_everything_that_stays_is_named(node):
    assert node.enable().returncode == 0
    folder = "/var/lib/kube-entra-enable"
    key = node.read(f"{folder}/ca.key")
    os.remove(node.path(f"{folder}/journal.json"))
    names = ["the service kube-entra.service", "/etc/kube-entra;", "/usr/local/bin/kube-entra;", "the user kube-entra;"]
    said = node.run("disable", "--dry-run").stdout
    assert all(f"kept           {name}" in said for name in names), said
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith(f"warning: {folder}/journal.json is missing"), done.stdout
    assert last.endswith("done          the node is as it was before, except for what was kept"), done.stdout
    assert all(f" kept          {name}" in done.stdout for name in names), done.stdout
    assert "systemctl disable --now kube-entra && rm /etc/systemd/system/kube-entra.service" in done.stdout
    # Certificates that stay can be renewed.
    assert node.read(f"{folder}/ca.key") == key and node.exists("/etc/kube-entra/certs/ca.crt")
    assert node.enable().returncode == 0
