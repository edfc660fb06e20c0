/// Options for new certificates: client name, validity and kind of key. The server's names are separate.
public struct CertificateTerms: Hashable, Sendable {
    /// The client certificate's common name; nil for the default.
    public var clientName: String?
    /// How many days the server and client certificates are valid.
    public var days: Int
    /// How many days a new CA is valid.
    public var authorityDays: Int
    /// Whether to use RSA keys instead of P-256.
    public var usesRSA: Bool

    /// Options; those that are left out have the defaults of `certs create`.
    public init(clientName: String? = nil, days: Int = 365, authorityDays: Int = 3650, usesRSA: Bool = false) {
        self.clientName = clientName
        self.days = days
        self.authorityDays = authorityDays
        self.usesRSA = usesRSA
    }

    /// The client certificate's common name: the chosen one, else the default.
    public var chosenClientName: String { clientName ?? "kube-apiserver" }
}
