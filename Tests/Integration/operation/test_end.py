"""Shutdown under load, with a client that behaves like kube-apiserver's, and the messages to systemd."""

import os
import signal
import socket
import struct
import threading
import time

import pytest
from connections import BODY, HEAD, PLAIN
from entra import TENANT
from http2 import DATA, END_HEADERS, GOAWAY, HEADERS, REQUEST, Connection, block, frame, request
from keep_alive_clients import Gone, Pool, Shared, secure
from webhook import Webhook, configuration


@pytest.fixture
def serve(certificates, entra):
    servers = []

    def make(name="end.yaml", change=lambda config: None, **options):
        entra.write_key_file(certificates.path("keys.json"))
        config = configuration()
        change(config)
        servers.append(Webhook(certificates, config, name=name))
        return servers[-1].start(**options)

    yield make
    for server in servers:
        if server.process and server.process.poll() is None:
            server.process.kill()
            server.process.wait(10)


@pytest.mark.parametrize("client,protocols", [(Pool, ["http/1.1"]), (Shared, ["h2"])], ids=["http/1.1", "h2"])
@pytest.mark.parametrize("round", range(2))
def test_no_request_fails_at_the_end(serve, client, protocols, round):
    webhook = serve(change=lambda config: config["server"].update(protocols=protocols))
    transport, failed, counts, began = client(webhook), [], [], []
    signalled = threading.Event()

    def run():
        while True:
            try:
                received = transport.exchange(PLAIN)
                if not received.startswith(b"HTTP/1.1 200"):
                    failed.append(received)
                counts.append(1)
            except Gone:
                assert signalled.is_set()
                return
            except BaseException as error:
                failed.append(repr(error))
                return

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    before = len(counts)
    signalled.set()
    began.append(time.time())
    webhook.process.send_signal(signal.SIGTERM)
    assert webhook.process.wait(20) == 0, webhook.log()
    took = time.time() - began[0]
    for thread in threads:
        thread.join(10)
    assert failed == []
    assert before > 50 and len(counts) > before
    assert took < 15


def test_the_end_in_spite_of_everybody_who_stalls(serve):
    """Peers that stall in the handshake, in headers, in bodies, in reading, in HTTP/2: all are gone in 20 seconds."""
    webhook = serve()
    peers = []
    for data in (b"", b"\x16\x03\x01\x02\x00\x01"):
        peers.append(socket.create_connection(("127.0.0.1", webhook.port)))
        peers[-1].sendall(data)
    for data in (b"", b"POST /auth", HEAD % 100, HEAD % 100 + b"{"):
        peers.append(secure(webhook))
        peers[-1].sendall(data)
    # Answers that nobody takes, until the server's buffers are full.
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.connect(("127.0.0.1", webhook.port))
    deaf = webhook.context().wrap_socket(raw, server_hostname="127.0.0.1")
    deaf.settimeout(1)
    try:
        while True:
            deaf.sendall(PLAIN * 50)
    except OSError:
        pass
    shut = Connection(webhook, settings=struct.pack(">HI", 4, 0))
    shut.send(b"".join(request(2 * i + 1, BODY) for i in range(50)))
    unfinished = Connection(webhook)
    unfinished.send(frame(HEADERS, END_HEADERS, 1, block(REQUEST)) + frame(DATA, 0, 1, b"{"))
    time.sleep(0.3)
    begin = time.time()
    webhook.process.send_signal(signal.SIGTERM)
    assert webhook.process.wait(22) == 0, webhook.log()
    assert time.time() - begin < 20.5
    for peer in [*peers, deaf, shut, unfinished]:
        peer.close()


def test_goaway_and_connection_close(serve):
    webhook = serve()
    with Connection(webhook) as busy, secure(webhook) as kept, Connection(webhook) as idle:
        busy.send(frame(HEADERS, END_HEADERS, 1, block(REQUEST)) + frame(DATA, 0, 1, BODY[:9]))
        kept.sendall(PLAIN[:50])
        time.sleep(0.3)
        webhook.process.send_signal(signal.SIGTERM)
        assert busy.wait(lambda f: f[0] == GOAWAY) and idle.wait(lambda f: f[0] == GOAWAY)
        assert webhook.get("/readyz")[0] == 500 and webhook.get("/livez")[0] == 200
        assert "[-]shutdown failed" in webhook.get("/readyz?verbose")[1]
        busy.send(frame(DATA, 1, 1, BODY[9:]))
        assert b"TokenReview" in busy.answer(1)
        kept.sendall(PLAIN[50:])
        received = kept.recv(65536)
        assert received.startswith(b"HTTP/1.1 200") and b"\r\nconnection: close\r\n" in received
    assert webhook.process.wait(20) == 0


# systemd


class Manager:
    """The socket of a service manager, at a path or in the abstract name space."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.seen = []

    def wait(self, text, timeout=8):
        """The next message with that line."""
        end = time.time() + timeout
        while time.time() < end:
            self.socket.settimeout(max(0.05, end - time.time()))
            try:
                message = self.socket.recv(4096).decode()
            except TimeoutError:
                break
            self.seen.append(message)
            if text in message.split("\n"):
                return message
        raise AssertionError((text, self.seen))


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_what_systemd_is_told(serve, tmp_path, abstract):
    manager = Manager(f"@kube-entra-{os.getpid()}" if abstract else str(tmp_path / "notify"))
    environment = {**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1500000"}
    webhook = serve(env=environment)
    manager.wait("READY=1")
    # It goes on; how soon, the machine decides as well.
    for _ in range(3):
        manager.wait("WATCHDOG=1")
    before = time.monotonic_ns() // 1000
    webhook.process.send_signal(signal.SIGHUP)
    message = manager.wait("RELOADING=1")
    told = int(dict(line.split("=", 1) for line in message.split("\n"))["MONOTONIC_USEC"])
    assert before <= told <= time.monotonic_ns() // 1000
    manager.wait("READY=1")
    webhook.process.send_signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    assert webhook.process.wait(20) == 0


def test_what_systemd_shows_while_there_are_no_keys(folder, entra, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    webhook = Webhook(folder, configuration(authority="https://127.0.0.1:9", signingKeys={"refreshEvery": "1h"}))
    webhook.start(ready=False, env={**os.environ, "NOTIFY_SOCKET": manager.address})
    try:
        manager.wait(f"STATUS=refusing all tokens: no signing keys for tenant {TENANT}")
        webhook.write(configuration())
        manager.wait("STATUS=answering token reviews")
    finally:
        webhook.stop()


def test_the_watchdog_is_for_another_process(serve, tmp_path):
    """sd_watchdog_enabled(3): WATCHDOG_PID names whom the variables are for."""
    manager = Manager(str(tmp_path / "notify"))
    webhook = serve(
        env={**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"}
    )
    manager.wait("READY=1")
    with pytest.raises(AssertionError):
        manager.wait("WATCHDOG=1", timeout=1)
    webhook.stop()


def test_a_service_manager_that_is_not_there(serve, tmp_path):
    for address in (str(tmp_path / "nothing"), "@nobody-listens", "x" * 200, ""):
        webhook = serve(env={**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "junk"})
        assert webhook.get("/livez")[0] == 200
        webhook.stop()
