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
