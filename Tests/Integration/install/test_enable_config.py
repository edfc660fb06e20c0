"""`enable --config FILE`: what its author may make root read and write."""

import os
import stat

import pytest
import yaml
from enabling import MANIFEST

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

SOMEBODY, ANOTHER = 65534, 12345


def given(node, *parts):
    return os.path.join(node.folder, "given", *parts)


def change(node, **values):
    with open(node.config) as file:
        config = yaml.safe_load(file)
    for name, value in values.items():
        place = config["tenants"][0] if name == "directory" else config
        place[name] = {**place[name], **value} if name == "server" else value
    if "directory" in values:
        config["tenants"][0]["groupOverage"] = "resolve"
    with open(node.config, "w") as file:
        yaml.safe_dump(config, file)


def write(path, text, owner=0, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chown(path, owner, owner)
    os.chmod(path, mode)


def secret_beside_the_folder(node):
    write(f"{node.folder}/other/secret", "x")
    directory = {"clientID": "bbbbbbbb-0000-0000-0000-000000000000", "graphEndpoint": "https://127.0.0.1:9"}
    change(node, directory={**directory, "clientSecretFile": "../other/secret"})
    return "leads out of the file's own folder"


def certificates_elsewhere(node):
    # They are not there: `enable` would make them.
    change(node, server={"certificate": "../other/server.crt", "privateKey": "certs/../../other/server.key"})
    return "leads out of the file's own folder"


def absolute_with_dots(node):
    change(node, names="/etc/kube-entra/../other/names.json")
    return "leads out of the file's own folder"


def link(node):
    change(node, names="names.json")
    os.symlink("/etc/shadow", given(node, "names.json"))
    return "it is a symbolic link"


def linked_folder(node):
    change(node, names="sub/shadow")
    os.symlink("/etc", given(node, "sub"))
    return "it is a symbolic link, or one of its folders is"


def another_users_file(node):
    change(node, names="names.json")
    write(given(node, "names.json"), "{}", owner=ANOTHER)
    os.chown(node.config, SOMEBODY, SOMEBODY)
    return f"it belongs to user {ANOTHER}"


def other_name_of_a_file_of_root(node):
    change(node, names="names.json")
    write(f"{node.folder}/other/root", "{}", mode=0o600)
    os.link(f"{node.folder}/other/root", given(node, "names.json"))
    os.chown(node.config, SOMEBODY, SOMEBODY)
    return "it is another name of a file of root"


def pipe(node):
    change(node, names="names.json")
    os.mkfifo(given(node, "names.json"))
    return "it is no regular file"


@pytest.mark.parametrize(
    "attack",
    [
        secret_beside_the_folder,
        certificates_elsewhere,
        absolute_with_dots,
        link,
        linked_folder,
        another_users_file,
        other_name_of_a_file_of_root,
        pipe,
    ],
)
def test_a_configuration_does_not_lead_root_to_other_files(node, attack):
    sentence = attack(node)
    before, manifest = node.snapshot(), node.read(MANIFEST)
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="20s")
        assert done.returncode == 2 and sentence in done.stderr, done.stdout + done.stderr
        assert node.snapshot() == before and node.read(MANIFEST) == manifest


def test_copies_are_not_open_to_more_users_than_the_files_were(node):
    change(node, names="names.json")
    write(given(node, "names.json"), "{}", mode=0o600)
    os.chmod(given(node, "keys.json"), 0o640)
    os.chmod(node.config, 0o600)
    done = node.enable()
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(line for line in node.read("/etc/passwd").splitlines() if line.startswith("kube-entra:"))
    user, group = (int(number) for number in line.split(":")[2:4])
    for name, owner, mode in [
        ("names.json", (user, group), 0o600),
        ("keys.json", (user, group), 0o640),
        ("kube-entra.yaml", (0, group), 0o640),
    ]:
        found = os.stat(node.path(f"/etc/kube-entra/{name}"))
        assert ((found.st_uid, found.st_gid), stat.S_IMODE(found.st_mode)) == (owner, mode), name
    assert node.run("disable", "--timeout", "120s").returncode == 0


