import ErrataAPI
import ErrataModels

/// Writes rows as CSV (RFC 4180): a line of names, CR LF at line ends, quotes where they are needed.
///
/// Spreadsheets take a text that begins with `=`, `+`, `-` or `@` for a formula and run it, and branch names,
/// messages and authors are other people's texts. Such a text gets an apostrophe before it, unless `isRaw`.
/// Numbers are written as they are.
struct CSVWriter {
    let isRaw: Bool

    func write(_ cells: [AuditValue]) {
        Terminal.output.write(line(cells))
    }

    func line(_ cells: [AuditValue]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    private func cell(_ value: AuditValue) -> String {
        guard case .text(let text) = value else { return value.text }
        return quoted(isRaw || !CSVWriter.isFormula(text) ? text : "'" + text)
    }

    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        return "=+-@\t\r".unicodeScalars.contains(first)
    }

    private func quoted(_ text: String) -> String {
        // By bytes: CR LF is one Character.
        let needsQuotes = text.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0a || $0 == 0x0d
        }
        return needsQuotes ? "\"" + text.replacingBytes(of: "\"", with: "\"\"") + "\"" : text
    }
}
