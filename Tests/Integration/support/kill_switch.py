"""kube-apiserver's AuthorizationConfiguration with the webhook as authorizer, on a node."""

import os

import yaml
from enabling import MANIFEST

FOLDER = "/etc/kubernetes/kube-entra"
FILE = f"{FOLDER}/authorization.yaml"


def turn_on(node, folder=FOLDER, *options, is_awaited=True):
    """The kill switch, as deploy/authorization describes it; with kubeadm, kube-apiserver has started with it."""
    os.makedirs(node.path(folder))
    done = node.run(
        "kubeconfig",
        "authorization",
        "--certs",
        "/etc/kube-entra/certs",
        *options,
        "--out",
        f"{folder}/authorization.yaml",
    )
    assert done.returncode == 0, done.stderr
    if node.distribution != "kubeadm":
        text = f"kube-apiserver-arg+: [authorization-config={folder}/authorization.yaml]\n"
        return node.write(f"/etc/rancher/{node.distribution}/config.yaml.d/91-kube-entra-authorization.yaml", text)
    text = node.read(MANIFEST).replace(
        "--authorization-mode=Node,RBAC", f"--authorization-config={folder}/authorization.yaml"
    )
    if not folder.startswith("/etc/kube-entra"):
        text = text.replace(
            "    volumeMounts:\n",
            f"    volumeMounts:\n    - {{name: kube-entra-authorization, mountPath: {folder}, readOnly: true}}\n",
        ).replace(
            "  volumes:\n",
            f"  volumes:\n  - {{name: kube-entra-authorization, hostPath: {{path: {folder}, type: Directory}}}}\n",
        )
    count = node.log().count("started with the webhook")
    node.write(MANIFEST, text, mode=0o600)
    if is_awaited:
        node.wait_for(lambda: node.log().count("started with the webhook") > count)


def turn_off(node, folder=FOLDER):
    document = yaml.safe_load(node.read(f"{folder}/authorization.yaml"))
    document["authorizers"] = [one for one in document["authorizers"] if one["type"] != "Webhook"]
    node.write(f"{folder}/authorization.yaml", yaml.safe_dump(document))
