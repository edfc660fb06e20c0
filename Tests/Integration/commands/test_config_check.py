"""`config check` on real files: certificates, keys, secrets and addresses, as an administrator finds them."""

import json
import os
import re
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from certificates import SERVER
from entra import ADMINS, AUDIENCE, OBJECT, TENANT
from webhook import configuration, run


@pytest.fixture
def folder(certificates, entra, tmp_path):
    for name in ("server.crt", "server.key", "server2.key", "ca.crt"):
        shutil.copy2(certificates.path(name), tmp_path)
    entra.write_key_file(str(tmp_path / "keys.json"))
    return tmp_path


def clean():
    config = configuration(subjects=["user"])
    return config


def check(folder, config, *options):
    path = folder / "config.yaml"
    path.write_text(config if isinstance(config, str) else json.dumps(config, indent=1))
    code, out, err = run("config", "check", str(path), "--output", "json", *options)
    return code, json.loads(out), err


def check_out(folder, *options):
    code, out, _ = run("config", "check", str(folder / "config.yaml"), *options)
    return code, out.rsplit("usable, ", 1)[-1].split(";")[0].strip()


def rules(answer):
    return [(one["rule"], one["field"]) for one in answer["findings"] if one["allowedBecause"] is None]


def issue(certificates, folder, **changes):
    """A server certificate of another kind."""
    made = certificates.authority("test-ca")
    certificates.issue("special", made, SERVER, **changes)
    for end in ("crt", "key"):
        shutil.copy2(certificates.path(f"special.{end}"), folder / f"server.{end}")


def test_a_sensible_configuration_has_no_finding(folder):
    code, answer, err = check(folder, clean(), "--strict")
    assert (code, answer["usable"], answer["findings"], answer["problems"], err) == (0, True, [], [], "")


def test_what_is_wrong_with_certificates_is_found(certificates, folder):
    # The CA of these is a new one, so that the client CA is no longer the server's own.
    def clean():
        config = configuration(subjects=["user"])
        config["server"]["allowedClientNames"] = ["kube-apiserver"]
        return config

    issue(certificates, folder, names=["localhost"], addresses=["127.0.0.1"], days=(-10, 29))
    assert rules(check(folder, clean())[1]) == [("certificate-expires", "server.certificate")]
    issue(certificates, folder, names=["localhost"], addresses=["127.0.0.1"], days=(-10, -1))
    code, answer, _ = check(folder, clean(), "--strict")
    assert code == 1 and "expired at" in answer["findings"][0]["message"]
    issue(certificates, folder, names=["localhost"], addresses=["127.0.0.1"], days=(1, 90))
    _, answer, _ = check(folder, clean())
    assert rules(answer) == [("certificate-not-yet-valid", "server.certificate")]
    assert "clock" in answer["findings"][0]["hint"]
    issue(certificates, folder, names=["elsewhere.example"], days=(0, 90))
    assert rules(check(folder, clean())[1]) == [("certificate-lacks-name", "server.certificate")]
    config = clean()
    config["server"]["listen"] = "0.0.0.0:8443"
    assert rules(check(folder, config)[1]) == []


def test_a_key_of_another_certificate(folder):
    shutil.copy2(folder / "server2.key", folder / "server.key")
    code, answer, _ = check(folder, clean())
    assert (code, answer["usable"]) == (2, False)
    [problem] = answer["problems"]
    assert problem["field"] == "server.privateKey" and problem["rule"] == "certificate-key-mismatch"
    assert problem["message"] == "the private key does not belong to the certificate"


def test_callers_of_a_shared_authority(certificates, folder):
    for name, is_found in (("kubernetes", True), ("Corp Issuing CA", True), ("kube-entra CA", False)):
        certificates.authority(name)
        shutil.copy2(certificates.path(f"{name}.crt"), folder / "ca.crt")
        found = [("callers-are-many", "server.clientCA")] if is_found else []
        assert rules(check(folder, clean())[1]) == found, name
        config = clean()
        config["server"]["allowedClientNames"] = ["kube-apiserver"]
        assert rules(check(folder, config)[1]) == [], name


def test_permissions_that_are_too_wide_are_found(folder):
    os.chmod(folder / "server.key", 0o644)
    (folder / "secret").write_text("s")
    os.chmod(folder / "secret", 0o604)
    config = clean()
    config["tenants"][0].update(groupOverage="resolve", directory={"clientID": TENANT, "clientSecretFile": "secret"})
    assert rules(check(folder, config)[1]) == [
        ("key-is-readable", "server.privateKey"),
        ("key-is-readable", "tenants[0].directory.clientSecretFile"),
    ]
    os.chmod(folder / "server.key", 0o640)
    os.chmod(folder / "secret", 0o600)
    assert rules(check(folder, config)[1]) == []


