/// Ends a text before the first of some strings, while it comes in pieces.
package struct StopStrings: Sendable {
    private let strings: [[UInt8]]
    /// The end of the text, as long as it may be the beginning of a string.
    private var held: [UInt8] = []

    package init(_ strings: [String]) {
        self.strings = strings.filter { !$0.isEmpty }.map { Array($0.utf8) }
    }

    /// Takes the next piece; returns what is certain to come before any of the strings, and whether one came.
    package mutating func append(_ piece: String) -> (text: String, isEnd: Bool) {
        held += piece.utf8
        let end = held.indices.first { place in
            strings.contains { held[place...].starts(with: $0) }
        }
        if let end {
            defer { held = [] }
            return (String(decoding: held[..<end], as: UTF8.self), true)
        }
        let open =
            held.indices.first { place in
                strings.contains { $0.starts(with: held[place...]) }
            } ?? held.endIndex
        defer { held.removeFirst(open) }
        return (String(decoding: held[..<open], as: UTF8.self), false)
    }

    /// Returns what was held, now that nothing follows.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
