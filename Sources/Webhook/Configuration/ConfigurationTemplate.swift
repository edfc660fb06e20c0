public import EntraTokens

/// Writes a complete, commented starting configuration.
public struct ConfigurationTemplate: Sendable {
    public var tenantID: GUID
    public var audiences: [String]
    public var adminGroups: [GUID]
    public var cloud: Cloud
    /// Folder of the certificates, as written into the file.
    public var certificates: String
    /// Empty: any application may ask for tokens.
    public var allowedClientAppIDs: [GUID] = []
    /// Single lines that become comments at the beginning.
    public var notes: [String] = []

    public init(
        tenantID: GUID,
        audiences: [String],
        adminGroups: [GUID],
        cloud: Cloud = .public,
        certificates: String = "certs"
    ) {
        self.tenantID = tenantID
        self.audiences = audiences
        self.adminGroups = adminGroups
        self.cloud = cloud
        self.certificates = certificates
    }

    /// The file's text: every field there is, those at their defaults as comments.
    public func render() -> String {
        """
        \(notes.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined())# Configuration of kube-entra. Check a change with `kube-entra config check FILE` and see what it means with
        # `kube-entra policy diff OLD NEW`. A running webhook picks changes up by itself.
        apiVersion: kube-entra.dev/v1
        kind: WebhookConfiguration

        server:
          listen: 127.0.0.1:8443            # TokenReview endpoint, TLS
          operations: 127.0.0.1:8480        # plain HTTP: /livez /readyz /healthz /metrics /statusz
          certificate: \(file("server.crt"))
          privateKey: \(file("server.key"))
          clientCA: \(file("client-ca.crt"))  # callers must present a certificate from this CA
          # allowedClientNames: [kube-apiserver]   # common name or DNS name; default: any certificate from the CA
          # protocols: [http/1.1, h2]              # ALPN, in the server's order of preference
          # insecureAllowAnyClient: true           # instead of clientCA: anybody may ask

        tenants:
          - tenantID: \(tenantID)
            cloud: \(cloud.rawValue)\(String(repeating: " ", count: max(1, 26 - cloud.rawValue.utf8.count)))# \
        public | usGovernment | china
            # authority: https://login.example     # another base than the cloud's
            # authorityCA: authority-ca.crt        # PEM of the CA of the authority's certificate; default: the system's
            audiences: [\(audiences.map(ConfigurationTemplate.quoted).joined(separator: ", "))]
            \(clients)
            # kube-entra:allow guests-can-be-admins as on AKS; to keep guests out, take guest out of subjects
            # kube-entra:allow apps-can-be-admins as on AKS; to keep applications out, take app and managedIdentity out
            subjects: [user, guest, app, managedIdentity]   # who may sign in; also: agent, device
            # requiredClaims: {}                   # claim: value, or a list of accepted values
            # maximumTokenLifetime: 29h
            adminGroupObjectIDs: [\(adminGroups.map(\.description).joined(separator: ", "))]
            groupMappings: []
            #  - groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000
            #    kubernetesGroups: [developers]
            appRoleMappings: []
            #  - appRole: Cluster.Viewer
            #    kubernetesGroups: [viewers]
            groupOverage: deny                     # more than 200 groups: deny | resolve | ignore
            # directory:                           # Microsoft Graph, for groupOverage: resolve
            #   clientID: bbbbbbbb-0000-0000-0000-000000000000
            #   clientSecretFile: secret           # or clientCertificateFile, federatedTokenFile, managedIdentity: true
            #   groups: configured                 # configured | all
            #   timeout: 2s
            #   cacheFor: 5m
            #   staleFor: 0s
            #   graphEndpoint: https://graph.example
            #   graphCA: graph-ca.crt
            emergencyAccess: []
            #  - objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000
            #    until: 2026-12-01T00:00:00Z
            #    kubernetesGroups: [kube-entra:cluster-admins]
            #    reason: incident 4711
            # proofOfPossession: off               # off | accept | require
            # clusterHost: cluster.example         # the host name that envelopes must carry
            signingKeys:
              refreshEvery: 1h
              # unknownKeyRefreshInterval: 5m      # at most one extra fetch in this time
              # maximumAge: 24h                    # last known good keys are used no longer than this
              # cacheFile: /var/lib/kube-entra/keys.json   # survive a restart while Entra is unreachable
              # file: keys.json                    # offline: only these keys, never fetch
              # proxy: http://proxy.example:3128   # default: HTTPS_PROXY and NO_PROXY

        kubernetes:
          adminGroups: [kube-entra:cluster-admins]   # what membership in an admin group gives
          username: upn                     # upn | oid; guests and apps are always named by object ID
          usernamePrefix: ""
          groupObjectIDs: include           # include | drop: also pass every group object ID through, as AKS does
          groupPrefix: ""                   # for object IDs only

        # limits: { tokenBytes: 65536, headerBytes: 32768, bodyBytes: 4194304, bytesInFlight: 67108864, \
        connections: 4096, connectionsPerPeer: null, streamsPerConnection: 250, handshakeTimeout: 10s, \
        requestTimeout: 10s, idleTimeout: 120s, reviewDeadline: 5s, clockSkew: 60s }
        # verifiedTokenCache: { entries: 10000, maximumAge: 10m }
        logging:
          level: info
          format: text                      # text | json
          # audit: audit.jsonl              # a file of JSON lines

        """
    }

    private func file(_ name: String) -> String { ConfigurationTemplate.quoted("\(certificates)/\(name)") }

    private var clients: String {
        let list = allowedClientAppIDs.map(\.description).joined(separator: ", ")
        let mark = allowedClientAppIDs.isEmpty ? "# " : ""
        return
            "\(mark)allowedClientAppIDs: [\(list)]\(mark.isEmpty ? "  " : "              ")# applications that may ask for"
            + " tokens; default: any"
    }

    /// As a YAML text in double quotes where it needs them.
    private static func quoted(_ text: String) -> String {
        if isPlain(text) { return text }
        let escaped = text.unicodeScalars.map { scalar in
            if scalar.value < 32 || scalar.value == 127 {
                return "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            }
            return scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
        }
        return "\"\(escaped.joined())\""
    }

    private static func isPlain(_ text: String) -> Bool {
        if GUID(text) != nil { return true }
        let isLetter = { (byte: UInt8) in (97...122).contains(byte) || (65...90).contains(byte) }
        // What begins with a digit could be a number, and these words are none.
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/") || text.hasPrefix("../"),
            !["true", "false", "null"].contains(text.lowercased()), text.utf8.last != UInt8(ascii: ":")
        else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || "-./:_".utf8.contains($0) }
    }
}
