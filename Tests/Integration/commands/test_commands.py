"""The commands without a server: they agree with `serve`, and answer bad input with a sentence and the right status."""

import json
import os
import shutil
import subprocess
import time

import pytest
import yaml
from entra import ADMINS, AUDIENCE, CLIENT, DEVELOPERS, OBJECT, PLAIN, TENANT
from files import write
from webhook import PROGRAM, Webhook, configuration, reason, run

AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"


# Policy

PRINCIPALS = {
    "an admin": {"groups": [ADMINS]},
    "a developer": {"groups": [PLAIN, DEVELOPERS]},
    "nobody special": {"groups": []},
    "both": {"groups": [DEVELOPERS, ADMINS, DEVELOPERS]},
    "a role": {"roles": ["Cluster.Viewer"]},
    "version 2": {"version": "2.0"},
    "an application": {"idtyp": "app", "upn": None, "scp": None},
    "a guest": {"idp": "https://sts.windows.net/99999999-2222-3333-4444-555555555555/"},
    "another audience": {"aud": "x"},
    "too many groups": {"groups": None, "hasgroups": True},
    "a reserved name": {"upn": "system:admin"},
    "no object ID": {"oid": None},
}


def claims_of(entra, changes):
    """What is None is left out, as in a token."""
    return {name: value for name, value in entra.claims(**changes).items() if value is not None}


@pytest.mark.parametrize("changes", PRINCIPALS.values(), ids=PRINCIPALS)
def test_policy_check_agrees_with_serve(webhook, entra, tmp_path, changes):
    claims = claims_of(entra, changes)
    served = webhook.review(entra.raw(json.dumps(entra.header()), json.dumps(claims)))
    file = write(tmp_path / "claims.json", claims)
    code, out, err = run("policy", "check", "--config", webhook.config_path, "--claims", file, "--output", "json")
    told = json.loads(out)
    assert told["admitted"] == (served["authenticated"] is True), err
    if told["admitted"]:
        assert code == 0
        for name in ("username", "uid", "groups", "extra"):
            assert told["user"][name] == served["user"][name]
        assert told["admin"] == (ADMINS in claims.get("groups", []))
        assert {group for rule in told["because"] for group in rule["gives"]} == set(served["user"]["groups"])
    else:
        assert (code, told["reason"]) == (1, reason(served))


def test_require_admin_fails_for_others(config):
    assert run("policy", "check", "--config", config, "--group", ADMINS, "--require-admin")[0] == 0
    assert run("policy", "check", "--config", config, "--group", PLAIN, "--require-admin")[0] == 1
    assert run("policy", "check", "--config", config, "--group", PLAIN)[0] == 0


def test_a_suite_made_from_a_principal_passes_and_fails_after_a_change(config, entra, tmp_path):
    claims = write(tmp_path / "claims.json", entra.claims())
    code, suite, _ = run("policy", "check", "--config", config, "--claims", claims, "--as-test")
    assert code == 0
    suite = write(tmp_path / "suite.yaml", suite)
    code, out, err = run("policy", "test", "--config", config, suite)
    assert (code, "0 failed" in out) == (0, True), out + err
    changed = configuration(adminGroupObjectIDs=[DEVELOPERS], groupMappings=[])
    changed = write(tmp_path / "changed.yaml", changed)
    report = str(tmp_path / "junit.xml")
    code, out, _ = run("policy", "test", "--config", changed, suite, "--junit", report)
    assert code == 1 and "expected" in out and "actual" in out
    assert "<failure" in open(report).read()
    code, out, _ = run("policy", "diff", config, changed, "--output", "json")
    assert code == 1 and json.loads(out)["different"] is True
    assert run("policy", "diff", config, config)[0] == 0


@pytest.mark.parametrize(
    "suite",
    # All forms are in PolicySuiteTests.swift.
    ["", "tests: [{name: a, given: {groups: []}, expect: {adnim: true}}]"],
)
def test_a_suite_that_tests_nothing_is_no_pass(config, tmp_path, suite):
    code, out, err = run("policy", "test", "--config", config, write(tmp_path / "suite.yaml", suite))
    assert code == 2, out
    assert "suite.yaml" in err


