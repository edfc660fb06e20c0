"""Reviews one by one over one HTTP/2 connection, each at its own moment. h2load sends a second's share in bursts, a
hundred a second, so that a request waits for those before it: the tail of its times is that of its bursts."""

import gc
import os
import socket
import ssl
import struct
import time

from http2 import ACK, DATA, END_STREAM, PREFACE, SETTINGS, WINDOW_UPDATE, frame, request
from load import LOAD_CORE


class Caller:
    def __init__(self, port):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = context.wrap_socket(raw)
        self.connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0))
        self.stream, self.unread, self.received = 1, b"", 0

    def prepare(self, body):
        """The next request, with the room of the last answer."""
        room = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self.received)) if self.received else b""
        self.received = 0
        return room + request(self.stream, body)

    def ask(self, data):
        """Sends it and reads its whole answer."""
        self.connection.sendall(data)
        answer = b""
        while True:
            while len(self.unread) < 9 or len(self.unread) < 9 + int.from_bytes(self.unread[:3], "big"):
                part = self.connection.recv(65536)
                assert part, "the server has closed the connection"
                self.unread += part
            end = 9 + int.from_bytes(self.unread[:3], "big")
            kind, flags, stream = self.unread[3], self.unread[4], int.from_bytes(self.unread[5:9], "big")
            payload, self.unread = self.unread[9:end], self.unread[end:]
            if kind == DATA and stream == self.stream:
                answer += payload
                self.received += len(payload)
                if flags & END_STREAM:
                    self.stream += 2
                    return answer


def evenly(port, body, expected, reviews, rate):
    """p50 and p99 in microseconds."""
    cores = os.sched_getaffinity(0)
    if os.cpu_count() > 1:
        os.sched_setaffinity(0, {int(LOAD_CORE)})
    gc.disable()
    try:
        caller, times, body, expected = Caller(port), [], body.encode(), expected.encode()
        begin = time.perf_counter()
        for number in range(reviews):
            data, due = caller.prepare(body), begin + number / rate
            # The last part without sleeping: waking up would be measured too.
            while (left := due - time.perf_counter()) > 0:
                if left > 0.0003:
                    time.sleep(left - 0.0003)
            sent = time.perf_counter()
            answer = caller.ask(data)
            times.append(time.perf_counter() - sent)
            assert expected in answer, answer
        caller.connection.close()
    finally:
        gc.enable()
        os.sched_setaffinity(0, cores)
    times.sort()
    return {"reviews": reviews, "p50": round(times[reviews // 2] * 1e6), "p99": round(times[reviews * 99 // 100] * 1e6)}
