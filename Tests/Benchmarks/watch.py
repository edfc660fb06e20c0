"""How soon a change in Entra is felt, what that costs in questions, and what it does to other reviews. See watch.sh."""

import argparse
import asyncio
import os
import random
import signal
import sys
import time
import uuid

from cases import Cases, review_body
from graph_process import GraphProcess
from keep_alive import Pool, request
from load import SERVER_CORE, as_json, h2load, pinned, versions
from overage import CLIENT_ID
from process_figures import cpu_seconds

RATE = 1000
#: How often the two servers take turns under load.
ROUNDS = 3


class Wrong(Exception):
    pass


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Watch:
    def __init__(self, samples, seconds):
        self.samples, self.seconds = samples, seconds
        self.cases = Cases()
        self.graph = GraphProcess(self.cases.certificates)
        with open(self.cases.path("secret"), "w") as file:
            file.write(self.graph.secret + "\n")
        self.cases.entra.authority = self.graph.base
        self.cases.entra.write_key_file(self.cases.path("keys.json"))
        self.rows = []

    def config(self, every):
        """`every`: nil for no watch."""
        config = self.cases.config(any_client=True, protocols=["h2", "http/1.1"])
        tenant = config["tenants"][0]
        tenant |= {"authority": self.graph.base, "authorityCA": "ca.crt"}
        tenant["directory"] = {
            "clientID": CLIENT_ID,
            "clientSecretFile": "secret",
            "graphEndpoint": self.graph.base,
            "graphCA": "ca.crt",
        }
        if every:
            tenant["directory"] |= {"watch": "everyone", "watchEvery": f"{every}s"}
        return config

    def start(self, every, name):
        server = self.cases.server(self.config(every))
        server.config_path = self.cases.path(name)
        server.log_path = server.config_path + ".log"
        server.write(self.config(every))
        return server.start(prefix=pinned(SERVER_CORE, []))

    # One row

    def row(self, watched, every):
        people = [str(uuid.uuid4()) for _ in range(watched)]
        self.graph.set_admins(dict.fromkeys(people, True))
        plain = self.start(None, "plain.yaml")
        server = self.start(every, "watching.yaml")
        row = {"watched": watched, "watchEverySeconds": every}
        try:
            tokens = [self.cases.token(groups=1, oid=person) for person in people]
            asyncio.run(self.felt(server, people, tokens, every, row))
            self.others(server, plain, tokens, every, row)
        finally:
            for one in (server, plain):
                one.stop()
        self.rows.append(row)
        self.show(row)

    async def felt(self, server, people, tokens, every, row):
        """Everybody signs in; then some lose and regain, while it is counted what the watch asks."""
        pool = Pool(server.port, server.context(None), limit=64)
        bodies = [request(review_body(token)) for token in tokens]

        async def is_admin(index):
            caller = await pool.take()
            try:
                status, body = await caller.send(bodies[index])
            finally:
                pool.give_back(caller)
            if status != 200 or b'"authenticated":true' not in body:
                raise Wrong(body)
            return b'"kube-entra:cluster-admins"' in body

        async def sample(index):
            # At any point of the round, wherever the last sample ended.
            await asyncio.sleep(random.uniform(0, every))
            self.admins[index] = wanted = not self.admins[index]
            changed = self.graph.set_admins({people[index]: wanted})
            while await is_admin(index) != wanted:
                if time.monotonic() - changed > 10 * every + 60:
                    raise Wrong(f"a change was not felt in {10 * every + 60} s")
                await asyncio.sleep(poll)
            return time.monotonic() - changed

        async def worker(indexes):
            return [await sample(index) for index in indexes]

        if people:
            if not all(await asyncio.gather(*(is_admin(index) for index in range(len(people))))):
                raise Wrong("somebody's first review does not have the first answer")
        self.admins = dict.fromkeys(range(len(people)), True)
        poll = min(0.1, every / 100)
        # Longer rounds allow more samples at the same time.
        workers = min(len(people), 10 if every < 10 else 40)
        chosen = random.sample(range(len(people)), min(self.samples, len(people)))
        await asyncio.sleep(every)
        begin, questions, batches = self.graph.counts()
        # Without reviews: what the watch alone costs the server.
        spent = cpu_seconds(server.process.pid)
        await asyncio.sleep(max(every, 5))
        row["watchCPUShare"] = (cpu_seconds(server.process.pid) - spent) / max(every, 5)
        times = [
            one
            for part in await asyncio.gather(*(worker(chosen[start::workers]) for start in range(workers)))
            for one in part
        ]
        end, questions_at_end, batches_at_end = self.graph.counts()
        row["questionsASecond"] = (questions_at_end - questions) / (end - begin)
        row["batchesASecond"] = (batches_at_end - batches) / (end - begin)
        if times:
            row["felt"] = {
                "samples": len(times),
                "p50": percentile(times, 0.5),
                "p99": percentile(times, 0.99),
                "worst": max(times),
                "pollSeconds": poll,
            }
        for caller in pool.idle:
            caller.transport.close()

    def others(self, server, plain, tokens, every, row):
        """A thousand reviews a second of one token, with and without the watch, in turns. The watching server is halted
        meanwhile, and Graph rests with it."""
        body = review_body(tokens[0] if tokens else self.cases.token())
        found = {"without": [], "with": []}
        for _ in range(ROUNDS):
            for name, one in (("without", plain), ("with", server)):
                server.process.send_signal(signal.SIGSTOP if one is plain else signal.SIGCONT)
                # What was held up is caught up with.
                time.sleep(1 if one is plain else min(every, 3) + 1)
                self.load(one, body, 1)
                found[name].append(self.load(one, body, self.seconds))
        # The quietest round: what else the machine does is no matter of the watch.
        for name, results in found.items():
            row[name] = {share: min(one[share] for one in results) for share in ("p50", "p99")}
        row["p99Ratio"] = row["with"]["p99"] / row["without"]["p99"]

    def load(self, server, body, seconds):
        return h2load(self.cases.folder.name, server.port, body, RATE * seconds, rate=RATE)

    # Printed

    @staticmethod
    def show(row):
        felt = row.get("felt")
        text = (
            "nobody"
            if not felt
            else (
                f"felt after {felt['p50']:.2f} s (p50), {felt['p99']:.2f} s (p99), {felt['worst']:.2f} s (worst of "
                f"{felt['samples']})"
            )
        )
        print(f"{row['watched']:>6} watched every {row['watchEverySeconds']} s: {text}", file=sys.stderr, flush=True)

    def text(self):
        lines = [
            "| watched | `watchEvery` | felt: p50 | p99 | worst | questions/s | batches/s | CPU of the watch |"
            " p99 of 1,000 reviews/s without | with | ratio |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        for row in self.rows:
            felt = row.get("felt")
            times = [f"{felt[name]:.2f} s" for name in ("p50", "p99", "worst")] if felt else ["–"] * 3
            lines.append(
                f"| {row['watched']:,} | {row['watchEverySeconds']} s | {' | '.join(times)} | {row['questionsASecond']:.0f} | "
                f"{row['batchesASecond']:.1f} | {row['watchCPUShare'] * 100:.1f} % | {row['without']['p99'] / 1000:.2f} ms | "
                f"{row['with']['p99'] / 1000:.2f} ms | {row['p99Ratio']:.2f} |"
            )
        return "\n".join(lines)

    def stop(self):
        self.graph.stop()


def main():
    parser = argparse.ArgumentParser(prog="watch.sh")
    parser.add_argument(
        "--watched", type=int, action="append", help="principals; may be repeated (default 0, 200, 2000)"
    )
    parser.add_argument("--every", type=int, action="append", help="watchEvery in seconds (default 2 and 30)")
    parser.add_argument("--samples", type=int, default=100, help="changes a row")
    parser.add_argument("--seconds", type=int, default=5, help="how long each load lasts")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    busy = os.getloadavg()[0]
    watch = Watch(arguments.samples, arguments.seconds)
    try:
        for every in arguments.every or [2, 30]:
            for watched in arguments.watched if arguments.watched is not None else [0, 200, 2000]:
                watch.row(watched, every)
    finally:
        watch.stop()
    if arguments.output == "json":
        print(
            as_json({"date": time.strftime("%Y-%m-%d"), "machine": versions(), "loadAverage": busy, "rows": watch.rows})
        )
    else:
        print(f"load average of the machine before: {busy:.1f}\n")
        print(watch.text())


if __name__ == "__main__":
    main()
