"""Access reviews as kube-apiserver sends them."""

import json
import time

from entra import CLIENT, OBJECT, TENANT

OTHER = "0b1ec700-0000-0000-0000-0000000000ff"


def extra(**changes):
    values = {
        "oid": [OBJECT],
        "kube-entra.dev/tenant-id": [TENANT],
        "kube-entra.dev/token-issued-at": [str(int(time.time()) - 300)],
        "kube-entra.dev/client-app-id": [CLIENT],
        "kube-entra.dev/subject-kind": ["user"],
        "authentication.kubernetes.io/credential-id": ["JTI=abc_DEF-1"],
    }
    for name, value in changes.items():
        name = name if name == "oid" else "kube-entra.dev/" + name.replace("_", "-")
        if value is None:
            values.pop(name)
        else:
            values[name] = value
    return values


def body(version="v1", **changes):
    spec = {
        "user": "ada@example.com",
        "uid": OBJECT,
        "groups" if version == "v1" else "group": ["developers"],
        "extra": extra(),
        "resourceAttributes": {"namespace": "x", "verb": "get", "resource": "pods"},
    }
    spec.update(changes)
    return {
        "kind": "SubjectAccessReview",
        "apiVersion": f"authorization.k8s.io/{version}",
        "metadata": {"creationTimestamp": None},
        "spec": spec,
        "status": {"allowed": True},
    }


def ask(server, version="v1", **changes):
    code, text = server.post(json.dumps(body(version, **changes)), "/authorize?timeout=30s")
    assert code == 200, text
    answer = json.loads(text)
    assert (answer["kind"], answer["apiVersion"]) == ("SubjectAccessReview", f"authorization.k8s.io/{version}")
    assert answer["status"]["allowed"] is False
    return answer["status"]


def why(status):
    if not status.get("denied"):
        assert status == {"allowed": False}
        return None
    prefix, code, _ = status["reason"].split(": ", 2)
    assert prefix == "kube-entra" and " (decision " in status["reason"]
    return code


def selector_of(megabytes):
    """An access review whose label selector has so many megabytes, in the form that kube-apiserver sends."""
    requirement = {"key": "a", "operator": "Exists"}
    count = megabytes * 1_000_000 // len(json.dumps(requirement) + ", ")
    attributes = {"verb": "list", "resource": "pods", "labelSelector": {"requirements": [requirement] * count}}
    # They come before the user, so that the webhook does not know the user until the end.
    rest = body(extra=extra(oid=[OTHER]))["spec"]
    del rest["resourceAttributes"]
    spec = {"resourceAttributes": attributes, **rest}
    return json.dumps({**body(), "spec": spec})
