public import Entra
public import EntraTokens
public import Files
public import JOSE
import Jansson
import SafeText
public import Timestamps

/// Why a file of keys cannot be used.
public enum KeyFileError: Error, Hashable, Sendable {
    case file(FileError)
    case keySet(KeySetError)
    /// - Parameters:
    ///   - found: the tenant of the file.
    ///   - wanted: the tenant that the keys are for.
    case otherTenant(found: GUID, wanted: GUID)
    /// - Parameters:
    ///   - found: the sign-in address of the file, safe to print.
    ///   - wanted: the tenant's sign-in address.
    case otherAuthority(found: String, wanted: String)
    case tooOld
    case fromTheFuture
    /// With the problem of the first key; nil if there are no keys.
    case noUsableKeys(KeyProblem?)
    /// A cache file without its tenant or its time.
    case notACacheFile

    /// What is wrong, for people, without the path.
    public var sentence: String {
        switch self {
        case .file(let error): error.sentence
        case .keySet(let error): error.sentence
        case .otherTenant(let found, let wanted):
            "the keys in the file are tenant \(found)'s, and another tenant's are wanted: \(wanted)'s"
        case .otherAuthority(let found, let wanted):
            "the keys in the file are from another authority: \(found), and this tenant's is \(wanted)"
        case .tooOld: "the keys in the file are too old"
        case .fromTheFuture: "the keys in the file were fetched in the future, so a clock is wrong"
        case .noUsableKeys(nil): "the file holds no key that this tenant can use"
        case .noUsableKeys(let problem?):
            "the file holds no key that this tenant can use: the first one \(problem.sentence)"
        case .notACacheFile: "the file does not say whose keys it holds and when they were fetched"
        }
    }
}

/// Keys in a file: a plain JWK set, or one that also names the tenant and the time of the fetch.
public struct KeyFile: Sendable {
    /// The keys, usable or not.
    public var report: KeySetReport
    /// The tenant that the file names; nil for a plain JWK set.
    public var tenantID: GUID?
    /// The sign-in address from which the keys were fetched; nil for a plain JWK set.
    public var authority: String?
    /// When the keys were fetched; nil for a plain JWK set.
    public var fetchedAt: Timestamp?

    /// Reads a file for a tenant. A file that names another tenant is refused.
    ///
    /// - Parameter isTrusted: whether tokens will be accepted with these keys, so that nobody else may be able to write
    ///   them.
    /// - Throws: ``KeyFileError`` if the file cannot be read or has no usable key.
    public static func read(path: String, trust: TokenValidationRules, isTrusted: Bool) throws(KeyFileError) -> KeyFile
    {
        let bytes: [UInt8]
        do {
            bytes = try FileIO.read(path, maximumBytes: KeySetReader.maximumBytes, isTrusted: isTrusted)
        } catch {
            throw .file(error)
        }
        return try parse(bytes, trust: trust)
    }

    /// Reads a file that ``render(keys:trust:fetchedAt:)`` wrote, with usable keys of this tenant.
    static func readCache(
        path: String, trust: TokenValidationRules
    ) throws(KeyFileError) -> (report: KeySetReport, fetchedAt: Timestamp) {
        let file = try read(path: path, trust: trust, isTrusted: true)
        guard file.tenantID != nil, file.authority != nil, let fetchedAt = file.fetchedAt else {
            throw .notACacheFile
        }
        guard !file.report.usable.isEmpty else { throw .noUsableKeys(file.report.keys.compactMap(\.problem).first) }
        return (file.report, fetchedAt)
    }

    /// Reads a file's bytes for a tenant.
    ///
    /// - Throws: ``KeyFileError`` if this is not a key set, or belongs to another tenant.
    public static func parse(_ bytes: [UInt8], trust: TokenValidationRules) throws(KeyFileError) -> KeyFile {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes, maximumBytes: KeySetReader.maximumBytes, maximumDepth: 8)
        } catch {
            throw .keySet(.notJSON(error))
        }
        let root = document.root
        let tenantID = root["tenantID"]?.string.flatMap(GUID.init)
        let authority = root["authority"]?.string
        let fetchedAt = root["fetchedAt"]?.string.flatMap { Timestamp(rfc3339: $0) }
        if let tenantID, tenantID != trust.tenantID {
            throw .otherTenant(found: tenantID, wanted: trust.tenantID)
        }
        if let authority, ExactText(authority) != ExactText(trust.authorityBase) {
            throw .otherAuthority(found: PrintableText.clean(authority, maximum: 200), wanted: trust.authorityBase)
        }
        do {
            let report = try KeySetReader.read(root, trust: trust)
            return KeyFile(report: report, tenantID: tenantID, authority: authority, fetchedAt: fetchedAt)
        } catch {
            throw .keySet(error)
        }
    }

    /// The tenant and address that a file names; nil for a plain JWK set and for anything else.
    public static func origin(of bytes: [UInt8]) -> (tenantID: GUID?, authority: String?) {
        guard let root = try? JSONDocument(parsing: bytes, maximumDepth: 8).root else { return (nil, nil) }
        return (root["tenantID"]?.string.flatMap(GUID.init), root["authority"]?.string)
    }

    /// The usable keys of several sets as the documents have them, each once.
    public static func usableJWKs(_ reports: [KeySetReport]) -> [JWK] {
        var known: [ExactText: Set<ExactText>] = [:]
        return reports.flatMap(\.keys).filter { key in
            key.problem == nil
                && known[ExactText(key.jwk.keyID ?? ""), default: []].insert(ExactText(key.jwk.thumbprint ?? ""))
                    .inserted
        }.map(\.jwk)
    }

    /// A file that names the tenant of the keys; it is a JWK set too.
    ///
    /// The file can always be read again: if there are too many keys, the last ones are left out; if the file would be
    /// too large, the certificates are.
    public static func render(keys: [JWK], trust: TokenValidationRules, fetchedAt: Timestamp) -> [UInt8] {
        let keys = keys.prefix(KeySetReader.maximumKeys).map { JSON($0.json) }
        let rendered = render(keys, trust: trust, fetchedAt: fetchedAt, pretty: true)
        guard rendered.count > KeySetReader.maximumBytes else { return rendered }
        let bare = keys.map { key in
            guard case .object(let members) = key else { return key }
            return JSON.object(members.filter { $0.0 != "x5c" })
        }
        return render(bare, trust: trust, fetchedAt: fetchedAt, pretty: false)
    }

    private static func render(_ keys: [JSON], trust: TokenValidationRules, fetchedAt: Timestamp, pretty: Bool)
        -> [UInt8]
    {
        JSON.object([
            ("tenantID", .string(trust.tenantID.description)),
            ("authority", .string(trust.authorityBase)),
            ("fetchedAt", .string(fetchedAt.rfc3339)),
            ("keys", .array(keys)),
        ]).render(pretty: pretty) + [UInt8(ascii: "\n")]
    }
}
