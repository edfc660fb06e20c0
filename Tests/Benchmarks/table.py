"""The cost of each kind of review, in units of one RSA-2048 verification. See run.sh and README.md."""

import argparse
import os
import socket
import ssl
import subprocess
import sys
import time

from cases import Cases, review_body
from evenly import evenly
from load import SERVER_CORE, as_json, h2load, pinned, verification_seconds, versions, wrk
from ports import free_port
from process_figures import cpu_seconds, rss_kib
from webhook import PROGRAM

YES = '"authenticated":true'
# Of guard 0.16.1, kube-apiserver's JWT code in process, and the goal, in V; measured once, by the project's own rules.
BESIDE = {
    "distinct tokens, 5 groups": (12.7, 6.1, 3.0),
    "distinct tokens, 200 groups": (51, 34, 8.0),
    "the same token again": (12.7, 0.1, 1.5),
    "bad signature": (11.1, 4.9, 2.7),
    "not ours": (None, None, 1.7),
    "distinct over HTTP/2, 16 streams": (12.7, None, 3.5),
    "the same over HTTP/2": (None, None, 1.5),
}


class Table:
    def __init__(self, seconds, only):
        self.seconds, self.only = seconds, only
        self.cases = Cases()
        self.rows = []
        self.figures = []

    def wants(self, name):
        return not self.only or any(word in name for word in self.only)

    def started(self, **config):
        return self.cases.server(self.cases.config(any_client=True, **config)).start(prefix=pinned(SERVER_CORE, []))

    def row(self, name, server, load):
        """`load` is called twice: to warm up, and to be measured."""
        load()
        before = verification_seconds()
        begin = cpu_seconds(server.process.pid)
        result = load()
        spent = (cpu_seconds(server.process.pid) - begin) / result["reviews"]
        v = (before + verification_seconds()) / 2
        guard, kubernetes, goal = BESIDE.get(name, (None, None, None))
        self.rows.append(
            {
                "case": name,
                "microseconds": spent * 1e6,
                "verificationMicroseconds": v * 1e6,
                "v": spent / v,
                "goal": goal,
                "guard": guard,
                "kubernetes": kubernetes,
                "reviews": result["reviews"],
                "p50": result["p50"],
                "p99": result["p99"],
            }
        )
        self.show(self.rows[-1])

    def figure(self, name, value, unit, goal, guard=None):
        self.figures.append({"figure": name, "value": value, "unit": unit, "goal": goal, "guard": guard})
        self.show(self.figures[-1])

    def show(self, row):
        if "v" in row:
            beside = [f"goal {row['goal']} V" if row["goal"] else "", f"guard {row['guard']} V" if row["guard"] else ""]
            print(
                f"{row['case']:<36}{row['microseconds']:>8.1f} us {row['v']:>6.2f} V  (V {row['verificationMicroseconds']:.1f} us)"
                f"  p99 {row['p99']} us  {', '.join(filter(None, beside))}",
                file=sys.stderr,
            )
        else:
            guard = f", guard {row['guard']}" if row["guard"] else ""
            print(f"{row['figure']:<60}{row['value']:>8.1f} {row['unit']}  goal {row['goal']}{guard}", file=sys.stderr)

    def http1(self):
        def load(server, tokens, expected):
            bodies = [review_body(token) for token in tokens]
            return lambda: wrk(self.cases.folder.name, server.port, bodies, expected, self.seconds)

        # Without a cache every token is a new one.
        unseen = [
            ("distinct tokens, 5 groups", lambda: self.cases.distinct(200), YES),
            ("distinct tokens, 200 groups", lambda: self.cases.distinct(60, groups=200), YES),
            ("bad signature", lambda: [self.cases.bad_signature()], "signature_invalid"),
            ("not ours", lambda: [self.cases.foreign()], '"authenticated":false'),
        ]
        for entries, rows in ((0, unseen), (10_000, [("the same token again", lambda: [self.cases.token()], YES)])):
            rows = [row for row in rows if self.wants(row[0])]
            if not rows:
                continue
            server = self.started(entries=entries)
            for name, tokens, expected in rows:
                self.row(name, server, load(server, tokens(), expected))
            server.stop()

    def http2(self):
        for name, entries in (("distinct over HTTP/2, 16 streams", 0), ("the same over HTTP/2", 10_000)):
            if not self.wants(name):
                continue
            server = self.started(entries=entries, protocols=["h2"])
            body = review_body(self.cases.token())
            self.row(name, server, lambda: h2load(self.cases.folder.name, server.port, body, 4000 * self.seconds))
            server.stop()
        name = "1,000 reviews a second, HTTP/2"
        if self.wants(name):
            server = self.started(entries=10_000, protocols=["h2"])
            body = review_body(self.cases.token())
            self.row(name, server, lambda: evenly(server.port, body, YES, 1000 * self.seconds, rate=1000))
            server.stop()

    def memory(self):
        if not self.wants("memory"):
            return
        server = self.started()
        time.sleep(1)
        self.figure("memory after start", rss_kib(server.process.pid) / 1024, "MB", "<= 20", 45)
        bodies = [review_body(token) for token in self.cases.distinct(200)]
        done = 0
        while done < 70_000:
            done += wrk(self.cases.folder.name, server.port, bodies, YES, self.seconds)["reviews"]
        self.figure(f"memory after {done:,} reviews", rss_kib(server.process.pid) / 1024, "MB", "<= 32", 60)
        server.stop()
        server = self.started()
        connections = self.idle_connections(server.port, 1000)
        # A connection gives its buffers back once it was idle for a second or two; a quiet second later, the system
        # gets the pages.
        time.sleep(6)
        self.figure("memory with 1,000 idle connections", rss_kib(server.process.pid) / 1024, "MB", "<= 40")
        for connection in connections:
            connection.close()
        server.stop()
        server = self.started()
        count = 10_000
        # Signing them takes longer than anything else here.
        bodies = [review_body(token) for token in self.cases.distinct(count, groups=200)]
        wrk(self.cases.folder.name, server.port, bodies, YES, max(10, self.seconds * 3))
        self.figure("memory with 10,000 tokens of 200 groups", rss_kib(server.process.pid) / 1024, "MB", "<= 48", 53)
        server.stop()

    @staticmethod
    def idle_connections(port, count):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return [context.wrap_socket(socket.create_connection(("127.0.0.1", port))) for _ in range(count)]

    def program(self):
        if not self.wants("program"):
            return
        stripped = self.cases.path("stripped")
        subprocess.run(["strip", "-o", stripped, PROGRAM], check=True)
        self.figure("program, stripped", os.path.getsize(stripped) / 2**20, "MB", "<= 20", 67)
        self.figure("start until ready, median of 9", self.start_seconds(9) * 1e3, "ms", "<= 25")

    def start_seconds(self, times):
        """From the call that makes the process until the first 200 of /readyz, which is asked for five times a
        millisecond; the median, since the machine has other work too."""
        server, taken = self.cases.server(self.cases.config(any_client=True)), []
        command = pinned(SERVER_CORE, [server.program, "serve", "--config", server.config_path])
        for _ in range(times):
            begin = time.perf_counter()
            server.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            while not self.is_ready(server.operations):
                assert server.process.poll() is None, "the server has ended"
                time.sleep(0.0002)
            taken.append(time.perf_counter() - begin)
            server.stop()
        return sorted(taken)[times // 2]

    @staticmethod
    def is_ready(port):
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return connection.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def floor(self):
        """nginx with the same bytes in and out but without the work, if it is installed."""
        if not self.wants("nginx") or not versions()["nginx"]:
            return
        port, folder = free_port(), self.cases.folder.name
        answer = (
            '{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true,"x":"%s"}}'
        )
        with open(os.path.join(folder, "nginx.conf"), "w") as file:
            file.write(f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {self.cases.certificates.path("server.crt")};
    ssl_certificate_key {self.cases.certificates.path("server.key")};
    location / {{ default_type application/json; return 200 '{answer % ("x" * 900)}'; }} }} }}
