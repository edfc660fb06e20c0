"""The kill switch: access reviews, which can only deny."""

import json
import subprocess
import threading

import pytest
import yaml
from access_reviews import OTHER, ask, body, extra, selector_of, why
from entra import ADMINS, DEVELOPERS, OBJECT, OTHER_TENANT
from programs import ROOT
from webhook import Webhook, configuration, run, wait_for


@pytest.fixture(scope="module")
def server(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    ended = "2020-01-01T00:00:00Z"
    config = configuration(
        denied=[
            {"objectID": OTHER, "reason": "hidden"},
            {"clientAppID": "cccccccc-0000-0000-0000-000000000000", "reason": "hidden"},
            {"tokenID": "gone", "reason": "hidden"},
            {"objectID": DEVELOPERS, "issuedBefore": "2026-01-01T00:00:00Z", "reason": "hidden"},
        ],
        emergencyAccess=[
            {"objectID": OBJECT, "until": ended, "kubernetesGroups": ["em"], "reason": "over"},
            {"objectID": ADMINS, "until": "2999-01-01T00:00:00Z", "kubernetesGroups": ["em"], "reason": "on"},
        ],
    )
    running = Webhook(certificates, config, name="authorize.yaml").start()
    yield running
    running.stop()


CASES = [
    ("nothing has ended", {}, None),
    ("by object ID", {"extra": extra(oid=[OTHER])}, "principal_denied"),
    ("any of several object IDs", {"extra": extra(oid=[OBJECT, OTHER])}, "principal_denied"),
    ("in capital letters", {"extra": extra(oid=[OTHER.upper()])}, "principal_denied"),
    (
        "by client application",
        {"extra": extra(client_app_id=["cccccccc-0000-0000-0000-000000000000"])},
        "principal_denied",
    ),
    (
        "by token ID",
        {"extra": {**extra(), "authentication.kubernetes.io/credential-id": ["JTI=gone"]}},
        "principal_denied",
    ),
    (
        "another case of a token ID",
        {"extra": {**extra(), "authentication.kubernetes.io/credential-id": ["JTI=Gone"]}},
        None,
    ),
    ("issued after the bound", {"extra": extra(oid=[DEVELOPERS])}, None),
    ("issued before the bound", {"extra": extra(oid=[DEVELOPERS], token_issued_at=["1700000000"])}, "principal_denied"),
    (
        "without a time it is older than everything",
        {"extra": extra(oid=[DEVELOPERS], token_issued_at=None)},
        "principal_denied",
    ),
    ("with an unreadable time as well", {"extra": extra(oid=[DEVELOPERS], token_issued_at=["x"])}, "principal_denied"),
    ("another tenant's", {"extra": extra(oid=[OTHER], tenant_id=[OTHER_TENANT])}, None),
    ("no tenant", {"extra": extra(oid=[OTHER], tenant_id=None)}, None),
    ("no object ID", {"extra": extra(oid=None)}, None),
    ("emergency access that has ended", {"extra": extra(emergency_access=["over"])}, "emergency_access_ended"),
    ("emergency access in force", {"extra": extra(oid=[ADMINS], emergency_access=["on"])}, None),
    (
        "emergency access without an entry",
        {"extra": extra(oid=[DEVELOPERS], emergency_access=["x"])},
        "emergency_access_ended",
    ),
    ("no extra", {"extra": None}, None),
    ("no groups, which nobody watches", {"groups": None, "group": None}, None),
]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("changes, expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_denied(server, version, changes, expected):
    status = ask(server, version, **changes)
    assert why(status) == expected and "hidden" not in json.dumps(status)


WRONG = [
    ("no JSON", "{"),
    ("a list", []),
    ("a TokenReview", {**body(), "kind": "TokenReview"}),
    ("another version", {**body(), "apiVersion": "authorization.k8s.io/v2"}),
    ("another group", {**body(), "apiVersion": "authentication.k8s.io/v1"}),
    ("no spec", {**body(), "spec": None}),
    ("a spec that is a list", {**body(), "spec": []}),
    ("a user that is a number", body(user=1)),
    ("a uid that is a list", body(uid=[])),
    ("groups that are a string", body(groups="x")),
    ("a group that is null", body(groups=[None])),
    ("extra that is a list", body(extra=[])),
    ("extra with a string", body(extra={"oid": OBJECT})),
    ("extra with a number", body(extra={"oid": [1]})),
    ("group that is a string, in v1beta1", body("v1beta1", group="x")),
]


@pytest.mark.parametrize("sent", [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_no_access_review_is_400(server, sent):
    code, text = server.post(sent if isinstance(sent, str) else json.dumps(sent), "/authorize")
    status = json.loads(text)
    assert code == 400 and status["kind"] == "Status" and status["code"] == 400


def test_who_may_sign_in_again_is_told_from_when(server):
    status = ask(server, extra=extra(oid=[DEVELOPERS], token_issued_at=["1700000000"]))
    assert "; a new sign-in passes from 2026-01-01T00:05:00Z (decision " in status["reason"]
    assert "passes from" not in ask(server, extra=extra(oid=[OTHER]))["reason"]


def test_each_version_is_read_in_its_own_spelling(server):
    # The other version's member is a member like any other, whatever its type.
    assert ask(server, "v1", group=7) == {"allowed": False}
    assert ask(server, "v1beta1", groups=7) == {"allowed": False}


def test_the_path_takes_only_posts_from_callers_with_a_certificate(server):
    assert server.post("", "/authorize", method="GET")[0] == 405
    assert server.post(json.dumps(body()), "/authorize", headers={"Content-Type": "text/plain"})[0] == 415
    with pytest.raises(OSError):
        server.post(json.dumps(body()), "/authorize", client=None)


def test_denials_are_logged_and_counted_and_no_opinions_are_not(server):
    before = server.metric("kube_entra_access_reviews_total", result="noOpinion", reason="")
    denied = server.metric("kube_entra_access_reviews_total", result="denied", reason="principal_denied")
    assert why(ask(server)) is None
    status = ask(server, extra=extra(oid=[OTHER]))
    assert server.metric("kube_entra_access_reviews_total", result="noOpinion") == before + 1
    assert server.metric("kube_entra_access_reviews_total", result="denied", reason="principal_denied") == denied + 1
    decision = status["reason"].split("(decision ")[1].rstrip(")")
    wait_for(lambda: decision in server.log())
    line = next(line for line in server.log().splitlines() if decision in line)
    assert "access review" in line and "principal_denied" in line and OTHER in line and "hidden" in line
    assert "noOpinion" not in server.log()
    assert server.metric("kube_entra_access_reviews_total", result="denied", reason="membership_ended") == 0


# The API server's configuration


def test_kubeconfig_authorization_writes_both_files(certificates, tmp_path):
    out = tmp_path / "authorization.yaml"
    status, output, errors = run("kubeconfig", "authorization", "--certs", certificates.folder, "--out", str(out))
    assert status == 0 and not output, errors
    config = yaml.safe_load(out.read_text())
    assert (config["apiVersion"], config["kind"]) == ("apiserver.config.k8s.io/v1", "AuthorizationConfiguration")
    webhook, node, rbac = config["authorizers"]
    assert [node["type"], rbac["type"]] == ["Node", "RBAC"]
    assert webhook["type"] == "Webhook"
    settings = webhook["webhook"]
    condition = "has(request.extra) && 'kube-entra.dev/tenant-id' in request.extra"
    assert settings == {
        "timeout": "1s",
        "authorizedTTL": "1ms",
        "unauthorizedTTL": "1ms",
        "failurePolicy": "NoOpinion",
        "subjectAccessReviewVersion": "v1",
        "matchConditionSubjectAccessReviewVersion": "v1",
        "connectionInfo": {
            "type": "KubeConfigFile",
            "kubeConfigFile": str(tmp_path / "authorization-webhook.kubeconfig"),
        },
        "matchConditions": [{"expression": condition}],
    }
    kubeconfig = yaml.safe_load((tmp_path / "authorization-webhook.kubeconfig").read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:8443/authorize"
    # Neither is overwritten without --force.
    assert run("kubeconfig", "authorization", "--certs", certificates.folder, "--out", str(out))[0] == 2
    assert (
        run(
            "kubeconfig",
            "authorization",
            "--certs",
            certificates.folder,
            "--out",
            str(out),
            "--force",
            "--mounted-at",
            "/etc/kubernetes/kube-entra",
            "--kubernetes",
            "1.34",
        )[0]
        == 0
    )
    settings = yaml.safe_load(out.read_text())["authorizers"][0]["webhook"]
    assert settings["cacheAuthorizedRequests"] is False and settings["cacheUnauthorizedRequests"] is False
    assert settings["connectionInfo"]["kubeConfigFile"] == (
        "/etc/kubernetes/kube-entra/authorization-webhook.kubeconfig"
    )


@pytest.mark.parametrize(
    "version, api, has",
    [
        ("1.30", "v1beta1", False),
        ("v1.31.8+k3s1", "v1beta1", False),
        ("1.32", "v1", False),
        ("1.33", "v1", False),
        ("v1.34.2", "v1", True),
        ("1.36", "v1", True),
        ("2.0", "v1", True),
    ],
)
def test_the_form_of_the_file_is_one_that_the_api_server_knows(certificates, version, api, has):
    status, output, _ = run(
        "kubeconfig", "authorization", "--certs", certificates.folder, "--kubernetes", version, "--mounted-at", "/x"
    )
    documents = list(yaml.safe_load_all(output))
    assert status == 0 and [d["kind"] for d in documents] == ["AuthorizationConfiguration", "Config"]
    assert documents[0]["apiVersion"] == f"apiserver.config.k8s.io/{api}"
    assert ("cacheAuthorizedRequests" in documents[0]["authorizers"][0]["webhook"]) is has


@pytest.mark.parametrize("version", ["1.29", "v1.20.2", "1.9", "0.30"])
def test_an_api_server_that_knows_no_such_file_gets_flags(certificates, tmp_path, version):
    out = tmp_path / "authorization.yaml"
    status, _, errors = run(
        *["kubeconfig", "authorization", "--certs", certificates.folder, "--out", str(out), "--kubernetes", version]
    )
    assert status == 64 and not out.exists()
    page = (ROOT / "deploy/authorization/README.md").read_text()
    flags = [line for line in page.splitlines() if line.startswith("--authorization-")]
    assert len(flags) == 4
    for flag in flags:
        assert flag.replace("/etc/kubernetes/kube-entra/authorization-webhook.kubeconfig", "FILE") in errors, errors
    assert "Leave --kubernetes out" in errors and "authorization-webhook.kubeconfig" in errors


@pytest.mark.parametrize(
    "command, address, right",
    [
        ("authorization", "https://127.0.0.1:8443", "https://127.0.0.1:8443/authorize"),
        ("authorization", "https://127.0.0.1:8443/authenticate", "https://127.0.0.1:8443/authorize"),
        ("authorization", "https://127.0.0.1:8443/authorize", None),
        ("webhook", "https://127.0.0.1:8443/", "https://127.0.0.1:8443/authenticate"),
        ("webhook", "https://127.0.0.1:8443/authorize", "https://127.0.0.1:8443/authenticate"),
        ("webhook", "https://127.0.0.1:8443/authenticate", None),
        ("webhook", "https://127.0.0.1:8443/tokenreviews", None),
    ],
)
def test_a_path_where_the_webhook_does_not_answer_is_said(certificates, command, address, right):
    status, output, errors = run("kubeconfig", command, "--certs", certificates.folder, "--server", address)
    assert status == 0 and f"server: {address}\n" in output.replace('"', "")
    warnings = [line for line in errors.splitlines() if line.startswith("warning: https://")]
    assert [line.split()[-1] for line in warnings] == ([right] if right else []), errors


@pytest.mark.parametrize("arguments", [["--kubernetes", "new"], ["--mounted-at", "relative"], ["--server", "http://x"]])
def test_wrong_usage(certificates, arguments):
    assert run("kubeconfig", "authorization", "--certs", certificates.folder, *arguments)[0] == 64


@pytest.fixture(scope="module")
def patient(certificates, entra):
    """A server that waits for large bodies, however slow this machine is."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration(denied=[{"objectID": OTHER, "reason": "hidden"}])
    config["limits"] = {"requestTimeout": "300s", "bytesInFlight": 8 << 20, "bodyBytes": 1 << 20}
    running = Webhook(certificates, config, name="large-authorize.yaml").start()
    yield running
    running.stop()


# Whoever is denied chooses the words of a request. Go writes some characters as escape sequences, and bytes that are not
# UTF-8 as the replacement character.
WORDS = {
    "the character 0": "metadata.name!=\\u0000",
    "control characters": "".join(f"\\u{code:04x}" for code in range(0x20)) + "\\b\\f\\n\\r\\t\x7f",
    "what Go escapes for HTML": "\\u003cscript\\u003e\\u0026\\u2028\\u2029",
    "bytes that are not UTF-8": "\\ufffd\\ufffd",
    "characters beyond the basic plane": "\U0001f600\U0010ffff\ufffe\uffff",
    "a byte order mark and combining characters": "\ufeff\u0301",
    "quotation marks": '\\"extra\\":{\\"oid\\":[]}}\\\\',
    "nothing": "",
    "much": "\\u0000" * 10_000,
}
WAYS = [("--http1.1",), ("--http1.1", "-H", "Transfer-Encoding: chunked"), ("--http2",)]


def curl(server, path, *options):
    done = subprocess.run(
        [
            *("curl", "-sS", "--cacert", server.certificates.path("ca.crt"), "-H", "Content-Type: application/json"),
            *("--cert", server.certificates.path("client.crt"), "--key", server.certificates.path("client.key")),
            *("-H", "Expect:", "--data-binary", f"@{path}", *options, f"https://127.0.0.1:{server.port}/authorize"),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def actions(word):
    """Requests about which the API server asks, each with this word in it."""
    selector = {"rawSelector": word, "requirements": [{"key": word, "operator": "NotIn", "values": [word, word]}]}
    names = ("namespace", "verb", "group", "version", "resource", "subresource", "name")
    selectors = {"fieldSelector": selector, "labelSelector": selector}
    yield "resourceAttributes", dict.fromkeys(names, word) | selectors
    yield "nonResourceAttributes", {"verb": "get", "path": f"/metrics/{word}"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_whatever_a_denied_person_asks_for_is_denied(patient, tmp_path, word, way, version):
    path = tmp_path / "review.json"
    for member, action in actions("WORD"):
        review = body(version, extra=extra(oid=[OTHER]))
        review["spec"].pop("resourceAttributes")
        # As Go has it, what is asked for comes before the user.
        review["spec"] = {member: action, **review["spec"]}
        path.write_text(json.dumps(review).replace("WORD", word))
        assert why(curl(patient, path, *way)["status"]) == "principal_denied", action


def test_a_users_other_strings_may_have_any_characters(patient, tmp_path):
    path = tmp_path / "review.json"
    review = json.dumps(body(extra={**extra(oid=[OTHER]), "WORD": ["WORD"]}, user="WORD", groups=["WORD"]))
    for word in WORDS.values():
        path.write_text(review.replace("WORD", word))
        assert why(curl(patient, path)["status"]) == "principal_denied"
    # Two names of the same bytes for Go, none of which any decision reads; and twice a name that one reads.
    path.write_text(review.replace('"WORD": ["WORD"]', '"\\ufffd": ["a"], "\\ufffd": ["b"]'))
    assert why(curl(patient, path)["status"]) == "principal_denied"
    path.write_text(review.replace('"WORD": ["WORD"]', f'"oid": ["{OBJECT}"]'))
    assert curl(patient, path)["code"] == 400


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize("megabytes", [6, 20])
def test_a_long_selector_is_no_way_round_a_denial(patient, tmp_path, megabytes, way):
    path = tmp_path / "review.json"
    path.write_text(selector_of(megabytes))
    assert why(curl(patient, path, *way)["status"]) == "principal_denied"
    # The user alone is no review: the whole body must be JSON.
    path.write_text(path.read_text()[:-1])
    assert curl(patient, path, *way)["message"].startswith("the body is not valid JSON")


def test_many_long_selectors_at_once_take_no_memory_and_nobody_elses_place(patient, tmp_path):
    path = tmp_path / "review.json"
    path.write_text(selector_of(6))

    def memory():
        with open(f"/proc/{patient.process.pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("Pss_Anon"))

    ask(patient)
    before, found = memory(), []
    threads = [threading.Thread(target=lambda: found.append(curl(patient, path, "--http1.1"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        assert why(ask(patient)) is None
        most = max(most, memory())
    assert [why(answer["status"]) for answer in found] == ["principal_denied"] * 16
    # Together they are 96 MB.
    assert most - before < 32 << 20
