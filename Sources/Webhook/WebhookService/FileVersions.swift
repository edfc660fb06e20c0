import Files
import SafeText

/// The versions of several files at one moment.
struct FileVersions: Equatable, Sendable {
    /// Nil for a file that does not exist.
    private var versions: [ExactText: FileVersion?] = [:]

    init() {}

    /// Reads the current versions.
    ///
    /// - Parameter earlier: known versions, from before the files were read. Only other files are looked up.
    init(_ paths: Set<ExactText>, asOf earlier: FileVersions = FileVersions()) {
        for path in paths { versions[path] = .some(earlier.versions[path] ?? FileVersion(path: path.text)) }
    }

    var paths: Set<ExactText> { Set(versions.keys) }

    /// Forgets all other files.
    mutating func keep(_ paths: Set<ExactText>) {
        versions = versions.filter { paths.contains($0.key) }
    }
}
