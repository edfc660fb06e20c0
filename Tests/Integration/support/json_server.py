"""A server on loopback that answers in JSON, with TLS or without: an API server's or a webhook's stand-in."""

import contextlib
import http.server
import json
import ssl
import threading
import time

from ports import free_port


class JSONHandler(http.server.BaseHTTPRequestHandler):
    """Reads and answers one JSON document; prints nothing."""

    protocol_version = "HTTP/1.1"

    def received(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def sent(self):
        return json.loads(self.received())

    def answer(self, status, body, seconds=0):
        """A string goes out as it is. The clock is ahead by these seconds; None for an answer without a date."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response_only(status)
        if seconds is not None:
            self.send_header("Date", self.date_time_string(time.time() + seconds))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler, certificate=None, key=None):
    """The port of a server that lives as long as the block; with a certificate it speaks TLS."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
