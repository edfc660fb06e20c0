"""The soak: every kind of token at a steady rate while everything around the program changes. See soak.sh."""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Integration", "support"))

from answer_checker import AnswerChecker
from certificates import Certificates
from changes import Changes
from entra import AUDIENCE, OTHER_TENANT, Entra, Key
from expectations import Timeline
from keep_alive import Disconnected, Pool
from minting import USABLE_FOR, Minter
from process_figures import open_files, rss_kib
from proofs import HOST
from stallers import KINDS, Stallers
from webhook import Webhook, configuration

LIMITS = {"handshakeTimeout": "3s", "requestTimeout": "4s", "reviewDeadline": "2s"}
# Kinds of stallers → when they are to be cut, in seconds.
DEADLINES = {"silent": 3, "handshake": 3, "headers": 4, "body": 4, "reading": 4}
BIG = 40_000
# Answers that may have waited for a fetch of keys, up to reviewDeadline.
WAITING = {"key_not_found", "keys_unavailable", "key_issuer_mismatch"}


def soak_configuration(entra, variant):
    keys = {"refreshEvery": "1s", "unknownKeyRefreshInterval": "1s", "maximumAge": "24h"}
    config = configuration(
        authority=entra.authority, authorityCA="ca.crt", signingKeys=keys, proofOfPossession="accept", clusterHost=HOST
    )
    tenant = config["tenants"][0]
    tenant["groupMappings"][0]["kubernetesGroups"] = [f"developers-{variant}"]
    if variant:
        tenant["audiences"].append("api://soak")
    config["tenants"].append(
        {
            "tenantID": OTHER_TENANT,
            "audiences": [AUDIENCE],
            "authority": entra.authority,
            "authorityCA": "ca.crt",
            "signingKeys": {**keys, "maximumAge": "6s"},
        }
    )
    config["limits"] = LIMITS
    return config


