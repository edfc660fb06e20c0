import Authentication
import DirectoryGroups
import Entra
import NIOConcurrencyHelpers
import NIOCore
import SigningKeys
import WebhookServer

extension ReviewServices {
    /// Services that use the keys and directories that are active at the time of each call. They find both by the
    /// tenant's ID.
    init(of current: NIOLockedValueBox<WebhookService.Current>) {
        self.init(
            refreshKeys: { tenant, eventLoop in
                current.withLockedValue { $0.keys }.refreshForUnknownKey(tenant: tenant, on: eventLoop)
            },
            resolveGroups: { principal, eventLoop in
                guard let directory = current.withLockedValue({ $0.directories[principal.tenantID] }) else {
                    return eventLoop.makeSucceededFuture(nil)
                }
                return directory.resolver.resolve(principal, on: eventLoop)
            },
            firstAnswer: { interest, deadline, eventLoop in
                guard let watch = current.withLockedValue({ $0.directories[interest.tenantID]?.watch }) else {
                    return eventLoop.makeSucceededVoidFuture()
                }
                return watch.firstAnswer(interest, deadline: deadline, on: eventLoop)
            },
            keepWatching: { interest in
                current.withLockedValue { $0.directories[interest.tenantID]?.watch }?.remember(interest)
            })
    }
}