# Configuration


@pytest.mark.parametrize(
    "aks",
    [
        {"managed": True, "adminGroupObjectIDs": [ADMINS], "tenantID": TENANT, "enableAzureRBAC": True},
        {"managed": True, "adminGroupObjectIds": [ADMINS.upper()], "tenantId": TENANT, "enableAzureRbac": False},
        {
            "clientAppID": OBJECT,
            "serverAppID": AUDIENCE,
            "serverAppSecret": "HUSH-HUSH",
            "tenantID": TENANT,
            "adminGroupObjectIDs": [ADMINS],
        },
    ],
    ids=["ARM", "CLI", "legacy"],
)
@pytest.mark.parametrize(
    "wrap",
    [lambda p: p, lambda p: {"name": "a", "aadProfile": p}, lambda p: {"name": "a", "properties": {"aadProfile": p}}],
    ids=["bare", "az aks show", "ARM resource"],
)
def test_from_aks_to_policy(certificates, tmp_path, aks, wrap):
    code, text, err = run("config", "import-aks", "--certs", ".", input=json.dumps(wrap(aks)))
    assert code == 0, err
    assert "HUSH-HUSH" not in text + err
    for source, name in (("server.crt", "server.crt"), ("server.key", "server.key"), ("ca.crt", "client-ca.crt")):
        shutil.copy2(certificates.path(source), tmp_path / name)
    path = write(tmp_path / "config.yaml", text)
    code, out, err = run("config", "check", path)
    assert code == 0, out + err
    code, out, err = run("policy", "check", "--config", path, "--group", ADMINS, "--output", "json")
    assert (code, json.loads(out)["admin"]) == (0, True), err


@pytest.mark.parametrize(
    "aks, claims",
    [
        ({"managed": True, "adminGroupObjectIDs": [ADMINS], "tenantID": TENANT}, {"aud": AKS_SERVER}),
        (
            {"clientAppID": CLIENT, "serverAppID": AUDIENCE, "tenantID": TENANT, "adminGroupObjectIDs": [ADMINS]},
            {"aud": f"spn:{AUDIENCE}"},
        ),
    ],
    ids=["managed", "legacy"],
)
def test_from_aks_to_a_webhook_that_serves_and_a_policy_that_agrees(certificates, entra, aks, claims):
    code, text, err = run("config", "import-aks", "--certs", ".", input=json.dumps({"name": "a", "aadProfile": aks}))
    assert code == 0, err
    imported = yaml.safe_load(text)
    # All that changes is where this test's files and ports are.
    imported["server"].update(clientCA="ca.crt")
    del imported["server"]["listen"], imported["server"]["operations"]
    imported["tenants"][0]["signingKeys"] = {"file": "aks-keys.json"}
    entra.write_key_file(certificates.path("aks-keys.json"))
    webhook = Webhook(certificates, imported, name="aks.yaml")
    assert run("config", "check", webhook.config_path)[0] == 0
    webhook.start()
    try:
        for groups, admin in [([ADMINS], True), ([PLAIN], False)]:
            token = entra.token(groups=groups, **claims)
            served = webhook.review(token)
            assert served["authenticated"] and ("kube-entra:cluster-admins" in served["user"]["groups"]) == admin
            code, out, err = run("policy", "check", "--config", webhook.config_path, "--output", "json", input=token)
            answer = json.loads(out)
            assert (code, answer["admitted"], answer["admin"]) == (0, True, admin), err
            assert answer["user"] == served["user"]
        assert reason(webhook.review(entra.token(aud=DEVELOPERS))) == "audience_not_accepted"
    finally:
        webhook.stop()


