"""--out of every command: where no file can be made, something else is there already, or the path is a stream's."""

import json
import os
import re
import subprocess

import pytest
import yaml
from entra import Entra
from graph import Graph
from overage import CLIENT_ID
from programs import BINARY
from webhook import configuration

TENANT = "11111111-2222-3333-4444-555555555555"
IDS = ["--tenant-id", TENANT, "--audience", "aaaaaaaa-0000-0000-0000-000000000000"]
PROFILE = {
    "managed": True,
    "tenantID": TENANT,
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
    "keys fetch": ["--tenant-id", TENANT, "--authority-ca", "authority.crt"],
    "names fetch": ["--config", "names.yaml"],
}
# They replace what is there without being asked to.
WITHOUT_FORCE = {"keys fetch", "names fetch"}
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


@pytest.fixture(scope="module")
def services(certificates, tmp_path_factory):
    """An Entra and a Graph to fetch from, and a function that counts what they were asked."""
    entra = Entra(str(tmp_path_factory.mktemp("out")), certificates)
    entra.start()
    graph = Graph(certificates)
    yield entra, graph, lambda: sum(entra.counts.values()) + len(graph.tokens) + len(graph.requests)
    graph.stop()
    entra.stop()


@pytest.fixture
def folder(run, certificates, services, tmp_path):
    entra, graph, _ = services
    run("certs", "create")
    run("config", "init", *IDS, "--out", "kube-entra.yaml")
    (tmp_path / "profile.json").write_text(json.dumps(PROFILE))
    os.symlink(certificates.path("ca.crt"), tmp_path / "authority.crt")
    directory = {"clientID": CLIENT_ID, "clientSecretFile": "secret", "graphEndpoint": graph.base}
    (tmp_path / "secret").write_text(graph.secret)
    (tmp_path / "names.yaml").write_text(
        yaml.safe_dump(
            configuration(
                authority=graph.base, authorityCA="authority.crt", directory={**directory, "graphCA": "authority.crt"}
            )
        )
    )
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    # Not to /dev/null, which the tests need.
    os.symlink("pipe", tmp_path / "link")
    return tmp_path


@pytest.fixture
def words(services):
    """The words of a command that can do its work, but for --out."""
    entra, _, _ = services

    def found(command):
        more = ["--authority", entra.authority] if command == "keys fetch" else []
        return [*command.split(), *COMMANDS[command], *more]

    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_where_no_file_can_be_made_it_is_said(run, words, folder, services, command):
    before = sorted(os.listdir(folder))
    asked = services[2]()
    for target, sentence in TARGETS.items():
        if command == "certs create" and target.startswith("missing"):
            continue
        for more in ([],) if command in WITHOUT_FORCE else ([], ["--force"]):
            done = run(*words(command), "--out", target, *more, status=2)
            assert re.search(sentence, done.stderr), (target, more, done.stderr)
            assert done.stdout == "" and len(done.stderr.splitlines()) <= 2, (target, done.stderr)
    done = run(*words(command), "--out", "", status=64)
    assert "--out must name a" in done.stderr
    # Nothing was replaced, nothing is left, and nothing was fetched in vain.
    assert sorted(os.listdir(folder)) == before and (folder / "file").read_text() == "mine"
    assert (
        os.readlink(folder / "link") == "pipe"
        and (folder / "pipe").is_fifo()
        and not os.path.exists("/proc/kube-entra-test")
    )
    assert services[2]() == asked


STREAMS = [command for command in COMMANDS if command != "certs create"]
# A /dev of its own, so that a program that replaces a name in it does no harm.
OWN_DEV = "mount -t tmpfs none /dev && ln -s /proc/self/fd /dev/fd && ln -s fd/1 /dev/stdout && ln -s fd/2 /dev/stderr"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs a /dev of its own")


