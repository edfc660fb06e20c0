"""`server.cryptography: fips` runs with the provider or not at all."""

import os
import subprocess

import pytest
from webhook import Webhook, configuration, reason

MODULES = (
    subprocess.run(["openssl", "version", "-m"], capture_output=True, text=True).stdout.partition('"')[2].strip('"\n')
)


def fips(certificates, entra):
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["server"]["cryptography"] = "fips"
    return Webhook(certificates, config, name="fips.yaml")


@pytest.mark.skipif(os.path.exists(os.path.join(MODULES, "fips.so")), reason="this machine has the provider")
def test_without_the_provider_it_does_not_start(certificates, entra):
    webhook = fips(certificates, entra)
    with pytest.raises(AssertionError, match="the webhook ended"):
        webhook.start()
    assert webhook.process.wait(30) == 2
    assert "server.cryptography is fips" in webhook.log() and "FIPS provider" in webhook.log()


@pytest.mark.skipif(
    not os.path.exists(os.path.join(MODULES, "fips.so")),
    reason="this machine has no provider: test_newer_openssl.py runs with that of Debian 13",
)
def test_with_the_provider_it_answers(certificates, entra):
    webhook = fips(certificates, entra).start()
    try:
        assert reason(webhook.review(entra.token())) == "accepted"
    finally:
        webhook.stop()
