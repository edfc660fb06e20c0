"""A stand-in for a control-plane node's kubelet and kube-apiserver: watches the manifests' folder, and runs a TLS server
that reads its flags from the manifest and calls the webhook as kube-apiserver does. Run inside the node's namespace:

    python kubelet.py STATE [DROPIN]

NODE_ROOT in the environment stands before all paths of the node; NODE_NAME is its name where that is not the host's.
STATE is a folder: `mode` says how the API server misbehaves, `objects.json` is what the cluster holds, `log` what
happened. With DROPIN, flags come from that file, and only when `restarted` changes, as with RKE2."""

import base64
import glob
import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import yaml

ROOT = os.environ.get("NODE_ROOT", "")
MANIFESTS = f"{ROOT}/etc/kubernetes/manifests"
STATE = sys.argv[1]
DROPIN = sys.argv[2] if len(sys.argv) > 2 else None
NAME = os.environ.get("NODE_NAME") or socket.gethostname()
ADMIN = {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]}
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver"
NODES = "/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane"
ENDPOINTS = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
CONFIGMAP = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"


def log(text):
    with open(f"{STATE}/log", "a") as file:
        file.write(text + "\n")


def mode():
    try:
        with open(f"{STATE}/mode") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def objects(change=None):
    with open(f"{STATE}/objects.json") as file:
        held = json.load(file)
    if change:
        change(held)
        with open(f"{STATE}/objects.json.new", "w") as file:
            json.dump(held, file)
        os.rename(f"{STATE}/objects.json.new", f"{STATE}/objects.json")
    return held


class Webhook:
    """As client-go calls it: the kubeconfig is read once, at start."""

    def __init__(self, path):
        with open(ROOT + path) as file:
            config = yaml.safe_load(file)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url = cluster["server"]
        self.context = ssl.create_default_context(cafile=self.file(cluster, "certificate-authority"))
        self.context.load_cert_chain(self.file(user, "client-certificate"), self.file(user, "client-key"))

    @staticmethod
    def file(entry, name):
        """The path of a certificate or key, also of one that is inside."""
        if name in entry:
            return ROOT + entry[name]
        with open(f"{STATE}/embedded-{name}", "wb") as file:
            file.write(base64.b64decode(entry[f"{name}-data"]))
        return file.name

    def review(self, token, version):
        body = {"kind": "TokenReview", "apiVersion": f"authentication.k8s.io/{version}", "spec": {"token": token}}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.context)
        )
        with opener.open(request, timeout=30) as response:
            answer = json.load(response)
        assert answer["apiVersion"] == body["apiVersion"]
        return answer["status"]


