import AccessPolicy
import Entra
import SafeText
import Testing
import Timestamps

@Suite struct DenyListTests {
    static let object = GUID("0b1ec700-0000-0000-0000-000000000001")
    static let client = GUID("80faf920-1908-4b52-b5ef-a8e7bedfc67a")
    static let now = Timestamp(secondsSinceEpoch: 1_000_000)

    static func time(_ offset: Int64) -> Timestamp { now.adding(seconds: offset) }

    static func token(issuedAt: Int64? = -300) -> DenyList.Token {
        DenyList.Token(objectID: object, clientAppID: client, tokenID: "uti", issuedAt: issuedAt.map(time))
    }

    static func entry(issuedBefore: Int64? = nil, until: Int64? = nil, reason: String = "x") throws -> DeniedEntry {
        DeniedEntry(
            target: .objectID(try #require(object)), issuedBefore: issuedBefore.map(time), until: until.map(time),
            reason: reason)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var issuedBefore: Int64?
        var until: Int64?
        var issuedAt: Int64? = -300
        var isDenied: Bool
        var testDescription: String { name }
    }

    @Test(
        "an entry holds while now is before its end, and for tokens older than its bound",
        arguments: [
            Case(name: "without times it holds for every token", isDenied: true),
            Case(name: "in its last second it holds", until: 1, isDenied: true),
            Case(name: "in the second of its end it does not", until: 0, isDenied: false),
            Case(name: "a token from a second before the bound is refused", issuedBefore: -299, isDenied: true),
            Case(name: "a token from the bound itself passes", issuedBefore: -300, isDenied: false),
            Case(
                name: "a token without iat is older than everything", issuedBefore: -90_000, issuedAt: nil,
                isDenied: true),
        ])
    func times(_ sample: Case) throws {
        let list = DenyList([try Self.entry(issuedBefore: sample.issuedBefore, until: sample.until)])
        let denial = list.denial(of: Self.token(issuedAt: sample.issuedAt), now: Self.now)
        #expect((denial != nil) == sample.isDenied)
    }

    @Test("each kind of ID is found, and only in its own place")
    func kinds() throws {
        let object = try #require(Self.object)
        let client = try #require(Self.client)
        for target in [DeniedEntry.Target.objectID(object), .clientAppID(client), .tokenID("uti")] {
            let entry = DeniedEntry(target: target, reason: "x")
            #expect(DenyList([entry]).denial(of: Self.token(), now: Self.now) == entry)
        }
        for target in [DeniedEntry.Target.objectID(client), .clientAppID(object), .tokenID("UTI"), .tokenID("uti ")] {
            #expect(DenyList([DeniedEntry(target: target, reason: "x")]).denial(of: Self.token(), now: Self.now) == nil)
        }
    }

    @Test("token IDs are the same only byte by byte")
    func bytes() {
        let list = DenyList([DeniedEntry(target: .tokenID("\u{E9}"), reason: "x")])
        var token = Self.token()
        token.tokenID = "e\u{301}"
        #expect(list.denial(of: token, now: Self.now) == nil)
        token.tokenID = "\u{E9}"
        #expect(list.denial(of: token, now: Self.now) != nil)
    }

    @Test("the stricter of several entries is named, whatever their order")
    func strictest() throws {
        let old = try Self.entry(issuedBefore: -100)
        let new = try Self.entry(issuedBefore: -50)
        let all = try Self.entry()
        let ended = try Self.entry(until: -1)
        for entries in [[old, new, ended], [new, old, ended], [ended, new, old]] {
            #expect(DenyList(entries).denial(of: Self.token(), now: Self.now) == new)
            #expect(DenyList(entries + [all]).denial(of: Self.token(), now: Self.now) == all)
            #expect(DenyList([all] + entries).denial(of: Self.token(), now: Self.now) == all)
        }
    }

    @Test("without a token, entries that depend on its age or ID do not apply and are named")
    func hypothetical() throws {
        let bound = try Self.entry(issuedBefore: 50)
        let one = DeniedEntry(target: .tokenID("uti"), reason: "x")
        let list = DenyList([bound, one, DeniedEntry(target: .tokenID("old"), until: Self.time(-1), reason: "x")])
        let principal = DenyList.Token(objectID: Self.object, clientAppID: nil, tokenID: nil, issuedAt: nil)
        #expect(list.denial(of: principal, now: Self.now, isHypothetical: true) == nil)
        #expect(list.denial(of: principal, now: Self.now) == bound)
        #expect(list.undecidable(for: principal, now: Self.now) == [bound, one])
        #expect(list.count(inForceAt: Self.now) == 2)
    }
}
