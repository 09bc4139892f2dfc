/// How a user names a version: `main`, `v1.2`, `4be19c77`, `main~3`, `main@{2026-11-01}`, `@1234`.
package struct Revision: Hashable, Sendable, CustomStringConvertible {
    package enum Base: Hashable, Sendable {
        /// A branch or a tag.
        case name(RefName)
        /// At least eight hex digits of a commit's id.
        case commitPrefix(String)
        /// The commit that an operation wrote or moved a name to.
        case operation(UInt64)
        /// A branch as it stood after the last operation not later than `time`.
        case nameAtTime(RefName, Timestamp)
        /// A branch as it stood after the operation with this number.
        case nameAtOperation(RefName, UInt64)
    }

    package static let stepsMax = 1_000_000

    package let base: Base
    /// How many first parents to go back.
    package let steps: Int
    /// What the user wrote.
    package let text: String

    package var description: String { text }

    /// Parses `text`; throws ``RevisionError`` that shows the forms.
    package init(_ text: some StringProtocol) throws(RevisionError) {
        self.text = String(text)
        var base = Substring(text)
        var steps = 0
        while let tilde = base.lastIndex(of: "~") {
            let digits = base[base.index(after: tilde)...]
            guard let count = digits.isEmpty ? 1 : Int(digits),
                (0...Revision.stepsMax).contains(count)
            else { throw RevisionError(text: self.text) }
            steps += count
            base = base[..<tilde]
        }
        guard steps <= Revision.stepsMax, let parsed = Revision.parseBase(base) else {
            throw RevisionError(text: self.text)
        }
        self.base = parsed
        self.steps = steps
    }

    private static func parseBase(_ text: Substring) -> Base? {
        if text.hasPrefix("@") { return UInt64(text.dropFirst()).map(Base.operation) }
        if let at = text.firstIndex(of: "@") {
            let inside = text[text.index(after: at)...]
            guard inside.hasPrefix("{"), inside.hasSuffix("}"),
                let name = RefName(String(text[..<at]))
            else { return nil }
            return parseMoment(inside.dropFirst().dropLast(), of: name)
        }
        if text.count >= CommitID.prefixHexCountMin, Hex.isHex(text) {
            return text.count <= 2 * CommitID.byteCount ? .commitPrefix(String(text)) : nil
        }
        return RefName(String(text)).map(Base.name)
    }

    /// A day means its end; a number is an operation.
    private static func parseMoment(_ text: Substring, of name: RefName) -> Base? {
        if let sequence = UInt64(text) { return .nameAtOperation(name, sequence) }
        if let day = Timestamp(date: text) { return .nameAtTime(name, day.endOfDay) }
        return Timestamp(rfc3339: text).map { .nameAtTime(name, $0) }
    }
}

/// A text that names no version.
package struct RevisionError: Error, Equatable, Sendable {
    package let text: String

    package var message: String { "'\(text)' is not a revision" }
    package var hint: String {
        "Revisions look like main, v1.2, 4be19c77, main~3, main@{2026-11-01}, main@{1234} or @1234."
    }
}

/// The name of a branch or tag: 1 to 100 of `A-Z a-z 0-9 . _ / -`.
///
/// Eight or more hex digits would read as a commit, so no name is made of them alone.
package struct RefName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let bytesMax = 100
    package static let main: RefName = RefName(unchecked: "main")

    package let text: String
    package var description: String { text }

    private init(unchecked text: String) { self.text = text }

    package init?(_ text: String) {
        let isReadAsCommit = text.utf8.count >= CommitID.prefixHexCountMin && Hex.isHex(text)
        guard (1...RefName.bytesMax).contains(text.utf8.count), !isReadAsCommit,
            !text.hasPrefix("-"), !text.hasPrefix("/"), !text.hasSuffix("/"),
            text.utf8.allSatisfy(RefName.allows), !RefName.repeatsMark(text.utf8)
        else { return nil }
        self.text = text
    }

    package static func < (left: RefName, right: RefName) -> Bool { left.text < right.text }

    /// Whether two slashes or two dots stand side by side.
    private static func repeatsMark(_ bytes: String.UTF8View) -> Bool {
        zip(bytes, bytes.dropFirst()).contains { byte, next in
            byte == next && (byte == UInt8(ascii: "/") || byte == UInt8(ascii: "."))
        }
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x2f, 0x5f: true
        default: false
        }
    }
}
