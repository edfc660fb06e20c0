"""A stand-in API server and plugin, and `doctor` beside them."""

import json
import subprocess

import yaml
from json_server import JSONHandler
from programs import BINARY
from signed_tokens import SERVER, TENANT, token

OTHER = "99999999-2222-3333-4444-555555555555"
ARGUMENTS = ["get-token", "--login", "devicecode", "--server-id", SERVER, "--tenant-id", TENANT]
ADA = {"username": "ada@example.com", "uid": "1", "groups": ["kube-entra:cluster-admins", "system:authenticated"]}
BASIC = {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"]}
ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
SOME = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
SEEN = []
# What kubectl reads before it asks about a resource.
DISCOVERY = {
    "api": {"kind": "APIVersions", "versions": ["v1"]},
    "apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": name, "singularName": name[:-1], "namespaced": True, "kind": kind, "verbs": ["get"]}
            for name, kind in (("pods", "Pod"), ("secrets", "Secret"))
        ],
    },
}
# By how many seconds the server's clock is ahead of this host's; None if it does not say what time it has.
OFFSETS = {"slow": 450, "fast": -450, "day-slow": 86_400, "day-fast": -86_400, "slightly-fast": -50, "dateless": None}


class APIServer(JSONHandler):
    """The first part of the path chooses how it behaves."""

    def do_GET(self):
        way, _, path = self.path[1:].partition("/")
        path = path.partition("?")[0]
        if path in DISCOVERY:
            return self.answer(200, DISCOVERY[path])
        assert path == "version" and "Authorization" not in self.headers
        if way == "down":
            return self.answer(503, {})
        self.answer(200, {"gitVersion": "v1.34.1"}, OFFSETS.get(way, 0))

    def review(self, path):
        """What was sent. Of kubectl's protobuf, only what is needed here is read."""
        body = self.received()
        if not body.startswith(b"k8s\0"):
            return json.loads(body)
        _, group, version, _ = path.split("/")
        resource = "pods" if b"pods" in body else "secrets"
        kind = "SelfSubjectAccessReview"
        return {
            "kind": kind,
            "apiVersion": f"{group}/{version}",
            "spec": {"resourceAttributes": {"resource": resource}},
        }

    def do_POST(self):
        way, _, path = self.path[1:].partition("/")
        sent = self.review(path)
        SEEN.append((way, path, self.headers["Authorization"], self.headers))
        if way == "refuses":
            return self.answer(401, {"kind": "Status", "message": "no: " + self.headers["Authorization"]})
        if "selfsubjectreviews" in path:
            if way == "old" or (way == "older" and not path.endswith("v1beta1/selfsubjectreviews")):
                return self.answer(404, {})
            user = {
                "anonymous": {"username": "system:anonymous"},
                "other": ADA | {"username": "bob"},
                "hidden-developer": ADA | {"groups": ["developers", "system:authenticated"]},
                "hidden-nobody": ADA | {"groups": ["developers", "system:authenticated"]},
            }.get(way, ADA)
            return self.answer(
                201, {"kind": "SelfSubjectReview", "apiVersion": sent["apiVersion"], "status": {"userInfo": user}}
            )
        if way == "no-rules":
            return self.answer(403, {})
        if "selfsubjectaccessreviews" in path:
            asked = sent["spec"]["resourceAttributes"]
            if way == "hidden-silent":
                return self.answer(201, {"kind": "Status", "status": {"allowed": True}})
            if asked["resource"] == "*":
                assert (asked["verb"], asked["group"], asked["namespace"]) == ("*", "*", "team")
            allowed = (asked["resource"] == "pods" and way != "hidden-nobody") or way == "hidden-admin"
            return self.answer(201, sent | {"status": {"allowed": allowed}})
        is_hidden = way.startswith("hidden")
        rules = {"unbound": [BASIC], "some": [BASIC, SOME]}.get(way, [BASIC] if is_hidden else [BASIC, ALL])
        self.answer(
            201,
            {
                "kind": "SelfSubjectReview" if way == "odd" else "SelfSubjectRulesReview",
                "apiVersion": sent["apiVersion"],
                "status": {"resourceRules": rules, "nonResourceRules": [], "incomplete": is_hidden},
            },
        )


class Bench:
    """One kubeconfig and one plugin, both changed by tests before doctor is run."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.cluster = {"server": f"https://127.0.0.1:{port}/ok", "certificate-authority": "certs/ca.crt"}
        self.exec = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": list(ARGUMENTS),
            "installHint": "get kubelogin somewhere\nand more",
        }
        self.user = {"exec": self.exec}
        self.path = f"{folder}/bin:/usr/bin:/bin"
        self.given = token()
        self.variables = {}
        self.gives(self.given)

    def way(self, name):
        self.cluster["server"] = f"https://127.0.0.1:{self.port}/{name}"

    def gives(self, given, version="v1beta1"):
        self.given = given
        self.plugin(
            "cat <<'END'\n"
            + json.dumps(
                {
                    "kind": "ExecCredential",
                    "apiVersion": "client.authentication.k8s.io/" + version,
                    "spec": {},
                    "status": {"token": given, "expirationTimestamp": "2030-01-01T00:00:00Z"},
                }
            )
            + "\nEND"
        )

    def plugin(self, script):
        path = self.folder / "bin/kubelogin"
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)

    def write(self, name="kubeconfig"):
        (self.folder / name).write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "here",
                    "clusters": [{"name": "c", "cluster": self.cluster}],
                    "users": [{"name": "u", "user": self.user}],
                    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
                }
            )
        )

    def run(self, *arguments, status, output="json"):
        self.write()
        if (
            not any(argument.startswith("--kubeconfig") for argument in arguments)
            and "KUBECONFIG" not in self.variables
        ):
            arguments = ("--kubeconfig", "kubeconfig", *arguments)
        done = subprocess.run(
            [BINARY, "doctor", "--output", output, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": self.path, "HOME": str(self.folder / "empty")} | self.variables,
        )
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        for part in self.given.split("."):
            assert len(part) < 24 or part not in done.stdout + done.stderr
        if output == "text":
            assert all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout
            return done.stdout
        self.stderr = done.stderr
        return json.loads(done.stdout)


CONFIG = ("--config", "config.yaml")


def steps(report):
    return {step["name"]: step["status"] for step in report["steps"]}


def problem(bench, name, sentence, *arguments, hint="", status=1):
    report = bench.run(*arguments, status=status)
    assert report["problem"] == name, report["steps"]
    assert report["verdict"] == ("failed" if status == 1 else "unknown")
    assert sentence in report["message"], report["message"]
    assert hint in (report["hint"] or ""), report["hint"]
    return report
