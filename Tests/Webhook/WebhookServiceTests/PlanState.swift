import AccessPolicy
import Configuration
import Entra
import Glibc
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

/// A folder that ends with the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/kube-entra-\(UInt64.random(in: 0...UInt64.max))"
        guard mkdir(path, 0o700) == 0 else { throw Failure() }
    }

    struct Failure: Error {}

    func path(_ name: String) -> String { path + "/" + name }

    /// Replaces a file in one step, as programs that care do.
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        try write(name, Array(text.utf8), mode: mode)
    }

    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
        let temporary = path(name) + ".new"
        guard let file = fopen(temporary, "w") else { throw Failure() }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        chmod(temporary, mode)
        guard rename(temporary, path(name)) == 0 else { throw Failure() }
    }

    func read(_ name: String) -> String {
        guard let file = fopen(path(name), "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    deinit {
        guard let folder = opendir(path) else { return }
        defer {
            closedir(folder)
            rmdir(path)
        }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink(self.path(name))
        }
    }
}
