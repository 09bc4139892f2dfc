/// BERT's tokenizer: clean-up, words, then the longest known pieces of each word.
///
/// WordPiece is from Wu et al. 2016, section 4.1. Gives the ids that Hugging Face tokenizers gives for the same files.
package struct WordPieceTokenizer: Sendable {
    /// The ids of one text with its special tokens.
    package struct Encoding: Equatable, Sendable {
        package let ids: [Int32]
        /// How many tokens of the text did not fit and were left out, from its end.
        package let truncatedCount: Int
    }

    /// A token that stands in the text as written, before any clean-up: "[MASK]".
    struct AddedToken: Sendable {
        let content: [UInt8]
        let id: Int32
    }

    let normalizer: BertNormalizer
    let model: WordPieceModel
    let added: [AddedToken]
    /// What stands before and after a text: [CLS] and [SEP].
    let before: [Int32]
    let after: [Int32]

    /// The number of special tokens around a text.
    package var specialCount: Int { before.count + after.count }

    /// The number of ids; all ids are below it.
    package var vocabularyCount: Int { model.vocabulary.count }

    /// Returns the ids of a text, at most `tokenCountMax` with the special ones.
    package func encode(_ text: String, tokenCountMax: Int) -> Encoding {
        let content = self.content(text)
        let room = max(0, tokenCountMax - before.count - after.count)
        return Encoding(
            ids: before + content.prefix(room) + after,
            truncatedCount: max(0, content.count - room))
    }

    /// Returns the ids of a text without the special ones around it.
    func content(_ text: String) -> [Int32] {
        var ids: [Int32] = []
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            var position = 0
            while position < bytes.count {
                guard let token = addedToken(bytes, at: position) else {
                    position += 1
                    continue
                }
                appendWords(bytes[start..<position], to: &ids)
                ids.append(token.id)
                position += token.content.count
                start = position
            }
            appendWords(bytes[start...], to: &ids)
        }
        return ids
    }

    /// Returns the longest added token that stands at `position`.
    private func addedToken(
        _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
    ) -> AddedToken? {
        guard added.contains(where: { $0.content.first == bytes[position] }) else { return nil }
        let rest = bytes[position...]
        return added.filter { rest.starts(with: $0.content) }
            .max { $0.content.count < $1.content.count }
    }

    private func appendWords(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, to ids: inout [Int32]) {
        guard !bytes.isEmpty else { return }
        let text = normalizer(Array(String(decoding: bytes, as: UTF8.self).unicodeScalars))
        for word in BertPreTokenizer.words(text) {
            let bytes = word.flatMap { UTF8.encode($0) ?? .init() }
            model.append(bytes.span, to: &ids)
        }
    }
}
