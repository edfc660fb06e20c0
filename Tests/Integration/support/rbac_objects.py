"""Roles and bindings as tests of `rbac` write them."""

STRANGER = "12340000-bbbb-cccc-dddd-eeeeffff0000"
ADMIN_GROUP = "kube-entra:cluster-admins"


def role(name, *rules, **more):
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
        **more,
    }


def binding(name, role_name, *subjects, namespace=None, annotations=None):
    meta = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    if annotations:
        meta["annotations"] = annotations
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": meta,
        "roleRef": {"kind": "ClusterRole", "name": role_name},
        "subjects": list(subjects),
    }


def group(name):
    return {"kind": "Group", "name": name}


def user(name):
    return {"kind": "User", "name": name}


ADMIN_ROLE = role("cluster-admin", {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
READER = role(
    "reader",
    {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
    {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
)


ADMINS_ARE_BOUND = binding("admins", "cluster-admin", group(ADMIN_GROUP))
