import AccessPolicy
import Configuration
import DirectoryGroups
import Entra
import LineLogging
import Logging
import OpenSSL
import Testing

@testable import WebhookService

/// States that a plan compares.
enum PlanState {
    static func id(_ number: Int) -> GUID {
        GUID("1111111\(number)-2222-3333-4444-555555555555") ?? .zero
    }

    static func digest(_ byte: UInt8) -> SHA256Digest { [byte].withUnsafeBytes { SHA256Digest(hashing: $0) } }

    static func tenant(_ id: GUID) -> TenantSettings {
        TenantSettings(trust: TokenValidationRules(tenantID: id, audiences: ["K"]), policy: TenantPolicy())
    }

    static func directory() -> DirectorySettings {
        DirectorySettings(clientID: id(9), credential: .clientSecretFile("/secret"))
    }

    static let debug: LoggingSettings = {
        var settings = debugOnly
        settings.audit = "/audit.jsonl"
        return settings
    }()

    static let jsonOnly: LoggingSettings = {
        var settings = LoggingSettings()
        settings.format = .json
        return settings
    }()

    static let debugOnly: LoggingSettings = {
        var settings = LoggingSettings()
        settings.level = .debug
        return settings
    }()

    /// Two tenants without directories or deny files.
    static func state() -> ReloadState {
        let text = """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server: {certificate: /server.crt, privateKey: /server.key, clientCA: /ca.crt}
            tenants:
              - {tenantID: \(id(1)), audiences: [K]}
              - {tenantID: \(id(2)), audiences: [K]}

            """
        let loaded = Result { () throws(ConfigurationError) in
            try ConfigurationLoader.parse(Array(text.utf8), path: "/config.yaml")
        }
        guard case .success(let loaded) = loaded else { preconditionFailure("the test's configuration is invalid") }
        return ReloadState(
            loaded: loaded, denyFiles: DenyFiles(), presented: digest(1), clientAuthorities: [[1]])
    }
}
