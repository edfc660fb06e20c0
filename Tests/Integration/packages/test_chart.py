"""The Helm chart, rendered by the released helm and read by the released kubectl."""

import json
import os
import re
import subprocess

import pytest
import yaml
from charts import CHART, by_name, helm, refusal, rendered
from json_server import JSONHandler, serving
from programs import BINARY, ROOT
from webhook import run

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
        "networkPolicy": {"apiServerCIDRs": ["192.0.2.0/28", "2001:db8::/64"]},
        "image": {"tag": "1.2.3", "pullPolicy": "Always", "pullSecrets": [{"name": "registry"}]},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "tolerations": [{"operator": "Exists"}],
        "replicas": 3,
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


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_helm_lints_every_set_of_values(values):
    done = helm("lint", "--strict", CHART, values=values)
    assert done.returncode == 0, done.stdout + done.stderr


KINDS = {
    "v1": {"ConfigMap": "configmaps", "Service": "services"},
    "apps/v1": {"Deployment": "deployments", "DaemonSet": "daemonsets"},
    "networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "rbac.authorization.k8s.io/v1": {"ClusterRoleBinding": "clusterrolebindings"},
    "cert-manager.io/v1": {"Certificate": "certificates"},
    "monitoring.coreos.com/v1": {"ServiceMonitor": "servicemonitors"},
}


class Discovery(JSONHandler):
    """An API server's discovery; it has no objects."""

    def do_GET(self):
        version = self.path.removeprefix("/apis/").removeprefix("/api/").partition("?")[0]
        if self.path.startswith("/api?") or self.path == "/api":
            return self.answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        if self.path.startswith("/apis?") or self.path == "/apis":
            groups = [name.split("/") for name in KINDS if "/" in name]
            return self.answer(
                200,
                {
                    "kind": "APIGroupList",
                    "apiVersion": "v1",
                    "groups": [
                        {
                            "name": group,
                            "versions": [{"groupVersion": f"{group}/{v}", "version": v}],
                            "preferredVersion": {"groupVersion": f"{group}/{v}", "version": v},
                        }
                        for group, v in groups
                    ],
                },
            )
        if version in KINDS:
            return self.answer(
                200,
                {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": version,
                    "resources": [
                        {
                            "name": name,
                            "singularName": "",
                            "namespaced": kind != "ClusterRoleBinding",
                            "kind": kind,
                            "verbs": ["create", "get", "patch"],
                        }
                        for kind, name in KINDS[version].items()
                    ],
                },
            )
        self.answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with serving(Discovery) as port:

        def call(*arguments):
            return subprocess.run(
                ["kubectl", "--server", f"http://127.0.0.1:{port}", *arguments],
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


def configured(**kubernetes):
    return {"configuration": {"kubernetes": kubernetes}}


def bound(values):
    return by_name(rendered(values))["ClusterRoleBinding", "kube-entra-cluster-admins"]["subjects"][0]["name"]


OWN_TENANT = {
    "tenantID": "11111111-2222-3333-4444-555555555555",
    "audiences": ["aaaaaaaa-0000-0000-0000-000000000000"],
    "groupMappings": [
        {"groupObjectID": "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed", "kubernetesGroups": ["team", "platform"]}
    ],
    "appRoleMappings": [{"appRole": "Operator", "kubernetesGroups": ["operators"]}],
    "emergencyAccess": [
        {
            "objectID": "7777aaaa-bbbb-cccc-dddd-eeeeffff0000",
            "until": "2030-01-01T00:00:00Z",
            "kubernetesGroups": ["emergency"],
        }
    ],
}


@pytest.mark.parametrize(
    ("values", "group"),
    [
        (configured(adminGroups=["admins", "more"]), "admins"),
        # The default of the program.
        (configured(adminGroups=None), "kube-entra:cluster-admins"),
        ({"configuration": {"kubernetes": None}}, "kube-entra:cluster-admins"),
        ({**configured(adminGroups=["admins", "more"]), "adminBinding": {"group": "more"}}, "more"),
        ({"configuration": {"tenants": [OWN_TENANT]}, "adminBinding": {"group": "platform"}}, "platform"),
        ({"configuration": {"tenants": [OWN_TENANT]}, "adminBinding": {"group": "operators"}}, "operators"),
        ({"configuration": {"tenants": [OWN_TENANT]}, "adminBinding": {"group": "emergency"}}, "emergency"),
        # Users are in the group of each object ID of their token, with the prefix.
        (
            {"adminBinding": {"group": "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"}},
            "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed",
        ),
        (
            {
                **configured(groupPrefix="entra:"),
                "adminBinding": {"group": "entra:5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"},
            },
            "entra:5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed",
        ),
    ],
    ids=json.dumps,
)
def test_the_binding_is_for_a_group_that_the_configuration_gives(values, group):
    assert bound(values) == group


NOBODY = "so that nobody would be admin"


@pytest.mark.parametrize(
    "values",
    [
        {"adminBinding": {"group": "admins"}},
        {**configured(adminGroups=["admins"]), "adminBinding": {"group": "kube-entra:cluster-admins"}},
        {"configuration": {"tenants": [OWN_TENANT]}, "adminBinding": {"group": "other"}},
        configured(adminGroups=[]),
        {
            **configured(groupPrefix="entra:"),
            "adminBinding": {"group": "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"},
        },
        {
            **configured(groupObjectIDs="drop"),
            "adminBinding": {"group": "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"},
        },
    ],
    ids=json.dumps,
)
def test_a_binding_for_a_group_that_nobody_is_in_is_refused(values):
    assert NOBODY in refusal(values)
    rendered({**values, "adminBinding": {"enabled": False}})


def listening(**addresses):
    return {"configuration": {"server": addresses}}


@pytest.mark.parametrize(
    ("values", "ports"),
    [
        (listening(), {"webhook": 8443, "operations": 8480}),
        (listening(listen=":9443", operations="0.0.0.0:9480"), {"webhook": 9443, "operations": 9480}),
        (listening(listen="[::]:8443", operations="[::]:10000"), {"webhook": 8443, "operations": 10000}),
    ],
    ids=json.dumps,
)
def test_ports_are_those_of_the_configuration(values, ports):
    template = by_name(rendered(values))["Deployment", "kube-entra"]["spec"]["template"]
    container = template["spec"]["containers"][0]
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == ports
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(ports["operations"])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (listening(listen="127.0.0.1:8443"), "configuration.server.listen: kube-apiserver cannot reach 127.0.0.1:8443"),
        (listening(listen="[::1]:8443"), "configuration.server.listen: kube-apiserver cannot reach [::1]:8443"),
        (
            listening(operations="127.0.0.1:9480"),
            "configuration.server.operations: the probes cannot reach 127.0.0.1:9480",
        ),
        (
            listening(operations="10.0.0.7:8480"),
            "configuration.server.operations: the probes cannot reach 10.0.0.7:8480",
        ),
        # Left out, the program's defaults hold.
        (listening(listen=None), "configuration.server.listen: kube-apiserver cannot reach 127.0.0.1:8443"),
        (listening(operations=None), "configuration.server.operations: the probes cannot reach 127.0.0.1:8480"),
        (listening(listen=":0"), "configuration.server.listen: kube-apiserver cannot reach :0"),
        (listening(operations=":70000"), "configuration.server.operations: the probes cannot reach :70000"),
        (listening(listen=":8480"), "configuration.server: listen and operations need different ports"),
        (listening(operations="0.0.0.0:8443"), "configuration.server: listen and operations need different ports"),
    ],
    ids=json.dumps,
)
def test_an_address_that_nobody_reaches_in_a_pod_is_refused(values, sentence):
    assert sentence in refusal(values)


