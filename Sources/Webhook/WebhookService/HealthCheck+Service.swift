import Configuration
import NIOConcurrencyHelpers
import SigningKeys
import Timestamps
import WebhookServer

extension HealthCheck {
    /// The service's checks of `/readyz`. A refused version is noted and fails nothing: the last good one stays active.
    static func all(of current: NIOLockedValueBox<WebhookService.Current>) -> [HealthCheck] {
        [
            HealthCheck(name: "configuration", note: { current.withLockedValue { $0.refused }?.description }) { nil },
            HealthCheck(
                name: "denied-list",
                note: { current.withLockedValue { $0.served.denyFiles.problemDescription } },
                isShown: { !DenyFiles.paths(current.withLockedValue { $0.served.loaded.configuration }).isEmpty }
            ) {
                nil
            },
            HealthCheck(name: "signing-keys") {
                KeySourceFactory.readinessFailure(current.withLockedValue { $0.keys }.status(), now: .now())
            },
        ]
    }
}
