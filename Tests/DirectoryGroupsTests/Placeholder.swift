import Testing

@Suite struct DirectoryGroupsPlaceholder {}
