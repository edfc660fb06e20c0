"""Single connections to a webhook, and requests in bytes."""

import socket
import ssl
import time

from webhook import review_body

BODY = review_body("x").encode()
HEAD = b"POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
PLAIN = HEAD % len(BODY) + BODY


def plain(webhook, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", webhook.port), timeout=8, source_address=(source, 0))


def secure(webhook, source="127.0.0.1"):
    return webhook.context().wrap_socket(plain(webhook, source), server_hostname="127.0.0.1")


def rest(connection):
    """Everything until the server closes."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except (ConnectionError, ssl.SSLError):
        pass
    return received


def answer(connection, data=PLAIN):
    connection.sendall(data)
    return connection.recv(65536)


def rejected(webhook, cause, count=1, timeout=5):
    """Waits until this number was counted, and returns the count."""
    end = time.time() + timeout
    while webhook.metric("kube_entra_requests_rejected_total", cause=cause) < count and time.time() < end:
        time.sleep(0.02)
    return webhook.metric("kube_entra_requests_rejected_total", cause=cause)
