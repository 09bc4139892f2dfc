import ErrataCore
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "RFC 3339 reads and writes the same moment",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.5Z", 951_868_799_500_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2026-11-01T09:30:00+01:30", 1_793_520_000_000_000),
            ("2026-11-01 08:00:00.1234567z", 1_793_520_000_123_456),
        ])
    func reads(text: String, microseconds: Int64) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.microseconds == microseconds)
        #expect(Timestamp(rfc3339: time.description) == time)
    }

    @Test(
        "what is no moment is refused",
        arguments: [
            "", "2026", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-1-01T00:00:00Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("a day ends at its last microsecond, before 1970 too")
    func endOfDay() throws {
        let day = try #require(Timestamp(date: "1969-07-20"))
        #expect(day.endOfDay.description == "1969-07-20T23:59:59.999999Z")
    }
}
