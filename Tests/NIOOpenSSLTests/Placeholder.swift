import Testing

@Suite struct NIOOpenSSLPlaceholder {}
