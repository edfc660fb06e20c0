"""What happens to key fetches: counted, delayed, swallowed."""

import os
import socket
import threading
import time

from entra import TENANT, Entra
from webhook import Webhook, configuration, reason


def never(handler, path):
    """A black hole behind an accepted connection."""
    time.sleep(12)
    handler.close_connection = True
    return True


def refreshes(webhook, result, tenant=TENANT):
    return webhook.metric("kube_entra_signing_key_refreshes_total", tenant=tenant, result=result)


def causes(webhook, start):
    """The causes in the log after a position."""
    lines = webhook.log()[start:].splitlines()
    return [line for line in lines if "signing keys could not be refreshed" in line]


class BlackHole:
    """A port that accepts no more connections: the queue is full, and packets get no answer."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.address = self.listener.getsockname()
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.address)
            self.fillers.append(filler)
        time.sleep(0.1)

    def close(self):
        for filler in self.fillers:
            filler.close()
        self.listener.close()


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
        # Other tests run meanwhile, and one of their servers could get the port.
        self.entra.stop(holds_port=True)
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
