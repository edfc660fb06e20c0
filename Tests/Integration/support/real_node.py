"""A control-plane node on which everything is real but the kubelet: kubeadm makes it, etcd and kube-apiserver run from
the manifests that it wrote, systemd runs the webhook, and kubectl signs in."""

import json
import os
import signal
import subprocess
import sys

from bare_node import BareNode
from node import HERE, Node

ADDRESS = "10.0.0.10"
VERSION = "v1.20.2"
CONFIGURATION = f"""\
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: {ADDRESS}
  bindPort: 6443
nodeRegistration:
  name: node
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: {VERSION}
controlPlaneEndpoint: cluster.example:6443
"""
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node", "labels": {"kubernetes.io/hostname": "node"}},
}
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
PROGRAMS = ("etcd", "kube-apiserver", "kubeadm")
# What a running Debian and a running cluster write down by themselves, and the tests' own.
OWN = (
    "/var/log",
    "/var/lib/systemd",
    "/var/lib/etcd",
    "/var/cache",
    "/root",
    "/etc/machine-id",
    "/usr/local/bin/kubelogin",
)
ADMIN = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


class RealNode(BareNode):
    def __init__(self, folder, archive, certificates, tools, programs):
        self.programs = programs
        super().__init__(folder, archive, certificates, tools)

    def make_cluster(self, certificates):
        for name in PROGRAMS:
            with open(f"{self.programs}/{name}", "rb") as file:
                self.root.write(f"/usr/local/bin/{name}", file.read(), mode=0o755)
        self.root.write("/root/kubeadm.yaml", CONFIGURATION)

    def start_kubelet(self):
        try:
            self.start_cluster()
        except BaseException:
            self.close()
            raise

    def start_cluster(self):
        root = self.root
        # An address that kube-apiserver may advertise, which a loopback address is not.
        subprocess.run([*root.inside("net"), "ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
        self.kubeadm("certs all", "kubeconfig all", "etcd local", "control-plane apiserver")
        self.kubelet = subprocess.Popen(
            [
                sys.executable,
                f"{HERE}/static_pods.py",
                root.path("/etc/kubernetes/manifests"),
                self.state,
                *root.inside("mount", "net", "uts", "ipc", "root"),
            ],
            env={**os.environ, "NODE_NAME": "node"},
        )
        self.wait_until_ready()
        # The kubelet registers itself, and kubeadm marks it.
        root.write("/root/node.json", json.dumps(NODE))
        root.run("kubectl --kubeconfig /etc/kubernetes/kubelet.conf create --validate=false -f /root/node.json")
        self.kubeadm("upload-config kubeadm", "mark-control-plane")

    def kubeadm(self, *phases):
        for phase in phases:
            self.root.run(f"kubeadm init phase {phase} --config /root/kubeadm.yaml")

    def kill(self, name):
        """Ends a pod's program as a crash would."""
        os.kill(int(self.log(f"{name}.pid")), signal.SIGKILL)

    def wait_until_ready(self):
        Node.wait_for(lambda: self.root.status(f"{ADMIN} get --raw /readyz")[0] == 0)

    def snapshot(self):
        return self.root.snapshot(OWN)
