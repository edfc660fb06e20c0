"""The roles and bindings that a new Kubernetes 1.36 cluster made by kubeadm has, before anybody adds one.

Names, subjects and the rules that reach far are those of Kubernetes; of other roles the first rule stands for all.
"""

import json

RBAC = "rbac.authorization.k8s.io"
READ = ["get", "list", "watch"]
CHANGE = ["create", "delete", "deletecollection", "patch", "update"]
EVERYBODY, NOBODY = "system:authenticated", "system:unauthenticated"


def rule(verbs, resources, *groups, names=None):
    made = {"verbs": verbs, "apiGroups": list(groups) or [""], "resources": resources}
    return {**made, "resourceNames": names} if names else made


def urls(*paths):
    return {"verbs": ["get"], "nonResourceURLs": list(paths)}


ROLES = {
    "cluster-admin": [rule(["*"], ["*"], "*"), {"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "system:aggregate-to-admin": [
        rule(["create"], ["localsubjectaccessreviews"], "authorization.k8s.io"),
        rule(READ + CHANGE, ["rolebindings", "roles"], RBAC),
    ],
    "system:aggregate-to-edit": [
        rule(READ, ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]),
        rule(["impersonate"], ["serviceaccounts"]),
        rule(CHANGE, ["pods", "configmaps", "secrets", "services"]),
        rule(CHANGE, ["deployments", "deployments/scale", "statefulsets"], "apps"),
    ],
    "system:aggregate-to-view": [
        rule(READ, ["configmaps", "pods", "pods/log", "services"]),
        rule(READ, ["deployments", "deployments/scale", "statefulsets"], "apps"),
    ],
    "system:auth-delegator": [rule(["create"], ["tokenreviews"], "authentication.k8s.io")],
    "system:basic-user": [
        rule(["create"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], "authorization.k8s.io"),
        rule(["create"], ["selfsubjectreviews"], "authentication.k8s.io"),
    ],
    "system:discovery": [urls("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/version/")],
    "system:public-info-viewer": [urls("/healthz", "/livez", "/readyz", "/version", "/version/")],
    "system:monitoring": [urls("/healthz", "/livez", "/metrics", "/metrics/slis", "/readyz")],
    "system:service-account-issuer-discovery": [urls("/.well-known/openid-configuration", "/openid/v1/jwks")],
    "system:kube-controller-manager": [
        rule(["list", "watch"], ["*"], "*"),
        rule(["create"], ["serviceaccounts/token"]),
    ],
    "system:kube-scheduler": [rule(READ + ["delete"], ["pods"]), rule(["create"], ["bindings", "pods/binding"])],
    "system:kube-dns": [rule(["list", "watch"], ["endpoints", "services"])],
    "system:kube-aggregator": [rule(READ, ["endpoints", "services"])],
    "system:kubelet-api-admin": [
        rule(["get", "list", "watch"], ["nodes"]),
        rule(["*"], ["nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats"]),
    ],
    "system:node": [rule(READ, ["nodes", "pods", "secrets", "services"])],
    "system:node-bootstrapper": [rule(READ + ["create"], ["certificatesigningrequests"], "certificates.k8s.io")],
    "system:node-problem-detector": [rule(["patch"], ["nodes/status"])],
    "system:node-proxier": [rule(["list", "watch"], ["endpoints", "services", "nodes"])],
    "system:persistent-volume-provisioner": [rule(READ + ["create", "delete"], ["persistentvolumes"])],
    "system:volume-scheduler": [rule(READ + ["patch", "update"], ["persistentvolumes"])],
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": [
        rule(["create"], ["certificatesigningrequests/nodeclient"], "certificates.k8s.io")
    ],
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": [
        rule(["create"], ["certificatesigningrequests/selfnodeclient"], "certificates.k8s.io")
    ],
    "system:certificates.k8s.io:kube-apiserver-client-approver": [
        rule(["approve"], ["signers"], "certificates.k8s.io", names=["kubernetes.io/kube-apiserver-client"])
    ],
    "system:coredns": [rule(["list", "watch"], ["endpoints", "services", "pods", "namespaces"])],
    "kubeadm:get-nodes": [rule(["get"], ["nodes"])],
}