def budgets(values):
    return [document["spec"] for document in rendered(values) if document["kind"] == "PodDisruptionBudget"]


def test_a_single_replica_has_no_disruption_budget():
    """A budget of one pod out of one would block every drain of its node."""
    assert budgets({"replicas": 1}) == []
    assert [spec["minAvailable"] for spec in budgets({"replicas": 2})] == [1]
    assert [spec["minAvailable"] for spec in budgets({"podDisruptionBudget": {"minAvailable": "50%"}})] == ["50%"]


@pytest.mark.parametrize("least", [2, 3, "100%"])
def test_a_disruption_budget_that_blocks_every_drain_is_refused(least):
    values = {"replicas": 2, "podDisruptionBudget": {"minAvailable": least}}
    assert "podDisruptionBudget.minAvailable: a node with such a pod could never be drained" in refusal(values)
    rendered({**values, "kind": "DaemonSet"})


@pytest.mark.parametrize("tag", [1, 1.2, 20261130])
def test_a_tag_that_yaml_reads_as_a_number_is_refused_with_a_sentence(tag):
    assert "image.tag: quote it" in refusal({"image": {"tag": tag}})


def ways_out(values):
    return by_name(rendered(values))["NetworkPolicy", "kube-entra"]["spec"]["egress"]


def test_without_ports_the_network_policy_opens_none():
    """An empty list of ports in a rule would open every port."""
    as_it_comes = ways_out({})
    assert as_it_comes[1:] == [{"ports": [{"port": 443}]}]
    assert ways_out({"networkPolicy": {"egressPorts": []}}) == as_it_comes[:1]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"extraVolumeMounts": [{"name": "files", "mountPath": "/etc/kube-entra-files"}]},
            "extraVolumeMounts: no volume of extraVolumes is named files",
        ),
        (
            {"extraVolumes": [{"name": "certificates", "emptyDir": {}}]},
            "extraVolumes: the chart has a volume named certificates already",
        ),
        ({"extraVolumes": [{"secret": {"secretName": "x"}}]}, "name"),
        ({"extraVolumes": [{"name": "a"}], "extraVolumeMounts": [{"name": "a"}]}, "mountPath"),
        ({"extraVolumes": [{"name": "a"}], "extraVolumeMounts": [{"name": "a", "mountPath": "etc"}]}, "mountPath"),
    ],
    ids=json.dumps,
)
def test_further_files_that_no_pod_would_start_with_are_refused(values, sentence):
    assert sentence in refusal(values)


