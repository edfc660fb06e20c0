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
    before = node.snapshot()
    done = node.enable("--prepare")
    assert done.returncode == 0 and "kubeadm join" in done.stdout, done.stdout + done.stderr
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


@pytest.mark.parametrize(
    "words",
    [
        ["--bind"],
        ["--dry-run"],
        ["--distribution", "rke2"],
        ["--as", "static-pod", "--image", "registry.example/kube-entra:1"],
    ],
)
def test_what_makes_no_sense_with_a_preparation_is_wrong_usage(node, words):
    before = node.snapshot()
    assert node.enable("--prepare", *words).returncode == 64
    as_before(node, before)
