"""What `enable` changes on a node, and whether users can sign in."""

import json
import subprocess

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
JOURNAL = "/var/lib/kube-entra-enable/journal.json"
STEPS = [
    "user",
    "certificates",
    "configuration",
    "kubeconfig",
    "service",
    "ready",
    "copy",
    "change",
    "api-server",
    "bind",
    "kubeadm",
]


def steps(text):
    return [line.split()[3] for line in text.splitlines() if line[:2].isdigit() and line[2:3] == ":"]


def status(node):
    done = node.run("status", "--output", "json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def signs_in(node, token):
    """The API server's view of a token."""
    body = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "spec": {"token": token}}
    done = subprocess.run(
        [
            *node.enter,
            "curl",
            "-s",
            "--noproxy",
            "*",
            "--cacert",
            "/etc/kubernetes/pki/ca.crt",
            "--cert",
            "/etc/kubernetes/pki/admin.crt",
            "--key",
            "/etc/kubernetes/pki/admin.key",
            "-H",
            "Content-Type: application/json",
            "-d",
            json.dumps(body),
            f"https://localhost:{node.port}/apis/authentication.k8s.io/v1/tokenreviews",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)["status"]


def as_before(node, before):
    """Nothing on the node differs; what does is named, with how it was and is."""
    after = node.snapshot()
    differ = {name: (before.get(name), after.get(name)) for name in before.keys() | after.keys()}
    differ = {name: both for name, both in differ.items() if both[0] != both[1]}
    assert not differ, differ
