import Addresses

/// A resource of Kubernetes itself, to complete what people leave out and to recognize kinds.
public struct KubernetesResource: Sendable {
    /// The API group; empty for the core group.
    public let group: String
    /// The name in RBAC rules and URLs.
    public let plural: String
    /// The kind in manifests.
    public let kind: String
    /// The short names of kubectl, for example `po`.
    public let shortNames: [String]
    /// Whether its objects belong to a namespace.
    public let isNamespaced: Bool

    /// The resource with that name; if several groups have it, that of the core group.
    public static func named(_ plural: String) -> KubernetesResource? { byPlural[plural] }

    /// The resource for a kind, a singular or a short name.
    public static func meant(by word: String) -> KubernetesResource? {
        let word = word.lowercased()
        return byPlural[word] ?? all.first { $0.kind.lowercased() == word || $0.shortNames.contains(word) }
    }

    /// Whether Kubernetes has objects of that kind.
    ///
    /// - Parameter group: nil if the object does not name it.
    static func isKnown(kind: String, group: String?) -> Bool {
        kinds[kind].map { groups in group.map { groups.contains($0) } ?? true } ?? false
    }

    private static let byPlural = Dictionary(all.map { ($0.plural, $0) }) { first, _ in first }
    private static let kinds = Dictionary(grouping: all) { $0.kind }.mapValues { Set($0.map(\.group)) }

    /// Group, resource, kind, short names; a `!` marks resources without a namespace.
    private static let all: [KubernetesResource] = table.split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        guard words.count >= 3 else { return nil }
        let plural = words[1].drop { $0 == "!" }
        return KubernetesResource(
            group: words[0] == "-" ? "" : String(words[0]), plural: String(plural), kind: String(words[2]),
            shortNames: words.dropFirst(3).map(String.init), isNamespaced: plural.count == words[1].count)
    }

    private static let table = """
        - pods Pod po
        - services Service svc
        - configmaps ConfigMap cm
        - secrets Secret
        - serviceaccounts ServiceAccount sa
        - !namespaces Namespace ns
        - !nodes Node no
        - events Event ev
        - endpoints Endpoints ep
        - persistentvolumeclaims PersistentVolumeClaim pvc
        - !persistentvolumes PersistentVolume pv
        - replicationcontrollers ReplicationController rc
        - resourcequotas ResourceQuota quota
        - limitranges LimitRange limits
        - podtemplates PodTemplate
        - bindings Binding
        - !componentstatuses ComponentStatus cs
        - !users User
        - !groups Group
        apps deployments Deployment deploy
        apps daemonsets DaemonSet ds
        apps replicasets ReplicaSet rs
        apps statefulsets StatefulSet sts
        apps controllerrevisions ControllerRevision
        batch jobs Job
        batch cronjobs CronJob cj
        autoscaling horizontalpodautoscalers HorizontalPodAutoscaler hpa
        policy poddisruptionbudgets PodDisruptionBudget pdb
        rbac.authorization.k8s.io !clusterroles ClusterRole
        rbac.authorization.k8s.io !clusterrolebindings ClusterRoleBinding
        rbac.authorization.k8s.io roles Role
        rbac.authorization.k8s.io rolebindings RoleBinding
        networking.k8s.io ingresses Ingress ing
        networking.k8s.io !ingressclasses IngressClass
        networking.k8s.io networkpolicies NetworkPolicy netpol
        networking.k8s.io !ipaddresses IPAddress ip
        networking.k8s.io !servicecidrs ServiceCIDR
        storage.k8s.io !storageclasses StorageClass sc
        storage.k8s.io !volumeattachments VolumeAttachment
        storage.k8s.io !volumeattributesclasses VolumeAttributesClass vac
        storage.k8s.io !csidrivers CSIDriver
        storage.k8s.io !csinodes CSINode
        storage.k8s.io csistoragecapacities CSIStorageCapacity
        coordination.k8s.io leases Lease
        coordination.k8s.io leasecandidates LeaseCandidate
        discovery.k8s.io endpointslices EndpointSlice
        events.k8s.io events Event
        certificates.k8s.io !certificatesigningrequests CertificateSigningRequest csr
        certificates.k8s.io !clustertrustbundles ClusterTrustBundle
        certificates.k8s.io podcertificaterequests PodCertificateRequest
        certificates.k8s.io !signers Signer
        admissionregistration.k8s.io !mutatingwebhookconfigurations MutatingWebhookConfiguration
        admissionregistration.k8s.io !validatingwebhookconfigurations ValidatingWebhookConfiguration
        admissionregistration.k8s.io !validatingadmissionpolicies ValidatingAdmissionPolicy
        admissionregistration.k8s.io !validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding
        admissionregistration.k8s.io !mutatingadmissionpolicies MutatingAdmissionPolicy
        admissionregistration.k8s.io !mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding
        apiextensions.k8s.io !customresourcedefinitions CustomResourceDefinition crd crds
        apiregistration.k8s.io !apiservices APIService
        authentication.k8s.io !tokenreviews TokenReview
        authentication.k8s.io !selfsubjectreviews SelfSubjectReview
        authentication.k8s.io !uids UID
        authentication.k8s.io !userextras UserExtra
        authorization.k8s.io !subjectaccessreviews SubjectAccessReview
        authorization.k8s.io !selfsubjectaccessreviews SelfSubjectAccessReview
        authorization.k8s.io !selfsubjectrulesreviews SelfSubjectRulesReview
        authorization.k8s.io localsubjectaccessreviews LocalSubjectAccessReview
        flowcontrol.apiserver.k8s.io !flowschemas FlowSchema
        flowcontrol.apiserver.k8s.io !prioritylevelconfigurations PriorityLevelConfiguration
        internal.apiserver.k8s.io !storageversions StorageVersion
        node.k8s.io !runtimeclasses RuntimeClass
        resource.k8s.io !deviceclasses DeviceClass
        resource.k8s.io !resourceslices ResourceSlice
        resource.k8s.io !devicetaintrules DeviceTaintRule
        resource.k8s.io resourceclaims ResourceClaim
        resource.k8s.io resourceclaimtemplates ResourceClaimTemplate
        scheduling.k8s.io !priorityclasses PriorityClass pc
        scheduling.k8s.io workloads Workload
        storagemigration.k8s.io !storageversionmigrations StorageVersionMigration
        """
}
