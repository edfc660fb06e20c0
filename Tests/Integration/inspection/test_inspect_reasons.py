"""The explanations of reasons."""

import json

from webhook import run


def reasons():
    contract = run("inspect", "--list-reasons", "--output", "json")
    return json.loads(contract[1])


def test_every_reason_of_the_contract_is_explained():
    names = """token_missing token_too_large token_malformed token_encrypted algorithm_not_allowed header_not_allowed
        key_id_missing key_not_found keys_unavailable signature_invalid claims_malformed issuer_not_trusted tenant_mismatch
        key_issuer_mismatch token_kind_not_accepted audience_not_accepted token_expired token_not_yet_valid
        token_lifetime_too_long client_app_not_allowed subject_kind_not_allowed subject_missing principal_denied
        required_claim_missing required_claim_mismatch account_disabled sessions_revoked group_overage groups_malformed
        group_resolution_failed username_reserved proof_of_possession_required proof_of_possession_not_accepted proof_of_possession_invalid
        proof_of_possession_replayed""".split()
    explained = reasons()
    assert [reason["reason"] for reason in explained] == names
    shown = run("inspect", "--list-reasons")[1]
    for reason in explained:
        assert reason["meaning"] and reason["causes"] and reason["fixes"] and reason["hint"]
        code, out, _ = run("inspect", "--explain", reason["reason"])
        assert code == 0 and out.rstrip() in shown and out.startswith(reason["reason"] + "\n")
        assert "Usual causes:" in out and "What to do:" in out and out.isascii()
        assert ("Entra admin center (https://entra.microsoft.com)" in out) == (reason["portal"] is not None)
        assert all(len(line) <= 80 for line in out.splitlines())
    for code in ("emergency_access_ended", "membership_ended"):
        _, out, _ = run("inspect", "--explain", code)
        assert code not in names and out.startswith(code + "\n") and "as an authorizer" in out.replace("\n", " ")
    assert run("inspect", "--explain", "Token-Expired")[1] == run("inspect", "--explain", "token_expired")[1]


def test_the_table_of_reasons_says_what_the_reasons_say():
    code, table, _ = run("inspect", "--reasons-table")
    assert code == 0
    for reason in reasons():
        assert f"| `{reason['reason']}` | {reason['message']} |" in table.replace("&lt;", "<")
