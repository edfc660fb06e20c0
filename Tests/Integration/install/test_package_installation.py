"""What the package's postinst does to accounts and folders, as root on a node."""

import os
import pathlib
import shutil
import stat
import subprocess

import pytest
from programs import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

STATE, LOGS = "/var/lib/kube-entra", "/var/log/kube-entra"
WORDS = ("sh", "getent", "cut", "mkdir", "chown", "useradd")


@pytest.fixture(params=["with systemd", "without systemd"])
def configure(request, node, tmp_path):
    """Runs the script, with an older version to upgrade from if there is one."""
    for name in ("passwd", "group"):
        lines = node.read(f"/etc/{name}").splitlines(keepends=True)
        node.write(f"/etc/{name}", "".join(line for line in lines if not line.startswith("kube-entra:")))
    path = os.environ["PATH"]
    if request.param == "with systemd":
        node.write("/etc/sysusers.d/kube-entra.conf", (ROOT / "deploy/systemd/kube-entra.sysusers").read_text())
    else:
        path = str(tmp_path)
        for word in WORDS:
            (tmp_path / word).symlink_to(shutil.which(word))

    def run(*older):
        command = [shutil.which("sh"), f"{ROOT}/deploy/release/debian/postinst", "configure", *older]
        done = subprocess.run(
            [shutil.which(node.enter[0]), *node.enter[1:], *command],
            capture_output=True,
            text=True,
            timeout=60,
            env={**node.environment, "PATH": path},
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run


def account(node):
    [line] = [line for line in node.read("/etc/passwd").splitlines() if line.startswith("kube-entra:")]
    _, _, uid, gid, _, _, shell = line.split(":")
    return int(uid), int(gid), shell


def facts(node, path):
    status = os.lstat(node.path(path))
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def test_folders_belong_to_the_service(node, configure):
    said = configure()
    uid, gid, shell = account(node)
    assert shell.endswith("nologin") and "kube-entra:" not in said
    assert (facts(node, STATE), facts(node, LOGS)) == ((0o700, uid, gid), (0o750, uid, gid))


def test_an_upgrade_leaves_owner_and_mode_that_somebody_chose(node, configure):
    """A log shipper's group, or a static pod's user."""
    configure()
    uid, _, _ = account(node)
    for path, owner, group, mode in ((LOGS, uid, 4, 0o2750), (STATE, 64170, 64170, 0o711)):
        os.chown(node.path(path), owner, group)
        os.chmod(node.path(path), mode)
    configure("0.0.9")
    assert (facts(node, STATE), facts(node, LOGS)) == ((0o711, 64170, 64170), (0o2750, uid, 4))


@pytest.mark.parametrize("target", ["/etc/secrets", "/nowhere"])
def test_a_link_is_not_followed(node, configure, target):
    """Where a group may write to /var/log, as Ubuntu's syslog may."""
    os.makedirs(node.path("/etc/secrets"), mode=0o755)
    before = facts(node, "/etc/secrets")
    os.symlink(target, node.path(LOGS))
    configure()
    assert os.readlink(node.path(LOGS)) == target and facts(node, "/etc/secrets") == before
    assert not pathlib.Path(node.path("/nowhere")).exists()


def test_an_account_that_can_log_in_is_named(node, configure):
    node.write("/etc/passwd", node.read("/etc/passwd") + "kube-entra:x:4242:4242::/home/x:/bin/bash\n")
    node.write("/etc/group", node.read("/etc/group") + "kube-entra:x:4242:\n")
    assert "the account kube-entra was there before and can log in (/bin/bash)" in configure()
    assert facts(node, STATE) == (0o700, 4242, 4242)


def test_a_group_of_the_name_becomes_the_services(node, configure):
    node.write("/etc/group", node.read("/etc/group") + "kube-entra:x:4242:\n")
    configure()
    assert account(node)[1] == facts(node, LOGS)[2] == 4242
