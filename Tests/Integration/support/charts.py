"""The Helm chart and the kustomization, rendered by the released helm and kubectl."""

import json
import os
import subprocess

import yaml
from programs import ROOT

CHART = ROOT / "deploy" / "chart"
KUSTOMIZATION = ROOT / "deploy" / "kustomize"


def helm(*arguments, values=None):
    return subprocess.run(
        ["helm", *arguments, *(["--values", "-"] if values is not None else [])],
        input=json.dumps(values or {}),
        capture_output=True,
        text=True,
        timeout=120,
    )


def rendered(values):
    done = helm("template", "kube-entra", CHART, "--namespace", "kube-entra", values=values)
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
