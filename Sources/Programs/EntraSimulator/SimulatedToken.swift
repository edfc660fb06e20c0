public import Entra
import JOSE
public import Jansson
import OpenSSL
import SafeText
public import Timestamps

/// A token that is not signed yet: the usual claims of its kind, each of which can be changed.
public struct SimulatedToken: Sendable {
    /// The kinds of tokens with usual claims.
    public enum Kind: String, Sendable, CaseIterable {
        case user, guest, app, managedIdentity, agent, device, idToken
    }

    /// Header parameters in order.
    public var header: [(name: String, value: JSON)]
    /// Claims in order.
    public var claims: [(name: String, value: JSON)]
    private let tenant: SimulatedTenant

    /// - Parameters:
    ///   - lifetime: in seconds.
    public init(
        _ kind: Kind,
        tenant: SimulatedTenant,
        audience: String,
        objectID: GUID,
        name: String = "ada",
        version: TokenVersion = .v2,
        issuedAt: Timestamp = .now(),
        lifetime: Int64 = 75 * 60
    ) {
        self.tenant = tenant
        header = [("typ", "JWT"), ("alg", "RS256"), ("kid", .string(tenant.currentKey?.keyID ?? ""))]
        claims = [
            ("aud", .string(audience)), ("iss", .string(tenant.issuer(version))),
            ("iat", .integer(issuedAt.secondsSinceEpoch)), ("nbf", .integer(issuedAt.secondsSinceEpoch)),
            ("exp", .integer(issuedAt.secondsSinceEpoch + lifetime)),
            ("oid", .string(objectID.description)), ("sub", .string("sub-\(objectID.description.prefix(8))")),
            ("tid", .string(tenant.tenantID.description)), ("uti", .string("uti-\(UInt32.random(in: 0...UInt32.max))")),
            ("ver", .string(version.rawValue)),
        ]
        if version == .v1 { self["x5t", inHeader: true] = header.last?.value }
        if kind != .idToken {
            self[version == .v1 ? "appid" : "azp"] = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
            self[version == .v1 ? "appidacr" : "azpacr"] = "0"
        }
        addPrincipal(kind, name: name)
    }

    private mutating func addPrincipal(_ kind: Kind, name: String) {
        switch kind {
        case .user, .idToken:
            self["name"] = .string(name)
            self["upn"] = .string("\(name)@example.com")
            self["scp"] = "user.read"
        case .guest:
            self["name"] = .string(name)
            self["idp"] = "https://sts.windows.net/99999999-8888-7777-6666-555555555555/"
            self["scp"] = "user.read"
        case .app:
            self["idtyp"] = "app"
            self["roles"] = .array([])
        case .managedIdentity:
            self["idtyp"] = "app"
            self["xms_idrel"] = "7 33"
            self["xms_mirid"] = .string("/subscriptions/x/providers/Microsoft.ManagedIdentity/\(name)")
        case .agent:
            self["idtyp"] = "user"
            self["xms_sub_fct"] = "13"
            self["scp"] = "user.read"
        case .device:
            self["idtyp"] = "device"
        }
    }

    /// A claim, or a header parameter; setting nil removes it.
    public subscript(name: String, inHeader inHeader: Bool = false) -> JSON? {
        get { (inHeader ? header : claims).first { $0.name == name }?.value }
        set {
            var members = inHeader ? header : claims
            let place = members.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
            if inHeader { header = members } else { claims = members }
        }
    }

    /// The groups, or above the limit of 200 the claims that Entra uses instead.
    public mutating func setGroups(_ groups: [GUID]) {
        if groups.count <= 200 {
            self["groups"] = JSON(groups.map(\.description))
        } else {
            self["groups"] = nil
            self["_claim_names"] = .object([("groups", "src1")])
            self["_claim_sources"] = .object([
                ("src1", .object([("endpoint", "https://graph.windows.net/retired/getMemberObjects")]))
            ])
        }
    }

    /// Signed with the tenant's current key, or with another one.
    public func signed(with key: SimulatedKey? = nil) throws -> String {
        guard let signer = key ?? tenant.currentKey else { return "" }
        return try signer.sign(
            header: .object(header.map { ($0.name, $0.value) }), claims: .object(claims.map { ($0.name, $0.value) }))
    }

    /// Bound to a key, in a proof-of-possession token signed with it, as kubelogin's `--pop-enabled` sends it.
    ///
    /// - Parameter host: the API server's host, for `u`.
    public func enveloped(with proof: SimulatedKey, host: String, at time: Timestamp = .now()) throws -> String {
        var bound = self
        bound["cnf"] = .object([("kid", .string(proof.thumbprint))])
        return try proof.sign(
            header: .object([("typ", "pop"), ("alg", "RS256"), ("kid", .string(proof.thumbprint))]),
            claims: .object([
                ("at", .string(try bound.signed())), ("ts", .integer(time.secondsSinceEpoch)), ("u", .string(host)),
                ("cnf", .object([("jwk", proof.bareJWK)])), ("nonce", .string(Base64URL.encode(randomBytes(16)))),
            ]))
    }

    /// A service account's token of another cluster, as it reaches every webhook.
    public static func serviceAccount(signedWith key: SimulatedKey, now: Timestamp = .now()) throws -> String {
        try key.sign(
            header: .object([("alg", "RS256"), ("kid", .string(key.keyID))]),
            claims: .object([
                ("iss", "https://kubernetes.default.svc.cluster.local"),
                ("sub", "system:serviceaccount:default:builder"),
                ("aud", .array(["https://kubernetes.default.svc.cluster.local"])),
                ("exp", .integer(now.secondsSinceEpoch + 3600)), ("iat", .integer(now.secondsSinceEpoch)),
                ("kubernetes.io", .object([("namespace", "default")])),
            ]))
    }
}
