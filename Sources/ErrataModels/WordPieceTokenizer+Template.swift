extension WordPieceTokenizer {
    /// Returns the ids that a `post_processor` puts before and after a text.
    static func template(
        _ object: JSONObject, _ vocabulary: WordPieceVocabulary
    ) throws(ModelError) -> (before: [Int32], after: [Int32]) {
        switch try object.string("type") {
        case "BertProcessing", "RobertaProcessing":
            return (
                [try pair(try object.array("cls"), vocabulary, object.place)],
                [try pair(try object.array("sep"), vocabulary, object.place)]
            )
        case "TemplateProcessing":
            return try templateProcessing(object, vocabulary)
        case let type:
            throw ModelError(.unsupported, "\(object.place): type '\(type)' is not supported")
        }
    }

    /// Reads `["[CLS]", 101]`.
    private static func pair(
        _ items: [JSONValue], _ vocabulary: WordPieceVocabulary, _ place: String
    ) throws(ModelError) -> Int32 {
        guard items.count == 2, case .string(let token) = items[0],
            case .number(let text) = items[1]
        else { throw ModelError(.malformed, "\(place): expected a token and its id") }
        let id = try vocabulary.id(of: token, place)
        guard text == String(id) else {
            throw ModelError(
                .mismatch, "\(place): '\(token)' has id \(text), in the vocabulary \(id)")
        }
        return id
    }

    /// Reads the template for one text: special tokens, the text once, special tokens, all of type 0.
    private static func templateProcessing(
        _ object: JSONObject, _ vocabulary: WordPieceVocabulary
    ) throws(ModelError) -> (before: [Int32], after: [Int32]) {
        let special = try object.object("special_tokens")
        var parts: [[Int32]] = [[]]
        for item in try object.array("single") {
            guard case .object(let piece) = item, piece.members.count == 1,
                case .object(let value) = piece.members[0].value,
                try value.integer("type_id", in: 0...Int.max) == 0
            else {
                throw ModelError(
                    .unsupported, "\(object.place): only template pieces of type 0 are supported")
            }
            let id = try value.string("id")
            switch piece.members[0].key {
            case "SpecialToken":
                parts[parts.count - 1] += try ids(of: try special.object(id), vocabulary)
            case "Sequence" where id == "A": parts.append([])
            case let key:
                throw ModelError(
                    .unsupported, "\(object.place): template piece \(key) '\(id)' is not supported")
            }
        }
        guard parts.count == 2 else {
            throw ModelError(
                .unsupported,
                "\(object.place): the template holds the text \(parts.count - 1) times"
            )
        }
        return (parts[0], parts[1])
    }

    private static func ids(
        of special: JSONObject, _ vocabulary: WordPieceVocabulary
    ) throws(ModelError) -> [Int32] {
        var ids: [Int32] = []
        for item in try special.array("ids") {
            guard case .number(let text) = item, let id = Int32(text),
                (0..<vocabulary.count).contains(Int(id))
            else { throw ModelError(.malformed, "\(special.place): bad id \(item.kind)") }
            ids.append(id)
        }
        return ids
    }
}
