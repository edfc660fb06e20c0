import Testing

@Suite struct TimestampsPlaceholder {}
