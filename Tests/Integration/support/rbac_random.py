"""Random roles, bindings, configurations and questions, to compare two evaluations of RBAC."""

import rbac_model

TENANT = "11111111-2222-3333-4444-555555555555"
OBJECTS = [f"{i:08x}-bbbb-cccc-dddd-eeeeffff0000" for i in range(12)]
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
VERBS = ["get", "list", "create", "deletecollection", "update", "bind", "*"]
API_GROUPS = ["", "apps", "example.com", "*"]
RESOURCES = ["pods", "pods/log", "widgets", "*/scale", "widgets/scale", "*", "*/log"]
NAMES = ["a", "b", COMPOSED, DECOMPOSED]
URLS = ["/healthz", "/healthz/*", "/api*", "*", "/metrics", "/a/**", "/b***"]
PATHS = ["/healthz", "/healthz/x", "/healthz/", "/api", "/apis/apps", "/metrics", "/a/", "/a/x", "/a", "/b", "/bc", "/"]
NAMESPACES = ["team-a", "team-b", "default"]
KUBERNETES_GROUPS = ["one", "two", "three", "One", COMPOSED, DECOMPOSED, "kube-entra:cluster-admins", "system:masters"]
USERS = [
    "alice@contoso.com",
    "Alice@contoso.com",
    "jane",
    "bob_x#EXT#@contoso.com",
    "bob_x_EXT_@contoso.com",
    "bob_x#eXt#@contoso.com",
    "system:kube-proxy",
]


def some(dice, choices, most=3, least=0):
    return [dice.choice(choices) for _ in range(dice.randint(least, most))]


def rule(dice):
    kind = dice.random()
    made = {"verbs": some(dice, VERBS, least=1)}
    if kind < 0.85:
        made["apiGroups"] = some(dice, API_GROUPS, 2, 1)
        made["resources"] = some(dice, RESOURCES, 3, 1)
        if dice.random() < 0.25:
            made["resourceNames"] = some(dice, NAMES, 2)
    if kind > 0.8:
        made["nonResourceURLs"] = some(dice, URLS, 2, 1)
    return made


def labels(dice):
    return {key: dice.choice(["x", "y"]) for key in ("one", "two", "three") if dice.random() < 0.3}


