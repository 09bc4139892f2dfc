import ErrataModels

extension SourceFormat {
    /// Tells the format of a file from the keys of its first record.
    static func detected(in bytes: [UInt8], name: String) throws(DatasetError) -> SourceFormat {
        let records = try DatasetRecords.read(bytes, name: name)
        guard let first = records.first else {
            throw DatasetError(.malformed, "\(name): no records")
        }
        guard first.object["scope"] == nil else {
            throw DatasetError(
                .unsupported, "\(name) holds pairs already", hint: "Train on it as it is.")
        }
        let signs: [(SourceFormat, [String])] = [
            (.counterFact, ["prompt", "target_new", "rephrase_prompt", "locality_prompt"]),
            (.knowEdit, ["prompt", "target_new", "portability", "locality"]),
            (.zsRE, ["src", "alt", "loc"]), (.pokeMQA, ["edit", "questions"]),
            (.wikiBio, ["concept", "text", "labels"]), (.open, ["instruction"]), (.open, ["qText"]),
            (.open, ["message_tree_id"]), (.facts, ["statement"]), (.facts, ["subject", "object"]),
            (.facts, ["prompt", "object"]), (.facts, ["op", "fact"]), (.open, ["question"]),
        ]
        for (format, keys) in signs where keys.allSatisfy({ first.object[$0] != nil }) {
            return format
        }
        let known = allCases.map(\.rawValue).joined(separator: ", ")
        throw DatasetError(
            .unsupported, "\(name): the first record has the keys of no known format",
            hint: "Name the format before the file: \(known).")
    }
}
