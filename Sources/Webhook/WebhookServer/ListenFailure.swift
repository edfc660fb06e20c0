/// An address on which the server cannot listen.
public struct ListenFailure: Error, CustomStringConvertible {
    /// Whether it is the address for operations, not the webhook's.
    public let isOperations: Bool
    /// The error of the system.
    public let cause: any Error

    public var description: String { "\(cause)" }
}