def selector(dice):
    made = {}
    if dice.random() < 0.7:
        made["matchLabels"] = {dice.choice(["one", "two", "three"]): dice.choice(["x", "y"])}
    if dice.random() < 0.3 or not made:
        operator = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        expression = {"key": dice.choice(["one", "two", "three"]), "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = some(dice, ["x", "y"], 2, 1)
        made["matchExpressions"] = [expression, {"key": "never", "operator": "DoesNotExist"}]
    return made


def subject(dice, prefixes):
    kind = dice.random()
    if kind < 0.55:
        name = dice.choice(
            KUBERNETES_GROUPS
            + ["system:authenticated", "system:nodes"]
            + [prefixes["group"] + one for one in OBJECTS]
            + [OBJECTS[0].upper()]
        )
        return {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    if kind < 0.85:
        name = dice.choice(USERS + OBJECTS)
        return {"kind": "User", "name": prefixes["user"] + name if dice.random() < 0.8 else name}
    made = {"kind": "ServiceAccount", "name": dice.choice(["bot", "runner"])}
    if dice.random() < 0.7:
        made["namespace"] = dice.choice(NAMESPACES)
    return made


def cluster(dice, prefixes, bindings=1000):
    """Random roles, and five times as many bindings of them. Some of the bound roles do not exist."""
    objects = []
    roles = bindings // 5
    for index in range(roles):
        role = {"kind": "ClusterRole", "metadata": {"name": f"role-{index}", "labels": labels(dice)}}
        if dice.random() < 0.15:
            role["aggregationRule"] = {"clusterRoleSelectors": [selector(dice) for _ in range(dice.randint(0, 2))]}
        role["rules"] = [rule(dice) for _ in range(dice.randint(0, 3))] or None
        objects.append(role)
    for index in range(roles // 2):
        place = dice.choice(NAMESPACES)
        meta = {"name": f"role-{index}", "namespace": place, "labels": labels(dice)}
        objects.append({"kind": "Role", "metadata": meta, "rules": [rule(dice)]})
    for index in range(bindings):
        is_wide = dice.random() < 0.4
        meta = {"name": f"binding-{index}"}
        if not is_wide:
            meta["namespace"] = dice.choice(NAMESPACES)
        kind = "ClusterRole" if is_wide or dice.random() < 0.6 else "Role"
        reference = {"kind": kind, "name": f"role-{dice.randint(0, roles + roles // 40)}"}
        objects.append(
            {
                "kind": "ClusterRoleBinding" if is_wide else "RoleBinding",
                "metadata": meta,
                "roleRef": reference,
                "subjects": [subject(dice, prefixes) for _ in range(dice.randint(0, 3))] or None,
            }
        )
    for thing in objects:
        thing["apiVersion"] = "rbac.authorization.k8s.io/v1"
    dice.shuffle(objects)
    return objects


def configuration(dice, prefixes):
    kubernetes = {
        "adminGroups": ["kube-entra:cluster-admins"],
        "username": dice.choice(["upn", "oid", "upnLowercase"]),
        "usernamePrefix": prefixes["user"],
        "groupObjectIDs": dice.choice(["include", "include", "drop"]),
        "groupPrefix": prefixes["group"],
    }
    admins = OBJECTS[:2]
    mappings = [(OBJECTS[2 + i], some(dice, KUBERNETES_GROUPS, 2, 1)) for i in range(4)]
    roles = [("Cluster.Viewer", some(dice, KUBERNETES_GROUPS, 2, 1))]
    text = {
        "apiVersion": "kube-entra.dev/v1",
        "kind": "WebhookConfiguration",
        "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "ca.crt"},
        "tenants": [
            {
                "tenantID": TENANT,
                "audiences": ["aaaaaaaa-0000-0000-0000-000000000000"],
                "adminGroupObjectIDs": admins,
                "groupMappings": [
                    {"groupObjectID": one, "kubernetesGroups": sorted(set(names))} for one, names in mappings
                ],
                "appRoleMappings": [{"appRole": one, "kubernetesGroups": sorted(set(names))} for one, names in roles],
            }
        ],
        "kubernetes": kubernetes,
    }
    return text, rbac_model.Configuration(TENANT, admins, mappings, roles, kubernetes)


def question_about(dice, objects):
    """A question to which a rule of these objects may say yes; the answer to most random questions is nobody."""
    rules = [one for thing in objects for one in thing.get("rules") or [] if one["verbs"]]
    if not rules:
        return question(dice)
    about = dice.choice(rules)
    urls = about.get("nonResourceURLs") or []
    if urls and (not about.get("resources") or dice.random() < 0.6):
        path = dice.choice(urls).rstrip("*") + dice.choice(["", "", "x", "/x"])
        return asked_of_path(dice.choice(about["verbs"]), path if path.startswith("/") else "/" + path)
    resource, _, subresource = dice.choice(about["resources"]).partition("/")
    return asked_of_resource(
        dice,
        dice.choice(about["verbs"]),
        resource if resource != "*" else dice.choice(["pods", "widgets", "*"]),
        dice.choice(about["apiGroups"]),
        subresource or None,
    )


def question(dice):
    verb = dice.choice(VERBS)
    if dice.random() < 0.2:
        return asked_of_path(verb, dice.choice(PATHS))
    return asked_of_resource(
        dice,
        verb,
        dice.choice(["pods", "widgets", "*"]),
        dice.choice(API_GROUPS),
        dice.choice([None, None, "log", "scale"]),
    )


def asked_of_path(verb, path):
    asked = {
        "verb": verb,
        "resource": None,
        "group": None,
        "subresource": None,
        "namespace": None,
        "name": None,
        "path": path,
    }
    return asked, [verb, path]


def asked_of_resource(dice, verb, resource, group, subresource):
    asked = {
        "verb": verb,
        "resource": resource,
        "group": group,
        "subresource": subresource,
        "namespace": None,
        "name": None,
        "path": None,
    }
    words = [verb, f"{resource}.{group}"]
    if subresource:
        words[1] += "/" + subresource
    if dice.random() < 0.5:
        asked["namespace"] = dice.choice(NAMESPACES + ["nowhere"])
        words += ["-n", asked["namespace"]]
    if dice.random() < 0.4:
        asked["name"] = dice.choice(NAMES)
        words += ["--name", asked["name"]]
    return asked, words
