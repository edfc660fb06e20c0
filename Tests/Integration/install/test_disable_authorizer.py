"""`disable` while kube-apiserver's --authorization-config asks this webhook as well: it would not start again."""

import os

import pytest
from enabling import as_before, status
from kill_switch import FILE, FOLDER, turn_off, turn_on

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def refused(node, what):
    """disable changes nothing, and its dry run says the same after the plan."""
    before, log = node.snapshot(), node.log()
    said = []
    for words in (["--dry-run"], []):
        done = node.run("disable", "--timeout", "20s", *words)
        assert done.returncode == 2 and what in done.stderr, done.stdout + done.stderr
        as_before(node, before)
        said.append((done.stdout, done.stderr))
    assert said[0][1] == said[1][1] and "stop the webhook" in said[0][0] and node.log() == log
    assert "disable would end here" in said[0][0]
    assert status(node)[0] == 0


@pytest.mark.parametrize("distribution", ["kubeadm", "rke2", "k3s"])
def test_disable_does_not_take_the_authorizers_certificates(make, distribution):
    node = make(distribution)
    assert node.enable().returncode == 0
    turn_on(node)
    refused(node, "/etc/kube-entra/certs/ca.crt")
    turn_off(node)
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not node.exists("/etc/kube-entra")
    if distribution == "kubeadm":
        assert node.log().splitlines()[-1] == "started without the webhook"


def test_an_authorizer_with_its_own_certificates_still_needs_the_service(node):
    assert node.enable().returncode == 0
    # The service listens at a port of the test's own.
    turn_on(node, FOLDER, "--embed", "--server", f"https://127.0.0.1:{node.listen}/authorize")
    refused(node, "asks this webhook, which `disable` stops")
    # Without its configuration, nobody knows which port that is.
    config = node.read("/etc/kube-entra/kube-entra.yaml")
    node.write("/etc/kube-entra/kube-entra.yaml", "server: [\n", mode=0o644)
    done = node.run("disable", "--timeout", "20s")
    assert done.returncode == 2 and "it is not known whether it calls this webhook" in done.stderr, done.stderr
    node.write("/etc/kube-entra/kube-entra.yaml", config, mode=0o644)
    # Another webhook is of no concern.
    path = f"{FOLDER}/authorization-webhook.kubeconfig"
    node.write(path, node.read(path).replace(f":{node.listen}/", ":1/"))
    assert node.run("disable", "--dry-run").returncode == 0


def test_the_folder_that_disable_takes_from_the_container_is_not_needed_otherwise(node):
    assert node.enable().returncode == 0
    turn_on(node, "/etc/kube-entra/authorization", "--embed")
    refused(node, "is in the folder that `disable` takes from it")


def test_an_authorization_file_that_cannot_be_read_is_no_permission(node):
    assert node.enable().returncode == 0
    turn_on(node)
    text = node.read(FILE)
    node.write(FILE, "authorizers: [\n")
    refused(node, f"{FILE}, to which")
    node.write(FILE, text)
    os.remove(node.path(f"{FOLDER}/authorization-webhook.kubeconfig"))
    refused(node, "authorization-webhook.kubeconfig, to which")
