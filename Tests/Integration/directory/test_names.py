"""Display names: fetched from Graph, shown beside object IDs, never part of a decision."""

import json
import os

import pytest
import yaml
from entra import ADMINS, DEVELOPERS
from graph import Graph
from overage import CLIENT_ID
from webhook import configuration, run

RESCUER = "7777aaaa-bbbb-cccc-dddd-eeeeffff0000"
EMERGENCY = {"objectID": RESCUER, "until": "2030-01-01T00:00:00Z", "kubernetesGroups": ["rescuers"], "reason": "x"}


@pytest.fixture
def folder(certificates, tmp_path):
    """A Graph, and a configuration that uses it."""
    graph = Graph(certificates)
    (tmp_path / "secret").write_text(graph.secret + "\n")
    ca = certificates.path("ca.crt")
    config = configuration(
        authority=graph.base,
        authorityCA=ca,
        emergencyAccess=[EMERGENCY],
        directory={"clientID": CLIENT_ID, "clientSecretFile": "secret", "graphEndpoint": graph.base, "graphCA": ca},
    )
    config["names"] = "names.json"
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    yield graph, tmp_path
    graph.stop()


def fetch(path, *more):
    return run("names", "fetch", "--config", str(path / "c.yaml"), "--out", str(path / "names.json"), *more)


def test_names_are_fetched_and_the_dead_are_named(folder):
    graph, path = folder
    graph.objects = {ADMINS: ("group", "Platform"), DEVELOPERS: ("group", "D\u00e9veloppeurs")}
    code, out, err = fetch(path)
    assert (code, out) == (0, "") and RESCUER in err
    assert json.loads((path / "names.json").read_text()) == {
        "names": {
            ADMINS: {"displayName": "Platform", "kind": "group", "deleted": False},
            RESCUER: {"displayName": None, "kind": "user", "deleted": True},
            DEVELOPERS: {"displayName": "D\u00e9veloppeurs", "kind": "group", "deleted": False},
        }
    }
    (asked,) = graph.requests
    assert asked[0] == "/v1.0/directoryObjects/getByIds" and set(asked[1]["ids"]) == {ADMINS, DEVELOPERS, RESCUER}
    # Who is gone keeps the name that is known of it.
    graph.objects = {RESCUER: ("user", "Ada"), DEVELOPERS: ("group", "Builders")}
    assert fetch(path)[0] == 0
    assert json.loads((path / "names.json").read_text())["names"] == {
        ADMINS: {"displayName": "Platform", "kind": "group", "deleted": True},
        RESCUER: {"displayName": "Ada", "kind": "user", "deleted": False},
        DEVELOPERS: {"displayName": "Builders", "kind": "group", "deleted": False},
    }
    check = ("policy", "check", "--config", str(path / "c.yaml"), "--group", ADMINS)
    code, out, _ = run(*check)
    assert code == 0 and f"admin group {ADMINS} (Platform, deleted in Entra) gives" in out
    assert "Platform" not in run(*check, "--output", "json")[1]
    code, out, _ = run("policy", "list", "--config", str(path / "c.yaml"))
    assert f"{DEVELOPERS} (Builders)" in out and f"{ADMINS} (Platform, deleted in Entra)" in out


def test_what_is_bound_can_be_asked_about_too(folder):
    graph, path = folder
    bound = "12340000-bbbb-cccc-dddd-eeeeffff0000"
    graph.objects = {bound: ("servicePrincipal", "Pipeline")}
    (path / "cluster.yaml").write_text(
        yaml.safe_dump(
            {
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "b"},
                "roleRef": {"kind": "ClusterRole", "name": "view"},
                "subjects": [{"kind": "User", "name": bound}],
            }
        )
    )
    assert fetch(path, "--cluster", str(path / "cluster.yaml"))[0] == 0
    names = json.loads((path / "names.json").read_text())["names"]
    assert names[bound] == {"displayName": "Pipeline", "kind": "servicePrincipal", "deleted": False}


