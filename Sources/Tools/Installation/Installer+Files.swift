import Addresses
import Certificates
import Configuration
import Files
import Kubeconfigs
import OpenSSL
import SafeText
import Terminal
import Timestamps

extension Installer {
    /// Certificates are renewed this number of days before they expire.
    static let renewalDays: Int64 = 30

    /// Whole days until a time; negative ones after it.
    static func days(until end: Timestamp, _ now: Timestamp) -> Int64 {
        let seconds = end.seconds(since: now)
        return seconds < 0 ? -1 - (-seconds - 1) / 86_400 : seconds / 86_400
    }

    /// When a certificate ends, for people.
    ///
    /// - Parameter days: what ``days(until:_:)`` returns.
    static func ending(_ days: Int64) -> String {
        switch days {
        case ..<(-1): "ended \(-days) days ago"
        case -1: "ended within the last day"
        case 0: "ends within a day"
        case 1: "ends in 1 day"
        default: "ends in \(days) days"
        }
    }

    // The program

    func installProgram(_ plan: InstallationPlan) throws {
        guard plan.request.service == .systemd else { return }
        guard plan.copiesProgram else {
            return say(.program, "\(plan.program) is there")
        }
        let own: [UInt8]
        do throws(FileError) {
            own = try FileIO.read(plan.request.program, maximumBytes: 256 << 20)
        } catch {
            throw CommandFailure("\(plan.request.program): \(error.sentence)")
        }
        if files.exists(NodePath.program) {
            let there = try? FileIO.read(files.root + NodePath.program, maximumBytes: 256 << 20)
            guard there != own else { return say(.program, "\(NodePath.program) is there") }
            return say(
                .program,
                "\(NodePath.program) is there and stays: it is another version than this program, and the webhook runs"
                    + " it; to replace it: install \(ShellWord.quoted(plan.request.program)) \(NodePath.program)"
                    + " && systemctl restart kube-entra")
        }
        do {
            try put(own, at: NodePath.program, mode: 0o755)
        } catch let failure as CommandFailure {
            throw CommandFailure(
                failure.sentence,
                hint: "where /usr cannot be written, --as static-pod --image IMAGE runs the webhook without it")
        }
        say(.program, "wrote \(NodePath.program)")
    }

    // Certificates

    func writeCertificates(_ plan: InstallationPlan) throws {
        for file in plan.carried {
            try makeFolder(NodePath.folder(of: file.path))
            try put(file.bytes, at: file.path, mode: file.mode, owner: owner(file.owner, plan))
            say(.certificates, "wrote \(file.path)")
        }
        let paths = CertificatePaths(plan.configuration, root: files.root)
        guard !paths.server.isEmpty else {
            throw CommandFailure("the configuration names no certificate in \(NodePath.home)")
        }
        if makesCertificates(plan) {
            try makeCertificates(plan, paths, authority: nil)
            return say(.certificates, "made a CA and certificates in \(paths.folder), valid for a year")
        }
        try checkCertificates(plan)
        let isOpen = plan.configuration.server.clientCA == nil
        let validity = try validity(paths, isOpen: isOpen)
        guard let problem = validity.problem else {
            return say(.certificates, "those in \(paths.folder) are there, valid for \(validity.days) days")
        }
        if let obstacle = try obstacleToRenewal(paths) {
            return say(.certificates, "those in \(paths.folder) \(problem): \(obstacle)")
        }
        guard let certificate = try PEMFile.certificates(files.root + paths.authority).first else { return }
        let key = try PEMFile.privateKey(files.root + NodePath.authorityKey)
        try makeCertificates(plan, paths, authority: (certificate, key))
        say(.certificates, "made new ones in \(paths.folder) with the same CA: the old ones \(problem)")
    }

    /// What will be done about each certificate, for `--dry-run`.
    func certificatesText(_ plan: InstallationPlan, _ paths: CertificatePaths) throws -> [String] {
        if makesCertificates(plan) {
            return certificatePlaces(paths).map { "\(files.exists($0.path) ? "make anew" : "make") \($0.path)" }
        }
        let keep = "keep those in \(paths.folder)"
        guard paths.server.allSatisfy(files.exists) else { return [keep] }
        let isOpen = plan.configuration.server.clientCA == nil
        guard isOpen || files.exists(paths.client) else { return [keep] }
        guard let problem = try validity(paths, isOpen: isOpen).problem else { return [keep] }
        if let obstacle = try obstacleToRenewal(paths) { return ["\(keep), which \(problem): \(obstacle)"] }
        return paths.leaves.map { "make anew \($0) with the same CA, since they \(problem)" }
    }

    /// Where a new CA and its certificates are put: each place once.
    func certificatePlaces(_ paths: CertificatePaths) -> [(name: String, path: String)] {
        typealias Name = CertificateFolder.FileName
        let all: [(name: String, path: String)] = [
            (Name.authorityKey, NodePath.authorityKey), (Name.authority, paths.authority),
            (Name.server, paths.certificate), (Name.serverKey, paths.key), (Name.client, paths.client),
            (Name.clientKey, paths.clientKey),
        ]
        guard let authority = paths.clientAuthority, ExactText(authority) != ExactText(paths.authority) else {
            return all
        }
        return all + [(name: Name.clientAuthority, path: authority)]
    }

