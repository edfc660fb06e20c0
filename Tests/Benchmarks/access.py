"""What the kill switch costs: access reviews beside token reviews, and a long deny list. See access.sh and README.md."""

import argparse
import contextlib
import glob
import json
import os
import socket
import subprocess
import uuid

from callgrind import Profile
from cases import Cases, review_body
from counts import VALGRIND, Counts, answer, own
from entra import CLIENT, OBJECT, TENANT
from keep_alive import request
from load import as_json
from webhook import PROGRAM

ROUNDS = 3
WARM_UP = 2
IN_FLIGHT = 16


def access_body():
    """As kube-apiserver asks about a request of somebody who has signed in."""
    return json.dumps(
        {
            "kind": "SubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {"creationTimestamp": None},
            "spec": {
                "resourceAttributes": {"namespace": "default", "verb": "get", "version": "v1", "resource": "pods"},
                "user": "ada@example.com",
                "groups": [f"{number:08x}-0000-4000-8000-000000000000" for number in range(5)]
                + ["system:authenticated"],
                "extra": {
                    "oid": [OBJECT],
                    "kube-entra.dev/tenant-id": [TENANT],
                    "kube-entra.dev/token-issued-at": ["1800000000"],
                    "kube-entra.dev/client-app-id": [CLIENT],
                    "kube-entra.dev/subject-kind": ["user"],
                    "authentication.kubernetes.io/credential-id": ["JTI=abc_DEF-1"],
                },
                "uid": OBJECT,
            },
            "status": {"allowed": False},
        },
        separators=(",", ":"),
    )


class Access:
    def __init__(self, reviews):
        # Whole waves of requests.
        self.reviews = -(-reviews // IN_FLIGHT) * IN_FLIGHT
        self.cases = Cases()
        self.program = self.cases.path("kube-entra")
        subprocess.run(["strip", "--strip-debug", "-o", self.program, PROGRAM], check=True)

    def config(self, denied):
        config = self.cases.config()
        entries = [
            {("objectID", "clientAppID", "tokenID")[number % 3]: str(uuid.uuid4()), "reason": "bench"}
            for number in range(denied)
        ]
        with open(self.cases.path("denied.json"), "w") as file:
            json.dump({"denied": entries}, file)
        config["tenants"][0]["deniedFile"] = "denied.json"
        return config

    def work(self):
        """By case: a function that gives the next request, and what its answer must have."""
        seen = request(review_body(self.cases.token()))
        distinct = iter(self.cases.distinct(2 * (ROUNDS + WARM_UP) * self.reviews))
        access = request(access_body(), path="/authorize?timeout=30s")
        return {
            "token review, seen": (lambda: seen, b'"authenticated":true'),
            "token review, distinct": (lambda: request(review_body(next(distinct))), b'"authenticated":true'),
            "access review": (lambda: access, b'"allowed":false}'),
        }

    def run(self, denied):
        """Instructions a review, by case and number in flight."""
        server = self.cases.server(self.config(denied))
        server.program = self.program
        pattern = self.cases.path(f"callgrind-{denied}.out")
        environment = {**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"}
        server.start(ready=False, env=environment, prefix=(*VALGRIND, f"--callgrind-out-file={pattern}"), timeout=240)
        result = {}
        try:
            server.wait("/readyz", timeout=240)
            with contextlib.ExitStack() as stack:
                connections = [stack.enter_context(self.connect(server)) for _ in range(IN_FLIGHT)]
                for name, (make, expected) in self.work().items():
                    for in_flight in (1, IN_FLIGHT):
                        result[name, in_flight] = self.count(server, pattern, connections[:in_flight], make, expected)
        finally:
            # What it would do at its end is of no interest, and takes valgrind long.
            server.process.kill()
            server.process.wait(30)
        return result

    @staticmethod
    def connect(server):
        raw = socket.create_connection(("127.0.0.1", server.port))
        connection = server.context().wrap_socket(raw, server_hostname="127.0.0.1")
        connection.settimeout(120)
        return connection

    def count(self, server, pattern, connections, make, expected):
        rounds = []
        for number in range(ROUNDS + WARM_UP):
            requests = [make() for _ in range(self.reviews)]
            Counts.control(server, "--zero")
            for start in range(0, len(requests), len(connections)):
                wave = requests[start : start + len(connections)]
                for connection, data in zip(connections[1:], wave[1:]):
                    connection.sendall(data)
                found = [answer(connections[0], wave[0])]
                for connection in connections[1:]:
                    found.append(self.receive(connection))
                assert all(expected in one for one in found), found
            Counts.control(server, "--dump")
            if number >= WARM_UP:
                rounds.append(Profile(max(glob.glob(pattern + ".*"), key=os.path.getmtime)))
        best = min(rounds, key=lambda profile: profile.total("Ir", own))
        return {
            "instructions": round(best.total("Ir") / self.reviews),
            "own": round(best.total("Ir", own) / self.reviews),
        }

    @staticmethod
    def receive(connection):
        class Sent:
            """A connection whose request is under way already."""

            def sendall(self, _):
                pass

            recv = staticmethod(connection.recv)

        return answer(Sent(), b"")


def main():
    parser = argparse.ArgumentParser(prog="access.sh")
    parser.add_argument("--denied", type=int, default=10_000)
    parser.add_argument("--reviews", type=int, default=64)
    parser.add_argument("--output", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    access = Access(arguments.reviews)
    without, with_one, with_list = access.run(0), access.run(1), access.run(arguments.denied)
    rows = [
        {
            "case": name,
            "inFlight": in_flight,
            "without": without[name, in_flight],
            "one": with_one[name, in_flight],
            "with": with_list[name, in_flight],
            "change": with_list[name, in_flight]["instructions"] / without[name, in_flight]["instructions"] - 1,
        }
        for name, in_flight in without
    ]
    if arguments.output == "json":
        return print(as_json({"denied": arguments.denied, "rows": rows}))
    print(
        f"| case | in flight | own | instructions | with 1 denied | with {arguments.denied:,} denied | change |\n"
        "|---|---|---|---|---|---|---|"
    )
    for row in rows:
        print(
            f"| {row['case']} | {row['inFlight']} | {row['without']['own']:,} | {row['without']['instructions']:,} | "
            f"{row['one']['instructions']:,} | {row['with']['instructions']:,} | {row['change']:+.1%} |"
        )


if __name__ == "__main__":
    main()
