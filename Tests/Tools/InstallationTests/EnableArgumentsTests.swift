import Entra
import Installation
import Terminal
import Testing

@Suite struct EnableArgumentsTests {
    private static let id = "11111111-2222-3333-4444-555555555555"

    private static func arguments(_ change: (inout EnableArguments) -> Void = { _ in }) -> EnableArguments {
        var arguments = EnableArguments(
            tenantID: nil, audiences: [], adminGroups: [], cloud: .public, config: nil, isStaticPod: false, image: nil)
        change(&arguments)
        return arguments
    }

    private static func values(_ change: (inout EnableArguments) -> Void = { _ in }) -> EnableArguments {
        arguments {
            ($0.tenantID, $0.audiences, $0.adminGroups) = (id, ["api://aud"], [id])
            change(&$0)
        }
    }

    @Test("the configuration comes from values, from a file, or is there")
    func sources() throws {
        try Self.arguments().check()
        guard case .present = Self.arguments().source else {
            Issue.record("not the node's own")
            return
        }
        try Self.values().check()
        guard case .values(let tenantID, ["api://aud"], let groups, .public) = Self.values().source else {
            Issue.record("not from values")
            return
        }
        #expect(tenantID == GUID(Self.id) && groups == [tenantID])
        let file = Self.arguments { $0.config = "/etc/kube-entra.yaml" }
        try file.check()
        guard case .file("/etc/kube-entra.yaml") = file.source else {
            Issue.record("not from the file")
            return
        }
    }

    @Test(
        "options that are missing, wrong or do not go together are wrong usage",
        arguments: [
            (values { $0.config = "x" }, "give --config, or --tenant-id, --audience and --admin-group"),
            (values { $0.tenantID = nil }, "--tenant-id must be a tenant's ID (a GUID)"),
            (values { $0.tenantID = "contoso" }, "--tenant-id must be a tenant's ID (a GUID)"),
            (
                values { $0.audiences = [$0.tenantID ?? ""] },
                "--audience is the tenant's ID: it must be the server application's ID, or its URI"
            ),
            (values { $0.audiences = [] }, "--audience is missing: the server application's ID"),
            (values { $0.audiences = ["api://a", ""] }, "--audience is missing: the server application's ID"),
            (
                values { $0.audiences = ["kubernetes-prod"] },
                "--audience is neither an application's ID (a GUID) nor a URI: it must be the server application's ID,"
                    + " or its URI"
            ),
            (
                values { $0.audiences = [id, id + ","] },
                "--audience ends with a comma or a semicolon: it must be the server application's ID, or its URI"
            ),
            (values { $0.adminGroups = [] }, "--admin-group is missing: the object ID of the admins' group"),
            (values { $0.adminGroups = ["admins"] }, "--admin-group must be a group's object ID (a GUID), not a name"),
            (arguments { $0.isStaticPod = true }, "--as static-pod needs --image"),
            (arguments { $0.image = "x" }, "--image is for --as static-pod"),
            (arguments { ($0.isStaticPod, $0.image) = (true, "") }, "--image must be the name of an image"),
            (arguments { ($0.isStaticPod, $0.image) = (true, "a b") }, "--image must be the name of an image"),
            (arguments { ($0.isStaticPod, $0.image) = (true, "a#b") }, "--image must be the name of an image"),
            (
                arguments { ($0.isStaticPod, $0.image) = (true, "docker://registry.example/kube-entra:1") },
                "--image must be the name that the kubelet pulls, without docker:// or another scheme before it"
            ),
        ])
    func refused(arguments: EnableArguments, sentence: String) {
        #expect(throws: UsageProblem(sentence)) { try arguments.check() }
    }
}
