public import Entra
import EntraTokens
import Files
public import Jansson
import SafeText
public import Terminal
import Timestamps

/// A description of a key file, for people and programs.
public struct KeyFileReport: Sendable {
    /// The file's path.
    public let path: String
    private let file: KeyFile
    /// Whether file and arguments leave open whose keys they are.
    private let isOriginOpen: Bool

    /// Reads a file; the file fills in what the arguments leave open.
    ///
    /// - Throws: `CommandFailure` if the file cannot be read, or is not a key set.
    public init(path: String, tenantID: GUID?, cloud: Cloud, authority: String?) throws(CommandFailure) {
        self.path = path
        let bytes: [UInt8]
        do {
            bytes = try FileIO.read(path, maximumBytes: KeySetReader.maximumBytes, waits: true)
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
        let origin = KeyFile.origin(of: bytes)
        isOriginOpen = origin.tenantID == nil && tenantID == nil || origin.authority == nil && authority == nil
        do {
            file = try KeyFile.parse(
                bytes,
                trust: KeyFileReport.rules(origin, tenantID: tenantID, cloud: cloud, authority: authority))
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }

    /// The rules by which the keys are checked.
    private static func rules(
        _ origin: (tenantID: GUID?, authority: String?), tenantID: GUID?, cloud: Cloud, authority: String?
    ) -> TokenValidationRules {
        var base = authority.map(Cloud.base) ?? origin.authority
        if base == cloud.authority { base = nil }
        let known = base.flatMap { base in Cloud.allCases.first { $0.authority == base } }
        return TokenValidationRules(
            tenantID: tenantID ?? origin.tenantID ?? .zero, cloud: known ?? cloud,
            authority: known == nil ? base : nil, audiences: [])
    }

    /// How many keys can be used.
    public var usableCount: Int { file.descriptions.count(where: \.isUsable) }

    /// What to do if keys seem to belong to another issuer only because neither the file nor the arguments name theirs.
    private var hint: String? {
        guard isOriginOpen, usableCount == 0, file.report.keys.contains(where: { $0.problem?.isOfAnother == true })
        else { return nil }
        return "the file does not say whose keys these are: name their tenant with --tenant-id, and with --authority or"
            + " --cloud who issues its tokens"
    }

    /// The report as JSON.
    public var json: JSON {
        .object([
            ("file", .string(path)), ("tenantID", JSON(file.tenantID?.description)),
            ("authority", JSON(file.authority)), ("fetchedAt", JSON(file.fetchedAt?.rfc3339)),
            ("usable", .integer(Int64(usableCount))), ("keys", .array(file.descriptions.map(\.json))),
            ("hint", JSON(hint)),
        ])
    }

    /// The report for people.
    public var text: String {
        let keys = file.descriptions
        var lines = ["\(path): \(keys.count == 1 ? "1 key" : "\(keys.count) keys"), \(usableCount) usable"]
        if let tenant = file.tenantID { lines.append("tenant      \(tenant)") }
        if let fetched = file.fetchedAt { lines.append("fetched     \(fetched.rfc3339)") }
        for key in keys { lines += [""] + key.lines }
        if let hint { lines += ["", "→ " + hint] }
        return PrintableText.page(lines)
    }
}
