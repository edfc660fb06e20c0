"""`credential`: what kubectl gets from the plugin goes through unchanged, and one line says what is wrong with it."""

import hashlib
import json
import os
import re
import subprocess
import time

import pytest
import yaml
from credentials import REFUSED, credential, hints
from entra import ADMINS, AUDIENCE, CLIENT, DEVELOPERS, LEFT_OUT, OTHER_TENANT, TENANT
from webhook import PROGRAM, run


# All refusals, and all that a run can end with, are in CredentialVerdictTests.swift and CredentialRunTests.swift.
@pytest.mark.parametrize("name,code,claims,tenant", REFUSED, ids=[entry[0] for entry in REFUSED])
@pytest.mark.parametrize("api", ["v1", "v1beta1"])
def test_a_token_that_the_hints_refuse_gets_one_line(issuer, wrapped, name, code, claims, tenant, api):
    token = issuer.token(**claims)
    output = credential(token, api)
    status, out, err = wrapped(output, given=hints(**tenant))
    assert (status, out.decode()) == (0, output)
    digest = hashlib.sha256(token.encode()).hexdigest()[:12]
    assert re.fullmatch(rf"kube-entra: {code}: [^\n]+ → [^\n]+ \(token {digest}\)\n", err), err
    assert len(err.encode()) <= 601 and token.split(".")[1] not in err and "\x1b" not in err
    status, out, strict = wrapped(output, "--strict", given=hints(**tenant))
    assert (status, out, strict) == (1, b"", err)


def test_the_sentence_is_the_webhooks_own(entra, wrapped, webhook):
    token = entra.token(aud=CLIENT)
    _, _, err = wrapped(credential(token), given=hints())
    error = webhook.review(token)["error"]
    assert error.partition(" (decision")[0] in err


def test_a_good_token_passes_without_a_word(issuer, wrapped):
    output = credential(issuer.token())
    for given in (None, hints()):
        assert wrapped(output, given=given) == (0, output.encode(), "")


QUIET = [
    (
        "groups that only the webhook knows",
        {
            "groups": LEFT_OUT,
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://graph.example"}},
        },
    ),
    ("groups of another form", {"groups": "none"}),
    ("a user name that is reserved", {"upn": "system:admin"}),
]


@pytest.mark.parametrize("name,claims", QUIET, ids=[entry[0] for entry in QUIET])
def test_what_hints_cannot_know_is_not_guessed(issuer, wrapped, name, claims):
    output = credential(issuer.token(**claims))
    assert wrapped(output, "--strict", given=hints()) == (0, output.encode(), "")


def test_a_key_that_nobody_knows_and_a_wrong_signature_are_for_the_webhook(issuer, wrapped):
    for token in (issuer.token(header={"kid": "unknown"}), issuer.token()[:-8] + "AAAAAAAA"):
        assert wrapped(credential(token), "--strict", given=hints()) == (0, credential(token).encode(), "")


def test_the_issuer_is_asked_before_the_form_of_the_claims(issuer, wrapped):
    _, _, err = wrapped(credential(issuer.token(tenant=OTHER_TENANT, exp="soon")), given=hints())
    assert err.startswith("kube-entra: issuer_not_trusted: ")


@pytest.mark.parametrize(
    "claims,code",
    [
        ({"iat": 1, "nbf": 1, "exp": 3601}, "token_expired"),
        ({"appid": LEFT_OUT}, "token_kind_not_accepted"),
        ({"cnf": {"kid": "x"}}, "proof_of_possession_required"),
    ],
)
def test_without_hints_the_token_says_what_is_wrong_with_itself(issuer, wrapped, claims, code):
    assert wrapped(credential(issuer.token(**claims)))[2].startswith(f"kube-entra: {code}: ")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": CLIENT},
        {"tenant": OTHER_TENANT},
        {"iss": "https://accounts.google.com"},
        {"iss": "https://kubernetes.default.svc", "appid": LEFT_OUT, "tid": LEFT_OUT},
    ],
)
def test_without_hints_every_audience_and_issuer_may_be_right(issuer, wrapped, claims):
    assert wrapped(credential(issuer.token(**claims)))[2] == ""


def test_a_token_that_ends_soon_is_a_warning_and_no_refusal(issuer, wrapped):
    output = credential(issuer.token(exp=int(time.time()) + 120))
    for options in ((), ("--strict",)):
        status, out, err = wrapped(output, *options, given=hints())
        assert (status, out) == (0, output.encode())
        assert re.fullmatch(r"kube-entra: the token ends in [^\n]+ → [^\n]+\n", err)


def test_a_clock_that_is_behind_shows_in_the_token(issuer, wrapped):
    now = int(time.time())
    _, _, err = wrapped(credential(issuer.token(iat=now + 50, nbf=now + 50)), given=hints())
    assert re.fullmatch(r"kube-entra: this computer's clock is at least [^\n]+ behind[^\n]+ → [^\n]+\n", err)


