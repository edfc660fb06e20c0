"""A process of its own that sends reviews at a rate, as kube-apiserver does over kept connections; figures as JSON.

Reads a line of JSON from standard input: port, ca, cert, key, rate, seconds, connections, and `phases`, a list of
[start, tokens]: from that second on, these tokens in turn. Connects, writes a line, and begins at the next line.
"""

import asyncio
import collections
import json
import re
import ssl
import sys
import time

from webhook import review_body


def request(token):
    body = review_body(token).encode()
    return (
        b"POST /authenticate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


async def main(spec):
    context = ssl.create_default_context(cafile=spec["ca"])
    context.load_cert_chain(spec["cert"], spec["key"])
    phases = [(start, [request(token) for token in tokens]) for start, tokens in spec["phases"]]
    results, latencies = collections.Counter(), []
    interval = spec["connections"] / spec["rate"]
    counter = iter(range(sys.maxsize))

    async def connection(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", spec["port"], ssl=context)
        connected.append(number)
        if len(connected) == spec["connections"]:
            print("connected", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
            began.append(time.monotonic())
            ready.set()
        await ready.wait()
        due = began[0] + number * interval / spec["connections"]
        while (now := time.monotonic()) < began[0] + spec["seconds"]:
            if due > now:
                await asyncio.sleep(due - now)
            due = max(due + interval, time.monotonic() - interval)
            start = time.monotonic()
            tokens = [tokens for at, tokens in phases if start - began[0] >= at][-1]
            writer.write(tokens[next(counter) % len(tokens)])
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
            latencies.append(time.monotonic() - start)
            code = re.search(rb'"kube-entra: (\w+)', body)
            results["accepted" if b'"authenticated":true' in body else code[1].decode() if code else "foreign"] += 1
        writer.close()

    connected, began, ready = [], [], asyncio.Event()
    await asyncio.gather(*(connection(number) for number in range(spec["connections"])))
    latencies.sort()
    return {
        "results": results,
        "rate": len(latencies) / spec["seconds"],
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[len(latencies) * 99 // 100],
        "max": latencies[-1],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.stdin.readline())))))
