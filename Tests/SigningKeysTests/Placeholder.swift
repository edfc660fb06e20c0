import Testing

@Suite struct SigningKeysPlaceholder {}
