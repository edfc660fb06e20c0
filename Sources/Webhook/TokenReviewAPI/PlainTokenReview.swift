internal import Glibc

/// Reads a TokenReview that is byte for byte what Go's encoder makes of one, as kube-apiserver sends it, in one pass.
///
/// Anything else, valid or not, is left to the JSON parser: this can only be faster, never laxer. What is taken has
/// no escape, no white space but a space after a colon or comma, as Python and others write it, and no member but the
/// expected ones in their order, so that there is one way to read it.
struct PlainTokenReview {
    var version: TokenReviewVersion
    var token: UnsafeRawBufferPointer
    var audiences: [String]

    init?(_ body: UnsafeRawBufferPointer) {
        var reader = Reader(rest: body[...])
        guard reader.take("{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1") else { return nil }
        version = reader.take("beta1") ? .v1beta1 : .v1
        guard reader.take("\",\"metadata\":{") else { return nil }
        reader.skip("\"creationTimestamp\":null")
        guard reader.take("},\"spec\":{\"token\":"), let token = reader.plainText() else { return nil }
        self.token = token
        audiences = []
        if reader.take(",\"audiences\":[") {
            repeat {
                guard let audience = reader.plainText() else { return nil }
                audiences.append(String(decoding: audience, as: UTF8.self))
            } while reader.take(",")
            guard reader.take("]") else { return nil }
        }
        guard reader.take("},\"status\":{\"user\":{}}}") else { return nil }
        reader.skip("\n")
        guard reader.rest.isEmpty else { return nil }
    }

    private struct Reader {
        var rest: Slice<UnsafeRawBufferPointer>

        /// Takes `text`, whose colons and commas are JSON's own, with or without a space after them.
        mutating func take(_ text: StaticString) -> Bool {
            let bytes = UnsafeRawBufferPointer(rebasing: rest)
            var place = 0
            for index in 0..<text.utf8CodeUnitCount {
                let expected = text.utf8Start[index]
                guard place < bytes.count, bytes[place] == expected else { return false }
                place += 1
                let isSeparator = expected == UInt8(ascii: ":") || expected == UInt8(ascii: ",")
                if isSeparator, place < bytes.count, bytes[place] == UInt8(ascii: " ") { place += 1 }
            }
            rest = rest.dropFirst(place)
            return true
        }

        /// Takes what may stand there or not.
        mutating func skip(_ text: StaticString) {
            _ = take(text)
        }

        /// A string of printable ASCII without quotation marks and backslashes.
        mutating func plainText() -> UnsafeRawBufferPointer? {
            guard take("\"") else { return nil }
            let bytes = UnsafeRawBufferPointer(rebasing: rest)
            guard let base = bytes.baseAddress, let mark = memchr(base, Int32(UInt8(ascii: "\"")), bytes.count) else {
                return nil
            }
            let text = UnsafeRawBufferPointer(rebasing: bytes[..<(UnsafeRawPointer(mark) - base)])
            // Without a way out in the middle, so that many bytes are looked at in one step.
            var others: UInt8 = 0
            for byte in text { others |= byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\\") ? 1 : 0 }
            guard others == 0 else { return nil }
            rest = rest.dropFirst(text.count + 1)
            return text
        }
    }
}