def test_files_that_serve_needs_are_errors(folder):
    config = clean()
    (folder / "empty").write_text("\n")
    os.chmod(folder / "empty", 0o600)
    config["tenants"][0].update(
        authorityCA="no.crt",
        groupOverage="resolve",
        directory={"clientID": TENANT, "clientSecretFile": "empty", "graphCA": "keys.json"},
        signingKeys={"file": "server.crt"},
    )
    code, answer, _ = check(folder, config)
    assert code == 2
    found = {one["field"]: one["message"] for one in answer["problems"]}
    assert set(found) == {
        "tenants[0].authorityCA",
        "tenants[0].directory.clientSecretFile",
        "tenants[0].directory.graphCA",
        "tenants[0].signingKeys.file",
    }
    assert found["tenants[0].authorityCA"].endswith("no.crt: there is no such file")
    assert found["tenants[0].directory.clientSecretFile"].endswith("empty: the file is empty")
    assert check(folder, config, "--no-files")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Xq8~a.b-c_D9\n", None),
        ("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmU=", None),
        ("A1B2=", None),
        ("a=b", None),
        (f"{OBJECT}\n", "an ID (a GUID)"),
        (OBJECT.upper(), "an ID (a GUID)"),
        ("first\nsecond\n", "more than one word"),
        ("two words", "more than one word"),
        ("AZURE_CLIENT_SECRET=Xq8~a.b\n", "NAME=VALUE"),
    ],
)
def test_what_is_no_client_secret_is_named(folder, text, said):
    (folder / "secret").write_text(text)
    os.chmod(folder / "secret", 0o600)
    config = clean()
    config["tenants"][0].update(groupOverage="resolve", directory={"clientID": TENANT, "clientSecretFile": "secret"})
    code, answer, _ = check(folder, config)
    assert code == 0
    place = ("secret-is-no-secret", "tenants[0].directory.clientSecretFile")
    assert rules(answer) == ([place] if said else [])
    assert not said or said in answer["findings"][0]["message"]
    # It is no error: an old secret can be anything.
    assert text.strip() not in json.dumps(answer)


@pytest.mark.parametrize(
    "field, value, sentence",
    [
        ("clientSecretFile", "no", "there is no such file"),
        ("clientCertificateFile", "server.crt", "no private key in PEM"),
        ("clientCertificateFile", "server2.key", "no certificate in PEM"),
        ("federatedTokenFile", "folder", "this is a folder, not a file"),
    ],
)
def test_each_way_to_sign_in_is_looked_at(folder, field, value, sentence):
    (folder / "folder").mkdir()
    config = clean()
    config["tenants"][0].update(groupOverage="resolve", directory={"clientID": TENANT, field: value})
    code, answer, _ = check(folder, config)
    assert code == 2
    assert [(one["field"], sentence in one["message"]) for one in answer["problems"]] == [
        (f"tenants[0].directory.{field}", True)
    ]
    # Nobody is asked: the file is not needed, and said to be of no use.
    config["tenants"][0]["groupOverage"] = "deny"
    code, answer, _ = check(folder, config)
    assert code == 0 and {"directory-unused"} < {one["rule"] for one in answer["findings"]}


def test_files_that_serve_does_without_are_findings(folder):
    config = clean()
    config["names"] = "no.json"
    config["tenants"][0].update(authorityCA="no.crt", signingKeys={"file": "keys.json", "cacheFile": "no/keys.json"})
    code, answer, _ = check(folder, config)
    # With offline keys nothing is fetched from the authority, and no cache is written.
    assert code == 0 and rules(answer) == [("file-is-missing", "tenants[0].authorityCA"), ("file-is-missing", "names")]
    (folder / "no.json").write_text("[]")
    code, answer, _ = check(folder, config)
    assert code == 0 and rules(answer) == [("file-is-missing", "tenants[0].authorityCA"), ("file-unusable", "names")]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
