"""Health, metrics, reload, signals."""

import json
import re
import signal
import time

import pytest
from entra import ADMINS, AUDIENCE
from metric_families import FAMILIES
from programs import ROOT
from webhook import Webhook, configuration, reason, run, wait_for


def documented_metrics():
    """Names and kinds of all metrics of the reference, which another test holds against the program."""
    with open(ROOT / "deploy/reference/metrics.md") as file:
        return dict(re.findall(r"^\| `(kube_entra_\w+)` \| (\w+) \|", file.read(), re.M))


def test_every_metric_is_there_with_help_and_type(webhook):
    text = webhook.get("/metrics")[1]
    documented = documented_metrics()
    assert {
        name: kind for name, kind in FAMILIES.items() if name.startswith("kube_entra_")
    }.items() <= documented.items()
    for name, kind in (documented | FAMILIES).items():
        assert re.search(rf"^# HELP {name} \S", text, re.M), name
        assert f"# TYPE {name} {kind}\n" in text, name
        assert re.search(rf"^{name}(_bucket|_count)?[{{ ]", text, re.M), name


def test_counters_move_by_exactly_the_number_of_requests(webhook, entra):
    def counts():
        name = "kube_entra_token_reviews_total"
        return (
            webhook.metric(name, result="accepted"),
            webhook.metric(name, result="refused", reason="token_expired"),
            webhook.metric(name, result="foreign"),
            webhook.metric("kube_entra_token_review_duration_seconds_count"),
        )

    before = counts()
    now = int(time.time())
    for _ in range(7):
        webhook.review(entra.token())
    for _ in range(5):
        webhook.review(entra.token(exp=now - 200, nbf=now - 900, iat=now - 900))
    for _ in range(3):
        webhook.review("x")
    assert tuple(b - a for a, b in zip(before, counts())) == (7, 5, 3, 15)


def test_health_pages_say_what_kubernetes_expects(webhook):
    for path in ["/livez", "/readyz", "/healthz"]:
        assert webhook.get(path) == (200, "ok")
    code, text = webhook.get("/readyz?verbose")
    assert code == 200
    assert "[+]signing-keys ok" in text
    assert webhook.get("/nothing")[0] == 404


@pytest.fixture
def own(certificates, entra, tmp_path):
    """A separate webhook, whose files a test can change."""
    entra.write_key_file(certificates.path("keys.json"))
    server = Webhook(certificates, configuration(), name=f"config-{tmp_path.name}.yaml")
    yield server.start()
    server.stop()


def test_a_changed_configuration_takes_effect(own, entra):
    token = entra.token(groups=[ADMINS])
    assert own.review(token)["user"]["groups"] == ["kube-entra:cluster-admins", ADMINS]
    config = configuration()
    config["kubernetes"] = {"adminGroups": ["others"]}
    own.write(config)
    wait_for(lambda: own.review(token)["user"]["groups"] == ["others", ADMINS])
    assert own.metric("kube_entra_config_reloads_total", result="success") >= 1


def test_an_invalid_configuration_is_refused_and_the_old_one_stays(own, entra):
    config = configuration()
    config["tenants"][0]["audience"] = ["x"]
    own.write(config)
    wait_for(lambda: own.metric("kube_entra_config_reloads_total", result="failure") == 1)
    wait_for(lambda: "did you mean audiences?" in own.log())
    assert reason(own.review(entra.token())) == "accepted"


def test_sighup_reads_again_at_once(own):
    own.process.send_signal(signal.SIGHUP)
    wait_for(lambda: own.metric("kube_entra_config_reloads_total", result="success") == 1, 3)
    wait_for(lambda: "SIGHUP" in own.log())


def test_a_second_tenant_can_be_added(own, entra):
    config = configuration()
    other = "99999999-2222-3333-4444-555555555555"
    config["tenants"].insert(0, {"tenantID": other, "audiences": [AUDIENCE], "signingKeys": {"file": "other.json"}})
    with open(own.certificates.path("other.json"), "w") as file:
        json.dump(entra.key_set(other), file)
    foreign = entra.token(header={"kid": entra.foreign.kid}, key=entra.foreign, tenant=other)
    own.write(config)
    wait_for(lambda: reason(own.review(foreign)) == "accepted")
    assert reason(own.review(entra.token())) == "accepted"


def test_key_file_is_followed(own, entra):
    from entra import Key

    entra.keys.append(Key())
    try:
        token = entra.token()
        assert reason(own.review(token)) == "key_not_found"
        entra.write_key_file(own.certificates.path("keys.json"))
        wait_for(lambda: reason(own.review(token)) == "accepted")
    finally:
        entra.keys.pop()
        entra.write_key_file(own.certificates.path("keys.json"))


def test_sigterm_ends_cleanly(own):
    own.stop(expected=0)


@pytest.mark.parametrize(
    "change,place",
    [
        (lambda c: c["server"].update(certificate="missing.crt"), "server.certificate"),
        (lambda c: c["server"].update(privateKey="server2.key"), "server.privateKey"),
        (lambda c: c["server"].update(clientCA="keys.json"), "server.clientCA"),
        (lambda c: c["tenants"][0].update(tenantID="x"), "tenants[0].tenantID"),
        (lambda c: c.update(apiVersion="v1"), "apiVersion"),
    ],
)
def test_what_cannot_be_served_ends_with_2_and_a_place(certificates, change, place):
    config = configuration()
    change(config)
    server = Webhook(certificates, config, name="broken.yaml")
    code, out, err = run("serve", "--config", server.config_path, timeout=10)
    assert code == 2
    assert out == ""
    assert re.search(rf"broken\.yaml:\d+:\d+: error: {re.escape(place)}: ", err), err


def test_wrong_usage_of_serve_ends_with_its_status():
    assert run("serve")[0] == 64
    assert run("nonsense")[0] == 64
    assert run("--version")[0] == 0
    assert run("serve", "--config", "/nonexistent")[0] == 2