""")
        process = subprocess.Popen(
            pinned(SERVER_CORE, ["nginx", "-p", folder, "-c", os.path.join(folder, "nginx.conf")])
        )
        server = type("Nginx", (), {"process": process})
        try:
            time.sleep(1)
            body = review_body(self.cases.token())
            self.row("nginx, no work, HTTP/1.1", server, lambda: wrk(folder, port, [body], YES, self.seconds))
            self.row("nginx, no work, HTTP/2", server, lambda: h2load(folder, port, body, 4000 * self.seconds))
        finally:
            process.terminate()
            process.wait(10)

    def run(self):
        for part in (self.http1, self.http2, self.floor, self.memory, self.program):
            part()

    def markdown(self):
        def number(value, unit=""):
            return "–" if value is None else f"{value:g}{unit}"

        lines = [
            "| case | CPU a review | in V | goal | guard | kube-apiserver in process | p99 |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in self.rows:
            lines.append(
                f"| {row['case']} | {row['microseconds']:.1f} µs | {row['v']:.2f} V | {number(row['goal'], ' V')} | "
                f"{number(row['guard'], ' V')} | {number(row['kubernetes'], ' V')} | {row['p99'] / 1000:.2f} ms |"
            )
        if self.figures:
            lines += ["", "| figure | value | goal | guard |", "|---|---|---|---|"]
        for row in self.figures:
            lines.append(
                f"| {row['figure']} | {row['value']:.1f} {row['unit']} | {row['goal']} {row['unit']} | "
                f"{number(row['guard'])} |"
            )
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="run.sh")
    parser.add_argument("--seconds", type=int, default=5, help="how long each row is measured")
    parser.add_argument("--only", action="append", help="rows whose name has this in it; may be repeated")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    table = Table(arguments.seconds, arguments.only)
    table.run()
    if arguments.output == "json":
        print(
            as_json(
                {"date": time.strftime("%Y-%m-%d"), "machine": versions(), "rows": table.rows, "figures": table.figures}
            )
        )
    else:
        print(table.markdown())


if __name__ == "__main__":
    main()
