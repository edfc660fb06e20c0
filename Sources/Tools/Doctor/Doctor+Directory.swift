import Authentication
import Configuration
import DirectoryGroups
import Entra
import EntraTokens
import Inspection
import Terminal
import Timestamps

extension Doctor {
    /// Asks Microsoft Graph about the token's account and groups, as the webhook's watch does: a token does not show
    /// what has changed since it was issued.
    mutating func checkDirectory() {
        guard let askDirectory, let inspection = report.inspection, inspection.reason == nil,
            let claims = inspection.claims, let tenantID = claims.tenantID.flatMap({ GUID($0) }),
            let objectID = claims.objectID.flatMap({ GUID($0) }), inspection.kind != .device
        else { return }
        let interest = WatchInterest(
            tenantID: tenantID, objectID: objectID, kind: inspection.kind, until: claims.expires ?? serverTime)
        guard let probe = askDirectory(interest) else { return }
        let count = report.steps.count
        checkAccount(probe, issuedAt: claims.issuedAt)
        checkMembership(probe, tokenGroups: claims.groups.objectIDs)
        for sentence in probe.forbidden {
            report.add(
                .directory, .warning, "Microsoft Graph forbids: \(sentence)",
                hint: "add the permission to the application that directory.clientID names, and grant admin consent;"
                    + " until then the watch does not know it")
        }
        if let problem = probe.problem {
            let tenant = configuration?.tenants.first { $0.trust.tenantID == tenantID }
            refusesInSilence = tenant?.directory?.whenSilent == .refuse
            report.add(
                .directory, .warning, problem.sentence,
                hint: "the webhook asks the same question: its log and /statusz say whether it has an answer")
        }
        guard report.steps.count == count else { return }
        let groups = probe.membership.map { ", in \($0.members.count) of \($0.asked.count) configured groups" } ?? ""
        report.add(.directory, .passed, "Microsoft Graph: the account is enabled\(groups)")
    }

    private mutating func checkAccount(_ probe: DirectoryProbe, issuedAt: Timestamp?) {
        guard let account = probe.account else { return }
        let known = WatchedPrincipal(version: 0, until: serverTime, account: account)
        guard let reason = known.accountProblem(issuedAt: issuedAt) else { return }
        var hint = reason.hint
        if reason == .sessionsRevoked, let time = account.newSignInPasses {
            hint =
                "run `kubelogin remove-cache-dir` and sign in again \(RelativeTime.describe(time, now: serverTime)) or"
                + " later: a new sign-in passes from \(time.rfc3339)"
        }
        report.add(.directory, .failed, "\(reason.code): \(reason.sentence)", hint: hint)
    }

    private mutating func checkMembership(_ probe: DirectoryProbe, tokenGroups: [GUID]) {
        guard let membership = probe.membership else { return }
        let lost = tokenGroups.filter { membership.contains($0) == false }
        let gained = membership.members.filter { !tokenGroups.contains($0) }
        if !lost.isEmpty {
            report.add(
                .directory, .warning,
                "the token lists \(list(lost)), and Entra says that the account is no longer in it: the webhook takes away"
                    + " what that gives",
                hint: "activate the membership again, or ask the group's owner for it; no new sign-in is needed")
        }
        if !gained.isEmpty {
            report.add(
                .directory, .warning,
                "the account is in \(list(gained)) since the token was issued: with directory.watch the webhook knows"
                    + " that already",
                hint: "wait up to two minutes, for which the API server remembers a sign-in")
        }
    }

    private func list(_ groups: [GUID]) -> String {
        (groups.count == 1 ? "group " : "groups ") + groups.map(\.description).joined(separator: ", ")
    }
}
