"""`doctor` and the plugin's token: what is wrong with it, and what the API server says to it."""

import time

import pytest
from doctors import ADA, CONFIG, OTHER, problem, steps
from signed_tokens import TENANT, token


@pytest.mark.parametrize(
    "changes, configured, sentence, hint",
    [
        ({"aud": OTHER}, False, "gave one for " + OTHER, "remove-cache-dir"),
        ({"tid": OTHER, "iss": f"https://sts.windows.net/{OTHER}/"}, False, "of tenant " + OTHER, "remove-cache-dir"),
        ({"exp": -7200, "nbf": 0, "iat": 0}, False, "token_expired: expired 2 h ago", "remove-cache-dir"),
        ({"idp": "x", "acct": "1", "oid": "nobody"}, True, "subject_missing", ""),
    ],
)
def test_what_is_wrong_with_the_token_is_named(bench, changes, configured, sentence, hint):
    if "exp" in changes:
        # Counted from now, and not from when the table was read.
        changes = {**changes, "exp": int(time.time()) + changes["exp"]}
    bench.gives(token(**changes))
    problem(bench, "token", sentence, *(CONFIG if configured else ()), hint=hint)


def test_an_account_of_the_azure_cli_is_changed_there(bench):
    (bench.folder / "bin/az").write_text("#!/bin/sh\n")
    (bench.folder / "bin/az").chmod(0o755)
    bench.exec["args"][bench.exec["args"].index("devicecode")] = "azurecli"
    bench.gives(token(tid=OTHER, iss=f"https://sts.windows.net/{OTHER}/"))
    problem(bench, "token", "of tenant " + OTHER, hint=f"az login --tenant {TENANT}")
    (bench.folder / "bin/az").unlink()


def test_a_signature_of_another_key_is_named(bench):
    head, claims, signature = bench.given.split(".")
    bench.gives(f"{head}.{claims}.{signature[::-1].replace('=', 'A')[:-1]}A")
    problem(bench, "token", "signature_invalid", *CONFIG)


@pytest.mark.parametrize("arguments, hint", [((), "--config"), (CONFIG, "kube-entra review")])
def test_a_token_that_the_server_refuses_gets_a_hint(bench, arguments, hint):
    bench.way("refuses")
    report = problem(bench, "identity", "401", *arguments, hint=hint)
    assert steps(report)["permissions"] == "skipped"


@pytest.mark.parametrize(
    "changes, hint",
    [
        ({"aud": OTHER}, "see the token above first: run `kubelogin remove-cache-dir`"),
        (
            {"groups": [], "_claim_names": {"groups": "src1"}},
            "the token lists no groups, since there are more than 200",
        ),
    ],
)
def test_refused_for_what_can_be_seen(bench, changes, hint):
    bench.way("refuses")
    bench.gives(token(**changes))
    report = bench.run(status=1)
    assert [step["hint"] for step in report["steps"] if step["name"] == "identity"][0].startswith(hint)


def test_a_cached_token_is_no_reason_to_change_what_is_right(bench):
    bench.way("refuses")
    bench.gives(token(aud=OTHER))
    report = problem(bench, "token", "gave one for " + OTHER, *CONFIG, hint="remove-cache-dir")
    assert not any("--server-id" in (step["hint"] or "") for step in report["steps"]), report["steps"]


def test_a_server_that_takes_the_token_for_nobody_is_named(bench):
    bench.way("anonymous")
    problem(bench, "identity", "anonymous", hint="Authorization")


@pytest.mark.parametrize(
    "way, name, status",
    [
        ("other", "identity", "warning"),
        ("old", "identity", "warning"),
        ("older", "identity", "passed"),
        ("some", "permissions", "passed"),
        ("hidden-admin", "permissions", "passed"),
        ("hidden-developer", "permissions", "passed"),
        ("hidden-silent", "permissions", "skipped"),
        ("odd", "permissions", "skipped"),
        ("no-rules", "permissions", "skipped"),
    ],
)
def test_differences_between_token_and_server_are_shown(bench, way, name, status):
    bench.way(way)
    assert steps(bench.run(*CONFIG, status=0))[name] == status


def test_what_an_authorizer_does_not_list_is_asked(bench):
    """With a webhook authorizer, such as the kill switch, a rules review is always incomplete."""
    bench.way("hidden-admin-without-a-binding")
    problem(
        bench,
        "permissions",
        "an admin to the webhook, but not allowed to do everything in the namespace team",
        hint="kubectl create clusterrolebinding kube-entra-cluster-admins",
    )
    bench.way("hidden-nobody")
    problem(
        bench,
        "permissions",
        "signed in, but not allowed to get pods in the namespace team",
        hint="--group=developers",
    )


def test_a_configuration_that_refuses_what_the_api_server_accepts_is_not_its_webhooks(bench):
    text = (bench.folder / "config.yaml").read_text()
    (bench.folder / "other.yaml").write_text(text.replace(f"tenantID: {TENANT}", f"tenantID: {OTHER}"))
    said = "the API server accepts this token, so this configuration is not its webhook's"
    report = bench.run("--config", "other.yaml", status=1)
    assert steps(report)["token"] == "failed" and report["inspection"]["reason"] == "issuer_not_trusted"
    (step,) = [step for step in report["steps"] if step["name"] == "identity"]
    assert step["status"] == "warning" and said in step["hint"]
    text = " ".join(bench.run("--config", "other.yaml", status=1, output="text").split())
    assert text.count(said) == 1 and text.index(said) < text.index("kubeconfig context here")


def test_a_user_without_a_binding_is_told_so(bench):
    bench.way("unbound")
    problem(
        bench,
        "permissions",
        "allowed nothing in the namespace team",
        hint="kubectl create clusterrolebinding kube-entra-cluster-admins",
    )


@pytest.mark.parametrize(
    "groups, named, command",
    [
        (["platform admins"], True, "--clusterrole=cluster-admin --group='platform admins'"),
        (
            ["platform admins"],
            False,
            "rolebinding kube-entra-view --clusterrole=view --namespace=team --group='platform admins'",
        ),
        ([], True, "rolebinding kube-entra-view --clusterrole=view --namespace=team --user=ada@example.com;"),
    ],
)
def test_the_command_for_a_missing_binding_can_be_pasted(bench, folder, monkeypatch, groups, named, command):
    """With the configuration's own name for admins, quoted for a shell."""
    monkeypatch.setitem(ADA, "groups", [*groups, "system:authenticated"])
    config = (folder / "config.yaml").read_text() + "kubernetes: {adminGroups: [platform admins]}\n"
    (folder / "own-admins.yaml").write_text(config)
    bench.way("unbound")
    arguments = ("--config", "own-admins.yaml") if named else ()
    problem(bench, "permissions", "in the namespace team", *arguments, hint=command)
