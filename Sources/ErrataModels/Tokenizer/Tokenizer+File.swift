extension Tokenizer {
    static let fileByteCountMax = 64 << 20

    /// Reads a `tokenizer.json`.
    ///
    /// Everything that changes an id must be something that is built, or it is refused by name.
    /// `truncation` and `padding` are not: the caller decides about both.
    package init(tokenizerFile bytes: [UInt8], place: String = "tokenizer.json") throws(ModelError)
    {
        guard bytes.count <= Self.fileByteCountMax else {
            throw ModelError(
                .limit, "\(place): \(bytes.count) bytes, more than \(Self.fileByteCountMax)")
        }
        try self.init(try JSONReader.object(bytes, place: place))
    }

    init(_ file: JSONObject) throws(ModelError) {
        try file.refuseKeys(besides: [
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
            "post_processor", "decoder", "model",
        ])
        var normalizer: TextNormalizer?
        if let object = try file.optionalObject("normalizer") {
            normalizer = try TextNormalizer(object)
        }
        var preTokenizer: PreTokenizer?
        if let object = try file.optionalObject("pre_tokenizer") {
            preTokenizer = try PreTokenizer(object)
        }
        if let preTokenizer, let normalizer, preTokenizer.asksForStart, normalizer.mayDrop {
            throw ModelError(
                .unsupported,
                "\(file.place): prepend_scheme 'first' after a normalizer that drops characters is "
                    + "not supported")
        }
        var decoder: TokenDecoder?
        if let object = try file.optionalObject("decoder") { decoder = try TokenDecoder(object) }
        let (model, tokens) = try Self.model(
            try file.object("model"), ofBytes: preTokenizer?.endsInBytes ?? false)
        let added = try AddedTokens(
            try Self.addedTokens(file, tokens), normalizer, place: file.place)
        var around: (before: [Int32], after: [Int32]) = ([], [])
        if let object = try file.optionalObject("post_processor") {
            around = try SpecialTokens(tokens, added).around(object)
        }
        self.init(
            added: added, normalizer: normalizer, preTokenizer: preTokenizer, model: model,
            tokens: tokens, around: around, decoder: decoder)
    }

    private static func model(
        _ object: JSONObject, ofBytes: Bool
    ) throws(ModelError) -> (Model, TokenTable) {
        switch try object.type() {
        case "BPE":
            let model = try BytePairModel(object, ofBytes: ofBytes)
            return (.bytePair(model), model.vocabulary)
        case "WordPiece":
            guard !ofBytes else {
                throw ModelError(
                    .unsupported, "\(object.place): 'WordPiece' of bytes is not supported")
            }
            let tokens = try TokenTable(
                try object.object("vocab").tokenIDs(), place: object.place + ": vocab")
            return (.wordPiece(try WordPieceModel(object)), tokens)
        default: try object.refuseType()
        }
    }

    private static func addedTokens(
        _ file: JSONObject, _ tokens: TokenTable
    ) throws(ModelError) -> [AddedTokens.Token] {
        guard file.optional("added_tokens") != nil else { return [] }
        let objects = try file.objects("added_tokens")
        guard objects.count <= AddedTokens.countMax else {
            throw ModelError(
                .limit,
                "\(file.place): \(objects.count) added tokens, more than \(AddedTokens.countMax)")
        }
        var seen: Set<Int32> = []
        var list: [AddedTokens.Token] = []
        for object in objects {
            let token = try AddedTokens.Token(object)
            let name = String(decoding: token.content, as: UTF8.self)
            let known = tokens.id(token.content)
            guard known ?? token.id == token.id, known != nil || tokens.token(token.id) == nil
            else {
                throw ModelError(
                    .mismatch,
                    "\(object.place): '\(name)' has id \(token.id), which disagrees with the "
                        + "vocabulary")
            }
            guard seen.insert(token.id).inserted else {
                throw ModelError(
                    .malformed, "\(object.place): '\(name)' has id \(token.id) of another token")
            }
            list.append(token)
        }
        return list
    }
}

extension PreTokenizer {
    /// Whether a step asks if a piece is the first of the whole text.
    fileprivate var asksForStart: Bool {
        switch self {
        case .metaspace(_, .first, _): true
        case .sequence(let steps): steps.contains { $0.asksForStart }
        default: false
        }
    }
}

extension AddedTokens.Token {
    /// Reads one of `added_tokens`.
    fileprivate init(_ object: JSONObject) throws(ModelError) {
        try object.refuseKeys(besides: [
            "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
        ])
        id = Int32(try object.integer("id", in: 0...TokenTable.idCountMax - 1))
        content = Array(try object.string("content").utf8)
        isSingleWord = try object.boolean("single_word")
        stripsLeft = try object.boolean("lstrip")
        stripsRight = try object.boolean("rstrip")
        isNormalized = try object.boolean("normalized")
        isSpecial = try object.boolean("special")
    }
}
