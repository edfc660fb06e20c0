/// A rule of `config check`. The raw value is its stable ID.
public enum LintRule: String, Sendable, CaseIterable {
    case adminGroupTwice = "admin-group-twice"
    case groupIsNoGroup = "group-is-no-group"
    case sharedAudience = "shared-audience"
    case systemMasters = "system-masters"
    case noAdmins = "no-admins"
    case adminGroupsGiveNothing = "admin-groups-give-nothing"
    case prefixCanBeReserved = "prefix-can-be-reserved"
    case groupCanBeImitated = "group-can-be-imitated"
    case guestsCanBeAdmins = "guests-can-be-admins"
    case appsCanBeAdmins = "apps-can-be-admins"
    case emergencyExpired = "emergency-expired"
    case emergencyWithoutReason = "emergency-without-reason"
    case emergencyTooLong = "emergency-too-long"
    case userNamesCollide = "user-names-collide"
    case unknownClaim = "unknown-claim"
    case certificateExpires = "certificate-expires"
    case certificateNotYetValid = "certificate-not-yet-valid"
    case clientCAIsNoCA = "client-ca-is-no-ca"
    case authorityCAIsNoCA = "authority-ca-is-no-ca"
    case certificateLacksName = "certificate-lacks-name"
    case keyIsReadable = "key-is-readable"
    case operationsArePublic = "operations-are-public"
    case offlineKeysAreOld = "offline-keys-are-old"
    case fileIsMissing = "file-is-missing"
    case anybodyMayAsk = "anybody-may-ask"
    case keysAgeTooFast = "keys-age-too-fast"
    case refreshTooOften = "refresh-too-often"
    case bodySmallerThanToken = "body-smaller-than-token"
    case largeClockSkew = "large-clock-skew"
    case deadlineTooLong = "deadline-too-long"
    case overageIgnored = "overage-ignored"
    case directoryUnused = "directory-unused"
    case mappedTwice = "mapped-twice"
    case allowanceWithoutReason = "allowance-without-reason"
    case allowanceUnknown = "allowance-unknown"
    case objectIsNoObject = "object-is-no-object"
    case fileUnusable = "file-unusable"
    case lifetimeTooShort = "lifetime-too-short"
    case timeoutTooShort = "timeout-too-short"
    case timeoutOverDeadline = "timeout-over-deadline"
    case groupsKeptLong = "groups-kept-long"
    case keysKeptLong = "keys-kept-long"
    case bytesInFlightTooFew = "bytes-in-flight-too-few"
    case groupNameForID = "group-name-for-id"
    case keyMismatch = "certificate-key-mismatch"
    case watchIsTransitive = "watch-is-transitive"
    case watchTooOften = "watch-too-often"
    case methodsAreMissing = "amr-is-missing"
    case claimHasOtherType = "claim-has-other-type"
    case lifetimeTooLong = "lifetime-too-long"
    case deniedEnded = "denied-ended"
    case deniedTooOld = "denied-too-old"
    case deniedIsNoPrincipal = "denied-is-no-principal"
    case mappingGivesAdmin = "mapping-gives-admin"
    case keysAreNotKept = "keys-are-not-kept"
    case callersAreMany = "callers-are-many"
    case invisibleCharacters = "invisible-characters"
    case fileIsShared = "file-is-shared"
    case audienceIsURI = "audience-is-a-uri"
    case audienceIsNoServer = "audience-is-no-server"
    case tenantIsForeign = "tenant-is-foreign"
    case noDenyList = "no-deny-list"
    case reservedGroup = "reserved-group"
    case audienceInNoToken = "audience-in-no-token"
    case secretIsNoSecret = "secret-is-no-secret"

    /// How serious a finding is.
    public enum Severity: String, Sendable, Comparable {
        /// Useful to know; never changes the exit status.
        case notice
        /// Unwise; with `--strict`, the exit status is 1.
        case warning
        /// `serve` refuses the file; a comment cannot suppress it.
        case error

        private var rank: Int {
            switch self {
            case .notice: 0
            case .warning: 1
            case .error: 2
            }
        }

        /// Notices are less serious than warnings, and warnings than errors.
        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    }

    /// How serious the rule's findings are.
    public var severity: Severity {
        switch self {
        case .guestsCanBeAdmins, .appsCanBeAdmins, .overageIgnored, .directoryUnused, .watchIsTransitive,
            .mappingGivesAdmin, .keysAreNotKept, .noDenyList:
            .notice
        case .groupNameForID, .keyMismatch: .error
        default: .warning
        }
    }

