import Testing

@Suite struct JOSEPlaceholder {}
