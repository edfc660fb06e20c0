import NIOCore

/// Reads requests from a connection's bytes, as strictly as RFC 9112 allows: bytes that two readers could understand
/// differently are refused.
///
/// Pure: ``receive(_:)`` takes bytes, ``next()`` returns parts of requests. The result does not depend on the pieces in
/// which the bytes arrive. Lines are read one by one, so that no byte is searched twice.
struct HTTP1RequestReader {
    enum Part: Equatable {
        /// A head. It is the whole request when its body has no bytes.
        case head(HTTP1RequestHead)
        case body(ByteBuffer)
        /// The end of a request whose body has bytes, or may have.
        case end
    }

    /// Why nothing more can be read: the end of this request cannot be known.
    enum Problem: Error, Equatable {
        case malformed
        /// Head, trailers or chunk extensions are larger than is allowed.
        case headersTooLarge
    }

    private enum State {
        case requestLine
        case fields
        /// Number of bytes of a body that are still missing.
        case body(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
        case failed(Problem)
    }

    private let headerLimit: Int
    private let fieldLimit: Int
    private var state = State.requestLine
    private var builder = HTTP1HeadBuilder()
    private var bytes = ByteBuffer()
    /// Number of bytes that are known to contain no line end.
    private var scanned = 0
    /// Number of bytes of the head, of chunk extensions or of trailers that were read already.
    private var overhead = 0
    private var fieldCount = 0
    /// Whether a request has begun and not ended. An empty line before it counts as its beginning.
    private(set) var isInRequest = false

    /// - Parameters:
    ///   - headerLimit: bytes of a request's line and headers together; also of its chunk extensions, and its trailers.
    ///   - fieldLimit: headers of a request; also its trailers.
    init(headerLimit: Int, fieldLimit: Int) {
        self.headerLimit = headerLimit
        self.fieldLimit = fieldLimit
    }

    /// Bytes that were received and not yet read.
    var bufferedBytes: Int { bytes.readableBytes }

    /// Whether the received bytes are invalid before they complete a part.
    var isUnreadable: Bool {
        var copy = self
        do throws(Problem) {
            _ = try copy.next()
            return false
        } catch {
            return true
        }
    }

    /// Takes more bytes of the connection.
    mutating func receive(_ more: ByteBuffer) {
        guard more.readableBytes > 0 else { return }
        isInRequest = true
        // Usually a read brings whole requests, which are read in place.
        if bytes.readableBytes == 0 { bytes = more } else { bytes.writeImmutableBuffer(more) }
    }

    /// Drops what was received, for a connection whose further requests are ignored.
    mutating func discard() {
        bytes = ByteBuffer()
        scanned = 0
    }

    /// The next part; nil if more bytes are needed for it.
    mutating func next() throws(Problem) -> Part? {
        do throws(Problem) {
            let part = try read()
            // Releases the buffer, so that its owner can use it again.
            if bytes.readableBytes == 0 { discard() }
            return part
        } catch {
            state = .failed(error)
            discard()
            throw error
        }
    }

    private mutating func read() throws(Problem) -> Part? {
        while true {
            switch state {
            case .failed(let problem): throw problem
            case .requestLine:
                guard try readRequestLine() else { return nil }
            case .fields:
                guard let isLast = try readField(ofTrailers: false) else { return nil }
                if isLast { return .head(try headEnded()) }
            case .body(0): return requestEnded()
            case .body(let left):
                guard let part = readBody(atMost: left) else { return nil }
                state = .body(left - part.readableBytes)
                return .body(part)
            case .chunkSize:
                guard try readChunkSize() else { return nil }
            case .chunk(0): state = .chunkEnd
            case .chunk(let left):
                guard let part = readBody(atMost: left) else { return nil }
                state = .chunk(left - part.readableBytes)
                return .body(part)
            case .chunkEnd:
                guard let line = try lineLength() else { return nil }
                guard line == 0 else { throw .malformed }
                consume(line: 0)
                // The line end after a chunk does not count, because a body may have as many chunks as bytes.
                overhead -= 2
                state = .chunkSize
            case .trailers:
                guard let isLast = try readField(ofTrailers: true) else { return nil }
                if isLast { return requestEnded() }
            }
        }
    }

    private mutating func requestEnded() -> Part {
        state = .requestLine
        isInRequest = bytes.readableBytes > 0
        overhead = 0
        return .end
    }

