import Testing

@Suite struct InspectionPlaceholder {}
