"""How long reviews of large tokens wait for each other: many streams of one HTTP/2 connection beside as many HTTP/1.1
connections. Usage: Tests/Benchmarks/streams.sh [--reviews N] [--groups N] [--streams N]… [--output json]"""

import argparse
import sys

from cases import Cases, review_body
from load import SERVER_CORE, as_json, h2load, pinned

STREAMS = [1, 16, 30, 64, 128, 250]


def measure(cases, entries, groups, streams, reviews):
    """p50 and p99 in microseconds over HTTP/2 and HTTP/1.1, with the same number of reviews under way."""
    server = cases.server(cases.config(entries=entries, any_client=True)).start(prefix=pinned(SERVER_CORE, []))
    try:
        body, folder = review_body(cases.token(groups)), cases.folder.name
        row = {"streams": streams, "groups": groups, "remembered": entries > 0}
        for name, options in (
            ("h2", {"streams": streams}),
            ("h1", {"streams": 1, "connections": streams, "http1": True}),
        ):
            h2load(folder, server.port, body, max(reviews // 10, streams), **options)
            found = h2load(folder, server.port, body, max(reviews, streams), **options)
            row[name] = {"p50": found["p50"], "p99": found["p99"]}
        row["ratio"] = round(row["h2"]["p99"] / row["h1"]["p99"], 2)
        return row
    finally:
        server.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reviews", type=int, default=10_000, help="a row and protocol")
    arguments.add_argument("--groups", type=int, default=200, help="in the token")
    arguments.add_argument("--streams", type=int, action="append", help="reviews under way at once; repeatable")
    arguments.add_argument("--output", choices=["text", "json"], default="text")
    given = arguments.parse_args()
    cases, rows = Cases(), []
    for entries in (0, 10_000):
        for streams in given.streams or STREAMS:
            row = measure(cases, entries, given.groups, streams, given.reviews)
            rows.append(row)
            print(
                f"{'remembered' if entries else 'new       '} {streams:>4} at once: "
                f"HTTP/2 p50 {row['h2']['p50']:>7} p99 {row['h2']['p99']:>7} us, "
                f"HTTP/1.1 p50 {row['h1']['p50']:>7} p99 {row['h1']['p99']:>7} us, ratio of p99 {row['ratio']}",
                file=sys.stderr,
                flush=True,
            )
    if given.output == "json":
        print(as_json(rows))


if __name__ == "__main__":
    main()
