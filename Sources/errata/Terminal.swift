import Foundation
import Glibc

/// Standard output or standard error, and whether a person reads it.
struct Terminal: Sendable {
    static let output = Terminal(descriptor: STDOUT_FILENO)
    static let error = Terminal(descriptor: STDERR_FILENO)

    let descriptor: CInt
    let isTerminal: Bool
    let hasColour: Bool

    private init(descriptor: CInt) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        let environment = ProcessInfo.processInfo.environment
        hasColour =
            isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// Whether the locale writes UTF-8 (POSIX: the first that is set of these decides).
    static var isUTF8: Bool {
        let environment = ProcessInfo.processInfo.environment
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
            .first { !$0.isEmpty }
        let name = (locale ?? "").lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }

    func line(_ text: String = "") { write(text + "\n") }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                // Nobody reads any more (a closed pipe, a full disk): there is no place left to say so.
                Glibc.exit(1)
            }
            rest = rest.dropFirst(count)
        }
    }
}

/// A colour of text, used where the terminal has colours.
enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"

    func on(_ text: String, _ terminal: Terminal = .output) -> String {
        terminal.hasColour ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    /// The text with every control character but the line break shown as U+FFFD.
    ///
    /// Messages and author names come from other people; none may move the reader's cursor.
    var printable: String {
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let isControl =
                scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .format
            scalars.append(isControl && scalar != "\n" ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }

    /// The first line, printable, cut to `width` columns with an ellipsis.
    func fitting(_ width: Int) -> String {
        let line = String(printable.prefix { !$0.isNewline })
        let isWhole = line.count == count || printable == line
        guard !isWhole || line.columnCount > width else { return line }
        var columns = 0
        var fitted = ""
        for character in line {
            columns += character.columnCount
            if columns > max(1, width) - 1 { break }
            fitted.append(character)
        }
        return fitted + "…"
    }

    var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

    /// The text with spaces after it up to `width` columns.
    func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - columnCount))
    }
}

extension Character {
    /// How many columns of a terminal the character takes: two for East Asian wide ones and emoji.
    fileprivate var columnCount: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension BinaryInteger {
    /// The number with commas between thousands: 12,345.
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (i, digit) in digits.enumerated() {
            if i > 0, (digits.count - i).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return self < 0 ? "-" + text : text
    }

    /// "1 fact", "2 facts".
    func counted(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }
}