    /// Why certificates are not renewed here, and what to do; nil if they can be.
    func obstacleToRenewal(_ paths: CertificatePaths) throws -> String? {
        guard files.exists(NodePath.authorityKey), paths.leaves.allSatisfy(NodePath.isInHome),
            let authority = try PEMFile.certificates(files.root + paths.authority).first
        else { return "make new ones with their CA" }
        guard authority.notBefore <= environment.now() else {
            return "their CA is not valid yet either; if this host's clock is right, `kube-entra disable` and `enable`"
                + " make a new one"
        }
        let others = try paths.leaves.first { path in
            switch try presence(path) {
            case .absent, .ours: false
            case .changed, .foreign: true
            }
        }
        return others.map { "\($0) is not what `enable` wrote, so make new ones yourself" }
    }

    /// How long certificates are valid, by this host's clock.
    private struct Validity {
        var days: Int64
        /// Whether one of them was made while a clock was ahead.
        var isInFuture: Bool

        /// Why they need to be renewed; nil if they do not.
        var problem: String? {
            if isInFuture { return "are not valid yet" }
            guard days < Installer.renewalDays else { return nil }
            return days < 0 ? Installer.ending(days) : "end in \(days) days"
        }
    }

    private func validity(_ paths: CertificatePaths, isOpen: Bool) throws -> Validity {
        let now = environment.now()
        let leaves = try (isOpen ? [paths.certificate] : [paths.certificate, paths.client]).compactMap {
            try PEMFile.certificates(files.root + $0).first
        }
        return Validity(
            days: leaves.map { Installer.days(until: $0.notAfter, now) }.min() ?? 0,
            isInFuture: leaves.contains { $0.notBefore > now })
    }

    private func makeCertificates(
        _ plan: InstallationPlan, _ paths: CertificatePaths, authority: (certificate: Certificate, key: PrivateKey)?
    ) throws {
        let host = plan.webhookHost
        let known = CertificatePlan.loopback
        let extra = CertificateHost(host).map { known.contains($0.name) ? [] : [$0.name] } ?? []
        var draft = CertificatePlan(
            hosts: known + extra,
            terms: CertificateTerms(clientName: plan.configuration.server.allowedClientNames.first?.text),
            now: environment.now())
        let made: [CertificateFile]
        do throws(OpenSSLError) {
            made = try draft.make(authority: authority)
        } catch {
            throw CommandFailure("certificates cannot be made: \(error)")
        }
        let places = certificatePlaces(paths)
        for file in made {
            guard let place = places.first(where: { $0.name == file.name })?.path else { continue }
            let isAuthorityKey = ExactText(place) == ExactText(NodePath.authorityKey)
            try makeFolder(NodePath.folder(of: place), mode: isAuthorityKey ? 0o700 : 0o755)
            let isServerKey = file.name == CertificateFolder.FileName.serverKey
            try put(file.bytes, at: place, mode: file.mode, owner: isServerKey ? owner(plan) : nil)
        }
    }

    // Configuration

    func writeConfiguration(_ plan: InstallationPlan) throws {
        guard let text = plan.configurationText else {
            return say(.configuration, "\(NodePath.configuration) is there and stays")
        }
        try makeFolder(NodePath.home)
        // First, because the webhook does not start without it.
        if plan.makesDenyList { try writeDenyList() }
        if plan.isConfigurationOpen {
            try put(text, at: NodePath.configuration, mode: 0o644)
        } else {
            // Only root may change it, and the webhook must read it.
            try put(text, at: NodePath.configuration, mode: 0o640, owner: owner(.rootForService, plan))
        }
        say(.configuration, "wrote \(NodePath.configuration)")
    }

    /// The empty deny list of a configuration that is made here. One that is there keeps its entries.
    private func writeDenyList() throws {
        guard !files.exists(NodePath.deniedList) else {
            return say(.configuration, "\(NodePath.deniedList) is there and stays")
        }
        try put(DenyFile.render([]), at: NodePath.deniedList, mode: 0o644)
        say(
            .configuration,
            "wrote \(NodePath.deniedList), an empty list for `kube-entra deny`; if another node's list has entries, copy"
                + " it here")
    }

