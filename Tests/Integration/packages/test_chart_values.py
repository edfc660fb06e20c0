"""Which values the Helm chart takes, and what it says to those that could not work."""

import json

import pytest
from charts import CHART, by_name, helm, refusal, rendered

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


@pytest.mark.parametrize("group", ["system:authenticated", "system:serviceaccounts:default", "system:monitoring"])
def test_a_binding_for_a_group_of_kubernetes_itself_is_refused(group):
    mapped = {"groupMappings": [{"groupObjectID": OWN_TENANT["tenantID"], "kubernetesGroups": [group]}]}
    named = {"configuration": {"tenants": [{**OWN_TENANT, **mapped}]}, "adminBinding": {"group": group}}
    assert f"{group} is reserved for Kubernetes' own parts" in refusal(named)
    said = refusal(configured(adminGroups=[group]))
    # What is everybody's is not even valid in the configuration, with or without a binding.
    if group == "system:monitoring":
        assert "reserved" in said
    else:
        assert "adminGroups" in refusal({**configured(adminGroups=[group]), "adminBinding": {"enabled": False}})


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


@pytest.mark.parametrize("least", [2, 3, "100%", "51%"])
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


def mounted(*folders, read_only=True):
    return {
        "extraVolumes": [{"name": "a", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "a", "mountPath": folder, "readOnly": read_only} for folder in folders],
    }


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"extraVolumeMounts": [{"name": "files", "mountPath": "/etc/kube-entra-files"}]},
            "extraVolumeMounts: no volume of extraVolumes is named files",
        ),
        (
            {"extraVolumes": [{"name": "certificates", "emptyDir": {}}]},
            "extraVolumes: there is a volume named certificates already",
        ),
        (
            {"extraVolumes": [{"name": "a", "emptyDir": {}}, {"name": "a", "secret": {"secretName": "a"}}]},
            "extraVolumes: there is a volume named a already",
        ),
        (mounted("/etc/kube-entra"), "extraVolumeMounts: /etc/kube-entra is taken already"),
        # A ConfigMap is mounted read-only, so that no folder can be made in it.
        (mounted("/etc/kube-entra/files"), "extraVolumeMounts: /etc/kube-entra/files is taken already"),
        (mounted("/etc/kube-entra-certs/more"), "extraVolumeMounts: /etc/kube-entra-certs/more is taken already"),
        (mounted("/files", "/files/"), "extraVolumeMounts: /files/ is taken already"),
    ],
    ids=json.dumps,
)
def test_further_files_that_no_pod_would_start_with_are_refused(values, sentence):
    assert sentence in refusal(values)


def tenant(**fields):
    return {"configuration": {"tenants": [{**OWN_TENANT, **fields}]}}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"configuration": {"server": {"certificate": "certs/server.crt"}}}, "server.certificate"),
        ({"configuration": {"server": {"clientCA": "/etc/kube-entra/certs/client-ca.crt"}}}, "server.clientCA"),
        (tenant(deniedFile="denied.json"), "tenants[0].deniedFile"),
        (tenant(authorityCA="../ca.crt"), "tenants[0].authorityCA"),
        (tenant(directory={"clientSecretFile": "/etc/kube-entra/secret"}), "tenants[0].directory.clientSecretFile"),
        (tenant(directory={"graphCA": "/etc/kube-entra/./ca.crt"}), "tenants[0].directory.graphCA"),
        (tenant(signingKeys={"file": "keys.json"}), "tenants[0].signingKeys.file"),
        ({"configuration": {"names": "names.json"}}, "names"),
    ],
    ids=json.dumps,
)
def test_a_file_that_no_pod_has_is_refused(values, field):
    assert f"configuration.{field}: no pod has the file " in refusal(values)


@pytest.mark.parametrize(
    "values",
    [
        tenant(signingKeys={"cacheFile": "/var/cache/keys.json"}),
        tenant(signingKeys={"cacheFile": "/etc/kube-entra-certs/keys.json"}),
        {"configuration": {"logging": {"audit": "/var/log/kube-entra/audit.jsonl"}}},
        {**mounted("/var/log/kube-entra"), "configuration": {"logging": {"audit": "/var/log/kube-entra/audit.jsonl"}}},
    ],
    ids=json.dumps,
)
def test_a_file_that_the_pod_cannot_write_is_refused(values):
    assert "the pod cannot write" in refusal(values)


