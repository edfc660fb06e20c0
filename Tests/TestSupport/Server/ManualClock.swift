public import NIOCore

/// A clock for deadlines that moves only when it is told to.
public final class ManualClock {
    /// The current time of this clock.
    public private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// A clock at one second of uptime.
    public init() {}

    /// Moves the clock forward.
    public func advance(by amount: TimeAmount) { now = now + amount }
}