    /// - Parameter apiServerUser: the user of kube-apiserver; nil is root.
    func writeKubeconfig(_ plan: InstallationPlan, apiServerUser: UInt32?) throws {
        let paths = CertificatePaths(plan.configuration, root: files.root)
        let text = Array(kubeconfigText(plan).utf8)
        let owner = apiServerUser.map { NodeFiles.Owner(user: $0, group: $0) }
        if let owner, plan.configuration.server.clientCA != nil, files.owner(paths.clientKey) != owner {
            // A kube-apiserver without root must be able to read its key.
            guard NodePath.isInHome(paths.clientKey) else {
                throw CommandFailure(
                    "\(paths.clientKey) does not belong to user \(owner.user), whom kube-apiserver runs as",
                    hint: "chown \(owner.user) \(ShellWord.quoted(paths.clientKey)); `enable` changes no file"
                        + " there")
            }
            try put(try files.read(paths.clientKey), at: paths.clientKey, mode: 0o600, owner: owner)
        }
        if try files.content(NodePath.kubeconfig) == text {
            return say(.kubeconfig, "\(NodePath.kubeconfig) is there")
        }
        if try presence(NodePath.kubeconfig) == .changed {
            return say(named: "kept", "\(NodePath.kubeconfig) was changed since, so it stays")
        }
        try put(text, at: NodePath.kubeconfig, mode: 0o600, owner: owner)
        say(.kubeconfig, "wrote \(NodePath.kubeconfig), by which kube-apiserver calls the webhook")
    }

    /// The kubeconfig for kube-apiserver, with the certificates as they will be.
    func kubeconfigText(_ plan: InstallationPlan) -> String {
        let paths = CertificatePaths(plan.configuration, root: files.root)
        let hasAuthority =
            files.exists(paths.authority) || makesCertificates(plan)
            || plan.carries(paths.authority)
        let isOpen = plan.configuration.server.clientCA == nil
        return WebhookKubeconfig(
            server: "https://\(plan.webhookAddress)/authenticate",
            authority: .file(hasAuthority ? paths.authority : paths.certificate),
            client: isOpen ? nil : (certificate: .file(paths.client), key: .file(paths.clientKey))
        ).text
    }

    // Folders and owners

    func makeFolder(_ path: String, mode: UInt32 = 0o755, owner: NodeFiles.Owner? = nil) throws {
        var current = ""
        for part in path.split(separator: "/") {
            current += "/" + part
            guard !files.exists(current) else { continue }
            journal?.note(current)
        }
        try saveJournal()
        _ = try files.makeFolder(path, mode: mode, owner: owner)
        // An earlier run may have ended between the folder and its owner.
        if let owner, journal?.made(at: path) != nil { files.setOwner(path, owner) }
    }

    /// The owner of the webhook's own files.
    func owner(_ plan: InstallationPlan) -> NodeFiles.Owner? { owner(isPod: plan.request.service != .systemd) }

    /// The user and group that the webhook runs as; nil if they are not made yet.
    func owner(isPod: Bool) -> NodeFiles.Owner? {
        isPod
            ? NodeFiles.Owner(user: ServiceFiles.podUser, group: ServiceFiles.podUser)
            : environment.account(ServiceFiles.userName).map { NodeFiles.Owner(user: $0.user, group: $0.group) }
    }

    private func owner(_ owner: InstallationPlan.FileOwner, _ plan: InstallationPlan) -> NodeFiles.Owner? {
        switch owner {
        case .service: self.owner(plan)
        case .rootForService: self.owner(plan).map { NodeFiles.Owner(user: 0, group: $0.group) }
        case .root: nil
        }
    }
}

/// Paths of certificates and keys on the node, from the configuration.
struct CertificatePaths {
    var certificate: String
    var key: String
    var clientAuthority: String?
    var authority: String
    var client: String
    var clientKey: String

    var folder: String { NodePath.folder(of: certificate) }
    /// Certificates that end, and their keys.
    var leaves: [String] { [certificate, key, client, clientKey] }
    /// The webhook's own files.
    var server: [String] { [certificate, key] + (clientAuthority.map { [$0] } ?? []) }

    init(_ configuration: WebhookConfiguration, root: String) {
        func local(_ path: String) -> String { path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path }
        typealias Name = CertificateFolder.FileName
        certificate = local(configuration.server.certificate)
        key = local(configuration.server.privateKey)
        clientAuthority = configuration.server.clientCA.map(local)
        let folder = NodePath.folder(of: certificate)
        authority = "\(folder)/\(Name.authority)"
        client = "\(folder)/\(Name.client)"
        clientKey = "\(folder)/\(Name.clientKey)"
    }
}

extension InstallationPlan {
    /// The host in the address at which kube-apiserver calls the webhook.
    var webhookHost: String {
        switch configuration.server.listen.host {
        case "0.0.0.0", "": "127.0.0.1"
        case "::": "::1"
        case let host: host
        }
    }

    var webhookAddress: String {
        let port = configuration.server.listen.port
        return webhookHost.contains(":") ? "[\(webhookHost)]:\(port)" : "\(webhookHost):\(port)"
    }

    /// The program that the unit starts: this one if a package installed it, else a copy.
    var program: String {
        ["/usr/bin/kube-entra", NodePath.program].first { ExactText($0) == ExactText(request.program) }
            ?? NodePath.program
    }

    /// Whether the program of the request is copied to the node's own place.
    var copiesProgram: Bool { ExactText(program) != ExactText(request.program) }
}