def test_what_goes_wrong_leaves_the_file_as_it_is(folder):
    graph, path = folder
    (path / "names.json").write_text('{"other": 1}')
    code, _, err = fetch(path)
    assert code == 2 and "names.json" in err and (path / "names.json").read_text() == '{"other": 1}'
    (path / "names.json").unlink()
    graph.fault = lambda handler, count: handler.answer(403, {}) or True
    code, _, err = fetch(path)
    assert code == 2 and "Directory.Read.All" in err and not (path / "names.json").exists()
    (path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    code, _, err = fetch(path)
    assert code == 2 and "directory" in err


def test_what_goes_wrong_names_the_file_the_host_and_the_proxy(folder):
    graph, path = folder
    words = ["names", "fetch", "--config", str(path / "c.yaml"), "--out", str(path / "names.json")]

    def said(*, hint, **environment):
        names = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
        plain = {name: value for name, value in os.environ.items() if name not in names}
        code, out, err = run(*words, env=plain | environment)
        assert (code, out) == (2, "")
        assert hint in err.partition("\n→ ")[2] if hint else "→" not in err
        return err

    graph.fault = lambda handler, count: handler.answer(404, {}) or True
    err = said(hint="is directory.graphEndpoint right?")
    assert f"Microsoft Graph at {graph.base}: there is nothing that answers about names (status 404)" in err
    graph.fault = None
    (path / "secret").unlink()
    assert f"directory.clientSecretFile: {path}/secret: there is no such file" in said(hint=None)
    (path / "secret").write_text(" \n")
    assert f"directory.clientSecretFile: {path}/secret: the file holds no secret" in said(hint=None)
    (path / "secret").write_text(graph.secret)
    err = said(hint="write the file by hand", HTTPS_PROXY="http://127.0.0.1:1")
    assert f"from {graph.base}: the proxy cannot be reached; the proxy is 127.0.0.1:1 (from HTTPS_PROXY)" in err
    graph.stop()
    err = said(hint="if the way out is a proxy, set HTTPS_PROXY or signingKeys.proxy, or write the file by hand")
    assert f"no token for Microsoft Graph from {graph.base}: the connection was refused" in err


def test_a_busy_graph_is_asked_again(folder):
    graph, path = folder
    graph.objects = {ADMINS: ("group", "Platform")}
    graph.fault = lambda handler, count: count == 1 and (handler.answer(429, {}, {"Retry-After": "1"}) or True)
    assert fetch(path)[0] == 0 and len(graph.requests) == 2


# Every form of a broken file is in DirectoryNamesTests.swift.
@pytest.mark.parametrize("text", ["", '{"names": {"%s": {"kind": "robot"}}}' % ADMINS])
def test_names_that_cannot_be_read_stop_nothing(text, tmp_path):
    (tmp_path / "names.json").write_text(text)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({**configuration(), "names": "names.json"}))
    code, out, err = run("policy", "list", "--config", str(tmp_path / "c.yaml"), "--output", "json")
    assert code == 0 and "no display names" in err and "names.json" in err
    assert all(one["displayName"] is None for one in json.loads(out)["grants"])


def test_names_stand_beside_ids_and_decide_nothing(entra, certificates, tmp_path):
    (tmp_path / "names.json").write_text(
        json.dumps(
            {
                "names": {
                    ADMINS: {"displayName": "system:masters\u001b[31m", "kind": "group"},
                    DEVELOPERS: {"displayName": "Developers", "kind": "group"},
                }
            }
        )
    )
    entra.write_key_file(str(tmp_path / "keys.json"))
    config = {**configuration(), "names": "names.json"}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    token = entra.token(groups=[ADMINS, DEVELOPERS])
    words = ["inspect", "--config", str(tmp_path / "c.yaml"), "--keys", str(tmp_path / "keys.json")]
    code, out, _ = run(*words, input=token)
    assert code == 0 and f"{DEVELOPERS} (Developers)" in out and "\u001b" not in out
    with_names = json.loads(run(*words, "--output", "json", input=token)[1])
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    assert json.loads(run(*words, "--output", "json", input=token)[1])["user"] == with_names["user"]
