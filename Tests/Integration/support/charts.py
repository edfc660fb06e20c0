"""The Helm chart and the kustomization, rendered by the released helm and kubectl."""

import json
import os
import subprocess

import yaml
from programs import ROOT

CHART = ROOT / "deploy" / "chart"
KUSTOMIZATION = ROOT / "deploy" / "kustomize"

SETS = {
    "as it comes": {},
    "a DaemonSet on the control plane": {"kind": "DaemonSet", "nodeSelector": {"disk": "fast"}},
    "certificates from cert-manager": {"certificates": {"certManager": {"enabled": True, "issuerRef": {"name": "ca"}}}},
    "metrics for the Prometheus operator": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "everything off": {
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "adminBinding": {"enabled": False},
    },
    "closed to all but the control plane": {
        "networkPolicy": {"apiServerCIDRs": ["192.0.2.0/28", "2001:db8::/64"], "egressPorts": [3128]},
        "image": {"tag": "1.2.3", "pullPolicy": "Always", "pullSecrets": [{"name": "registry"}]},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "tolerations": [{"operator": "Exists"}],
        "replicas": 3,
    },
    "one replica, and another role for the admins": {"replicas": 1, "adminBinding": {"clusterRole": "edit"}},
    "labels, annotations and an account of one's own": {
        "serviceAccountName": "webhook",
        "podLabels": {"azure.workload.identity/use": "true"},
        "podAnnotations": {"prometheus.io/scrape": "false"},
        "nodeSelector": {"kubernetes.io/os": "linux", "disk": "fast"},
        "image": {"digest": "sha256:" + "0" * 64},
    },
    "a way out through a proxy, and node-local DNS": {
        "networkPolicy": {
            "egressPorts": [443, 3128],
            "extraEgress": [{"to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}], "ports": [{"port": 53}]}],
        }
    },
    "further files beside cert-manager's certificates": {
        "certificates": {"certManager": {"enabled": True, "issuerRef": {"name": "ca"}}},
        "extraVolumes": [{"name": "files", "secret": {"secretName": "kube-entra-files", "defaultMode": 288}}],
        "extraVolumeMounts": [{"name": "files", "mountPath": "/etc/kube-entra-files", "readOnly": True}],
    },
}


def helm(*arguments, values=None):
    return subprocess.run(
        ["helm", *arguments, *(["--values", "-"] if values is not None else [])],
        input=json.dumps(values or {}),
        capture_output=True,
        text=True,
        timeout=120,
    )


def rendered(values, kubernetes="1.30.0"):
    arguments = ("--namespace", "kube-entra", "--kube-version", kubernetes)
    done = helm("template", "kube-entra", CHART, *arguments, values=values)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def refusal(values):
    """Why helm does not render the chart with these values."""
    done = helm("template", "kube-entra", CHART, "--namespace", "kube-entra", values=values)
    assert done.returncode != 0, done.stdout
    return done.stderr


def kustomized(folder, overlay):
    """What a kustomization on top of the project's makes. Its fields are `overlay`."""
    base = os.path.relpath(KUSTOMIZATION, folder.resolve())
    kustomization = {"resources": [base], **overlay}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def by_name(documents):
    """The objects by kind and name, with configurations as values and lists without an order in one order."""
    documents = list(documents)
    for document in documents:
        if document["kind"] == "ConfigMap":
            document["data"] = {name: yaml.safe_load(text) for name, text in document["data"].items()}
        if document["kind"] in ("Deployment", "DaemonSet"):
            pod = document["spec"]["template"]["spec"]
            pod["volumes"].sort(key=lambda volume: volume["name"])
            pod["containers"][0]["volumeMounts"].sort(key=lambda mount: mount["name"])
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}
