"""What a large access review costs the server. See large.sh."""

import argparse
import http.client
import json
import os

from access_reviews import OTHER, extra, selector_of
from access_reviews import body as access_review
from cases import Cases
from load import SERVER_CORE, pinned
from process_figures import cpu_seconds


def escapes_of(megabytes):
    """A review with a selector that cannot be parsed and is sent as it is, of characters that Go writes as escapes."""
    selector = {"rawSelector": ""}
    attributes = {"verb": "list", "resource": "pods", "labelSelector": selector}
    text = json.dumps(access_review(extra=extra(oid=[OTHER]), resourceAttributes=attributes))
    return text.replace('"rawSelector": ""', '"rawSelector": "' + "\\u003c" * (megabytes * 1_000_000 // 6) + '"')


def send(connection, body):
    connection.request("POST", "/authorize", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    status = json.loads(response.read())["status"]
    if not status.get("denied"):
        raise SystemExit(f"a review was not denied: {status}")


def main():
    parser = argparse.ArgumentParser(prog="large.sh")
    parser.add_argument("--megabytes", type=int, action="append", help="size of a review (default 6 and 20)")
    parser.add_argument("--reviews", type=int, default=10, help="of each size")
    arguments = parser.parse_args()
    cases = Cases()
    config = cases.config(any_client=True)
    config["tenants"][0]["denied"] = [{"objectID": OTHER, "reason": "benchmark"}]
    config["limits"] = {"requestTimeout": "300s"}
    server = cases.server(config).start(prefix=pinned(SERVER_CORE, []))
    print(f"load average of the machine before: {os.getloadavg()[0]:.1f}")
    try:
        sizes = arguments.megabytes or [6, 20]
        for kind, make, megabytes in [("words", selector_of, size) for size in sizes] + [
            ("escapes", escapes_of, size) for size in sizes
        ]:
            body = make(megabytes).encode()
            connection = http.client.HTTPSConnection(
                "127.0.0.1", server.port, context=server.context(None), timeout=600
            )
            send(connection, body)
            spent = cpu_seconds(server.process.pid)
            for _ in range(arguments.reviews):
                send(connection, body)
            seconds = (cpu_seconds(server.process.pid) - spent) / arguments.reviews
            connection.close()
            print(
                f"{len(body) / 1e6:.1f} MB of {kind}: {seconds * 1000:.1f} ms of CPU, {len(body) / 1e6 / seconds:.0f} MB a second"
            )
    finally:
        server.stop()


if __name__ == "__main__":
    main()
