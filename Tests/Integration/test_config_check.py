"""`config check` on real files: certificates, keys, secrets and addresses, as an administrator finds them."""

import json
import os
import shutil
import time
from datetime import datetime, timedelta, timezone

import pytest
from certificates import SERVER
from entra import ADMINS, AUDIENCE, TENANT
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


def rules(answer):
    return [(one["rule"], one["field"]) for one in answer["findings"] if one["allowedBecause"] is None]


def issue(certificates, folder, **changes):
    """A server certificate of another kind."""
    made = certificates.authority("test-ca")
    certificates.issue("special", made, SERVER, **changes)
    for end in ("crt", "key"):
        shutil.copy2(certificates.path(f"special.{end}"), folder / f"server.{end}")


def test_a_sensible_configuration(folder):
    code, answer, err = check(folder, clean(), "--strict")
    assert (code, answer["usable"], answer["findings"], answer["problems"], err) == (0, True, [], [], "")


def test_certificates(certificates, folder):
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


def test_permissions(folder):
    os.chmod(folder / "server.key", 0o644)
    (folder / "secret").write_text("s")
    os.chmod(folder / "secret", 0o604)
    config = clean()
    config["tenants"][0].update(groupOverage="resolve", directory={"clientID": TENANT, "clientSecretFile": "secret"})
    assert rules(check(folder, config)[1]) == [
        ("key-is-readable", "server.privateKey"), ("key-is-readable", "tenants[0].directory.clientSecretFile")]
    os.chmod(folder / "server.key", 0o640)
    os.chmod(folder / "secret", 0o600)
    assert rules(check(folder, config)[1]) == []


def test_files_that_are_missing_or_of_no_use(folder):
    config = clean()
    (folder / "empty").write_text("\n")
    config["tenants"][0].update(
        authorityCA="no.crt", groupOverage="resolve",
        directory={"clientID": TENANT, "clientSecretFile": "empty", "graphCA": "keys.json"},
        signingKeys={"file": "server.crt"})
    os.chmod(folder / "empty", 0o600)
    found = dict((field, rule) for rule, field in rules(check(folder, config)[1]))
    assert found == {
        "tenants[0].authorityCA": "file-is-missing",
        "tenants[0].directory.clientSecretFile": "file-unusable", "tenants[0].directory.graphCA": "file-unusable",
        "tenants[0].signingKeys.file": "file-unusable"}


def test_old_offline_keys(folder, entra):
    old = datetime.now(timezone.utc) - timedelta(days=31)
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
        ("server.certificate", None), ("server.clientCA", None),
        ("tenants[0].adminGroupObjectIDs[0]", "group-name-for-id"), ("tenants[0].cloud", None), ("logging.audit", None)]
    lines = [one["line"] for one in answer["problems"]]
    assert lines == sorted(lines) and lines[0] > 1
    code, out, err = run("config", "check", str(folder / "config.yaml"))
    assert out == "" and len(err.splitlines()) == 5
    code, out, served = run("serve", "--config", str(folder / "config.yaml"), timeout=10)
    assert (code, served) == (2, err)
    assert "[group-name-for-id]" in err and "audit.jsonl: cannot be written to: the folder that it would be in" in err
    code, answer, _ = check(folder, config, "--no-files")
    assert code == 2 and [one["field"] for one in answer["problems"]] == [
        "tenants[0].adminGroupObjectIDs[0]", "tenants[0].cloud"]
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
        "config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--admin-group", ADMINS, "--out", path)
    assert (code, out) == (0, "")
    code, out, err = run("config", "check", "--strict", path)
    assert (code, out, err) == (0, f"{path}: usable, 0 warnings\n", "")
    text = open(path).read()
    # Every field of the contract's file stands in it.
    here = os.path.dirname(os.path.abspath(__file__))
    model = open(os.path.join(here, "..", "..", "Sources", "Webhook", "Configuration", "ConfigurationReader+Tenants.swift")).read()
    model += open(os.path.join(here, "..", "..", "Sources", "Webhook", "Configuration", "ConfigurationReader.swift")).read()
    import re
    for field in set(re.findall(r'section\.(?:field|optional|required|list)\(\s*"(\w+)"', model)):
        assert f"{field}:" in text or field in text, field
    assert run("config", "init", "--tenant-id", TENANT, "--audience", AUDIENCE, "--out", path)[0] == 2
    assert run("config", "init", "--tenant-id", TENANT)[0] == 64
    assert run("config", "init", "--tenant-id", TENANT, "--audience", "")[0] == 64