@pytest.mark.parametrize("name", ["config.yaml", "keys.json", "ca.crt", "authority.crt"])
def test_files_that_others_may_write_are_not_used(folder, name, mode):
    shutil.copy2(folder / "ca.crt", folder / "authority.crt")
    config = clean()
    if name == "authority.crt":
        config["tenants"][0].pop("signingKeys")
        config["tenants"][0]["authorityCA"] = name
    assert check(folder, config)[0] == 0
    os.chmod(folder / name, mode)
    for command in (["config", "check"], ["serve", "--config"]):
        code, out, err = run(*command, str(folder / "config.yaml"), timeout=10)
        assert code == 2 and "may change the file, so it is not trusted" in out + err, command
    # Questions about a configuration are answered all the same.
    code, out, _ = run("policy", "check", "--config", str(folder / "config.yaml"), "--group", ADMINS)
    assert code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["config.yaml", "keys.json"])
def test_files_of_somebody_else_are_not_used(folder, name):
    assert check(folder, clean())[0] == 0
    os.chown(folder / name, 65534, 65534)
    code, out, err = run("config", "check", str(folder / "config.yaml"))
    assert code == 2 and "the file belongs to user 65534" in out + err


def test_folders_that_others_may_write_are_findings(folder):
    os.makedirs(folder / "state", mode=0o700)
    os.chmod(folder / "state", 0o777)
    shutil.copy2(folder / "keys.json", folder / "state")
    config = clean()
    config["tenants"][0]["signingKeys"] = {"file": "state/keys.json"}
    code, answer, _ = check(folder, config, "--strict")
    assert code == 1 and rules(answer) == [("file-is-shared", "tenants[0].signingKeys.file")]
    assert str(folder / "state") in answer["findings"][0]["message"]


def test_errors_and_warnings_have_one_form_on_one_stream(folder):
    config = clean()
    config["server"]["operations"] = "0.0.0.0:8480"
    path = folder / "config.yaml"
    path.write_text(json.dumps(config, indent=1))
    code, out, err = run("config", "check", str(path))
    assert (code, out) == (0, f"{path}: usable, 1 warning\n")
    matcher = re.compile(
        rf"^{re.escape(str(path))}:[0-9]+:[0-9]+: (error|warning|notice): ([^ ]+): (.*)$", re.MULTILINE
    )
    assert [one[:2] for one in matcher.findall(err)] == [("warning", "server.operations")]
    config["tenants"][0].update(cloud="publik", authorityCA="no.crt")
    config["tenants"][0]["signingKeys"] = {}
    path.write_text(json.dumps(config, indent=1))
    code, out, err = run("config", "check", str(path))
    assert (code, out) == (2, "")
    assert sorted(one[:2] for one in matcher.findall(err)) == [
        ("error", "tenants[0].authorityCA"),
        ("error", "tenants[0].cloud"),
    ]


def test_a_missing_file_is_said_in_one_form(folder):
    for command in (
        ["config", "check"],
        ["serve", "--config"],
        ["config", "hints"],
        ["policy", "check", "--group", ADMINS, "--config"],
        ["inspect", "--config"],
    ):
        code, out, err = run(*command, "/no/such.yaml", input="", timeout=10)
        assert (code, out, err) == (2, "", "kube-entra: /no/such.yaml: there is no such file\n"), command


@pytest.mark.parametrize(
    "command",
    [
        ["policy", "test", "--config", "config.yaml"],
        ["policy", "diff", "config.yaml", "config.yaml", "--suite"],
        ["policy", "diff", "config.yaml", "config.yaml", "--claims"],
        ["policy", "diff", "config.yaml", "config.yaml", "--cluster"],
        ["policy", "list", "--config", "config.yaml", "--cluster"],
        ["rbac", "lint", "--config", "config.yaml", "--cluster"],
        ["rbac", "who", "--config", "config.yaml", "--can", "get", "pods", "--cluster"],
        ["deny", "list", "--file"],
        ["keys", "show"],
        ["certs", "show"],
    ],
    ids=" ".join,
)
def test_every_kind_of_missing_file_is_said_in_that_form(folder, command):
    (folder / "config.yaml").write_text(json.dumps(clean()))
    command = [str(folder / "config.yaml") if word == "config.yaml" else word for word in command]
    code, out, err = run(*command, "/no/such", input="", timeout=10)
    assert (code, out, err) == (2, "", "kube-entra: /no/such: there is no such file\n")


def test_files_of_another_kind_are_named(folder):
    (folder / "config.yaml").write_text("apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n")
    code, out, err = run("config", "check", str(folder / "config.yaml"))
    assert (code, out) == (2, "") and "error: this is a kubeconfig" in err and len(err.splitlines()) == 1


