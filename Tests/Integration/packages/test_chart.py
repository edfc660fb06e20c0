"""The Helm chart, rendered by the released helm and read by the released kubectl."""

import json
import os
import re
import subprocess

import api_server
import pytest
import yaml
from charts import CHART, SETS, by_name, helm, rendered
from programs import BINARY
from webhook import run

pytestmark = pytest.mark.usefixtures("tools")


def test_the_tools_are_the_newest_and_the_oldest(tools):
    """These versions stand in deploy/compatibility."""
    kubernetes = {"newest": "v1.36.3", "oldest": "v1.27.1"}
    assert helm("version", "--short").stdout.startswith({"newest": "v4.2.3", "oldest": "v3.12.1"}[tools])
    done = subprocess.run(
        ["kubectl", "version", "--client", "--output", "json"], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout)["clientVersion"]["gitVersion"] == kubernetes[tools]


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_helm_lints_every_set_of_values(values):
    done = helm("lint", "--strict", CHART, values=values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with api_server.cluster() as (_, address):

        def call(*arguments):
            return subprocess.run(
                ["kubectl", "--server", address, *arguments],
                capture_output=True,
                text=True,
                timeout=120,
                env={"HOME": str(home), "PATH": os.environ["PATH"]},
            )

        yield call


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_kubectl_takes_every_set_of_values(values, tmp_path, kubectl):
    documents = rendered(values)
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    done = kubectl("apply", "--dry-run=client", "--validate=false", "-o", "json", "-f", str(file))
    assert done.returncode == 0, done.stderr
    kinds = [item["kind"] for item in json.loads(done.stdout)["items"]]
    assert kinds == [document["kind"] for document in documents]


def test_the_certificate_of_cert_manager_fits_the_secret_that_is_mounted():
    made = by_name(rendered(SETS["certificates from cert-manager"]))
    certificate = made["Certificate", "kube-entra-certs"]["spec"]
    assert certificate["ipAddresses"] == [made["Service", "kube-entra"]["spec"]["clusterIP"]]
    volumes = made["Deployment", "kube-entra"]["spec"]["template"]["spec"]["volumes"]
    secret = next(v["secret"] for v in volumes if v["name"] == "certificates")
    assert secret["secretName"] == certificate["secretName"]
    assert {item["path"] for item in secret["items"]} == {"server.crt", "server.key", "client-ca.crt"}


def test_certificates_come_from_an_issuer_that_nobody_else_may_ask():
    """A ClusterIssuer would sign for every namespace, and kube-apiserver believes whoever has such a certificate."""
    made = by_name(rendered(SETS["certificates from cert-manager"]))
    assert made["Certificate", "kube-entra-certs"]["spec"]["issuerRef"]["kind"] == "Issuer"
    shown = re.findall(r"issuerRef: (\{.*\})", (CHART / "README.md").read_text())
    assert [yaml.safe_load(one)["kind"] for one in shown] == ["Issuer"]


def test_a_daemon_set_runs_on_the_control_plane_only():
    made = by_name(rendered(SETS["a DaemonSet on the control plane"]))
    spec = made["DaemonSet", "kube-entra"]["spec"]
    [term] = spec["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    # The label has no value with kubeadm, and `true` with RKE2 and k3s.
    assert term == {"matchExpressions": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]}
    assert spec["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert not [kind for kind, _ in made if kind in ("PodDisruptionBudget", "Deployment")]


def test_its_configuration_is_one_that_serve_would_load(tmp_path):
    configuration = by_name(rendered({}))["ConfigMap", "kube-entra"]["data"]["kube-entra.yaml"]
    file = tmp_path / "kube-entra.yaml"
    file.write_text(yaml.safe_dump(configuration))
    status, _, err = run("config", "check", "--no-files", str(file))
    assert status == 0, err


def test_a_configuration_file_becomes_values_as_the_document_says(tmp_path):
    text = (CHART / "README.md").read_text()
    [lines] = [block for block in re.findall(r"```sh\n(.*?)```", text, re.S) if "config init" in block]
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "kube-entra").symlink_to(BINARY)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-ec", lines], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True, timeout=60)
    values = yaml.safe_load((tmp_path / "values.yaml").read_text())
    configuration = by_name(rendered(values))["ConfigMap", "kube-entra"]["data"]["kube-entra.yaml"]
    assert configuration == yaml.safe_load((tmp_path / "kube-entra.yaml").read_text())
    assert configuration["tenants"][0]["signingKeys"]["cacheFile"].startswith("/var/lib/kube-entra/")


def test_the_chart_has_the_programs_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == run("--version")[1].strip()
