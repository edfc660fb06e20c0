"""enable, disable and status on a node with a kubelet (a stand-in, kubelet.py) that restarts the API server."""

import os
import subprocess

import pytest
import yaml
from enabling import JOURNAL, MANIFEST, STEPS, as_before, signs_in, status, steps
from kubernetes_schemas import VERSIONS, faults
from node import CLUSTER_CONFIGURATION
from webhook import run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def test_from_nothing_to_sign_in_and_back(node, entra):
    before = node.snapshot()
    manifest = node.read(MANIFEST)
    assert status(node)[0] == 1 and status(node)[1]["state"] == "disabled"

    done = node.enable("--bind")
    assert done.returncode == 0, done.stdout + done.stderr
    said = steps(done.stdout)
    assert [step for step in STEPS if step in said] == STEPS and said[-1] == "done"
    assert signs_in(node, entra.token())["authenticated"] is True
    assert "kube-entra: " in signs_in(node, entra.token(aud="another"))["error"]
    code, found = status(node)
    assert code == 0 and found["enabled"] and found["webhook"]["ready"] and found["apiServer"]["asksWebhook"]
    assert found["kubeadmConfigHasFlags"] and len(found["configurationSHA256"]) == 64
    assert {os.path.basename(file["path"]) for file in found["certificates"]} == {
        "ca.crt",
        "client-ca.crt",
        "server.crt",
        "client.crt",
    }

    # What is on the node: secrets are their users', the copy lies outside of the manifests' folder.
    new = node.read(MANIFEST)
    assert set(manifest.splitlines()) <= set(new.splitlines()) and "# as kubeadm has it" in new
    assert os.stat(node.path(MANIFEST)).st_mode & 0o777 == 0o600
    user = int(
        next(line.split(":")[2] for line in node.read("/etc/passwd").splitlines() if line.startswith("kube-entra:"))
    )
    for path, owner, mode in [
        ("/etc/kube-entra/certs/server.key", user, 0o600),
        ("/etc/kube-entra/certs/client.key", 0, 0o600),
        ("/etc/kube-entra/webhook.yaml", 0, 0o600),
        ("/var/lib/kube-entra-enable", 0, 0o700),
        ("/var/lib/kube-entra-enable/ca.key", 0, 0o600),
        ("/var/lib/kube-entra", user, 0o700),
    ]:
        assert (os.stat(node.path(path)).st_uid, os.stat(node.path(path)).st_mode & 0o777) == (owner, mode), path
    assert node.read("/var/lib/kube-entra-enable/kube-apiserver.yaml") == manifest
    assert "unexpected file" not in node.log()
    assert not node.exists("/etc/kube-entra/certs/ca.key")
    held = node.objects()
    binding = held["bindings"]["kube-entra-cluster-admins"]
    assert binding["subjects"][0]["name"] == "kube-entra:cluster-admins"
    # What it writes, in the eyes of the oldest and the newest API server.
    for version in (VERSIONS[0], VERSIONS[-1]):
        assert [faults(made, version) for made in (binding, yaml.safe_load(new))] == [[], []]
    kubeadm = yaml.safe_load(held["configmap"]["data"]["ClusterConfiguration"])
    assert kubeadm["apiServer"]["extraArgs"][0]["value"] == "/etc/kube-entra/webhook.yaml"

    # A second run changes nothing.
    first = node.snapshot()
    log = node.log()
    again = node.enable("--bind")
    assert again.returncode == 0 and "nothing had to be changed" in again.stdout, again.stdout + again.stderr
    second = node.snapshot()
    assert {k for k in second if first.get(k) != second[k]} <= {JOURNAL} and node.log() == log

    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    as_before(node, before)
    held = node.objects()
    assert held["bindings"] == {} and held["configmap"]["data"]["ClusterConfiguration"] == CLUSTER_CONFIGURATION
    assert node.log().splitlines()[-1] == "started without the webhook"
    assert "nothing to do" in node.run("disable").stdout


