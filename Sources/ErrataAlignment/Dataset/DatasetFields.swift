package import ErrataModels

/// The members of one record, checked as they are read.
package struct DatasetFields: Sendable {
    package let object: JSONObject
    package let place: String

    init(_ bytes: [UInt8], place: String) throws(DatasetError) {
        do {
            object = try JSONReader.object(bytes, place: place)
        } catch {
            throw DatasetError(.malformed, error.message)
        }
        self.place = place
    }

    package init(_ object: JSONObject, place: String) {
        self.object = object
        self.place = place
    }

    package func error(_ what: String) -> DatasetError {
        DatasetError(.malformed, "\(place): \(what)")
    }

    package func refuseKeys(besides known: Set<String>) throws(DatasetError) {
        for member in object.members where !known.contains(member.key) {
            throw error("key '\(member.key)' is not known")
        }
    }

    /// Returns a text that must be there, not empty and not too long.
    package func text(_ key: String) throws(DatasetError) -> String {
        guard let value = object[key] else { throw error("key '\(key)' is missing") }
        guard case .string(let text) = value else {
            throw error("'\(key)' must be a string, not \(value.kind)")
        }
        guard !text.isEmpty else { throw error("'\(key)' is empty") }
        guard text.utf8.count <= ScopePair.textBytesMax else {
            throw DatasetError(
                .limit,
                "\(place): '\(key)' has \(text.utf8.count) bytes, more than \(ScopePair.textBytesMax)"
            )
        }
        return text
    }

    func integer(_ key: String) throws(DatasetError) -> Int {
        guard let value = object[key] else { throw error("key '\(key)' is missing") }
        guard case .number(let text) = value, let number = Int(text), number >= 0 else {
            throw error("'\(key)' must be an integer from 0, not \(value.kind)")
        }
        return number
    }

    /// Returns `[start, end)`; nil for null.
    func span(_ key: String) throws(DatasetError) -> Range<Int>? {
        guard let value = object[key] else { throw error("key '\(key)' is missing") }
        if case .null = value { return nil }
        guard case .array(let items) = value, items.count == 2,
            case .number(let first) = items[0], case .number(let second) = items[1],
            let start = Int(first), let end = Int(second), 0 <= start, start < end
        else { throw error("'\(key)' must be null or [start, end) with 0 <= start < end") }
        return start..<end
    }

    /// Returns a text of any length.
    package func longText(_ key: String) throws(DatasetError) -> String {
        guard case .string(let text) = object[key] else { throw error("'\(key)' must be a string") }
        return text
    }

    /// Returns the strings of a member that is a string, a list of them, or a list of such lists.
    package func names(_ key: String) throws(DatasetError) -> [String] {
        guard let value = object[key] else { return [] }
        return try strings(value, key)
    }

    package func strings(_ value: JSONValue, _ key: String) throws(DatasetError) -> [String] {
        switch value {
        case .string(let text): return [text]
        case .array(let items):
            var all: [String] = []
            for item in items { all += try strings(item, key) }
            return all
        default: throw error("'\(key)' must hold strings, not \(value.kind)")
        }
    }

    /// Returns the questions of one class with all their answers; none if the class is not there.
    package func probes(
        _ group: String, _ name: String
    ) throws(DatasetError) -> [(question: String, answers: [String])] {
        guard case .object(let classes) = object[group] else {
            throw error("'\(group)' must be an object")
        }
        guard let list = classes[name] else { return [] }
        guard case .array(let items) = list else { throw error("'\(name)' must be an array") }
        var probes: [(question: String, answers: [String])] = []
        for item in items {
            guard case .object(let probe) = item else { throw error("'\(name)' holds no objects") }
            let fields = DatasetFields(probe, place: "\(place): \(name)")
            probes.append((try fields.text("prompt"), try fields.names("ground_truth")))
        }
        return probes
    }
}
