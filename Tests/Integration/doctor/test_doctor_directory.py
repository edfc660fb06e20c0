"""`doctor` hears from Microsoft Graph what the watch hears: accounts, sessions, memberships, and what is forbidden."""

import json
import time

import pytest
import yaml
from entra import OBJECT
from graph import Graph
from json_server import JSONHandler, serving
from overage import CLIENT_ID
from signed_tokens import ADMINS, KEY, SERVER, TENANT, token
from webhook import run

OTHER = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"


class APIServer(JSONHandler):
    """Knows whoever asks as Ada, who may do everything."""

    def do_GET(self):
        self.answer(200, {"gitVersion": "v1.34.1"})

    def do_POST(self):
        sent = self.sent()
        self.answer(
            201,
            {
                "kind": sent["kind"],
                "apiVersion": sent["apiVersion"],
                "status": {
                    "userInfo": {"username": "ada@example.com", "groups": []},
                    "nonResourceRules": [],
                    "incomplete": False,
                    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                },
            },
        )


class Bench:
    """A kubeconfig with a token of an admin, a configuration that watches, and its Graph."""

    def __init__(self, folder, certificates, graph, port):
        self.folder, self.graph = folder, graph
        path = certificates.path
        (folder / "secret").write_text(graph.secret)
        (folder / "keys.json").write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
        self.directory = {
            "clientID": CLIENT_ID,
            "clientSecretFile": "secret",
            "graphEndpoint": graph.base,
            "graphCA": path("ca.crt"),
            "watch": "admins",
        }
        self.config = {
            "apiVersion": "kube-entra.dev/v1",
            "kind": "WebhookConfiguration",
            "server": {"certificate": path("server.crt"), "privateKey": path("server.key"), "clientCA": path("ca.crt")},
            "tenants": [
                {
                    "tenantID": TENANT,
                    "audiences": [SERVER],
                    "adminGroupObjectIDs": [ADMINS],
                    "groupMappings": [{"groupObjectID": OTHER, "kubernetesGroups": ["developers"]}],
                    "authority": graph.base,
                    "authorityCA": path("ca.crt"),
                    "signingKeys": {"file": "keys.json"},
                    "directory": self.directory,
                }
            ],
        }
        (folder / "kubeconfig").write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "here",
                    "clusters": [
                        {
                            "name": "c",
                            "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": path("ca.crt")},
                        }
                    ],
                    "users": [{"name": "u", "user": {"token": token(iss=f"{graph.base}/{TENANT}/")}}],
                    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )


@pytest.fixture
def watched(tmp_path, certificates):
    graph = Graph(certificates)
    graph.members = {OBJECT: {ADMINS}}
    with serving(APIServer, certificates.path("server.crt"), certificates.path("server.key")) as port:
        yield Bench(tmp_path, certificates, graph, port)
    graph.stop()


def directory(bench, status=0):
    (bench.folder / "config.yaml").write_text(yaml.safe_dump(bench.config))
    found, output, errors = run(
        "doctor",
        "--kubeconfig",
        str(bench.folder / "kubeconfig"),
        "--config",
        str(bench.folder / "config.yaml"),
        "--output",
        "json",
    )
    assert found == status, output + errors
    report = json.loads(output)
    return report, [step for step in report["steps"] if step["name"] == "directory"]


def test_an_enabled_account_in_its_groups(watched):
    report, (step,) = directory(watched)
    assert step["status"] == "passed" and step["detail"].endswith("in 1 of 2 configured groups")
    assert report["verdict"] == "signedIn"
    assert {method for _, method, _, _ in watched.graph.parts} == {"GET", "POST"}


def test_a_configuration_that_does_not_watch_asks_nobody(watched):
    watched.directory["watch"] = "off"
    assert directory(watched)[1] == [] and watched.graph.requests == []


