public import LineLogging
import NIOConcurrencyHelpers

/// Keeps the lines that are written to it, or loses them while it is broken.
public final class MemorySink: LineSink {
    private struct State {
        var lines: [String] = []
        var isBroken = false
    }

    /// Zero: one write for each line.
    public let batchBytes = 0
    private let state = NIOLockedValueBox(State())

    /// A sink without lines.
    public init() {}

    /// Each line with its line feed.
    public var lines: [String] { state.withLockedValue { $0.lines } }
    /// All lines.
    public var text: String { lines.joined() }

    /// Whether lines are lost from now on.
    public func setBroken(_ isBroken: Bool) { state.withLockedValue { $0.isBroken = isBroken } }

    /// Keeps a line; false while the sink is broken.
    public func write(_ line: UnsafeRawBufferPointer) -> Bool {
        state.withLockedValue { state in
            guard !state.isBroken else { return false }
            state.lines.append(String(decoding: line, as: UTF8.self))
            return true
        }
    }

    /// Does nothing: there is no file.
    public func reopen() {}
}