def test_several_aks_clusters_at_once(tmp_path):
    profile = {"managed": True, "adminGroupObjectIDs": [ADMINS], "tenantID": TENANT}
    same = {**profile, "enableAzureRBAC": True}
    other = {**profile, "adminGroupObjectIDs": [DEVELOPERS]}

    def clusters(*profiles):
        return json.dumps([{"name": f"c{number}", "aadProfile": one} for number, one in enumerate(profiles)])

    code, out, err = run("config", "import-aks", input=clusters(profile, same, None))
    assert (code, out.count("apiVersion:")) == (0, 1)
    assert "c1: enableAzureRBAC cannot be carried over" in err and "c1: enableAzureRBAC" in out
    assert "c2: left out, since it does not use Entra" in err
    code, out, err = run("config", "import-aks", input=clusters(profile, other))
    first, second = out.split("---\n")
    assert code == 0 and ADMINS in first and DEVELOPERS not in first.split("groupMappings")[0]
    assert f"adminGroupObjectIDs: [{DEVELOPERS}]" in second
    # Never one configuration that lets each cluster's admins into the others.
    code, out, err = run("config", "import-aks", "--out", str(tmp_path / "a.yaml"), input=clusters(profile, other))
    assert (code, out) == (2, "") and "--folder" in err and not os.path.exists(tmp_path / "a.yaml")
    assert run("config", "import-aks", "--folder", str(tmp_path), input=clusters(profile, other))[0] == 0
    assert {"c0.yaml", "c1.yaml"} <= set(os.listdir(tmp_path))
    # Nothing is written when one of them cannot be translated.
    code, out, err = run("config", "import-aks", input=clusters(profile, {**other, "tenantID": None}))
    assert (code, out) == (2, "")
    assert run("config", "import-aks", input=json.dumps([profile, same]))[0] == 0


def test_what_the_check_of_a_configuration_says_serve_says_too(config):
    broken = configuration(audience=["x"], tenantID="x", subjects=["usr"])
    broken["limits"] = {"clockSkew": "yes", "tokenBytes": -1}
    broken["sever"] = {}
    write_to = os.path.join(os.path.dirname(config), "broken.yaml")
    with open(write_to, "w") as file:
        json.dump(broken, file, indent=1)
    code, _, checked = run("config", "check", write_to)
    assert code == 2
    for field in ["audience", "tenantID", "subjects", "limits.clockSkew", "limits.tokenBytes", "sever"]:
        assert field in checked, checked
    code, _, served = run("serve", "--config", write_to, timeout=10)
    assert code == 2
    # The same problems, in the same words and places.
    assert {line for line in checked.splitlines() if "broken.yaml:" in line} <= set(served.splitlines())


# Bad input


# UnusableFilesTests.swift tries every kind of file with every reader. Here each command gets one kind, in turn, to test
# its exit status and the stream to which it writes the reason.


def unusable_file(folder, name):
    path = folder / name
    match name:
        case "folder":
            path.mkdir()
        case "binary":
            path.write_bytes(bytes(range(256)) * 200)
        case "deep":
            path.write_bytes(b"[" * 100_000)
        case "large":
            path.write_bytes(b"a" * 10_000_000)
    return str(path)


KINDS = ["binary", "large", "deep", "folder", "missing"]

COMMANDS = {
    "inspect --token-file": (lambda c, f: ["inspect", "--token-file", f], {1, 2}),
    "inspect --keys": (lambda c, f: ["inspect", "--keys", f, "a.b.c"], {1, 2}),
    "inspect --config": (lambda c, f: ["inspect", "--config", f, "a.b.c"], {2}),
    "policy check --token-file": (lambda c, f: ["policy", "check", "--config", c, "--token-file", f], {1, 2}),
    "policy check --claims": (lambda c, f: ["policy", "check", "--config", c, "--claims", f], {1, 2}),
    "policy check --config": (lambda c, f: ["policy", "check", "--config", f, "--group", ADMINS], {2}),
    "policy test": (lambda c, f: ["policy", "test", "--config", c, f], {2}),
    "policy diff": (lambda c, f: ["policy", "diff", c, f], {2}),
    "config check": (lambda c, f: ["config", "check", f], {2}),
    "config import-aks": (lambda c, f: ["config", "import-aks", f], {2}),
    "keys show": (lambda c, f: ["keys", "show", f], {1, 2}),
    "certs show": (lambda c, f: ["certs", "show", f], {1, 2}),
    "serve": (lambda c, f: ["serve", "--config", f], {2}),
    "review": (lambda c, f: ["review", "--config", f, "a.b.c"], {2}),
}


