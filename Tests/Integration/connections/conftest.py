import pytest
from webhook import Webhook, configuration


@pytest.fixture
def limited(certificates, entra):
    servers = []

    def make(**limits):
        entra.write_key_file(certificates.path("keys.json"))
        config = configuration()
        config["limits"] = limits
        servers.append(Webhook(certificates, config, name=f"limits-{len(servers)}.yaml"))
        return servers[-1].start()

    yield make
    for server in servers:
        server.stop()