def test_a_daemon_set_runs_on_the_control_plane_only():
    made = by_name(rendered(SETS["a DaemonSet on the control plane"]))
    pod = made["DaemonSet", "kube-entra"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"]["node-role.kubernetes.io/control-plane"] == ""
    assert not [kind for kind, _ in made if kind in ("PodDisruptionBudget", "Deployment")]


def test_every_pod_runs_without_privileges():
    for values in SETS.values():
        workload = next(d for d in rendered(values) if d["kind"] in ("Deployment", "DaemonSet"))
        pod = workload["spec"]["template"]["spec"]
        container = pod["containers"][0]["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        assert container == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def paths(value, path=()):
    """The path of every object in the values that has a fixed set of names."""
    yield path
    for name, member in value.items():
        free = ("labels", "nodeSelector", "podAnnotations", "resources")
        if isinstance(member, dict) and name not in free:
            yield from paths(member, (*path, name))


@pytest.mark.parametrize("path", paths(yaml.safe_load((CHART / "values.yaml").read_text())), ids=".".join)
def test_a_typo_is_refused_everywhere(path):
    values = {"typo": True}
    for name in reversed(path):
        values = {name: values}
    done = helm("template", CHART, values=values)
    assert done.returncode != 0 and "typo" in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "StatefulSet"},
        {"replicas": 0},
        {"service": {"port": "https"}},
        {"service": {"clusterIP": "x y"}},
        {"service": {"clusterIP": "10.96.0"}},
        {"service": {"clusterIP": "None"}},
        {"image": {"repository": ""}},
        {"image": {"repository": "a:b c"}},
        {"image": {"tag": "1.2 3"}},
        {"networkPolicy": {"apiServerCIDRs": ["192.0.2.1"]}},
        {"networkPolicy": {"egressPorts": [0]}},
        {"networkPolicy": {"egressPorts": ["3128"]}},
        {"networkPolicy": {"extraEgress": [{"form": []}]}},
        {"user": 0},
        {"configuration": None},
        {"configuration": {"kind": "Other"}},
        {"configuration": {"server": {"certificate": None}}},
        {"configuration": {"server": {"allowedClientNames": "kube-apiserver"}}},
        {"configuration": {"tenants": []}},
        {"configuration": {"tenants": [{**OWN_TENANT, "tenantID": "x"}]}},
        {"configuration": {"tenants": [{**OWN_TENANT, "audience": "x"}]}},
        {"configuration": {"tenants": [{**OWN_TENANT, "signingKeys": {"cachefile": "/x"}}]}},
        {"configuration": {"logging": {"level": "verbose"}}},
        {"configuration": {"limits": {"clockSkew": 60}}},
        {"certificates": {"certManager": {"enabled": True}}},
    ],
    ids=json.dumps,
)
def test_what_cannot_work_is_refused(values):
    assert helm("template", CHART, values=values).returncode != 0


def test_an_address_of_ipv6_and_a_registry_with_a_port_are_taken():
    values = {"service": {"clusterIP": "fd00::a:20"}, "image": {"repository": "localhost:5000/a/kube-entra"}}
    assert by_name(rendered(values))["Service", "kube-entra"]["spec"]["clusterIP"] == "fd00::a:20"


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


def test_every_value_is_described_by_the_schema():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    def check(value, schema, path):
        for name, member in value.items():
            assert name in schema["properties"], (*path, name)
            if isinstance(member, dict) and "properties" in schema["properties"][name]:
                check(member, schema["properties"][name], (*path, name))

    check(values, schema, ())


def test_the_schema_has_the_configurations_own(tmp_path):
    file = tmp_path / "configuration.schema.json"
    file.write_text(run("config", "schema", "--of", "configuration")[1])
    script = ROOT / "Tests" / "chart_schema.py"
    made = subprocess.run([script, "--print", file], capture_output=True, text=True, check=True, timeout=60).stdout
    assert (CHART / "values.schema.json").read_text() == made, "write it again: Tests/chart_schema.py"