@pytest.mark.parametrize(
    "command, kind", [(command, KINDS[number % len(KINDS)]) for number, command in enumerate(COMMANDS)]
)
def test_a_file_that_cannot_be_used_ends_a_command_with_a_sentence(config, tmp_path, command, kind):
    arguments, statuses = COMMANDS[command]
    code, out, err = run(*arguments(config, unusable_file(tmp_path, kind)), timeout=60)
    assert code in statuses, (code, out[-500:], err[-500:])
    assert (out if code == 1 else err).strip()
    assert "Fatal error" not in err and "aaaaaaaaaaaaaaaaaaaaaaaa" not in out + err
    assert len(out + err) < 20_000


# Nothing of the token


def test_no_command_shows_the_token(config, entra, tmp_path):
    token = entra.token()
    keys = os.path.join(os.path.dirname(config), "keys.json")
    for arguments in (
        ["inspect", "--config", config],
        ["inspect", "--config", config, "--output", "json"],
        ["inspect"],
        ["policy", "check", "--config", config, "--keys", keys],
        ["policy", "check", "--config", config, "--keys", keys, "--output", "json"],
    ):
        code, out, err = run(*arguments, input="Bearer " + token + "\n")
        assert code == (1 if arguments == ["inspect"] else 0), (arguments, out, err)
        for part in token.split("."):
            assert part not in out + err
        code, out, err = run(*arguments, token[:-4] + "AAAA")
        assert code == 1
        assert token.split(".")[1] not in out + err and token.split(".")[2][:40] not in out + err


def test_a_token_with_no_network(config, entra):
    """Offline, provably: in a network namespace without interfaces."""
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    done = subprocess.run(
        ["unshare", "-rn", PROGRAM, "inspect", "--config", config],
        input=entra.token().encode(),
        capture_output=True,
        timeout=10,
    )
    assert done.returncode == 0, done.stderr


def test_a_normal_token_is_explained_at_once(config, entra):
    token = entra.token()
    times = []
    for _ in range(10):
        begin = time.perf_counter()
        assert run("inspect", "--config", config, input=token)[0] == 0
        times.append(time.perf_counter() - begin)
    assert min(times) < 5, times


@pytest.mark.parametrize(
    "arguments",
    [
        ("config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE),
        ("config", "check", "CONFIG"),
        ("policy", "check", "--config", "CONFIG", "--group", ADMINS),
        ("inspect", "--output", "json", "a.b.c"),
        ("keys", "show", "KEYS"),
    ],
)
def test_a_result_that_nobody_gets_is_no_success(config, arguments):
    folder = os.path.dirname(config)
    arguments = [
        {"CONFIG": config, "KEYS": os.path.join(folder, "keys.json")}.get(argument, argument) for argument in arguments
    ]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
    assert done.returncode == 2 and "cannot be written to standard output: No space left" in done.stderr, done


def test_a_closed_standard_stream_is_not_another_file(tmp_path):
    """Otherwise the first file that the program opens gets the stream's number, and then the program's output."""
    command = 'kube-entra() { "$PROGRAM" "$@"; }; kube-entra deny add --object-id {} --reason x --file {} {}'
    for number, closed in enumerate((">&-", "2>&-", "<&-", "<&- >&- 2>&-")):
        file = tmp_path / f"{number}.json"
        done = subprocess.run(
            ["bash", "-c", command.replace("{}", OBJECT, 1).replace("{}", str(file), 1).replace("{}", closed)],
            env={**os.environ, "PROGRAM": PROGRAM},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (closed, done.stderr)
        assert [entry["objectID"] for entry in json.loads(file.read_text())["denied"]] == [OBJECT]


def test_reference_wants_a_folder(tmp_path):
    status, _, errors = run("reference", "--folder", "")
    assert status == 64 and "--folder must name a folder" in errors


def test_a_principal_of_no_tenant_is_none_of_the_only_tenant(config):
    code, out, err = run(
        "policy", "check", "--config", config, "--tenant-id", "99999999-2222-3333-4444-555555555555", "--output", "json"
    )
    answer = json.loads(out)
    assert (code, answer["admitted"], answer["reason"], answer["tenantID"]) == (1, False, "issuer_not_trusted", None)
