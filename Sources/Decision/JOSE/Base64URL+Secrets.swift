import OpenSSL
import SafeText

extension Base64URL {
    /// Decodes like `decode(_:)`, into memory that is cleansed when it is released.
    static func decodeSecret(_ text: UnsafeRawBufferPointer) -> CleansedBytes? {
        guard let length = decodedLength(text.count) else { return nil }
        return CleansedBytes(count: length) { decode(text, into: $0) }
    }
}
