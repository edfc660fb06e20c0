"""Every object that is given to an API server, and every answer to one, against the schemas of each version of Kubernetes
in deploy/compatibility."""

import functools
import json
import re

import access_reviews
import pytest
import yaml
from charts import CHART, KUSTOMIZATION, SETS, kustomized, rendered
from document_blocks import blocks
from kubernetes_schemas import VERSIONS, faults
from programs import ROOT
from webhook import review_body

# Their kinds come with cert-manager and with the Prometheus operator.
OTHERS = ("cert-manager.io/", "monitoring.coreos.com/")


def minor(version):
    return int(version.split(".")[1])


def borders():
    """The versions from which on the chart makes something else."""
    text = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    found = re.findall(r'semverCompare ">=([\d.]+)\.0-0"', text)
    assert len(found) == text.count("semverCompare") > 0
    return found


@functools.cache
def charted(version):
    """The objects of all sets of values, each once."""
    made = {json.dumps(made) for values in SETS.values() for made in rendered(values, kubernetes=f"{version}.0")}
    return [json.loads(text) for text in sorted(made)]


@functools.cache
def chart_objects(version):
    older = [one for one in (VERSIONS[0], *borders()) if minor(one) <= minor(version)]
    return charted(max(older, key=minor))


def all_faults(documents, version):
    return [
        (document["kind"], fault)
        for document in documents
        if not document["apiVersion"].startswith(OTHERS)
        for fault in faults(document, version)
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_charts_objects(version):
    documents = chart_objects(version)
    kinds = {document["kind"] for document in documents}
    assert {"Deployment", "DaemonSet", "NetworkPolicy", "PodDisruptionBudget", "ClusterRoleBinding"} < kinds
    assert all_faults(documents, version) == []


# As the comment in deployment.yaml says, for Kubernetes before 1.30.
WITHOUT_SLEEP = {"op": "remove", "path": "/spec/template/spec/containers/0/lifecycle"}


@pytest.fixture(scope="module")
def kustomizations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kustomizations")
    patch = {"target": {"kind": "Deployment"}, "patch": json.dumps([WITHOUT_SLEEP])}
    return kustomized(folder, {}), kustomized(folder, {"patches": [patch]})


@pytest.mark.parametrize("version", VERSIONS)
def test_the_kustomizations_objects(kustomizations, version):
    documents = kustomizations[0 if minor(version) >= 30 else 1]
    assert len(documents) >= 7
    assert all_faults(documents, version) == []


def test_an_api_server_that_does_not_know_the_pause_before_the_end_refuses_it(kustomizations):
    assert "Remove\n          # it if Kubernetes is older than 1.30" in (KUSTOMIZATION / "deployment.yaml").read_text()
    [(kind, fault)] = all_faults(kustomizations[0], "1.28")
    assert kind == "Deployment" and "'sleep' was unexpected" in fault


@pytest.mark.parametrize("version", VERSIONS)
def test_the_static_pod_and_the_objects_that_documents_show(version):
    documents = [yaml.safe_load((ROOT / "deploy/static-pod/kube-entra.yaml").read_text())]
    for path in sorted((ROOT / "deploy").rglob("README.md")):
        for block in blocks(path, "yaml"):
            documents += [shown for shown in yaml.safe_load_all(block) if isinstance(shown, dict) and "kind" in shown]
    known = [made for made in documents if not re.search(r"kube-entra\.dev|kubeadm|cert-manager", made["apiVersion"])]
    assert {"Pod", "ClusterRoleBinding"} <= {made["kind"] for made in known}
    assert all_faults(known, version) == []


@pytest.fixture(scope="module")
def answers(webhook, entra):
    """What it is asked, and what it answers, for tokens and for accesses."""
    questions = [(review_body(token), "/authenticate") for token in (entra.token(), entra.token(exp=1), "opaque")]
    questions.append((json.dumps(access_reviews.body()), "/authorize"))
    documents = []
    for question, path in questions:
        status, text = webhook.post(question, f"{path}?timeout=30s")
        assert status == 200, text
        asked, answered = json.loads(question), json.loads(text)
        # Fields of the question are required since 1.36, but an answer must not repeat a token.
        assert answered["spec"] == {}
        documents += [asked, {**answered, "spec": asked["spec"]}]
    assert [made["status"].get("authenticated") for made in documents[1::2]] == [True, False, False, None]
    return documents


@pytest.mark.parametrize("version", VERSIONS)
def test_questions_and_answers(answers, version):
    assert all_faults(answers, version) == []


def test_a_field_that_no_version_has_is_a_fault():
    """The schemas are strict, also deep in an object."""
    [deployment] = [made for made in rendered({}, kubernetes="1.27.0") if made["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    for part in (deployment["spec"], pod, pod["containers"][0]["securityContext"], pod["volumes"][0]["configMap"]):
        part["noSuchField"] = 1
    for version in VERSIONS:
        assert len(all_faults([deployment], version)) == 4
