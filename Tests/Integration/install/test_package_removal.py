"""The package cannot be removed while kube-apiserver asks the webhook, with every distribution."""

import os
import shutil
import subprocess

import pytest
from enabling import status
from kill_switch import FILE, FOLDER, turn_off, turn_on
from programs import ROOT
from webhook import PROGRAM

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")

# As on a host with systemd.
WITH_SYSTEMD = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"',
]


def remove(node):
    # The package's program is in PATH.
    shutil.copy(PROGRAM, f"{node.folder}/bin/kube-entra")
    return subprocess.run(
        [*node.enter, *WITH_SYSTEMD, "sh", "sh", f"{ROOT}/deploy/release/debian/prerm", "remove"],
        capture_output=True,
        text=True,
        env=node.environment,
        timeout=60,
    )


PLACES = [
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    *[f"/etc/rancher/{kind}/{name}" for kind in ("rke2", "k3s") for name in ("config.yaml", "config.yaml.d/50-x.yaml")],
]


@pytest.mark.parametrize("place", PLACES)
def test_a_purge_leaves_the_files_that_kube_apiserver_names(node, place):
    """`--force` and the like remove the package although kube-apiserver asks the webhook."""
    folders = ["/etc/kube-entra", "/var/lib/kube-entra", "/var/log/kube-entra"]
    script = ["sh", f"{ROOT}/deploy/release/debian/postrm", "purge"]
    text = node.read(place) if node.exists(place) else "# mine\n"
    flag = "authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"
    for is_named in (True, False):
        for folder in folders:
            node.write(f"{folder}/webhook.yaml", "{}\n")
        named = text.replace("  - kube-apiserver\n", f"  - kube-apiserver\n    - --{flag}\n")
        node.write(place, (named if named != text else f"kube-apiserver-arg: [{flag}]\n") if is_named else text)
        done = subprocess.run([*node.enter, *script], capture_output=True, text=True, env=node.environment, timeout=60)
        assert done.returncode == 0, done.stderr
        assert ("/etc/kube-entra stays, since" in done.stderr) == is_named, done.stderr
        assert [node.exists(folder) for folder in folders] == [is_named, False, False]


@pytest.mark.parametrize("distribution", ["kubeadm", "rke2", "k3s"])
def test_what_is_still_asked_is_not_removed(make, distribution):
    node = make(distribution)
    assert remove(node).returncode == 0
    assert node.enable().returncode == 0
    done = remove(node)
    assert done.returncode == 1 and "kube-entra disable" in done.stderr, done.stderr
    assert node.run("disable", "--timeout", "120s").returncode == 0
    done = remove(node)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
def test_flags_that_were_written_by_hand_count_too(make, distribution):
    node = make(distribution)
    flag = "authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"
    node.write(f"/etc/rancher/{distribution}/config.yaml", f"# {flag}\n")
    assert remove(node).returncode == 0
    node.write(f"/etc/rancher/{distribution}/config.yaml", f"kube-apiserver-arg:\n  - {flag}\n")
    assert remove(node).returncode == 1


def test_a_half_done_enable_counts_too(node):
    assert node.enable_until("certificates")
    assert remove(node).returncode == 1
    assert node.run("disable", "--timeout", "120s").returncode == 0
    assert remove(node).returncode == 0


def by_hand(node, address):
    """The kill switch without the flags of `enable`: `disable` has nothing to do on such a node."""
    assert node.run("certs", "create", "--out", "/etc/kube-entra/certs").returncode == 0
    with open(node.config) as file:
        node.write("/etc/kube-entra/kube-entra.yaml", file.read())
    turn_on(node, FOLDER, "--embed", "--server", address, is_awaited=False)


@pytest.mark.parametrize("distribution", ["kubeadm", "rke2", "k3s"])
def test_an_authorizer_alone_counts_too(make, distribution):
    node = make(distribution)
    by_hand(node, f"https://127.0.0.1:{node.listen}/authorize")
    assert "nothing to do" in node.run("disable").stdout
    done = remove(node)
    assert done.returncode == 1 and "--authorization-config calls this webhook" in done.stderr, done.stderr
    assert f"calls the webhook as authorizer too ({FILE})" in node.run("status").stdout
    text = node.read(FILE)
    node.write(FILE, "authorizers: [\n")
    assert remove(node).returncode == 1
    found = {"file": FILE, "calls": "unknown", "reason": f"{FILE} cannot be read"}
    assert status(node)[1]["authorizer"] == found
    node.write(FILE, text)
    # Where the webhook listens is in its configuration.
    path = "/etc/kube-entra/kube-entra.yaml"
    config = node.read(path)
    node.write(path, "server: [\n")
    reason = f"{path} has errors, so the port of this node's webhook is not known"
    assert status(node)[1]["authorizer"] == {"file": FILE, "calls": "unknown", "reason": reason}
    assert f"not known whether kube-apiserver calls the webhook as authorizer ({FILE}): {reason}" in (
        node.run("status").stdout
    )
    assert remove(node).returncode == 1
    node.write(path, config)
    turn_off(node)
    done = remove(node)
    assert done.returncode == 0, done.stderr
    assert status(node)[1]["authorizer"]["calls"] == "no"


def test_another_webhooks_authorizer_is_of_no_concern(node):
    assert status(node)[1]["authorizer"] is None
    by_hand(node, "https://10.96.0.9:443/authorize")
    assert status(node)[1]["authorizer"]["calls"] == "no"
    done = remove(node)
    assert done.returncode == 0, done.stderr
