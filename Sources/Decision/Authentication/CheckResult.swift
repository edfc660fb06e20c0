internal import EntraTokens

/// What came of one check of ``TokenEvaluation``.
enum CheckResult: Equatable {
    case passed
    /// There is nothing to check, or nothing to check it with.
    case skipped
    /// It says nothing about this token, so it is not recorded: only explaining comes this far.
    case omitted
    case failed(RefusalReason)
    /// Two things are wrong; the first has precedence.
    case failedTwice(RefusalReason, RefusalReason)
    /// No other check makes sense after this one.
    case ended(RefusalReason)

    static func when(_ holds: Bool, else reason: RefusalReason) -> CheckResult { holds ? .passed : .failed(reason) }
}
