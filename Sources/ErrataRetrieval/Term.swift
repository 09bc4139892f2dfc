import Foundation

/// A word as the tokenizer writes it, compared by its UTF-8 bytes as the text index compares it.
///
/// Swift's strings compare by canonical equivalence, which would join terms that the index keeps apart.
struct Term: Hashable, Comparable, Sendable {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    static func < (left: Term, right: Term) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension String {
    /// The text in NFC, the form that facts have.
    var composed: String { precomposedStringWithCanonicalMapping }
}