    /// What the rule finds, in one sentence for the README.
    public var purpose: String {
        switch self {
        case .adminGroupTwice: "an admin group is listed twice, or is admin in one tenant and mapped in another"
        case .groupIsNoGroup: "the ID of a tenant or an application stands where a group's object ID belongs"
        case .sharedAudience:
            "the audience belongs to every AKS or Arc cluster, or to a service such as Microsoft Graph"
        case .systemMasters: "system:masters is granted, which neither RBAC nor the kill switch can take away"
        case .noAdmins: "no group is an admin group, so nobody would be admin"
        case .adminGroupsGiveNothing: "kubernetes.adminGroups is empty, so that admin groups give nothing"
        case .prefixCanBeReserved: "usernamePrefix is the beginning of system:"
        case .groupCanBeImitated: "a configured Kubernetes group has the form that groupPrefix and an object ID give"
        case .guestsCanBeAdmins: "guests may sign in, so a guest in an admin group is admin"
        case .appsCanBeAdmins: "applications may sign in, so one in an admin group is admin"
        case .emergencyExpired: "an emergency entry has ended and can go"
        case .emergencyWithoutReason: "an emergency entry has no reason"
        case .emergencyTooLong: "an emergency entry lasts for more than 24 hours from now"
        case .userNamesCollide: "users of several tenants are named by UPN, which is unique in one tenant only"
        case .unknownClaim: "requiredClaims names a claim that Entra's access tokens do not carry"
        case .certificateExpires: "a certificate that the file names has expired or expires within 30 days"
        case .certificateNotYetValid: "a certificate that the file names is not valid yet"
        case .clientCAIsNoCA: "clientCA holds no CA, so only its very certificates are accepted"
        case .authorityCAIsNoCA: "authorityCA or graphCA holds no CA, so only its very certificates are trusted"
        case .certificateLacksName: "the server's certificate does not name the listen address"
        case .keyIsReadable: "everybody on the host may read the private key or a directory's secret"
        case .operationsArePublic: "the operations address, which asks for no credentials, is not on loopback"
        case .offlineKeysAreOld: "the offline key file is more than 30 days old"
        case .fileIsMissing: "a file that is read only once it is needed is not there"
        case .anybodyMayAsk: "insecureAllowAnyClient lets anybody ask the webhook"
        case .keysAgeTooFast: "signingKeys.maximumAge is shorter than two refreshes"
        case .refreshTooOften: "keys are fetched more often than Entra likes"
        case .bodySmallerThanToken: "limits.bodyBytes leaves no room for a token of limits.tokenBytes"
        case .largeClockSkew: "limits.clockSkew is over 5 minutes, so expired tokens stay valid that long"
        case .deadlineTooLong: "limits.reviewDeadline is longer than kube-apiserver waits"
        case .overageIgnored: "principals with more than 200 groups sign in without any"
        case .directoryUnused: "a directory is configured that groupOverage never asks"
        case .mappedTwice: "a group or role is mapped twice"
        case .allowanceWithoutReason: "a comment silences a rule without giving a reason"
        case .allowanceUnknown: "a comment silences a rule that does not exist"
        case .objectIsNoObject: "emergency access is given to the ID of a tenant, an application or a group"
        case .fileUnusable: "a file of keys, a secret or a CA exists but cannot be used"
        case .lifetimeTooShort: "maximumTokenLifetime is shorter than the life of Entra's ordinary tokens"
        case .timeoutTooShort: "a timeout is so short that ordinary requests fail"
        case .timeoutOverDeadline: "directory.timeout is longer than limits.reviewDeadline, which ends first"
        case .groupsKeptLong: "the directory's answers are kept so long that somebody who left a group keeps its rights"
        case .keysKeptLong: "signingKeys.maximumAge is over 7 days, so keys that Entra took back stay in use"
        case .bytesInFlightTooFew: "limits.bytesInFlight has no room for a body or an access review of limits.bodyBytes"
        case .groupNameForID: "a group's name stands where its object ID belongs"
        case .keyMismatch: "the server's certificate does not belong to its private key"
        case .watchIsTransitive: "the watch counts members of groups inside the configured ones as well"
        case .watchTooOften: "directory.watchEvery is under 5 seconds, which costs many questions"
        case .methodsAreMissing: "requiredClaims names amr, which access tokens of version 2.0 do not carry"
        case .claimHasOtherType: "requiredClaims has a string where Entra writes a number or a boolean"
        case .lifetimeTooLong: "maximumTokenLifetime is over 7 days, and Entra issues no such tokens"
        case .deniedEnded: "a denied entry has ended and can go"
        case .deniedTooOld: "a denied entry is about tokens so old that all of them have expired"
        case .deniedIsNoPrincipal: "the ID of a tenant or a group is denied, which refuses nobody"
        case .mappingGivesAdmin: "a mapping or role gives a Kubernetes group of kubernetes.adminGroups"
        case .keysAreNotKept:
            "signingKeys.cacheFile is not set, so a restart while Entra is unreachable locks everybody out"
        case .callersAreMany: "clientCA is not a CA of the webhook's own, and allowedClientNames is empty"
        case .invisibleCharacters: "a name holds characters that nobody sees, or that look like others"
        case .fileIsShared: "a file or its folder belongs to, or may be written by, somebody else"
        case .audienceIsURI: "an audience is api:// with an application ID, and the ID alone is not listed"
        case .audienceIsNoServer: "an audience is a tenant's ID or a client application's, for which no tokens are made"
        case .secretIsNoSecret: "a directory's client secret is an ID, more than one word, or NAME=VALUE"
        case .audienceInNoToken: "an audience is neither an ID nor a URI, or has blanks, quotes or a comma around it"
        case .tenantIsForeign: "a tenant is that of personal Microsoft accounts, Microsoft's own, or a placeholder"
        case .reservedGroup: "a group that Kubernetes uses itself, such as system:authenticated, is granted"
        case .noDenyList: "a tenant whose keys are fetched has no deniedFile, so `kube-entra deny` can lock nobody out"
        }
    }
}

/// A setting that works but is unwise, and its place.
public struct LintFinding: Hashable, Sendable {
    /// The rule that found it.
    public var rule: LintRule
    /// The field's path.
    public var field: String
    /// The finding's line, counted from 1.
    public var line: Int
    /// The finding's column, counted from 1.
    public var column: Int
    /// What is unwise, for people.
    public var message: String
    /// What to do about it.
    public var advice: String
    /// The reason of the comment that suppresses it; nil if none does.
    public var allowedBecause: String?

    /// How serious it is.
    public var severity: LintRule.Severity { rule.severity }
}
