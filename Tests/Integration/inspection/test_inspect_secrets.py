"""What `inspect` never does: connect, or print a person's data when it is told to leave them out."""

import json
import re
import subprocess
import time

import pytest
from entra import ADMINS, AUDIENCE, CLIENT, OBJECT, OTHER_TENANT, PLAIN, TENANT
from inspections import configured, hold_to_contract, inspect
from webhook import PROGRAM, run


def test_inspect_opens_no_socket(place, entra, tmp_path):
    (place / "token").write_text(entra.token())
    arguments = [PROGRAM, "inspect", "--config", str(place / "config.yaml"), "--token-file", str(place / "token")]
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=%network", "-o", str(trace), *arguments], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in trace.read_text().splitlines() if "exited" not in line and "SIG" not in line] == []


def person(entra):
    return entra.token(
        upn="ada.lovelace@contoso.example",
        name="Ada Lovelace",
        given_name="Ada",
        family_name="Lovelace",
        email="Ada.Lovelace@Contoso.example",
        ipaddr="203.0.113.77",
        employeeid=4711,
        extension_boss="Charles Babbage",
        onprem_sid="S-1-5-21-1",
        groups=[PLAIN, ADMINS.upper(), "Domain Admins of Contoso"],
        xms_mirid="/subscriptions/88888888-1111-2222-3333-444444444444/resourcegroups/secret-project",
        _claim_sources={"src1": {"endpoint": f"https://graph.windows.net/{TENANT}/users/{OBJECT}"}},
    )


SECRETS = [
    "ada",
    "lovelace",
    "contoso",
    "203.0.113.77",
    "4711",
    "babbage",
    "s-1-5-21-1",
    "domain admins",
    "secret-project",
    "88888888",
    TENANT,
    OBJECT,
    PLAIN,
    ADMINS,
    AUDIENCE,
    CLIENT,
    "abc_def-1",
]


@pytest.mark.parametrize("arguments", [[], ["--output", "json"]])
@pytest.mark.parametrize(
    "tenant",
    [
        {},
        {"audiences": [OTHER_TENANT, "api://11110000-1111-2222-3333-444444444444"]},
        {"tenantID": OTHER_TENANT},
        {"requiredClaims": {"upn": "grace@contoso.example"}},
    ],
)
def test_redaction_leaves_no_personal_data(place, entra, arguments, tenant):
    token = person(entra)
    config = configured(place, **tenant)
    arguments = [*arguments, "--at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())]
    code, plain, _ = run("inspect", "--config", config, *arguments, input=token)
    same, shown, _ = run("inspect", "--config", config, "--redact", *arguments, input=token)
    assert code == same and shown != plain
    # The key's ID, digests and times may have such letters and digits by chance.
    random = rf"{re.escape(entra.keys[-1].kid)}|\b[0-9a-f]{{12,64}}\b|\b[0-9]{{10}}\b"
    said = re.sub(random, "", shown).lower()
    for secret in SECRETS + [OTHER_TENANT, "11110000-1111", "grace"]:
        assert secret.lower() not in said, (secret, shown)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", shown)
    assert "<name-1>" in shown and "<object-1>" in shown and "<tenant-1>" in shown
    assert "<group-" in shown or tenant.get("tenantID")
    if "json" in arguments:
        before, after = json.loads(plain), json.loads(shown)
        hold_to_contract(after)
        for name in ("verdict", "reason", "admin", "groupCount", "claimsTrusted", "times"):
            assert before[name] == after[name]
        assert [c["status"] for c in before["checks"]] == [c["status"] for c in after["checks"]]
        assert after["subject"]["objectID"] == after["claims"]["oid"] == "<object-1>"
        if after["user"]:
            assert after["user"]["uid"] == "<object-1>" and after["user"]["username"] == "<name-1>"
            assert after["adminGroups"][0] in after["user"]["groups"]
    else:
        assert all(len(line) <= 80 for line in shown.splitlines())


def test_redaction_is_stable(place, entra):
    token, config = person(entra), str(place / "config.yaml")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    outputs = {run("inspect", "--config", config, "--redact", "--at", at, input=token)[1] for _ in range(5)}
    assert len(outputs) == 1


def test_a_persons_name_does_not_change_the_words_of_the_report(place, entra):
    report = inspect(
        entra.token(name="user", given_name="passed", nickname="accepted"),
        "--redact",
        config=str(place / "config.yaml"),
    )
    assert report["subject"]["kind"] == "user" and report["verdict"] == "accepted"
