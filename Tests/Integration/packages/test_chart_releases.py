"""The chart is installed, upgraded, rolled back and uninstalled by the released helm, and the commands of the documents
of chart and kustomization are run as they stand, in a cluster that keeps objects and refuses what a real one refuses to change."""

import json
import re

import pytest
import yaml
from charts import CHART, KUSTOMIZATION
from document_blocks import blocks
from programs import ROOT

OPERATIONS = ROOT / "deploy" / "operations" / "README.md"


def helm(words):
    name, _, rest = words.partition(" ")
    chart = f" {CHART}" if name in ("install", "upgrade") else ""
    # The cluster has no schemas of its kinds.
    unchecked = " --disable-openapi-validation" if name in ("install", "upgrade") else ""
    return f"helm {name} kube-entra{chart} --namespace kube-entra{unchecked} {rest}"


def roles(cluster):
    return {name: made["roleRef"]["name"] for name, made in cluster.of("ClusterRoleBinding").items()}


@pytest.mark.usefixtures("tools")
def test_a_release_is_installed_upgraded_rolled_back_and_uninstalled(user):
    cluster, run = user
    cluster.add("secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}}, "kube-entra")
    run(helm("install"))
    assert roles(cluster) == {"kube-entra-cluster-admins": "cluster-admin"}
    first = cluster.of("Deployment")["kube-entra"]["spec"]

    # Neither the role of a binding nor the selector of a Deployment can change, so helm must not try.
    run(helm("upgrade --set adminBinding.clusterRole=edit --set configuration.logging.level=debug"))
    assert roles(cluster) == {"kube-entra-admins:edit": "edit"}
    assert "level: debug" in cluster.of("ConfigMap")["kube-entra"]["data"]["kube-entra.yaml"]
    assert cluster.of("Deployment")["kube-entra"]["spec"]["template"] == first["template"]

    run(helm("upgrade --set configuration.kubernetes.adminGroups={platform}"))
    [binding] = cluster.of("ClusterRoleBinding").values()
    assert binding["roleRef"]["name"] == "cluster-admin" and binding["subjects"][0]["name"] == "platform"

    run(helm("upgrade --set adminBinding.enabled=false --set image.tag=0.2.0 --set networkPolicy.enabled=false"))
    assert roles(cluster) == {} and cluster.of("NetworkPolicy") == {}
    [container] = cluster.of("Deployment")["kube-entra"]["spec"]["template"]["spec"]["containers"]
    assert container["image"].endswith(":0.2.0")

    run(helm("rollback 1"))
    assert roles(cluster) == {"kube-entra-cluster-admins": "cluster-admin"}
    assert cluster.of("Deployment")["kube-entra"]["spec"]["template"] == first["template"]

    run(helm("uninstall"))
    assert [kind for kind in ("Deployment", "Service", "ConfigMap", "ClusterRoleBinding") if cluster.of(kind)] == []
    assert list(cluster.of("Secret")) == ["own"]


@pytest.mark.usefixtures("tools")
def test_this_cluster_refuses_to_change_the_role_of_a_binding(user):
    cluster, run = user
    run(helm("install"))
    change = json.dumps({"roleRef": {"name": "edit"}})
    said = run(f"kubectl patch clusterrolebinding kube-entra-cluster-admins --type merge --patch '{change}'", status=1)
    assert "roleRef: cannot change" in said and roles(cluster) == {"kube-entra-cluster-admins": "cluster-admin"}


NOTES = {
    "as it comes": (
        "",
        [
            "WARNING: the tenant, audience and group are those of the example",
            "WARNING: image.repository is that of the example",
            "The webhook answers at https://10.96.0.20:8443/authenticate.",
            "kube-entra certs create --host 10.96.0.20",
            "rollout status deployment/kube-entra",
        ],
    ),
    "a DaemonSet with an address of IPv6": (
        "--set kind=DaemonSet --set service.clusterIP=fd00::a:20 --set image.repository=registry.internal/kube-entra",
        [
            "The webhook answers at https://[fd00::a:20]:8443/authenticate.",
            "kube-entra certs create --host fd00::a:20",
            "--server https://[fd00::a:20]:8443/authenticate",
            "rollout status daemonset/kube-entra",
        ],
    ),
    "cert-manager": (
        "--set certificates.certManager.enabled=true --set certificates.certManager.issuerRef.name=ca",
        ["cert-manager issues the server's certificate into the Secret kube-entra-certs"],
    ),
}


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(("options", "notes"), NOTES.values(), ids=NOTES.keys())
def test_helm_says_what_is_left_to_do(user, options, notes):
    said = user[1](helm(f"install {options}"))
    assert [note for note in notes if note not in said] == [], said
    assert ("registry.internal" in options) != ("image.repository is that of the example" in said)
    assert ("certManager" in options) != ("certs create" in said)


def block(*words, path=CHART / "README.md"):
    [found] = [text for text in blocks(path, "sh") if all(word in text for word in words)]
    return found


def pod(name):
    labels = {"app.kubernetes.io/name": "kube-entra", "app.kubernetes.io/instance": "kube-entra"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "kube-entra", "labels": labels}}


