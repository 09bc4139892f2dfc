extension TokenDecoder {
    static let stripCountMax = 64

    /// Reads the `decoder` of a `tokenizer.json`.
    init(_ object: JSONObject) throws(ModelError) {
        switch try object.type() {
        case "ByteLevel":
            // Its options are those of the pre-tokenizer of that name.
            try object.refuseKeys(besides: [
                "type", "add_prefix_space", "trim_offsets", "use_regex",
            ])
            self = .byteLevel
        case "ByteFallback":
            try object.refuseKeys(besides: ["type"])
            self = .byteFallback
        case "Fuse":
            try object.refuseKeys(besides: ["type"])
            self = .fuse
        case "Strip":
            try object.refuseKeys(besides: ["type", "content", "start", "stop"])
            self = .strip(
                try object.character("content"),
                start: try object.integer("start", in: 0...Self.stripCountMax),
                stop: try object.integer("stop", in: 0...Self.stripCountMax))
        case "Replace": self = try Self.replace(object)
        case "Metaspace":
            let (mark, prepending) = try PreTokenizer.metaspaceOptions(object)
            self = .metaspace(mark, dropsFirst: prepending != .never)
        case "WordPiece":
            try object.refuseKeys(besides: ["type", "prefix", "cleanup"])
            self = .wordPiece(
                prefix: Array(try object.string("prefix").utf8),
                cleansUp: try object.boolean("cleanup"))
        case "Sequence":
            try object.refuseKeys(besides: ["type", "decoders"])
            var steps: [TokenDecoder] = []
            for step in try object.objects("decoders") { steps.append(try TokenDecoder(step)) }
            self = .sequence(steps)
        default: try object.refuseType()
        }
    }

    private static func replace(_ object: JSONObject) throws(ModelError) -> TokenDecoder {
        try object.refuseKeys(besides: ["type", "pattern", "content"])
        guard case .literal(let old) = try TextPattern(try object.object("pattern")) else {
            throw ModelError(
                .unsupported, "\(object.place): replacing an expression is not supported")
        }
        return .replace(old, by: Array(try object.string("content").utf8))
    }
}