@pytest.mark.parametrize("field", ["certificate", "privateKey", "clientCA"])
def test_certificates_are_made_only_in_the_nodes_own_folder(node, field):
    """Else the configuration's author could have root make any file, such as /etc/ld.so.preload."""
    said = node.enable("--dry-run").stdout
    folder = "/etc/kube-entra/certs"
    names = ["ca.crt", "client-ca.crt", "server.crt", "server.key", "client.crt", "client.key"]
    for path in ["/var/lib/kube-entra-enable/ca.key", *[f"{folder}/{name}" for name in names]]:
        assert f"make {path}\n" in said, said
    change(node, server={field: "/etc/elsewhere"})
    os.chown(node.config, SOMEBODY, SOMEBODY)
    before = node.snapshot()
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="20s")
        assert done.returncode == 2 and "makes certificates only in /etc/kube-entra" in done.stderr, done.stderr
        assert node.snapshot() == before


@pytest.mark.parametrize("plant", ["echo theirs >$file", "ln -s /etc/victim $file", "ln -s /etc/nothing $file"])
@pytest.mark.parametrize("name", ["server.crt", "client.key"])
def test_what_appears_in_the_place_of_a_new_file_is_not_written_over(node, name, plant):
    write(node.path("/etc/victim"), "keep me")
    # This program runs after all checks and before certificates are made.
    path = f"/etc/kube-entra/certs/{name}"
    script = f"#!/bin/sh\nfile={path}\nmkdir -p /etc/kube-entra/certs\n{plant}\nexit 1\n"
    write(f"{node.folder}/bin/systemd-sysusers", script, mode=0o755)
    done = node.enable(wait="20s")
    assert done.returncode == 2 and path in done.stderr, done.stdout + done.stderr
    assert node.read("/etc/victim") == "keep me" and not node.exists("/etc/nothing")
    if "theirs" in plant:
        assert node.read(path) == "theirs\n"
    else:
        assert os.path.islink(node.path(path))
    assert os.listdir(node.path("/etc/kube-entra/certs")) == [name]


@pytest.mark.parametrize("folder", ["/etc/kube-entra", "/etc/kube-entra/certs", "/var/lib/kube-entra-enable"])
@pytest.mark.parametrize("owner, mode", [(0, 0o1777), (0, 0o775), (SOMEBODY, 0o755)])
def test_a_folder_that_others_may_write_is_not_used(node, folder, owner, mode):
    os.makedirs(node.path(folder))
    os.chown(node.path(folder), owner, owner)
    os.chmod(node.path(folder), mode)
    before = node.snapshot()
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="20s")
        assert done.returncode == 2 and f"{folder} is not for root alone" in done.stderr, done.stdout + done.stderr
        assert f"chown root {folder} && chmod go-w {folder}" in done.stderr
        assert node.snapshot() == before


def test_disable_removes_nothing_from_a_folder_that_others_may_write(node):
    assert node.enable().returncode == 0
    for folder, status in [("/var/lib/kube-entra-enable", 2), ("/etc/kube-entra/certs", 0)]:
        os.chmod(node.path(folder), 0o777)
        done = node.run("disable", "--timeout", "120s")
        assert done.returncode == status, done.stdout + done.stderr
        assert f"{folder} is not for root alone" in done.stdout + done.stderr
        os.chmod(node.path(folder), 0o700)
        assert node.exists("/etc/kube-entra/certs/server.crt")
    assert "except for what was kept" in done.stdout


def test_an_error_in_the_file_names_the_file_itself(node):
    """Not the place to which it would be copied, where there is nothing yet."""
    with open(node.config, "a") as file:
        file.write("nonsense: 1\n")
    done = node.enable()
    assert done.returncode == 2 and f"{node.config}:" in done.stderr, done.stdout + done.stderr
    assert "/etc/kube-entra/kube-entra.yaml" not in done.stderr
    assert f"kube-entra config check {node.config}" in done.stderr
