"""Instructions and first-level instruction cache misses a review. See README.md."""

import argparse
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys

from batches import Batches
from callgrind import Profile
from cases import Cases, review_body
from keep_alive import request
from webhook import PROGRAM

HERE = os.path.dirname(os.path.abspath(__file__))
BUDGET = os.path.join(HERE, "budget.json")
GROWTH = 1.03
ROUNDS = 3
WARM_UP = 32
# Streams in flight over HTTP/2.
STREAMS = 16
# The same caches on every machine.
VALGRIND = [
    "valgrind",
    "--tool=callgrind",
    "--cache-sim=yes",
    "--I1=32768,8,64",
    "--D1=32768,8,64",
    "--LL=8388608,16,64",
    "--fair-sched=yes",
]


def answer(connection, data):
    """Sends a request and reads the whole answer, so that the server is idle before the next one."""
    connection.sendall(data)
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        assert part, received
        received += part
    head, body = received.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(re.search(rb"content-length: *(\d+)", head, re.I)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return body


class Counts:
    def __init__(self, reviews, keep=None):
        self.reviews = reviews
        self.keep = keep
        self.cases = Cases()

    def bodies(self):
        """For each case, whether it goes over HTTP/2, its bodies, and what each answer must have in it."""
        count = self.reviews * ROUNDS + WARM_UP

        def all_of(tokens):
            return [review_body(token) for token in tokens]

        seen, foreign = self.cases.token(), self.cases.foreign()
        bad = self.cases.bad_signature()
        yes = b'"authenticated":true'
        return {
            "distinct": (False, all_of(self.cases.distinct(count)), yes),
            "seen": (False, all_of([seen] * count), yes),
            "groups200": (False, all_of(self.cases.distinct(count, groups=200)), yes),
            "badSignature": (False, all_of([bad] * count), b"signature_invalid"),
            "notOurs": (False, all_of([foreign] * count), b'"authenticated":false,"user":{}}'),
            "distinctHTTP2": (True, all_of(self.cases.distinct(count)), yes),
            "seenHTTP2": (True, all_of([seen] * count), yes),
        }

    def run(self):
        """Profiles by case."""
        bodies = self.bodies()
        server = self.cases.server(self.cases.config())
        # valgrind ends at debugging information that it does not know; names of functions are enough.
        server.program = self.cases.path("kube-entra")
        subprocess.run(["strip", "--strip-debug", "-o", server.program, PROGRAM], check=True)
        pattern = self.cases.path("callgrind.out")
        environment = {**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"}
        server.start(ready=False, env=environment, prefix=(*VALGRIND, f"--callgrind-out-file={pattern}"), timeout=120)
        server.wait("/readyz", timeout=120)
        if self.keep:
            self.control(server, "--dump=start")
            shutil.copy(self.newest(pattern), os.path.join(self.keep, "callgrind.out.start"))
        profiles = {}
        with (
            socket.create_connection(("127.0.0.1", server.port)) as raw,
            server.context().wrap_socket(raw, server_hostname="127.0.0.1") as connection,
        ):
            connection.settimeout(120)
            streams = Batches(server.port, server.context())
            for name, (is_http2, all_of_it, expected) in bodies.items():
                ask = streams.ask if is_http2 else lambda some: [answer(connection, request(body)) for body in some]

                def review(some):
                    for start in range(0, len(some), STREAMS):
                        for text in ask(some[start : start + STREAMS]):
                            assert expected in text, (name, text)

                if is_http2:
                    all_of_it = [body.encode() for body in all_of_it]
                review(all_of_it[:WARM_UP])
                rounds = []
                for start in range(WARM_UP, len(all_of_it), self.reviews):
                    self.control(server, "--zero")
                    review(all_of_it[start : start + self.reviews])
                    self.control(server, f"--dump={name}")
                    rounds.append(Profile(self.newest(pattern)))
                # What the server does once a second falls into some rounds more than into others.
                profiles[name] = min(rounds, key=lambda profile: profile.total("Ir", own))
        # What it would do at its end is of no interest, and takes valgrind long.
        server.process.kill()
        server.process.wait(30)
        if self.keep:
            for name, profile in profiles.items():
                shutil.copy(profile.path, os.path.join(self.keep, f"callgrind.out.{name}"))
        return profiles

    @staticmethod
    def newest(pattern):
        return max(glob.glob(pattern + ".*"), key=os.path.getmtime)

    @staticmethod
    def control(server, *arguments):
        command = ["callgrind_control", *arguments, str(server.process.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and "Error" not in done.stdout + done.stderr, done.stdout + done.stderr


def own(item):
    """Whether it is the program's own code: OpenSSL and libc choose their code by CPU features."""
    return item[0].endswith("/kube-entra")


#: Which part of the program a Swift module is; all others are this project's.
PARTS = {
    "NIOCore": "SwiftNIO",
    "NIOPosix": "SwiftNIO",
    "NIOHTTP1": "SwiftNIO",
    "NIOConcurrencyHelpers": "SwiftNIO",
    "_NIODataStructures": "SwiftNIO",
    "NIOHTTP2": "NIOHTTP2 with HPACK",
    "NIOHPACK": "NIOHTTP2 with HPACK",
}


def part(item):
    """Where a function comes from. Code that was specialised for a type of the standard library counts as its own."""
    library, function = item[0].rsplit("/", 1)[-1], item[1]
    if library.startswith(("libcrypto", "libssl")):
        return "OpenSSL"
    if library.startswith(("libc.", "libm.", "ld-")):
        return "C library"
    if found := re.match(r"\$s(\d+)(\w+)", function):
        return PARTS.get(found[2][: int(found[1])], "modules of this project")
    return "Swift standard library" if function.startswith("$s") else "Swift runtime"


def compiler():
    done = subprocess.run(["swift", "--version"], capture_output=True, text=True)
    found = re.search(r"Swift version ([^\s)]+)", done.stdout)
    return found[1] if found else "unknown"


def summary(profiles, reviews):
    result = {}
    for name, profile in profiles.items():
        misses = profile.grouped("I1mr", part)
        result[name] = {
            "instructions": round(profile.total("Ir") / reviews),
            "own": round(profile.total("Ir", own) / reviews),
            "instructionCacheMisses": round(profile.total("I1mr") / reviews),
            "libraries": {
                library: round(cost / reviews)
                for library, cost in profile.by_object("Ir").most_common(8)
                if cost >= reviews
            },
            "parts": {
                name: {"instructions": round(cost / reviews), "instructionCacheMisses": round(misses[name] / reviews)}
                for name, cost in profile.grouped("Ir", part).most_common()
            },
        }
    return result


def show(result, profiles, reviews, functions):
    print(f"{'a review':<14}{'instructions':>13}{'own':>10}{'I1 misses':>11}   by library")
    for name, row in result.items():
        libraries = ", ".join(f"{library} {cost:,}" for library, cost in row["libraries"].items())
        print(
            f"{name:<14}{row['instructions']:>13,}{row['own']:>10,}{row['instructionCacheMisses']:>11,}   {libraries}"
        )
    for name, row in result.items():
        print(f"\n{name}: instructions and first-level instruction cache misses a review by part")
        for title, cost in row["parts"].items():
            print(f"{cost['instructions']:>12,}{cost['instructionCacheMisses']:>8,}  {title}")
    for name, profile in profiles.items():
        if functions == 0:
            continue
        for event, title in (("Ir", "instructions"), ("I1mr", "first-level instruction cache misses")):
            print(f"\n{name}: {title} a review by function")
            for (library, function), cost in profile.by_function(event).most_common(functions):
                print(f"{cost / reviews:>12,.0f}  {library:<22} {function[:110]}")


def committed():
    with open(BUDGET) as file:
        return json.load(file)


def is_comparable(budget):
    return budget["compiler"] == compiler() and budget["machine"] == os.uname().machine


def has_grown(result):
    budget = committed()
    return is_comparable(budget) and any(
        result[name]["own"] > allowed * GROWTH for name, allowed in budget["own"].items()
    )


def check(result):
    """Compares with the committed budget; the exit status."""
    budget = committed()
    if not is_comparable(budget):
        print(
            f"not compared: the budget was counted with Swift {budget['compiler']} on {budget['machine']}, this is "
            f"Swift {compiler()} on {os.uname().machine}; counts.sh --write makes a new one"
        )
        return 0
    grown = 0
    for name, allowed in budget["own"].items():
        now = result[name]["own"]
        verdict = "ok"
        if now > allowed * GROWTH:
            verdict, grown = "GROWN", grown + 1
        elif now < allowed / GROWTH:
            verdict = "less: commit the new figure with counts.sh --write"
        print(f"{name:<14}{allowed:>10,} -> {now:>10,} {100 * (now / allowed - 1):+6.1f} %  {verdict}")
    if grown:
        print(f"{grown} of {len(budget['own'])} cases need more than {GROWTH - 1:.0%} more instructions than committed")
    return 1 if grown else 0


def write(result):
    with open(BUDGET, "w") as file:
        json.dump(
            {
                "compiler": compiler(),
                "machine": os.uname().machine,
                "own": {name: row["own"] for name, row in result.items()},
            },
            file,
            indent=2,
        )
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(prog="counts.sh")
    parser.add_argument("--reviews", type=int, default=64)
    parser.add_argument("--functions", type=int, default=25, help="how many functions are shown a case")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--check", action="store_true", help="compare with the committed budget, and nothing else")
    parser.add_argument("--write", action="store_true", help="write a new budget")
    parser.add_argument("--keep", metavar="FOLDER", help="leave callgrind's files there, for callgrind_annotate")
    arguments = parser.parse_args()
    if arguments.keep:
        os.makedirs(arguments.keep, exist_ok=True)
    profiles = Counts(arguments.reviews, arguments.keep).run()
    result = summary(profiles, arguments.reviews)
    if arguments.write:
        write(result)
    if arguments.check:
        if has_grown(result):
            # What is done now and then may have fallen into every round: nothing fails for that.
            again = summary(Counts(arguments.reviews).run(), arguments.reviews)
            for name, row in again.items():
                result[name]["own"] = min(result[name]["own"], row["own"])
        sys.exit(check(result))
    if arguments.output == "json":
        print(
            json.dumps(
                {"compiler": compiler(), "program": PROGRAM, "reviews": arguments.reviews, "cases": result}, indent=2
            )
        )
    else:
        show(result, profiles, arguments.reviews, arguments.functions)


if __name__ == "__main__":
    main()
