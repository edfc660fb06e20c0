/// An address that cannot be listened on.
public struct ListenFailure: Error, CustomStringConvertible {
    /// Whether it is the operations address and not the webhook's.
    public let isOperations: Bool
    public let cause: any Error

    public var description: String { "\(cause)" }
}
