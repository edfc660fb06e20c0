"""`disable`, and the way back of `enable`, where something cannot be removed, restarted or written."""

import contextlib
import os
import signal
import subprocess

import pytest
from enabling import JOURNAL, MANIFEST, as_before, status

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

STATIC_POD = ["--as", "static-pod", "--image", "registry.example/kube-entra:1"]


def mount_read_only(node, folder):
    script = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    subprocess.run([*node.enter, "sh", "-c", script], check=True)


def unmount(node, folder):
    subprocess.run([*node.enter, "umount", folder], check=True)


@contextlib.contextmanager
def changed_systemctl(node, old, new):
    path = f"{node.folder}/bin/systemctl"
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace(old, new))
    yield
    with open(path, "w") as file:
        file.write(text)


@pytest.mark.parametrize("words", [[], STATIC_POD], ids=["systemd", "static-pod"])
def test_what_cannot_be_removed_is_named_and_removed_by_the_next_run(node, words):
    before = node.snapshot()
    assert node.enable(*words).returncode == 0
    made = {path for path in node.snapshot() if path.startswith("/etc/kube-entra/")}
    mount_read_only(node, "/etc/kube-entra")
    for _ in range(2):
        done = node.run("disable", "--timeout", "120s")
        assert done.returncode == 1 and "the node is as it was before" not in done.stdout, done.stdout + done.stderr
        assert "cannot be removed" in done.stderr and "disable" in done.stderr
        for path in made:
            if path != "/etc/kube-entra/certs":
                assert f"{path} cannot be removed: Read-only file system" in done.stdout, (path, done.stdout)
        assert node.exists(JOURNAL)
        code, found = status(node)
        assert code == 1 and found["state"] == "halfDone" and found["unfinished"]["direction"] == "disable", found
        assert found["next"].startswith("`kube-entra disable` finishes it"), found
    # kube-apiserver is no longer concerned.
    assert node.log().splitlines()[-1] == "started without the webhook"
    unmount(node, "/etc/kube-entra")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and "an earlier disable stopped" in done.stdout, done.stdout + done.stderr
    as_before(node, before)


def test_a_service_that_cannot_be_stopped_keeps_its_files(node):
    before = node.snapshot()
    assert node.enable().returncode == 0
    files = {path: value for path, value in node.snapshot().items() if path.startswith("/etc/kube-entra")}
    with changed_systemctl(node, "disable)\n", "disable)\n    echo 'Job failed.' >&2; exit 1\n"):
        for _ in range(2):
            done = node.run("disable", "--timeout", "120s")
            assert done.returncode == 1 and "stopped the webhook" not in done.stdout, done.stdout + done.stderr
            assert "kube-entra.service still runs and cannot be stopped: Job failed." in done.stdout, done.stdout
    assert files.items() <= node.snapshot().items() and status(node)[1]["state"] == "halfDone"
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_what_a_failed_enable_cannot_take_back_is_named(node):
    before = node.snapshot()
    node.mode("does not start")
    process = node.start_enable(["--timeout", "5s"])
    said = ""
    for line in process.stdout:
        said += line
        if "waiting until the API server" in line:
            mount_read_only(node, "/etc/kube-entra")
            break
    said += process.stdout.read()
    process.stdout.close()
    assert process.wait() == 1, said
    assert "/etc/kube-entra/webhook.yaml cannot be removed: Read-only file system" in said, said
    assert "`kube-entra disable` tries again to remove them" in said and node.exists(JOURNAL), said
    unmount(node, "/etc/kube-entra")
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_a_manifest_that_cannot_be_written_was_not_changed(node):
    mount_read_only(node, "/etc/kubernetes/manifests")
    before, log = node.snapshot(), node.log()
    done = node.enable(wait="20s")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "nothing was changed at kube-apiserver" in done.stderr and "old manifest" not in done.stderr, done.stderr
    as_before(node, before)
    assert node.log() == log


