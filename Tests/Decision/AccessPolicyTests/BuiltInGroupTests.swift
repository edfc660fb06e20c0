import AccessPolicy
import Testing

@Suite struct BuiltInGroupTests {
    static let names = [
        ("system:authenticated", true), ("system:unauthenticated", true), ("system:serviceaccounts", true),
        ("system:serviceaccounts:kube-system", true), ("system:nodes", true), ("system:bootstrappers", true),
        ("system:bootstrappers:kubeadm:default-node-token", true), ("system:masters", false),
        ("system:monitoring", false), ("system:authenticated:x", false), ("system:nodes2", false),
        ("system:serviceaccountsx", false), ("System:authenticated", false), ("authenticated", false),
        ("system:", false),
        ("", false),
    ]

    @Test("the groups that Kubernetes fills by itself are known, and the pattern matches the same", arguments: names)
    func known(name: String, isBuiltIn: Bool) throws {
        #expect((BuiltInGroup(of: name) != nil) == isBuiltIn)
        let pattern = try Regex(BuiltInGroup.pattern)
        #expect((try pattern.wholeMatch(in: name) != nil) == isBuiltIn)
    }
}
