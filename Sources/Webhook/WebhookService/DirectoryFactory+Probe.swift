public import Authentication
public import Configuration
public import DirectoryGroups
import Entra
import NIOCore
import NIOPosix

extension DirectoryFactory {
    /// What the watch would learn about a principal now; nil if its tenant watches nobody.
    public static func probe(_ interest: WatchInterest, _ configuration: WebhookConfiguration) -> DirectoryProbe? {
        let tenant = configuration.tenants.first { $0.trust.tenantID == interest.tenantID }
        guard let tenant, var source = DirectorySource(tenant), source.settings.watch != .off else { return nil }
        // A command has more time than a review.
        source.settings.timeout = max(source.settings.timeout, .seconds(10))
        var directory = directoryConfiguration(source, trust: tenant.trust)
        directory.groups = source.groups
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        return try? DirectoryProbe.ask(interest, configuration: directory, on: group.next()).wait()
    }
}
