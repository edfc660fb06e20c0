/// How a simulated Entra misbehaves.
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
    /// No answer at all.
    case silence
}
