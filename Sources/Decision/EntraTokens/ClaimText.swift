/// The text of a claim: its bytes' place in the payload, or a string if the text is not there or has escapes.
enum ClaimText: Sendable {
    case place(start: Int, count: Int)
    case string(String)
}
