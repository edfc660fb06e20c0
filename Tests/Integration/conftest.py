import sys, os

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from certificates import Certificates
from entra import Entra, OTHER_TENANT, AUDIENCE
from webhook import Webhook, configuration


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.fixture(scope="session")
def entra(tmp_path_factory, certificates):
    return Entra(str(tmp_path_factory.mktemp("entra")), certificates)


@pytest.fixture(scope="session")
def webhook(certificates, entra):
    """One offline webhook for all tests that only ask."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["tenants"].append({
        "tenantID": OTHER_TENANT, "audiences": [AUDIENCE], "signingKeys": {"file": "other-keys.json"}})
    import json
    with open(certificates.path("other-keys.json"), "w") as file:
        json.dump(entra.key_set(OTHER_TENANT), file)
    # With the server preferring h2, curl gets it, and Python, which offers only http/1.1, gets that.
    config["server"]["protocols"] = ["h2", "http/1.1"]
    server = Webhook(certificates, config).start()
    yield server
    server.stop()
