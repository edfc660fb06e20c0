"""What is half done on a cluster with the real kube-apiserver is taken back."""

import pytest
from entra import ADMINS, AUDIENCE, TENANT
from real_node import ADMIN, MANIFEST

ENABLE = f"kube-entra enable --tenant-id {TENANT} --audience {AUDIENCE} --admin-group {ADMINS} --bind"
# Without this file a running kube-apiserver goes on, and a new one does not start.
KEY = "/etc/kubernetes/pki/sa.pub"


@pytest.fixture
def before(cluster):
    """The node before the test; after it, the same is there."""
    before = cluster.snapshot()
    yield before
    assert cluster.snapshot() == before
    assert "kube-entra" not in cluster.root.run(f"{ADMIN} get clusterrolebindings -o name")


def test_enable_puts_the_manifest_back_when_the_api_server_does_not_start(cluster, before):
    root, manifest = cluster.root, cluster.root.read(MANIFEST)
    root.run(f"mv {KEY} /root/")
    code, said = root.status(f"{ENABLE} --timeout 20s")
    print("\n" + said)
    assert code == 1 and "the old manifest is back, but the API server does not answer yet" in said, said
    assert root.read(MANIFEST) == manifest
    assert "sa.pub: no such file" in cluster.log("kube-apiserver")
    root.run(f"mv /root/sa.pub {KEY}")
    cluster.wait_until_ready()


KILLED = """
{enable} >/root/said 2>&1 &
while ! grep -qE '^[0-9:]+ +[0-9.]+ s +{step}' /root/said; do sleep 0.02; done
kill -KILL $!
"""


@pytest.mark.parametrize("step", ["ready", "change"])
def test_disable_takes_back_what_a_killed_enable_left(cluster, before, step):
    root = cluster.root
    root.run(KILLED.format(enable=ENABLE, step=step))
    code, said = root.status("kube-entra status")
    print("\n" + said)
    assert code != 0, said
    said = root.run("kube-entra disable")
    assert "the node is as it was before" in said, said
    cluster.wait_until_ready()


def test_enable_finishes_what_a_killed_enable_left(cluster, before):
    root = cluster.root
    root.run(KILLED.format(enable=ENABLE, step="change"))
    said = root.run(ENABLE)
    assert "people sign in with Microsoft Entra from now on" in said, said
    assert root.status("kube-entra status")[0] == 0
    # A second run has nothing to change.
    manifest = root.read(MANIFEST)
    assert "kube-apiserver has the flags" in root.run(ENABLE)
    assert root.read(MANIFEST) == manifest
    root.run("kube-entra disable")
    assert root.read(MANIFEST) != manifest
    cluster.wait_until_ready()


OTHER_NODE = """
apiVersion: v1
kind: Node
metadata:
  name: other
  labels: {node-role.kubernetes.io/control-plane: ""}
---
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver-other
  namespace: kube-system
  labels: {component: kube-apiserver}
  annotations: {kubernetes.io/config.mirror: other}
spec:
  nodeName: other
  containers:
    - name: kube-apiserver
      image: kube-apiserver
      command: [kube-apiserver, --authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml]
"""


def test_the_binding_stays_until_the_last_node_and_the_flags_of_kubeadm_go_with_the_first(cluster, before):
    root = cluster.root
    root.write("/root/other.yaml", OTHER_NODE)
    root.run(f"{ADMIN} create --validate=false -f /root/other.yaml")
    root.run(ENABLE)
    said = root.run("kube-entra disable")
    assert "kube-entra-cluster-admins stays for other, whose API servers ask the webhook" in said, said
    # kubeadm upgrade would give them to this node too.
    assert "removed the flags from the ConfigMap kubeadm-config" in said, said
    assert "kube-entra-cluster-admins" in root.run(f"{ADMIN} get clusterrolebindings -o name")
    root.run(f"{ADMIN} delete --grace-period=0 --force -f /root/other.yaml")
    said = root.run("kube-entra disable")
    assert "removed the ClusterRoleBinding kube-entra-cluster-admins" in said, said
