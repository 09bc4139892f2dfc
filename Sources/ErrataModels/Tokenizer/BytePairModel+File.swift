extension BytePairModel {
    static let mergeCountMax = 1 << 20

    /// Reads the `model` of a `tokenizer.json`; `ofBytes` if the pre-tokenizer makes bytes the alphabet.
    init(_ object: JSONObject, ofBytes: Bool) throws(ModelError) {
        try object.require("type", is: "BPE")
        try object.refuseKeys(besides: [
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
            "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges",
        ])
        try Self.refuseOptions(object)
        let place = object.place
        let list = try object.object("vocab").tokenIDs()
        vocabulary = try TokenTable(list, place: place + ": vocab")
        if let name = try object.optionalString("unk_token") {
            guard let id = vocabulary.id(Array(name.utf8)) else {
                throw ModelError(
                    .malformed, "\(place): token '\(name)' is not in the vocabulary")
            }
            unknown = id
        } else {
            unknown = nil
        }
        fusesUnknown = try object.boolean("fuse_unk", default: false)
        prefersWholeWords = try object.boolean("ignore_merges", default: false)
        let fallsBack = try object.boolean("byte_fallback", default: false)
        if ofBytes {
            guard !fallsBack else {
                throw ModelError(
                    .unsupported, "\(place): byte_fallback with 'ByteLevel' is not supported")
            }
            alphabet = .bytes(
                Self.ids(of: ByteAlphabet.characters, vocabulary))
            words = try TokenTable(
                list.compactMap { token, id in
                    ByteAlphabet.bytes(of: token).map { ($0, id) }
                }, place: place + ": vocab")
        } else {
            alphabet = .characters(byteIDs: fallsBack ? Self.byteIDs(vocabulary) : nil)
            words = vocabulary
        }
        (ranks, merged) = try Self.merges(object, vocabulary)
    }

    private static func refuseOptions(_ object: JSONObject) throws(ModelError) {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let value = try object.optionalString(key), !value.isEmpty {
                throw ModelError(
                    .unsupported, "\(object.place): \(key) '\(value)' is not supported")
            }
        }
        if object.optional("dropout") != nil, try object.number("dropout") != 0 {
            throw ModelError(.unsupported, "\(object.place): dropout is not supported")
        }
    }

    private static func ids(of tokens: [[UInt8]], _ vocabulary: TokenTable) -> [Int32] {
        tokens.map { vocabulary.id($0) ?? -1 }
    }

    private static func byteIDs(_ vocabulary: TokenTable) -> [Int32] {
        (0...255).map { (byte: Int) -> Int32 in
            let digits = String(byte, radix: 16, uppercase: true)
            return vocabulary.id(Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)) ?? -1
        }
    }

    private static func merges(
        _ object: JSONObject, _ vocabulary: TokenTable
    ) throws(ModelError) -> (ranks: PairTable, merged: [Int32]) {
        let items = try object.array("merges")
        guard items.count <= mergeCountMax else {
            throw ModelError(
                .limit, "\(object.place): \(items.count) merges, more than \(mergeCountMax)")
        }
        var ranks = PairTable(count: items.count)
        var merged: [Int32] = []
        merged.reserveCapacity(items.count)
        for item in items {
            let place = "\(object.place): merge \(merged.count)"
            let (left, right) = try pair(item, place)
            let ids = try [left, right, left + right].map { token throws(ModelError) in
                try id(of: token, vocabulary, place)
            }
            // Of a pair that is there twice the reference takes the later rank.
            ranks.set(ids[0], ids[1], to: Int32(merged.count))
            merged.append(ids[2])
        }
        return (ranks, merged)
    }

    private static func id(
        of token: [UInt8], _ vocabulary: TokenTable, _ place: String
    ) throws(ModelError) -> Int32 {
        guard let id = vocabulary.id(token) else {
            throw ModelError(
                .malformed,
                "\(place): token '\(String(decoding: token.prefix(80), as: UTF8.self))' is not in "
                    + "the vocabulary")
        }
        return id
    }

    /// Reads "a b" or ["a", "b"].
    private static func pair(
        _ item: JSONValue, _ place: String
    ) throws(ModelError) -> (left: [UInt8], right: [UInt8]) {
        var parts: [[UInt8]] = []
        switch item {
        case .string(let text):
            parts = text.utf8.split(
                separator: UInt8(ascii: " "), omittingEmptySubsequences: false
            ).map { Array($0) }
        case .array(let items):
            for case .string(let text) in items { parts.append(Array(text.utf8)) }
            if items.count != 2 { parts = [] }
        default: break
        }
        // A merge with nothing would give a token from itself.
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw ModelError(.malformed, "\(place): expected two tokens")
        }
        return (parts[0], parts[1])
    }
}