@pytest.mark.parametrize(
    "output",
    [
        b"\x00\xff" * 100,
        b"x" * ((1 << 20) + 7),
        b"y" * (5 << 20),
        json.dumps({"kind": "ExecCredential"}).encode(),
    ],
    ids=range(4),
)
def test_what_is_no_credential_passes_without_a_word(wrapped, output):
    assert wrapped(output, "--strict", given=hints()) == (0, output, "")


@pytest.mark.parametrize(
    "arguments,status",
    [
        ([], 64),
        (["--"], 64),
        (["kubelogin"], 64),
        (["--nonsense", "--", "true"], 64),
        (["--", "/no/such/program"], 127),
        (["--", "no-such-program-anywhere"], 127),
        (["--", "/etc/passwd"], 126),
        (["--", "/etc"], 126),
    ],
)
def test_wrong_usage_and_commands_that_cannot_be_run(arguments, status):
    done = subprocess.run([PROGRAM, "credential", *arguments], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (status, b"") and done.stderr


@pytest.mark.parametrize("command", ["./plugin", "folder/../plugin", "../{}/plugin"])
def test_the_current_folder_does_not_choose_the_program_of_a_kubeconfig(tmp_path, command):
    """kubectl looks for a relative command beside the kubeconfig, which it does not name to the plugin."""
    (tmp_path / "folder").mkdir()
    plugin = tmp_path / "plugin"
    plugin.write_text("#!/bin/sh\necho ran\n")
    plugin.chmod(0o755)
    line = [PROGRAM, "credential", "--", command.format(tmp_path.name)]
    known = {**os.environ, "KUBERNETES_EXEC_INFO": "{}"}
    done = subprocess.run(line, cwd=tmp_path, env=known, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (126, b"") and b"current folder" in done.stderr
    known.pop("KUBERNETES_EXEC_INFO")
    done = subprocess.run(line, cwd=tmp_path, env=known, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"ran\n")


@pytest.mark.parametrize("broken", ["{", "/no/such/file"])
def test_hints_that_cannot_be_read_are_said_and_the_token_is_handed_over(issuer, wrapped, broken, tmp_path):
    output = credential(issuer.token())
    status, out, err = wrapped(output, "--hints", broken)
    assert (status, out) == (0, output.encode()) and len(err.splitlines()) == 1 and "hints" in err
    status, out, err = wrapped(output, "--hints", broken, "--strict", script=f"touch {tmp_path}/ran\n")
    assert (status, out) == (2, b"") and not (tmp_path / "ran").exists() and len(err.splitlines()) == 1


def test_unreadable_hints_and_a_missing_command_are_one_line():
    done = subprocess.run(
        [PROGRAM, "credential", "--hints", "/no/such/file", "--", "/no/such/program"], capture_output=True, timeout=60
    )
    assert done.returncode == 127 and done.stderr.decode().splitlines() == [
        "kube-entra: /no/such/program was not found → install it, or correct the command behind --"
    ]


def test_hints_of_another_version_are_used_as_far_as_they_go(issuer, wrapped):
    given = hints(cloud="public", subjects=["user", "robot"], later={"x": 1})
    given["apiVersion"] = "kube-entra.dev/v7"
    app = issuer.token(idtyp="app", upn=LEFT_OUT)
    assert wrapped(credential(app), "--strict", given=given)[2] == ""
    assert "audience_not_accepted" in wrapped(credential(issuer.token(aud=CLIENT)), given=given)[2]
    given["tenants"].append({"tenantID": OTHER_TENANT, "cloud": "moon"})
    assert wrapped(credential(issuer.token(tenant=OTHER_TENANT)), given=given)[2] == ""


def test_config_hints_say_what_anybody_may_know_and_nothing_else(tmp_path):
    config = {
        "apiVersion": "kube-entra.dev/v1",
        "kind": "WebhookConfiguration",
        "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "c.crt"},
        "tenants": [
            {
                "tenantID": TENANT,
                "audiences": [AUDIENCE],
                "adminGroupObjectIDs": [ADMINS],
                "requiredClaims": {"acrs": "secret-context"},
                "groupMappings": [{"groupObjectID": DEVELOPERS, "kubernetesGroups": ["secret-group"]}],
                "appRoleMappings": [{"appRole": "Secret.Role", "kubernetesGroups": ["secret-group"]}],
                "signingKeys": {"file": "secret-keys.json"},
            }
        ],
    }
    file = tmp_path / "kube-entra.yaml"
    file.write_text(yaml.safe_dump(config))
    status, out, err = run("config", "hints", str(file))
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert list(result) == ["apiVersion", "kind", "writtenAt", "configurationSHA256", "clockSkew", "tenants"]
    assert (
        result["kind"] == "TokenHints"
        and result["configurationSHA256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    )
    assert list(result["tenants"][0]) == list(hints()["tenants"][0])
    assert result["tenants"][0]["audiences"] == [AUDIENCE]
    for secret in (ADMINS, DEVELOPERS, "secret", "Secret", ".crt", ".key", str(tmp_path)):
        assert secret not in out
    assert run("config", "hints", str(tmp_path / "none.yaml"))[0] == 2
