import pytest
from webhook import Webhook, configuration


@pytest.fixture
def start(certificates, entra, tmp_path):
    entra.write_key_file(certificates.path("keys.json"))
    servers = []

    def make(level=None, tenant=None, **logging):
        config = configuration(**(tenant or {}))
        config["logging"] = logging
        server = Webhook(certificates, config, name=f"logs-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        return server.start(arguments=["--log-level", level] if level else [])

    yield make
    for server in servers:
        server.stop()
