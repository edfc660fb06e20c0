import Testing

@Suite struct EntraTokensPlaceholder {}
