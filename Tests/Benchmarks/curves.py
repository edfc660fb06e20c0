"""How the cost of a review grows with its inputs. See README.md."""

import argparse
import json
import os
import socket
import ssl
import sys

from cases import Cases, review_body
from curves_picture import draw
from load import SERVER_CORE, as_json, pinned, wrk
from process_figures import cpu_seconds
from table import YES


class Curves:
    def __init__(self, seconds):
        self.seconds = seconds
        self.cases = Cases()

    def cost(self, config, bodies, expected=YES, connections=16, idle=0, cores=SERVER_CORE):
        """Microseconds of CPU a review."""
        server = self.cases.server(config).start(prefix=pinned(cores, []))
        try:
            others = self.idle_connections(server.port, idle)

            def load():
                return wrk(self.cases.folder.name, server.port, bodies, expected, self.seconds, connections)

            load()
            begin = cpu_seconds(server.process.pid)
            reviews = load()["reviews"]
            spent = (cpu_seconds(server.process.pid) - begin) / reviews * 1e6
            for other in others:
                other.close()
            return spent
        finally:
            server.stop()

    @staticmethod
    def idle_connections(port, count):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return [context.wrap_socket(socket.create_connection(("127.0.0.1", port))) for _ in range(count)]

    def config(self, **changes):
        """Without a cache, so that every review is a whole one."""
        return self.cases.config(entries=0, any_client=True, **changes)

    def bodies(self, count=40, **token):
        return [review_body(self.cases.token(**token)) for _ in range(count)]

    def groups(self, count):
        return self.cost(self.config(), self.bodies(groups=count))

    def token_size(self, kibibytes):
        return self.cost(self.config(), self.bodies(note="x" * (kibibytes * 768)))

    def values(self, count):
        return self.cost(self.config(), self.bodies(note=[0] * count))

    def refused_values(self, count):
        """A token that anybody can send: our issuer, an unknown key ID, and this number of values."""
        body = review_body(self.cases.entra.token(header={"kid": "nobody"}, note=[{}] * count))
        return self.cost(self.config(), [body], '"authenticated":false')

    def keys(self, count):
        path = self.cases.certificates.path("keys.json")
        with open(path) as file:
            before = file.read()
        keys = json.loads(before)["keys"]
        # Tokens are signed with the last key. A file has at most 1 MiB, so the others have what they need only.
        bare = {name: keys[-1][name] for name in ("kty", "n", "e")}
        others = [{**bare, "kid": f"other-{number}"} for number in range(count - 1)]
        with open(path, "w") as file:
            json.dump({"keys": others + keys[-1:]}, file)
        try:
            return self.cost(self.config(), self.bodies())
        finally:
            with open(path, "w") as file:
                file.write(before)

    def configured_groups(self, count):
        config = self.config()
        names = [f"{number:08x}-1111-4000-8000-000000000000" for number in range(count)]
        # A configuration has at most 50,000 values, and a mapping is six of them.
        mapped, admins = names[:5000], names[5000:]
        config["tenants"][0]["groupMappings"] = [
            {"groupObjectID": name, "kubernetesGroups": [f"team-{place % 50}"]} for place, name in enumerate(mapped)
        ]
        config["tenants"][0]["adminGroupObjectIDs"] += admins
        return self.cost(config, self.bodies(groups=50))

    def tenants(self, count):
        config = self.config()
        first = config["tenants"][0]
        config["tenants"] = [
            {**first, "tenantID": f"{number:08x}-2222-4000-8000-000000000000"} for number in range(count - 1)
        ] + [first]
        return self.cost(config, self.bodies())

    def connections(self, count):
        return self.cost(
            self.config(limits={"connections": 20_000, "connectionsPerPeer": 20_000}),
            self.bodies(),
            connections=min(count, 64),
            idle=max(0, count - 64),
        )

    def cores(self, count):
        """An event loop for each core. Their cost stays what it is as long as they don't wait for each other."""
        config = self.cases.config(any_client=True)
        config["server"]["eventLoops"] = count
        return self.cost(config, self.bodies(), cores=",".join(str(core) for core in range(count)))

    def event_loops(self, count):
        """The same tokens for this number of event loops, on all cores. If the CPU time grows, the threads slow each
        other down. That shows even if there are fewer cores than threads."""
        config = self.cases.config(any_client=True)
        config["server"]["eventLoops"] = count
        return self.cost(config, self.bodies(), cores=f"0-{(os.cpu_count() or 1) - 1}")


CURVES = {
    "groups in the token": ("groups", [0, 5, 20, 100, 200, 500, 1000]),
    "size of the token, KiB more": ("token_size", [0, 4, 16, 32]),
    "values in a signed claim": ("values", [1, 100, 1000, 10_000]),
    "values in a token that is refused": ("refused_values", [1, 100, 1000, 10_000]),
    "keys of the tenant": ("keys", [1, 10, 100, 1000]),
    "configured groups": ("configured_groups", [1, 10, 100, 1000, 10_000]),
    "tenants": ("tenants", [1, 10, 100]),
    "connections": ("connections", [1, 16, 64, 1000, 10_000]),
    "cores, with a cache": ("cores", [count for count in (1, 2, 4) if count <= (os.cpu_count() or 1)]),
    "event loops, with a cache": ("event_loops", [1, 2, 4]),
}


def picture(points):
    """One line for each point; the bar is as long as the cost."""
    most = max(cost for _, cost in points)
    return [f"{value:>8,}  {cost:>9.1f} us  {'#' * max(1, round(50 * cost / most))}" for value, cost in points]


def main():
    parser = argparse.ArgumentParser(prog="curves.sh")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", action="append", help="curves whose name has this in it; may be repeated")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--svg", metavar="FILE", help="draw the curves there too")
    arguments = parser.parse_args()
    curves = Curves(arguments.seconds)
    result = {}
    for name, (method, values) in CURVES.items():
        if arguments.only and not any(word in name for word in arguments.only):
            continue
        points = []
        for value in values:
            points.append((value, getattr(curves, method)(value)))
            print(f"{name}: {value:,}: {points[-1][1]:.1f} us", file=sys.stderr)
        result[name] = points
        if arguments.output == "text":
            print(f"\n{name}")
            print("\n".join(picture(points)), flush=True)
    if arguments.svg:
        with open(arguments.svg, "w") as file:
            file.write(draw(result))
    if arguments.output == "json":
        print(as_json(result))


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
