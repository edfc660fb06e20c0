"""What idle connections hold."""

import os
import socket
import ssl

from webhook import Webhook, configuration, wait_for


def rss_kib(webhook):
    with open(f"/proc/{webhook.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def test_idle_connections_give_buffers_back(certificates, entra):
    """Half of what they held while records and handshakes were under way."""
    count, allowed = 400, 30
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["server"]["insecureAllowAnyClient"] = True
    del config["server"]["clientCA"]
    webhook = Webhook(certificates, config, name="idle-memory.yaml").start()
    context = ssl.create_default_context(cafile=certificates.path("ca.crt"))
    before, connections = rss_kib(webhook), []
    try:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", webhook.port))
            connections.append(context.wrap_socket(connection, server_hostname="127.0.0.1"))
        wait_for(lambda: webhook.metric("kube_entra_connections") == count, timeout=30)
        wait_for(lambda: rss_kib(webhook) < before + count * allowed, timeout=60)
    finally:
        for connection in connections:
            connection.close()
        webhook.stop()
