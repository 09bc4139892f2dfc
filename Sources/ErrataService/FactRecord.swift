import ErrataCore
import Foundation

/// The shapes of a record in a file of facts.
package enum ImportFormat: String, Sendable, CaseIterable {
    /// Told record by record from the fields that are there.
    case auto
    /// Facts, or edits `{"op": …, "fact": …}`, with no unknown field.
    case jsonl
    /// Records of the editing benchmarks: KnowEdit, CounterFact, zsRE, WikiBio.
    case knowedit
}

/// Reads one record into an edit.
struct FactRecord {
    private let record: JSONRecord
    private let object: [String: Any]
    /// The relations that may have several objects at once.
    private let multiValued: Set<String>

    init(_ record: JSONRecord, multiValued: Set<String> = []) throws(ImportProblem) {
        self.record = record
        self.multiValued = multiValued
        guard record.bytes.count <= JSONRecords.recordBytesMax else {
            throw record.problem(
                "the record has \(record.bytes.count) bytes, "
                    + "at most \(JSONRecords.recordBytesMax) are allowed")
        }
        guard String(validating: record.bytes, as: UTF8.self) != nil else {
            throw record.problem("the record is not UTF-8")
        }
        guard let value = try? JSONSerialization.jsonObject(with: Data(record.bytes)),
            let object = value as? [String: Any]
        else { throw record.problem("the record is not a JSON object") }
        self.object = object
    }

    /// Returns the edit that the record asks for.
    func edit(format: ImportFormat) throws(ImportProblem) -> ImportedEdit {
        let isBenchmark =
            object["target_new"] != nil || object["alt"] != nil
            || object["concept"] != nil
        switch format {
        case .jsonl: return try journalEdit()
        case .knowedit: return .assert(try checked(benchmarkDraft()))
        case .auto: return isBenchmark ? .assert(try checked(benchmarkDraft())) : try journalEdit()
        }
    }

    // MARK: Facts and edits

    private static let factFields: Set<String> = [
        "key", "subject", "relation", "object", "statement", "prompt", "questions", "aliases",
        "validFrom", "validTo", "source", "labels",
    ]

    private func journalEdit() throws(ImportProblem) -> ImportedEdit {
        guard object["op"] != nil else { return .assert(try fact(in: object)) }
        try refuseUnknown(in: object, known: ["op", "fact", "id"])
        switch try text("op", in: object) {
        case "assert": return .assert(try fact(in: try nested("fact")))
        case "revise": return .revise(try fact(in: try nested("fact")))
        case "retract":
            guard let id = try text("id", in: object) else {
                throw problem("'retract' needs an 'id'")
            }
            return .retract(id)
        case let op: throw problem("op '\(op ?? "")' is not assert, revise or retract")
        }
    }

    private func nested(_ name: String) throws(ImportProblem) -> [String: Any] {
        guard let value = object[name] as? [String: Any] else {
            throw problem("'\(name)' is not an object")
        }
        return value
    }

    private func fact(in object: [String: Any]) throws(ImportProblem) -> Fact {
        try refuseUnknown(in: object, known: FactRecord.factFields)
        var labels: [String: String] = [:]
        if let value = present("labels", in: object) {
            guard let texts = value as? [String: String] else {
                throw problem("'labels' is not an object of texts")
            }
            labels = texts
        }
        return try checked(
            FactDraft(
                key: try text("key", in: object), subject: try text("subject", in: object),
                relation: try text("relation", in: object), object: try text("object", in: object),
                statement: try text("statement", in: object),
                prompt: try text("prompt", in: object),
                questions: try texts("questions", in: object),
                aliases: try texts("aliases", in: object),
                validFrom: try text("validFrom", in: object),
                validTo: try text("validTo", in: object), source: try text("source", in: object),
                labels: labels))
    }

    // MARK: Benchmarks

    /// Returns the edit of a benchmark's record; its other fields are the benchmark's questions.
    ///
    /// KnowEdit and CounterFact: subject, prompt, target_new. zsRE: subject, src, alt. WikiBio: concept,
    /// text, labels.
    private func benchmarkDraft() throws(ImportProblem) -> FactDraft {
        let prompt: String?
        let target: String?
        if object["src"] != nil {
            (prompt, target) = (try text("src", in: object), try text("alt", in: object))
        } else if object["concept"] != nil {
            (prompt, target) = (try text("text", in: object), try text("labels", in: object))
        } else {
            (prompt, target) = (try text("prompt", in: object), try text("target_new", in: object))
        }
        guard let prompt, let target else {
            throw problem("the record has no prompt and target (prompt and target_new)")
        }
        let subject = try text(object["subject"] == nil ? "concept" : "subject", in: object)
        return FactDraft(
            subject: subject.map(onOneLine), object: onOneLine(target), prompt: onOneLine(prompt))
    }

    /// Benchmark texts hold line breaks; in a fact they are spaces.
    private func onOneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    // MARK: Fields

    private func problem(_ message: String) -> ImportProblem {
        record.problem(message)
    }

    private func checked(_ draft: FactDraft) throws(ImportProblem) -> Fact {
        do throws(FactError) { return try draft.checked(multiValued: multiValued) } catch {
            throw problem(error.description)
        }
    }

    private func refuseUnknown(
        in object: [String: Any], known: Set<String>
    ) throws(ImportProblem) {
        guard let name = object.keys.filter({ !known.contains($0) }).min() else { return }
        throw problem("the field '\(name)' is unknown")
    }

    private func present(_ name: String, in object: [String: Any]) -> Any? {
        guard let value = object[name], !(value is NSNull) else { return nil }
        return value
    }

    private func text(_ name: String, in object: [String: Any]) throws(ImportProblem) -> String? {
        guard let value = present(name, in: object) else { return nil }
        guard let text = value as? String else { throw problem("'\(name)' is not a text") }
        return text
    }

    private func texts(_ name: String, in object: [String: Any]) throws(ImportProblem) -> [String] {
        guard let value = present(name, in: object) else { return [] }
        guard let texts = value as? [String] else {
            throw problem("'\(name)' is not a list of texts")
        }
        return texts
    }
}
