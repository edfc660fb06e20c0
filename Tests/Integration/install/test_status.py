"""status on several control-plane nodes: what is the same, and what is not."""

import json
import os
import signal
import subprocess

import pytest
import yaml

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a node of its own")


def test_a_webhook_that_is_not_ready_is_not_said_to_work(make):
    """Without signing keys, it refuses everybody, and still answers the API server."""
    node = make()
    assert node.enable().returncode == 0
    pid = int(node.log("webhook.pid"))
    os.kill(pid, signal.SIGKILL)
    node.wait_for(lambda: not os.path.exists(f"/proc/{pid}"))
    path = "/etc/kube-entra/kube-entra.yaml"
    config = yaml.safe_load(node.read(path))
    # Nothing listens there, so no keys come.
    config["tenants"][0].update(authority="https://127.0.0.1:1")
    del config["tenants"][0]["signingKeys"]
    node.write(path, yaml.safe_dump(config), mode=0o644)
    subprocess.run([*node.enter, f"{node.folder}/bin/systemctl", "enable", "kube-entra"], check=True)
    found = {}

    def is_answering():
        found.update(json.loads(node.run("status", "--output", "json").stdout))
        return found["apiServer"]["asksWebhook"]

    node.wait_for(is_answering)
    assert found["state"] == "broken" and not found["enabled"], found
    assert "signing-keys" in found["next"] and not found["webhook"]["ready"], found
    done = node.run("status")
    assert done.returncode == 1 and "does not work" in done.stdout and "signing-keys" in done.stdout, done.stdout


@pytest.mark.parametrize("distribution, missing", [("kubeadm", "manifests/kube-apiserver.yaml"), ("rke2", "rke2.yaml")])
def test_another_machine_is_not_a_node_without_the_webhook(make, distribution, missing):
    node = make()
    if distribution == "kubeadm":
        os.remove(node.path("/etc/kubernetes/manifests/kube-apiserver.yaml"))
    done = node.run("status", "--distribution", distribution)
    assert done.returncode == 2 and "this is not a control-plane node of" in done.stderr, done.stdout + done.stderr
    assert missing in done.stderr and done.stdout == ""


def test_nodes_are_compared(make, tmp_path):
    one, other = make(), make()
    assert one.enable().returncode == 0
    (tmp_path / "one.json").write_text(one.run("status", "--output", "json").stdout)
    done = other.run("status", "--compare", str(tmp_path / "one.json"), "--output", "json")
    assert done.returncode == 1 and json.loads(done.stdout)["compared"][0]["configuration"] == "different"
    done = one.run("status", "--compare", str(tmp_path / "one.json"))
    assert done.returncode == 0 and "same: configuration, ca.crt" in done.stdout, done.stdout
    (tmp_path / "one.json").write_text("{}")
    done = one.run("status", "--compare", str(tmp_path / "one.json"))
    assert done.returncode == 2 and "not the status of a node" in done.stderr
