/// A field of a fact that breaks a rule.
package struct FactError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The JSON name of the field.
    package let field: String
    package let message: String

    package var description: String { "\(field): \(message)" }
}

/// How large a fact may be; lengths are bytes of UTF-8.
package enum FactLimits {
    package static let keyBytesMax = 200
    package static let subjectBytesMax = 500
    package static let relationBytesMax = 300
    package static let objectBytesMax = 8_000
    package static let promptBytesMax = 4_000
    package static let statementBytesMax = 12_000
    package static let sourceBytesMax = 2_000
    package static let questionCountMax = 64
    package static let aliasCountMax = 64
    package static let labelCountMax = 32
    package static let labelKeyBytesMax = 64
    package static let labelValueBytesMax = 500

    /// Returns `text` in NFC without space at its ends, or nil for nil.
    ///
    /// Throws if it is empty, longer than `max` bytes, or holds a control character or line separator:
    /// fact text stands in one line of a prompt and must not be able to leave it.
    static func line(
        _ text: String?, _ field: String, max: Int
    ) throws(FactError) -> String? {
        guard let text else { return nil }
        try check(text, field: field, max: max)
        let line = text.inNFC.trimmed
        guard !line.isEmpty else { throw FactError(field: field, message: "it is empty") }
        try check(line, field: field, max: max)
        guard let control = line.unicodeScalars.first(where: breaksLine) else { return line }
        let code = String(control.value, radix: 16, uppercase: true)
        throw FactError(
            field: field,
            message:
                "it holds the control character U+\(String(repeating: "0", count: Swift.max(0, 4 - code.count)))\(code)"
        )
    }

    static func lines(
        _ texts: [String], _ field: String, countMax: Int, bytesMax: Int
    ) throws(FactError) -> [String] {
        guard texts.count <= countMax else {
            throw FactError(
                field: field,
                message: "it has \(texts.count) entries, at most \(countMax) are allowed")
        }
        var lines: [String] = []
        for text in texts {
            if let line = try line(text, field, max: bytesMax) { lines.append(line) }
        }
        return lines
    }

    static func labels(_ labels: [String: String]) throws(FactError) -> [String: String] {
        guard labels.count <= labelCountMax else {
            throw FactError(
                field: "labels",
                message: "it has \(labels.count) entries, at most \(labelCountMax) are allowed")
        }
        var checked: [String: String] = [:]
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            guard let key = try line(name, "labels", max: labelKeyBytesMax),
                let value = try line(value, "labels", max: labelValueBytesMax)
            else { continue }
            guard checked.updateValue(value, forKey: key) == nil else {
                throw FactError(field: "labels", message: "the label '\(key)' is there twice")
            }
        }
        return checked
    }

    static func check(_ text: String, field: String, max: Int) throws(FactError) {
        guard text.utf8.count > max else { return }
        throw FactError(
            field: field, message: "it has \(text.utf8.count) bytes, at most \(max) are allowed")
    }

    /// C0 and C1 controls, and the line and paragraph separators.
    private static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1f, 0x7f...0x9f, 0x2028, 0x2029: true
        default: false
        }
    }
}
