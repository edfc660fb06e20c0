"""Rotation and floods of unknown key IDs under load. Figures are printed; what is asserted holds on busy machines."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import yaml
from entra import TENANT, Key
from key_outages import never, refreshes
from webhook import HERE, reason, wait_for


class Client:
    """A client in a separate process, so that it does not share this interpreter. Connects at once."""

    def __init__(self, program, webhook, seconds, **spec):
        path = webhook.certificates.path
        spec |= {
            "port": webhook.port,
            "ca": path("ca.crt"),
            "cert": path("client.crt"),
            "key": path("client.key"),
            "seconds": seconds,
        }
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdin.write(json.dumps(spec) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "connected\n"
        self.seconds = seconds

    def begin(self):
        self.process.stdin.write("begin\n")
        self.process.stdin.close()
        return self

    def figures(self):
        text = self.process.stdout.read()
        assert self.process.wait(self.seconds + 60) == 0
        return json.loads(text)


class Load(Client):
    """Reviews at a rate, as kube-apiserver sends them."""

    def __init__(self, webhook, phases, rate, seconds, connections=16):
        super().__init__("load_client.py", webhook, seconds, rate=rate, phases=phases, connections=connections)


class Flood(Client):
    """Many different tokens within some seconds."""

    def __init__(self, webhook, tokens, seconds):
        super().__init__("flood_client.py", webhook, seconds, tokens=tokens, connections=10)


def show(name, figures):
    print(
        f"{name}: {figures['rate']:.0f} reviews/s, p50 {figures['p50'] * 1000:.1f} ms, p99 {figures['p99'] * 1000:.1f} ms,"
        f" longest {figures['max'] * 1000:.0f} ms, {figures['results']}"
    )


def test_a_rotation_under_load(online):
    """A new key appears, tokens with it arrive at once, and old ones still work."""
    entra, make = online
    webhook = make()
    key = Key()
    old = [entra.token(uti=f"old-{number}") for number in range(200)]
    new = [entra.token(header={"kid": key.kid}, key=key, uti=f"new-{number}") for number in range(200)]
    entra.keys.append(key)
    before = entra.fetches()
    load = Load(webhook, [[0, old], [1.5, old + new]], rate=2000, seconds=4)
    figures = load.begin().figures()
    show("rotation", figures)
    assert set(figures["results"]) == {"accepted"}
    assert entra.fetches() - before == 2, "one for each token version"
    assert refreshes(webhook, "success") == 2


def test_a_flood_of_unknown_key_ids(online):
    entra, make = online
    webhook = make()
    entra.fault = lambda handler, path: time.sleep(2)
    good = [[0, [entra.token(uti=f"good-{number}") for number in range(200)]]]
    unknown = [entra.token(header={"kid": f"unknown-{number}"}) for number in range(500)]
    # Its connections are there from the beginning: their handshakes are not what is measured.
    flood = Flood(webhook, unknown, seconds=1)
    quiet = Load(webhook, good, rate=500, seconds=1.2).begin().figures()
    before = entra.fetches()
    load = Load(webhook, good, rate=500, seconds=1.2).begin()
    time.sleep(0.1)
    flood.begin()
    busy, flooded = load.figures(), flood.figures()
    show("quiet", quiet)
    show("good tokens in the flood", busy)
    print(f"the flood: {flooded}")
    assert set(busy["results"]) == {"accepted"}
    assert flooded["results"] == {"key_not_found": 500}
    assert entra.fetches() - before <= 2
    # Nobody waits for the fetch who does not need it.
    assert busy["p50"] < 1 and busy["p99"] < 1.9


def test_waiting_for_a_fetch_has_an_end_and_harms_nobody(online):
    entra, make = online
    webhook = make(limits={"reviewDeadline": "1s", "connections": 40})
    entra.fault = never
    good = [[0, [entra.token(uti=f"good-{number}") for number in range(50)]]]
    unknown = [[0, [entra.token(header={"kid": f"unknown-{number}"}) for number in range(500)]]]
    # More than half of the connections may not wait.
    calm = Load(webhook, good, rate=100, seconds=1, connections=4)
    flood = Load(webhook, unknown, rate=2000, seconds=2, connections=30).begin()
    time.sleep(0.2)
    busy = calm.begin().figures()
    flooded = flood.figures()
    show("good tokens while nothing comes", busy)
    show("unknown keys while nothing comes", flooded)
    assert set(busy["results"]) == {"accepted"} and busy["p50"] < 0.3
    assert set(flooded["results"]) == {"key_not_found"}
    assert 0.9 < flooded["max"] < 3
    assert sum(flooded["results"].values()) > 100
    assert entra.fetches() == 2, "the first ones, at the start"


def test_a_reload_changes_how_many_may_wait(online):
    entra, make = online
    webhook = make(limits={"reviewDeadline": "9s", "connections": 40})
    with open(webhook.config_path) as file:
        config = yaml.safe_load(file)
    # Half of the connections may wait, so that is one.
    config["limits"]["connections"] = 2
    before = webhook.metric("kube_entra_config_reloads_total", result="success")
    webhook.write(config)
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="success") > before)
    entra.fault = never
    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(webhook.review, entra.token(header={"kid": kid})) for kid in "ab")
        wait([first, second], return_when=FIRST_COMPLETED)
        # If both might wait, both would be answered at the same time.
        time.sleep(1)
        assert first.done() != second.done()
        assert reason(first.result()) == reason(second.result()) == "key_not_found"


def test_tokens_of_others_never_cause_a_fetch(online):
    entra, make = online
    webhook = make()
    before = dict(entra.counts)
    for issuer in [
        "https://evil.example/",
        f"https://sts.windows.net/{TENANT}/",
        entra.issuer("1.0", "99999999-2222-3333-4444-555555555555"),
        entra.issuer("1.0").upper(),
        entra.issuer("1.0")[:-1],
    ]:
        assert reason(webhook.review(entra.token(header={"kid": "x"}, iss=issuer))) == "foreign"
    assert reason(webhook.review(entra.token(header={"kid": "x", "alg": "HS256"}))) == "algorithm_not_allowed"
    assert reason(webhook.review(entra.token(key=Key()))) == "signature_invalid"
    assert entra.counts == before


def test_the_next_fetch_for_an_unknown_key_waits_for_the_interval(online):
    entra, make = online
    webhook = make(unknownKeyRefreshInterval="3s")
    count = entra.fetches()
    assert reason(webhook.review(entra.token(header={"kid": "a"}))) == "key_not_found"
    start = time.time()
    assert entra.fetches() == count + 2
    entra.keys.append(Key())
    while time.time() < start + 2:
        assert reason(webhook.review(entra.token())) == "key_not_found"
        time.sleep(0.1)
    assert entra.fetches() == count + 2
    time.sleep(max(0, start + 3.2 - time.time()))
    assert reason(webhook.review(entra.token())) == "accepted"
    wait_for(lambda: entra.fetches() == count + 4)
