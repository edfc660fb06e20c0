import Testing

@Suite struct AuthenticationPlaceholder {}
