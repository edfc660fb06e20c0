import Configuration
import Entra
import Jansson
import PolicyChecks
import Testing
import Timestamps

extension PolicyDiffTests {
    static let tenant = "tenants[11111111-2222-3333-4444-555555555555]."
    static let edits: [Edit] = [
        Edit("8443", "9443", "~ server.listen changes from 127.0.0.1:8443 to 127.0.0.1:9443"),
        Edit("8480", "9480", "~ server.operations changes from 127.0.0.1:8480 to 127.0.0.1:9480"),
        Edit("server.crt", "new.crt", "~ server.certificate changes from server.crt to new.crt"),
        Edit("server.key", "/k/new.key", "~ server.privateKey changes from server.key to /k/new.key"),
        Edit("clientCA: ca.crt", "clientCA: b.crt", "~ server.clientCA changes from ca.crt to b.crt"),
        Edit(
            "clientCA: ca.crt\n  allowedClientNames: [apiserver]", "insecureAllowAnyClient: true",
            "+ anybody who reaches the webhook may ask it about tokens"),
        Edit("[apiserver]", "[]", "+ every caller with a certificate from the client CA may ask about tokens"),
        Edit(
            "[apiserver]", "[apiserver, probe]", "+ callers whose certificate names probe may ask about tokens now"),
        Edit("[apiserver]", "[probe]", "- callers whose certificate names apiserver may no longer ask about tokens"),
        Edit("[http/1.1, h2]", "[h2, http/1.1]", "~ server.protocols changes from http/1.1, h2 to h2, http/1.1"),
        Edit("cloud: public", "cloud: china", "~ tokens of cloud china are accepted instead of those of cloud public"),
        Edit(
            "authority: https://login.example", "authority: null",
            "~ tokens issued by https://login.microsoftonline.com are accepted instead of those issued by"
                + " https://login.example"),
        Edit(
            "authorityCA: authority.crt", "authorityCA: null",
            "~ \(tenant)authorityCA changes from authority.crt to the default"),
        Edit(
            "[aaaaaaaa-0000-0000-0000-000000000000]", "[AAAAAAAA-0000-0000-0000-000000000000, api://x]",
            "+ tokens for audience api://x are accepted now"),
        Edit(
            "[aaaaaaaa-0000-0000-0000-000000000000]", "[api://x]",
            "- tokens for audience aaaaaaaa-0000-0000-0000-000000000000 are no longer accepted"),
        Edit(
            "[cccccccc-0000-0000-0000-000000000000]", "[]",
            "+ tokens are accepted whichever application asked for them, not only"
                + " cccccccc-0000-0000-0000-000000000000"),
        Edit(
            "[cccccccc-0000-0000-0000-000000000000]",
            "[cccccccc-0000-0000-0000-000000000000, dddddddd-0000-0000-0000-000000000000]",
            "+ tokens that application dddddddd-0000-0000-0000-000000000000 asked for are accepted now"),
        Edit("[user, app]", "[user, app, guest]", "+ guests may sign in now"),
        Edit("[user, app]", "[user]", "- applications may no longer sign in"),
        Edit("{ acrs: [c1] }", "{}", "+ who does not have claim acrs = c1 may sign in now too"),
        Edit("{ acrs: [c1] }", "{ acrs: [c1, c2] }", "+ who has claim acrs = c2 may sign in now"),
        Edit("{ acrs: [c1] }", "{ acrs: c1, xx: y }", "- only who has claim xx = y may sign in now"),
        Edit("29h", "1h", "- tokens may be valid for 1h instead of 29h"),
        Edit(
            "[5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed]", "[]",
            "- members of group 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed are no longer cluster admins"),
        Edit(
            "[5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed]",
            "[5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed, 12340000-bbbb-cccc-dddd-eeeeffff0000]",
            "+ members of group 12340000-bbbb-cccc-dddd-eeeeffff0000 become cluster admins"),
        Edit(
            "[developers]", "[developers, testers]",
            "+ members of group 9999aaaa-bbbb-cccc-dddd-eeeeffff0000 get Kubernetes group testers"),
        Edit(
            "[developers]", "[developers, 'kube-entra:cluster-admins']",
            "+ members of group 9999aaaa-bbbb-cccc-dddd-eeeeffff0000 get Kubernetes group kube-entra:cluster-admins,"
                + " which makes them cluster admins"),
        Edit(
            "groupObjectID: 9999aaaa", "groupObjectID: 8888aaaa",
            "- members of group 9999aaaa-bbbb-cccc-dddd-eeeeffff0000 lose Kubernetes group developers"),
        Edit("Cluster.Viewer", "Cluster.Seer", "+ holders of app role Cluster.Seer get Kubernetes group viewers"),
        Edit("[viewers]", "[v1, v2]", "+ holders of app role Cluster.Viewer get Kubernetes groups v1, v2"),
        Edit(
            "groupOverage: deny", "groupOverage: resolve",
            "+ principals in too many groups for a token sign in with the groups that the directory names"),
        Edit(
            "groupOverage: deny", "groupOverage: ignore",
            "+ principals in too many groups for a token sign in without their groups"),
        Edit(
            "clientID: bbbb", "clientID: abbb",
            "~ \(tenant)directory.clientID changes from bbbbbbbb-0000-0000-0000-000000000000 to"
                + " abbbbbbb-0000-0000-0000-000000000000"),
        Edit(
            "clientSecretFile: secret", "managedIdentity: true",
            "~ \(tenant)directory.credential changes from clientSecretFile secret to managedIdentity"),
        Edit("groups: configured", "groups: all", "~ \(tenant)directory.groups changes from configured to all"),
        Edit("timeout: 2s", "timeout: 3s", "~ \(tenant)directory.timeout changes from 2s to 3s"),
        Edit("cacheFor: 5m", "cacheFor: 6m", "~ \(tenant)directory.cacheFor changes from 5m to 6m"),
        Edit("staleFor: 0s", "staleFor: 1h", "~ \(tenant)directory.staleFor changes from 0s to 1h"),
        Edit(
            "https://graph.example", "https://g.example",
            "~ \(tenant)directory.graphEndpoint changes from https://graph.example to https://g.example"),
        Edit("graph.crt", "g.crt", "~ \(tenant)directory.graphCA changes from graph.crt to g.crt"),
        Edit(
            "watch: admins", "watch: everyone",
            "~ everybody loses and gains, while their tokens live, what Entra takes and gives"),
        Edit(
            "watch: admins", "watch: off",
            "~ a change in Entra is felt with the next token only: nobody is asked about again"),
        Edit("watchEvery: 30s", "watchEvery: 60s", "~ a change in Entra is felt within 1m instead of 30s"),
        Edit(
            "whenSilent: keep", "whenSilent: refuse",
            "- watched principals are refused while Microsoft Graph does not answer"),
        Edit(
            "objectID: 6666aaaa-bbbb-cccc-dddd-eeeeffff0000", "tokenID: abc",
            "+ object 6666aaaa-bbbb-cccc-dddd-eeeeffff0000 is no longer refused until 2030-01-01T00:00:00Z"),
        Edit(
            "objectID: 6666aaaa-bbbb-cccc-dddd-eeeeffff0000", "clientAppID: 6666aaaa-bbbb-cccc-dddd-eeeeffff0000",
            "- every token that application 6666aaaa-bbbb-cccc-dddd-eeeeffff0000 asked for is refused until"
                + " 2030-01-01T00:00:00Z (left the company)"),
        Edit(
            "        until: 2030-01-01T00:00:00Z\n        reason: left", "        reason: left",
            "- object 6666aaaa-bbbb-cccc-dddd-eeeeffff0000 is refused (left the company)"),
        Edit(
            "        until: 2030-01-01T00:00:00Z\n        reason: left",
            "        until: 2020-01-01T00:00:00Z\n        reason: left",
            "~ object 6666aaaa-bbbb-cccc-dddd-eeeeffff0000 is not refused by an entry that ended on 2020-01-01T00:00:00Z"
        ),
        Edit(
            "        until: 2030-01-01T00:00:00Z\n        reason: left",
            "        until: 2030-01-01T00:00:00Z\n        issuedBefore: 2026-01-01T00:00:00Z\n        reason: left",
            "+ object 6666aaaa-bbbb-cccc-dddd-eeeeffff0000 is no longer refused until 2030-01-01T00:00:00Z"),
        Edit(
            "deniedFile: denied.json", "deniedFile: null", "+ who is denied only in denied.json is no longer refused"),
        Edit(
            "deniedFile: denied.json", "deniedFile: d.json",
            "~ who is denied in d.json is refused, instead of who is denied in denied.json"),
        Edit("eventLoops: 2", "eventLoops: auto", "~ server.eventLoops changes from 2 to auto"),
        Edit("eventLoops: 2", "cryptography: fips", "~ server.cryptography changes from default to fips"),
        Edit("names: names.json", "names: n.json", "~ names changes from names.json to n.json"),
        Edit(
            "connections: 4096", "connections: 4096, connectionsPerPeer: 5",
            "~ limits.connectionsPerPeer changes from the default to 5"),
        Edit(
            "[developers]", "[\"e\u{301}\"]",
            "+ members of group 9999aaaa-bbbb-cccc-dddd-eeeeffff0000 get Kubernetes group e\u{301}"),
        Edit(
            "objectID: 7777aaaa", "objectID: 6666aaaa",
            "- object 7777aaaa-bbbb-cccc-dddd-eeeeffff0000 loses emergency access to group kube-entra:cluster-admins"),
        Edit(
            "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z",
            "+ emergency access of object 7777aaaa-bbbb-cccc-dddd-eeeeffff0000 ends on 2031-01-01T00:00:00Z instead of"
                + " 2030-01-01T00:00:00Z"),
        Edit(
            "2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z",
            "- emergency access of object 7777aaaa-bbbb-cccc-dddd-eeeeffff0000 ends on 2020-01-01T00:00:00Z instead of"
                + " 2030-01-01T00:00:00Z"),
        Edit(
            "kubernetesGroups: [kube-entra:cluster-admins]", "kubernetesGroups: [rescue]",
            "+ object 7777aaaa-bbbb-cccc-dddd-eeeeffff0000 gets emergency access to group rescue"),
        Edit(
            "incident 4711", "incident 4712",
            "~ the reason for the emergency access of object 7777aaaa-bbbb-cccc-dddd-eeeeffff0000 changes"),
        Edit(
            "proofOfPossession: accept", "proofOfPossession: require",
            "- bearer tokens are no longer accepted, only those with a proof of possession"),
        Edit(
            "proofOfPossession: accept", "proofOfPossession: off",
            "~ proof-of-possession tokens are no longer accepted, bearer tokens are"),
        Edit(
            "clusterHost: cluster.example", "clusterHost: other.example",
            "~ proofs of possession must be made for other.example instead of cluster.example"),
        Edit("refreshEvery: 1h", "refreshEvery: 2h", "~ \(tenant)signingKeys.refreshEvery changes from 1h to 2h"),
        Edit(
            "Interval: 5m", "Interval: 9m",
            "~ \(tenant)signingKeys.unknownKeyRefreshInterval changes from 5m to 9m"),
        Edit("maximumAge: 24h", "maximumAge: 48h", "~ \(tenant)signingKeys.maximumAge changes from 24h to 48h"),
        Edit("cache.json", "c.json", "~ \(tenant)signingKeys.cacheFile changes from cache.json to c.json"),
        Edit("keys.json", "k.json", "~ only the signing keys in k.json are trusted, instead of those in keys.json"),
        Edit("http://user:secret@proxy", "http://user:other@proxy", "~ signing keys are fetched through another proxy"),
        Edit(
            "adminGroups: [kube-entra:cluster-admins]", "adminGroups: [system:masters]",
            "+ cluster admins get Kubernetes group system:masters"),
        Edit(
            "username: upn", "username: oid",
            "~ users are named by object ID instead of user principal name, so bindings to their names no longer match"
        ),
        Edit(
            "usernamePrefix: \"\"", "usernamePrefix: \"e:\"",
            "~ user names begin with \"e:\" instead of \"\", so bindings to them no longer match"),
        Edit(
            "groupObjectIDs: include", "groupObjectIDs: drop", "- bindings to group object IDs no longer take effect"),
        Edit(
            "groupPrefix: \"\"", "groupPrefix: \"e:\"",
            "~ group object IDs begin with \"e:\" instead of \"\", so bindings to them no longer match"),
        Edit("tokenBytes: 65536", "tokenBytes: 1000", "- tokens may have 1000 bytes instead of 65536"),
        Edit("headerBytes: 32768", "headerBytes: 1000", "~ limits.headerBytes changes from 32768 to 1000"),
        Edit("bodyBytes: 4194304", "bodyBytes: 1000", "~ limits.bodyBytes changes from 4194304 to 1000"),
        Edit("bytesInFlight: 67108864", "bytesInFlight: 9", "~ limits.bytesInFlight changes from 67108864 to 9"),
        Edit("connections: 4096", "connections: 9", "~ limits.connections changes from 4096 to 9"),
        Edit("PerConnection: 250", "PerConnection: 9", "~ limits.streamsPerConnection changes from 250 to 9"),
        Edit("handshakeTimeout: 10s", "handshakeTimeout: 9s", "~ limits.handshakeTimeout changes from 10s to 9s"),
        Edit("requestTimeout: 11s", "requestTimeout: 9s", "~ limits.requestTimeout changes from 11s to 9s"),
        Edit("idleTimeout: 120s", "idleTimeout: 9s", "~ limits.idleTimeout changes from 2m to 9s"),
        Edit("reviewDeadline: 5s", "reviewDeadline: 9s", "~ limits.reviewDeadline changes from 5s to 9s"),
        Edit("clockSkew: 60s", "clockSkew: 0s", "- tokens are taken for 0s after they expire instead of 1m"),
        Edit("entries: 10000", "entries: 0", "~ verifiedTokenCache.entries changes from 10000 to 0"),
        Edit("maximumAge: 10m", "maximumAge: 9m", "~ verifiedTokenCache.maximumAge changes from 10m to 9m"),
        Edit("level: info", "level: debug", "~ logging.level changes from info to debug"),
        Edit("format: text", "format: json", "~ logging.format changes from text to json"),
        Edit("audit: audit.jsonl", "audit: null", "~ logging.audit changes from audit.jsonl to the default"),
    ]
}
