import Configuration
import Testing

@Suite struct BrokenConfigurationTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let replaced: String
        let replacement: String
        let problems: [String]
        var testDescription: String { name }

        init(_ name: String, _ replaced: String, _ replacement: String, _ problems: [String]) {
            self.name = name
            self.replaced = replaced
            self.replacement = replacement
            self.problems = problems
        }
    }

    @Test("one thing wrong is reported exactly, with its place", arguments: cases)
    func broken(sent: Case) throws {
        let minimal = ConfigurationLoaderTests.minimal
        let parts = minimal.split(separator: sent.replaced, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        #expect(ConfigurationLoaderTests.problems(parts.joined(separator: sent.replacement)) == sent.problems)
    }

    static let cases = [
        Case(
            "event loops neither a number nor auto",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  eventLoops: many",
            ["7:15 server.eventLoops: must be auto or a whole number between 1 and 256"]),
        Case(
            "no event loop at all",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  eventLoops: 0",
            ["7:15 server.eventLoops: must be auto or a whole number between 1 and 256"]),
        Case(
            "cryptography misspelt",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  cryptography: fipps",
            ["7:17 server.cryptography: must be one of default, fips: did you mean fips?"]),
        Case(
            "a denied entry for nobody",
            "    audiences:",
            "    denied: [{reason: left}]\n    audiences:",
            ["9:14 tenants[0].denied[0].objectID: is missing: set exactly one of objectID, clientAppID, tokenID"]),
        Case(
            "a denied entry for two",
            "    audiences:",
            "    denied: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, tokenID: a, reason: left}]\n    audiences:",
            ["9:14 tenants[0].denied[0]: denies by several IDs: set exactly one of objectID, clientAppID, tokenID"]),
        Case(
            "a denied entry without a reason",
            "    audiences:",
            "    denied: [{tokenID: a}]\n    audiences:",
            [
                "9:14 tenants[0].denied[0].reason: is missing: say why, for the log and whoever reads the list later"
            ]),
        Case(
            "a denied entry with a reason that is too long",
            "    audiences:",
            "    denied: [{tokenID: a, reason: \(String(repeating: "x", count: 257))}]\n    audiences:",
            ["9:35 tenants[0].denied[0].reason: must not be longer than 256 characters"]),
        Case(
            "a denied entry with a misspelt field",
            "    audiences:",
            "    denied: [{tokenID: a, reason: left, untill: 2026-12-01T00:00:00Z}]\n    audiences:",
            ["9:41 tenants[0].denied[0].untill: is not a field that is known here: did you mean until?"]),
        Case(
            "a denied entry with a date alone",
            "    audiences:",
            "    denied: [{tokenID: a, reason: left, until: 2026-12-01}]\n    audiences:",
            [
                "9:48 tenants[0].denied[0].until: must be a date and time with a zone, for example 2026-12-01T00:00:00Z"
            ]),
        Case(
            "a watch of somebody else",
            "    audiences:",
            "    directory: {managedIdentity: true, watch: admin}\n    audiences:",
            ["9:47 tenants[0].directory.watch: must be one of off, admins, everyone: did you mean admins?"]),
        Case(
            "a watch that never asks",
            "    audiences:",
            "    directory: {managedIdentity: true, watchEvery: 0s}\n    audiences:",
            ["9:52 tenants[0].directory.watchEvery: must be at least 1s"]),
        Case(
            "unknown apiVersion",
            "apiVersion: kube-entra.dev/v1",
            "apiVersion: kube-entra.dev/v2",
            ["1:13 apiVersion: must be kube-entra.dev/v1"]),
        Case(
            "apiVersion missing",
            "apiVersion: kube-entra.dev/v1\n",
            "",
            ["1:1 apiVersion: is missing: write apiVersion: kube-entra.dev/v1"]),
        Case(
            "unknown kind",
            "kind: WebhookConfiguration",
            "kind: Webhook",
            ["2:7 kind: must be WebhookConfiguration"]),
        Case(
            "misspelt section",
            "server:",
            "servers:",
            [
                "1:1 server.certificate: is missing: the server's certificate chain in PEM, made by `kube-entra certs create`",
                "1:1 server.privateKey: is missing: the private key of the server's certificate in PEM",
                "1:1 server.clientCA: is missing: callers must present a certificate from this CA; to do without, set insecureAllowAnyClient: true",
                "3:1 servers: is not a field that is known here: did you mean server?",
            ]),
        Case(
            "server is a text",
            "server:\n  certificate: server.crt\n  privateKey: server.key\n  clientCA: ca.crt",
            "server: yes",
            [
                "1:1 server.certificate: is missing: the server's certificate chain in PEM, made by `kube-entra certs create`",
                "1:1 server.privateKey: is missing: the private key of the server's certificate in PEM",
                "1:1 server.clientCA: is missing: callers must present a certificate from this CA; to do without, set insecureAllowAnyClient: true",
                "3:9 server: must be a mapping of fields, not a single value",
            ]),
        Case(
            "certificate missing",
            "  certificate: server.crt\n",
            "",
            [
                "4:3 server.certificate: is missing: the server's certificate chain in PEM, made by `kube-entra certs create`"
            ]),
        Case(
            "certificate empty",
            "certificate: server.crt",
            "certificate: ''",
            ["4:16 server.certificate: must not be empty"]),
        Case(
            "certificate a list",
            "certificate: server.crt",
            "certificate: [a]",
            ["4:16 server.certificate: must be a string, not a list"]),
        Case(
            "private key missing",
            "  privateKey: server.key\n",
            "",
            ["4:3 server.privateKey: is missing: the private key of the server's certificate in PEM"]),
        Case(
            "neither CA nor the insecure choice",
            "  clientCA: ca.crt\n",
            "",
            [
                "4:3 server.clientCA: is missing: callers must present a certificate from this CA; to do without, set insecureAllowAnyClient: true"
            ]),
        Case(
            "both CA and the insecure choice",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  insecureAllowAnyClient: true",
            ["6:13 server.clientCA: contradicts insecureAllowAnyClient: true; remove one of them"]),
        Case(
            "insecure choice as a text",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  insecureAllowAnyClient: 'true'",
            ["7:27 server.insecureAllowAnyClient: must be true or false"]),
        Case(
            "names without a CA",
            "  clientCA: ca.crt",
            "  insecureAllowAnyClient: true\n  allowedClientNames: [x]",
            ["7:23 server.allowedClientNames: has no effect with insecureAllowAnyClient: true; remove one of them"]),
        Case(
            "listen without a port",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  listen: 127.0.0.1",
            ["7:11 server.listen: must be host:port, for example 127.0.0.1:8443 or [::1]:8443"]),
        Case(
            "listen beyond ports",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  listen: 127.0.0.1:70000",
            ["7:11 server.listen: must be host:port, for example 127.0.0.1:8443 or [::1]:8443"]),
        Case(
            "listen on bare IPv6",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  listen: ::1:8443",
            ["7:11 server.listen: must be host:port, for example 127.0.0.1:8443 or [::1]:8443"]),
        Case(
            "same address twice",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  operations: 127.0.0.1:8443",
            ["7:15 server.operations: must be another address than server.listen"]),
        Case(
            "unknown protocol",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  protocols: [h3]",
            ["7:15 server.protocols[0]: must be http/1.1 or h2"]),
        Case(
            "no protocol",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  protocols: []",
            ["7:14 server.protocols: must not be empty: list http/1.1, h2 or both"]),
        Case(
            "misspelt field",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  operation: 127.0.0.1:1",
            ["7:3 server.operation: is not a field that is known here: did you mean operations?"]),
        Case(
            "no tenants",
            "tenants:\n  - tenantID: 11111111-2222-3333-4444-555555555555\n    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n",
            "tenants: []\n",
            ["7:10 tenants: must not be empty: list at least one tenant"]),
        Case(
            "tenants missing",
            "tenants:\n  - tenantID: 11111111-2222-3333-4444-555555555555\n    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n",
            "",
            ["1:1 tenants: is missing: list at least one tenant"]),
        Case(
            "tenants a mapping",
            "tenants:\n  - tenantID: 11111111-2222-3333-4444-555555555555\n    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n",
            "tenants: {a: 1}\n",
            ["7:10 tenants: must be a list, not a mapping"]),
        Case(
            "a tenant that is a text",
            "tenants:\n",
            "tenants:\n  - contoso\n",
            ["8:5 tenants[0]: must be a mapping of fields, not a single value"]),
        Case(
            "tenant ID missing",
            "tenantID: 11111111-2222-3333-4444-555555555555",
            "cloud: public",
            ["8:5 tenants[0].tenantID: is missing: the tenant's ID, from the overview page of Microsoft Entra"]),
        Case(
            "tenant ID a name",
            "tenantID: 11111111-2222-3333-4444-555555555555",
            "tenantID: contoso",
            [
                "8:15 tenants[0].tenantID: must be a tenant ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "tenant ID common",
            "tenantID: 11111111-2222-3333-4444-555555555555",
            "tenantID: common",
            ["8:15 tenants[0].tenantID: must be one tenant's ID: common stands for every tenant there is"]),
        Case(
            "tenant ID null",
            "tenantID: 11111111-2222-3333-4444-555555555555",
            "tenantID: null",
            ["8:15 tenants[0].tenantID: is missing: the tenant's ID, from the overview page of Microsoft Entra"]),
        Case(
            "the same tenant twice",
            "    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n",
            "    audiences: [a]\n  - tenantID: 11111111-2222-3333-4444-555555555555\n    audiences: [b]\n",
            ["10:15 tenants[1].tenantID: is the tenant of tenants[0] again; list each tenant once"]),
        Case(
            "one cache file for two tenants",
            "    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n",
            """
                audiences: [a]
                signingKeys: {cacheFile: keys.json}
              - tenantID: 99999999-2222-3333-4444-555555555555
                audiences: [b]
                signingKeys: {cacheFile: ./keys.json}

            """,
            ["13:30 tenants[1].signingKeys.cacheFile: is the cache file of tenants[0] too; each tenant needs its own"]),
        Case(
            "unknown cloud",
            "    audiences:",
            "    cloud: publc\n    audiences:",
            ["9:12 tenants[0].cloud: must be one of public, usGovernment, china: did you mean public?"]),
        Case(
            "authority over http",
            "    audiences:",
            "    authority: http://entra.example\n    audiences:",
            ["9:16 tenants[0].authority: must be an https:// address without user, query and fragment"]),
        Case(
            "authority with a query",
            "    audiences:",
            "    authority: https://entra.example/?a\n    audiences:",
            ["9:16 tenants[0].authority: must be an https:// address without user, query and fragment"]),
        Case(
            "authority with a user",
            "    audiences:",
            "    authority: https://u:p@entra.example\n    audiences:",
            ["9:16 tenants[0].authority: must be an https:// address without user, query and fragment"]),
        Case(
            "audiences missing",
            "    audiences: [aaaaaaaa-0000-0000-0000-000000000000]\n",
            "",
            [
                "8:5 tenants[0].audiences: is missing: list the server application's ID, so that other applications' tokens are refused"
            ]),
        Case(
            "audiences empty",
            "audiences: [aaaaaaaa-0000-0000-0000-000000000000]",
            "audiences: []",
            ["9:16 tenants[0].audiences: must not be empty: list the server application's ID"]),
        Case(
            "audiences a text",
            "audiences: [aaaaaaaa-0000-0000-0000-000000000000]",
            "audiences: aaaaaaaa-0000-0000-0000-000000000000",
            ["9:16 tenants[0].audiences: must be a list, not a single value"]),
        Case(
            "an empty audience",
            "audiences: [aaaaaaaa-0000-0000-0000-000000000000]",
            "audiences: [a, '']",
            ["9:20 tenants[0].audiences[1]: must not be empty"]),
        Case(
            "client ID a name",
            "    audiences:",
            "    allowedClientAppIDs: [kubelogin]\n    audiences:",
            [
                "9:27 tenants[0].allowedClientAppIDs[0]: must be an application ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "unknown subject",
            "    audiences:",
            "    subjects: [user, apps]\n    audiences:",
            [
                "9:22 tenants[0].subjects[1]: must be one of user, guest, app, managedIdentity, agent, device: did you mean app?"
            ]),
        Case(
            "no subjects",
            "    audiences:",
            "    subjects: []\n    audiences:",
            ["9:15 tenants[0].subjects: must not be empty: nobody could sign in"]),
        Case(
            "required claim a mapping",
            "    audiences:",
            "    requiredClaims: {acrs: {a: b}}\n    audiences:",
            ["9:28 tenants[0].requiredClaims.acrs: must be a value or a list of values"]),
        Case(
            "required claim without values",
            "    audiences:",
            "    requiredClaims: {acrs: []}\n    audiences:",
            ["9:28 tenants[0].requiredClaims.acrs: must not be empty: list the accepted values"]),
        Case(
            "lifetime without a unit",
            "    audiences:",
            "    maximumTokenLifetime: 3600\n    audiences:",
            ["9:27 tenants[0].maximumTokenLifetime: must be a duration with a unit, for example 90s, 5m, 29h or 1h30m"]),
        Case(
            "lifetime zero",
            "    audiences:",
            "    maximumTokenLifetime: 0s\n    audiences:",
            ["9:27 tenants[0].maximumTokenLifetime: must be at least 1s"]),
        Case(
            "lifetime negative",
            "    audiences:",
            "    maximumTokenLifetime: -1h\n    audiences:",
            ["9:27 tenants[0].maximumTokenLifetime: must be a duration with a unit, for example 90s, 5m, 29h or 1h30m"]),
        Case(
            "lifetime of an age",
            "    audiences:",
            "    maximumTokenLifetime: 9000000h\n    audiences:",
            ["9:27 tenants[0].maximumTokenLifetime: must not be longer than ten years"]),
        Case(
            "admin groups empty text",
            "    audiences:",
            "    adminGroupObjectIDs: \"\"\n    audiences:",
            ["9:26 tenants[0].adminGroupObjectIDs: must be a list, not a single value"]),
        Case(
            "admin group a name",
            "    audiences:",
            "    adminGroupObjectIDs: [cluster admins]\n    audiences:",
            [
                "9:27 tenants[0].adminGroupObjectIDs[0]: must be a group object ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "AKS spelling",
            "    audiences:",
            "    adminGroupObjectIds: []\n    audiences:",
            ["9:5 tenants[0].adminGroupObjectIds: is not a field that is known here: did you mean adminGroupObjectIDs?"]
        ),
        Case(
            "mapping without groups",
            "    audiences:",
            "    groupMappings: [{groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000}]\n    audiences:",
            ["9:21 tenants[0].groupMappings[0].kubernetesGroups: is missing: list what it gives"]),
        Case(
            "mapping with an empty group",
            "    audiences:",
            "    groupMappings: [{groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: ['']}]\n    audiences:",
            ["9:94 tenants[0].groupMappings[0].kubernetesGroups[0]: must not be empty"]),
        Case(
            "mapping by a name",
            "    audiences:",
            "    groupMappings: [{groupObjectID: developers, kubernetesGroups: [d]}]\n    audiences:",
            [
                "9:37 tenants[0].groupMappings[0].groupObjectID: must be a group object ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "role without a name",
            "    audiences:",
            "    appRoleMappings: [{kubernetesGroups: [d]}]\n    audiences:",
            ["9:23 tenants[0].appRoleMappings[0].appRole: is missing: the value of an app role"]),
        Case(
            "unknown overage",
            "    audiences:",
            "    groupOverage: allow\n    audiences:",
            ["9:19 tenants[0].groupOverage: must be one of deny, resolve, ignore"]),
        Case(
            "resolve without a directory",
            "    audiences:",
            "    groupOverage: resolve\n    audiences:",
            ["8:5 tenants[0].directory: is missing: groupOverage: resolve needs to know how to ask Microsoft Graph"]),
        Case(
            "directory without a credential",
            "    audiences:",
            "    directory: {clientID: bbbbbbbb-0000-0000-0000-000000000000}\n    audiences:",
            [
                "9:16 tenants[0].directory.clientSecretFile: is missing: set exactly one of clientSecretFile, clientCertificateFile, federatedTokenFile, managedIdentity"
            ]),
        Case(
            "directory with two credentials",
            "    audiences:",
            "    directory: {clientID: bbbbbbbb-0000-0000-0000-000000000000, clientSecretFile: s, managedIdentity: true}\n    audiences:",
            [
                "9:16 tenants[0].directory: has several ways to sign in: set exactly one of clientSecretFile, clientCertificateFile, federatedTokenFile, managedIdentity"
            ]),
        Case(
            "directory without a client",
            "    audiences:",
            "    directory: {clientSecretFile: s}\n    audiences:",
            ["9:16 tenants[0].directory.clientID: is missing: the application that may read group memberships"]),
        Case(
            "emergency without an end",
            "    audiences:",
            "    emergencyAccess: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: [a]}]\n    audiences:",
            [
                "9:23 tenants[0].emergencyAccess[0].until: is missing: when the access ends, for example 2026-12-01T00:00:00Z"
            ]),
        Case(
            "emergency end without a zone",
            "    audiences:",
            "    emergencyAccess: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: [a], until: 2026-12-01T00:00:00}]\n    audiences:",
            [
                "9:102 tenants[0].emergencyAccess[0].until: must be a date and time with a zone, for example 2026-12-01T00:00:00Z"
            ]),
        Case(
            "proof without a host",
            "    audiences:",
            "    proofOfPossession: require\n    audiences:",
            ["8:5 tenants[0].clusterHost: is missing: proofOfPossession: require needs the host name in the envelopes"]),
        Case(
            "host with a scheme",
            "    audiences:",
            "    clusterHost: https://cluster.example\n    audiences:",
            ["9:18 tenants[0].clusterHost: must be a bare host name, without scheme, port or path"]),
        Case(
            "proxy without a scheme",
            "    audiences:",
            "    signingKeys: {proxy: 'proxy:3128'}\n    audiences:",
            [
                "9:26 tenants[0].signingKeys.proxy: must be http(s)://host:port, with user:password@ before the host if needed"
            ]),
        Case(
            "refresh too often",
            "    audiences:",
            "    signingKeys: {refreshEvery: 10ms}\n    audiences:",
            ["9:33 tenants[0].signingKeys.refreshEvery: must be at least 1s"]),
        Case(
            "misspelt key field",
            "    audiences:",
            "    signingKeys: {refreshevery: 1h}\n    audiences:",
            ["9:19 tenants[0].signingKeys.refreshevery: is not a field that is known here: did you mean refreshEvery?"]),
        Case(
            "prefix system:",
            "tenants:",
            "kubernetes: {usernamePrefix: 'system:'}\ntenants:",
            ["7:30 kubernetes.usernamePrefix: must not begin with system:, since nobody could sign in with such a name"]
        ),
        Case(
            "group prefix system:",
            "tenants:",
            "kubernetes: {groupPrefix: 'system:x:'}\ntenants:",
            [
                "7:27 kubernetes.groupPrefix: must not begin with system:, since no group may be called so by its object ID"
            ]),
        Case(
            "unknown user name rule",
            "tenants:",
            "kubernetes: {username: email}\ntenants:",
            ["7:24 kubernetes.username: must be one of upn, upnLowercase, oid"]),
        Case(
            "an admin group of control characters",
            "tenants:",
            "kubernetes: {adminGroups: [\"a\\nb\"]}\ntenants:",
            ["7:28 kubernetes.adminGroups[0]: must not hold control characters"]),
        Case(
            "a limit of zero",
            "tenants:",
            "limits: {connections: 0}\ntenants:",
            ["7:23 limits.connections: must be between 1 and 1000000"]),
        Case(
            "a limit as a fraction",
            "tenants:",
            "limits: {bodyBytes: 1.5}\ntenants:",
            ["7:21 limits.bodyBytes: must be a whole number"]),
        Case(
            "a repeated field",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  clientCA: b.crt",
            ["7:3 server.clientCA: stands here again; it was set in line 6"]),
        Case(
            "a tab",
            "  clientCA: ca.crt",
            "\tclientCA: ca.crt",
            ["6:1 : found a tab character that violates indentation; indent with spaces"]),
        Case(
            "a number for a text",
            "certificate: server.crt",
            "certificate: 5",
            ["4:16 server.certificate: must be a string, not a number: put it in quotes if it is meant so"]),
        Case(
            "true for a text",
            "tenants:",
            "kubernetes: {adminGroups: [true]}\ntenants:",
            ["7:28 kubernetes.adminGroups[0]: must be a string, not true or false: put it in quotes if it is meant so"]),
        Case(
            "a number for a group",
            "    audiences:",
            "    appRoleMappings: [{appRole: r, kubernetesGroups: [1.5e3]}]\n    audiences:",
            [
                "9:55 tenants[0].appRoleMappings[0].kubernetesGroups[0]: must be a string, not a number: put it in quotes if it is meant so"
            ]),
        Case(
            "a proxy that is spoken to in something else",
            "    audiences:",
            "    signingKeys: {proxy: 'socks5://proxy:3128'}\n    audiences:",
            [
                "9:26 tenants[0].signingKeys.proxy: must be http(s)://host:port, with user:password@ before the host if needed"
            ]),
        Case(
            "an address with a number too many",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  listen: 127.0.0.256:8443",
            ["7:11 server.listen: must be host:port, for example 127.0.0.1:8443 or [::1]:8443"]),
        Case(
            "an address in brackets that is none",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  listen: '[localhost]:8443'",
            ["7:11 server.listen: must be host:port, for example 127.0.0.1:8443 or [::1]:8443"]),
        Case(
            "a negative port",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  listen: 127.0.0.1:-1",
            ["7:11 server.listen: must be host:port, for example 127.0.0.1:8443 or [::1]:8443"]),
        Case(
            "every address and one of them",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  operations: 0.0.0.0:8443",
            ["7:15 server.operations: must be another address than server.listen"]),
        Case(
            "the same address by its name",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  operations: localhost:8443",
            ["7:15 server.operations: must be another address than server.listen"]),
        Case(
            "text that is not UTF-8 has its place too",
            "  clientCA: ca.crt",
            "  clientCA: \u{0}",
            ["6:13 : this is not UTF-8 text, or it holds a control character"]),
        Case(
            "a quote that does not end",
            "  clientCA: ca.crt",
            "  clientCA: 'ca.crt",
            ["10:1 : found unexpected end of stream while scanning a quoted scalar that begins in line 6"]),
        Case(
            "a bracket that does not end",
            "    audiences: [aaaaaaaa-0000-0000-0000-000000000000]",
            "    audiences: [aaaaaaaa-0000-0000-0000-000000000000",
            ["10:1 : did not find expected ',' or ']' while parsing a flow sequence that begins in line 9"]),
        Case(
            "two documents",
            "tenants:",
            "---\ntenants:",
            ["7:1 : a file may hold one document only"]),
        Case(
            "an alias without an anchor",
            "clientCA: ca.crt",
            "clientCA: *ca",
            ["6:13 : this alias has no anchor before it"]),
        Case(
            "a tag",
            "clientCA: ca.crt",
            "clientCA: !!str ca.crt",
            ["6:13 : tags (a word after !) are not understood"]),
        Case(
            "a merge key",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  <<: {listen: a}",
            ["7:3 server.<<: is not a field that is known here"]),
        Case(
            "a GUID one digit short",
            "tenantID: 11111111-2222-3333-4444-555555555555",
            "tenantID: 11111111-2222-3333-4444-55555555555",
            [
                "8:15 tenants[0].tenantID: must be a tenant ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "a duration in a unit that there is none of",
            "    audiences:",
            "    signingKeys: {maximumAge: 1w}\n    audiences:",
            [
                "9:31 tenants[0].signingKeys.maximumAge: must be a duration with a unit, for example 90s, 5m, 29h or 1h30m"
            ]),
        Case(
            "a duration below a second",
            "tenants:",
            "limits: {idleTimeout: 999ms}\ntenants:",
            ["7:23 limits.idleTimeout: must be at least 1s"]),
        Case(
            "a negative limit",
            "tenants:",
            "limits: {tokenBytes: -1}\ntenants:",
            ["7:22 limits.tokenBytes: must be between 1 and 1099511627776"]),
    ]
}