    private mutating func headEnded() throws(Problem) -> HTTP1RequestHead {
        guard let head = builder.head else { throw .malformed }
        overhead = 0
        switch head.request.body {
        case .none, .bytes(0):
            state = .requestLine
            isInRequest = bytes.readableBytes > 0
        case .bytes(let count): state = .body(count)
        case .untilEnd: state = .chunkSize
        }
        return head
    }

    private mutating func readBody(atMost count: Int) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        return bytes.readSlice(length: min(count, bytes.readableBytes))
    }

    // MARK: Lines

    /// The length of the next line without its end; nil if the end has not arrived.
    private mutating func lineLength() throws(Problem) -> Int? {
        let (stop, end) = bytes.withUnsafeReadableBytes { [scanned] in Self.scan($0, from: scanned) }
        // Whichever comes first decides, the limit or an invalid byte, however many bytes have arrived already.
        guard overhead + stop <= headerLimit else { throw .headersTooLarge }
        switch end {
        case .lineEnd: return stop
        case .missing:
            scanned = stop
            return nil
        case .invalid: throw .malformed
        }
    }

    private enum LineEnd {
        case lineEnd
        case missing
        /// A control character, a bare line feed or a bare carriage return.
        case invalid
    }

    private static func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (stop: Int, end: LineEnd) {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") {
                index += 1
                continue
            }
            guard byte == UInt8(ascii: "\r") else { return (index, .invalid) }
            guard index + 1 < bytes.count else { return (index, .missing) }
            return (index, bytes[index + 1] == UInt8(ascii: "\n") ? .lineEnd : .invalid)
        }
        return (index, .missing)
    }

    private mutating func consume(line length: Int) {
        bytes.moveReaderIndex(forwardBy: length + 2)
        overhead += length + 2
        scanned = 0
    }

    /// False if more bytes are needed.
    private mutating func readRequestLine() throws(Problem) -> Bool {
        // Bytes that are not HTTP at all are refused early.
        let canBegin = bytes.withUnsafeReadableBytes(HTTP1HeadBuilder.canBegin)
        guard canBegin else { throw .malformed }
        guard let line = try lineLength() else { return false }
        if line > 0 {
            let builder = bytes.withUnsafeReadableBytes {
                HTTP1HeadBuilder(requestLine: UnsafeRawBufferPointer(rebasing: $0[..<line]))
            }
            guard let builder else { throw .malformed }
            self.builder = builder
            fieldCount = 0
            state = .fields
        }
        consume(line: line)
        return true
    }

    /// Whether it was the empty line after the last header; nil if more bytes are needed.
    private mutating func readField(ofTrailers isTrailer: Bool) throws(Problem) -> Bool? {
        guard let line = try lineLength() else { return nil }
        if line > 0 {
            fieldCount += 1
            guard fieldCount <= fieldLimit else { throw .headersTooLarge }
            let isValid = bytes.withUnsafeReadableBytes { bytes in
                let field = UnsafeRawBufferPointer(rebasing: bytes[..<line])
                return isTrailer ? HTTP1HeadBuilder.isTrailer(field) : builder.add(field)
            }
            guard isValid else { throw .malformed }
        }
        consume(line: line)
        return line == 0
    }

    /// Reads a chunk's size and ignores its extensions. False if more bytes are needed.
    private mutating func readChunkSize() throws(Problem) -> Bool {
        guard let line = try lineLength() else { return false }
        let (size, digits) = bytes.withUnsafeReadableBytes { Self.chunkSize($0[..<line]) }
        guard let size else { throw .malformed }
        consume(line: line)
        overhead -= digits + 2
        if size == 0 {
            overhead = 0
            fieldCount = 0
            state = .trailers
        } else {
            state = .chunk(size)
        }
        return true
    }

    /// The chunk size in a line and its number of digits; the size is nil if the line is not a chunk size with
    /// extensions (RFC 9112 section 7.1). Extensions with quoted strings are refused, because these may hide a line
    /// end.
    private static func chunkSize(_ line: Slice<UnsafeRawBufferPointer>) -> (size: Int?, digits: Int) {
        var size = 0
        var digits = 0
        for byte in line {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { break }
            digits += 1
            guard digits <= 15 else { return (nil, digits) }
            size = size << 4 | digit
        }
        let isValid = digits > 0 && areExtensions(line.dropFirst(digits))
        return (isValid ? size : nil, digits)
    }

    private static func areExtensions(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let first = bytes.first else { return true }
        guard first == UInt8(ascii: ";") else { return false }
        return bytes.dropFirst().split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).allSatisfy {
            let parts = $0.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
            return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isTokenCharacter) }
        }
    }
}
