"""A node that joins a kubeadm cluster after `enable`: `kubeadm join` gives its API server the flags of the others."""

import os

import pytest
from enabling import MANIFEST, as_before, signs_in, status
from node import MANIFEST as TEMPLATE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


@pytest.fixture
def joining(make):
    """A node without an API server, and the manifest that kubeadm join would write there."""
    first = make()
    assert first.enable().returncode == 0
    manifest = first.read(MANIFEST)
    assert first.run("disable", "--timeout", "120s").returncode == 0
    first.close()
    node = make()
    os.remove(node.path(MANIFEST))
    node.wait_for(lambda: node.log().splitlines()[-1] == "stopped")
    return node, manifest.replace(str(first.port), str(node.port))


def last(node, text):
    node.wait_for(lambda: node.log().splitlines()[-1].startswith(text))


def test_a_node_that_is_prepared_can_join(joining, entra):
    node, manifest = joining
    before, log = node.snapshot(), node.log("systemctl.log")
    dry = node.enable("--prepare", "--dry-run")
    assert dry.returncode == 0 and "kubeadm join" in dry.stdout, dry.stdout + dry.stderr
    assert "change  " not in dry.stdout and "create the system user kube-entra" in dry.stdout, dry.stdout
    as_before(node, before)
    assert node.log("systemctl.log") == log
    done = node.enable("--prepare")
    assert done.returncode == 0 and "kubeadm join" in done.stdout, done.stdout + done.stderr
    after = node.snapshot()
    made = [name for name, entry in after.items() if entry[-1] and before.get(name, [None])[-1] is None]
    # The user's own files, and what only the webhook and the journal write.
    others = ("/etc/sysusers.d/", "/etc/passwd", "/etc/group", "/var/lib/kube-entra/", "/var/lib/kube-entra-enable/")
    named = [name for name in made if not name.startswith(others)]
    assert len(named) > 8 and all(name in dry.stdout for name in named), (named, dry.stdout)
    said = node.enable("--prepare", "--dry-run").stdout
    assert "keep /etc/kube-entra/webhook.yaml" in said and "keep kube-entra.service" in said, said
    assert node.snapshot() == after
    code, found = status(node)
    assert code == 1 and found["state"] == "disabled" and "kubeadm join" in found["next"], found
    # It can be taken back, and made again.
    done = node.run("disable")
    assert done.returncode == 0, done.stdout + done.stderr
    as_before(node, before)
    assert node.enable("--prepare").returncode == 0
    assert node.enable("--prepare").returncode == 0

    node.write(MANIFEST, manifest, mode=0o600)
    last(node, "started with the webhook")
    assert signs_in(node, entra.token())["authenticated"] is True
    done = node.run("enable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert status(node)[0] == 0
    assert node.run("enable", "--prepare").returncode == 2
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert node.read(MANIFEST) == TEMPLATE.format(port=node.port)


def test_a_node_that_is_not_prepared_cannot(joining):
    node, manifest = joining
    node.write(MANIFEST, manifest, mode=0o600)
    last(node, "failed to start")


def test_a_preparation_that_fails_leaves_the_node_as_it_was(joining):
    node, _ = joining
    os.remove(f"{node.folder}/given/keys.json")
    before = node.snapshot()
    done = node.enable("--prepare", wait="3s")
    assert done.returncode == 2, done.stdout + done.stderr
    as_before(node, before)
    dry = node.enable("--prepare", "--dry-run")
    assert dry.returncode == 2 and dry.stderr == done.stderr != "", dry.stderr


def test_a_dry_run_of_a_preparation_refuses_what_the_preparation_does(node):
    before = node.snapshot()
    dry, real = node.enable("--prepare", "--dry-run"), node.enable("--prepare")
    assert (dry.returncode, real.returncode) == (2, 2) and dry.stderr == real.stderr, dry.stderr + real.stderr
    assert "is a control-plane node already" in dry.stderr
    as_before(node, before)


@pytest.mark.parametrize(
    "words",
    [
        ["--bind"],
        ["--distribution", "rke2"],
        ["--as", "static-pod", "--image", "registry.example/kube-entra:1"],
    ],
)
def test_what_makes_no_sense_with_a_preparation_is_wrong_usage(node, words):
    before = node.snapshot()
    assert node.enable("--prepare", *words).returncode == 64
    as_before(node, before)
