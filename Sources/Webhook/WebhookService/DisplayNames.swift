import Configuration
import Files
import NIOConcurrencyHelpers
import SafeText

/// The display names that the status page shows, from the file that the configuration calls `names`.
///
/// The file is read in the background. A file that can't be used shows no names; `config check` says what is wrong.
final class DisplayNames: Sendable {
    private struct State {
        var path: ExactText?
        var version: FileVersion?
        var remarks: [String: String] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// What people call an object, by its ID.
    var remarks: [String: String] { state.withLockedValue { $0.remarks } }

    /// Reads the file when it is another one, or has changed.
    func refresh(from path: String?) {
        let exact = path.map { ExactText($0) }
        let version = path.flatMap { FileVersion(path: $0) }
        guard state.withLockedValue({ $0.path != exact || $0.version != version }) else { return }
        let names = path.flatMap { try? DirectoryNames.load(path: $0) }
        let remarks = names?.remarks ?? [:]
        state.withLockedValue { $0 = State(path: exact, version: version, remarks: remarks) }
    }
}
