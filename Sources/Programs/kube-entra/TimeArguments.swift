internal import ArgumentParser
internal import Timestamps

extension Timestamp {
    /// The time of `--at`, or now.
    static func at(_ text: String?) throws -> Timestamp {
        guard let text else { return .now() }
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError("--at must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
        }
        return time
    }
}
