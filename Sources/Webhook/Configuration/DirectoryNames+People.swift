extension DirectoryNames {
    /// The names in the configuration's `names` file. They are only shown to people, so an unusable file is reported as
    /// a note and stops nothing.
    public static func ofPeople(_ configuration: WebhookConfiguration) -> (names: DirectoryNames, notes: [String]) {
        guard let path = configuration.names else { return (DirectoryNames(), []) }
        do throws(DirectoryNames.Problem) {
            return (try DirectoryNames.load(path: path), [])
        } catch {
            return (DirectoryNames(), ["no display names: \(error.sentence)"])
        }
    }
}