def test_a_dry_run_changes_nothing_and_its_difference_is_a_patch(node, tmp_path):
    before = node.snapshot()
    done = node.enable("--dry-run", "--bind")
    assert done.returncode == 0, done.stderr
    assert node.snapshot() == before and not node.log("systemctl.log")
    old = node.read(MANIFEST)
    assert node.enable().returncode == 0
    (tmp_path / "manifest").write_text(old)
    (tmp_path / "patch").write_text(done.stdout[done.stdout.index("--- /etc") :])
    subprocess.run(["patch", "-s", str(tmp_path / "manifest"), str(tmp_path / "patch")], check=True)
    assert (tmp_path / "manifest").read_text() == node.read(MANIFEST)


@pytest.mark.parametrize("mode", ["does not start", "refuses reviews", "refuses bindings", "kills the webhook"])
def test_what_goes_wrong_after_the_change_is_taken_back(node, mode):
    before = node.snapshot()
    node.mode(mode)
    done = node.enable("--bind", wait="15s")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the old manifest is back and the API server serves as before" in done.stderr
    as_before(node, before)
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")
    assert node.objects()["bindings"] == {}


def break_service(node):
    with open(f"{node.folder}/bin/systemctl") as file:
        text = file.read()
    with open(f"{node.folder}/bin/systemctl", "w") as file:
        file.write(text.replace("enable)\n", "enable)\n    echo 'Job failed.' >&2; exit 1\n"))


def break_keys(node):
    os.remove(f"{node.folder}/given/keys.json")


def break_manifest(node):
    node.write(MANIFEST, node.read(MANIFEST).replace("kube-apiserver\n    - --adv", "sh\n    - --adv"))


def break_api_server(node):
    node.kubelet.kill()
    node.kubelet.wait()
    node.kubelet = None


@pytest.mark.parametrize("fault", [break_service, break_keys, break_manifest, break_api_server])
def test_what_goes_wrong_before_the_change_leaves_the_node_as_it_was(node, fault):
    fault(node)
    before = node.snapshot()
    done = node.enable(wait="5s")
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.count("kube-entra: ") == 1 and "→" in done.stderr
    as_before(node, before)


def test_a_user_that_cannot_be_removed_is_named(node):
    before = node.snapshot()
    assert node.enable().returncode == 0
    user = next(line.split(":")[2] for line in node.read("/etc/passwd").splitlines() if line.startswith("kube-entra:"))
    other = subprocess.Popen([*node.enter, "setpriv", f"--reuid={user}", "--clear-groups", "sleep", "600"])
    try:
        done = node.run("disable", "--timeout", "120s")
    finally:
        other.kill()
        other.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    kept = [line for line in done.stdout.splitlines() if line.split()[3:4] == ["kept"]]
    assert len(kept) == 1 and "the user kube-entra: userdel: " in kept[0] and str(other.pid) in kept[0]
    assert {path for path, value in node.snapshot().items() if before.get(path) != value} <= {
        "/etc/passwd",
        "/etc/group",
    }


@pytest.mark.parametrize("distribution", ["rke2", "k3s"])
def test_other_distributions_get_a_file_of_their_own(make, entra, distribution):
    node = make(distribution)
    before = node.snapshot()
    mine = node.read(f"/etc/rancher/{distribution}/config.yaml")
    done = node.enable("--bind")
    assert done.returncode == 0, done.stdout + done.stderr
    assert signs_in(node, entra.token())["authenticated"] is True
    added = yaml.safe_load(node.read(node.drop_in))
    assert len(added["kube-apiserver-arg+"]) == 2
    assert ("kube-apiserver-extra-mount+" in added) == (distribution == "rke2")
    assert node.read(f"/etc/rancher/{distribution}/config.yaml") == mine
    assert f"restart {'rke2-server' if distribution == 'rke2' else 'k3s'}" in node.log("systemctl.log")
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_as_a_static_pod(node, entra):
    before = node.snapshot()
    done = node.enable("--as", "static-pod", "--image", "registry.example/kube-entra:1")
    assert done.returncode == 0, done.stdout + done.stderr
    pod = yaml.safe_load(node.read("/etc/kubernetes/manifests/kube-entra.yaml"))
    assert pod["spec"]["containers"][0]["image"] == "registry.example/kube-entra:1"
    assert [faults(pod, version) for version in (VERSIONS[0], VERSIONS[-1])] == [[], []]
    assert signs_in(node, entra.token())["authenticated"] is True
    assert os.stat(node.path("/etc/kube-entra/certs/server.key")).st_uid == 64170
    assert not node.exists("/usr/local/bin/kube-entra")
    assert node.run("disable", "--timeout", "120s").returncode == 0
    as_before(node, before)


