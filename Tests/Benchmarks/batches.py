"""Reviews over one HTTP/2 connection, several at a time: their requests are sent at once, then all answers are read."""

import os
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Integration", "support"))

from http2 import ACK, DATA, END_STREAM, PING, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, request


class Batches:
    def __init__(self, port, context, timeout=120):
        context.set_alpn_protocols(["h2"])
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Records are made first and sent in one call: otherwise the server reads them one by one.
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.input, self.output, server_hostname="127.0.0.1")
        self.until_complete(self.tls.do_handshake)
        assert self.tls.selected_alpn_protocol() == "h2"
        self.stream, self.unread, self.received = 1, b"", 0
        self.send(PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0))

    def until_complete(self, step, *arguments):
        while True:
            try:
                result = step(*arguments)
                self.send(b"")
                return result
            except ssl.SSLWantReadError:
                self.send(b"")
                part = self.socket.recv(1 << 18)
                assert part, "the server has closed the connection"
                self.input.write(part)

    def send(self, data):
        if data:
            self.tls.write(data)
        if self.output.pending:
            self.socket.sendall(self.output.read())

    def frames(self):
        while True:
            while len(self.unread) >= 9 and len(self.unread) >= (end := 9 + int.from_bytes(self.unread[:3], "big")):
                payload = self.unread[9:end]
                kind, flags, stream = self.unread[3], self.unread[4], int.from_bytes(self.unread[5:9], "big")
                self.unread = self.unread[end:]
                yield kind, flags, stream, payload
            self.unread += self.until_complete(self.tls.read, 1 << 18)

    def ask(self, bodies):
        """Their answers, in the same order."""
        # The room of the answers before.
        data = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self.received)) if self.received else b""
        self.received = 0
        answers = {}
        for body in bodies:
            answers[self.stream] = b""
            data += request(self.stream, body)
            self.stream += 2
        self.send(data)
        open_streams = set(answers)
        for kind, flags, stream, payload in self.frames():
            assert kind != RST_STREAM, stream
            if kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            if kind == DATA:
                answers[stream] += payload
                self.received += len(payload)
                if flags & END_STREAM:
                    open_streams.discard(stream)
                    if not open_streams:
                        return list(answers.values())
