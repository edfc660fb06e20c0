import CLinux
import Glibc

extension FileIO {
    /// The access list. While a file has one, the group's permissions in its mode are the most that the list may give.
    static let accessList = "system.posix_acl_access"
    /// Hashes and signatures of the old content, and rights of a program, which a change of its content takes away.
    private static let ofContent = ["security.capability", "security.evm", "security.ima"]

    /// Gives a file the access list and the other extended attributes of the file that it is about to replace, such as
    /// a label for SELinux. Those of the old content are left out, and those that this user may not set.
    ///
    /// Call it after the owner was set, and before the mode.
    ///
    /// - Returns: false if the access list cannot be kept: the mode would then mean more than it does in the old file.
    public static func copyAttributes(of path: String, to descriptor: Int32) -> Bool {
        let names: [String]
        switch attributeNames(path) {
        case .success(let found): names = found
        case .failure(let error): return error.code == ENOTSUP || error.code == ENOENT
        }
        var keepsAccessList = true
        for name in names where !ofContent.contains(name) {
            guard let value = attribute(name, of: path) else {
                if name == accessList { keepsAccessList = false }
                continue
            }
            let isSet = fsetxattr(descriptor, name, value, value.count, 0) == 0
            if !isSet, name == accessList { keepsAccessList = false }
        }
        // A new file may have one from its folder.
        if !names.contains(accessList) { fremovexattr(descriptor, accessList) }
        return keepsAccessList
    }

    private struct AttributeError: Error {
        var code: Int32
    }

    private static func attributeNames(_ path: String) -> Result<[String], AttributeError> {
        guard let bytes = bytes({ listxattr(path, $0, $1) }) else { return .failure(AttributeError(code: errno)) }
        return .success(bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }

    private static func attribute(_ name: String, of path: String) -> [UInt8]? {
        bytes { getxattr(path, name, $0, $1) }
    }

    /// Calls a function that fills a buffer; nil if it fails.
    private static func bytes(_ read: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> [UInt8]? {
        // It may grow between the question for its size and the answer.
        for _ in 0..<3 {
            let size = read(nil, 0)
            guard size > 0 else { return size == 0 ? [] : nil }
            var buffer = [CChar](repeating: 0, count: size)
            let count = read(&buffer, size)
            if count >= 0 { return buffer.prefix(count).map(UInt8.init(bitPattern:)) }
            guard errno == ERANGE else { return nil }
        }
        return nil
    }
}
