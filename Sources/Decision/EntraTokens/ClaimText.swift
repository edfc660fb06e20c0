/// The text of a claim: its place in the payload, or a string if there is no payload or the text has escapes.
enum ClaimText: Sendable {
    /// Both in bytes; `start` counts from the beginning of the decoded payload.
    case place(start: Int, count: Int)
    case string(String)
}
