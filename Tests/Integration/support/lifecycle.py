"""Folders of a webhook, and load while it starts, reloads and ends."""

import os
import socket
import threading
import time

from webhook import checked, reason, review_body


class Folder:
    """A copy of the certificates that a test may change."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)


def raw(webhook, data=b""):
    """An open TLS connection on which `data` was sent."""
    plain = socket.create_connection(("127.0.0.1", webhook.port), timeout=15)
    tls = webhook.context().wrap_socket(plain, server_hostname="127.0.0.1")
    if data:
        tls.sendall(data)
    return tls


def request(token):
    body = review_body(token).encode()
    head = b"POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


class Load:
    """Clients that keep their connections, as kube-apiserver's do, and check each answer."""

    def __init__(self, webhook, ask, clients=4):
        self.webhook, self.ask, self.ended = webhook, ask, threading.Event()
        self.count, self.wrong, self.broken = 0, [], []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = self.webhook.connect()
        while not self.ended.is_set():
            for token, expected in self.ask:
                try:
                    connection.request(
                        "POST", "/authenticate", review_body(token), {"Content-Type": "application/json"}
                    )
                    response = connection.getresponse()
                    found = reason(checked(response.read(), "v1")) if response.status == 200 else response.status
                except Exception as error:  # Whatever it is, a request was dropped.
                    self.broken.append((time.time(), repr(error)))
                    connection.close()
                    if self.ended.is_set() or len(self.broken) > 100:
                        return
                    continue
                self.count += 1
                if found not in expected:
                    self.wrong.append((token[:10], found, expected))

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(15)
