public import EntraTokens
internal import Glibc
public import JOSE
internal import Jansson
internal import OpenSSL
public import Timestamps

/// Why a file of keys cannot be used.
public enum KeyFileError: Error, Hashable, Sendable {
    case missing
    case notReadable
    case tooLarge
    case keySet(KeySetError)
    case otherTenant
    case otherAuthority
    case tooOld
    case fromTheFuture
    case noUsableKeys
    case notWritable

    public var sentence: String {
        switch self {
        case .missing: "there is no such file"
        case .notReadable: "the file cannot be read"
        case .tooLarge: "the file is larger than 1 MiB"
        case .keySet(let error): error.sentence
        case .otherTenant: "the keys in the file are another tenant's"
        case .otherAuthority: "the keys in the file are from another authority"
        case .tooOld: "the keys in the file are too old"
        case .fromTheFuture: "the keys in the file were fetched in the future, so a clock is wrong"
        case .noUsableKeys: "the file holds no key that this tenant can use"
        case .notWritable: "the file cannot be written"
        }
    }
}

/// Keys in a file: a plain JWK set, or one that also says whose it is and when it was fetched.
public struct KeyFile: Sendable {
    public var report: KeySetReport
    /// Nil for a plain JWK set.
    public var tenantID: GUID?
    public var authority: String?
    public var fetchedAt: Timestamp?

    /// Reads a file for a tenant; a file that says it is another tenant's is refused.
    public static func read(path: String, trust: TenantTrust) throws(KeyFileError) -> KeyFile {
        try parse(bytes(path: path), trust: trust)
    }

    /// Reads a file's bytes for a tenant.
    public static func parse(_ bytes: [UInt8], trust: TenantTrust) throws(KeyFileError) -> KeyFile {
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
        if let tenantID, tenantID != trust.tenantID { throw .otherTenant }
        if let authority, authority != trust.authorityBase { throw .otherAuthority }
        do {
            let report = try KeySetReader.read(root, trust: trust)
            return KeyFile(report: report, tenantID: tenantID, authority: authority, fetchedAt: fetchedAt)
        } catch {
            throw .keySet(error)
        }
    }

    /// The bytes of a file that says whose the keys are; itself a JWK set.
    public static func render(keys: [JWK], trust: TenantTrust, fetchedAt: Timestamp) -> [UInt8] {
        var rendered = JSON.object([
            ("tenantID", .string(trust.tenantID.description)),
            ("authority", .string(trust.authorityBase)),
            ("fetchedAt", .string(fetchedAt.rfc3339)),
            ("keys", .array(keys.map { JSON($0.json) })),
        ]).render(pretty: true)
        rendered.append(UInt8(ascii: "\n"))
        return rendered
    }

    /// Replaces the file in one step, readable by its owner only.
    public static func write(_ bytes: [UInt8], to path: String) throws(KeyFileError) {
        let suffix = randomBytes(6).map { String($0, radix: 16) }.joined()
        let temporary = "\(path).\(suffix).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .notWritable }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                return Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            guard count > 0 else { break }
            written += count
        }
        let isComplete = written == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isComplete, rename(temporary, path) == 0 else {
            unlink(temporary)
            throw .notWritable
        }
    }

    static func bytes(path: String) throws(KeyFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .notReadable }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw .notReadable }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= KeySetReader.maximumBytes else { throw .tooLarge }
        }
    }
}

/// What tells one content of a path from another without reading it; symbolic links are followed.
struct FileStamp: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// Nil when there is nothing at the path.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
    }
}
