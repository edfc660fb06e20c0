extension BrokenConfigurationTests {
    /// What can be wrong with `server`.
    static let inServer = [
        Case(
            "event loops neither a number nor auto",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  eventLoops: many",
            ["7:15 server.eventLoops: must be auto or a whole number between 1 and 32"]),
        Case(
            "no event loop at all",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  eventLoops: 0",
            ["7:15 server.eventLoops: must be auto or a whole number between 1 and 32"]),
        Case(
            "cryptography misspelt",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  cryptography: fipps",
            ["7:17 server.cryptography: must be one of default, fips: did you mean fips?"]),
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
            "a repeated field",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  clientCA: b.crt",
            ["7:3 server.clientCA: stands here again; it was set in line 6"]),
        Case(
            "a number for a text",
            "certificate: server.crt",
            "certificate: 5",
            ["4:16 server.certificate: must be a string, not a number: put it in quotes if it is meant so"]),
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
            "a merge key",
            "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  <<: {listen: a}",
            ["7:3 server.<<: is not a field that is known here"]),
    ]
}
