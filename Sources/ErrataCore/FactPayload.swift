// PAYLOAD FORMAT, version 1: the canonical encoding of a fact, sealed under the key of its slot.
//
//   0 version (1)   4 object       8 aliases [text]   12 labels {text: text}
//   1 key           5 statement    9 validFrom
//   2 subject       6 prompt      10 validTo
//   3 relation      7 questions   11 source
//
// Absent fields and empty lists are left out, so a fact has one payload.

extension Fact {
    package static let payloadVersion: UInt64 = 1

    /// The canonical encoding of this fact.
    package var payload: [UInt8] {
        CBOR.fields([
            (0, .unsigned(Fact.payloadVersion)),
            (1, .text(key)),
            (2, subject.map(CBOR.text)),
            (3, relation.map(CBOR.text)),
            (4, object.map(CBOR.text)),
            (5, .text(statement)),
            (6, prompt.map(CBOR.text)),
            (7, questions.isEmpty ? nil : .array(questions.map(CBOR.text))),
            (8, aliases.isEmpty ? nil : .array(aliases.map(CBOR.text))),
            (9, validFrom.map(CBOR.text)),
            (10, validTo.map(CBOR.text)),
            (11, source.map(CBOR.text)),
            (12, labels.isEmpty ? nil : .map(labels.map { .init(.text($0), .text($1)) })),
        ]).encoded
    }

    /// Reads a payload; throws ``CBORError`` if a field is missing, unknown, mistyped or empty.
    ///
    /// What is stored was checked when it came in; today's limits do not apply to it, so no later rule can
    /// make the past unreadable.
    package init(payload bytes: [UInt8]) throws(CBORError) {
        var fields = try CBORFields(CBOR(decoding: bytes), of: "fact")
        let version = try fields.unsigned(0)
        guard version == Fact.payloadVersion else {
            throw CBORError(message: "fact payload version \(version) is unknown", offset: 0)
        }
        self.init(
            stored: FactDraft(
                subject: try fields.textIfPresent(2), relation: try fields.textIfPresent(3),
                object: try fields.textIfPresent(4), questions: try fields.textsIfPresent(7),
                aliases: try fields.textsIfPresent(8), validFrom: try fields.textIfPresent(9),
                validTo: try fields.textIfPresent(10), source: try fields.textIfPresent(11),
                labels: try fields.labels(12)),
            key: try fields.text(1), statement: try fields.text(5),
            prompt: try fields.textIfPresent(6))
        try fields.finish()
    }
}

extension CBORFields {
    /// Reads a list that is there only if it holds something.
    fileprivate mutating func textsIfPresent(_ key: UInt64) throws(CBORError) -> [String] {
        guard let items = try arrayIfPresent(key) else { return [] }
        guard !items.isEmpty else {
            throw CBORError(message: "field \(key) of fact is empty", offset: 0)
        }
        return try texts(items, key)
    }

    fileprivate mutating func labels(_ key: UInt64) throws(CBORError) -> [String: String] {
        guard let value = valueIfPresent(key) else { return [:] }
        guard case .map(let entries) = value, !entries.isEmpty else {
            throw CBORError(message: "field \(key) of fact is not a map of labels", offset: 0)
        }
        var labels: [String: String] = [:]
        for entry in entries {
            guard case .text(let name) = entry.key, case .text(let text) = entry.value else {
                throw CBORError(message: "field \(key) of fact holds more than text", offset: 0)
            }
            labels[name] = text
        }
        return labels
    }
}