@pytest.mark.parametrize(
    "account, code, hint",
    [
        ({"accountEnabled": False}, "account_disabled", "enable the account"),
        (None, "account_disabled", "enable the account"),
    ],
)
def test_a_disabled_or_deleted_account(watched, account, code, hint):
    if account:
        watched.graph.accounts[OBJECT] = account
    else:
        del watched.graph.members[OBJECT]
    report, found = directory(watched, status=1)
    assert report["problem"] == "directory" and report["message"].startswith(code) and hint in report["hint"]
    assert found[0]["status"] == "failed"


def test_revoked_sessions_and_when_a_new_sign_in_passes(watched):
    revoked = int(time.time()) + 60
    watched.graph.accounts[OBJECT] = {
        "signInSessionsValidFromDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(revoked))
    }
    report, _ = directory(watched, status=1)
    assert report["message"].startswith("sessions_revoked")
    assert time.strftime("from %Y-%m-%dT%H:%M:%SZ", time.gmtime(revoked + 300)) in report["hint"]


def test_groups_that_were_lost_and_gained_since(watched):
    watched.graph.members[OBJECT] = {OTHER}
    report, (lost, gained) = directory(watched)
    assert lost["status"] == gained["status"] == "warning"
    assert ADMINS in lost["detail"] and OTHER in gained["detail"]
    assert report["verdict"] == "signedIn"


def test_what_graph_forbids_names_the_permission(watched):
    watched.graph.part_fault = lambda request: (
        (403, {"error": {"code": "Authorization_RequestDenied"}}) if (request["method"] == "GET") else None
    )
    _, (step,) = directory(watched)
    assert step["status"] == "warning" and "User.Read.All" in step["detail"] and "admin consent" in step["hint"]


@pytest.mark.parametrize("fault", ["silent", "secret"])
def test_a_graph_that_cannot_be_asked_is_a_warning(watched, fault):
    if fault == "secret":
        watched.graph.secret = "another"
    else:
        watched.graph.fault = lambda handler, count: handler.answer(503, {}) or True
    report, (step,) = directory(watched)
    assert step["status"] == "warning" and report["verdict"] == "signedIn"
    assert watched.graph.secret not in str(report)


class Refusing(APIServer):
    """An API server whose webhook refuses everybody."""

    def do_POST(self):
        self.sent()
        self.answer(401, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 401})


@pytest.fixture
def refused(tmp_path, certificates):
    graph = Graph(certificates)
    graph.members = {OBJECT: {ADMINS}}
    with serving(Refusing, certificates.path("server.crt"), certificates.path("server.key")) as port:
        yield Bench(tmp_path, certificates, graph, port)
    graph.stop()


def advice(bench):
    """What the report says to do about the refusal."""
    report, _ = directory(bench, status=1)
    identity = next(step for step in report["steps"] if step["name"] == "identity")
    assert identity["status"] == "failed"
    return report, identity.get("hint") or ""


@pytest.mark.parametrize(
    "account", [{"accountEnabled": False}, {"signInSessionsValidFromDateTime": "2099-01-01T00:00:00Z"}]
)
def test_a_refusal_that_graph_explains_is_not_called_a_mistake_of_the_setup(refused, account):
    refused.graph.accounts[OBJECT] = account
    report, hint = advice(refused)
    assert report["message"].startswith(("account_disabled", "sessions_revoked"))
    assert "the token is right" not in hint


@pytest.mark.parametrize("rule", ["refuse", "keep"])
def test_a_silent_graph_explains_a_refusal_where_silence_refuses(refused, rule):
    refused.directory["whenSilent"] = rule
    refused.graph.fault = lambda handler, count: handler.answer(503, {}) or True
    _, hint = advice(refused)
    assert ("directory.whenSilent: refuse" in hint) == (rule == "refuse")
    assert ("the token is right" in hint) == (rule == "keep")


def test_a_denied_account_is_not_asked_about(refused):
    refused.config["tenants"][0]["denied"] = [{"objectID": OBJECT, "reason": "stolen"}]
    report, hint = advice(refused)
    assert report["message"].startswith("principal_denied") and "the token is right" not in hint
    assert refused.graph.requests == []