AGGREGATED = {"admin": None, "edit": "admin", "view": "edit"}
PARTS = {"system:aggregate-to-admin": "admin", "system:aggregate-to-edit": "edit", "system:aggregate-to-view": "view"}

CONTROLLERS = """
    attachdetach-controller certificate-controller clusterrole-aggregation-controller cronjob-controller
    daemon-set-controller deployment-controller disruption-controller endpoint-controller endpointslice-controller
    endpointslicemirroring-controller ephemeral-volume-controller expand-controller generic-garbage-collector
    horizontal-pod-autoscaler job-controller legacy-service-account-token-cleaner namespace-controller node-controller
    persistent-volume-binder pod-garbage-collector pv-protection-controller pvc-protection-controller
    replicaset-controller replication-controller resourcequota-controller root-ca-cert-publisher route-controller
    selinux-warning-controller service-account-controller service-cidrs-controller service-controller
    statefulset-controller taint-eviction-controller ttl-after-finished-controller ttl-controller
    validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller
""".split()

FAR_REACHING = {
    "clusterrole-aggregation-controller": [
        rule(["escalate", "get", "list", "patch", "update", "watch"], ["clusterroles"], RBAC)
    ],
    "disruption-controller": [rule(["get"], ["*/scale"], "*")],
    "generic-garbage-collector": [rule(["delete", "get", "list", "patch", "update", "watch"], ["*"], "*")],
    "horizontal-pod-autoscaler": [rule(["get", "update"], ["*/scale"], "*")],
    "namespace-controller": [rule(["delete", "deletecollection", "get", "list"], ["*"], "*")],
    "resourcequota-controller": [rule(["list", "watch"], ["*"], "*")],
}

USER, GROUP = "User", "Group"
BINDINGS = {
    "cluster-admin": ("cluster-admin", [(GROUP, "system:masters")]),
    "system:basic-user": ("system:basic-user", [(GROUP, EVERYBODY)]),
    "system:discovery": ("system:discovery", [(GROUP, EVERYBODY)]),
    "system:public-info-viewer": ("system:public-info-viewer", [(GROUP, EVERYBODY), (GROUP, NOBODY)]),
    "system:monitoring": ("system:monitoring", [(GROUP, "system:monitoring")]),
    "system:service-account-issuer-discovery": (
        "system:service-account-issuer-discovery",
        [(GROUP, "system:serviceaccounts")],
    ),
    "system:kube-controller-manager": ("system:kube-controller-manager", [(USER, "system:kube-controller-manager")]),
    "system:kube-scheduler": ("system:kube-scheduler", [(USER, "system:kube-scheduler")]),
    "system:volume-scheduler": ("system:volume-scheduler", [(USER, "system:kube-scheduler")]),
    "system:kube-dns": ("system:kube-dns", [("kube-system", "kube-dns")]),
    "system:node-proxier": ("system:node-proxier", [(USER, "system:kube-proxy")]),
    "system:node": ("system:node", None),
    "system:coredns": ("system:coredns", [("kube-system", "coredns")]),
    "kubeadm:cluster-admins": ("cluster-admin", [(GROUP, "kubeadm:cluster-admins")]),
    "kubeadm:get-nodes": ("kubeadm:get-nodes", [(GROUP, "system:bootstrappers:kubeadm:default-node-token")]),
    "kubeadm:kubelet-bootstrap": (
        "system:node-bootstrapper",
        [(GROUP, "system:bootstrappers:kubeadm:default-node-token")],
    ),
    "kubeadm:node-autoapprove-bootstrap": (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        [(GROUP, "system:bootstrappers:kubeadm:default-node-token")],
    ),
    "kubeadm:node-autoapprove-certificate-rotation": (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        [(GROUP, "system:nodes")],
    ),
    "kubeadm:node-proxier": ("system:node-proxier", [("kube-system", "kube-proxy")]),
}

