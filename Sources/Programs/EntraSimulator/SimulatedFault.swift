/// How a simulated Entra fails.
public enum SimulatedFault: Hashable, Sendable {
    case status(Int)
    case emptyKeySet
    case html
    case truncated
    case redirect(to: String)
    case wrongIssuer
    case foreignKeyAddress
    /// The connection is closed without an answer.
    case hangUp
    /// The server never answers.
    case silence
}
