extension PreTokenizer {
    /// Reads the `pre_tokenizer` of a `tokenizer.json`.
    init(_ object: JSONObject) throws(ModelError) {
        switch try object.type() {
        case "ByteLevel":
            try object.refuseKeys(besides: [
                "type", "add_prefix_space", "trim_offsets", "use_regex",
            ])
            self = .byteLevel(
                addsSpace: try object.boolean("add_prefix_space"),
                splits: try object.boolean("use_regex", default: true))
        case "Split":
            try object.refuseKeys(besides: ["type", "pattern", "behavior", "invert"])
            self = .split(
                try TextPattern(try object.object("pattern")),
                try Self.behavior(object), inverts: try object.boolean("invert"))
        case "Metaspace": self = try Self.metaspace(object)
        case "Digits":
            try object.refuseKeys(besides: ["type", "individual_digits"])
            let behavior: SplitBehavior =
                try object.boolean("individual_digits") ? .isolated : .contiguous
            self = .split(.character { $0.isNumber }, behavior, inverts: false)
        case "Punctuation":
            try object.refuseKeys(besides: ["type", "behavior"])
            self = .split(
                .character { $0.isBertPunctuation },
                object["behavior"] == nil ? .isolated : try Self.behavior(object), inverts: false)
        case "Whitespace":
            try object.refuseKeys(besides: ["type"])
            self = .split(.wordsAndSymbols, .removed, inverts: true)
        case "WhitespaceSplit":
            try object.refuseKeys(besides: ["type"])
            self = .split(.character { $0.properties.isWhitespace }, .removed, inverts: false)
        case "BertPreTokenizer":
            try object.refuseKeys(besides: ["type"])
            self = .bert
        case "Sequence": self = try Self.sequence(object)
        default: try object.refuseType()
        }
    }

    private static func sequence(_ object: JSONObject) throws(ModelError) -> PreTokenizer {
        try object.refuseKeys(besides: ["type", "pretokenizers"])
        var steps: [PreTokenizer] = []
        for step in try object.objects("pretokenizers") {
            if let last = steps.last, last.endsInBytes {
                throw ModelError(
                    .unsupported,
                    "\(object.place): '\(try step.type())' after 'ByteLevel' is not supported")
            }
            steps.append(try PreTokenizer(step))
        }
        return .sequence(steps)
    }

    private static func behavior(_ object: JSONObject) throws(ModelError) -> SplitBehavior {
        let name = try object.string("behavior")
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw ModelError(.unsupported, "\(object.place): behavior '\(name)' is not supported")
        }
        return behavior
    }

    private static func metaspace(_ object: JSONObject) throws(ModelError) -> PreTokenizer {
        let (mark, prepending) = try metaspaceOptions(object)
        return .metaspace(
            mark, prepending, splits: try object.boolean("split", default: true))
    }

    /// Reads what `Metaspace` is called with as a pre-tokenizer and as a decoder.
    static func metaspaceOptions(
        _ object: JSONObject
    ) throws(ModelError) -> (mark: [UInt8], Prepending) {
        try object.refuseKeys(besides: [
            "type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep",
        ])
        let scheme = try object.optionalString("prepend_scheme") ?? "always"
        guard var prepending = Prepending(rawValue: scheme) else {
            throw ModelError(
                .unsupported, "\(object.place): prepend_scheme '\(scheme)' is not supported")
        }
        // Files from before there was a scheme.
        if try !object.boolean("add_prefix_space", default: true) {
            guard object["prepend_scheme"] == nil || prepending == .never else {
                throw ModelError(
                    .malformed, "\(object.place): add_prefix_space contradicts prepend_scheme")
            }
            prepending = .never
        }
        return (try object.character("replacement"), prepending)
    }
}