@pytest.mark.parametrize("command", STREAMS)
@pytest.mark.parametrize(
    "target",
    [
        "-",
        "linked",
        "fds/1",
        "fds/2",
        pytest.param("/dev/stdout", marks=AS_ROOT),
        pytest.param("/dev/stderr", marks=AS_ROOT),
        pytest.param("/dev/fd/2", marks=AS_ROOT),
        "/proc/self/fd/1",
        "/proc/self/fd/2",
    ],
)
def test_a_name_of_a_stream_is_the_stream(words, folder, command, target):
    """Both streams are files here: what a name of theirs leads to is then a file that could be replaced."""
    os.symlink("/proc/self/fd", folder / "fds")
    os.symlink("fds/2", folder / "linked")
    before = sorted([*os.listdir(folder), "out", "err"])
    script = (
        f'{OWN_DEV} && ls /dev >before && "$@" >out 2>err; echo $? >status; ls /dev | cmp - before || echo 9 >status'
    )
    if not target.startswith("/dev"):
        script = '"$@" >out 2>err; echo $? >status'
    for more in [] if command in WITHOUT_FORCE else [], ["--force"]:
        if more and command in WITHOUT_FORCE:
            continue
        wrapper = ["unshare", "-m"] if target.startswith("/dev") else []
        called = [*wrapper, "bash", "-c", script, "bash", BINARY, *words(command), "--out", target, *more]
        subprocess.run(called, cwd=folder, check=True, timeout=60)
        out, err = (folder / "out").read_text(), (folder / "err").read_text()
        assert (folder / "status").read_text() == "0\n", err
        result, other = (err, out) if target.endswith(("2", "linked", "stderr")) else (out, err)
        assert re.search(r"apiVersion|\"(keys|names|tenants)\"|#!/", result) and "wrote" not in err, (out, err)
        assert not re.search(r"apiVersion|\"(keys|names|tenants)\"|#!/", other)
        for name in ("before", "status"):
            (folder / name).unlink(missing_ok=True)
        assert sorted(os.listdir(folder)) == before and (folder / "linked").is_symlink()


def test_a_stream_that_is_not_open_for_writing_takes_no_result(words, folder, services):
    asked = services[2]()
    for command in STREAMS:
        for target in ("/proc/self/fd/0", "/proc/self/fd/77"):
            with open(os.devnull) as stdin:
                called = [BINARY, *words(command), "--out", target]
                done = subprocess.run(called, cwd=folder, stdin=stdin, capture_output=True, text=True, timeout=60)
            assert done.returncode == 2 and f"{target}: the file cannot be written" in done.stderr, done
    assert services[2]() == asked


@pytest.mark.parametrize("command", STREAMS)
def test_a_link_to_a_file_stays_and_the_file_is_written(run, words, folder, command):
    (folder / "elsewhere").mkdir()
    kubeconfig = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n"
    start = {"names fetch": '{"names":{}}', "kubeconfig user": kubeconfig}.get(command, "x")
    (folder / "elsewhere" / "file").write_text(start)
    os.symlink("elsewhere/file", folder / "way")
    if command not in {*WITHOUT_FORCE, "kubeconfig user"}:
        assert "the file is there already" in run(*words(command), "--out", "way", status=2).stderr
        assert (folder / "elsewhere" / "file").read_text() == start
    run(*words(command), "--out", "way", *([] if command in WITHOUT_FORCE else ["--force"]))
    assert os.readlink(folder / "way") == "elsewhere/file" and os.listdir(folder / "elsewhere") == ["file"]
    assert len((folder / "elsewhere" / "file").read_text()) > 100


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk of its own")
def test_a_full_disk_is_the_reason_why_a_file_is_not_written(words, folder):
    """Nothing is left of what began, and nothing is lost of what was there."""
    disk = folder / "disk"
    disk.mkdir()
    fill = f"mount -t tmpfs -o size=4k tmpfs {disk} && echo kept >{disk}/kept && "
    for command in [
        ["certs", "create", "--out", f"{disk}/certs"],
        [*words("config init"), "--out", f"{disk}/new.yaml"],
    ]:
        text = f'{fill} "$@"; status=$?; ls -A {disk} {disk}/certs >&2; exit $status'
        called = ["unshare", "--mount", "sh", "-c", text, "sh", BINARY, *command]
        done = subprocess.run(called, cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "the file cannot be written: No space left on device" in done.stderr, done
        assert "kept" in done.stderr and ".tmp" not in done.stderr, done
