"""A Microsoft Graph that uses no code of the program, with the token endpoint and the metadata service beside it. All
of them can misbehave."""

import json
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from entra import ADMINS, OBJECT, PLAIN
from ports import free_port


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass

    def serve(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self.server_address[1]


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body, headers=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Graph:
    """Records questions in `requests` as (path, body, authorization), and forms of token requests in `tokens`."""

    def __init__(self, certificates):
        graph = self
        self.members = {OBJECT: {ADMINS, PLAIN}}
        #: What is behind object IDs: (type, display name).
        self.objects = {}
        self.requests, self.tokens, self.times = [], [], []
        self.fault = self.token_fault = None
        self.delay = self.token_delay = 0
        self.page_size = 100
        self.lifetime = 3599
        # What `$batch` is asked: accounts by object ID, parts as (time, method, url, body), and a fault for a part.
        self.accounts = {}
        self.batches, self.parts = [], []
        # The port that each batch came from, answered or not.
        self.batch_ports = []
        self.part_fault = None
        self.secret = "s3cret+/="
        self.issued = self.running = self.most_at_once = 0
        self.lock = threading.Lock()

        class Handler(Answering):
            def do_POST(self):
                body = self.body()
                if self.path.endswith("/oauth2/v2.0/token"):
                    return graph.token(self, dict(urllib.parse.parse_qsl(body.decode())))
                with graph.lock:
                    graph.running += 1
                    graph.most_at_once = max(graph.most_at_once, graph.running)
                    graph.times.append(time.time())
                    graph.requests.append((self.path, json.loads(body), self.headers.get("Authorization")))
                    count = len(graph.requests)
                    if self.path == "/v1.0/$batch":
                        graph.batch_ports.append(self.client_address[1])
                try:
                    time.sleep(graph.delay)
                    if graph.fault and graph.fault(self, count):
                        return
                    graph.question(self, json.loads(body))
                finally:
                    with graph.lock:
                        graph.running -= 1

            def do_GET(self):
                graph.requests.append((self.path, None, self.headers.get("Authorization")))
                offset = int(self.path.split("skip=")[1])
                self.answer(200, graph.page(sorted(next(iter(graph.members.values()))), offset))

        self.server = Server(("127.0.0.1", free_port()), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.path("entra.crt"), certificates.path("entra.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.base = f"https://localhost:{self.server.serve()}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def question(self, handler, body):
        if handler.headers.get("Authorization") != f"Bearer app-token-{self.issued}":
            return handler.answer(401, {})
        if handler.path == "/v1.0/directoryObjects/getByIds":
            assert 1 <= len(body["ids"]) <= 1000
            found = [(one, self.objects[one]) for one in body["ids"] if one in self.objects]
            return handler.answer(
                200,
                {
                    "value": [
                        {"@odata.type": f"#microsoft.graph.{kind}", "id": one, "displayName": name}
                        for one, (kind, name) in found
                    ]
                },
            )
        if handler.path == "/v1.0/$batch":
            return self.batch(handler, body["requests"])
        _, version, kind, oid, action = handler.path.split("/")
        members = self.members.get(oid)
        if members is None:
            return handler.answer(404, {})
        if action == "checkMemberGroups":
            assert 1 <= len(body["groupIds"]) <= 20
            return handler.answer(200, {"value": [group for group in body["groupIds"] if group in members]})
        assert (action, body) == ("getMemberObjects", {"securityEnabledOnly": True})
        handler.answer(200, self.page(sorted(members), 0))

    def batch(self, handler, requests):
        assert 1 <= len(requests) <= 20
        now = time.time()
        self.batches.append((now, len(requests)))
        answers = []
        for request in requests:
            self.parts.append((now, request["method"], request["url"], request.get("body")))
            answer = self.part_fault(request) if self.part_fault else None
            status, body, *headers = answer or self.part(request)
            answers.append(
                {"id": request["id"], "status": status, "body": body, "headers": headers[0] if headers else {}}
            )
        # In any order.
        handler.answer(200, {"responses": answers[::-1]})

    def part(self, request):
        """Status and body of one question in a batch."""
        _, kind, rest = request["url"].split("/", 2)
        oid = rest.split("?")[0].split("/")[0]
        members = self.members.get(oid)
        if members is None:
            return 404, {"error": {"code": "Request_ResourceNotFound", "message": "gone"}}
        if request["method"] == "POST":
            assert rest == f"{oid}/checkMemberGroups" and 1 <= len(request["body"]["groupIds"]) <= 20
            return 200, {"value": [group for group in request["body"]["groupIds"] if group in members]}
        selected = "id,accountEnabled,signInSessionsValidFromDateTime" if kind == "users" else "id,accountEnabled"
        assert rest == f"{oid}?$select={selected}", rest
        account = {"accountEnabled": True, "signInSessionsValidFromDateTime": "2020-01-01T00:00:00Z"}
        account.update(self.accounts.get(oid, {}))
        return 200, {"id": oid, **{name: account[name] for name in selected.split(",")[1:]}}

    def page(self, groups, offset):
        end = offset + self.page_size
        answer = {"value": groups[offset:end]}
        if end < len(groups):
            answer["@odata.nextLink"] = f"{self.base}/v1.0/next?skip={end}"
        return answer

    def token(self, handler, form):
        self.tokens.append(form)
        time.sleep(self.token_delay)
        if self.token_fault:
            return self.token_fault(handler)
        if "client_secret" in form and form["client_secret"] != self.secret:
            return handler.answer(401, {"error": "invalid_client"})
        self.give_token(handler, self.lifetime)

    def give_token(self, handler, lifetime):
        with self.lock:
            self.issued += 1
            token = f"app-token-{self.issued}"
        handler.answer(200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"})


class MetadataService:
    """Gives a managed identity's tokens for a Graph, in plain HTTP, as Azure's machines do."""

    def __init__(self, graph):
        service = self
        self.requests = []

        class Handler(Answering):
            def do_GET(self):
                service.requests.append((self.path, dict(self.headers)))
                if self.headers.get("Metadata") != "true":
                    return self.answer(400, {})
                # As a string, like the real service.
                graph.give_token(self, "86399")

        self.server = Server(("127.0.0.1", free_port()), Handler)
        self.base = f"http://127.0.0.1:{self.server.serve()}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