NAMESPACED = [
    ("kube-public", "kubeadm:bootstrap-signer-clusterinfo", [(USER, "system:anonymous")]),
    ("kube-public", "system:controller:bootstrap-signer", [("kube-system", "bootstrap-signer")]),
    (
        "kube-system",
        "extension-apiserver-authentication-reader",
        [(USER, "system:kube-controller-manager"), (USER, "system:kube-scheduler")],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        [(USER, "system:kube-controller-manager"), ("kube-system", "kube-controller-manager")],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-scheduler",
        [(USER, "system:kube-scheduler"), ("kube-system", "kube-scheduler")],
    ),
    ("kube-system", "system:controller:bootstrap-signer", [("kube-system", "bootstrap-signer")]),
    ("kube-system", "system:controller:cloud-provider", [("kube-system", "cloud-provider")]),
    ("kube-system", "system:controller:token-cleaner", [("kube-system", "token-cleaner")]),
    ("kube-system", "kube-proxy", [(GROUP, "system:bootstrappers:kubeadm:default-node-token")]),
    (
        "kube-system",
        "kubeadm:kubelet-config",
        [(GROUP, "system:nodes"), (GROUP, "system:bootstrappers:kubeadm:default-node-token")],
    ),
    (
        "kube-system",
        "kubeadm:nodes-kubeadm-config",
        [(GROUP, "system:nodes"), (GROUP, "system:bootstrappers:kubeadm:default-node-token")],
    ),
]


def meta(name, namespace=None, labels=None):
    made = {
        "name": name,
        "uid": "0",
        "resourceVersion": "77",
        "creationTimestamp": "2026-11-01T08:00:00Z",
        "annotations": {f"{RBAC}/autoupdate": "true"},
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
    }
    made["labels"].update(labels or {})
    return {**made, "namespace": namespace} if namespace else made


def subject(kind, name):
    if kind in (USER, GROUP):
        return {"kind": kind, "name": name, "apiGroup": RBAC}
    return {"kind": "ServiceAccount", "name": name, "namespace": kind}


def aggregates(name):
    return {f"{RBAC}/aggregate-to-{name}": "true"} if name else None


def objects():
    roles = dict(ROLES)
    roles.update(
        {
            f"system:controller:{name}": FAR_REACHING.get(name, [rule(["create", "patch", "update"], ["events"])])
            for name in CONTROLLERS
        }
    )
    bindings = dict(BINDINGS)
    bindings.update(
        {f"system:controller:{name}": (f"system:controller:{name}", [("kube-system", name)]) for name in CONTROLLERS}
    )
    made = []

    def add(kind, metadata, **fields):
        made.append({"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, **fields})

    for name, rules in roles.items():
        add("ClusterRole", meta(name, labels=aggregates(PARTS.get(name))), rules=rules)
    for name, into in AGGREGATED.items():
        # As the cluster has them: filled in by its controller.
        filled = [rule for part, target in PARTS.items() if target == name for rule in ROLES[part]]
        selector = {"matchLabels": aggregates(name)}
        add(
            "ClusterRole",
            meta(name, labels=aggregates(into)),
            rules=filled,
            aggregationRule={"clusterRoleSelectors": [selector]},
        )
    for name, (role, subjects) in bindings.items():
        fields = {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}}
        if subjects:
            fields["subjects"] = [subject(*one) for one in subjects]
        add("ClusterRoleBinding", meta(name), **fields)
    for namespace, name, subjects in NAMESPACED:
        add("Role", meta(name, namespace), rules=[rule(["get"], ["configmaps"], names=["x"])])
        add(
            "RoleBinding",
            meta(name, namespace),
            roleRef={"apiGroup": RBAC, "kind": "Role", "name": name},
            subjects=[subject(*one) for one in subjects],
        )
    return made


def text():
    """As `kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json` prints it."""
    return json.dumps(
        {"apiVersion": "v1", "items": objects(), "kind": "List", "metadata": {"resourceVersion": ""}}, indent=4
    )
