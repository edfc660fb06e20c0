import Testing
import Timestamps

@Suite struct TimestampTests {
    @Test(
        "a date-time with a zone is read and written back in UTC",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0), "1970-01-01T00:00:00Z"),
            ("2026-12-01T00:00:00Z", 1_796_083_200, "2026-12-01T00:00:00Z"),
            ("2026-12-01T01:30:00+01:30", 1_796_083_200, "2026-12-01T00:00:00Z"),
            ("2024-02-29T23:59:59.999-00:00", 1_709_251_199, "2024-02-29T23:59:59Z"),
            ("1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59Z"),
            ("2000-03-01t00:00:00z", 951_868_800, "2000-03-01T00:00:00Z"),
            ("9999-12-31T23:59:59Z", 253_402_300_799, "9999-12-31T23:59:59Z"),
            ("0000-01-01T00:00:00Z", -62_167_219_200, "0000-01-01T00:00:00Z"),
        ])
    func reads(text: String, seconds: Int64, written: String) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.secondsSinceEpoch == seconds)
        #expect(time.rfc3339 == written)
    }

    @Test(
        "anything that is no RFC 3339 date-time with a zone is refused",
        arguments: [
            "", "2026-12-01", "2026-12-01T00:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-12-01T24:00:00Z", "2026-12-01T00:60:00Z", "2026-12-01T00:00:61Z",
            "2026-12-01T00:00:00.Z", "2026-12-01T00:00:00+0100", "2026-12-01T00:00:00ZZ", "26-12-01T00:00:00Z",
            "2026-12-01T00:00:00+24:00", " 2026-12-01T00:00:00Z", "tomorrow", "2026-00-10T00:00:00Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(
        "a time that RFC 3339 cannot express is written as the nearest one that it can",
        arguments: [
            (Int64.min, "0000-01-01T00:00:00Z"), (-62_167_219_201, "0000-01-01T00:00:00Z"),
            (-62_167_219_199, "0000-01-01T00:00:01Z"), (253_402_300_798, "9999-12-31T23:59:58Z"),
            (253_402_300_800, "9999-12-31T23:59:59Z"), (Int64.max, "9999-12-31T23:59:59Z"),
        ])
    func extremes(seconds: Int64, written: String) {
        #expect(Timestamp(secondsSinceEpoch: seconds).rfc3339 == written)
    }

    @Test(
        "days that are not in the calendar are not times, and leap seconds are",
        arguments: [
            (0, 1, 1, 0, -62_167_219_200), (0, 2, 29, 0, -62_162_121_600), (9999, 12, 31, 60, 253_402_214_460),
            (2000, 2, 29, 0, 951_782_400), (2100, 2, 29, 0, nil), (2026, 4, 31, 0, nil), (2026, 13, 1, 0, nil),
            (2026, 0, 1, 0, nil), (2026, 1, 0, 0, nil), (2026, 1, 32, 0, nil), (-1, 1, 1, 0, nil),
            (10_000, 1, 1, 0, nil), (Int.max, 1, 1, 0, nil), (2026, Int.min, 1, 0, nil), (2026, 1, Int.max, 0, nil),
            (2026, 1, 1, 61, nil),
        ] as [(Int, Int, Int, Int, Int64?)])
    func days(year: Int, month: Int, day: Int, second: Int, seconds: Int64?) {
        let time = Timestamp(year: year, month: month, day: day, hour: 0, minute: 0, second: second)
        #expect(time?.secondsSinceEpoch == seconds)
    }

    @Test("every day of 400 years survives writing and reading")
    func roundTrip() throws {
        for day in stride(from: Int64(-80_000), to: 80_000, by: 1) {
            let time = Timestamp(secondsSinceEpoch: day * 86_400 + 12_345)
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
        }
    }

    @Test(
        "dates of HTTP are written and read",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        ] as [(Int64, String)])
    func httpDates(seconds: Int64, text: String) {
        #expect(Timestamp(secondsSinceEpoch: seconds).httpDate == text)
        #expect(Timestamp(httpDate: text)?.secondsSinceEpoch == seconds)
    }

    @Test(
        "what is no date of HTTP is refused",
        arguments: [
            "", "60", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999999999999 08:49:37 GMT", "Sun, 6 Nov -1 08:49:37 GMT",
        ])
    func noHTTPDates(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test("adding and subtracting stay inside the range")
    func saturates() {
        #expect(Timestamp(secondsSinceEpoch: .max).adding(seconds: 1).secondsSinceEpoch == .max)
        #expect(Timestamp(secondsSinceEpoch: .min).adding(seconds: -1).secondsSinceEpoch == .min)
        #expect(Timestamp(secondsSinceEpoch: .max).seconds(since: Timestamp(secondsSinceEpoch: -1)) == .max)
    }
}
