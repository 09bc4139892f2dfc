/// The tokens that a `post_processor` puts before and after a text.
struct SpecialTokens {
    typealias Around = (before: [Int32], after: [Int32])

    private let ids: [[UInt8]: Int32]
    private let tokens: TokenTable

    init(_ tokens: TokenTable, _ added: AddedTokens) {
        self.tokens = tokens
        ids = Dictionary(
            added.tokens.values.map { ($0.content, $0.id) }, uniquingKeysWith: { first, _ in first }
        )
    }

    func around(_ object: JSONObject) throws(ModelError) -> Around {
        switch try object.type() {
        case "TemplateProcessing": return try template(object)
        case "ByteLevel":
            // It trims places in the text, which are not asked for.
            try object.refuseKeys(besides: [
                "type", "add_prefix_space", "trim_offsets", "use_regex",
            ])
            return ([], [])
        case "BertProcessing":
            try object.refuseKeys(besides: ["type", "sep", "cls"])
            return (
                [try pair(try object.array("cls"), object)],
                [try pair(try object.array("sep"), object)]
            )
        case "RobertaProcessing":
            try object.refuseKeys(besides: [
                "type", "sep", "cls", "trim_offsets", "add_prefix_space",
            ])
            return (
                [try pair(try object.array("cls"), object)],
                [try pair(try object.array("sep"), object)]
            )
        case "Sequence":
            try object.refuseKeys(besides: ["type", "processors"])
            var all: Around = ([], [])
            for step in try object.objects("processors") {
                let (before, after) = try around(step)
                all = (before + all.before, all.after + after)
            }
            return all
        default: try object.refuseType()
        }
    }

    /// Reads the template for single texts; nothing here encodes pairs with it.
    private func template(_ object: JSONObject) throws(ModelError) -> Around {
        try object.refuseKeys(besides: ["type", "single", "pair", "special_tokens"])
        let special = try object.object("special_tokens")
        var parts: [[Int32]] = [[]]
        for piece in try object.objects("single") {
            guard piece.members.count == 1, case .object(let value) = piece.members[0].value else {
                throw ModelError(.malformed, "\(piece.place): expected one kind of piece")
            }
            let id = try value.string("id")
            switch piece.members[0].key {
            case "SpecialToken":
                parts[parts.count - 1] += try ids(of: try special.object(id))
            case "Sequence" where id == "A": parts.append([])
            case let key:
                throw ModelError(
                    .unsupported, "\(object.place): template piece \(key) '\(id)' is not supported")
            }
        }
        guard parts.count == 2 else {
            throw ModelError(
                .unsupported,
                "\(object.place): the template holds the text \(parts.count - 1) times")
        }
        return (parts[0], parts[1])
    }

    private func ids(of special: JSONObject) throws(ModelError) -> [Int32] {
        var result: [Int32] = []
        for item in try special.array("ids") {
            guard case .number(let text) = item, let id = Int32(text), isToken(id) else {
                throw ModelError(.malformed, "\(special.place): bad id \(item.kind)")
            }
            result.append(id)
        }
        return result
    }

    private func isToken(_ id: Int32) -> Bool {
        tokens.token(id) != nil || ids.values.contains(id)
    }

    /// Reads `["[CLS]", 101]`.
    private func pair(_ items: [JSONValue], _ object: JSONObject) throws(ModelError) -> Int32 {
        guard items.count == 2, case .string(let token) = items[0],
            case .number(let text) = items[1]
        else { throw ModelError(.malformed, "\(object.place): expected a token and its id") }
        let content = Array(token.utf8)
        guard let id = ids[content] ?? tokens.id(content), text == String(id) else {
            throw ModelError(
                .mismatch, "\(object.place): '\(token)' has not id \(text) in the vocabulary")
        }
        return id
    }
}
