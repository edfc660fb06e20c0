"""A forward proxy that uses no code of the program: CONNECT over plain or TLS connections, and ways to refuse it."""

import base64
import socket
import ssl
import threading
import time


class Proxy:
    """Opens tunnels, unless `answer` says what to send instead; records the requests."""

    def __init__(self, credentials=None, certificates=None, address="127.0.0.1"):
        self.credentials = credentials
        self.answer = None
        self.delay = 0
        self.heads = []
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.context = None
        if certificates:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates.path("entra.crt"), certificates.path("entra.key"))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def targets(self):
        return [head.split(" ")[1] for head in self.heads]

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(4096)
                if not data:
                    return
                head += data
            self.heads.append(head.decode())
            time.sleep(self.delay)
            if self.answer is not None:
                client.sendall(self.answer)
                time.sleep(0.5)
                return client.close()
            expected = self.credentials and base64.b64encode(self.credentials.encode()).decode()
            if expected and f"Proxy-Authorization: Basic {expected}\r\n" not in head.decode():
                body = b"<html>Who are you?</html>"
                client.sendall(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )
                time.sleep(12)
                return client.close()
            host, port = head.decode().split(" ")[1].rsplit(":", 1)
            server = socket.create_connection((host.strip("[]"), int(port)), 5)
            client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
            threading.Thread(target=pump, args=(client, server), daemon=True).start()
            pump(server, client)
        except OSError:
            client.close()

    def close(self):
        # Whoever waits in accept keeps the socket open until it is shut down.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except (OSError, ValueError):
        pass
