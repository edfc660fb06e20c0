import Entra

/// The collection of Microsoft Graph that contains a principal.
enum DirectoryCollection: String, CaseIterable {
    case users
    case servicePrincipals

    init(_ kind: SubjectKind) {
        switch kind {
        case .app, .managedIdentity: self = .servicePrincipals
        default: self = .users
        }
    }
}
