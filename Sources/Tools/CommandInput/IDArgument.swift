import Configuration
public import Entra
public import Terminal

/// An ID of Entra on the command line.
public enum IDArgument {
    /// What an option's ID belongs to.
    public enum Kind: Sendable {
        case tenant
        case group
        case object
        case application

        fileprivate var words: String {
            switch self {
            case .tenant: "a tenant's ID (a GUID)"
            case .group: "a group's object ID (a GUID), not a name"
            case .object: "an object ID (a GUID)"
            case .application: "an application ID (a GUID)"
            }
        }
    }

    /// The ID of an option, in any usual spelling of a GUID; nil without the option.
    ///
    /// - Throws: ``UsageProblem`` if it is not a GUID.
    @discardableResult
    public static func read(_ text: String?, _ kind: Kind, option: String) throws(UsageProblem) -> GUID? {
        guard let text else { return nil }
        guard let id = GUID(lenient: text) else { throw UsageProblem("\(option) must be \(kind.words)") }
        return id
    }

    /// The IDs of an option that can be repeated.
    ///
    /// - Throws: ``UsageProblem`` if one is not a GUID.
    @discardableResult
    public static func read(_ texts: [String], _ kind: Kind, option: String) throws(UsageProblem) -> [GUID] {
        var ids: [GUID] = []
        for text in texts {
            guard let id = try read(text, kind, option: option) else { continue }
            ids.append(id)
        }
        return ids
    }
}
