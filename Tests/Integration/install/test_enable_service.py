"""The webhook runs as it was set up: by systemd, or as a static pod."""

import os

import pytest
from enabling import JOURNAL, as_before, status

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

IMAGE = "registry.example/kube-entra:1"
STATIC_POD = ["--as", "static-pod", "--image", IMAGE]
POD = "/etc/kubernetes/manifests/kube-entra.yaml"


def test_a_static_pod_stays_one_without_as(node):
    before = node.snapshot()
    assert node.enable(*STATIC_POD).returncode == 0
    first = node.snapshot()
    dry = node.enable("--dry-run")
    assert dry.returncode == 0 and f"keep {POD} for {IMAGE}" in dry.stdout, dry.stdout + dry.stderr
    for words in ([], STATIC_POD):
        done = node.enable(*words)
        assert done.returncode == 0 and "nothing had to be changed" in done.stdout, done.stdout + done.stderr
        second = node.snapshot()
        changed = {path for path in first.keys() | second.keys() if first.get(path) != second.get(path)}
        assert changed <= {JOURNAL}, changed
        assert not node.log("systemctl.log")
    assert status(node)[1]["as"] == "static-pod"
    # Without its manifest, its image is not known.
    os.remove(node.path(POD))
    done = node.enable()
    assert done.returncode == 2 and f"{POD} is missing" in done.stderr and "--image" in done.stderr, done.stderr
    assert node.enable(*STATIC_POD).returncode == 0
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


@pytest.mark.parametrize("first, second", [(STATIC_POD, ["--as", "systemd"]), ([], STATIC_POD)])
def test_no_second_webhook_of_another_kind_is_set_up(node, first, second):
    assert node.enable(*first).returncode == 0
    before, log = node.snapshot(), node.log("systemctl.log")
    for words in ([*second, "--dry-run"], second):
        done = node.enable(*words)
        assert done.returncode == 2 and "was set up with --as " in done.stderr, done.stdout + done.stderr
        assert "disable` first" in done.stderr
        as_before(node, before)
        assert node.log("systemctl.log") == log


@pytest.mark.parametrize("words", [[], STATIC_POD], ids=["systemd", "static-pod"])
def test_a_folder_whose_owner_an_earlier_run_did_not_set_gets_it(node, words):
    # strace ends the process before its first change of a folder's owner.
    prefix = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=chown,fchownat"]
    done = node.enable(*words, prefix=[*prefix, "-e", "inject=chown,fchownat:signal=SIGKILL:when=1"])
    assert done.returncode in (-9, 137), done.stdout + done.stderr
    assert os.stat(node.path("/var/lib/kube-entra")).st_uid == 0
    done = node.enable(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    owner = os.stat(node.path("/var/lib/kube-entra"))
    assert owner.st_uid == os.stat(node.path("/etc/kube-entra/certs/server.key")).st_uid != 0
    assert owner.st_mode & 0o777 == 0o700