def denied(cluster, run):
    written = cluster.of("Secret")["kube-entra-denied"]["data"]["denied.json"]
    return json.loads(run(f"echo {written} | base64 --decode"))["denied"]


def test_the_commands_of_the_document_install_it_and_lock_somebody_out(user, tmp_path):
    cluster, run = user
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    text = (CHART / "README.md").read_text()
    [volume] = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.S) if "kube-entra-denied" in block]

    run(block("config init"))
    # As the document says: the list is there first, then it is mounted and named.
    values = yaml.safe_load((tmp_path / "values.yaml").read_text())
    values["configuration"]["tenants"][0]["deniedFile"] = re.search(r"`deniedFile: (\S+)`", text)[1]
    (tmp_path / "values.yaml").write_text(yaml.safe_dump({**values, **yaml.safe_load(volume)}))
    install = block("helm install").splitlines()
    namespace = next(index for index, line in enumerate(install) if "create namespace" in line)
    run(*install[: namespace + 1], block('{"denied": []}'), *install[namespace + 1 :])

    assert denied(cluster, run) == []
    assert set(cluster.of("Secret")["kube-entra-certs"]["data"]) == {"server.crt", "server.key", "client-ca.crt"}
    template = cluster.of("Deployment")["kube-entra"]["spec"]["template"]["spec"]
    [mount] = [one for one in template["containers"][0]["volumeMounts"] if one["name"] == "denied"]
    assert values["configuration"]["tenants"][0]["deniedFile"] == mount["mountPath"] + "/denied.json"
    webhook = yaml.safe_load((tmp_path / "webhook.yaml").read_text())
    service = cluster.of("Service")["kube-entra"]["spec"]
    address = f"https://{service['clusterIP']}:{service['ports'][0]['port']}/authenticate"
    assert webhook["clusters"][0]["cluster"]["server"] == address

    for name in ("one", "other"):
        cluster.add("pods", pod(name), "kube-entra")
    # Somebody else's list is not lost, although this folder has an older one.
    run("kube-entra deny add --file denied.json --token-id else --reason before")
    run("kubectl --namespace kube-entra delete secret kube-entra-denied --wait=false")
    run("kubectl --namespace kube-entra create secret generic kube-entra-denied --from-file=denied.json")
    (tmp_path / "denied.json").write_text('{"denied": []}')
    run(block("deny add"))
    assert [entry["reason"] for entry in denied(cluster, run)] == ["before", "lost laptop"]
    assert [made["metadata"]["annotations"]["kube-entra.dev/denied"] for made in cluster.of("Pod").values()]
    # Helm has no part in it.
    run(helm("upgrade --values values.yaml"), helm("rollback 1"))
    assert len(denied(cluster, run)) == 2


def test_both_documents_lock_somebody_out_in_the_same_way():
    assert block("deny add --file") == block("deny add --file", path=OPERATIONS)


def test_the_commands_for_cert_manager_write_the_file_of_kube_apiserver(user, tmp_path):
    cluster, run = user
    text = (CHART / "README.md").read_text()
    [client] = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S) if "commonName" in block
    ]
    name, namespace = client["spec"]["secretName"], client["metadata"]["namespace"]
    chart = yaml.safe_load((CHART / "values.yaml").read_text())
    assert client["spec"]["commonName"] in chart["configuration"]["server"]["allowedClientNames"]
    # What cert-manager would have issued.
    run("kube-entra certs create --host 10.96.0.20", f"kubectl create namespace {namespace}")
    files = "--from-file=ca.crt=certs/ca.crt --from-file=tls.crt=certs/client.crt --from-file=tls.key=certs/client.key"
    run(f"kubectl --namespace {namespace} create secret generic {name} {files}", "rm -r certs")
    run(block("kubeconfig webhook", "tls.crt"))
    user = yaml.safe_load((tmp_path / "webhook.yaml").read_text())["users"][0]["user"]
    assert user["client-certificate-data"] == cluster.of("Secret")[name]["data"]["tls.crt"]


def test_the_commands_of_the_kustomizations_document(user, tmp_path):
    cluster, run = user
    (tmp_path / "deploy").symlink_to(KUSTOMIZATION.parent)
    install, renew = blocks(KUSTOMIZATION / "README.md", "sh")
    run(install)
    namespace = cluster.of("Namespace")["kube-entra"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    kinds = ("ClusterRoleBinding", "ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service")
    assert all(len(cluster.of(kind)) == 1 for kind in kinds)
    server = yaml.safe_load((tmp_path / "webhook.yaml").read_text())["clusters"][0]["cluster"]["server"]
    [port] = cluster.of("Service")["kube-entra"]["spec"]["ports"]
    assert server == f"https://{cluster.of('Service')['kube-entra']['spec']['clusterIP']}:{port['port']}/authenticate"

    before = cluster.of("Secret")["kube-entra-certs"]["data"]
    run(renew)
    after = cluster.of("Secret")["kube-entra-certs"]["data"]
    assert before.keys() == after.keys() and before["server.crt"] != after["server.crt"]
    assert before["client-ca.crt"] == after["client-ca.crt"]
