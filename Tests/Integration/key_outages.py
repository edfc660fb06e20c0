"""What happens to key fetches: counted, delayed, swallowed."""

import socket
import time

from entra import TENANT


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
