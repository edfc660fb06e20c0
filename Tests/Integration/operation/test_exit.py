"""A process that ends while it fetches keys ends normally and does not crash."""

import time

from certificates import Certificates
from entra import Entra
from webhook import Webhook, configuration


def test_the_end_while_keys_are_being_fetched(tmp_path):
    certificates = Certificates(str(tmp_path))
    entra = Entra(str(tmp_path), certificates)
    entra.start()
    try:
        config = configuration()
        config["tenants"] = [
            {
                **configuration(authority=entra.authority, authorityCA="ca.crt", signingKeys={"refreshEvery": "1s"})[
                    "tenants"
                ][0],
                "tenantID": f"22222222-0000-0000-0000-{number:012}",
            }
            for number in range(40)
        ]
        for attempt in range(6):
            webhook = Webhook(certificates, config).start()
            # Fetches come in waves a second apart; each attempt ends in another part of one.
            time.sleep(0.6 + 0.15 * attempt)
            assert webhook.process.poll() is None, webhook.log()
            webhook.stop(expected=0)
    finally:
        entra.stop()
