"""--out of every command, where no file can be made, or something else is there already."""

import json
import os
import re
import subprocess

import pytest
from programs import BINARY

IDS = ["--tenant-id", "11111111-2222-3333-4444-555555555555", "--audience", "aaaaaaaa-0000-0000-0000-000000000000"]
PROFILE = {
    "managed": True,
    "tenantID": "11111111-2222-3333-4444-555555555555",
    "adminGroupObjectIDs": ["5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"],
}
COMMANDS = {
    "config init": IDS,
    "config hints": ["kube-entra.yaml"],
    "config import-aks": ["profile.json"],
    "certs create": [],
    "kubeconfig webhook": [],
    "kubeconfig authorization": [],
    "kubeconfig user": ["--server", "https://10.0.0.1:6443", "--config", "kube-entra.yaml"],
    "register": ["--format", "az"],
    # They fetch first; their files are written like those of the others.
    "keys fetch": None,
    "names fetch": None,
}
TARGETS = {
    "/proc/kube-entra-test": r"/proc/\S+: (the system makes no file in that folder|the folder cannot be made: the system"
    r" makes none there)",
    "file/x": r"file/\S*: (the folder cannot be made: )?a part of the path is no folder",
    "pipe": r"(this is a device, a pipe or a socket, not a file|a part of the path is no folder)",
    "link": r"(this is a device, a pipe or a socket, not a file|a part of the path is no folder)",
    "missing/folder/x": r"missing/folder/\S+: the folder that it would be in is not there",
}


def test_every_command_with_out_is_tried():
    def found(command, path):
        for sub in command.get("subcommands", []):
            yield from found(sub, [*path, sub["commandName"]])
        if any(
            name["name"] == "out" for argument in command.get("arguments", []) for name in argument.get("names", [])
        ):
            yield " ".join(path)

    dump = subprocess.run([BINARY, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    assert set(found(json.loads(dump)["command"], [])) == set(COMMANDS)


@pytest.fixture
def folder(run, tmp_path):
    run("certs", "create")
    run("config", "init", *IDS, "--out", "kube-entra.yaml")
    (tmp_path / "profile.json").write_text(json.dumps(PROFILE))
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    # Not to /dev/null, which the tests need.
    os.symlink("pipe", tmp_path / "link")
    return tmp_path


@pytest.mark.parametrize("command", [command for command, words in COMMANDS.items() if words is not None])
def test_where_no_file_can_be_made_it_is_said(run, folder, command):
    before = sorted(os.listdir(folder))
    for target, sentence in TARGETS.items():
        if command == "certs create" and target.startswith("missing"):
            continue
        for more in ([], ["--force"]):
            done = run(*command.split(), *COMMANDS[command], "--out", target, *more, status=2)
            assert re.search(sentence, done.stderr), (target, more, done.stderr)
            assert done.stdout == "" and len(done.stderr.splitlines()) <= 2, (target, done.stderr)
    done = run(*command.split(), *COMMANDS[command], "--out", "", status=64)
    assert "--out must name a" in done.stderr
    # Nothing was replaced, and nothing is left.
    assert sorted(os.listdir(folder)) == before and (folder / "file").read_text() == "mine"
    assert (
        os.readlink(folder / "link") == "pipe"
        and (folder / "pipe").is_fifo()
        and not os.path.exists("/proc/kube-entra-test")
    )


@pytest.mark.parametrize("target", [["/dev/stdout"], ["/proc/self/fd/1", "--force"]])
def test_standard_output_by_its_path_is_standard_output(run, target):
    assert "kind: WebhookConfiguration" in run("config", "init", *IDS, "--out", *target).stdout
