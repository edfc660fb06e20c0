"""A stand-in for the Azure CLI, with Entra in a file."""

import os
import sys

import jmespath

# Keeps objects in a file, answers as Microsoft Graph does, and refuses anything but JSON. With AZ_FAIL=each:STATUS,
# every kind of call fails the first time; with TEXT:STATUS, the first call that contains the text. A call that fails
# changes nothing; with TEXT:STATUS:after, it changes everything first.
AZ = (
    rf"#!{os.path.realpath(sys.executable)} -SE"
    + r"""
import json, os, re, sys, uuid
sys.path.append(@SITE@)
store = os.environ["AZ_STORE"]
held = json.load(open(store)) if os.path.exists(store) else {"applications": {}, "groups": {}, "principals": {}, "grants": [], "members": []}
words = sys.argv[1:]
if words == ["rest", "--help"]:
    sys.exit(0)
def option(name):
    return words[words.index(name) + 1] if name in words else None
def save():
    json.dump(held, open(store, "w"))
ERRORS = {
    "403": 'Forbidden({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges."}})',
    "429": 'Too Many Requests({"error":{"code":"TooManyRequests","message":"Too many requests."}})',
    "500": 'Internal Server Error({"error":{"code":"InternalServerError","message":"Something failed."}})',
}
which, status, *when = os.environ.get("AZ_FAIL", "none:500").split(":")
held["calls"] = held.get("calls", 0) + 1
kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", " ".join(words))
failed = held.setdefault("failed", [])
fails = kind not in failed if which == "each" else which in kind and not failed
if fails:
    failed.append(kind)
def fail():
    save(); print("ERROR:", ERRORS[status], file=sys.stderr); sys.exit(1)
if fails and not when:
    fail()
if words[:2] == ["account", "show"]:
    # Entra is not asked.
    print("11111111-2222-3333-4444-555555555555"); sys.exit(0)
def say(value):
    if fails:
        fail()
    if value is not None:
        print(value)
    save(); sys.exit(0)
if words[0] == "rest":
    url, method = option("--url"), option("--method")
    body = json.loads(option("--body")) if option("--body") else None
    path = url.split("/v1.0/")[1].split("/")
    if path[0] in ("applications", "groups"):
        if method == "get" and len(path) == 1:
            name = re.search(r"displayName eq '(.*?)'", " ".join(words)).group(1)
            say("\n".join(i for i, o in held[path[0]].items() if o["displayName"] == name) or None)
        if method == "post":
            assert len(body.get("mailNickname", "")) <= 64
            body["id"] = str(uuid.uuid4()); body["appId"] = str(uuid.uuid4())
            body["createdDateTime"] = "2026-11-30T00:00:00Z"
            held[path[0]][body["id"]] = body
            say(body["id"])
        if path[2:] in (["owners"], ["members"]):
            people = held.get(path[2], {})
            people = people.get(path[1], []) if isinstance(people, dict) else [[one, one, one] for one in people]
            say("\n".join("\t".join(who) for who in people) or None)
        found = held[path[0]][path[1]]
        if method == "patch":
            for key, value in body.items():
                found[key] = {**found[key], **value} if isinstance(value, dict) and key in found else value
            say(None)
        import jmespath
        answer = jmespath.search(option("--query"), found)
        say(json.dumps(answer) if option("--output") == "json" else answer)
    if path[-1].startswith("appRoleAssign"):
        if method == "post":
            assert all(body[key] for key in ("principalId", "resourceId", "appRoleId"))
            held["grants"].append(body); say(None)
        wanted = re.search(r"=='(.*?)'", option("--query")).group(1)
        say("\n".join("grant" for g in held["grants"] if wanted in g.values()) or None)
if words[:3] in (["ad", "sp", "show"], ["ad", "sp", "create"]):
    app = option("--id")
    if words[2] == "show" and "appRoles" in option("--query"):
        say("role-" + re.search(r"value=='(.*?)'", option("--query")).group(1))
    if words[2] == "show" and app not in held["principals"] and not app.startswith("00000003"):
        save(); print("ERROR: Service principal does not exist.", file=sys.stderr); sys.exit(3)
    say(held["principals"].setdefault(app, str(uuid.uuid4())))
if words[:3] == ["ad", "signed-in-user", "show"]: say("me")
if words[:4] == ["ad", "group", "member", "check"]: say(str(option("--member-id") in held["members"]).lower())
if words[:4] == ["ad", "group", "member", "add"]: held["members"].append(option("--member-id")); say(None)
if words[:4] == ["ad", "app", "credential", "reset"]: say("a-secret")
print("az: not understood:", words, file=sys.stderr); sys.exit(2)
"""
).replace("@SITE@", repr(os.path.dirname(os.path.dirname(jmespath.__file__))))
