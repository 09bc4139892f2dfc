/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z, leap seconds ignored as in POSIX.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    private static let perSecond: Int64 = 1_000_000
    private static let secondsPerDay: Int64 = 86_400
    /// Year 9999 ends here: RFC 3339 has four digits for the year.
    package static let max = Timestamp(microseconds: 253_402_300_799_999_999)
    package static let epoch = Timestamp(microseconds: 0)

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The moment in RFC 3339, with six digits of fraction: `2026-11-01T09:30:00.000000Z`.
    package var description: String {
        let seconds = microseconds.flooredQuotient(Timestamp.perSecond)
        let fraction = microseconds - seconds * Timestamp.perSecond
        let days = seconds.flooredQuotient(Timestamp.secondsPerDay)
        let second = seconds - days * Timestamp.secondsPerDay
        let (year, month, day) = CivilDate.from(days: days)
        var text = DigitWriter()
        text.add(year, digits: 4, then: "-")
        text.add(month, digits: 2, then: "-")
        text.add(day, digits: 2, then: "T")
        text.add(second / 3600, digits: 2, then: ":")
        text.add(second / 60 % 60, digits: 2, then: ":")
        text.add(second % 60, digits: 2, then: ".")
        text.add(fraction, digits: 6, then: "Z")
        return text.text
    }

    /// The moment to the second, as lists show it: `2026-11-01 09:30:00`.
    package var display: String {
        let text = description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8)
    }

    /// Reads an RFC 3339 date and time (`2026-11-01T09:30:00Z`, fraction and offset allowed).
    ///
    /// Digits past the microsecond are dropped. Nil if `text` is anything else.
    package init?(rfc3339 text: some StringProtocol) {
        var scanner = DigitScanner(text)
        guard let days = scanner.date(), scanner.take(anyOf: "Tt ") != nil,
            let hour = scanner.number(digits: 2), hour < 24, scanner.take(anyOf: ":") != nil,
            let minute = scanner.number(digits: 2), minute < 60, scanner.take(anyOf: ":") != nil,
            let second = scanner.number(digits: 2), second < 60,
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        let seconds =
            days * Timestamp.secondsPerDay + hour * 3600 + minute * 60 + second - offset
        self.init(microseconds: seconds * Timestamp.perSecond + fraction)
    }

    /// Reads a date (`2026-11-01`) as the first moment of that UTC day.
    package init?(date text: some StringProtocol) {
        var scanner = DigitScanner(text)
        guard let days = scanner.date(), scanner.isAtEnd else { return nil }
        self.init(microseconds: days * Timestamp.secondsPerDay * Timestamp.perSecond)
    }

    /// The last microsecond of this moment's UTC day.
    package var endOfDay: Timestamp {
        let day = Timestamp.secondsPerDay * Timestamp.perSecond
        return Timestamp(microseconds: (microseconds.flooredQuotient(day) + 1) * day - 1)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

/// Writes the fixed-width numbers of RFC 3339.
private struct DigitWriter {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(27) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func add(_ value: Int64, digits: Int, then separator: Unicode.Scalar) {
        let number = String(value).utf8
        for _ in 0..<max(0, digits - number.count) { bytes.append(UInt8(ascii: "0")) }
        bytes.append(contentsOf: number)
        bytes.append(UInt8(ascii: separator))
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
///
/// The arithmetic is Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
enum CivilDate {
    static func from(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }
}

/// Reads the fixed-width numbers of RFC 3339.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: some StringProtocol) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(anyOf characters: String) -> UInt8? {
        guard let first = rest.first, characters.utf8.contains(first) else { return nil }
        rest.removeFirst()
        return first
    }

    mutating func digit() -> Int64? {
        guard let first = rest.first, (0x30...0x39).contains(first) else { return nil }
        rest.removeFirst()
        return Int64(first - 0x30)
    }

    mutating func number(digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Reads `YYYY-MM-DD` and returns days since 1970.
    mutating func date() -> Int64? {
        guard let year = number(digits: 4), take(anyOf: "-") != nil,
            let month = number(digits: 2), (1...12).contains(month), take(anyOf: "-") != nil,
            let day = number(digits: 2), day >= 1
        else { return nil }
        let days = CivilDate.days(year: year, month: month, day: day)
        return CivilDate.from(days: days) == (year, month, day) ? days : nil
    }

    /// Reads an optional fraction and returns microseconds.
    mutating func fraction() -> Int64? {
        guard take(anyOf: ".") != nil else { return 0 }
        var value: Int64 = 0
        var count = 0
        while let digit = digit() {
            if count < 6 { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 6)..<6 { value *= 10 }
        return value
    }

    /// Reads `Z` or `±HH:MM` and returns seconds east of UTC.
    mutating func offset() -> Int64? {
        if take(anyOf: "Zz") != nil { return 0 }
        guard let sign = take(anyOf: "+-"), let hour = number(digits: 2), hour < 24,
            take(anyOf: ":") != nil, let minute = number(digits: 2), minute < 60
        else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hour * 3600 + minute * 60)
    }
}