@pytest.mark.parametrize(
    "values",
    [
        tenant(signingKeys={"cacheFile": "/var/lib/kube-entra/more/keys.json"}),
        {"configuration": {"logging": {"audit": "/dev/stdout"}}},
        {
            **mounted("/var/log/kube-entra", read_only=False),
            "configuration": {"logging": {"audit": "/var/log/kube-entra/audit.jsonl"}},
        },
        # Somebody else puts it there: the webhook of workload identity.
        tenant(directory={"federatedTokenFile": "/var/run/secrets/azure/tokens/azure-identity-token"}),
    ],
    ids=json.dumps,
)
def test_files_in_other_places_are_taken(values):
    rendered(values)


def test_an_audit_file_that_would_fill_the_state_of_the_pod_is_refused():
    values = {"configuration": {"logging": {"audit": "/var/lib/kube-entra/more/../audit.jsonl"}}}
    assert "configuration.logging.audit: the pod has 16 MiB for its state" in refusal(values)


PROXY = {"proxy": "http://user:1@proxy.example:3128"}
BLOCK = {"ipBlock": {"cidr": "192.0.2.7/32"}}


@pytest.mark.parametrize(
    ("values", "port", "field"),
    [
        (tenant(signingKeys=PROXY), 3128, "configuration.tenants[0].signingKeys.proxy"),
        (tenant(signingKeys={"proxy": "http://proxy.example"}), 80, "configuration.tenants[0].signingKeys.proxy"),
        (tenant(authority="https://[fd00::1]:8443/x"), 8443, "configuration.tenants[0].authority"),
        (
            tenant(directory={"clientSecretFile": "/files/secret", "graphEndpoint": "https://graph.example:444"}),
            444,
            "configuration.tenants[0].directory.graphEndpoint",
        ),
        (tenant(directory={"managedIdentity": True}), 80, "configuration.tenants[0].directory.managedIdentity"),
        ({"extraEnv": [{"name": "HTTPS_PROXY", "value": "proxy.example:3128"}]}, 3128, "HTTPS_PROXY of extraEnv"),
        ({"extraEnv": [{"name": "https_proxy", "value": "https://proxy:3129"}]}, 3129, "HTTPS_PROXY of extraEnv"),
    ],
    ids=json.dumps,
)
def test_a_way_out_that_the_network_policy_does_not_have_is_refused(values, port, field):
    assert f"networkPolicy: the pods may not connect to port {port}, where {field} leads" in refusal(values)
    for policy in (
        {"enabled": False},
        {"egressPorts": [443, port]},
        {"extraEgress": [{"to": [BLOCK], "ports": [{"port": port}]}]},
        {"extraEgress": [{"to": [BLOCK], "ports": [{"port": port - 1, "endPort": port}]}]},
        {"extraEgress": [{"to": [BLOCK]}]},
    ):
        rendered({**values, "networkPolicy": policy})
    for policy in (
        {"extraEgress": [{"to": [BLOCK], "ports": [{"port": port, "protocol": "UDP"}]}]},
        {"extraEgress": [{"to": [BLOCK], "ports": [{"port": port + 1, "endPort": port + 2}]}]},
    ):
        refusal({**values, "networkPolicy": policy})


@pytest.mark.parametrize(
    "values",
    [
        # What a proxy reaches is not the pods' way out.
        {
            **tenant(signingKeys=PROXY, authority="https://login.example:8443"),
            "networkPolicy": {"egressPorts": [3128]},
        },
        tenant(signingKeys={"proxy": "https://proxy.example"}, authority="https://login.example"),
    ],
    ids=json.dumps,
)
def test_ways_out_that_the_network_policy_has_are_taken(values):
    rendered(values)


def bindings(**binding):
    return [
        (made["metadata"]["name"], made["roleRef"]["name"])
        for made in rendered({"adminBinding": binding})
        if made["kind"] == "ClusterRoleBinding"
    ]


def test_another_role_is_bound_by_another_name():
    """A binding's roleRef cannot change: with the same name, `helm upgrade` would fail."""
    assert bindings() == [("kube-entra-cluster-admins", "cluster-admin")]
    assert bindings(clusterRole="edit") == [("kube-entra-admins:edit", "edit")]
    assert bindings(clusterRole="team:access") == [("kube-entra-admins:team:access", "team:access")]
    assert bindings(clusterRole="cluster-admins") == [("kube-entra-admins:cluster-admins", "cluster-admins")]


def test_the_ports_of_the_service_are_different():
    monitored = {"serviceMonitor": {"enabled": True}}
    assert "service.port: with serviceMonitor.enabled" in refusal({**monitored, "service": {"port": 8480}})
    rendered({"service": {"port": 8480}})


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
