"""Stalling peers together with callers that do not stall. See stalls.sh."""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Integration", "support"))

from certificates import Certificates
from entra import Entra
from keep_alive import Pool, request
from process_figures import rss_kib
from stallers import Stallers
from webhook import Webhook, configuration, review_body

DEADLINE = 10
# Kind → its part of all peers, and the cause under which its end is counted.
KINDS = {
    "silent": (0.25, "tls_handshake_timeout"),
    "handshake": (0.25, "tls_handshake_timeout"),
    "headers": (0.2, "request_timeout"),
    "body": (0.2, "request_timeout"),
    "reading": (0.1, "answer_timeout"),
}


class Stalls:
    def __init__(self, peers, patience):
        self.patience = patience
        self.counts = {kind: int(peers * part) for kind, (part, _) in KINDS.items()}
        self.folder = tempfile.TemporaryDirectory(prefix="kube-entra-stalls-")
        certificates = Certificates(self.folder.name)
        entra = Entra(self.folder.name, certificates)
        entra.write_key_file(certificates.path("keys.json"))
        config = configuration()
        config["limits"] = {"handshakeTimeout": f"{DEADLINE}s", "requestTimeout": f"{DEADLINE}s"}
        self.request = request(review_body(entra.token()))
        self.webhook = Webhook(certificates, config).start()

    async def p99(self, seconds):
        """Good callers at 200 a second, a rate that Python can sustain; latencies in seconds."""
        times = []

        async def ask():
            begin = time.monotonic()
            status, body = await self.pool.ask(self.request)
            assert status == 200 and b'"authenticated":true' in body, body[:200]
            times.append(time.monotonic() - begin)

        tasks = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tasks.append(asyncio.ensure_future(ask()))
            await asyncio.sleep(0.005)
        await asyncio.gather(*tasks)
        times.sort()
        return times[len(times) * 99 // 100]

    async def run(self):
        context = self.webhook.context()
        self.pool = Pool(self.webhook.port, context, 16)
        await self.p99(0.5)
        quiet = await self.p99(2)
        stallers = Stallers(self.webhook.port, context, self.request)
        order = [kind for kind, count in self.counts.items() for _ in range(count)]
        tasks = [asyncio.ensure_future(stallers.stall(kind)) for kind in order]
        end = time.monotonic() + DEADLINE * 0.7
        while sum(stallers.cuts.stalling.values()) < len(order) and time.monotonic() < end:
            await asyncio.sleep(0.05)
        stalling = sum(stallers.cuts.stalling.values())
        # Until those that read nothing have filled all buffers on the way.
        await asyncio.sleep(2)
        loaded = await self.p99(2)
        memory = rss_kib(self.webhook.process.pid)
        await asyncio.wait(tasks, timeout=90)
        again = await self.p99(2)
        self.pool.close()
        return self.report(quiet, loaded, again, stalling, memory, stallers.cuts)

    def report(self, quiet, loaded, again, stalling, memory, cuts):
        wrong = []
        print(f"peers stalling at once  {stalling}")
        print(
            f"good callers' p99       {quiet * 1e3:.2f} ms before, {loaded * 1e3:.2f} ms with them, "
            f"{again * 1e3:.2f} ms after"
        )
        print(f"memory with them        {memory / 1024:.1f} MiB")
        # Twice the quiet figure is the aim.
        if loaded > 2 * max(quiet, again) + self.patience:
            wrong.append("good callers had to wait")
        if stalling < 0.5 * sum(self.counts.values()):
            wrong.append("too few peers stalled at once for this to mean anything")
        for kind, count in self.counts.items():
            times = sorted(cuts.times[kind])
            if len(times) < count:
                wrong.append(
                    f"{count - len(times)} of {count} peers that stalled in {kind} were never cut: {cuts.failures[:2]}"
                )
            if times:
                print(
                    f"stalled in {kind:<13}{len(times)} cut after {times[0]:.1f} to {times[-1]:.1f} s, due {DEADLINE} s"
                )
                if times[-1] > DEADLINE + max(5, self.patience):
                    wrong.append(f"a peer that stalled in {kind} was let be for {times[-1]:.1f} s")
        for cause in sorted({cause for _, cause in KINDS.values()}):
            expected = sum(self.counts[kind] for kind, (_, its) in KINDS.items() if its == cause)
            counted = self.webhook.metric("kube_entra_requests_rejected_total", cause=cause)
            if counted != expected:
                wrong.append(f"{cause} counted {counted:.0f} times instead of {expected}")
        return wrong


def main():
    parser = argparse.ArgumentParser(prog="stalls.sh")
    parser.add_argument("--peers", type=int, default=1000)
    parser.add_argument(
        "--patience",
        type=float,
        default=0.25,
        help="seconds by which callers and cuts may be late, for a machine on which others work too",
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    arguments = parser.parse_args()
    stalls = Stalls(arguments.peers, arguments.patience)
    try:
        wrong = asyncio.run(stalls.run())
    finally:
        stalls.webhook.stop()
        stalls.folder.cleanup()
    print("stalls: " + ("all was right" if not wrong else "; ".join(wrong)))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