class Soak:
    def __init__(self, minutes, rate, seed):
        self.seconds, self.rate = minutes * 60, rate
        self.random = random.Random(seed)
        self.folder = tempfile.TemporaryDirectory(prefix="kube-entra-soak-")
        certificates = Certificates(self.folder.name)
        self.entra = Entra(self.folder.name, certificates)
        self.pool_of_keys = [Key() for _ in range(4)]
        self.entra.keys = [self.pool_of_keys[0]]
        # The minter is a fork, so that the stand-in's address is fixed before and its threads come after.
        self.entra.start()
        self.entra.stop()
        self.minter = Minter(self.entra, self.pool_of_keys)
        self.entra.start()
        self.timeline = Timeline([key.kid for key in self.pool_of_keys])
        self.timeline.published[self.pool_of_keys[0].kid].history = [(float("-inf"), True)]
        self.webhook = Webhook(certificates, soak_configuration(self.entra, 0)).start()
        self.checker = AnswerChecker(self.timeline)
        self.latencies = []
        self.fetch_latencies = []
        self.samples = []
        self.sent = self.late = self.idle_races = 0
        self.lags = {}
        self.failures = Counter()

    async def run(self):
        loop = asyncio.get_running_loop()
        context = self.webhook.context()
        self.callers = Pool(self.webhook.port, context)
        tickets = await loop.run_in_executor(None, self.minter.first)
        self.changes = Changes(self, soak_configuration)
        self.stallers = Stallers(self.webhook.port, context, next(t.data for t in tickets if t.kind == "mapped"))
        self.begin = time.monotonic()
        self.end = self.begin + self.seconds
        background = [
            loop.create_task(task)
            for task in (
                self.changes.rotate(),
                self.changes.reload(),
                self.changes.fail(),
                self.sample(),
                self.keep_stalling(),
                self.watch_lag(),
            )
        ]
        await self.ask(tickets)
        await self.finish_asking()
        for task in background:
            task.cancel()
        for result in await asyncio.gather(*background, return_exceptions=True):
            if isinstance(result, Exception):
                self.checker.wrong.append(("the soak itself", repr(result), "no failure"))
        self.callers.close()
        await loop.run_in_executor(None, self.compare_metrics)

    # Asking

    async def ask(self, tickets):
        """Sends the due requests every few milliseconds, whatever the earlier results."""
        queue = []
        self.tasks = set()
        spacing = 1 / self.rate
        due = time.monotonic()
        while (now := time.monotonic()) < self.end:
            while due <= now:
                due += spacing
                if len(self.tasks) > 2000:
                    self.late += 1
                    continue
                ticket = None
                while ticket is None:
                    if not queue:
                        tickets = self.minter.rounds() or tickets
                        queue = self.shuffled(tickets)
                    ticket = queue.pop()
                    if now - ticket.minted > USABLE_FOR and ticket.kind != "proof":
                        ticket = None
                        if not queue:
                            await asyncio.sleep(0.01)
                task = asyncio.ensure_future(self.review(ticket))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            await asyncio.sleep(0.002)

    def shuffled(self, tickets):
        """A round in random order. Only some of the largest tokens, which is still megabytes a second."""
        queue = [ticket for ticket in tickets if len(ticket.data) < BIG or self.random.random() < 0.1]
        # A proof is good for one use, so it goes out once and is then sent again on purpose.
        for ticket in queue:
            if ticket.kind == "proof":
                tickets.remove(ticket)
        self.random.shuffle(queue)
        return queue

    async def review(self, ticket):
        begin = time.monotonic()
        self.sent += 1
        try:
            answer = await self.exchange(ticket)
        except (TimeoutError, OSError, Disconnected) as error:
            self.failures[f"{type(error).__name__}: {str(error)[:60]}"] += 1
            return
        end = time.monotonic()
        found = self.checker.check(ticket, answer, begin, end)
        (self.fetch_latencies if found in WAITING else self.latencies).append(end - begin)
        if ticket.kind == "proof" and found == "accepted":
            ticket.kind, ticket.expected = "fixed", "proof_of_possession_replayed"
            await self.review(ticket)

    async def exchange(self, ticket):
        try:
            return await asyncio.wait_for(self.callers.ask(ticket.data), 20)
        except Disconnected as error:
            # HTTP/1.1 cannot tell a request from a close that crosses it; the old certificate's connections end.
            # Idle for the server since it wrote the answer, which this process may have read late.
            if error.idle + self.longest_lag() < 0.3 or time.monotonic() - self.changes.certificate_changed > 60:
                raise
            self.idle_races += 1
            return await asyncio.wait_for(self.callers.ask(ticket.data), 20)

    async def watch_lag(self):
        """How late this process's own event loop was, second by second."""
        while True:
            due = time.monotonic() + 0.01
            await asyncio.sleep(0.01)
            late = time.monotonic() - due
            second = int(due)
            self.lags[second] = max(self.lags.get(second, 0), late)

    def longest_lag(self):
        now = int(time.monotonic())
        return max(self.lags.get(now - back, 0) for back in range(3))

    async def finish_asking(self):
        if self.tasks:
            await asyncio.wait(set(self.tasks), timeout=25)
        for task in self.tasks:
            self.failures["no answer at all"] += 1
            task.cancel()

    # Beside it

    async def sample(self):
        """RSS and open files once a second; metrics and status page as Prometheus and people ask for them."""
        while True:
            if self.webhook.process.poll() is not None:
                raise RuntimeError(f"the webhook ended with {self.webhook.process.returncode}")
            self.samples.append(
                (time.monotonic() - self.begin, rss_kib(self.webhook.process.pid), open_files(self.webhook.process.pid))
            )
            if len(self.samples) % 5 == 0:
                for path in ("/metrics", "/statusz", "/readyz?verbose"):
                    await asyncio.get_running_loop().run_in_executor(None, self.webhook.get, path)
            await asyncio.sleep(1)

    async def keep_stalling(self):
        """About a hundred peers that stall at any time."""
        tasks = set()
        try:
            while True:
                while len(tasks) < 100:
                    kind = self.random.choice(KINDS)
                    # Unread answers cost the most to bring about.
                    if kind == "reading" and self.random.random() < 0.8:
                        kind = "headers"
                    task = asyncio.ensure_future(self.stallers.stall(kind))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await asyncio.sleep(0.1)
        finally:
            for task in tasks:
                task.cancel()

    # The end

    def compare_metrics(self):
        total = self.webhook.metric("kube_entra_token_reviews_total")
        answered = self.checker.count
        # A request that a close has crossed may have been judged, its answer lost.
        if not answered <= total <= answered + self.idle_races and not self.failures:
            self.checker.wrong.append(("kube_entra_token_reviews_total", total, answered))
        for result in ("accepted", "foreign"):
            counted = self.webhook.metric("kube_entra_token_reviews_total", result=result)
            if counted != self.checker.reasons[result] and not self.failures and not self.idle_races:
                self.checker.wrong.append(
                    (f"kube_entra_token_reviews_total {result}", counted, self.checker.reasons[result])
                )

    def memory(self):
        """RSS in KiB when warm and at the end, as medians of a sixth of the samples each."""
        warm = self.samples[len(self.samples) // 3 :]
        part = max(1, len(warm) // 4)
        return (
            statistics.median(rss for _, rss, _ in warm[:part]),
            statistics.median(rss for _, rss, _ in warm[-part:]),
        )

    def report(self):
        """Prints the figures; returns the faults."""
        wrong = []
        seconds = time.monotonic() - self.begin
        times = sorted(self.latencies) or [0]
        warm, last = self.memory()
        peak = max(rss for _, rss, _ in self.samples)
        print(f"reviews               {self.checker.count} in {seconds:.0f} s, {self.sent / self.seconds:.0f} a second")
        print(
            f"answers               accepted {self.checker.reasons['accepted']}, foreign {self.checker.reasons['foreign']}, "
            f"refused {self.checker.count - self.checker.reasons['accepted'] - self.checker.reasons['foreign']} "
            f"with {len(self.checker.reasons) - 2} reasons"
        )
        print(f"token kinds           {len(self.checker.names)}")
        print(f"strictly predictable  {self.checker.strict / max(1, self.checker.count):.1%} of the answers")
        print(f"wrong decisions       {len(self.checker.wrong)}")
        print(f"failed requests       {sum(self.failures.values())} {dict(self.failures) or ''}")
        print(
            f"connections           {self.callers.opened} opened, {self.callers.ended_idle} ended while idle, "
            f"{self.idle_races} crossed a request"
        )
        print(f"changes               {dict(self.changes.counts)}")
        cuts = self.stallers.cuts
        for kind in KINDS:
            cut = sorted(cuts.times[kind])
            if cut:
                print(
                    f"stalled in {kind:<11}{len(cut)} cut after {cut[0]:.1f} to {cut[-1]:.1f} s, due {DEADLINES[kind]} s"
                )
        print(
            f"latency               p50 {times[len(times) // 2] * 1e3:.1f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, "
            f"longest {times[-1] * 1e3:.0f} ms; {max(self.fetch_latencies, default=0) * 1e3:.0f} ms with a wait for keys"
        )
        print(
            f"memory                {self.samples[0][1] / 1024:.1f} MiB at first, {warm / 1024:.1f} MiB when warm, "
            f"{last / 1024:.1f} MiB at the end, {peak / 1024:.1f} MiB at most"
        )
        print(
            f"open files            {self.samples[-1][2]} at the end, {max(files for _, _, files in self.samples)} at most"
        )

        if self.checker.wrong:
            wrong.append("wrong decisions")
            for name, found, expected in self.checker.wrong[:20]:
                print(f"  {name}: {found}, expected {expected}")
        if self.failures:
            wrong.append("requests without an answer")
        if self.sent < 0.9 * self.rate * self.seconds:
            wrong.append(f"only {self.sent / self.seconds:.0f} reviews a second could be sent")
        for kind, times in cuts.times.items():
            # The sweep takes a fifth of a second, a refusal a second more; the rest is for a busy machine.
            if times and max(times) > DEADLINES[kind] + 4:
                wrong.append(f"a peer that stalled in {kind} was let be for {max(times):.1f} s")
        if cuts.failures:
            wrong.append(f"stalling peers could not connect: {cuts.failures[:3]}")
        # Until caches are full and every arena has been used, memory grows; a minute is too short to say more.
        if self.seconds >= 60 and last > warm * 1.05 + 2048:
            wrong.append("memory grows")
        return wrong

    def stop(self):
        self.minter.stop()
        self.entra.fault = None
        try:
            self.webhook.stop()
        finally:
            if self.webhook.process:
                self.webhook.process.kill()
            if self.entra.server:
                self.entra.stop()
            self.folder.cleanup()


def main():
    parser = argparse.ArgumentParser(prog="soak.sh")
    parser.add_argument("minutes", type=float)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"soak: {options.minutes:g} minutes, {options.rate:g} reviews a second, seed {options.seed}", flush=True)
    soak = Soak(options.minutes, options.rate, options.seed)
    try:
        asyncio.run(soak.run())
        wrong = soak.report()
    finally:
        try:
            soak.stop()
            ending = []
        except AssertionError as error:
            ending = [f"the program did not end well: {str(error)[-400:]}"]
    wrong += ending
    print("soak: " + ("all was right" if not wrong else "; ".join(wrong)))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
