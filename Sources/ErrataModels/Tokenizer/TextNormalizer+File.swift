extension TextNormalizer {
    /// Reads the `normalizer` of a `tokenizer.json`.
    init(_ object: JSONObject) throws(ModelError) {
        let type = try object.type()
        if let plain = Self.withoutOptions[type] {
            try object.refuseKeys(besides: ["type"])
            self = plain
            return
        }
        switch type {
        case "Prepend":
            try object.refuseKeys(besides: ["type", "prepend"])
            self = .prepend(Array(try object.string("prepend").utf8))
        case "Replace":
            try object.refuseKeys(besides: ["type", "pattern", "content"])
            self = .replace(
                try TextPattern(try object.object("pattern")),
                by: Array(try object.string("content").utf8))
        case "Strip":
            try object.refuseKeys(besides: ["type", "strip_left", "strip_right"])
            self = .strip(
                left: try object.boolean("strip_left"), right: try object.boolean("strip_right"))
        case "BertNormalizer": self = .bert(try BertNormalizer(object))
        case "Sequence":
            try object.refuseKeys(besides: ["type", "normalizers"])
            var steps: [TextNormalizer] = []
            for step in try object.objects("normalizers") { steps.append(try TextNormalizer(step)) }
            self = .sequence(steps)
        default: try object.refuseType()
        }
    }

    private static let withoutOptions: [String: TextNormalizer] = [
        "NFC": .composed, "NFD": .decomposed, "NFKC": .composedForCompatibility,
        "NFKD": .decomposedForCompatibility, "Lowercase": .lowercase,
        "StripAccents": .stripAccents,
    ]

    /// Whether characters at the start of a text may be lost.
    var mayDrop: Bool {
        switch self {
        case .strip, .bert, .stripAccents, .replace(_, by: []): true
        case .sequence(let steps): steps.contains { $0.mayDrop }
        default: false
        }
    }
}
