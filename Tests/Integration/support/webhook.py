"""Runs the built program and sends requests like kube-apiserver."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.request

import yaml
from entra import ADMINS, AUDIENCE, DEVELOPERS, TENANT
from ports import free_port
from programs import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ.get("KUBE_ENTRA", str(ROOT / ".build" / "release" / "kube-entra"))
CRASHES = (signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGSEGV)


def run(*arguments, input=None, env=None, timeout=30):
    """The program's exit status, standard output and standard error."""
    data = input.encode() if isinstance(input, str) else input if input is not None else b""
    done = subprocess.run([PROGRAM, *arguments], input=data, capture_output=True, timeout=timeout, env=env)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def configuration(**tenant):
    return {
        "apiVersion": "kube-entra.dev/v1",
        "kind": "WebhookConfiguration",
        "server": {"certificate": "server.crt", "privateKey": "server.key", "clientCA": "ca.crt"},
        "tenants": [
            {
                "tenantID": TENANT,
                "audiences": [AUDIENCE],
                "adminGroupObjectIDs": [ADMINS],
                "groupMappings": [{"groupObjectID": DEVELOPERS, "kubernetesGroups": ["developers"]}],
                "appRoleMappings": [{"appRole": "Cluster.Viewer", "kubernetesGroups": ["viewers"]}],
                "signingKeys": {"file": "keys.json"},
                **tenant,
            }
        ],
    }


def wait_for(condition, timeout=10):
    end = time.time() + timeout
    while time.time() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


class Webhook:
    def __init__(self, certificates, config, name="config.yaml"):
        self.certificates = certificates
        self.config_path = certificates.path(name)
        self.port, self.operations = free_port(), free_port()
        self.write(config)
        self.log_path = self.config_path + ".log"
        self.process = None
        self.program = PROGRAM

    def write(self, config):
        config = json.loads(json.dumps(config))
        config["server"].setdefault("listen", f"127.0.0.1:{self.port}")
        config["server"].setdefault("operations", f"127.0.0.1:{self.operations}")
        temporary = self.config_path + ".new"
        with open(temporary, "w") as file:
            yaml.safe_dump(config, file)
        os.rename(temporary, self.config_path)

    def start(self, ready=True, env=None, prefix=(), arguments=(), stderr=None, sockets=(), timeout=15):
        """`prefix`: a command that runs the program; `stderr`: a descriptor in place of the log file; `sockets`: what
        listens already, passed on as systemd does (sd_listen_fds(3)); `timeout`: seconds until it must answer."""
        log = open(self.log_path, "wb")
        if sockets:
            places = " ".join(f"exec {3 + i}<&{s.fileno()};" for i, s in enumerate(sockets))
            script = f'{places} export LISTEN_PID=$$ LISTEN_FDS={len(sockets)}; exec "$@"'
            prefix = [*prefix, "bash", "-c", script, "bash"]
        self.process = subprocess.Popen(
            [*prefix, self.program, "serve", "--config", self.config_path, *arguments],
            stderr=stderr or log,
            env=env,
            pass_fds=[s.fileno() for s in sockets],
        )
        self.wait("/readyz" if ready else "/livez", timeout)
        return self

    def wait(self, path, timeout=15, status=200):
        end = time.time() + timeout
        while time.time() < end:
            assert self.process.poll() is None, f"the webhook ended: {self.log()}"
            try:
                if self.get(path)[0] == status:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{path} was not {status} in {timeout} s: {self.log()}")

    def stop(self, expected=0):
        """Ends the program, which must end with this status. One that a test has ended must not have crashed."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(25) == expected, self.log()
        elif self.process:
            assert -self.process.returncode not in CRASHES, self.log()
        self.process = None

    def log(self):
        """What was logged. The server collects lines for a moment before it writes them, so the file must be quiet."""
        size, end = -1, time.time() + 2
        while self.process and self.process.poll() is None and size != os.path.getsize(self.log_path):
            if time.time() > end:
                break
            size = os.path.getsize(self.log_path)
            time.sleep(0.05)
        with open(self.log_path, errors="replace") as file:
            return file.read()

    # Operations

    def get(self, path, headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.operations}{path}", headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def exchange(self, path, headers=None):
        """The headers and the body of an answer that must be 200."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.operations}{path}", headers=headers or {})
        with urllib.request.urlopen(request, timeout=5) as response:
            return {name.lower(): value for name, value in response.headers.items()}, response.read().decode()

    def metric(self, name, **labels):
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            match = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
            if match and match[1] == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                if all(found.get(label) == value for label, value in labels.items()):
                    total += float(match[3])
        return total

    # Reviews

    def context(self, client="client"):
        context = ssl.create_default_context(cafile=self.certificates.path("ca.crt"))
        if client:
            context.load_cert_chain(self.certificates.path(f"{client}.crt"), self.certificates.path(f"{client}.key"))
        return context

    def connect(self, client="client", timeout=10):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context(client), timeout=timeout)

    def post(
        self, body, path="/authenticate?timeout=30s", headers=None, client="client", method="POST", connection=None
    ):
        """Over a connection of its own, or over an open one, which stays open."""
        used = connection or self.connect(client)
        try:
            data = body if isinstance(body, bytes) else body.encode()
            used.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
            response = used.getresponse()
            return response.status, response.read().decode()
        finally:
            if connection is None:
                used.close()

    def review(self, token, version="v1", path="/authenticate?timeout=30s", connection=None):
        """The TokenReview's status. HTTP status and form are checked here for every test."""
        status, body = self.post(review_body(token, version), path, connection=connection)
        assert status == 200, body
        return checked(body, version)

    def review_http2(self, token, version="v1"):
        path = self.certificates.path("http2.json")
        with open(path, "w") as file:
            file.write(review_body(token, version))
        done = subprocess.run(
            [
                "curl",
                "-sS",
                "--http2",
                "--cacert",
                self.certificates.path("ca.crt"),
                "--cert",
                self.certificates.path("client.crt"),
                "--key",
                self.certificates.path("client.key"),
                "-H",
                "Content-Type: application/json",
                "--data-binary",
                f"@{path}",
                "-w",
                "\n%{http_version} %{http_code}",
                f"https://127.0.0.1:{self.port}/tokenreviews?timeout=30s",
            ],
            capture_output=True,
            timeout=20,
        )
        body, line = done.stdout.decode().rsplit("\n", 1)
        assert line == "2 200", (line, done.stderr)
        return checked(body, version)


def review_body(token, version="v1"):
    return json.dumps(
        {
            "kind": "TokenReview",
            "apiVersion": f"authentication.k8s.io/{version}",
            "metadata": {"creationTimestamp": None},
            "spec": {"token": token, "audiences": ["https://kubernetes.default.svc"]},
            "status": {"user": {}},
        }
    )


def checked(body, version):
    answer = json.loads(body)
    assert answer["kind"] == "TokenReview"
    assert answer["apiVersion"] == f"authentication.k8s.io/{version}"
    assert "audiences" not in answer["status"]
    return answer["status"]


def reason(status):
    """`accepted`, `foreign`, or the code in the error."""
    if status.get("authenticated"):
        return "accepted"
    if not status.get("error"):
        return "foreign"
    match = re.fullmatch(r"kube-entra: ([a-z_]+): [^()]+ \(decision [A-Z0-9]+\)", status["error"])
    assert match, status["error"]
    return match[1]
