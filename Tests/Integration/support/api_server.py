"""An API server's stand-in that keeps objects, for kubectl and helm: it creates, reads, lists, changes and deletes, and
refuses the changes that a real one refuses too."""

import base64
import contextlib
import json
import re
import threading
import time
from urllib.parse import parse_qs, urlsplit

import yaml
from json_server import JSONHandler, serving

# Kind, plural, and whether it is in a namespace, by group and version.
KINDS = {
    "v1": [
        ("ConfigMap", "configmaps", True),
        ("Namespace", "namespaces", False),
        ("Pod", "pods", True),
        ("Secret", "secrets", True),
        ("Service", "services", True),
    ],
    "apps/v1": [("DaemonSet", "daemonsets", True), ("Deployment", "deployments", True)],
    "networking.k8s.io/v1": [("NetworkPolicy", "networkpolicies", True)],
    "policy/v1": [("PodDisruptionBudget", "poddisruptionbudgets", True)],
    "rbac.authorization.k8s.io/v1": [("ClusterRoleBinding", "clusterrolebindings", False)],
    "cert-manager.io/v1": [("Certificate", "certificates", True)],
    "monitoring.coreos.com/v1": [("ServiceMonitor", "servicemonitors", True)],
}
# What cannot change once it is there.
FIXED = {
    "ClusterRoleBinding": ("roleRef",),
    "Deployment": ("spec", "selector"),
    "DaemonSet": ("spec", "selector"),
    "Service": ("spec", "clusterIP"),
}
PLACE = re.compile(
    r"/(?:api|apis)/(?P<version>v1|[a-z0-9.-]+/v1)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?$"
)


