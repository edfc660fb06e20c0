extension DirectoryNames {
    /// The names that a configuration points to, for people only: an unusable file stops nothing and is a note.
    public static func ofPeople(_ configuration: WebhookConfiguration) -> (names: DirectoryNames, notes: [String]) {
        guard let path = configuration.names else { return (DirectoryNames(), []) }
        do throws(DirectoryNames.Problem) {
            return (try DirectoryNames.load(path: path), [])
        } catch {
            return (DirectoryNames(), ["no display names: \(error.sentence)"])
        }
    }
}
