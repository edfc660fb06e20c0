public import Entra
import SafeText

extension SubjectKind {
    /// Tells what kind of subject a token authenticates.
    ///
    /// Source: Microsoft Entra documentation of `idtyp`, `acct`, `idp` and the `xms_` claims. `oid == sub` proves
    /// nothing and is not checked. Unknown values are ignored, except for those of `idtyp`.
    public init(_ claims: EntraClaims, trust: @autoclosure () -> TokenValidationRules) {
        if claims.actorFacets.contains(where: { $0 == "11" || $0 == "13" }) {
            self = .agent
            return
        }
        switch claims.identityType {
        case "device":
            self = .device
        case "app":
            self = SubjectKind.application(claims)
        case "user":
            self = SubjectKind.person(claims, trust: trust)
        case nil:
            // Without idtyp, an application's token has neither scopes nor a user principal name.
            let isPerson = claims.hasScopes || claims.userPrincipalName != nil
            self = isPerson ? SubjectKind.person(claims, trust: trust) : SubjectKind.application(claims)
        default:
            self = .unknown
        }
    }

    private static func application(_ claims: EntraClaims) -> SubjectKind {
        claims.hasManagedIdentityResource || claims.identityRelations.contains("33") ? .managedIdentity : .app
    }

    private static func person(_ claims: EntraClaims, trust: () -> TokenValidationRules) -> SubjectKind {
        if claims.account == 1 || claims.identityRelations.contains("5") { return .guest }
        if let provider = claims.identityProvider {
            let trust = trust()
            let own = [claims.issuer ?? "", trust.issuer(.v1), trust.issuer(.v2)].map { ExactText($0) }
            if !own.contains(ExactText(provider)) { return .guest }
        }
        return claims.userPrincipalName.map(SubjectKind.isExternal) ?? false ? .guest : .user
    }

    /// Searches byte by byte, because a combining character after the mark would change it for `String`.
    private static func isExternal(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            // Every mark begins with one of these two characters; few names have either.
            bytes.indices.contains { start in
                (bytes[start] == UInt8(ascii: "#") || bytes[start] == UInt8(ascii: "_"))
                    && SubjectKind.externalMarks.contains {
                        bytes[start...].prefix($0.utf8.count).map(upperCase).elementsEqual($0.utf8)
                    }
            }
        }
    }

    private static func upperCase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte & 0xDF : byte
    }

    /// Parts of a guest's user principal name: `name_home.example#EXT#@resource.example`, and where the optional claim
    /// asks for `include_externally_authenticated_upn_without_hash`, `name_home.example_EXT_@resource.example`.
    private static let externalMarks = ["#EXT#", "_EXT_@"]
}
