"""Which values the Helm chart takes, and what it says to those that could not work."""

import json
import subprocess

import pytest
import yaml
from charts import CHART, by_name, helm, refusal, rendered
from programs import ROOT
from webhook import run

pytestmark = pytest.mark.usefixtures("tools")


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
