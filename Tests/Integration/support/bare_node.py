"""A control-plane node of kubeadm in a bare Debian root, with an Entra that looks like the real one from inside it.

Outside of the root run the stand-in for kubelet and kube-apiserver (kubelet.py) and Entra's (entra.py); both serve in
the root's network. The webhook is started by the root's own systemd."""

import json
import os
import signal
import subprocess
import sys

from bare_root import BareRoot
from certificates import SERVER
from entra import Entra
from node import CLUSTER_CONFIGURATION, HERE, MANIFEST, Node, admin_kubeconfig

PORT = 6443
LOGIN = "login.microsoftonline.com"


class PublicEntra(Entra):
    """Entra of the public cloud, with the addresses of real tokens."""

    def issuer(self, version="1.0", tenant=None):
        return f"https://sts.windows.net/{tenant}/" if version == "1.0" else f"https://{LOGIN}/{tenant}/v2.0"

    def start(self):
        self.port = 443
        super().start(certificate="login", host=LOGIN)


class BareNode:
    def __init__(self, folder, archive, certificates, tools):
        self.root = BareRoot(folder, archive)
        self.state = f"{folder}/state"
        os.mkdir(self.state)
        certificates.issue("login", certificates.ca, SERVER, names=[LOGIN])
        root = self.root
        root.write("/etc/hosts", f"127.0.0.1 localhost node cluster.example {LOGIN}\n")
        with open(certificates.path("ca.crt")) as file:
            authority = file.read()
        root.write("/usr/local/share/ca-certificates/entra.crt", authority)
        self.make_cluster(certificates)
        with open(f"{tools}/kubectl", "rb") as file:
            root.write("/usr/local/bin/kubectl", file.read(), mode=0o755)
        root.boot()
        root.run("update-ca-certificates")
        self.entra = PublicEntra(str(folder), certificates)
        root.in_network(self.entra.start)
        self.kubelet = None
        self.start_kubelet()

    def make_cluster(self, certificates):
        """The files of a cluster, before the root boots."""
        root = self.root
        certificates.issue(
            "cluster", certificates.ca, SERVER, names=["localhost", "cluster.example"], addresses=["127.0.0.1"]
        )
        with open(certificates.path("ca.crt")) as file:
            root.write("/etc/kubernetes/pki/ca.crt", file.read())
        for name, source in (("apiserver", "cluster"), ("admin", "client")):
            for kind in ("crt", "key"):
                with open(certificates.path(f"{source}.{kind}")) as file:
                    root.write(f"/etc/kubernetes/pki/{name}.{kind}", file.read(), mode=0o600)
        root.write("/etc/kubernetes/admin.conf", admin_kubeconfig(PORT), mode=0o600)
        root.write("/etc/kubernetes/manifests/kube-apiserver.yaml", MANIFEST.format(port=PORT), mode=0o600)
        with open(f"{self.state}/objects.json", "w") as file:
            configmap = {"metadata": {"resourceVersion": "1"}, "data": {"ClusterConfiguration": CLUSTER_CONFIGURATION}}
            json.dump({"bindings": {}, "configmap": configmap}, file)

    def start_kubelet(self):
        self.kubelet = subprocess.Popen(
            [*self.root.inside("net"), sys.executable, f"{HERE}/kubelet.py", self.state],
            env={**os.environ, "NODE_ROOT": self.root.root, "NODE_NAME": "node"},
        )
        Node.wait_for(lambda: "started" in self.log())

    def log(self, name="log"):
        try:
            with open(f"{self.state}/{name}", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def objects(self):
        with open(f"{self.state}/objects.json") as file:
            return json.load(file)

    def sign_in(self, token):
        """From now on, kubelogin in the root returns that token."""
        answer = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "kind": "ExecCredential",
            "status": {"token": token},
        }
        self.root.write("/usr/local/bin/kubelogin", f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n", mode=0o755)

    def close(self):
        if self.kubelet:
            self.kubelet.send_signal(signal.SIGTERM)
            self.kubelet.wait()
        self.entra.stop()
        self.root.close()
