import Testing

@Suite struct AccessPolicyPlaceholder {}