def merged(old, new):
    """RFC 7396; strategic merge patches of this project's objects change no list in part."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    made = {name: value for name, value in old.items() if name not in new}
    for name, value in new.items():
        if value is not None and not name.startswith("$"):
            made[name] = merged(old.get(name, {}) if isinstance(value, dict) else None, value)
    return made


def fields(data):
    """The fields of a message of Protocol Buffers, as (number, value)."""
    position = 0

    def number():
        nonlocal position
        value, shift = 0, 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        tag = number()
        size = number()
        if tag & 7 == 2:
            yield tag >> 3, data[position : position + size]
            position += size


def from_protobuf(data):
    """A Secret or Namespace as kubectl and helm send it: what they need of it."""
    (types, raw) = (value for number, value in fields(data.removeprefix(b"k8s\0")) if number in (1, 2))
    version, kind = (value.decode() for number, value in fields(types) if number in (1, 2))
    made = {"apiVersion": version, "kind": kind, "metadata": {"labels": {}, "annotations": {}}}
    for number, value in fields(raw):
        if number == 1:
            for inner, text in fields(value):
                if inner in (1, 3):
                    made["metadata"][{1: "name", 3: "namespace"}[inner]] = text.decode()
                elif inner in (11, 12):
                    entry = dict(fields(text))
                    made["metadata"][{11: "labels", 12: "annotations"}[inner]][entry[1].decode()] = entry[2].decode()
        elif kind == "Secret" and number == 2:
            entry = dict(fields(value))
            made.setdefault("data", {})[entry[1].decode()] = base64.b64encode(entry[2]).decode()
        elif kind == "Secret" and number == 3:
            made["type"] = value.decode()
    return made


def at(value, path):
    for name in path:
        value = (value or {}).get(name)
    return value


class Cluster:
    """Objects by version, plural, namespace and name."""

    def __init__(self):
        self.objects = {}
        self.lock = threading.Lock()
        self.count = 0

    def of(self, kind):
        with self.lock:
            return {made["metadata"]["name"]: made for made in self.objects.values() if made["kind"] == kind}

    def add(self, plural, made, namespace=""):
        self.put(("v1", plural, namespace, made["metadata"]["name"]), made)

    def put(self, key, made):
        self.count += 1
        metadata = made.setdefault("metadata", {})
        metadata.setdefault("uid", f"00000000-0000-0000-0000-{self.count:012}")
        metadata.setdefault("creationTimestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        metadata.update(resourceVersion=str(self.count), generation=1)
        if made["kind"] == "Deployment":
            replicas = made["spec"]["replicas"]
            names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
            made["status"] = {"observedGeneration": 1, **dict.fromkeys(names, replicas)}
        self.objects[key] = made
        return made


class Refusal(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
        }


class Handler(JSONHandler):
    cluster = None

    def sent(self):
        data = self.received()
        return from_protobuf(data) if data.startswith(b"k8s\0") else json.loads(data)

    def respond(self, method):
        try:
            self.answer(*method())
        except Refusal as refusal:
            self.answer(refusal.status["code"], refusal.status)

    def do_GET(self):
        self.respond(self.get)

    def do_POST(self):
        self.respond(self.post)

    def do_PUT(self):
        self.respond(self.put)

    def do_PATCH(self):
        self.respond(self.patch)

    def do_DELETE(self):
        self.respond(self.delete)

    def place(self):
        """The version, plural, namespace and name that the request is about, and its query."""
        url = urlsplit(self.path)
        match = PLACE.fullmatch(url.path)
        known = match and [kind for kind in KINDS.get(match["version"], []) if kind[1] == match["plural"]]
        if not known:
            raise Refusal(404, "NotFound", f"there is no {url.path}")
        key = (match["version"], match["plural"], match["namespace"] or "", match["name"])
        return key, known[0][0], {name: values[0] for name, values in parse_qs(url.query).items()}

    def found(self, key):
        made = self.cluster.objects.get(key)
        if made is None:
            raise Refusal(404, "NotFound", f'{key[1]} "{key[3]}" not found')
        return made

    def store(self, key, kind, made):
        before = self.cluster.objects.get(key)
        fixed = FIXED.get(kind)
        if before and fixed and at(before, fixed) != at(made, fixed):
            raise Refusal(422, "Invalid", f"{kind} {key[3]} is invalid: {'.'.join(fixed)}: cannot change")
        return self.cluster.put(key, made)

    def get(self):
        path = urlsplit(self.path).path.rstrip("/")
        if path.startswith("/openapi/v3"):
            return 200, openapi(path)
        if path in ("/api", "/apis", "/version") or path.removeprefix("/apis/").removeprefix("/api/") in KINDS:
            return 200, discovery(path)
        key, kind, query = self.place()
        with self.cluster.lock:
            if key[3]:
                return 200, self.found(key)
            wanted = dict(pair.split("=", 1) for pair in query.get("labelSelector", "").split(",") if "=" in pair)
            name = query.get("fieldSelector", "").removeprefix("metadata.name=")
            items = [
                made
                for place, made in self.cluster.objects.items()
                if place[:2] == key[:2]
                and key[2] in ("", place[2])
                and name in ("", place[3])
                and wanted.items() <= made["metadata"].get("labels", {}).items()
            ]
            version = str(self.cluster.count)
        if query.get("watch") in ("1", "true"):
            return 200, self.events(items, kind, key[0], version)
        return 200, {
            "kind": kind + "List",
            "apiVersion": key[0],
            "metadata": {"resourceVersion": version},
            "items": items,
        }

    @staticmethod
    def events(items, kind, version, resource_version):
        """A watch that ends after what is there now."""
        end = {"resourceVersion": resource_version, "annotations": {"k8s.io/initial-events-end": "true"}}
        events = [{"type": "ADDED", "object": made} for made in items]
        events.append({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": version, "metadata": end}})
        return "".join(json.dumps(event) + "\n" for event in events)

    def post(self):
        key, kind, query = self.place()
        made = self.sent()
        key = (*key[:3], made["metadata"]["name"])
        with self.cluster.lock:
            if key in self.cluster.objects:
                raise Refusal(409, "AlreadyExists", f'{key[1]} "{key[3]}" already exists')
            return 201, made if "dryRun" in query else self.store(key, kind, made)

    def put(self):
        key, kind, _ = self.place()
        made = self.sent()
        with self.cluster.lock:
            self.found(key)
            return 200, self.store(key, kind, made)

    def patch(self):
        key, kind, _ = self.place()
        how, made = self.headers["Content-Type"], yaml.safe_load(self.received())
        with self.cluster.lock:
            if how == "application/apply-patch+yaml":
                return 200, self.store(key, kind, made)
            return 200, self.store(key, kind, merged(self.found(key), made))

    def delete(self):
        key, _, _ = self.place()
        self.received()
        with self.cluster.lock:
            made = self.found(key)
            del self.cluster.objects[key]
        return 200, made


def openapi(path):
    """Enough for kubectl to see that the server itself refuses unknown fields."""
    version = path.removeprefix("/openapi/v3").lstrip("/")
    if not version:
        places = [("api/" if name == "v1" else "apis/") + name for name in KINDS]
        return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places}}
    group, _, name = version.removeprefix("api/").removeprefix("apis/").rpartition("/")
    parameters = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]
    paths = {}
    for kind, plural, _ in KINDS[f"{group}/{name}".lstrip("/")]:
        what = {"group": group, "version": name, "kind": kind}
        patch = {"x-kubernetes-group-version-kind": what, "parameters": parameters, "responses": {}}
        paths[f"/{version}/{plural}/{{name}}"] = {"patch": patch}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.34.0"}, "paths": paths}


def discovery(path):
    if path == "/version":
        return {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        versions = [{"groupVersion": name, "version": "v1"} for name in KINDS if "/" in name]
        groups = [
            {"name": version["groupVersion"].split("/")[0], "versions": [version], "preferredVersion": version}
            for version in versions
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    name = path.removeprefix("/apis/").removeprefix("/api/")
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    resources = [
        {"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}
        for kind, plural, namespaced in KINDS[name]
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": resources}


@contextlib.contextmanager
def cluster():
    """A cluster without objects, and its address."""
    made = Cluster()
    handler = type("ClusterHandler", (Handler,), {"cluster": made})
    with serving(handler) as port:
        yield made, f"http://127.0.0.1:{port}"
