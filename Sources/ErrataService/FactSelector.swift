import ErrataCore

/// How a user points at a fact: by key, by id, by the beginning of an id, as `SUBJECT|RELATION`, or as
/// `SUBJECT|RELATION|OBJECT` where the relation has several objects.
package struct FactSelector: Hashable, Sendable {
    package static let idPrefixHexCountMin = 8
    static let hint =
        "A fact is named by its key, its id, or 'SUBJECT|RELATION', and 'SUBJECT|RELATION|OBJECT' "
        + "where a relation has several objects."

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
        if let key = FactSelector.derivedKey(text) {
            self.key = key
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
                hint: FactSelector.hint)
        }
    }

    private static func derivedKey(_ text: String) -> String? {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count),
            let fact = try? FactDraft(
                subject: parts[0], relation: parts[1],
                object: parts.count == 3 ? parts[2] : nil, statement: "-"
            ).checked(),
            let subject = fact.subject, let relation = fact.relation
        else { return nil }
        guard let object = fact.object else {
            return FactKey.derived(subject: subject, relation: relation)
        }
        return FactKey.derived(subject: subject, relation: relation, object: object)
    }
}
