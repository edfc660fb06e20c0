import pytest
from entra import ADMINS, OBJECT, PLAIN
from graph import Graph
from overage import CLIENT_ID, OverageWebhook
from webhook import configuration


@pytest.fixture
def watched(certificates, entra, tmp_path):
    """A Graph, and a function that starts a webhook which watches."""
    graph = Graph(certificates)
    graph.members[OBJECT] = {ADMINS, PLAIN}
    with open(certificates.path("secret"), "w") as file:
        file.write(graph.secret + "\n")
    servers = []

    def config(tenant=None, limits=None, **changes):
        directory = {
            "clientID": CLIENT_ID,
            "clientSecretFile": "secret",
            "graphEndpoint": graph.base,
            "graphCA": "ca.crt",
            "watch": "admins",
            "watchEvery": "1s",
            **changes,
        }
        made = configuration(directory=directory, authority=graph.base, authorityCA="ca.crt", **(tenant or {}))
        if limits:
            made["limits"] = limits
        return made

    def make(**changes):
        server = OverageWebhook(certificates, config(**changes), name=f"watch-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        entra.authority = graph.base
        entra.write_key_file(certificates.path("keys.json"))
        return server.start()

    make.config = config
    yield graph, make
    for server in servers:
        server.stop()
    graph.stop()
    entra.authority = None
