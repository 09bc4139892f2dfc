/// The longest known pieces of each word (section 4.1 in Wu and others 2016).
struct WordPieceModel: Sendable {
    let vocabulary: WordPieceVocabulary
    /// What a piece inside a word starts with: "##".
    let continuation: [UInt8]
    let unknown: Int32
    /// Words of more characters are unknown.
    let wordCharacterCountMax: Int

    /// Appends the pieces of a word, or the unknown token if one of its parts has none.
    func append(_ word: Span<UInt8>, to ids: inout [Int32]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(word.count)
        var characterCount = 0
        for i in 0..<word.count {
            if word[i] & 0xC0 != 0x80 { characterCount += 1 }
            bytes.append(word[i])
        }
        guard characterCount <= wordCharacterCountMax else {
            ids.append(unknown)
            return
        }
        append(bytes, to: &ids)
    }

    private func append(_ bytes: [UInt8], to ids: inout [Int32]) {
        let first = ids.count
        var start = 0
        while start < bytes.count {
            guard let piece = longestPiece(bytes, from: start) else {
                ids.replaceSubrange(first..., with: CollectionOfOne(unknown))
                return
            }
            ids.append(piece.id)
            start = piece.end
        }
    }

    private func longestPiece(_ bytes: [UInt8], from start: Int) -> (id: Int32, end: Int)? {
        let head = start == 0 ? [] : continuation
        var hash = WordPieceVocabulary.emptyHash
        for byte in head { hash = WordPieceVocabulary.hash(hash, adding: byte) }
        var hashes: [(hash: UInt64, end: Int)] = []
        for end in start + 1...bytes.count {
            hash = WordPieceVocabulary.hash(hash, adding: bytes[end - 1])
            let isCharacterEnd = end == bytes.count || bytes[end] & 0xC0 != 0x80
            if isCharacterEnd { hashes.append((hash, end)) }
        }
        for (hash, end) in hashes.reversed() {
            if let id = vocabulary.id(hash: hash, head: head, tail: bytes[start..<end]) {
                return (id, end)
            }
        }
        return nil
    }
}

extension WordPieceModel {
    /// Reads the `model` of a `tokenizer.json`.
    init(_ object: JSONObject) throws(ModelError) {
        try object.require("type", is: "WordPiece")
        try object.refuseKeys(besides: [
            "type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab",
        ])
        vocabulary = try WordPieceVocabulary(
            try object.object("vocab").tokenIDs(), place: object.place + ": vocab")
        continuation = Array(try object.string("continuing_subword_prefix").utf8)
        unknown = try vocabulary.id(of: try object.string("unk_token"), object.place)
        wordCharacterCountMax = try object.integer("max_input_chars_per_word", in: 1...10_000)
    }
}
