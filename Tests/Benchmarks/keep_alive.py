"""Clients with kept connections over mutual TLS, like kube-apiserver; they are cheap, because bodies are prepared."""

import asyncio
import collections
import re
import time

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
CLOSES = re.compile(rb"\r\nconnection: *close", re.I)


def request(body, path="/authenticate?timeout=30s"):
    """A whole HTTP/1.1 request for a TokenReview, as bytes."""
    body = body.encode() if isinstance(body, str) else body
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, */*\r\nUser-Agent: kube-apiserver/v1.34.0\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Disconnected(Exception):
    """The connection ended before the answer. `idle` is how long it had been idle before the request."""

    def __init__(self, idle):
        super().__init__(f"the connection ended instead of an answer, after {idle:.3f} s of idleness")
        self.idle = idle


class Caller(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self):
        self.received = bytearray()
        self.answer = None
        self.missing = None
        self.open = False
        self.retired = False
        self.idle_since = time.monotonic()
        self.idle_before = 0.0

    def connection_made(self, transport):
        self.transport = transport
        self.open = True

    def send(self, data):
        """A future of (HTTP status, body)."""
        self.idle_before = time.monotonic() - self.idle_since
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self.answer

    def data_received(self, data):
        self.received += data
        if self.missing is None:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.received[:end])
            self.retired = self.retired or CLOSES.search(head) is not None
            self.status, self.start = int(head[9:12]), end + 4
            length = LENGTH.search(head)
            self.missing = end + 4 + (int(length[1]) if length else 0)
        if len(self.received) >= self.missing:
            body = bytes(self.received[self.start : self.missing])
            del self.received[: self.missing]
            self.missing = None
            self.idle_since = time.monotonic()
            answer, self.answer = self.answer, None
            if answer is not None and not answer.done():
                answer.set_result((self.status, body))

    def connection_lost(self, _):
        self.open = False
        answer, self.answer = self.answer, None
        if answer is not None and not answer.done():
            answer.set_exception(Disconnected(self.idle_before))


class Pool:
    """Creates callers on demand, at most `limit`; the last used one is used next, so that few stay busy."""

    def __init__(self, port, context, limit=400):
        self.port, self.context, self.limit = port, context, limit
        self.idle = []
        self.size = 0
        self.opened = 0
        self.ended_idle = 0
        self.waiting = collections.deque()

    async def take(self):
        while True:
            while self.idle:
                caller = self.idle.pop()
                if caller.open and not caller.retired:
                    return caller
                self.discard(caller)
            if self.size < self.limit:
                return await self.connect()
            waiter = asyncio.get_running_loop().create_future()
            self.waiting.append(waiter)
            await waiter

    async def connect(self):
        self.size += 1
        try:
            _, caller = await asyncio.get_running_loop().create_connection(
                Caller, "127.0.0.1", self.port, ssl=self.context, server_hostname="127.0.0.1"
            )
        except BaseException:
            self.size -= 1
            raise
        self.opened += 1
        return caller

    def give_back(self, caller):
        if caller.open and not caller.retired:
            self.idle.append(caller)
        else:
            self.discard(caller)
        if self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def discard(self, caller):
        self.size -= 1
        if not caller.open and not caller.retired and caller.answer is None:
            self.ended_idle += 1
        caller.transport.close()

    async def ask(self, data):
        """(HTTP status, body), over a connection that is then free again."""
        caller = await self.take()
        try:
            return await caller.send(data)
        finally:
            self.give_back(caller)

    def close(self):
        for caller in self.idle:
            caller.transport.close()
