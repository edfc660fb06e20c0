extension BrokenConfigurationTests {
    /// What can be wrong with a tenant: who it is, where it signs in, its keys.
    static let inTenants = [
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
            "a proxy that is spoken to in something else",
            "    audiences:",
            "    signingKeys: {proxy: 'socks5://proxy:3128'}\n    audiences:",
            [
                "9:26 tenants[0].signingKeys.proxy: must be http(s)://host:port, with user:password@ before the host if needed"
            ]),
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
    ]
}
