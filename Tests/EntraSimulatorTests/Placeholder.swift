import Testing

@Suite struct EntraSimulatorPlaceholder {}
