"""A text among the chart's values stays that text in the objects: it becomes no other field, no number and no truth
value."""

import json
import re

import jsonschema
import pytest
import yaml
from charts import CHART, helm, refusal, rendered

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
pytestmark = pytest.mark.usefixtures("tools")

# Everything that the chart can make.
EVERYTHING = {
    "certificates": {"certManager": {"enabled": True, "issuerRef": {"name": "ca"}}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy": {"apiServerCIDRs": ["192.0.2.0/28"]},
    "extraEnv": [{"name": "A", "value": "b"}],
    "podLabels": {"a": "b"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "serviceAccountName": "account",
    "adminBinding": {"clusterRole": "edit"},
    "image": {"tag": "1.2.3"},
}
NAMES = [
    "certificates.secretName",
    "certificates.certManager.issuerRef.name",
    "certificates.certManager.issuerRef.group",
    "networkPolicy.monitoringNamespace",
    "serviceAccountName",
    "priorityClassName",
]
TEXTS = [
    "podLabels.a",
    "podAnnotations.a",
    "nodeSelector.a",
    "serviceMonitor.labels.release",
    "adminBinding.clusterRole",
]
OTHERS = [
    "certificates.certManager.duration",
    "certificates.certManager.renewBefore",
    "serviceMonitor.interval",
    "service.clusterIP",
    "networkPolicy.apiServerCIDRs",
    "image.repository",
    "image.tag",
    "image.digest",
]
SAFE = "x1y2z3"


def with_value(path, value, values=EVERYTHING):
    first, _, rest = path.partition(".")
    return {**values, first: with_value(rest, value, values.get(first, {})) if rest else value}


def instead(documents, text):
    """The documents with a text in place of SAFE."""
    if isinstance(documents, dict):
        return {name: instead(member, text) for name, member in documents.items()}
    if isinstance(documents, list):
        return [instead(member, text) for member in documents]
    return documents.replace(SAFE, text) if isinstance(documents, str) else documents


def everywhere(text, paths):
    values = EVERYTHING
    for path in paths:
        values = with_value(path, text, values)
    return rendered(values)


@pytest.mark.parametrize("text", ["123", "true", "null", "1e3", "0x1f", "y"])
def test_a_text_that_looks_like_something_else_is_that_text(text):
    assert everywhere(text, NAMES + TEXTS) == instead(everywhere(SAFE, NAMES + TEXTS), text)


@pytest.mark.parametrize("name", ["true", "null", "on"])
def test_so_is_the_name_of_a_release_and_of_its_namespace(name):
    made = [helm("template", word, CHART, "--namespace", f"{word}1", values=EVERYTHING).stdout for word in (SAFE, name)]
    assert list(yaml.safe_load_all(made[1])) == instead(list(yaml.safe_load_all(made[0])), name)


@pytest.mark.parametrize("address", ["::1", "fd00::", "fd00::a:20", "10.96.0.20"])
def test_so_is_an_address(address):
    [service] = [made for made in rendered(with_value("service.clusterIP", address)) if made["kind"] == "Service"]
    assert service["spec"]["clusterIP"] == address


BREAKS = [
    "a\n      hostPID: true",
    "a\n---\nkind: Pod",
    'a"\n  b: "c',
    "a: b",
    "a #b",
    "[a]",
    "{a: b}",
    "*a",
    "!a b",
    "|",
]


@pytest.mark.parametrize("path", NAMES + OTHERS)
def test_a_text_that_would_become_more_than_a_text_is_refused(path):
    made = [with_value(path, [text] if path.endswith("CIDRs") else text) for text in BREAKS]
    for values in made:
        found = [error for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(values) if error.path]
        assert {(error.validator, ".".join(map(str, error.path)).removesuffix(".0")) for error in found} == {
            ("pattern", path)
        }
    assert "match pattern" in refusal(made[0])


@pytest.mark.parametrize("text", BREAKS)
def test_a_text_of_somebodys_own_stays_one(text):
    assert everywhere(text, TEXTS) == instead(everywhere(SAFE, TEXTS), text)


RULE = "10.0.0.1/32\n        - ipBlock:\n            cidr: 0.0.0.0/0 #/0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("networkPolicy.apiServerCIDRs", [RULE]),
        ("networkPolicy.apiServerCIDRs", ["evil/999"]),
        ("networkPolicy.apiServerCIDRs", ["10.0.0.0/33"]),
        ("networkPolicy.apiServerCIDRs", ["256.0.0.0/8"]),
        ("networkPolicy.extraEgress", [{"to": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]),
        ("service.clusterIP", "999.999.999.999"),
        ("certificates.secretName", ""),
        ("certificates.secretName", "Certs"),
        ("certificates.secretName", "-a"),
        ("certificates.certManager.duration", "90d"),
        ("certificates.certManager.duration", ""),
        ("serviceMonitor.interval", "30"),
        ("serviceMonitor.interval", "30 s"),
        ("networkPolicy.monitoringNamespace", "a.b"),
        ("priorityClassName", "a..b"),
        ("serviceAccountName", "a" * 254),
        ("user", 2147483648),
    ],
)
def test_what_kubernetes_would_refuse_is_refused_before(path, value):
    refusal(with_value(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("networkPolicy.apiServerCIDRs", ["0.0.0.0/0", "255.255.255.255/32", "::/0", "2001:db8::/128"]),
        ("certificates.certManager.duration", "2160h30m"),
        ("certificates.certManager.issuerRef.group", ""),
        ("certificates.secretName", "a.b-c"),
        ("serviceMonitor.interval", "1m30s"),
        ("serviceMonitor.interval", ""),
        ("serviceAccountName", ""),
        ("priorityClassName", "system-node-critical"),
    ],
)
def test_what_kubernetes_takes_is_taken(path, value):
    rendered(with_value(path, value))


@pytest.mark.parametrize("user", [64170, 1000640000, 2147483647])
def test_a_large_user_id_stays_a_whole_number(user):
    """As those of OpenShift's namespaces are."""
    [workload] = [made for made in rendered({"user": user}) if made["kind"] == "Deployment"]
    context = workload["spec"]["template"]["spec"]["securityContext"]
    # A number with an exponent would be equal, but is not one to the API server.
    assert [repr(context[name]) for name in ("runAsUser", "runAsGroup", "fsGroup")] == [repr(user)] * 3


def test_labels_of_the_chart_are_not_made_twice():
    values = with_value("serviceMonitor.labels", {"app.kubernetes.io/name": "other", "release": "prometheus"})
    [monitor] = [made for made in rendered(values) if made["kind"] == "ServiceMonitor"]
    assert monitor["metadata"]["labels"]["app.kubernetes.io/name"] == "kube-entra"
    assert helm("template", "kube-entra", CHART, values=values).stdout.count("app.kubernetes.io/name: other") == 0


# By the schema, a word of a fixed list or a whole number below a million, which Helm writes with all its digits.
PLAIN = {
    ".issuerRef.kind",
    ".",
    ".Values.service.port",
    ".Values.kind",
    ".Values.image.pullPolicy",
    'include "kube-entra.webhookPort" .',
    'include "kube-entra.operationsPort" .',
}


def test_every_text_in_a_template_is_quoted():
    """Nothing else would notice a new one."""
    found = set()
    for path in (CHART / "templates").glob("*.yaml"):
        for line in path.read_text().splitlines():
            if shown := re.fullmatch(r"\s*(?:- )?[\w.-]+: .*?\{\{-? (.*?) -?\}\}.*|\s*- \{\{-? (.*?) -?\}\}", line):
                found.add((path.name, shown[1] or shown[2]))
    assert len(found) > 25
    for name, action in found:
        assert action in PLAIN or re.search(r"\| quote$|^int64 |^toJson ", action), (name, action)
