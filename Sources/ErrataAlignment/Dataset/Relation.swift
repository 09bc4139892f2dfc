import CErrataData
import ErrataModels

/// A relation between two kinds of things, with the ways to say it and to ask for it.
package struct Relation: Sendable, Equatable {
    package let name: String
    package let subject: EntityKind
    package let object: EntityKind
    /// Texts that the object completes after a space; each holds `{s}` once.
    package let clozes: [String]
    package let questions: [String]
    /// What asks for the subject; each holds `{o}` once.
    package let inverse: [String]
    /// Relations of the same subject kind that are easily mistaken for this one.
    package let siblings: [String]
    /// Names the object inside another question; holds `{s}` once.
    package let phrase: String
    /// Whether a subject normally has several objects.
    package let many: Bool
    /// Whether it is one of those that people ask about most.
    package let isCommon: Bool
}

/// The relations that the program carries.
package enum RelationTable {
    static let recordKeys: Set<String> = [
        "name", "subject", "object", "clozes", "questions", "inverse", "siblings", "phrase", "many",
        "common",
    ]

    /// Reads and checks the embedded relations.
    package static func embedded() throws(DatasetError) -> [Relation] {
        let count = errata_relations_json_count
        let bytes = Array(UnsafeBufferPointer(start: errata_relations_json, count: count))
        return try parse(bytes, place: "relations.json")
    }

    /// Reads an array of relations; every rule of the format is checked.
    package static func parse(_ bytes: [UInt8], place: String) throws(DatasetError) -> [Relation] {
        let value: JSONValue
        do { value = try JSONReader.value(bytes, place: place) } catch {
            throw DatasetError(.malformed, error.message)
        }
        guard case .array(let items) = value else {
            throw DatasetError(.malformed, "\(place): expected an array, found \(value.kind)")
        }
        var relations: [Relation] = []
        for (index, item) in items.enumerated() {
            guard case .object(let object) = item else {
                throw DatasetError(
                    .malformed, "\(place): [\(index)] must be an object, not \(item.kind)")
            }
            let fields = DatasetFields(object, place: "\(place): [\(index)]")
            relations.append(try Relation(fields))
        }
        try check(relations, place: place)
        return relations
    }

    private static func check(_ relations: [Relation], place: String) throws(DatasetError) {
        guard !relations.isEmpty else { throw DatasetError(.malformed, "\(place): no relations") }
        var subjects: [String: EntityKind] = [:]
        for relation in relations {
            guard subjects.updateValue(relation.subject, forKey: relation.name) == nil else {
                throw DatasetError(.malformed, "\(place): '\(relation.name)' stands there twice")
            }
        }
        for relation in relations {
            for sibling in relation.siblings where subjects[sibling] != relation.subject {
                throw DatasetError(
                    .malformed,
                    "\(place): '\(relation.name)' names the sibling '\(sibling)', which is no relation of a \(relation.subject.rawValue)"
                )
            }
        }
    }
}

extension Relation {
    fileprivate init(_ fields: DatasetFields) throws(DatasetError) {
        try fields.refuseKeys(besides: RelationTable.recordKeys)
        name = try fields.text("name")
        subject = try fields.kind("subject")
        object = try fields.kind("object")
        clozes = try fields.templates("clozes", holding: "{s}")
        questions = try fields.templates("questions", holding: "{s}")
        inverse = try fields.templates("inverse", holding: "{o}", mayBeEmpty: true)
        siblings = try fields.texts("siblings", mayBeEmpty: true)
        phrase = try fields.template(fields.text("phrase"), holding: "{s}")
        many = try fields.flag("many")
        isCommon = try fields.flag("common")
    }
}

extension DatasetFields {
    fileprivate func kind(_ key: String) throws(DatasetError) -> EntityKind {
        let name = try text(key)
        guard let kind = EntityKind(rawValue: name) else {
            throw error("'\(key)' names the kind '\(name)', which is not known")
        }
        return kind
    }

    func flag(_ key: String) throws(DatasetError) -> Bool {
        guard case .boolean(let flag) = object[key] else {
            throw error("'\(key)' must be true or false")
        }
        return flag
    }

    /// Returns an array of texts, without repetition unless `repeated`.
    func texts(
        _ key: String, mayBeEmpty: Bool = false, repeated: Bool = false
    ) throws(DatasetError) -> [String] {
        guard case .array(let items) = object[key] else {
            throw error("'\(key)' must be an array of strings")
        }
        var texts: [String] = []
        for item in items {
            guard case .string(let text) = item, !text.isEmpty, repeated || !texts.contains(text)
            else {
                throw error("'\(key)' must hold different strings, none empty")
            }
            texts.append(text)
        }
        guard mayBeEmpty || !texts.isEmpty else { throw error("'\(key)' is empty") }
        return texts
    }

    fileprivate func template(
        _ text: String, holding hole: String
    ) throws(DatasetError) -> String {
        guard text.split(separator: hole, omittingEmptySubsequences: false).count == 2,
            text.count(where: { $0 == "{" }) == 1
        else { throw error("'\(text)' must hold \(hole) once and nothing else in braces") }
        return text
    }

    fileprivate func templates(
        _ key: String, holding hole: String, mayBeEmpty: Bool = false
    ) throws(DatasetError) -> [String] {
        var checked: [String] = []
        for text in try texts(key, mayBeEmpty: mayBeEmpty) {
            checked.append(try template(text, holding: hole))
        }
        return checked
    }
}
