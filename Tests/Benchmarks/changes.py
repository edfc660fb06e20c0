"""Events around the program during a soak: keys rotate, files are replaced, Entra fails."""

import asyncio
import os
import shutil
import signal
import time
from collections import Counter

from expectations import SETTLE


class Changes:
    def __init__(self, soak, configuration):
        self.soak, self.configuration = soak, configuration
        self.random, self.timeline, self.entra, self.webhook = soak.random, soak.timeline, soak.entra, soak.webhook
        self.counts = Counter()
        self.certificate_changed = float("-inf")
        self.scale = 1.0 if soak.seconds >= 60 else 0.25

    async def pause(self, shortest, longest):
        await asyncio.sleep(self.random.uniform(shortest, longest) * self.scale)

    # Keys

    async def rotate(self):
        """The next key is published, signs after some time, and the previous one is removed."""
        keys = self.soak.pool_of_keys
        index = 0
        await self.pause(1, 3)
        while True:
            after = (index + 1) % len(keys)
            now = time.monotonic()
            self.entra.keys = [keys[index], keys[after]]
            self.timeline.published[keys[after].kid].change(True, now)
            while self.timeline.fetched_by(now) > time.monotonic():
                await asyncio.sleep(0.2)
            self.soak.minter.sign_with(after)
            # Until the last token by the key before has been used up.
            await asyncio.sleep(18)
            self.entra.keys = [keys[after]]
            self.timeline.published[keys[index].kid].change(False, time.monotonic())
            self.counts["key rotations"] += 1
            index = after
            await self.pause(2, 6)

    # Files

    async def reload(self):
        """Changes of each kind in turn; each has taken effect before the next of its kind."""
        kinds = [self.change_configuration, self.change_certificate, self.break_configuration, self.hang_up]
        while True:
            for kind in self.random.sample(kinds, len(kinds)):
                await self.pause(3, 7)
                kind()

    def change_configuration(self):
        variant = 1 - self.timeline.variant.value
        self.timeline.variant.change(variant, time.monotonic())
        self.webhook.write(self.configuration(self.entra, variant))
        self.counts["configuration reloads"] += 1

    def break_configuration(self):
        """The last good one stays active, and the next good one is loaded."""
        with open(self.webhook.config_path, "a") as file:
            file.write("\nnonsense: true\n")
        self.counts["broken configurations"] += 1
        asyncio.get_running_loop().call_later(
            2, lambda: self.webhook.write(self.configuration(self.entra, self.timeline.variant.value))
        )

    def change_certificate(self):
        """The certificate first, then the key, as most tools do: in between they do not match."""
        number = 1 + self.counts["certificate reloads"] % 2
        source = "server2" if number == 1 else "server-first"
        certificates = self.webhook.certificates
        if number == 1 and not os.path.exists(certificates.path("server-first.crt")):
            for kind in ("crt", "key"):
                shutil.copy2(certificates.path(f"server.{kind}"), certificates.path(f"server-first.{kind}"))
        self.replace(source, "crt")
        asyncio.get_running_loop().call_later(self.random.uniform(0, 1.5), self.replace, source, "key")
        self.certificate_changed = time.monotonic()
        self.counts["certificate reloads"] += 1

    def replace(self, source, kind):
        certificates = self.webhook.certificates
        shutil.copy2(certificates.path(f"{source}.{kind}"), certificates.path(f"server.{kind}.new"))
        os.rename(certificates.path(f"server.{kind}.new"), certificates.path(f"server.{kind}"))

    def hang_up(self):
        self.webhook.process.send_signal(signal.SIGHUP)
        self.counts["SIGHUP"] += 1

    # Entra

    async def fail(self):
        """Outages of every kind, some short and some so long that the second tenant's keys grow too old."""
        while True:
            await self.pause(6, 12)
            kind = self.random.choice(["refused", "500", "nonsense", "hanging", "empty key set"])
            seconds = self.random.choice([1, 2, 14]) if self.soak.seconds >= 60 else 1
            self.timeline.outage_begins(time.monotonic())
            try:
                await self.begin_outage(kind)
                await asyncio.sleep(seconds)
            finally:
                await self.end_outage(kind)
                self.timeline.outage_ends(time.monotonic())
            self.counts["outages"] += 1
            # The next one only after a time in which everything can be predicted.
            await asyncio.sleep(SETTLE * 1.5)

    async def begin_outage(self, kind):
        if kind == "refused":
            await asyncio.get_running_loop().run_in_executor(None, self.entra.stop)
            return
        faults = {
            "500": lambda handler, path: handler.answer(500, "no") or True,
            "nonsense": lambda handler, path: handler.answer(200, "<html>", "text/html") or True,
            "hanging": lambda handler, path: time.sleep(0.5) or handler.answer(503, "", length=100) or True,
            "empty key set": lambda handler, path: (
                path.endswith("/keys") and (handler.answer(200, '{"keys":[]}') or True)
            ),
        }
        self.entra.fault = faults[kind]

    async def end_outage(self, kind):
        if kind == "refused":
            self.entra.start()
        self.entra.fault = None
