/// The text of a claim: its place in the payload, or a string where it does not stand there as it is.
enum ClaimText: Sendable {
    case place(start: Int, count: Int)
    case string(String)
}
