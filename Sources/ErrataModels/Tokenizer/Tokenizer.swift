/// Text to ids and back, as a `tokenizer.json` of Hugging Face tokenizers says.
///
/// The steps, in order: find added tokens, normalize, find those that are looked for in normalized text,
/// cut into words, cut words into tokens, put special tokens around.
package struct Tokenizer: Sendable {
    enum Model: Sendable {
        case bytePair(BytePairModel)
        case wordPiece(WordPieceModel)
    }

    let added: AddedTokens
    let normalizer: TextNormalizer?
    let preTokenizer: PreTokenizer?
    let model: Model
    /// What stands before and after a text.
    let before: [Int32]
    let after: [Int32]
    let decoder: TokenDecoder?
    let tokens: TokenTable
    private let cache = WordCacheOwner()

    /// The style in a few words, for people.
    package var kind: String {
        switch model {
        case .wordPiece: return "WordPiece"
        case .bytePair(let model):
            switch model.alphabet {
            case .bytes: return "byte-level BPE"
            case .characters(let byteIDs):
                return byteIDs == nil ? "BPE" : "BPE with byte fallback"
            }
        }
    }

    /// All ids are below it.
    package var idCount: Int {
        max(tokens.idCount, (added.tokens.keys.max().map { Int($0) } ?? -1) + 1)
    }

    init(
        added: AddedTokens, normalizer: TextNormalizer?, preTokenizer: PreTokenizer?,
        model: Model, tokens: TokenTable, around: (before: [Int32], after: [Int32]),
        decoder: TokenDecoder?
    ) {
        self.added = added
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.tokens = tokens
        (before, after) = around
        self.decoder = decoder
    }

    /// Returns the ids of a text; `addSpecialTokens` puts the special ones around it that the model expects.
    package func encode(_ text: String, addSpecialTokens: Bool = true) -> [Int32] {
        var ids = addSpecialTokens ? before : []
        var work = MergeWork(cache: usesCache ? cache.take() : WordCache())
        let bytes = Array(text.utf8)
        for part in added.split(bytes, isNormalized: false) {
            if let id = part.id {
                ids.append(id)
            } else {
                append(
                    Array(bytes[part.range]), isAtStart: part.range.lowerBound == 0, &ids, &work)
            }
        }
        if usesCache { cache.giveBack(work.cache) }
        if addSpecialTokens { ids += after }
        return ids
    }

    /// Whether words are looked up before they are cut; the longest pieces are found about as fast.
    private var usesCache: Bool {
        if case .bytePair = model { true } else { false }
    }

    private func append(
        _ written: [UInt8], isAtStart: Bool, _ ids: inout [Int32], _ work: inout MergeWork
    ) {
        let bytes = normalizer?(written) ?? written
        for part in added.split(bytes, isNormalized: true) {
            if let id = part.id {
                ids.append(id)
                continue
            }
            var text = PieceText(
                Array(bytes[part.range]), isAtStart: isAtStart && part.range.lowerBound == 0)
            preTokenizer?(&text)
            for piece in text.pieces {
                let word = text.bytes.span.extracting(piece)
                switch model {
                case .bytePair(let model): model.append(word, to: &ids, &work)
                case .wordPiece(let model): model.append(word, to: &ids)
                }
            }
        }
    }

    /// Returns the text of ids; ids that are no token are left out.
    package func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
        String(decoding: decodedBytes(ids, skipSpecialTokens: skipSpecialTokens), as: UTF8.self)
    }

    func decodedBytes(_ ids: [Int32], skipSpecialTokens: Bool) -> [UInt8] {
        let list = ids.compactMap { id -> [UInt8]? in
            if skipSpecialTokens, isSpecial(id) { return nil }
            return added.bytes(of: id) ?? tokens.token(id).map { Array($0) }
        }
        guard let decoder else { return Array(list.joined(separator: [UInt8(ascii: " ")])) }
        return Array(decoder(list).joined())
    }

    /// Returns `text` so that no part of it becomes a special token: one that it spells gets a space inside.
    package func withoutSpecialTokens(_ text: String) -> String {
        String(decoding: added.withoutSpecial(Array(text.utf8)), as: UTF8.self)
    }

    /// Whether an id is one that decoding may skip.
    package func isSpecial(_ id: Int32) -> Bool { added.isSpecial(id) }

    /// Returns the id of a token as it is written in the files, or nil.
    package func id(of token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return tokens.id(bytes) ?? added.tokens.values.first { $0.content == bytes }?.id
    }

    /// Returns a decoder that takes tokens one by one.
    package func streamDecoder(skipSpecialTokens: Bool = true) -> StreamDecoder {
        StreamDecoder(self, skipsSpecial: skipSpecialTokens)
    }
}
