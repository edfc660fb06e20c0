"""`doctor` hears from Microsoft Graph what the watch hears: accounts, sessions, memberships, and what is forbidden."""

import time

import pytest
import yaml
from graph import Graph
from overage import CLIENT_ID
from test_doctor import bench, folder, port, steps  # noqa: F401
from test_review import ADMINS, TENANT, token

PERSON = "0b1ec700-0000-0000-0000-000000000001"
OTHER = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"


@pytest.fixture
def watched(bench, certificates):  # noqa: F811
    """A bench whose configuration watches, and its Graph. The token is of an admin."""
    graph = Graph(certificates)
    graph.members = {PERSON: {ADMINS}}
    with open(certificates.path("secret"), "w") as file:
        file.write(graph.secret)
    config = yaml.safe_load((bench.folder / "config.yaml").read_text())
    tenant = config["tenants"][0]
    tenant |= {"authority": graph.base, "authorityCA": certificates.path("ca.crt"),
               "groupMappings": [{"groupObjectID": OTHER, "kubernetesGroups": ["developers"]}],
               "directory": {"clientID": CLIENT_ID, "clientSecretFile": certificates.path("secret"),
                             "graphEndpoint": graph.base, "graphCA": certificates.path("ca.crt"), "watch": "admins"}}
    (bench.folder / "watching.yaml").write_text(yaml.safe_dump(config))
    bench.gives(token(iss=f"{graph.base}/{TENANT}/"))
    bench.graph = graph
    yield bench
    graph.stop()


def directory(bench, status=0):  # noqa: F811
    report = bench.run("--config", "watching.yaml", status=status)
    return report, [step for step in report["steps"] if step["name"] == "directory"]


def test_an_enabled_account_in_its_groups(watched):
    report, (step,) = directory(watched)
    assert step["status"] == "passed" and step["detail"].endswith("in 1 of 2 configured groups")
    assert steps(report)["identity"] == "passed"
    assert {method for _, method, _, _ in watched.graph.parts} == {"GET", "POST"}


def test_a_configuration_that_does_not_watch_asks_nobody(watched):
    config = yaml.safe_load((watched.folder / "watching.yaml").read_text())
    config["tenants"][0]["directory"]["watch"] = "off"
    (watched.folder / "watching.yaml").write_text(yaml.safe_dump(config))
    assert directory(watched)[1] == [] and watched.graph.requests == []


@pytest.mark.parametrize("account, code, hint", [
    ({"accountEnabled": False}, "account_disabled", "enable the account"),
    (None, "account_disabled", "enable the account"),
])
def test_a_disabled_or_deleted_account(watched, account, code, hint):
    if account:
        watched.graph.accounts[PERSON] = account
    else:
        del watched.graph.members[PERSON]
    report, found = directory(watched, status=1)
    assert report["problem"] == "directory" and report["message"].startswith(code) and hint in report["hint"]
    assert found[0]["status"] == "failed"


def test_revoked_sessions_and_when_a_new_sign_in_passes(watched):
    revoked = int(time.time()) + 60
    watched.graph.accounts[PERSON] = {
        "signInSessionsValidFromDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(revoked))}
    report, _ = directory(watched, status=1)
    assert report["message"].startswith("sessions_revoked")
    assert time.strftime("from %Y-%m-%dT%H:%M:%SZ", time.gmtime(revoked + 300)) in report["hint"]


def test_groups_that_were_lost_and_gained_since(watched):
    watched.graph.members[PERSON] = {OTHER}
    report, (lost, gained) = directory(watched)
    assert lost["status"] == gained["status"] == "warning"
    assert ADMINS in lost["detail"] and OTHER in gained["detail"]
    assert report["verdict"] == "signedIn"


def test_what_graph_forbids_names_the_permission(watched):
    watched.graph.part_fault = lambda request: (403, {"error": {"code": "Authorization_RequestDenied"}}) if (
        request["method"] == "GET") else None
    _, (step,) = directory(watched)
    assert step["status"] == "warning" and "User.Read.All" in step["detail"] and "admin consent" in step["hint"]


@pytest.mark.parametrize("fault", ["silent", "secret"])
def test_a_graph_that_cannot_be_asked_is_a_warning(watched, certificates, fault):
    if fault == "secret":
        watched.graph.secret = "another"
    else:
        watched.graph.fault = lambda handler, count: handler.answer(503, {}) or True
    report, (step,) = directory(watched)
    assert step["status"] == "warning" and report["verdict"] == "signedIn"
    assert watched.graph.secret not in str(report)
