import Kubeconfigs
import Terminal
import Testing

@Suite("The options of kubeconfig user")
struct UserKubeconfigOptionsTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        /// What is different from options that can be used.
        let change: @Sendable (inout UserKubeconfigOptions) -> Void
        /// What is said; nil if the options can be used.
        var sentence: String?
        var testDescription: String { name }
    }

    private static let hidden = "is empty or has characters that a kubeconfig cannot hold"
    private static let id = "must be an ID such as 11111111-2222-3333-4444-555555555555"

    @Test(
        "options that cannot be used, or not together, are wrong usage",
        arguments: [
            Sample(name: "a server application and nothing else", change: { _ in }),
            Sample(
                name: "a configuration in place of the server application",
                change: {
                    $0.serverID = nil
                    $0.config = "c.yaml"
                }),
            Sample(
                name: "neither a server application nor a configuration", change: { $0.serverID = nil },
                sentence: "--server-id is missing (or --config, to take it from the configuration)"),
            Sample(
                name: "an address without https", change: { $0.server = "http://a.example" },
                sentence: "--server must be an address such as https://cluster.example:6443"),
            Sample(name: "an empty name", change: { $0.name = "" }, sentence: "--name \(hidden)"),
            Sample(name: "a name of two lines", change: { $0.name = "a\nb" }, sentence: "--name \(hidden)"),
            Sample(name: "a tenant by its name", change: { $0.tenantID = "contoso" }, sentence: "--tenant-id \(id)"),
            Sample(name: "a client that is no ID", change: { $0.clientID = "x" }, sentence: "--client-id \(id)"),
            Sample(name: "a server application by its URI", change: { $0.serverID = "api://cluster" }),
            Sample(
                name: "a server application with an invisible character", change: { $0.serverID = "a\u{200B}" },
                sentence: "--server-id \(hidden)"),
            Sample(
                name: "a server application by its display name", change: { $0.serverID = "kubernetes" },
                sentence:
                    "--server-id is neither an application's ID (a GUID) nor a URI: it must be the server application's"
                    + " ID, or its URI"),
            Sample(
                name: "explanations without a configuration", change: { $0.isExplained = true },
                sentence: "--explain needs --config, from which it takes what a client may know"),
            Sample(
                name: "explanations in the old form",
                change: {
                    $0.isExplained = true
                    $0.config = "c.yaml"
                    $0.form = .azure
                }, sentence: "--explain goes with --format exec: the azure form runs no command"),
            Sample(name: "the old form", change: { $0.form = .azure }),
            Sample(
                name: "a login method in the old form",
                change: {
                    $0.form = .azure
                    $0.login = .spn
                },
                sentence:
                    "--login goes with --format exec; `kubelogin convert-kubeconfig` chooses it for the azure form"
            ),
        ])
    func check(_ sample: Sample) {
        var options = UserKubeconfigOptions(server: "https://cluster.example:6443")
        options.serverID = "aaaaaaaa-0000-0000-0000-000000000000"
        sample.change(&options)
        do {
            try options.check()
            #expect(sample.sentence == nil)
        } catch {
            #expect(error.sentence == sample.sentence)
        }
    }
}
