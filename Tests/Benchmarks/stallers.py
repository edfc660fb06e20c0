"""Peers that stall: in the handshake, in headers, in the body, and in reading the answer. Each waits to be cut."""

import asyncio
import collections
import socket
import ssl
import time

# The first byte of Linux' tcp_info.
ESTABLISHED = 1
KINDS = ("silent", "handshake", "headers", "body", "reading")


class Cuts:
    """How long stalled connections of each kind lasted, in seconds."""

    def __init__(self):
        self.times = collections.defaultdict(list)
        self.failures = []
        self.stalling = collections.Counter()


class Stallers:
    """
    `body` is a whole request with a body, of which only a part is sent.
    """

    def __init__(self, port, context, request, cuts=None):
        self.port, self.context, self.request = port, context, request
        self.cuts = cuts or Cuts()
        # Handshakes a few at a time: what is to be measured is the stalling.
        self.gate = asyncio.Semaphore(16)

    async def stall(self, kind):
        """Connects, stalls, and ends when the server has cut the connection; notes how long that took."""
        try:
            async with self.gate:
                peer = await getattr(self, kind)()
        except (TimeoutError, OSError, ssl.SSLError) as error:
            self.cuts.failures.append((kind, repr(error)))
            return
        begin = time.monotonic()
        self.cuts.stalling[kind] += 1
        try:
            await peer.ended
        finally:
            self.cuts.stalling[kind] -= 1
            peer.transport.abort()
        self.cuts.times[kind].append(time.monotonic() - begin)

    async def silent(self):
        return await self.connect(tls=False)

    async def handshake(self):
        """Half a ClientHello."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = outgoing.read()
        peer = await self.connect(tls=False)
        peer.transport.write(hello[: len(hello) // 2])
        return peer

    async def headers(self):
        peer = await self.connect()
        peer.transport.write(self.request[:40])
        return peer

    async def body(self):
        peer = await self.connect()
        peer.transport.write(self.request[:-100])
        return peer

    async def reading(self):
        """Sends requests and never reads. The requests are small, and the answers much larger."""
        peer = await self.connect(receive_buffer=4096)
        peer.transport.pause_reading()
        peer.transport.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 16_000)
        peer.watch()
        return peer

    async def connect(self, tls=True, receive_buffer=None):
        plain = socket.socket()
        plain.setblocking(False)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.sock_connect(plain, ("127.0.0.1", self.port)), 30)
        secured = {"ssl": self.context, "server_hostname": "127.0.0.1"} if tls else {}
        _, peer = await loop.create_connection(Peer, sock=plain, **secured)
        return peer


class Peer(asyncio.Protocol):
    """Knows when it was cut: by the connection's end, since an answer that says so may come before it."""

    def connection_made(self, transport):
        self.transport = transport
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        pass

    def connection_lost(self, _=None):
        if not self.ended.done():
            self.ended.set_result(None)

    def watch(self):
        """asyncio does not see the end of a connection that it does not read; the kernel does."""
        if self.ended.done():
            return
        plain = self.transport.get_extra_info("socket")
        if plain is None or plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED:
            self.connection_lost()
        else:
            asyncio.get_running_loop().call_later(0.1, self.watch)
