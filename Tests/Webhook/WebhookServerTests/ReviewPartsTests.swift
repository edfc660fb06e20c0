import Testing

@testable import WebhookServer

@Suite struct ReviewPartsTests {
    @Test("decisions are named in their order")
    func namesDecisionsInOrder() {
        var ids = DecisionIDs(start: 31)
        #expect(ids.make() == "00000000000Z")
        #expect(ids.make() == "000000000010")
        var others = DecisionIDs()
        #expect(others.make() != others.make())
    }
}
