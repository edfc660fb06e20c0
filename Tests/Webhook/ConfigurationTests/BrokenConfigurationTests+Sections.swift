extension BrokenConfigurationTests {
    /// What can be wrong with everything else.
    static let inSections = [
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
            "admin groups that everybody is in",
            "tenants:",
            "kubernetes: {adminGroups: [admins, 'system:authenticated', 'system:serviceaccounts:kube-system']}\ntenants:",
            [
                "7:36 kubernetes.adminGroups[1]: must be a group of your own: Kubernetes itself puts everybody who is"
                    + " signed in into system:authenticated, and what is bound to it for the admins is bound for all of"
                    + " them",
                "7:60 kubernetes.adminGroups[2]: must be a group of your own: Kubernetes itself puts service accounts,"
                    + " as which pods sign in, into system:serviceaccounts:kube-system, and what is bound to it for the"
                    + " admins is bound for all of them",
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
            "headers of more than HTTP/2 can announce",
            "tenants:",
            "limits: {headerBytes: 5000000000}\ntenants:",
            ["7:23 limits.headerBytes: must be between 1 and 16777216"]),
        Case(
            "a limit as a fraction",
            "tenants:",
            "limits: {bodyBytes: 1.5}\ntenants:",
            ["7:21 limits.bodyBytes: must be a whole number"]),
        Case(
            "a tab",
            "  clientCA: ca.crt",
            "\tclientCA: ca.crt",
            ["6:1 : found a tab character that violates indentation; indent with spaces"]),
        Case(
            "true for a text",
            "tenants:",
            "kubernetes: {adminGroups: [true]}\ntenants:",
            ["7:28 kubernetes.adminGroups[0]: must be a string, not true or false: put it in quotes if it is meant so"]),
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
