"""Clients that keep their connections, as kube-apiserver does."""

import socket
import ssl
import struct
import threading
import time

from connections import BODY
from http2 import GOAWAY, Connection, request


def secure(webhook):
    plain = socket.create_connection(("127.0.0.1", webhook.port), timeout=15)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return webhook.context().wrap_socket(plain, server_hostname="127.0.0.1")


class Gone(Exception):
    """Nothing listens any more: the caller uses its next address."""


class Pool:
    """Go's HTTP/1.1 transport: up to 25 idle connections; a kept connection that ends before the first byte of an
    answer is replaced and the request sent again, as kube-apiserver does with a reset too."""

    def __init__(self, webhook):
        self.webhook, self.lock, self.idle = webhook, threading.Lock(), []

    def exchange(self, data):
        for _attempt in range(6):
            with self.lock:
                connection = self.idle.pop() if self.idle else None
            kept = connection is not None
            try:
                connection = connection or secure(self.webhook)
            except ConnectionRefusedError:
                raise Gone from None
            except (ConnectionError, ssl.SSLError):  # Reset while it waited to be taken.
                time.sleep(0.01)
                continue
            received = b""
            try:
                connection.sendall(data)
                while b"\r\n\r\n" not in received or len(received) < received.index(b"\r\n\r\n") + 4 + length(received):
                    chunk = connection.recv(65536)
                    if not chunk:
                        raise ConnectionResetError("the end")
                    received += chunk
            except (ConnectionError, ssl.SSLError):
                connection.close()
                if received or not kept:
                    raise
                continue
            with self.lock:
                if b"connection: close" in received or len(self.idle) >= 25:
                    connection.close()
                else:
                    self.idle.append(connection)
            return received
        raise AssertionError("six attempts failed")


def length(received):
    head = received.split(b"\r\n\r\n", 1)[0].lower()
    return int(head.split(b"content-length: ")[1].split(b"\r\n")[0])


class Shared:
    """Go's HTTP/2 transport: one connection for all; after GOAWAY new requests go over a new one, and those that the
    server has not begun are sent again."""

    def __init__(self, webhook):
        self.webhook, self.lock, self.connection, self.next = webhook, threading.Lock(), None, 1

    def exchange(self, _):
        for _attempt in range(6):
            with self.lock:
                if self.connection is None or self.connection.closed.is_set() or self.connection.kinds(GOAWAY):
                    try:
                        self.connection, self.next = Connection(self.webhook), 1
                    except ConnectionRefusedError:
                        raise Gone from None
                    except (ConnectionError, ssl.SSLError):
                        time.sleep(0.01)
                        continue
                connection, stream = self.connection, self.next
                self.next += 2
                connection.send(request(stream, BODY))
            answer = connection.answer(stream, 10)
            if answer is not None:
                return b"HTTP/1.1 200" if b"TokenReview" in answer else answer
            last = [struct.unpack(">I", f[3][:4])[0] for f in connection.kinds(GOAWAY)]
            # Without GOAWAY, or begun: kube-apiserver would not try again.
            assert last and stream > last[-1], (stream, last, connection.frames[-3:])
        raise AssertionError("six attempts failed")
