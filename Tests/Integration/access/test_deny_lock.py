"""The lock of the deny list: what a refused `deny add` leaves, and who waits for whom."""

import fcntl
import os
import subprocess

import pytest
from deny_lists import OTHER, add, deny, entries
from entra import OBJECT
from webhook import PROGRAM, wait_for


@pytest.mark.parametrize(
    "text",
    ["apiVersion: v1\nkind: Config\n", "", '{"denied": [{"reason": "x"}]}'],
    ids=["a kubeconfig", "an empty file", "a damaged list"],
)
def test_a_refused_edit_makes_no_lock(file, text):
    """kubectl takes the same name for its own lock, and stops while it is there."""
    file.write_text(text)
    assert add(file, "--object-id", OBJECT)[0] == 2
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 2
    assert os.listdir(file.parent) == [file.name] and file.read_text() == text


def test_a_refusal_after_the_lock_was_made_takes_it_away_again(file):
    # There is room for the name of the lock, and none for that of the new list before it takes its place.
    long = file.with_name("d" * 240)
    assert add(long, "--object-id", OBJECT)[0] == 2
    assert os.listdir(file.parent) == []
    # The lock of somebody else stays.
    lock = file.with_name(long.name + ".lock")
    lock.touch()
    assert add(long, "--object-id", OBJECT)[0] == 2
    assert os.listdir(file.parent) == [lock.name]


def test_what_killed_writers_left_is_gone_after_the_next_edit(file):
    add(file, "--object-id", OBJECT)
    left = [file.with_name(f"{file.name}.{number}.tmp") for number in (0, 12345678901234567890)]
    others = [file.with_name(f"{file.name}.{name}.tmp") for name in ("x", "1.2")]
    for path in left + others:
        path.write_text("half of a li")
    # Nothing is written, so nothing is removed.
    assert add(file, "--object-id", OBJECT)[0] == 0 and all(path.exists() for path in left)
    assert add(file, "--object-id", OTHER)[0] == 0
    assert not any(path.exists() for path in left) and all(path.exists() for path in others)
    assert len(entries(file)) == 2


def has_open(process, inode):
    """Whether the process has opened that file. It must not have ended."""
    assert process.poll() is None, process.communicate()
    for name in os.listdir(f"/proc/{process.pid}/fd"):
        try:
            if os.stat(f"/proc/{process.pid}/fd/{name}").st_ino == inode:
                return True
        except FileNotFoundError:
            pass
    return False


def test_who_waited_for_a_lock_that_was_taken_away_waits_for_the_new_one(file):
    add(file, "--object-id", OBJECT)
    lock = file.with_name("denied.json.lock")
    with open(lock) as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [PROGRAM, "deny", "add", "--file", str(file), "--object-id", OTHER, "--reason", "x"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_for(lambda: has_open(process, os.fstat(first.fileno()).st_ino), timeout=20)
        lock.unlink()
        lock.touch()
        second = open(lock)
        fcntl.flock(second, fcntl.LOCK_EX)
    with second:
        wait_for(lambda: has_open(process, os.fstat(second.fileno()).st_ino), timeout=20)
        assert len(entries(file)) == 1
    assert process.wait(timeout=60) == 0 and len(entries(file)) == 2
    process.communicate()
