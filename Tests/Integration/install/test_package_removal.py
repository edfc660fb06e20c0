"""The package cannot be removed while kube-apiserver asks the webhook, with every distribution."""

import os
import subprocess

import pytest
from programs import ROOT

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
    return subprocess.run(
        [*node.enter, *WITH_SYSTEMD, "sh", "sh", f"{ROOT}/deploy/release/debian/prerm", "remove"],
        capture_output=True,
        text=True,
        env=node.environment,
        timeout=60,
    )


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
