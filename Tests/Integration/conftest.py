import json
import os
import shutil
import signal

import pytest
from certificates import Certificates
from entra import AUDIENCE, OTHER_TENANT, Entra
from files import write
from graph import Graph
from key_outages import Outage
from lifecycle import Folder
from overage import CLIENT_ID, OverageWebhook
from programs import TOOLS
from released import make_release, run
from webhook import Webhook, configuration

# Whoever runs the tests in the background hands ignored signals on to every program that they start.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# The released kubectl and helm come before what a machine happens to have.
os.environ["PATH"] = TOOLS + os.pathsep + os.environ["PATH"]


@pytest.fixture(params=["newest", "oldest"])
def tools(request, monkeypatch):
    """The newest released kubectl and helm, then those of the oldest Kubernetes that this is for."""
    if request.param == "oldest":
        monkeypatch.setenv("PATH", os.path.join(TOOLS, "oldest") + os.pathsep + os.environ["PATH"])
    return request.param


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.fixture(scope="session")
def entra(tmp_path_factory, certificates):
    return Entra(str(tmp_path_factory.mktemp("entra")), certificates)


@pytest.fixture(scope="session")
def webhook(certificates, entra):
    """One offline webhook for all tests that only send reviews."""
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["tenants"].append(
        {"tenantID": OTHER_TENANT, "audiences": [AUDIENCE], "signingKeys": {"file": "other-keys.json"}}
    )
    with open(certificates.path("other-keys.json"), "w") as file:
        json.dump(entra.key_set(OTHER_TENANT), file)
    # With the server preferring h2, curl gets it, and Python, which offers only http/1.1, gets that.
    config["server"]["protocols"] = ["h2", "http/1.1"]
    server = Webhook(certificates, config).start()
    yield server
    server.stop()


@pytest.fixture
def online(certificates, tmp_path):
    """A separate Entra, and webhooks that fetch from it."""
    entra = Entra(str(tmp_path), certificates)
    entra.start()
    servers = []

    def make(ready=True, authority=None, env=None, limits=None, client=None, ca="ca.crt", **keys):
        config = configuration(
            authority=authority or entra.authority, authorityCA=ca, signingKeys={"refreshEvery": "1h", **keys}
        )
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


@pytest.fixture
def folder(certificates, entra, tmp_path):
    for name in os.listdir(certificates.folder):
        if name.endswith((".crt", ".key")):
            shutil.copy2(certificates.path(name), tmp_path)
    folder = Folder(str(tmp_path))
    entra.write_key_file(folder.path("keys.json"))
    return folder


@pytest.fixture
def serve(folder):
    servers = []

    def make(change=lambda config: None, **options):
        config = configuration()
        change(config)
        server = Webhook(folder, config)
        servers.append(server)
        return server.start(**options)

    yield make
    for server in servers:
        if server.process and server.process.poll() is None:
            server.process.kill()
            server.process.wait(10)
        server.stop()


@pytest.fixture
def config(certificates, entra, tmp_path):
    """A configuration with all files that it names, in a separate folder."""
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy2(certificates.path(name), tmp_path)
    entra.write_key_file(str(tmp_path / "keys.json"))
    return write(tmp_path / "config.yaml", configuration())


@pytest.fixture
def setting(certificates, entra, tmp_path):
    """A Graph, and a function that starts a webhook that uses it."""
    graph = Graph(certificates)
    with open(certificates.path("secret"), "w") as file:
        file.write(graph.secret + "\n")
    servers = []

    def make(tenant=None, env=None, limits=None, **changes):
        directory = {
            "clientID": CLIENT_ID,
            "clientSecretFile": "secret",
            "graphEndpoint": graph.base,
            "graphCA": "ca.crt",
            **changes,
        }
        directory = {name: value for name, value in directory.items() if value is not None}
        config = configuration(
            groupOverage="resolve", directory=directory, authority=graph.base, authorityCA="ca.crt", **(tenant or {})
        )
        if limits:
            config["limits"] = limits
        server = OverageWebhook(certificates, config, name=f"overage-{tmp_path.name}-{len(servers)}.yaml")
        servers.append(server)
        entra.authority = graph.base
        entra.write_key_file(certificates.path("keys.json"))
        return server.start(env=env)

    yield graph, make
    for server in servers:
        server.stop()
    entra.authority = None
    entra.write_key_file(certificates.path("keys.json"))
    graph.stop()


@pytest.fixture(scope="session")
def release_key(tmp_path_factory):
    folder = tmp_path_factory.mktemp("key")
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "key.pem")
    run("openssl", "pkey", "-in", folder / "key.pem", "-pubout", "-out", folder / "public.pem")
    return folder


@pytest.fixture(scope="session")
def release(tmp_path_factory, release_key):
    return make_release(tmp_path_factory.mktemp("release"), "--key", release_key / "key.pem")


@pytest.fixture(scope="session")
def outage(certificates, tmp_path_factory):
    made = Outage(certificates, str(tmp_path_factory.mktemp("outage")))
    yield made
    made.stop()


@pytest.fixture(scope="session", autouse=True)
def early(request):
    """The outage lasts while other tests run, so that nothing has to wait for its end."""
    if any("test_key_outage" in item.nodeid for item in request.session.items):
        request.getfixturevalue("outage")