@pytest.mark.parametrize("has_journal", [True, False], ids=["enabled", "by-hand"])
def test_a_disable_that_cannot_write_the_manifest_changes_nothing(node, has_journal):
    before = node.snapshot()
    assert node.enable().returncode == 0
    if not has_journal:
        os.rename(node.path(JOURNAL), node.path("/var/lib/journal.kept"))
    enabled = node.snapshot()
    mount_read_only(node, os.path.dirname(MANIFEST))
    done = node.run("disable", "--timeout", "20s")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Read-only file system; nothing was changed: kube-apiserver still asks the webhook" in done.stderr
    assert "half done" not in done.stderr and "`kube-entra disable` again" in done.stderr, done.stderr
    if has_journal:
        as_before(node, enabled)
    assert node.exists(JOURNAL) == has_journal
    code, found = status(node)
    assert code == 0 and found["state"] == "enabled" and found["unfinished"] is None, found
    unmount(node, os.path.dirname(MANIFEST))
    if not has_journal:
        os.rename(node.path("/var/lib/journal.kept"), node.path(JOURNAL))
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_a_disable_that_damages_the_manifest_says_so(node):
    """Neither a new file can be written nor the old one be shortened."""
    assert node.enable().returncode == 0
    # The journal is renamed first, and the manifest after it.
    inject = ["-e", "inject=rename:error=ENOSPC:when=2+", "-e", "inject=ftruncate:error=EIO"]
    prefix = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=rename,ftruncate", *inject]
    done = node.run("disable", "--timeout", "20s", prefix=prefix)
    assert done.returncode == 1 and f"{MANIFEST} may be damaged" in done.stderr, done.stdout + done.stderr
    assert f"{MANIFEST} was as /var/lib/kube-entra-enable/kube-apiserver.yaml is" in done.stderr, done.stderr
    assert status(node)[1]["unfinished"] == {"direction": "disable", "step": "change"}


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
def test_a_disable_that_was_killed_before_the_restart_is_finished(make, distribution):
    node = make(distribution)
    before = node.snapshot()
    assert node.enable().returncode == 0
    log = node.log()
    with changed_systemctl(node, "restart) ", "restart) kill -9 $PPID; exit 1; "):
        done = node.run("disable", "--timeout", "120s")
    assert done.returncode == -9 and not node.exists(node.drop_in), done.stdout + done.stderr
    assert status(node)[1]["state"] == "halfDone" and node.log() == log
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0 and "restarted" in done.stdout, done.stdout + done.stderr
    assert node.log().splitlines()[-1] == "started without the webhook"
    as_before(node, before)


def test_a_restart_that_failed_is_done_by_the_next_disable(make):
    node = make("k3s")
    before = node.snapshot()
    with changed_systemctl(node, "restart) ", "restart) echo 'Job failed.' >&2; exit 1; "):
        done = node.enable(wait="5s")
    assert done.returncode == 1 and "going back failed as well" in done.stderr, done.stdout + done.stderr
    # There is no manifest on such a node.
    assert "kube-apiserver.yaml" not in done.stderr, done.stderr
    # The API server read the drop-in meanwhile.
    with open(f"{node.state}/restarted", "w") as file:
        file.write("by hand")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    as_before(node, before)


def test_the_next_step_says_which_command_finishes(node):
    """A half done `disable` is finished by `disable`, and a half done `enable` by `enable`."""
    assert node.enable_until("certificates")
    assert status(node)[1]["next"].startswith("`kube-entra enable` finishes it")
    assert node.enable().returncode == 0
    node.kubelet.send_signal(signal.SIGSTOP)
    done = node.run("disable", "--timeout", "1s")
    node.kubelet.send_signal(signal.SIGCONT)
    assert done.returncode == 1, done.stdout + done.stderr
    assert status(node)[1]["next"].startswith("`kube-entra disable` finishes it")
    assert "an earlier disable stopped at the step change; this takes it back" in node.enable().stdout
    assert status(node)[0] == 0
