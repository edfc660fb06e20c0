"""A second evaluation of RBAC, written from the Kubernetes documentation alone, to compare the program with."""

import json

GUID_FORM = (8, 4, 4, 4, 12)
EVERYBODY = "system:authenticated"
MASTERS = "system:masters"


def is_object_id(text):
    parts = text.split("-")
    return tuple(map(len, parts)) == GUID_FORM and all(c in "0123456789abcdef" for c in "".join(parts))


def rule_allows(rule, question):
    """Whether one rule of a role allows a request."""
    if question["verb"] not in rule["verbs"] and "*" not in rule["verbs"]:
        return False
    if question["path"] is not None:
        for url in rule["nonResourceURLs"]:
            if url in ("*", question["path"]):
                return True
            if url.endswith("*") and question["path"].startswith(url.rstrip("*")):
                return True
        return False
    if question["group"] not in rule["apiGroups"] and "*" not in rule["apiGroups"]:
        return False
    wanted = {"*", question["resource"]}
    if question["subresource"]:
        wanted = {"*", question["resource"] + "/" + question["subresource"], "*/" + question["subresource"]}
    if not wanted & set(rule["resources"]):
        return False
    return not rule["resourceNames"] or (question["name"] or "") in rule["resourceNames"]


def selects(selector, labels):
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        holds = {
            "In": key in labels and labels[key] in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[expression["operator"]]
        if not holds:
            return False
    return True


class Cluster:
    """Objects as the API server has them."""

    def __init__(self, objects):
        self.roles = {}
        self.bindings = []
        self.known = {}
        for thing in objects:
            meta = thing["metadata"]
            if thing["kind"] in ("Role", "ClusterRole"):
                key = (thing["kind"], meta.get("namespace") if thing["kind"] == "Role" else None, meta["name"])
                self.roles[key] = thing
            else:
                self.bindings.append(thing)

    def rules(self, key):
        """A role's rules, with those of all roles that it aggregates, transitively."""
        found, waiting = {}, [key]
        while waiting:
            current = waiting.pop()
            if current in found or current not in self.roles:
                continue
            role = self.roles[current]
            found[current] = role.get("rules") or []
            selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []
            for other, candidate in self.roles.items():
                if other[0] == "ClusterRole" and any(
                    selects(selector, candidate["metadata"].get("labels", {})) for selector in selectors
                ):
                    waiting.append(other)
        return [full(rule) for rules in found.values() for rule in rules]

    def given(self, binding):
        """The rules that a binding grants, and the namespace; None means everywhere."""
        place = binding["metadata"].get("namespace") if binding["kind"] == "RoleBinding" else None
        reference = binding["roleRef"]
        key = (reference["kind"], place if reference["kind"] == "Role" else None, reference["name"])
        if key not in self.known:
            self.known[key] = self.rules(key)
        return key, place, self.known[key]


def full(rule):
    fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    return {field: rule.get(field) or [] for field in fields}


class Configuration:
    """What the webhook's configuration grants."""

    def __init__(self, tenant, admin_groups, mappings, roles, kubernetes):
        self.tenant = tenant
        self.kubernetes = kubernetes
        #: (kind, ID) → names
        self.grants = {}
        for group in admin_groups:
            self.grants.setdefault(("group", group), set()).update(kubernetes["adminGroups"])
        for group, names in mappings:
            self.grants.setdefault(("group", group), set()).update(names)
        for role, names in roles:
            self.grants.setdefault(("appRole", role), set()).update(names)

    def object_id(self, name):
        prefix = self.kubernetes["groupPrefix"]
        if self.kubernetes["groupObjectIDs"] != "include" or not name.startswith(prefix):
            return None
        rest = name[len(prefix) :]
        return rest if is_object_id(rest) else None

    def holders(self, group):
        """Who of Entra has a Kubernetes group: (kind, tenant, ID)."""
        found = {(kind, self.tenant, key) for (kind, key), names in self.grants.items() if group in names}
        known = self.object_id(group)
        if known:
            found.add(("group", self.tenant if ("group", known) in self.grants else None, known))
        return found

    def names_user(self, name):
        prefix = self.kubernetes["usernamePrefix"]
        if not name.startswith(prefix) or name.startswith("system:"):
            return False
        rest = name[len(prefix) :]
        if is_object_id(rest):
            return True
        is_guest = "#ext#" in rest.lower() or "_ext_@" in rest.lower()
        if self.kubernetes["username"] == "oid" or rest.count("@") != 1 or is_guest:
            return False
        if self.kubernetes["username"] == "upnLowercase" and any("A" <= c <= "Z" for c in rest):
            return False
        return all(rest.split("@")) and " " not in rest


def who(cluster, configuration, question):
    """The whole answer of `rbac who`, as comparable sets."""
    entra, others = {}, {}
    for binding in cluster.bindings:
        key, place, rules = cluster.given(binding)
        if place is not None and (question["path"] is not None or question["namespace"] not in (None, place)):
            continue
        if not any(rule_allows(rule, question) for rule in rules):
            continue
        for subject in binding.get("subjects") or []:
            name = subject["name"]
            if subject["kind"] == "ServiceAccount":
                space = subject.get("namespace") or place
                if space is not None:
                    full_name = f"system:serviceaccount:{space}:{name}"
                    others.setdefault(("ServiceAccount", space, name), set()).add(
                        path(None, full_name, binding, key, place)
                    )
                continue
            if subject["kind"] == "Group":
                way = path(name, None, binding, key, place)
                holders = {("everybody", None, None)} if name == EVERYBODY else configuration.holders(name)
            else:
                way = path(None, name, binding, key, place)
                holders = {("user", None, name)} if configuration.names_user(name) else set()
            for holder in holders:
                entra.setdefault(holder, set()).add(way)
            if not holders:
                others.setdefault((subject["kind"], None, name), set()).add(way)
    for holder in configuration.holders(MASTERS):
        entra.setdefault(holder, set()).add((MASTERS, None, None, None, None))
    return entra, others


def explain(cluster, configuration, username, groups):
    """The rules of somebody: rule → paths."""
    held = {}
    if MASTERS in groups:
        masters = (MASTERS, None, None, None, None)
        held.setdefault(frozen(full({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})), set()).add(masters)
        held.setdefault(frozen(full({"verbs": ["*"], "nonResourceURLs": ["*"]})), set()).add(masters)
    for binding in cluster.bindings:
        key, place, rules = cluster.given(binding)
        for subject in binding.get("subjects") or []:
            if subject["kind"] == "Group" and subject["name"] in groups | {EVERYBODY}:
                way = path(subject["name"], None, binding, key, place)
            elif subject["kind"] == "User" and subject["name"] == username:
                way = path(None, username, binding, key, place)
            else:
                continue
            for rule in rules:
                if place is not None and rule["nonResourceURLs"]:
                    if not rule["resources"]:
                        continue
                    rule = dict(rule, nonResourceURLs=[])
                held.setdefault(frozen(rule), set()).add(way)
    return held


def frozen(rule):
    return json.dumps(full(rule), sort_keys=True, ensure_ascii=True)


def path(group, user, binding, role, place):
    return (group, user, (binding["kind"], place, binding["metadata"]["name"]), (role[0], role[1], role[2]), place)


def path_of(answer):
    """A path as the program prints it."""

    def name(thing):
        return None if thing is None else (thing["kind"], thing["namespace"], thing["name"])

    return (
        answer["kubernetesGroup"],
        answer["username"],
        name(answer["binding"]),
        name(answer["role"]),
        answer["namespace"],
    )
