import OpenSSL
import SafeText

extension Base64URL {
    /// Decodes like `decode(_:)`, into memory that is cleared before it is freed.
    static func decodeSecret(_ text: UnsafeRawBufferPointer) -> SecureBytes? {
        guard let length = decodedLength(text.count) else { return nil }
        return SecureBytes(count: length) { decode(text, into: $0) }
    }
}
