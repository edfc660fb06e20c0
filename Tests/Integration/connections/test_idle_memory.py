"""What the process holds when it has nothing to do."""

import os
import socket
import ssl

import pytest
from webhook import Webhook, configuration, wait_for


def rss_kib(webhook):
    with open(f"/proc/{webhook.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def program_head(webhook):
    """Permissions, size and resident size in KiB of the first pages of the program's file."""
    with open(f"/proc/{webhook.process.pid}/smaps") as file:
        permissions = file.readline().split()[1]
        figures = dict(line.split()[:2] for line in (file.readline() for _ in range(12)))
    return permissions, int(figures["Size:"]), int(figures["Rss:"])


def test_what_only_the_loader_read_is_released(webhook):
    permissions, size, _ = program_head(webhook)
    if permissions != "r--p":
        pytest.skip("the linker has put the head and the code together")
    wait_for(lambda: program_head(webhook)[2] < size / 2)
    # All kinds of answers still come.
    assert webhook.post("{}")[0] == 400
    assert webhook.get("/metrics")[0] == 200
    assert "signing keys" in webhook.log()


def test_idle_connections_give_buffers_back(certificates, entra):
    """Half of what they held while records and handshakes were under way."""
    count, allowed = 400, 30
    entra.write_key_file(certificates.path("keys.json"))
    config = configuration()
    config["server"]["insecureAllowAnyClient"] = True
    del config["server"]["clientCA"]
    webhook = Webhook(certificates, config, name="idle-memory.yaml").start()
    context = ssl.create_default_context(cafile=certificates.path("ca.crt"))
    connections = []
    # Until the start has given back what only it needed.
    wait_for(lambda: program_head(webhook)[0] != "r--p" or program_head(webhook)[2] < program_head(webhook)[1] / 2)
    before = rss_kib(webhook)
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
