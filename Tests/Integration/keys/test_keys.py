"""Signing keys over the network: discovery, rotation, outage, and an Entra that misbehaves."""

import time

import yaml
from entra import TENANT, Key
from webhook import reason, wait_for


def test_both_versions_are_fetched_and_taken(online):
    entra, make = online
    webhook = make()
    assert reason(webhook.review(entra.token())) == "accepted"
    assert reason(webhook.review(entra.token(version="2.0"))) == "accepted"
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 1
    assert webhook.metric("kube_entra_signing_key_refreshes_total", tenant=TENANT, result="success") == 1


def test_a_new_key_works_at_the_first_token(online):
    entra, make = online
    webhook = make()
    entra.keys.append(Key())
    assert reason(webhook.review(entra.token())) == "accepted"
    assert webhook.metric("kube_entra_signing_keys", tenant=TENANT) == 2


def test_a_flood_of_unknown_keys_costs_one_fetch(online):
    entra, make = online
    webhook = make()
    before = entra.fetches()
    for number in range(100):
        assert reason(webhook.review(entra.token(header={"kid": f"unknown-{number}"}))) == "key_not_found"
    assert entra.fetches() - before <= 2
    # Tokens of others never cause a fetch.
    webhook.review(entra.token(header={"kid": "x"}, iss="https://evil.example/"))
    assert entra.fetches() - before <= 2
    assert reason(webhook.review(entra.token())) == "accepted"


def test_a_removed_key_stops_after_the_next_refresh(online):
    entra, make = online
    webhook = make(refreshEvery="1s")
    old = entra.token()
    assert reason(webhook.review(old)) == "accepted"
    entra.keys[:] = [Key()]
    wait_for(lambda: reason(webhook.review(old)) == "key_not_found")
    assert reason(webhook.review(entra.token())) == "accepted"


def test_a_start_while_entra_is_down_heals_by_itself(online):
    entra, make = online
    entra.stop()
    webhook = make(ready=False)
    assert webhook.get("/livez")[0] == 200
    code, text = webhook.get("/readyz?verbose")
    assert code == 500
    assert "[-]signing-keys failed: " in text
    assert reason(webhook.review(entra.token())) == "keys_unavailable"
    time.sleep(3)
    entra.start()
    wait_for(lambda: webhook.get("/readyz")[0] == 200, 15)
    assert reason(webhook.review(entra.token())) == "accepted"


def test_keys_get_too_old(online):
    entra, make = online
    webhook = make(refreshEvery="1s", maximumAge="4s")
    assert reason(webhook.review(entra.token())) == "accepted"
    entra.stop()
    time.sleep(2)
    assert reason(webhook.review(entra.token())) == "accepted"
    wait_for(lambda: reason(webhook.review(entra.token())) == "keys_unavailable")
    assert webhook.get("/readyz")[0] == 500
    entra.start()
    wait_for(lambda: reason(webhook.review(entra.token())) == "accepted", 15)


def test_a_longer_age_in_an_outage_keeps_the_keys_and_needs_no_restart(online):
    entra, make = online
    webhook = make(refreshEvery="1s", maximumAge="5s")
    assert reason(webhook.review(entra.token())) == "accepted"
    entra.stop()
    with open(webhook.config_path) as file:
        config = yaml.safe_load(file)
    config["tenants"][0]["signingKeys"]["maximumAge"] = "1h"
    webhook.write(config)
    wait_for(lambda: "configuration and certificates are in force" in webhook.log())
    end = time.time() + 6
    while time.time() < end:
        assert reason(webhook.review(entra.token())) == "accepted"
        time.sleep(0.3)
