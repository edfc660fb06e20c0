public import LineLogging
import NIOConcurrencyHelpers

/// Keeps the lines that are written to it, or loses them when a test says so.
public final class MemorySink: LineSink {
    private struct State {
        var lines: [String] = []
        var isBroken = false
    }

    public let batchBytes = 0
    private let state = NIOLockedValueBox(State())

    public init() {}

    public var lines: [String] { state.withLockedValue { $0.lines } }
    /// All lines.
    public var text: String { lines.joined() }

    public func setBroken(_ isBroken: Bool) { state.withLockedValue { $0.isBroken = isBroken } }

    public func write(_ line: UnsafeRawBufferPointer) -> Bool {
        state.withLockedValue { state in
            guard !state.isBroken else { return false }
            state.lines.append(String(decoding: line, as: UTF8.self))
            return true
        }
    }

    public func reopen() {}
}
