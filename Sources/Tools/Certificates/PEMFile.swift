public import OpenSSL
import Terminal

/// Reads PEM files. Throws a `CommandFailure` with a sentence that names the file.
public enum PEMFile {
    /// The file's bytes.
    public static func read(_ path: String) throws -> [UInt8] {
        try CommandFile.read(path)
    }

    /// The certificates of a file, at least one.
    public static func certificates(_ path: String) throws -> [Certificate] {
        let bytes = try read(path)
        guard let chain = try? Certificate.chain(fromPEM: bytes), !chain.isEmpty else {
            throw CommandFailure(
                (try? PrivateKey(pem: bytes)) == nil
                    ? "\(path): the file holds no certificate in PEM, or a damaged one"
                    : "\(path): this is a private key; name its certificate, and the key beside it is looked at")
        }
        return chain
    }

    /// The private key of a file; it must not be encrypted.
    public static func privateKey(_ path: String) throws -> PrivateKey {
        let bytes = try read(path)
        guard let key = try? PrivateKey(pem: bytes) else {
            throw CommandFailure("\(path): the file holds no private key in PEM, or one with a password")
        }
        return key
    }
}
