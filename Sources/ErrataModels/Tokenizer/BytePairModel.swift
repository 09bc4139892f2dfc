/// Byte-pair encoding (Sennrich, Haddow and Birch 2016): joins the neighbours that were learned to join first.
///
/// Gives the ids that the `BPE` model of Hugging Face tokenizers gives.
struct BytePairModel: Sendable {
    /// What the first symbols of a word are.
    enum Alphabet: Sendable {
        /// Bytes; the id of each, or -1.
        case bytes([Int32])
        /// Characters; the ids of the bytes "<0x00>" to "<0xFF>", -1 where there is none, if the bytes
        /// of unknown characters are tokens.
        case characters(byteIDs: [Int32]?)
    }

    let vocabulary: TokenTable
    let alphabet: Alphabet
    /// Tokens by the bytes of the text, which in byte-level vocabularies are not those of the token.
    let words: TokenTable
    /// The rank of each pair that is joined.
    let ranks: PairTable
    /// What the pair of each rank becomes.
    let merged: [Int32]
    let unknown: Int32?
    /// Whether neighbouring unknown characters are one token.
    let fusesUnknown: Bool
    /// Whether a word that is a token is that token, whatever the merges say.
    let prefersWholeWords: Bool

    /// Appends the tokens of one word.
    func append(_ word: Span<UInt8>, to ids: inout [Int32], _ work: inout MergeWork) {
        guard word.count > 0 else { return }
        if prefersWholeWords, let id = words.id(word) {
            ids.append(id)
            return
        }
        let isShort = word.count <= WordCache.wordByteCountMax
        if isShort, work.cache.append(word, to: &ids) { return }
        let first = ids.count
        work.symbols.removeAll(keepingCapacity: true)
        appendSymbols(word, to: &work.symbols)
        merge(&work)
        ids += work.symbols
        if isShort { work.cache.insert(word, ids[first...]) }
    }

    private func appendSymbols(_ word: Span<UInt8>, to symbols: inout [Int32]) {
        switch alphabet {
        case .bytes(let byteIDs): appendBytes(word, byteIDs, to: &symbols)
        case .characters(let byteIDs): appendCharacters(word, byteIDs, to: &symbols)
        }
    }

    private func appendBytes(_ word: Span<UInt8>, _ byteIDs: [Int32], to symbols: inout [Int32]) {
        var pending: Int32?
        for i in 0..<word.count {
            let id = byteIDs[Int(word[i])]
            if id >= 0 {
                if let last = pending.take() { symbols.append(last) }
                symbols.append(id)
            } else {
                addUnknown(&pending, to: &symbols)
            }
        }
        if let pending { symbols.append(pending) }
    }

    private func appendCharacters(
        _ word: Span<UInt8>, _ byteIDs: [Int32]?, to symbols: inout [Int32]
    ) {
        var pending: Int32?
        var start = 0
        while start < word.count {
            let end = min(word.count, start + utf8Length(word[start]))
            let character = word.extracting(start..<end)
            start = end
            if let id = words.id(character) {
                if let last = pending.take() { symbols.append(last) }
                symbols.append(id)
            } else if let byteIDs, hasAll(character, byteIDs) {
                // Before an unknown token that is pending: so does the reference.
                for i in 0..<character.count { symbols.append(byteIDs[Int(character[i])]) }
            } else {
                addUnknown(&pending, to: &symbols)
            }
        }
        if let pending { symbols.append(pending) }
    }

    private func hasAll(_ character: Span<UInt8>, _ byteIDs: [Int32]) -> Bool {
        for i in 0..<character.count where byteIDs[Int(character[i])] < 0 { return false }
        return true
    }

    /// Notes an unknown character; without an unknown token it is left out.
    private func addUnknown(_ pending: inout Int32?, to symbols: inout [Int32]) {
        if let last = pending, !fusesUnknown { symbols.append(last) }
        pending = unknown
    }
}

/// Returns the number of bytes of the character that starts with `lead`.
@inline(__always)
func utf8Length(_ lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
}
