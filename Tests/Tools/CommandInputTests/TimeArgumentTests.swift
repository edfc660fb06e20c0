import CommandInput
import Terminal
import Testing
import Timestamps

@Suite struct TimeArgumentTests {
    static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)
    static let form = "a date and time with a zone, for example 2026-12-01T00:00:00Z"

    @Test("without a time it is now, and a time needs a zone")
    func at() throws {
        #expect(try TimeArgument.read(nil, now: TimeArgumentTests.now) == TimeArgumentTests.now)
        #expect(try TimeArgument.read("1970-01-01T01:00:00+01:00").secondsSinceEpoch == 0)
        for text in ["", "now", "2026-12-01", "2026-12-01T00:00:00", "tomorrow"] {
            #expect(throws: UsageProblem("--at must be \(TimeArgumentTests.form)")) { try TimeArgument.read(text) }
        }
    }

    @Test(
        "the times of a denial",
        arguments: [
            ("all tokens, without an end", nil, nil, nil, nil, nil),
            ("tokens from before now", "now", nil, nil, 1_800_000_000, nil),
            ("a fraction of a second is rounded up", "1970-01-01T00:00:00.5Z", nil, nil, 1, nil),
            ("for eight hours", nil, "8h", nil, nil, 1_800_028_800),
            ("until a time", nil, nil, "2100-01-01T00:00:00Z", nil, 4_102_444_800),
            ("and no earlier", nil, nil, "2100-01-01T00:00:00.1Z", nil, 4_102_444_801),
        ] as [(String, String?, String?, String?, Int64?, Int64?)])
    func denial(name: String, issuedBefore: String?, duration: String?, until: String?, bound: Int64?, end: Int64?)
        throws
    {
        let times = try DenialTimes(
            issuedBefore: issuedBefore, duration: duration, until: until, now: TimeArgumentTests.now)
        #expect(times.issuedBefore?.secondsSinceEpoch == bound, "\(name)")
        #expect(times.until?.secondsSinceEpoch == end, "\(name)")
    }

    @Test(
        "times that deny nobody, or have another form, are wrong usage",
        arguments: [
            ("yesterday", nil, nil, "--issued-before must be now, or \(form)"),
            (nil, "8", nil, "--for must be a duration with a unit, for example 90s, 5m, 29h or 1h30m"),
            (nil, "8h", "2100-01-01T00:00:00Z", "give --for or --until, not both"),
            (nil, nil, "now", "--until must be \(form)"),
            (nil, nil, "2000-01-01T00:00:00Z", "--until ends in the past: nobody would be denied"),
            (nil, "0s", nil, "--for ends in the past: nobody would be denied"),
        ] as [(String?, String?, String?, String)])
    func wrong(issuedBefore: String?, duration: String?, until: String?, sentence: String) {
        #expect(throws: UsageProblem(sentence)) {
            try DenialTimes(issuedBefore: issuedBefore, duration: duration, until: until, now: TimeArgumentTests.now)
        }
    }
}
