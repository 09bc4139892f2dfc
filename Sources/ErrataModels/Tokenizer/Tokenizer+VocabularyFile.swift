extension Tokenizer {
    /// Characters of the longest word, in files that do not say.
    private static let wordCharacterCountMax = 100

    /// Reads BERT's `vocab.txt`, a token a line, with the options of its `tokenizer_config.json`.
    package init(vocabularyFile bytes: [UInt8], configurationFile: [UInt8]) throws(ModelError) {
        let place = "vocab.txt"
        let options = try JSONReader.object(configurationFile, place: "tokenizer_config.json")
        guard bytes.count <= Self.fileByteCountMax else {
            throw ModelError(
                .limit, "\(place): \(bytes.count) bytes, more than \(Self.fileByteCountMax)")
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let list = lines.enumerated().map { id, line in
            (token: line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : Array(line), id: id)
        }
        let vocabulary = try WordPieceVocabulary(list, place: place)
        func id(_ key: String) throws(ModelError) -> Int32 {
            try vocabulary.id(of: try options.string(key), place)
        }
        let normalizer = TextNormalizer.bert(
            BertNormalizer(
                cleanText: true,
                handleChineseCharacters: try options.boolean("tokenize_chinese_chars"),
                stripAccents: options.present("strip_accents") == nil
                    ? nil : try options.boolean("strip_accents"),
                lowercase: try options.boolean("do_lower_case")))
        var added: [AddedTokens.Token] = []
        for key in ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"] {
            added.append(
                AddedTokens.Token(
                    id: try id(key), content: Array(try options.string(key).utf8),
                    isSingleWord: false, stripsLeft: false, stripsRight: false,
                    isNormalized: false, isSpecial: true))
        }
        let continuation = Array("##".utf8)
        self.init(
            added: try AddedTokens(added, normalizer, place: place), normalizer: normalizer,
            preTokenizer: .bert,
            model: .wordPiece(
                WordPieceModel(
                    vocabulary: vocabulary, continuation: continuation,
                    unknown: try id("unk_token"),
                    wordCharacterCountMax: Self.wordCharacterCountMax)),
            tokens: try TokenTable(list, place: place),
            around: ([try id("cls_token")], [try id("sep_token")]),
            decoder: .wordPiece(prefix: continuation, cleansUp: true))
    }
}
