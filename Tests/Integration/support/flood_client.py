"""A process of its own that sends each of many reviews once, evenly over some seconds, over a few HTTP/2 connections.

Uses little CPU itself, so that the server is measured even on a machine with few cores. Reads a line of JSON from
standard input: port, ca, cert, key, seconds, tokens, connections. Connects, writes a line, and begins at the next line.
Writes how often each reason came, as JSON.
"""

import collections
import json
import re
import ssl
import sys
import time
import types

import http2
from webhook import review_body


def main(spec):
    def context():
        made = ssl.create_default_context(cafile=spec["ca"])
        made.load_cert_chain(spec["cert"], spec["key"])
        return made

    server = types.SimpleNamespace(port=spec["port"], context=context)
    connections = [http2.Connection(server) for _ in range(spec["connections"])]
    requests = [
        http2.request(1 + 2 * (number // len(connections)), review_body(token).encode())
        for number, token in enumerate(spec["tokens"])
    ]
    print("connected", flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
    for number, request in enumerate(requests):
        time.sleep(max(0, begin + number * spec["seconds"] / len(requests) - time.monotonic()))
        connections[number % len(connections)].send(request)
    took = time.monotonic() - begin

    def answers():
        return [
            payload
            for connection in connections
            for kind, _, _, payload in connection.frames
            if kind == http2.DATA and payload
        ]

    while len(answers()) < len(requests) and time.monotonic() < begin + spec["seconds"] + 30:
        time.sleep(0.1)
    results = collections.Counter()
    for body in answers():
        code = re.search(rb'"kube-entra: (\w+)', body)
        results["accepted" if b'"authenticated":true' in body else code[1].decode() if code else "foreign"] += 1
    return {"results": results, "seconds": took}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.readline()))))
