"""A stand-in for the Azure CLI, with Entra in a file."""

# Keeps objects in a file, answers as Microsoft Graph does, and refuses what is no JSON.
AZ = r"""#!/usr/bin/env python3
import json, os, re, sys, uuid
store = os.environ["AZ_STORE"]
held = json.load(open(store)) if os.path.exists(store) else {"applications": {}, "groups": {}, "principals": {}, "grants": [], "members": []}
words = sys.argv[1:]
def option(name):
    return words[words.index(name) + 1] if name in words else None
def save():
    json.dump(held, open(store, "w"))
def say(value):
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
            body["id"] = str(uuid.uuid4()); body["appId"] = str(uuid.uuid4())
            held[path[0]][body["id"]] = body
            say(body["id"])
        found = held[path[0]][path[1]]
        if method == "patch":
            for key, value in body.items():
                found[key] = {**found[key], **value} if isinstance(value, dict) and key in found else value
            say(None)
        say(found[option("--query")])
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
        sys.exit(3)
    say(held["principals"].setdefault(app, str(uuid.uuid4())))
if words[:3] == ["ad", "signed-in-user", "show"]: say("me")
if words[:4] == ["ad", "group", "member", "check"]: say(str(option("--member-id") in held["members"]).lower())
if words[:4] == ["ad", "group", "member", "add"]: held["members"].append(option("--member-id")); say(None)
if words[:2] == ["account", "show"]: say("11111111-2222-3333-4444-555555555555")
if words[:4] == ["ad", "app", "credential", "reset"]: say("a-secret")
print("az: not understood:", words, file=sys.stderr); sys.exit(2)
"""
