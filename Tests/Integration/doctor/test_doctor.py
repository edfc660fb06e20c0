"""`doctor` with a stand-in plugin and a stand-in API server. Tokens are made by joserfc."""

import hashlib
import json
import subprocess
import time

import pytest
from doctors import CONFIG, OFFSETS, OTHER, SEEN, problem, steps
from programs import BINARY
from signed_tokens import SERVER, TENANT, token


@pytest.mark.parametrize("arguments", [(), CONFIG])
def test_a_working_sign_in_passes_every_step(bench, arguments):
    report = bench.run(*arguments, status=0)
    assert report["verdict"] == "signedIn" and report["problem"] is None
    assert steps(report) == dict.fromkeys(
        ["kubeconfig", "apiServer", "clock", "method", "plugin", "token", "identity", "permissions"], "passed"
    )
    assert report["user"]["username"] == "ada@example.com"
    assert report["inspection"]["verdict"] == ("accepted" if arguments else "unverified")
    assert SEEN[-1][:3] == ("ok", "apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "Bearer " + bench.given)


def test_the_text_begins_with_the_verdict(bench):
    text = bench.run(*CONFIG, status=0, output="text")
    assert text.startswith("SIGNED IN: the API server knows you as ada@example.com")
    assert "Kubernetes v1.34.1, TLSv1.3" in text
    bench.way("refuses")
    text = bench.run(*CONFIG, status=1, output="text")
    assert text.startswith("NOT WORKING: the API server refuses the token")


@pytest.mark.parametrize(
    "cluster, sentence, hint, status",
    [
        ({"certificate-authority": "certs/client.crt"}, "not issued by a trusted authority", "the CA in", 1),
        ({"certificate-authority": None}, "not issued by a trusted authority", "this system's CAs", 1),
        ({"certificate-authority": "missing.crt"}, "there is no such file", "certificate-authority", 1),
        ({"certificate-authority-data": "!"}, "no base64", "", 1),
        ({"certificate-authority": "kubeconfig"}, "trusted authorities cannot be used", "", 1),
        ({"tls-server-name": "elsewhere"}, "for another name", "not for elsewhere", 1),
        ({"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify", "certificate-authority-data", 1),
        ({"server": "http://127.0.0.1:1"}, "http://", "https://", 1),
        ({"server": "127.0.0.1:1"}, "not an https:// address", "", 1),
        ({"server": "https://127.0.0.1:1"}, "refused", "control plane", 2),
        ({"server": "https://no-such-host.invalid"}, "not found", "VPN", 2),
        ({"proxy-url": "http://127.0.0.1:1"}, "proxy", "proxy-url", 2),
    ],
)
def test_what_is_wrong_with_the_server_is_named(bench, cluster, sentence, hint, status):
    bench.cluster |= cluster
    problem(bench, "apiServer", sentence, hint=hint, status=status)


def test_a_server_of_another_name_is_named(bench):
    bench.cluster["tls-server-name"] = "localhost"
    assert bench.run(status=0)["verdict"] == "signedIn"


def test_a_server_that_is_down_is_named(bench):
    bench.way("down")
    problem(bench, "apiServer", "status 503", status=2)


@pytest.mark.parametrize("way, sentence", [("slow", "7 minutes behind"), ("fast", "minutes ahead of")])
def test_a_clock_that_is_wrong_is_named(bench, way, sentence):
    bench.way(way)
    # Tokens are judged by the API server's clock, which a token of ten minutes ago passes.
    bench.gives(token(iat=int(time.time()) - 600, nbf=int(time.time()) - 600))
    for arguments in ((), CONFIG):
        report = bench.run(*arguments, status=0)
        assert report["verdict"] == "signedIn" and steps(report)["clock"] == "warning" and sentence in report["message"]
        assert steps(report)["identity"] == steps(report)["permissions"] == "passed"
    text = " ".join(bench.run(status=0, output="text").split())
    assert text.startswith("SIGNED IN, but this host's clock is") and "set the clock" in text


@pytest.mark.parametrize("way, sentence", [("day-fast", "ahead of"), ("day-slow", "behind")])
def test_a_token_is_not_expired_because_this_hosts_clock_is_a_day_off(bench, way, sentence):
    bench.way(way)
    now = int(time.time()) + OFFSETS[way]
    bench.gives(token(iat=now - 300, nbf=now - 300, exp=now + 3600))
    for arguments in ((), CONFIG):
        report = bench.run(*arguments, status=0)
        assert report["verdict"] == "signedIn" and sentence in report["message"], report
        assert steps(report)["token"] == steps(report)["identity"] == steps(report)["permissions"] == "passed"
    bench.gives(token(iat=now - 7200, nbf=now - 7200, exp=now - 3600))
    problem(bench, "token", "token_expired", *CONFIG)


def test_seconds_count_too(bench, folder):
    """A difference that is not worth a warning is more than a configuration may allow."""
    (folder / "strict.yaml").write_text((folder / "config.yaml").read_text() + "limits: {clockSkew: 1s}\n")
    bench.way("slightly-fast")
    now = int(time.time()) - 50
    bench.gives(token(iat=now - 3600, nbf=now - 3600, exp=now + 30))
    report = bench.run("--config", "strict.yaml", status=0)
    assert report["verdict"] == "signedIn" and steps(report)["clock"] == "passed"


@pytest.mark.parametrize("seconds", [-7200, 7200], ids=["expired", "not yet valid"])
def test_a_server_without_a_clock_is_believed_about_times(bench, seconds):
    bench.way("dateless")
    now = int(time.time()) + seconds
    bench.gives(token(iat=now - 300, nbf=now - 300, exp=now + 3600))
    for arguments in ((), CONFIG):
        report = bench.run(*arguments, status=0)
        assert report["verdict"] == "signedIn" and "this host's clock is wrong" in report["message"], report
        assert steps(report)["token"] == steps(report)["clock"] == "warning"
    assert bench.run(status=0, output="text").startswith("SIGNED IN, but this host's clock is wrong")
    # What is wrong besides the times stays wrong.
    bench.gives(token(iat=now - 300, nbf=now - 300, exp=now + 3600, aud=OTHER))
    problem(bench, "token", OTHER, *CONFIG)
    bench.gives(token())
    assert steps(bench.run(*CONFIG, status=0))["clock"] == "skipped"


def test_a_token_that_the_servers_clock_refuses_is_not_judged_by_this_hosts(bench):
    bench.way("fast")
    bench.gives(token(iat=int(time.time()), nbf=int(time.time())))
    report = problem(bench, "token", "not valid yet", *CONFIG)
    assert steps(report)["clock"] == "warning"


@pytest.mark.parametrize(
    "audience", ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000", "https://management.azure.com/"]
)
def test_a_token_for_another_service_is_not_called_right(bench, audience):
    bench.exec["args"] = ["get-token", "--login", "devicecode", "--server-id", "api://own", "--tenant-id", TENANT]
    bench.gives(token(aud=audience))
    problem(bench, "token", "which is no cluster", hint="--server-id")


def test_an_unchecked_signature_is_not_called_right(bench, folder):
    bench.way("refuses")
    (folder / "no-keys.yaml").write_text(
        (folder / "config.yaml").read_text().replace("file: keys.json", "maximumAge: 24h")
    )
    bench.gives(bench.given[:-6] + "AAAAAA")
    report = problem(bench, "identity", "401", "--config", "no-keys.yaml", hint="--keys")
    assert "the token is right" not in json.dumps(report)


@pytest.mark.parametrize("arguments", [(), ("--config", "no-keys.yaml")])
def test_where_the_reason_stands_and_what_its_absence_means(bench, folder, arguments):
    (folder / "no-keys.yaml").write_text(
        (folder / "config.yaml").read_text().replace("file: keys.json", "maximumAge: 24h")
    )
    bench.way("refuses")
    report = bench.run(*arguments, status=1)
    digest = hashlib.sha256(bench.given.encode()).hexdigest()[:12]
    assert report["tokenSHA256"] == digest and digest in report["hint"]
    assert "Failed to make webhook authenticator request" in report["hint"]
    assert '"invalid bearer token" without a reason' in report["hint"]


def test_a_cached_token_for_another_application_gets_one_advice(bench):
    bench.gives(token(aud=OTHER))
    report = problem(bench, "token", "kubelogin was asked for a token for", *CONFIG, hint="remove-cache-dir")
    assert [s["name"] for s in report["steps"] if s["status"] == "failed"][0] == "token"
    assert not [s for s in report["steps"] if "--server-id" in (s["hint"] or "")]


AZURE = "kubelogin version \n\ngit hash: {}/0123abcd\n\nGo version: go1.24.7\n\nPlatform: linux/amd64"


@pytest.mark.parametrize(
    "version,arguments,said",
    [
        ("v0.2.11", ["--login", "azurecli"], "#711"),
        ("v0.2.5", ["--login", "azurecli"], "#636"),
        ("v0.2.6", ["--login", "devicecode"], "#641"),
        ("v0.0.31", ["--login", "spn", "--legacy"], "#331"),
        ("v0.0.31", ["--login", "spn"], None),
        ("v0.2.12", ["--login", "azurecli"], None),
        ("v0.1.9", ["--login", "devicecode"], None),
    ],
)
def test_known_faults_of_kubelogin(bench, version, arguments, said):
    (bench.folder / "bin/az").write_text("#!/bin/sh\n")
    (bench.folder / "bin/az").chmod(0o755)
    bench.exec["args"] = ["get-token", *arguments, "--server-id", SERVER, "--tenant-id", TENANT, "--client-id", OTHER]
    bench.variables["AAD_SERVICE_PRINCIPAL_CLIENT_SECRET"] = "x"
    script = (bench.folder / "bin/kubelogin").read_text().partition("\n")[2]
    bench.plugin('if [ "$1" = --version ]; then printf %s "' + AZURE.format(version) + '"; exit; fi\n' + script)
    report = bench.run(status=0)
    found = [s["detail"] for s in report["steps"] if "Azure/kubelogin#" in s["detail"]]
    assert any(said in detail for detail in found) if said else not found
    (bench.folder / "bin/az").unlink()


def test_the_other_program_of_that_name(bench):
    script = (bench.folder / "bin/kubelogin").read_text().partition("\n")[2]
    bench.plugin(
        'if [ "$1" = --version ]; then echo "kubelogin version v1.32.0 (go1.23.4 linux_amd64)"; exit; fi\n' + script
    )
    problem(bench, "method", "int128/kubelogin", hint="azure.github.io/kubelogin")


def test_it_looks_through_credential_and_takes_its_hints(bench):
    hints = json.loads(
        subprocess.run([BINARY, "config", "hints", "config.yaml"], cwd=bench.folder, capture_output=True).stdout
    )
    bench.exec.update(
        command="kube-entra", args=["credential", "--hints", json.dumps(hints), "--", "kubelogin", *bench.exec["args"]]
    )
    report = bench.run(status=0)
    assert "by the plugin kubelogin" in json.dumps(report)
    bench.gives(token(aud="api://other"))
    report = problem(bench, "token", "audience_not_accepted", hint="--server-id")
    assert "kube-entra:" not in bench.stderr
    bench.exec["args"][bench.exec["args"].index(SERVER)] = OTHER
    problem(bench, "method", "which this cluster does not take", hint=SERVER)


def test_json_has_the_same_form_always(bench):
    for way in ("ok", "refuses", "unbound", "down", "anonymous"):
        bench.way(way)
        bench.write()
        done = subprocess.run(
            [BINARY, "doctor", "--kubeconfig", "kubeconfig", "--output", "json"],
            cwd=bench.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env={"PATH": bench.path},
        )
        report = json.loads(done.stdout)
        assert set(report) == {"verdict", "problem", "message", "hint", "steps", "inspection", "user", "tokenSHA256"}
        names = [step["name"] for step in report["steps"]]
        assert set(names) == {
            "kubeconfig",
            "apiServer",
            "clock",
            "method",
            "plugin",
            "token",
            "identity",
            "permissions",
        }
        assert done.returncode == {"signedIn": 0, "failed": 1, "unknown": 2}[report["verdict"]]
        for step in report["steps"]:
            assert set(step) == {"name", "status", "detail", "hint"}
            assert step["status"] in ("passed", "warning", "failed", "skipped") and step["detail"]
            assert step["status"] != "failed" or step["hint"], step