class APIServer:
    def __init__(self, flags):
        self.flags = flags
        webhook = flags.get("authentication-token-webhook-config-file")
        if webhook and mode() == "does not start":
            raise OSError("exit status 1")
        self.webhook = Webhook(webhook) if webhook else None
        if self.webhook and mode() == "kills the webhook":
            with open(f"{STATE}/webhook.pid") as file:
                os.kill(int(file.read()), signal.SIGKILL)
        if "authorization-config" in flags:
            with open(ROOT + flags["authorization-config"]) as file:
                authorizers = yaml.safe_load(file)["authorizers"]
            for authorizer in authorizers:
                if "webhook" in authorizer:
                    Webhook(authorizer["webhook"]["connectionInfo"]["kubeConfigFile"])
        self.version = flags.get("authentication-token-webhook-version", "v1beta1")
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_all(self):
                length = int(self.headers.get("Content-Length") or 0)
                data = self.rfile.read(length)
                # kubectl sends protobuf where nothing has to be read.
                body = json.loads(data) if data[:1] == b"{" else None
                user = ADMIN if self.connection.getpeercert() else server.user(self.headers.get("Authorization"))
                if self.command == "PATCH" and self.headers["Content-Type"] != "application/merge-patch+json":
                    status, answer = 415, {"kind": "Status", "message": "the body was in an unknown format"}
                else:
                    status, answer = server.answer(self.command, self.path, body, user)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_all

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                # kube-apiserver lets anybody connect, and answers with 401 who has no valid certificate.
                ignores = mode() == "takes no notice of certificates"
                context.verify_mode = ssl.CERT_NONE if ignores else ssl.CERT_OPTIONAL
                return super().get_request()

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", int(flags["secure-port"])), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ROOT + flags["tls-cert-file"], ROOT + flags["tls-private-key-file"])
        context.load_verify_locations(ROOT + flags["client-ca-file"])
        context.verify_mode = ssl.CERT_OPTIONAL
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def user(self, authorization):
        """Who sends that header, or None."""
        kind, _, token = (authorization or "").partition(" ")
        status = self.review(token) if kind == "Bearer" else {}
        if not status.get("authenticated"):
            return None
        return {**status["user"], "groups": [*status["user"].get("groups", []), "system:authenticated"]}

    def may_do_everything(self, user):
        bound = [subject["name"] for binding in objects()["bindings"].values() for subject in binding["subjects"]]
        return user is ADMIN or any(group in bound for group in user["groups"])

    def answer(self, method, path, body, user):
        if user is None:
            return 401, {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "code": 401,
                "reason": "Unauthorized",
                "message": "Unauthorized",
            }
        if path.startswith("/apis/authentication.k8s.io/v1/selfsubjectreviews"):
            return 201, {
                "kind": "SelfSubjectReview",
                "apiVersion": "authentication.k8s.io/v1",
                "metadata": {},
                "status": {"userInfo": user},
            }
        if not self.may_do_everything(user):
            return 403, {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "code": 403,
                "reason": "Forbidden",
                "message": f"{path} is forbidden",
            }
        if path == "/apis/authentication.k8s.io/v1/tokenreviews":
            if (self.webhook and mode() == "refuses reviews") or mode() == "refuses every review":
                return 403, {"kind": "Status", "message": "tokenreviews is forbidden"}
            return 201, {**body, "status": self.review(body["spec"]["token"])}
        if path == BINDINGS and method == "POST":
            if mode() == "refuses bindings":
                return 403, {"kind": "Status", "message": "clusterrolebindings is forbidden"}
            objects(lambda held: held["bindings"].update({body["metadata"]["name"]: body}))
            return 201, body
        if path.startswith(BINDINGS + "/"):
            found = objects()["bindings"].get(path.rsplit("/", 1)[1])
            if found and method == "DELETE":
                objects(lambda held: held["bindings"].pop(found["metadata"]["name"]))
            return (200, found) if found else (404, {"kind": "Status", "message": "not found"})
        if path.startswith((PODS, NODES)):
            if "refuses lists" in mode():
                return 403, {"kind": "Status", "message": "nodes is forbidden"}
            return 200, {"kind": "List", "items": self.pods() if path.startswith(PODS) else self.nodes()}
        if path == ENDPOINTS:
            servers = objects().get("servers")
            endpoints = [{"addresses": [f"10.0.0.{number}"]} for number in range(servers or 0)]
            return (200, {"endpoints": endpoints}) if servers else (404, {"kind": "Status", "message": "not found"})
        if path == CONFIGMAP:
            held = objects()["configmap"]
            if held is None:
                return 404, {"kind": "Status", "message": "not found"}
            if method == "PATCH":
                if mode() == "refuses kubeadm's configuration":
                    return 403, {"kind": "Status", "message": "configmaps is forbidden"}
                if body["metadata"]["resourceVersion"] != held["metadata"]["resourceVersion"]:
                    return 409, {"kind": "Status", "message": "the object has been modified"}
                held["data"].update(body["data"])
                held["metadata"]["resourceVersion"] += "1"
                objects(lambda all: all.update(configmap=held))
            return 200, held
        return 404, {"kind": "Status", "message": "not found"}

    # The control plane, as kubelets publish it: this node, and the others of `objects.json`. An API server that is no
    # pod (k3s) has no command line that could be read.

    def pods(self):
        others = [(o["name"], o["webhook"]) for o in objects().get("others", []) if o["webhook"] is not None]
        own = self.flags.get("authentication-token-webhook-config-file")
        found = []
        for name, webhook in [*([] if DROPIN else [(NAME, own)]), *others]:
            command = ["kube-apiserver", "--allow-privileged=true"]
            if webhook:
                command.append(f"--authentication-token-webhook-config-file={webhook}")
            container = {"name": "kube-apiserver", "command": command}
            found.append(
                {
                    "metadata": {"name": f"kube-apiserver-{name}"},
                    "spec": {"nodeName": name.lower(), "containers": [container]},
                }
            )
        return found

    def nodes(self):
        """k3s and RKE2 publish the arguments of each node, those of their files included."""
        own = [("--kube-apiserver-arg", f"{name}={value}") for name, value in self.flags.items()] if DROPIN else None
        arguments = {NAME: own and ["server", *[word for pair in own for word in pair]]}
        for other in objects().get("others", []):
            arguments[other["name"]] = other.get("arguments")
        return [
            {
                "metadata": {
                    "name": name.lower(),
                    "annotations": {"k3s.io/node-args": json.dumps(words)} if words else {},
                }
            }
            for name, words in arguments.items()
        ]

    def review(self, token):
        if not self.webhook:
            return {"user": {}, "error": "[invalid bearer token, square/go-jose: error in cryptographic primitive]"}
        try:
            status = self.webhook.review(token, self.version)
        except Exception as problem:
            return {"user": {}, "error": f'[invalid bearer token, Post "{self.webhook.url}?timeout=30s": {problem}]'}
        if status.get("error"):
            return {"user": {}, "error": f"[invalid bearer token, {status['error']}]"}
        return status


