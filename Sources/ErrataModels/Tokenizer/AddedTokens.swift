/// Tokens that stand in the text as they are, found before the model sees it.
struct AddedTokens: Sendable {
    static let countMax = 1 << 16
    /// Bounds the steps from each place of a text.
    static let byteCountMax = 256

    struct Token: Sendable {
        let id: Int32
        let content: [UInt8]
        let isSingleWord: Bool
        let stripsLeft: Bool
        let stripsRight: Bool
        let isNormalized: Bool
        let isSpecial: Bool
    }

    /// A stretch of text, or a token in it.
    struct Part {
        let range: Range<Int>
        let id: Int32?
    }

    private(set) var tokens: [Int32: Token] = [:]
    /// What decoding shows for tokens that the normalizer changes.
    private var normalizedForms: [Int32: [UInt8]] = [:]
    private var written = TokenTrie()
    private var normalized = TokenTrie()

    init(
        _ list: [Token], _ normalizer: TextNormalizer?, place: String
    ) throws(ModelError) {
        for token in list {
            tokens[token.id] = token
            guard token.isNormalized else {
                try written.add(token.content, token.id, place)
                continue
            }
            let form = normalizer?(token.content) ?? token.content
            if form != token.content { normalizedForms[token.id] = form }
            try normalized.add(form, token.id, place)
        }
    }

    /// Returns the bytes that decoding starts from, or nil if `id` is none of these tokens.
    func bytes(of id: Int32) -> [UInt8]? { normalizedForms[id] ?? tokens[id]?.content }

    func isSpecial(_ id: Int32) -> Bool { tokens[id]?.isSpecial ?? false }

    /// Splits a text at the tokens that are looked for before normalization, or after it.
    func split(_ text: [UInt8], isNormalized: Bool) -> [Part] {
        let trie = isNormalized ? normalized : written
        guard !trie.isEmpty else { return [Part(range: 0..<text.count, id: nil)] }
        var parts: [Part] = []
        var start = 0
        var position = 0
        let span = text.span
        while let match = trie.match(in: span, from: position) {
            position = match.range.upperBound
            guard let token = tokens[match.id],
                let range = extent(of: token, match.range, span, start)
            else { continue }
            if start < range.lowerBound {
                parts.append(Part(range: start..<range.lowerBound, id: nil))
            }
            parts.append(Part(range: range, id: token.id))
            start = range.upperBound
        }
        if start < text.count { parts.append(Part(range: start..<text.count, id: nil)) }
        return parts
    }

    /// Returns the text with a space after the first character of what would become a special token.
    func withoutSpecial(_ text: [UInt8]) -> [UInt8] {
        [false, true].reduce(text) { text, isNormalized in
            split(text, isNormalized: isNormalized).flatMap { part -> [UInt8] in
                guard let id = part.id, isSpecial(id), let token = tokens[id] else {
                    return Array(text[part.range])
                }
                // One character alone has no place for a space.
                let rest = token.content.dropFirst().drop { $0 & 0xC0 == 0x80 }
                return rest.isEmpty ? [] : token.content.dropLast(rest.count) + [0x20] + rest
            }
        }
    }

    /// Returns what a token takes of the text, its white space included, or nil if it is only a part of a
    /// word and must not be.
    private func extent(
        of token: Token, _ found: Range<Int>, _ text: Span<UInt8>, _ taken: Int
    ) -> Range<Int>? {
        var start = found.lowerBound
        var end = found.upperBound
        if token.isSingleWord {
            if start > 0, scalar(text, before: start).scalar.isWordCharacter { return nil }
            if end < text.count, decodeScalar(text, at: end).0.isWordCharacter { return nil }
        }
        if token.stripsLeft {
            while start > taken {
                let last = scalar(text, before: start)
                guard last.scalar.properties.isWhitespace else { break }
                start = last.start
            }
        }
        if token.stripsRight {
            while end < text.count {
                let (scalar, length) = decodeScalar(text, at: end)
                guard scalar.properties.isWhitespace else { break }
                end += length
            }
        }
        return start..<end
    }

    private func scalar(
        _ text: Span<UInt8>, before end: Int
    ) -> (scalar: Unicode.Scalar, start: Int) {
        var start = end - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return (decodeScalar(text, at: start).0, start)
    }
}

/// A trie over bytes that finds the leftmost, then longest of its entries.
private struct TokenTrie: Sendable {
    private var children = PairTable(count: 8)
    private var childCount = 0
    private var entries: [(parent: Int32, byte: UInt8)] = []
    private var ids: [Int32] = [-1]
    private var isFirst = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ token: [UInt8], _ id: Int32, _ place: String) throws(ModelError) {
        let name = String(decoding: token.prefix(80), as: UTF8.self)
        guard let first = token.first else {
            throw ModelError(.malformed, "\(place): an added token is empty")
        }
        guard token.count <= AddedTokens.byteCountMax else {
            throw ModelError(
                .limit,
                "\(place): added token '\(name)' has \(token.count) bytes, more than "
                    + "\(AddedTokens.byteCountMax)")
        }
        isFirst[Int(first)] = true
        var node: Int32 = 0
        for byte in token { node = child(of: node, byte) }
        guard ids[Int(node)] < 0 else {
            throw ModelError(.malformed, "\(place): added token '\(name)' is there twice")
        }
        ids[Int(node)] = id
    }

    private mutating func child(of node: Int32, _ byte: UInt8) -> Int32 {
        let found = children[node, Int32(byte)]
        if found >= 0 { return found }
        let new = Int32(ids.count)
        ids.append(-1)
        entries.append((node, byte))
        if entries.count > childCount {
            childCount = max(64, 2 * childCount)
            children = PairTable(count: childCount)
            for (place, entry) in entries.enumerated() {
                children.set(entry.parent, Int32(entry.byte), to: Int32(place + 1))
            }
        } else {
            children.set(node, Int32(byte), to: new)
        }
        return new
    }

    func match(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, id: Int32)? {
        for place in start..<max(start, text.count) where isFirst[Int(text[place])] {
            var node: Int32 = 0
            var found: (range: Range<Int>, id: Int32)?
            for end in place..<text.count {
                node = children[node, Int32(text[end])]
                guard node >= 0 else { break }
                if ids[Int(node)] >= 0 { found = (place..<end + 1, ids[Int(node)]) }
            }
            if let found { return found }
        }
        return nil
    }
}
