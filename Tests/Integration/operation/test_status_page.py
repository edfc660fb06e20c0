"""The status page: in a terminal, and in Chromium with the size of a phone and of a screen."""

import json
import os
import pathlib
import re
import time

import pytest
from browser import Browser
from entra import ADMINS, AUDIENCE, CLIENT, OBJECT, TENANT
from webhook import Webhook, configuration, wait_for

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def busy(certificates, entra):
    """A webhook that has seen every kind of decision."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    # A second tenant whose keys cannot be fetched, so that there is a problem to show.
    config["tenants"].append(
        {
            "tenantID": "99999999-2222-3333-4444-555555555555",
            "audiences": [AUDIENCE],
            "authority": "https://localhost:1",
            "authorityCA": "ca.crt",
        }
    )
    server = Webhook(certificates, config, name="status.yaml").start()
    now = int(time.time())
    for _ in range(30):
        server.review(entra.token(groups=[ADMINS]))
    for number in range(60):
        server.review(entra.token(aud="another", uti=f"{number}"))
    for _ in range(5):
        server.review(entra.token(exp=now - 100, nbf=now - 900, iat=now - 900))
        server.review(entra.token(key=entra.foreign))
        server.review("x")
    assert server.post("{}", path="/nowhere")[0] == 404
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = Browser(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


def test_plain_text_unless_html_is_wanted(busy):
    for accept in (None, "*/*", "text/plain", "text/html;q=0.4, text/plain", "text/html;q=0", "application/json"):
        headers, text = busy.exchange("/statusz", {} if accept is None else {"Accept": accept})
        assert headers["content-type"] == "text/plain; charset=utf-8", accept
        assert text.startswith("kube-entra: ready\n") and "<" not in text
    headers, page = busy.exchange("/statusz", HTML)
    assert headers["content-type"] == "text/html; charset=utf-8" and page.startswith("<!doctype html>")


@pytest.mark.parametrize("headers", [{}, HTML], ids=["text", "HTML"])
def test_the_page_tells_what_the_metrics_tell(busy, headers):
    text = busy.get("/statusz", headers)[1]
    for expected in (
        "0.1.0",
        "status.yaml",
        TENANT,
        "99999999-2222-3333-4444-555555555555",
        "public",
        "CN=server",
        "server.certificate",
        "server.clientCA",
        "audience_not_accepted",
        "token_expired",
        "signature_invalid",
        "token_malformed",
        CLIENT,
        "p50",
        "p90",
        "p99",
        "Cache hits",
        "Key exchanges",
        "Cryptography",
        "OpenSSL 3",
        "connection was refused",
        "Turned away without a decision since the start",
        "not_found",
    ):
        assert expected in text, expected
    # The latest 50 refusals.
    assert text.count("audience_not_accepted") in range(30, 55)
    # Nothing that tells who somebody is, and no part of a token.
    for secret in (OBJECT, "ada@", "Ada", "eyJ", "another"):
        assert secret not in text, secret


def top(server, headers=None):
    """What needs attention: pairs of colour and sentence."""
    page = server.get("/statusz", headers or {})[1]
    if headers:
        return re.findall(r'<li class="(red|amber)">([^<]*)</li>', page)
    lines = page.split("Needs attention\n")[1].split("\n\n")[0].split("\n")
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_what_needs_attention_is_on_top_and_ids_have_names(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    names = pathlib.Path(certificates.path("status-names.json"))
    config = configuration()
    config["names"] = names.name
    server = Webhook(certificates, config, name="attention.yaml").start()
    try:
        assert top(server) == [("nothing",)] and top(server, HTML) == []
        server.review(entra.token(aud="elsewhere"))
        assert f"{CLIENT} (" not in server.get("/statusz")[1]
        # A file that comes later is read without a reload.
        names.write_text(json.dumps({"names": {CLIENT: {"displayName": "The <b>plugin</b>", "kind": "application"}}}))
        wait_for(lambda: f"{CLIENT} (The <b>plugin</b>)" in server.get("/statusz")[1], 60)
        assert f"{CLIENT} (The &lt;b&gt;plugin&lt;/b&gt;)" in server.get("/statusz", HTML)[1]
        # A configuration that cannot be used: ready, and red.
        before = pathlib.Path(server.config_path).read_text()
        pathlib.Path(server.config_path).write_text("apiVersion: x\n")
        wait_for(lambda: top(server)[0][0] == "red", 60)
        ((level, sentence),) = top(server)
        assert sentence.startswith("configuration: ") and top(server, HTML)[0][0] == "red"
        assert server.get("/statusz")[1].startswith("kube-entra: ready\n")
        pathlib.Path(server.config_path).write_text(before)
        wait_for(lambda: top(server) == [("nothing",)], 60)
    finally:
        server.stop()


def test_a_tenant_without_keys_is_red(busy):
    assert top(busy)[0][0] == "red" and "99999999-2222-3333-4444-555555555555: none can be used" in top(busy)[0][1]
    colours = [level for level, _ in top(busy)]
    assert colours == sorted(colours, reverse=True)


def test_the_decision_of_the_page_is_the_one_in_the_answer(busy, entra):
    error = busy.review(entra.token(aud="another", uti="last"))["error"]
    decision = re.search(r"decision (\w+)", error)[1]
    assert decision in busy.get("/statusz")[1]


def test_nothing_from_elsewhere_and_no_script(busy):
    headers, page = busy.exchange("/statusz", HTML)
    assert "default-src 'none'" in headers["content-security-policy"]
    assert not re.search(r"<script|\son\w+=|https?://(?!localhost:1)|url\(|@import", page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_fits_a_phone_and_a_screen(busy, browser, tmp_path, width, dark):
    address = f"http://127.0.0.1:{busy.operations}/statusz"
    browser.open(address, width, dark)
    assert browser.complaints() == []
    assert [url for url in browser.addresses() if not url.startswith("data:")] == [address]
    assert browser.value("document.documentElement.scrollWidth") <= width
    # Nothing is cut off, and nothing is too small to read.
    assert (
        browser.value("""[...document.querySelectorAll('td, dd, th, p, h1, h2')].filter(e => e.offsetParent &&
        (e.scrollWidth > e.clientWidth + 1 || parseFloat(getComputedStyle(e).fontSize) < 12)).map(e => e.textContent)
        """)
        == []
    )
    colours = browser.value(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor].join(' ')"
    )
    text, ground = [sum(map(int, re.findall(r"\d+", part)[:3])) for part in re.findall(r"rgb\([^)]*\)", colours)]
    assert (text > 600 and ground < 150) if dark else (text < 150 and ground > 600)
    assert browser.value("document.querySelectorAll('svg rect').length") >= 2
    folder = os.environ.get("SCREENSHOTS", tmp_path)
    browser.screenshot(os.path.join(folder, f"statusz-{width}-{'dark' if dark else 'light'}.png"))
