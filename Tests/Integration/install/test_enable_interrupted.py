"""`enable` and `disable` that are killed or find a full disk, at every point."""

import os
import subprocess

import pytest
from enabling import JOURNAL, STEPS, as_before, status


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_every_step_it_is_finished_or_taken_back(make, step):
    for back in (False, True):
        for _ in range(10):
            node = make()
            before = node.snapshot()
            # It may also have done everything before it was killed.
            if node.enable_until(step, "--bind") and status(node)[0] != 0:
                break
            # Its webhook would hold the user, who has the same number on every node here.
            node.close()
        else:
            raise AssertionError(step)
        assert node.exists(JOURNAL)
        code, found = status(node)
        assert code == 1 and found["state"] == "halfDone" and found["unfinished"]["direction"] == "enable", found
        assert "enable" in found["next"] and "disable" in found["next"]
        if back:
            done = node.run("disable", "--timeout", "120s")
            assert done.returncode == 0, done.stdout + done.stderr
            as_before(node, before)
            assert node.objects()["bindings"] == {}
        else:
            done = node.enable("--bind")
            assert done.returncode == 0, done.stdout + done.stderr
            assert code == 0 or "an earlier run stopped at the step" in done.stdout
            assert status(node)[0] == 0
            assert node.run("disable", "--timeout", "120s").returncode == 0
            as_before(node, before)


def test_certificates_that_a_killed_run_made_in_part_are_made_again(node):
    before = node.snapshot()
    for lost in ("server.key", "client.crt", "client-ca.crt"):
        process = node.enable_held_at("configuration")
        process.kill()
        process.communicate(timeout=300)
        # As if it had been killed a moment earlier.
        os.remove(node.path(f"/etc/kube-entra/certs/{lost}"))
        dry = node.enable("--dry-run")
        assert f"make /etc/kube-entra/certs/{lost}" in dry.stdout, dry.stdout + dry.stderr
        done = node.enable()
        assert done.returncode == 0 and "made a CA and certificates" in done.stdout, done.stdout + done.stderr
        assert status(node)[0] == 0
        assert node.run("disable", "--timeout", "120s").returncode == 0
        as_before(node, before)
    # What is lost later is not made anew: kube-apiserver knows the CA by now.
    assert node.enable().returncode == 0
    os.remove(node.path("/etc/kube-entra/certs/server.key"))
    done = node.enable()
    assert done.returncode != 0 and "server.key is missing" in done.stderr, done.stdout + done.stderr


# strace ends the process at the Nth call of the kinds that every change of a file ends with; -b execve: this process
# alone, since the tools that it runs have changes of their own.
CHANGES = "rename,renameat,renameat2,link,linkat"
INJECTED = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", f"trace={CHANGES}"]


@pytest.mark.parametrize("part", range(3))
def test_killed_between_any_two_changes_it_can_be_taken_back(make, part):
    node = make()
    before = node.snapshot()
    for number in range(1 + part, 200, 3):
        done = node.enable("--bind", prefix=[*INJECTED, "-e", f"inject={CHANGES}:signal=SIGKILL:when={number}"])
        if done.returncode == 0:
            break
        assert done.returncode in (-9, 137), (number, done.returncode, done.stderr)
        if node.exists(JOURNAL):
            assert status(node)[1]["state"] == "halfDone", number
        done = node.run("disable", "--timeout", "120s")
        assert done.returncode == 0, (number, done.stdout + done.stderr)
        as_before(node, before)
    assert number > 20


@pytest.mark.parametrize("part", range(3))
def test_a_disable_that_is_killed_between_any_two_changes_is_finished_or_undone(make, part):
    """It is killed at each change of a file. Then a second `disable` finishes it, or, every other time, an `enable`
    undoes it."""
    node = make()
    before = node.snapshot()
    # -b execve: of this process alone; the tools that it runs have changes of their own.
    changes = "rename,renameat,renameat2,unlink,unlinkat,rmdir"
    words = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", f"trace={changes}"]
    half = undone = 0
    for number in range(1 + part, 200, 3):
        assert node.enable("--bind").returncode == 0
        inject = f"inject={changes}:signal=SIGKILL:when={number}"
        done = node.run("disable", "--timeout", "120s", prefix=[*words, "-e", inject])
        if done.returncode == 0:
            break
        assert done.returncode in (-9, 137), (number, done.returncode, done.stderr)
        code, found = status(node)
        # Before the first change nothing has happened, and after the last one everything.
        if found["state"] == "halfDone":
            assert code == 1 and found["unfinished"]["direction"] == "disable", (number, found)
            assert "disable" in found["next"], (number, found)
            half += 1
        else:
            assert found["state"] == ("disabled" if half else "enabled"), (number, found)
        if number % 2:
            done = node.enable("--bind")
            assert done.returncode == 0 and status(node)[0] == 0, (number, done.stdout + done.stderr)
            undone += 1
        done = node.run("disable", "--timeout", "120s")
        assert done.returncode == 0, (number, done.stdout + done.stderr)
        as_before(node, before)
        assert node.objects()["bindings"] == {}, number
    assert number > 20 and half > 5 and undone > 2


@pytest.mark.parametrize("part", range(2))
def test_a_disk_that_is_full_from_any_change_on_is_taken_back_or_said(make, part):
    """From the Nth change of a file on, every change fails, also those that undo it."""
    node = make()
    before = node.snapshot()
    failed = 0
    for number in range(1 + 3 * part, 200, 6):
        full = f"inject={CHANGES}:error=ENOSPC:when={number}+"
        done = node.enable("--bind", wait="15s", prefix=[*INJECTED, "-e", full])
        if done.returncode == 0:
            break
        failed += 1
        assert done.returncode in (1, 2) and "No space left on device" in done.stderr, (
            number,
            done.returncode,
            done.stderr,
        )
        # What is still there is said, and the next command takes it back when there is room.
        if node.exists(JOURNAL):
            assert status(node)[1]["state"] == "halfDone", number
            assert node.run("disable", "--timeout", "120s").returncode == 0, number
        as_before(node, before)
    assert failed > 3


@pytest.mark.parametrize("folder", ["/etc/kubernetes/manifests", "/etc/kube-entra", "/var/lib/kube-entra-enable"])
def test_a_full_disk_of_its_own(node, folder):
    """A full file system: its only page is used."""
    if folder != "/etc/kubernetes/manifests":
        os.makedirs(node.path(folder))
    script = (
        f"set -e; cp -a {folder} {folder}.kept; mount -t tmpfs -o size=8k,mode=755 tmpfs {folder}; cp -a {folder}.kept/. {folder}; "
        f"rm -rf {folder}.kept; head -c 8000 /dev/zero >{folder}/.filler 2>/dev/null || true"
    )
    subprocess.run([*node.enter, "sh", "-c", script], check=True)
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")
    before = node.snapshot()
    done = node.enable(wait="15s")
    assert done.returncode in (1, 2) and "No space left on device" in done.stderr, done.stdout + done.stderr
    if folder == "/var/lib/kube-entra-enable":
        # The mount keeps the folder from being removed.
        assert not node.exists(JOURNAL)
    as_before(node, before)
    assert status(node)[1]["state"] == "disabled"
