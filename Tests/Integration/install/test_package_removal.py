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


FOLDERS = ["/etc/kube-entra", "/var/lib/kube-entra", "/var/log/kube-entra"]


def purge(node):
    """Which of the folders are left, and what was said."""
    for folder in FOLDERS:
        node.write(f"{folder}/file", "{}\n")
    script = ["sh", f"{ROOT}/deploy/release/debian/postrm", "purge"]
    done = subprocess.run([*node.enter, *script], capture_output=True, text=True, env=node.environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return [folder for folder in FOLDERS if node.exists(folder)], done.stderr


@pytest.mark.parametrize("place", PLACES)
def test_a_purge_leaves_the_files_that_kube_apiserver_names(node, place):
    """`--force` and the like remove the package although kube-apiserver asks the webhook."""
    text = node.read(place) if node.exists(place) else "# mine\n"
    flag = "authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"
    named = text.replace("  - kube-apiserver\n", f"  - kube-apiserver\n    - --{flag}\n")
    node.write(place, named if named != text else f"kube-apiserver-arg: [{flag}]\n")
    left, said = purge(node)
    assert left == FOLDERS and f"stay, since {place} needs them" in said
    node.write(place, text)
    assert purge(node) == ([], "")


AUTHORIZATION = "authorizers: [{ webhook: { kubeConfigFile: /etc/kube-entra/authorization-webhook.kubeconfig } }]\n"
POD = "spec: { volumes: [{ hostPath: { path: /etc/kube-entra } }] }\n"


@pytest.mark.parametrize(
    "files",
    [
        # The kill switch, with each way to write an argument.
        {
            "/etc/authz.yaml": AUTHORIZATION,
            "/etc/rancher/k3s/config.yaml": "kube-apiserver-arg:\n  - authorization-config=/etc/authz.yaml\n",
        },
        {
            "/etc/authz.yaml": AUTHORIZATION,
            "/etc/rancher/rke2/config.yaml.d/1.yaml": 'kube-apiserver-arg: ["a=b", "authorization-config=/etc/authz.yaml"]\n',
        },
        {
            "/etc/authz.yaml": AUTHORIZATION,
            "/etc/kubernetes/manifests/kube-apiserver.yaml": "- command:\n  - --authorization-config=/etc/authz.yaml\n",
        },
        # Static pods under any name.
        {"/etc/kubernetes/manifests/webhook.yaml": POD},
        {"/var/lib/rancher/rke2/agent/pod-manifests/entra.yaml": POD},
        # A copied program with a unit of its own.
        {"/etc/systemd/system/kube-entra.service": "[Service]\nExecStart=/usr/local/bin/kube-entra serve\n"},
        {"/var/lib/kube-entra-enable/journal.json": "{}\n"},
    ],
    ids=lambda files: list(files)[-1],
)
def test_a_purge_leaves_what_another_webhook_or_the_kill_switch_needs(node, files):
    before = {path: node.read(path) for path in files if node.exists(path)}
    for path, text in files.items():
        node.write(path, text)
    left, said = purge(node)
    assert left == FOLDERS and f"stay, since {next(iter(files))} needs them" in said
    for path in files:
        node.write(path, before.get(path, "# nothing\n"))
        if path not in before:
            os.remove(node.path(path))
    assert purge(node) == ([], "")


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
