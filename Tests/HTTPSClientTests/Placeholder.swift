import Testing

@Suite struct HTTPSClientPlaceholder {}
