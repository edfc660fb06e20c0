import Testing

@Suite struct PolicyChecksPlaceholder {}
