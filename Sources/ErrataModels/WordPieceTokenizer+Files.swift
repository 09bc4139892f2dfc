extension WordPieceTokenizer {
    static let addedTokenCountMax = 1024

    /// Reads a `tokenizer.json`.
    ///
    /// Everything that changes an id must be something that is built, or it is refused by name.
    /// `truncation` and `padding` are not: the caller decides about both.
    package init(tokenizerFile bytes: [UInt8], place: String = "tokenizer.json") throws {
        try self.init(try JSONReader.object(bytes, place: place))
    }

    init(_ file: JSONObject) throws(ModelError) {
        try file.refuseKeys(besides: [
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
            "post_processor", "decoder", "model",
        ])
        let model = try file.object("model")
        let preTokenizer = try file.object("pre_tokenizer")
        try preTokenizer.require("type", is: "BertPreTokenizer")
        try preTokenizer.refuseKeys(besides: ["type"])

        self.model = try WordPieceModel(model)
        let vocabulary = self.model.vocabulary
        normalizer = try Self.normalizer(try file.object("normalizer"))
        added = try Self.addedTokens(try file.array("added_tokens"), vocabulary, file.place)
        (before, after) = try Self.template(try file.object("post_processor"), vocabulary)
    }

    /// Reads a `vocab.txt`, a token a line, with the options of its `tokenizer_config.json`.
    package init(vocabularyFile bytes: [UInt8], configurationFile: [UInt8]) throws {
        let options = try JSONReader.object(configurationFile, place: "tokenizer_config.json")
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let vocabulary = try WordPieceVocabulary(
            lines.enumerated().map { id, line in
                (line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : Array(line), id)
            }, place: "vocab.txt")
        var strip: Bool?
        if case .null = try options.required("strip_accents") {
        } else {
            strip = try options.boolean("strip_accents")
        }
        normalizer = BertNormalizer(
            cleanText: true,
            handleChineseCharacters: try options.boolean("tokenize_chinese_chars"),
            stripAccents: strip, lowercase: try options.boolean("do_lower_case"))
        let place = "vocab.txt"
        model = WordPieceModel(
            vocabulary: vocabulary, continuation: Array("##".utf8),
            unknown: try vocabulary.id(of: try options.string("unk_token"), place),
            wordCharacterCountMax: 100)
        before = [try vocabulary.id(of: try options.string("cls_token"), place)]
        after = [try vocabulary.id(of: try options.string("sep_token"), place)]
        var added: [AddedToken] = []
        for key in ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"] {
            let token = try options.string(key)
            added.append(
                AddedToken(
                    content: Array(token.utf8), id: try vocabulary.id(of: token, place)))
        }
        self.added = added
    }

    static func normalizer(_ object: JSONObject) throws(ModelError) -> BertNormalizer {
        try object.require("type", is: "BertNormalizer")
        try object.refuseKeys(besides: [
            "type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase",
        ])
        var strip: Bool?
        if case .null = try object.required("strip_accents") {
        } else {
            strip = try object.boolean("strip_accents")
        }
        return BertNormalizer(
            cleanText: try object.boolean("clean_text"),
            handleChineseCharacters: try object.boolean("handle_chinese_chars"),
            stripAccents: strip, lowercase: try object.boolean("lowercase"))
    }

    private static func addedTokens(
        _ items: [JSONValue], _ vocabulary: WordPieceVocabulary, _ place: String
    ) throws(ModelError) -> [AddedToken] {
        guard items.count <= addedTokenCountMax else {
            throw ModelError(
                .limit, "\(place): \(items.count) added tokens, more than \(addedTokenCountMax)")
        }
        var tokens: [AddedToken] = []
        for item in items {
            guard case .object(let object) = item else {
                throw ModelError(.malformed, "\(place): an added token is \(item.kind)")
            }
            let content = try object.string("content")
            for option in ["single_word", "lstrip", "rstrip", "normalized"] {
                guard try !object.boolean(option) else {
                    throw ModelError(
                        .unsupported,
                        "\(object.place): '\(content)' with \(option) is not supported"
                    )
                }
            }
            let id = try vocabulary.id(of: content, object.place)
            guard try object.integer("id", in: 0...vocabulary.count - 1) == Int(id) else {
                throw ModelError(
                    .mismatch, "\(object.place): '\(content)' has id \(id) in the vocabulary")
            }
            tokens.append(AddedToken(content: Array(content.utf8), id: id))
        }
        return tokens
    }
}

extension WordPieceVocabulary {
    /// Returns the id of a token that something else in the files names.
    func id(of token: String, _ place: String) throws(ModelError) -> Int32 {
        guard !token.isEmpty, let id = id(Array(token.utf8)) else {
            throw ModelError(.malformed, "\(place): token '\(token)' is not in the vocabulary")
        }
        return id
    }
}
