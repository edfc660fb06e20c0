import Testing

@Suite struct JanssonPlaceholder {}
