"""What `serve` would refuse is said before anything is changed, or as soon as it has ended."""

import os

import pytest
import yaml
from enabling import JOURNAL, MANIFEST, as_before

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

CONFIG = "/etc/kube-entra/kube-entra.yaml"
KEYS = "/etc/kube-entra/keys.json"
DENIED = "/etc/kube-entra/denied.json"


def put(node, **values):
    """The configuration is in its place already, as on a node to which somebody copied it."""
    with open(node.config) as file:
        config = yaml.safe_load(file)
    config["tenants"][0].update(values)
    with open(f"{node.folder}/given/keys.json") as file:
        node.write(KEYS, file.read(), mode=0o644)
    node.write(CONFIG, yaml.safe_dump(config), mode=0o644)


def no_keys(node):
    os.remove(node.path(KEYS))
    return f"{KEYS}: there is no such file"


def keys_of_root(node):
    os.chmod(node.path(KEYS), 0o600)
    return f"{KEYS} is not open to the user kube-entra"


def keys_of_nobody(node):
    node.write(KEYS, "{}", mode=0o644)
    return KEYS


def closed_folder(node):
    os.chmod(node.path("/etc/kube-entra"), 0o700)
    return "/etc/kube-entra is not open to the user kube-entra"


def closed_configuration(node):
    os.chmod(node.path(CONFIG), 0o600)
    return f"{CONFIG} is not open to the user kube-entra"


def no_deny_list(node):
    put(node, deniedFile="denied.json")
    return f"{DENIED}: "


def damaged_deny_list(node):
    put(node, deniedFile="denied.json")
    node.write(DENIED, "{", mode=0o644)
    return f"{DENIED}: "


@pytest.mark.parametrize(
    "fault",
    [no_keys, keys_of_root, keys_of_nobody, closed_folder, closed_configuration, no_deny_list, damaged_deny_list],
)
def test_a_file_that_the_webhook_could_not_use_is_named_before_anything_is_done(node, fault):
    put(node)
    sentence = fault(node)
    before = node.snapshot()
    for words in (["enable", "--dry-run"], ["enable"], ["enable", "--config", CONFIG]):
        done = node.run(*words, "--timeout", "20s")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "the webhook would not start: " in done.stderr and sentence in done.stderr, done.stderr
        assert "\n→ " in done.stderr or fault in (keys_of_nobody, damaged_deny_list), done.stderr
        as_before(node, before)


def test_a_file_that_is_missing_beside_the_configuration_is_named(node):
    before = node.snapshot()
    os.remove(f"{node.folder}/given/keys.json")
    for words in (["--dry-run"], []):
        done = node.enable(*words, wait="20s")
        assert done.returncode == 2 and f"{KEYS}: there is no such file" in done.stderr, done.stderr
        assert f"put it beside {node.config}" in done.stderr
        as_before(node, before)


def test_a_prepared_node_needs_the_files_too(node):
    put(node, deniedFile="denied.json")
    os.remove(node.path(MANIFEST))
    done = node.run("enable", "--prepare", "--config", CONFIG, "--timeout", "20s")
    assert done.returncode == 2 and f"{DENIED}: " in done.stderr, done.stdout + done.stderr
    assert "copy it from another control-plane node" in done.stderr


def test_a_webhook_that_ends_says_why_at_once(node):
    """The wait would be ten minutes."""
    before = node.snapshot()
    with open(f"{node.folder}/bin/systemctl") as file:
        text = file.read()
    # Something that only the service notices: its certificate is gone when it starts.
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        file.write(
            text.replace("    # The service manager starts", "    rm /etc/kube-entra/certs/server.crt\n    # It")
        )
    done = node.enable(wait="600s")
    assert done.returncode == 2 and "the webhook has ended: " in done.stderr, done.stdout + done.stderr
    assert "/etc/kube-entra/certs/server.crt" in done.stderr and "journalctl -u kube-entra" in done.stderr
    as_before(node, before)


def test_the_configuration_of_enable_is_usable_for_root_too(node):
    """The webhook's own files are no finding for root, whom serve would refuse to trust them."""
    put(node)
    assert node.enable().returncode == 0
    done = node.run("config", "check", CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "file-is-shared" not in done.stderr, done.stderr
    assert "checked with the permissions of kube-entra, whom the webhook runs as" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "name, words",
    [
        ("client.key", "kube-apiserver needs a client certificate"),
        ("client.crt", "kube-apiserver needs a client certificate"),
        ("ca.crt", "kube-apiserver needs the CA"),
        ("server.key", "server.key is missing beside /etc/kube-entra/certs/server.crt"),
        ("client-ca.crt", "client-ca.crt is missing beside /etc/kube-entra/certs/server.crt"),
    ],
)
def test_a_certificate_that_is_gone_stops_a_second_run_before_it_begins(node, name, words):
    assert node.enable().returncode == 0
    path = f"/etc/kube-entra/certs/{name}"
    os.rename(node.path(path), node.path(path) + ".away")
    before = node.snapshot()
    done = node.enable()
    assert done.returncode == 2 and f"{path} is missing" in done.stderr and words in done.stderr, done.stderr
    assert "put it back, or make it anew by `kube-entra disable`" in done.stderr, done.stderr
    assert node.snapshot() == before
    # That is a way.
    assert node.run("disable", "--timeout", "120s").returncode == 0
    os.remove(node.path(path) + ".away")
    assert node.enable().returncode == 0 and node.exists(path)


def test_a_second_run_leaves_the_journal_as_it_is(node):
    assert node.enable("--bind").returncode == 0
    first = node.read(JOURNAL)
    done = node.enable("--bind")
    assert done.returncode == 0 and "nothing had to be changed" in done.stdout, done.stdout + done.stderr
    assert node.read(JOURNAL) == first