def test_a_manifest_that_others_changed_since_keeps_their_change(node):
    old = node.read(MANIFEST)
    assert node.enable().returncode == 0
    node.write(MANIFEST, node.read(MANIFEST).replace("allow-privileged=true", "allow-privileged=false"), mode=0o600)
    with open(node.path("/etc/kube-entra/kube-entra.yaml"), "a") as file:
        file.write("# mine\n")
    done = node.run("disable", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert node.read(MANIFEST) == old.replace("allow-privileged=true", "allow-privileged=false")
    # So does a configuration.
    assert "kube-entra.yaml was changed since" in done.stdout and node.exists("/etc/kube-entra/kube-entra.yaml")


def test_flags_that_an_upgrade_lost_are_added_again(node):
    old = node.read(MANIFEST)
    assert node.enable().returncode == 0
    node.write(MANIFEST, old, mode=0o600)
    node.wait_for(lambda: node.log().splitlines()[-1] == "started without the webhook")
    code, found = status(node)
    assert code == 1 and found["state"] == "disabled" and "upgrade" in found["next"]
    done = node.run("enable", "--timeout", "120s")
    assert done.returncode == 0 and status(node)[0] == 0, done.stdout + done.stderr


def test_other_values_than_those_in_force_are_not_taken_quietly(node, tmp_path):
    assert node.enable().returncode == 0
    before = node.snapshot()
    group = "99999999-2222-3333-4444-555555555555"
    audience = "99999999-2222-3333-4444-666666666666"
    done = node.run("enable", "--tenant-id", group, "--audience", audience, "--admin-group", group)
    assert done.returncode == 2 and "--tenant-id" in done.stderr
    with open(node.config, "a") as file:
        file.write("# another\n")
    done = node.enable()
    assert done.returncode == 2 and "policy diff" in done.stderr
    assert node.snapshot() == before


@pytest.mark.parametrize(
    "words",
    [
        ["--tenant-id", "11111111-2222-3333-4444-555555555555"],
        ["--tenant-id", "x", "--audience", "a", "--admin-group", "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"],
        ["--tenant-id", "11111111-2222-3333-4444-555555555555", "--audience", "a", "--admin-group", "admins"],
        [
            "--tenant-id",
            "11111111-2222-3333-4444-555555555555",
            "--audience",
            "a",
            "--admin-group",
            "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed",
            "--config",
            "x",
        ],
        ["--config", "x", "--as", "static-pod"],
        ["--config", "x", "--image", "y"],
        ["--config", "x", "--timeout", "soon"],
        ["--config", "x", "--distribution", "aks"],
        ["--config", "x", "--as", "deployment"],
    ],
)
def test_wrong_usage_ends_with_status_64_and_changes_nothing(words):
    code, out, error = run("enable", *words)
    assert code == 64 and not out, error


def test_not_a_control_plane_node(tmp_path, node):
    # Without the manifest, nothing says what this node is.
    os.remove(node.path(MANIFEST))
    for command in ("enable", "disable", "status"):
        done = node.run(command)
        assert done.returncode == 2 and "not a control-plane node" in done.stderr, command


def test_only_root_changes_a_node(node):
    done = node.run(
        "enable", "--config", node.config, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    )
    assert done.returncode == 2 and "root" in done.stderr
