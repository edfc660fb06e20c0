import NIOCore

/// Follows what a client sends, to know since when it has owed the rest of something: the connection preface with its
/// SETTINGS (RFC 9113 section 3.4), a frame (section 4.1), or a header block of several frames (section 4.3).
///
/// NIOHTTP2 reports a stream only when its header block is complete, so that the deadlines of streams begin too late.
/// Pure: it uses no channel, and reads a clock only when something unfinished begins.
struct HTTP2FrameProgress {
    private static let preface = 24
    private static let frameHead = 9
    private static let headers: UInt8 = 1
    private static let continuation: UInt8 = 9
    private static let endHeaders: UInt8 = 4

    /// When the first byte of what is unfinished arrived; nil between frames, and before the first byte.
    private(set) var unfinishedSince: NIODeadline?

    /// Bytes of the current frame's payload that have not arrived. The preface counts as one.
    private var payloadLeft = preface
    /// The first bytes of a frame head that arrives in parts, and how many there are.
    private var partialHead: UInt64 = 0
    private var partialHeadBytes = 0
    /// Whether another frame must follow: CONTINUATION, or SETTINGS after the preface.
    private var expectsFrame = true

    mutating func receive(_ bytes: ByteBuffer, now: () -> NIODeadline) {
        var index = bytes.readerIndex
        while index < bytes.writerIndex {
            let available = bytes.writerIndex - index
            if payloadLeft > 0 {
                let step = min(payloadLeft, available)
                payloadLeft -= step
                index += step
            } else if partialHeadBytes == 0, available >= Self.frameHead, let head: UInt64 = bytes.getInteger(at: index)
            {
                frameBegins(head)
                index += Self.frameHead
            } else if let byte: UInt8 = bytes.getInteger(at: index) {
                receiveHead(byte)
                index += 1
            }
            if !isUnfinished { unfinishedSince = nil }
        }
        if unfinishedSince == nil, isUnfinished { unfinishedSince = now() }
    }

    private var isUnfinished: Bool { payloadLeft > 0 || partialHeadBytes > 0 || expectsFrame }

    /// Only the first eight bytes matter: length, type, flags, and most of the stream's number.
    private mutating func receiveHead(_ byte: UInt8) {
        partialHeadBytes += 1
        guard partialHeadBytes == Self.frameHead else {
            partialHead = partialHead << 8 | UInt64(byte)
            return
        }
        partialHeadBytes = 0
        frameBegins(partialHead)
    }

    private mutating func frameBegins(_ head: UInt64) {
        payloadLeft = Int(head >> 40)
        let (type, flags) = (UInt8(truncatingIfNeeded: head >> 32), UInt8(truncatingIfNeeded: head >> 24))
        expectsFrame = (type == Self.headers || type == Self.continuation) && flags & Self.endHeaders == 0
    }
}
