package import ErrataCore

// MODEL REGISTRATION, the body of operation type 14.
//
//   0 name            a-z, 0-9, '.', '_' and '-'; what an ask may call it
//   1 kind            "lookup", "reader", "lte" or "errata"
//   2 hash (32)       of everything that decides about an answer, the facts aside
//   3 encoder (32)    the identity of the sentence encoder; absent if there is none
//   4 precision       of a network's weights, such as "float32"; absent if there is none
//
// The newest registration of a name has another hash than the one before it of that name.

/// What answers questions: named in the journal, so that every answer can say what gave it.
package struct ModelRegistration: Hashable, Sendable {
    /// How an answerer works.
    package enum Kind: String, CaseIterable, Sendable {
        /// Calibrated signals of words and sentence vectors.
        case lookup
        /// The lookup's signals and a network that reads question and fact together.
        case reader
        /// A language model that is shown the facts nearest to the question, whatever they are about.
        case lte
        /// A language model that is shown the facts in scope.
        case errata
    }

    package static let textBytesMax = 64
    package static let countMax = 100_000

    package let name: String
    package let kind: Kind
    package let hash: Digest
    package let encoder: Digest?
    package let precision: String?

    /// Throws `invalid_name` for a name or precision that breaks the rules above.
    package init(
        name: String, kind: Kind, hash: Digest, encoder: Digest?, precision: String?
    ) throws(JournalError) {
        for text in [name, precision].compactMap(\.self) where !ModelRegistration.isPlain(text) {
            throw JournalError(
                .invalidName, "'\(text)' cannot name a model",
                hint: "Names have 1 to \(ModelRegistration.textBytesMax) of a-z 0-9 . _ and -.")
        }
        self.name = name
        self.kind = kind
        self.hash = hash
        self.encoder = encoder
        self.precision = precision
    }

    private static func isPlain(_ text: String) -> Bool {
        let isAllowed = { (byte: UInt8) in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
                || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        return (1...textBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed)
    }

    /// The key in `models`; no name holds a zero, so the rows of a name lie together.
    func key(_ sequence: UInt64) -> [UInt8] { ModelRegistration.key(name, sequence) }

    static func key(_ name: String, _ sequence: UInt64) -> [UInt8] {
        Array(name.utf8) + [0] + [UInt8](bigEndian: sequence)
    }
}

extension ModelRegistration {
    var cbor: CBOR {
        .fields([
            (0, .text(name)), (1, .text(kind.rawValue)), (2, .bytes(hash.bytes)),
            (3, encoder.map { .bytes($0.bytes) }), (4, precision.map(CBOR.text)),
        ])
    }

    init(_ fields: inout CBORFields) throws(CBORError) {
        let name = try fields.text(0)
        guard let kind = Kind(rawValue: try fields.text(1)) else {
            throw CBORError(message: "the model's kind is unknown", offset: 0)
        }
        let encoder = try fields.bytesIfPresent(3)
        guard let hash = Digest(try fields.bytes(2)), encoder.map({ Digest($0) != nil }) ?? true
        else { throw CBORError(message: "a hash of the model is not 32 bytes", offset: 0) }
        let precision = try fields.textIfPresent(4)
        do throws(JournalError) {
            try self.init(
                name: name, kind: kind, hash: hash, encoder: encoder.flatMap { Digest($0) },
                precision: precision)
        } catch { throw CBORError(message: error.message, offset: 0) }
    }
}