def pods():
    """The files that a kubelet runs: every file in the folder whose name does not start with a dot; no devices."""
    found = {}
    for path in filter(os.path.isfile, glob.glob(f"{MANIFESTS}/*")):
        try:
            with open(path, newline="") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        if os.path.basename(path) not in ("kube-apiserver.yaml", "kube-entra.yaml"):
            log(f"unexpected file {path}")
        found[path] = text
    return found


def flags(text):
    container = next(c for c in yaml.safe_load(text)["spec"]["containers"] if c["name"] == "kube-apiserver")
    return dict(word[2:].split("=", 1) for word in container["command"] if word.startswith("--"))


def drop_in_flags(base):
    with open(base) as file:
        all = flags(file.read())
    if os.path.exists(ROOT + DROPIN):
        with open(ROOT + DROPIN) as file:
            all.update(word.split("=", 1) for word in yaml.safe_load(file)["kube-apiserver-arg+"])
    return all


def run_pod(text):
    container = yaml.safe_load(text)["spec"]["containers"][0]
    return run_as(container["securityContext"]["runAsUser"], [os.environ["KUBE_ENTRA"], *container["args"]])


def run_as(user, words):
    with open(f"{STATE}/webhook.log", "ab") as output:
        process = subprocess.Popen(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
    with open(f"{STATE}/webhook.pid", "w") as file:
        file.write(str(process.pid))
    return process


class Kubelet:
    def __init__(self):
        self.running, self.server, self.webhook, self.pod, self.service = None, None, None, None, None

    def wanted(self):
        if DROPIN:
            try:
                return open(f"{STATE}/restarted").read()
            except FileNotFoundError:
                return "once"
        return pods().get(f"{MANIFESTS}/kube-apiserver.yaml")

    def services(self):
        """Acts as systemd for the unit: starts it on `systemctl`, and notices its end."""
        if self.service:
            # An ended one holds its user until somebody asks how it ended.
            self.service.poll()
        if os.path.exists(f"{STATE}/start"):
            with open(f"{STATE}/start") as file:
                user, *words = file.read().split()
            self.service = run_as(user, words)
            # systemctl waits for that.
            os.remove(f"{STATE}/start")

    def turn(self):
        self.services()
        wanted = self.running if "notices nothing" in mode() else self.wanted()
        if wanted != self.running or (wanted and not self.server):
            if self.server:
                self.server.stop()
                self.server = None
                log("stopped")
            self.running = wanted
            if wanted:
                try:
                    self.server = APIServer(drop_in_flags(f"{STATE}/base.yaml") if DROPIN else flags(wanted))
                    log("started " + ("with" if self.server.webhook else "without") + " the webhook")
                except Exception as problem:
                    log(f"failed to start: {problem}")
        pod = pods().get(f"{MANIFESTS}/kube-entra.yaml")
        if pod != self.pod:
            if self.webhook:
                self.webhook.terminate()
                self.webhook.wait()
            self.webhook = run_pod(pod) if pod else None
            self.pod = pod


def main():
    kubelet = Kubelet()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            kubelet.turn()
            time.sleep(0.1)
    finally:
        for process in (kubelet.webhook, kubelet.service):
            if process:
                process.kill()
                process.wait()


main()
