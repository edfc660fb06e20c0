import os
import sys

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


@pytest.fixture
def online(certificates, tmp_path):
    """An Entra of its own, and webhooks that fetch from it."""
    entra = Entra(str(tmp_path), certificates)
    entra.start()
    servers = []

    def make(ready=True, authority=None, env=None, limits=None, client=None, ca="ca.crt", **keys):
        config = configuration(
            authority=authority or entra.authority, authorityCA=ca, signingKeys={"refreshEvery": "1h", **keys})
        if limits:
            config["limits"] = limits
        if client == "any":
            del config["server"]["clientCA"]
            config["server"]["insecureAllowAnyClient"] = True
        server = Webhook(certificates, config, name=f"online-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        return server.start(ready=ready, env={**os.environ, **env} if env else None)

    yield entra, make
    for server in servers:
        server.stop()
    entra.stop()
