"""HTTP/2 frame by frame, without a library that would refuse to send invalid frames."""

import socket
import ssl
import struct
import threading
import time

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK, PADDED, WITH_PRIORITY = 1, 4, 1, 8, 0x20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b"", length=None):
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value, prefix):
    """RFC 7541 section 5.1, with the bits above the prefix zero."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([value])
    out = [limit]
    value -= limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def literal(name, value, indexed=False):
    """A literal header field; with `indexed` the peer must store it."""
    name, value = (text.encode() if isinstance(text, str) else text for text in (name, value))
    return (b"\x40" if indexed else b"\x00") + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(fields):
    return b"".join(literal(name, value) for name, value in fields)


REQUEST = [
    (":method", "POST"),
    (":scheme", "https"),
    (":path", "/authenticate"),
    (":authority", "a"),
    ("content-type", "application/json"),
]


def request(stream, body, fields=REQUEST):
    """Headers and body of a whole request."""
    return frame(HEADERS, END_HEADERS, stream, block(fields)) + frame(DATA, END_STREAM, stream, body)


class Connection:
    """One connection; a thread collects the server's frames until it closes.

    Sending and receiving go on at the same time, which one SSLSocket does not allow: hence an SSLObject and locks.
    """

    def __init__(self, webhook, settings=b"", preface=PREFACE):
        context = webhook.context()
        context.set_alpn_protocols(["h2"])
        self.socket = socket.create_connection(("127.0.0.1", webhook.port), timeout=20)
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.input, self.output, server_hostname="127.0.0.1")
        self.tls_lock, self.send_lock = threading.Lock(), threading.Lock()
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self.output.read())
                self.input.write(self.socket.recv(65536))
        assert self.tls.selected_alpn_protocol() == "h2"
        self.frames, self.closed = [], threading.Event()
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.send(preface + (frame(SETTINGS, 0, 0, settings) if settings is not None else b""))
        self.reader.start()
        # What the server allows is in force once it is acknowledged.
        if settings is not None and self.wait(lambda f: f[0] == SETTINGS and not f[1] & ACK):
            self.send(frame(SETTINGS, ACK, 0))

    def send(self, data):
        """False when the server has closed."""
        try:
            with self.send_lock:
                with self.tls_lock:
                    if data:
                        self.tls.write(data)
                    data = self.output.read()
                self.socket.sendall(data)
            return True
        except (OSError, ssl.SSLError):
            return False

    def receive(self):
        """The next plaintext; empty at the end."""
        while True:
            with self.tls_lock:
                try:
                    return self.tls.read(65536)
                except ssl.SSLWantReadError:
                    pass
            data = self.socket.recv(65536)
            if not data:
                return b""
            with self.tls_lock:
                self.input.write(data)

    def read(self):
        buffer = b""
        try:
            while chunk := self.receive():
                buffer += chunk
                while len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3], "big"):
                    end = 9 + int.from_bytes(buffer[:3], "big")
                    with self.changed:
                        self.frames.append((buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big"), buffer[9:end]))
                        self.changed.notify_all()
                    if buffer[3] == DATA and end > 9:
                        self.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", end - 9)))
                    if buffer[3] == PING and not buffer[4] & ACK:
                        self.send(frame(PING, ACK, 0, buffer[9:end]))
                    buffer = buffer[end:]
        except (OSError, ssl.SSLError):
            pass
        with self.changed:
            self.closed.set()
            self.changed.notify_all()

    def wait(self, condition, timeout=5):
        """The first frame that meets the condition; None when there is none in time or before the end."""
        end = time.time() + timeout
        with self.changed:
            while True:
                found = next((f for f in self.frames if condition(f)), None)
                if found or self.closed.is_set() or time.time() >= end:
                    return found
                self.changed.wait(max(0.01, end - time.time()))

    def answer(self, stream, timeout=5):
        """The whole body on a stream, or None."""
        if not self.wait(lambda f: f[2] == stream and f[0] in (DATA, HEADERS) and f[1] & END_STREAM, timeout):
            return None
        return b"".join(f[3] for f in self.frames if f[0] == DATA and f[2] == stream)

    def kinds(self, kind):
        with self.changed:
            return [f for f in self.frames if f[0] == kind]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
