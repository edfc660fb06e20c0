"""What a review costs, in CPU time of the server and in memory. See bench.sh."""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Integration"))

from keep_alive import Pool, request
from certificates import Certificates
from entra import ADMINS, Entra
from process_figures import cpu_seconds, peak_rss_kib, rss_kib
from webhook import PROGRAM, Webhook, configuration

CONNECTIONS = 8


def verification_seconds():
    """One RSA-2048 verification with SHA-256 left out, by `openssl speed` on one core."""
    done = subprocess.run(["openssl", "speed", "-seconds", "1", "rsa2048"], capture_output=True, text=True, check=True)
    return 1 / float(re.search(r"^rsa +2048 bits.*?([\d.]+)$", done.stdout, re.M)[1])


def review_body(token):
    """As Go's encoder in kube-apiserver writes it."""
    return ('{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{"token":"' + token
            + '","audiences":["https://kubernetes.default.svc"]},"status":{"user":{}}}')


class Bench:
    def __init__(self, reviews):
        self.reviews = reviews
        self.folder = tempfile.TemporaryDirectory(prefix="kube-entra-bench-")
        self.certificates = Certificates(self.folder.name)
        self.entra = Entra(self.folder.name, self.certificates)
        self.entra.write_key_file(self.certificates.path("keys.json"))

    def serve(self, entries=10_000):
        config = configuration()
        config["verifiedTokenCache"] = {"entries": entries}
        return Webhook(self.certificates, config)

    def tokens(self, count, groups):
        ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(groups - 1)] + [ADMINS]
        return [self.entra.token(uti=uuid.uuid4().hex, groups=ids) for _ in range(count)]

    def cost(self, webhook, tokens, reviews):
        """Seconds of the server's CPU a review over HTTP/1.1, with a few connections that stay."""
        requests = [request(review_body(token)) for token in tokens]

        async def run(count):
            pool = Pool(webhook.port, webhook.context(), CONNECTIONS)
            numbers = iter(range(count))

            async def caller():
                for number in numbers:
                    status, body = await pool.ask(requests[number % len(requests)])
                    assert status == 200 and b'"authenticated":true' in body, body[:300]
            await asyncio.gather(*(caller() for _ in range(CONNECTIONS)))
            pool.close()

        asyncio.run(run(min(reviews, 1000)))
        before, begin = cpu_seconds(webhook.process.pid), time.monotonic()
        asyncio.run(run(reviews))
        return (cpu_seconds(webhook.process.pid) - before) / reviews, (time.monotonic() - begin) / reviews

    def cost_h2(self, webhook, token, reviews):
        """The same over one HTTP/2 connection with eight streams, by h2load; the token is the same each time."""
        path = self.certificates.path("body.json")
        with open(path, "w") as file:
            file.write(review_body(token))
        # h2load presents no client certificate, so the webhook for it asks for none.
        command = ["h2load", "-n", str(reviews), "-c", "1", "-m", "8", "-d", path, "-H", "content-type: application/json",
                   f"https://127.0.0.1:{webhook.port}/authenticate"]
        before = cpu_seconds(webhook.process.pid)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        cost = (cpu_seconds(webhook.process.pid) - before) / reviews
        assert f"{reviews} succeeded" in done.stdout, done.stdout + done.stderr
        assert "Application protocol: h2" in done.stdout, done.stdout
        return cost

    def run(self):
        v = verification_seconds()
        print(f"V, one RSA-2048 verification           {v * 1e6:.1f} us")

        def show(name, seconds, target=None):
            print(f"{name:<38} {seconds * 1e6:6.1f} us = {seconds / v:5.2f} V" + (f"  (target {target} V)" if target else ""))

        begin = time.monotonic()
        webhook = self.serve(entries=0).start()
        print(f"start until ready                      {(time.monotonic() - begin) * 1e3:.0f} ms")
        idle = rss_kib(webhook.process.pid)
        small, large = self.tokens(200, 2), self.tokens(50, 200)
        show("unseen token, HTTP/1.1", self.cost(webhook, small, self.reviews)[0], 3)
        show("unseen token with 200 groups, HTTP/1.1", self.cost(webhook, large, self.reviews // 2)[0], 10)
        webhook.stop()

        webhook = self.serve().start()
        show("token seen before, HTTP/1.1", self.cost(webhook, small, self.reviews)[0], 1.5)
        show("200 groups, seen before, HTTP/1.1", self.cost(webhook, large, self.reviews // 2)[0])
        show("a token that is not ours, HTTP/1.1", self.foreign_cost(webhook))
        webhook.stop()

        config = configuration()
        del config["server"]["clientCA"]
        config["server"]["insecureAllowAnyClient"] = True
        # Of what h2load offers, the webhook would choose HTTP/1.1.
        config["server"]["protocols"] = ["h2"]
        for name, entries in (("unseen token, HTTP/2", 0), ("token seen before, HTTP/2", 10_000)):
            config["verifiedTokenCache"] = {"entries": entries}
            webhook = Webhook(self.certificates, config).start()
            show(name, self.cost_h2(webhook, small[0], self.reviews))
            webhook.stop()
        self.memory(idle)
        print(f"size of the program                    {os.path.getsize(PROGRAM) / 2**20:.1f} MiB")

    def foreign_cost(self, webhook):
        body = request(review_body(self.entra.token(iss="https://kubernetes.default.svc", header={"kid": "sa"})))

        async def run():
            pool = Pool(webhook.port, webhook.context(), 1)
            for _ in range(self.reviews // 2):
                await pool.ask(body)
            pool.close()

        before = cpu_seconds(webhook.process.pid)
        asyncio.run(run())
        return (cpu_seconds(webhook.process.pid) - before) / (self.reviews // 2)

    def memory(self, idle):
        """With as many different tokens as the cache has room for, each asked ten times over."""
        count = min(10_000, self.reviews)
        webhook = self.serve().start()
        tokens = self.tokens(count, 2)
        self.cost(webhook, tokens, count * 10)
        print(f"memory at start                        {idle / 1024:.1f} MiB")
        print(f"memory after {count * 10} reviews of {count} tokens {rss_kib(webhook.process.pid) / 1024:.1f} MiB, "
              f"{peak_rss_kib(webhook.process.pid) / 1024:.1f} MiB at most  (target 32 MiB)")
        webhook.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.sh")
    parser.add_argument("--reviews", type=int, default=10_000)
    Bench(parser.parse_args().reviews).run()
