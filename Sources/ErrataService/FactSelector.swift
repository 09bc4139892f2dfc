import ErrataCore

/// How a user points at a fact: by key, by id, by the beginning of an id, or as `SUBJECT|RELATION`.
package struct FactSelector: Hashable, Sendable {
    package static let idPrefixHexCountMin = 8

    package let text: String
    /// The key that `text` is or stands for, if it can be one.
    let key: String?
    /// The full id that `text` spells, if it does.
    let id: FactID?
    /// The hex digits with which the id begins, if `text` can be read so.
    let idPrefix: String?

    /// Takes `text` as it came; throws ``ServiceError`` if it can be none of the forms.
    package init(_ text: String) throws(ServiceError) {
        self.text = text
        if let parts = FactSelector.subjectAndRelation(text) {
            key = FactKey.derived(subject: parts.subject, relation: parts.relation)
            (id, idPrefix) = (nil, nil)
            return
        }
        key = FactKey.isValid(text) ? text : nil
        id = FactID(hex: text)
        let isPrefix =
            (FactSelector.idPrefixHexCountMin..<2 * FactID.byteCount).contains(text.utf8.count)
            && Hex.isHex(text)
        idPrefix = isPrefix ? text : nil
        guard key != nil || id != nil else {
            throw ServiceError(
                .invalidRequest, "'\(text)' does not name a fact",
                hint: "A fact is named by its key, its id, or 'SUBJECT|RELATION'.")
        }
    }

    private static func subjectAndRelation(
        _ text: String
    ) -> (subject: String, relation: String)? {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 2,
            let fact = try? FactDraft(
                subject: String(parts[0]), relation: String(parts[1]), statement: "-"
            ).checked(),
            let subject = fact.subject, let relation = fact.relation
        else { return nil }
        return (subject, relation)
    }
}
