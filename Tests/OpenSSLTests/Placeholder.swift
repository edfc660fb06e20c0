import Testing

@Suite struct OpenSSLPlaceholder {}
