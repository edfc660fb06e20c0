import Configuration
public import Entra
import SafeText
public import Terminal

/// A reason's code on the command line.
public enum ReasonArgument {
    /// The reason of a code, in any spelling: upper case, and `-` or a space in place of `_`.
    ///
    /// - Throws: ``UsageProblem`` with the code that was probably meant.
    public static func read(_ code: String) throws(UsageProblem) -> RefusalReason {
        let name = String(code.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
        if let reason = RefusalReason(rawValue: name) { return reason }
        let best = Suggestion.best(for: code.lowercased(), among: RefusalReason.allCases.map(\.code))
        throw UsageProblem(
            "there is no reason \(PrintableText.quoted(code))" + (best.map { ": did you mean \($0)?" } ?? ";")
                + " --list-reasons prints all of them")
    }
}
