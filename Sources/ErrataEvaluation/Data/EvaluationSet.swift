package import ErrataAlignment
package import ErrataCore
import ErrataModels

/// A data set to evaluate with, as it stands in a file.
package struct EvaluationSet: Sendable {
    /// The shapes of files that are read.
    package enum Format: String, CaseIterable, Sendable {
        /// KnowEdit's ZsRE, WikiData recent and WikiData counterfact.
        case knowEdit = "knowedit"
        case wikiBio = "wikibio"
        /// CounterFact as EasyEdit holds it: one rephrasing, one neighbour.
        case counterFact = "counterfact"
        /// CounterFact as ROME published it.
        case counterFactRecords = "counterfact-full"
        /// zsRE as MEND published it.
        case zsRE = "zsre"
        /// One's own, one record a line; `errata eval --help` has the keys.
        case items
    }

    package static let itemCountMax = 100_000

    package let name: String
    package let format: Format
    package let hash: Digest
    /// Those with edits first.
    package private(set) var items: [EvaluationItem]
    /// SHA-256 of the file that general questions are from.
    package private(set) var generalHash: Digest?

    package var editCount: Int { items.count - generalCount }
    package var generalCount: Int { items.reversed().prefix(while: \.isGeneral).count }

    /// Reads a file; a record that does not fit its format is an error that names its place.
    package init(path: String, format: Format? = nil) throws(DatasetError) {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let (records, bytes) = try DatasetRecords.read(path: path, name: file)
        try self.init(records, bytes, name: file, format: format)
    }

    private init(
        _ records: [DatasetFields], _ bytes: [UInt8], name: String, format: Format?
    ) throws(DatasetError) {
        guard let first = records.first else {
            throw DatasetError(.malformed, "\(name): no records")
        }
        guard records.count <= EvaluationSet.itemCountMax else {
            throw DatasetError(
                .limit, "\(name): more than \(EvaluationSet.itemCountMax) records")
        }
        self.name = name
        let format = if let format { format } else { try EvaluationSet.detected(first) }
        self.format = format
        hash = Digest.sha256(bytes)
        items = []
        for (index, record) in records.enumerated() {
            items.append(try EvaluationItem(record, format, number: index + 1))
        }
    }

    private static func detected(_ record: DatasetFields) throws(DatasetError) -> Format {
        let signs: [(Format, [String])] = [
            (.counterFactRecords, ["requested_rewrite"]),
            (.counterFact, ["prompt", "target_new", "rephrase_prompt", "locality_prompt"]),
            (.knowEdit, ["prompt", "target_new", "portability", "locality"]),
            (.zsRE, ["src", "alt", "loc"]), (.wikiBio, ["concept", "text", "labels"]),
            (.items, ["subject", "prompt", "target"]),
        ]
        for (format, keys) in signs where keys.allSatisfy({ record.object[$0] != nil }) {
            return format
        }
        throw record.error(
            "the first record has the keys of no known format; name it with --format: "
                + Format.allCases.map(\.rawValue).joined(separator: ", "))
    }

    /// Keeps the items of subjects that are never trained on.
    package mutating func keepHeldBack() { items.removeAll { !HeldBack.contains($0.subject) } }

    /// Keeps so many items, drawn by a seed, in their order.
    package mutating func keep(_ count: Int, seed: UInt64) {
        guard count < items.count else { return }
        var places = Array(items.indices)
        var random = SeededGenerator(seed: seed)
        random.shuffle(&places)
        items = places.prefix(count).sorted().map { items[$0] }
    }

    /// Adds questions that no edit is about, at most so many, drawn by a seed.
    ///
    /// Records have a `question`, `qText` or `instruction`, and where there is one an `answer` or `answers`.
    package mutating func addGeneral(
        path: String, count: Int, seed: UInt64
    ) throws(DatasetError) {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let (records, bytes) = try DatasetRecords.read(path: path, name: file)
        var general: [EvaluationItem] = []
        for (index, record) in records.enumerated() {
            general.append(try EvaluationItem(general: record, number: index + 1))
        }
        var random = SeededGenerator(seed: seed)
        random.shuffle(&general)
        items += general.prefix(count)
        generalHash = Digest.sha256(bytes)
    }

    /// Places of items whose fact a later item edits again: at a version that holds both, the later one counts.
    package var superseded: Set<Int> {
        var last: [String: Int] = [:]
        var found: Set<Int> = []
        for (place, item) in items.enumerated() where !item.isGeneral {
            guard let key = try? item.edit.checked().key else { continue }
            if let earlier = last.updateValue(place, forKey: key) { found.insert(earlier) }
        }
        return found
    }
}