def test_offline_keys_that_are_old_are_found(folder, entra):
    old = datetime.now(UTC) - timedelta(days=31)
    keys = {"tenantID": TENANT, "fetchedAt": old.strftime("%Y-%m-%dT%H:%M:%SZ"), **entra.key_set()}
    (folder / "keys.json").write_text(json.dumps(keys))
    assert rules(check(folder, clean())[1]) == [("offline-keys-are-old", "tenants[0].signingKeys.file")]
    (folder / "keys.json").write_text(json.dumps(entra.key_set()))
    assert rules(check(folder, clean())[1]) == []
    os.utime(folder / "keys.json", (time.time(), old.timestamp()))
    assert rules(check(folder, clean())[1]) == [("offline-keys-are-old", "tenants[0].signingKeys.file")]


def test_problems_of_the_file_and_of_what_it_names_in_one_run(folder):
    config = clean()
    config["server"].update(certificate="none.crt", clientCA="keys.json")
    config["tenants"][0].update(adminGroupObjectIDs=["cluster-admins"], cloud="publik")
    config["logging"] = {"audit": "no-folder/audit.jsonl"}
    code, answer, _ = check(folder, config)
    assert code == 2
    assert [(one["field"], one["rule"]) for one in answer["problems"]] == [
        ("server.certificate", None),
        ("server.clientCA", None),
        ("tenants[0].adminGroupObjectIDs[0]", "group-name-for-id"),
        ("tenants[0].cloud", None),
        ("logging.audit", None),
    ]
    lines = [one["line"] for one in answer["problems"]]
    assert lines == sorted(lines) and lines[0] > 1
    code, out, err = run("config", "check", str(folder / "config.yaml"))
    assert out == "" and len([line for line in err.splitlines() if ": error: " in line]) == 5
    # The line below an error says what to do about it.
    shown = err.splitlines()
    assert "certs create" in shown[1] and shown[1].startswith("  → ")
    assert [shown[at - 1] for at, line in enumerate(shown) if "az ad group show" in line][0].endswith("for-id]")
    assert [one["hint"] is not None for one in answer["problems"]] == [True, False, True, False, False]
    code, _, served = run("serve", "--config", str(folder / "config.yaml"), timeout=10)
    assert (code, served) == (2, err)
    assert "[group-name-for-id]" in err and "audit.jsonl: cannot be written to: the folder that it would be in" in err
    code, answer, _ = check(folder, config, "--no-files")
    assert code == 2 and [one["field"] for one in answer["problems"]] == [
        "tenants[0].adminGroupObjectIDs[0]",
        "tenants[0].cloud",
    ]
    assert not os.path.exists(folder / "no-folder")


def test_checking_makes_no_audit_file(folder):
    config = {**clean(), "logging": {"audit": "audit.jsonl"}}
    assert check(folder, config)[0] == 0
    assert not os.path.exists(folder / "audit.jsonl")


def test_a_starting_file_is_complete_and_clean(folder, tmp_path):
    for name in ("server.crt", "server.key", "ca.crt"):
        os.makedirs(folder / "certs", exist_ok=True)
        shutil.copy2(folder / name, folder / "certs" / name.replace("ca.", "client-ca."))
    path = str(folder / "init.yaml")
    code, out, err = run(
        "config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--admin-group", ADMINS, "--out", path
    )
    assert (code, out) == (0, "")
    code, out, err = run("config", "check", "--strict", path)
    assert (code, out, err) == (0, f"{path}: usable, 0 warnings\n", "")
    text = open(path).read()
    # Every field of the schema stands in it, but for those that exclude others.
    schema = json.loads(run("config", "schema", "--of", "configuration")[1])

    def names(part):
        for name, inner in part.get("properties", {}).items():
            yield name
            yield from names(inner)
            yield from names(inner.get("items", {}))

    for field in set(names(schema)):
        assert f"{field}:" in text or field in text, field
    assert run("config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--out", path)[0] == 2
    assert run("config", "init", "--tenant-id", TENANT)[0] == 64
    for deployment in ("systemd", "static-pod", "kustomize"):
        arguments = ("config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--admin-group", ADMINS)
        code, text, err = run(*arguments, "--for", deployment)
        assert (code, err) == (0, "")
        config = yaml.safe_load(text)
        assert config["server"]["allowedClientNames"] == ["kube-apiserver"]
        assert config["tenants"][0]["signingKeys"]["cacheFile"] == "/var/lib/kube-entra/keys.json"
        assert config["logging"]["format"] == "json" and config["logging"]["audit"].startswith("/")
        (folder / "config.yaml").write_text(text)
        assert check_out(folder, "--no-files", "--strict") == (0, "0 warnings")
    assert run("config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--for", "windows")[0] == 64
    assert run("config", "init", "--tenant-id", TENANT, "--audience", "")[0] == 64
