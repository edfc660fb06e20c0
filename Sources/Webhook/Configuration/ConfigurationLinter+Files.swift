extension ConfigurationLinter {
    /// Files that `serve` starts without, and then cannot do what it is there for.
    mutating func lintFiles() {
        for (field, path) in configuration.filesForLater where facts.missingFiles.contains(path) {
            if field.hasSuffix("cacheFile") {
                add(
                    .fileIsMissing, field, "\(path) is no folder, so keys do not survive a restart",
                    "make the folder, for the user that the webhook runs as")
            } else {
                add(.fileIsMissing, field, "\(path) is not there", "put the file there, or correct the path")
            }
        }
    }
}
