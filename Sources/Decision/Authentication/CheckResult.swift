import Entra

/// The result of one check of ``TokenEvaluation``.
enum CheckResult: Equatable {
    case passed
    /// Nothing to check, or nothing to check it with.
    case skipped
    /// The check does not apply and is not recorded. Only explanations come this far.
    case omitted
    case failed(RefusalReason)
    /// Two failures; the first has precedence.
    case failedTwice(RefusalReason, RefusalReason)
    /// A failure after which no other check makes sense.
    case ended(RefusalReason)

    static func when(_ holds: Bool, else reason: RefusalReason) -> CheckResult { holds ? .passed : .failed(reason) }
}
