"""The deny list: the command that edits its file."""

import json
import os
import pty
import stat
import subprocess
import sys
import threading

import pytest
from deny_lists import OTHER, add, deny, entries
from entra import CLIENT, OBJECT
from webhook import PROGRAM

# The command


def test_add_creates_the_file_and_list_shows_it(file):
    status, output, _ = add(file, "--object-id", OBJECT.upper())
    assert status == 0 and OBJECT in output
    assert entries(file) == [{"objectID": OBJECT, "reason": "left"}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    lock = file.with_name("denied.json.lock")
    assert lock.read_bytes() == b"" and sorted(os.listdir(file.parent)) == ["denied.json", "denied.json.lock"]
    status, output, _ = deny("list", "--file", file, "--output", "json")
    assert status == 0 and json.loads(output) == {"denied": [{"objectID": OBJECT, "reason": "left"}]}
    status, output, _ = deny("list", "--file", file)
    assert status == 0 and OBJECT in output and "left" in output


def test_an_identical_entry_is_not_added_again_and_one_with_other_times_stands_beside_it(file):
    assert add(file, "--object-id", OBJECT)[0] == 0
    before = file.read_bytes()
    assert add(file, "--object-id", OBJECT)[0] == 0 and file.read_bytes() == before
    status, output, _ = add(file, "--object-id", OBJECT, "--until", "2999-01-01T00:00:00+01:00", "--output", "json")
    assert status == 0
    assert json.loads(output) == {"objectID": OBJECT, "until": "2998-12-31T23:00:00Z", "reason": "left"}
    assert len(entries(file)) == 2
    status, output, _ = deny("remove", "--file", file, "--object-id", OBJECT)
    assert status == 0 and entries(file) == []
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 1


def test_each_kind_of_id_and_time(file):
    assert add(file, "--client-app-id", CLIENT, "--issued-before", "now", "--for", "8h")[0] == 0
    assert add(file, "--token-id", "aB-c", "--issued-before", "2026-11-29T12:00:00.25Z")[0] == 0
    first, second = entries(file)
    assert sorted(first) == ["clientAppID", "issuedBefore", "reason", "until"]
    # A whole second is older than 12:00:00.25 exactly when it is older than 12:00:01.
    assert second == {"tokenID": "aB-c", "issuedBefore": "2026-11-29T12:00:01Z", "reason": "left"}
    assert add(file, "--token-id", "aB-d", "--until", "2999-11-29T12:00:00.25Z")[0] == 0
    assert entries(file)[2]["until"] == "2999-11-29T12:00:01Z"
    assert deny("remove", "--file", file, "--token-id", "ab-c")[0] == 1
    assert deny("remove", "--file", file, "--token-id", "aB-c")[0] == 0
    assert deny("remove", "--file", file, "--client-app-id", CLIENT.upper())[0] == 0


def test_a_token_is_read_for_its_ids_and_not_shown(file, entra, tmp_path):
    token = entra.token(uti="abc_DEF-1")
    assert add(file, input=f"Bearer {token}\n")[0] == 0
    path = tmp_path / "token"
    path.write_text(token)
    status, output, errors = add(file, "--token-file", path, "--only-this-token")
    assert status == 0 and token[:20] not in output + errors + file.read_text()
    assert [{k: v for k, v in entry.items() if k != "reason"} for entry in entries(file)] == [
        {"objectID": OBJECT},
        {"tokenID": "abc_DEF-1"},
    ]
    # Signed by nobody: it is not verified.
    forged = token.rsplit(".", 1)[0] + ".AAAA"
    assert deny("remove", "--file", file, "-", input=forged)[0] == 0
    assert deny("remove", "--file", file, "--only-this-token", input=token)[0] == 0
    assert entries(file) == []


NO_TOKENS = [
    ("nothing", lambda e: "", []),
    ("no token", lambda e: "hello", []),
    ("no oid", lambda e: e.token(oid=None), []),
    ("an oid that is no ID", lambda e: e.token(oid="me"), []),
    ("no uti", lambda e: e.token(uti=None), ["--only-this-token"]),
]


@pytest.mark.parametrize("make, arguments", [case[1:] for case in NO_TOKENS], ids=[case[0] for case in NO_TOKENS])
def test_what_is_no_token_is_2(file, entra, make, arguments):
    assert add(file, *arguments, input=make(entra))[0] == 2
    assert not file.exists()


# Every wrong usage is in PrincipalRequestTests.swift and TimeArgumentTests.swift.
WRONG = [
    ("no reason", ["--object-id", OBJECT]),
    ("an empty reason", ["--object-id", OBJECT, "--reason", ""]),
    ("a long reason", ["--object-id", OBJECT, "--reason", "x" * 257]),
    ("two IDs", ["--object-id", OBJECT, "--client-app-id", CLIENT, "--reason", "x"]),
    ("two ends", ["--object-id", OBJECT, "--for", "1h", "--until", "2999-01-01T00:00:00Z", "--reason", "x"]),
]


@pytest.mark.parametrize("arguments", [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_usage_is_64_and_writes_nothing(file, arguments):
    assert deny("add", "--file", file, *arguments)[0] == 64
    assert not file.exists()


def test_no_id_and_no_token_on_a_terminal_is_64(file):
    master, slave = pty.openpty()
    for command in (["add", "--reason", "x"], ["remove"]):
        done = subprocess.run(
            [PROGRAM, "deny", *command, "--file", str(file)], stdin=slave, capture_output=True, timeout=30
        )
        assert done.returncode == 64, done.stderr
    os.close(master)
    os.close(slave)


# Every form of a broken file is in DenyFileTests.swift.
@pytest.mark.parametrize("text", ["", '{"denied": [{"objectID": "%s", "reason": "x", "until": "soon"}]}' % OBJECT])
def test_a_broken_list_is_refused_and_left_alone(file, text):
    file.write_text(text)
    before = file.read_bytes()
    assert add(file, "--object-id", OTHER)[0] == 2
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 2
    status, output, errors = deny("list", "--file", file)
    assert status == 2 and not output and str(file) in errors
    assert file.read_bytes() == before


def test_a_missing_file_is_made_by_add_alone(file):
    assert deny("list", "--file", file)[0] == 2
    assert deny("remove", "--file", file, "--object-id", OBJECT)[0] == 2
    assert os.listdir(file.parent) == []
    assert add(file.parent / "no" / "folder.json", "--object-id", OBJECT)[0] == 2


def test_mode_owner_group_and_link_stay(file):
    link = file.with_name("link.json")
    link.symlink_to("denied.json")
    assert add(link, "--object-id", OBJECT)[0] == 0 and link.is_symlink()
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1, 2)
    owner = (file.stat().st_uid, file.stat().st_gid)
    inode = file.stat().st_ino
    assert add(link, "--object-id", OTHER)[0] == 0
    after = file.stat()
    assert link.is_symlink() and len(entries(file)) == 2 and after.st_ino != inode
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, *owner)
    assert [name for name in os.listdir(file.parent) if name.endswith(".tmp")] == []


def test_the_lock_is_for_those_who_may_write_the_list(file):
    """Whoever can open it can hold it, and keep everybody else from adding to the list."""
    assert add(file, "--object-id", OBJECT)[0] == 0
    lock = file.with_name("denied.json.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    # As earlier versions made it.
    lock.chmod(0o644)
    assert add(file, "--object-id", OTHER)[0] == 0 and stat.S_IMODE(lock.stat().st_mode) == 0o600
    file.chmod(0o664)
    if os.geteuid() == 0:
        os.chown(file, 0, 2)
    assert deny("remove", "--file", file, "--object-id", OTHER)[0] == 0
    assert (stat.S_IMODE(lock.stat().st_mode), lock.stat().st_gid) == (0o660, file.stat().st_gid)
    file.chmod(0o604)
    assert add(file, "--object-id", OTHER)[0] == 0 and stat.S_IMODE(lock.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize("theirs", ["the link", "the folder"])
def test_a_link_of_another_user_is_not_followed(file, tmp_path, theirs):
    """Root would write any file of the system for them."""
    target = tmp_path / "nologin"
    folder = tmp_path / "folder"
    folder.mkdir()
    link = folder / "denied.json"
    link.symlink_to(target)
    os.chown(folder if theirs == "the folder" else link, 65534, 65534, follow_symlinks=False)
    status, _, errors = add(link, "--object-id", OBJECT)
    assert status == 2 and "symbolic link, and user 65534" in errors
    assert sorted(os.listdir(tmp_path)) == ["folder"] and os.listdir(folder) == ["denied.json"]
    add(file, "--object-id", OBJECT)
    file.rename(target)
    assert deny("remove", "--file", link, "--object-id", OBJECT)[0] == 2 and len(entries(target)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_folder_that_cannot_be_written_is_2(file):
    add(file, "--object-id", OBJECT)
    file.with_name("denied.json.lock").unlink()
    for folder in file.parents:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            # Opened before: the other user may not look into the project's folder.
            "import os, sys; program = os.open(sys.argv[1], os.O_PATH); os.setgid(65534); os.setuid(65534); "
            "os.execve(program, sys.argv[1:], os.environ)",
            PROGRAM,
            "deny",
            "add",
            "--file",
            str(file),
            "--object-id",
            OTHER,
            "--reason",
            "x",
        ],
        capture_output=True,
    )
    assert done.returncode == 2, done
    assert len(entries(file)) == 1


def test_writers_at_once_lose_nothing(file):
    failures = []

    def write(first):
        for number in range(first, first + 12):
            if add(file, "--object-id", f"0b1ec700-0000-0000-0000-{number:012d}")[0]:
                failures.append(number)

    add(file, "--object-id", OTHER)
    writers = [threading.Thread(target=write, args=(100 * index,)) for index in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        # Readers see whole lists only.
        entries(file)
    assert not failures and len(entries(file)) == 49
