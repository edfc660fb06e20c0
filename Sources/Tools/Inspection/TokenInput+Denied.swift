public import AccessPolicy
import Authentication
import Entra
import EntraTokens
import SafeText
import Terminal
import Timestamps

extension TokenInput {
    /// The target of a deny list entry that locks the token's owner out.
    ///
    /// - Parameter onlyThisToken: whether the token's own ID is denied, in place of its owner's object ID.
    /// - Throws: `CommandFailure` if this is not a token, or it has no such ID.
    public func deniedTarget(onlyThisToken: Bool) throws -> DeniedEntry.Target {
        guard other == nil else { throw notAToken }
        // Nothing is verified: whoever has a token may lock its owner out, and needs no key for that.
        let untrusted = token.withUnsafeBytes { bytes in
            Authenticator(AuthenticationSettings(tenants: [])).examine(token: bytes, keys: nil, now: .now()).claims
        }
        guard let untrusted else { throw notAToken }
        if onlyThisToken {
            guard let id = untrusted.tokenID, !id.isEmpty else {
                throw CommandFailure("the token has no ID of its own (uti)")
            }
            return .tokenID(ExactText(id))
        }
        guard let id = untrusted.objectID.flatMap({ GUID($0) }) else {
            throw CommandFailure("the token has no object ID (oid)")
        }
        return .objectID(id)
    }

    /// What the input is instead, and how to name somebody. Names can change and can be given to somebody else, so
    /// people are denied by object ID.
    private var notAToken: CommandFailure {
        if let id = String(validating: token, as: UTF8.self).flatMap({ GUID($0) }) {
            return CommandFailure(
                "this is an ID and not a token", hint: "for a person or an application: --object-id \(id)")
        }
        let isName = token.contains(UInt8(ascii: "@"))
        return CommandFailure(
            isName ? "this is a name and not a token" : "this is not a token",
            hint: "name a person by --object-id: objectID in the webhook's log, oid in `kube-entra inspect`, or"
                + " `az ad user show --id NAME --query id`")
    }
}
