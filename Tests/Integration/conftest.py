import os
import shutil
import signal
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from certificates import Certificates
from entra import AUDIENCE, OTHER_TENANT, Entra
from files import write
from lifecycle import Folder
from overage import setting  # noqa: F401 (a fixture)
from programs import TOOLS
from released import release, release_key  # noqa: F401 (fixtures)
from webhook import Webhook, configuration, reason

# Whoever runs the tests in the background hands ignored signals on to every program that they start.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# The released kubectl and helm come before what a machine happens to have.
os.environ["PATH"] = TOOLS + os.pathsep + os.environ["PATH"]


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


@pytest.fixture
def config(certificates, entra, tmp_path):
    """A configuration with all files that it names, in a separate folder."""
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy2(certificates.path(name), tmp_path)
    entra.write_key_file(str(tmp_path / "keys.json"))
    return write(tmp_path / "config.yaml", configuration())


class Outage:
    """A running webhook, and one that starts while Entra is unavailable."""

    def __init__(self, certificates, folder):
        self.seconds = float(os.environ.get("OUTAGE_SECONDS", "120"))
        self.entra = Entra(folder, certificates)
        self.entra.start()
        self.reviews, self.readiness = [], []
        interval = f"{max(1, int(self.seconds) - 5)}s"
        config = configuration(
            authority=self.entra.authority, authorityCA="ca.crt", signingKeys={"unknownKeyRefreshInterval": interval}
        )
        self.running = Webhook(certificates, config, name="outage-running.yaml").start()
        self.entra.stop()
        self.started = time.time()
        # Asks for a refresh, which fails, so that the pauses grow from now on.
        self.running.review(self.entra.token(header={"kid": "unknown"}))
        self.fresh = Webhook(certificates, config, name="outage-fresh.yaml").start(ready=False)
        self.token = self.entra.token()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def watch(self):
        while time.time() < self.started + self.seconds:
            self.reviews.append(reason(self.running.review(self.token)))
            self.readiness.append(self.running.get("/readyz")[0])
            time.sleep(0.5)

    def wait(self):
        self.watcher.join()

    def stop(self):
        self.seconds = 0
        self.watcher.join()
        self.running.stop()
        self.fresh.stop()
        self.entra.stop()


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
