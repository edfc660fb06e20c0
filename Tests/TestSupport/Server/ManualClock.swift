public import NIOCore

/// A clock for deadlines that moves only when it is told to.
public final class ManualClock {
    public private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000)

    public init() {}

    public func advance(by amount: TimeAmount) { now = now + amount }
}
