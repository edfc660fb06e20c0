public import AccessPolicy
import Authentication
public import Entra
import EntraTokens
import SafeText
import Terminal
import Timestamps

extension TokenInput {
    /// The target of a deny list entry that locks the token's owner out.
    ///
    /// - Parameter onlyThisToken: whether the token's own ID is denied, in place of its owner's object ID.
    /// - Returns: the target, and the tenant whose list the webhook reads for this token; nil if the token names none.
    /// - Throws: `CommandFailure` if this is not a token, or it has no such ID.
    public func deniedTarget(onlyThisToken: Bool) throws -> (target: DeniedEntry.Target, tenantID: GUID?) {
        guard other == nil else { throw notAToken }
        // Nothing is verified: whoever has a token may lock its owner out, and needs no key for that.
        let untrusted = token.withUnsafeBytes { bytes in
            Authenticator(AuthenticationSettings(tenants: [])).examine(token: bytes, keys: nil, now: .now()).claims
        }
        guard let untrusted else { throw notAToken }
        let tenantID = untrusted.tenantID.flatMap { GUID($0) }
        if onlyThisToken {
            guard let id = untrusted.tokenID, !id.isEmpty else {
                throw CommandFailure("the token has no ID of its own (uti)")
            }
            return (.tokenID(ExactText(id)), tenantID)
        }
        guard let id = untrusted.objectID.flatMap({ GUID($0) }) else {
            throw CommandFailure("the token has no object ID (oid)")
        }
        return (.objectID(id), tenantID)
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
