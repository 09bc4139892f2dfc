/// The names of facts.
///
/// A user's key is 1 to 200 of `a-z 0-9 . _ -`. The key of a fact without one is
/// `<subject>.<relation>.<24 hex digits>`: the words make it readable, the digits (of SHA-256 over the
/// exact texts) keep subjects apart whose words look alike.
package enum FactKey {
    package static func check(_ key: String) throws(FactError) {
        try FactLimits.check(key, field: "key", max: FactLimits.keyBytesMax)
        guard !key.isEmpty, key.utf8.allSatisfy(isKeyCharacter) else {
            throw FactError(
                field: "key", message: "'\(key)' is not made of a-z, 0-9, '.', '_' and '-' alone")
        }
    }

    package static func isValid(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= FactLimits.keyBytesMax
            && key.utf8.allSatisfy(isKeyCharacter)
    }

    /// Returns the default key of a fact about `subject` and `relation`.
    package static func derived(subject: String, relation: String) -> String {
        derived(kind: "relation", [subject, relation])
    }

    /// Returns the default key of a fact about a relation that may have several objects at once.
    package static func derived(subject: String, relation: String, object: String) -> String {
        derived(kind: "relation", [subject, relation, object])
    }

    /// Returns the key of a fact that brings none: from subject and relation, with the object if `multiValued`
    /// holds the relation, else from the prompt, else from the statement.
    static func derived(
        from draft: FactDraft, prompt: String?, statement: String, multiValued: Set<String>
    ) -> String {
        if let subject = draft.subject, let relation = draft.relation {
            guard let object = draft.object, multiValued.contains(relation) else {
                return derived(subject: subject, relation: relation)
            }
            return derived(subject: subject, relation: relation, object: object)
        }
        if let prompt { return derived(kind: "prompt", [prompt]) }
        return derived(kind: "statement", [statement])
    }

    private static let slugBytesMax = 60
    /// 96 bits: texts without an ASCII letter have nothing else to be told apart by.
    private static let digestHexCount = 24

    private static func derived(kind: String, _ texts: [String]) -> String {
        let exact = CBOR.array(([kind] + texts).map(CBOR.text)).encoded
        let parts = texts.map(slug).filter { !$0.isEmpty }
        return (parts + [String(Digest.sha256(exact).hex.prefix(digestHexCount))])
            .joined(separator: ".")
    }

    /// Returns the ASCII letters and digits of `text` in lower case, runs of anything else as one `-`.
    private static func slug(_ text: String) -> String {
        var slug: [UInt8] = []
        for byte in text.lowercased().utf8 where slug.count < slugBytesMax {
            if byte != UInt8(ascii: "."), byte != UInt8(ascii: "_"), isKeyCharacter(byte) {
                slug.append(byte)
            } else if let last = slug.last, last != UInt8(ascii: "-") {
                slug.append(UInt8(ascii: "-"))
            }
        }
        if slug.last == UInt8(ascii: "-") { slug.removeLast() }
        return String(decoding: slug, as: UTF8.self)
    }

    private static func isKeyCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }
}
