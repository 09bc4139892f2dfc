package import ErrataCore

/// A line of a file that cannot be taken, or was taken in a way worth telling.
package struct ImportProblem: Error, Hashable, Sendable {
    package let line: Int
    package let message: String

    package init(line: Int, message: String) {
        self.line = line
        self.message = message
    }
}

/// An edit as a file asks for it; what it retracts is still a name.
enum ImportedEdit {
    case assert(Fact)
    case revise(Fact)
    /// The text that names the fact.
    case retract(String)
}

/// A file of facts, read and checked: nothing of it is in the journal yet.
package struct FactFile {
    /// The edits in file order, one a key: of two values for one key the later is kept.
    let edits: [(line: Int, edit: ImportedEdit)]
    /// Lines that cannot be taken, the first of them.
    package let problems: [ImportProblem]
    package let problemCount: Int
    /// Lines that say again, or say otherwise, what another line says, the first of them.
    package let duplicates: [ImportProblem]
    package let duplicateCount: Int

    /// How many problems of one kind are kept; the rest is only counted.
    package static let problemCountMax = 100

    /// Reads `bytes`: JSON Lines, or one JSON array of records.
    ///
    /// Each object of a relation in `multiValued` is a fact of its own.
    package init(_ bytes: [UInt8], format: ImportFormat, multiValued: Set<String> = []) {
        var reader = FactFileReader(format: format, multiValued: multiValued)
        do {
            try JSONRecords.forEach(in: bytes) { reader.take($0) }
        } catch {
            reader.problems.add(error)
        }
        edits = reader.edits.compactMap { $0.map { ($0.record.line, $0.edit) } }
        (problems, problemCount) = (reader.problems.first, reader.problems.count)
        (duplicates, duplicateCount) = (reader.duplicates.first, reader.duplicates.count)
    }
}

/// The first problems of one kind, and how many there are.
private struct ProblemList {
    private(set) var first: [ImportProblem] = []
    private(set) var count = 0

    mutating func add(_ problem: ImportProblem) {
        if first.count < FactFile.problemCountMax { first.append(problem) }
        count += 1
    }
}

private struct FactFileReader {
    let format: ImportFormat
    let multiValued: Set<String>
    /// The edits in order; nil where a later line took over.
    var edits: [(record: JSONRecord, edit: ImportedEdit)?] = []
    var problems = ProblemList()
    var duplicates = ProblemList()
    /// Where in `edits` the fact with this key stands.
    private var places: [String: Int] = [:]

    init(format: ImportFormat, multiValued: Set<String>) {
        self.format = format
        self.multiValued = multiValued
    }

    mutating func take(_ record: JSONRecord) {
        do {
            let edit = try FactRecord(record, multiValued: multiValued).edit(format: format)
            guard supersede(with: edit, of: record) else { return }
            places[key(of: edit)] = edits.count
            edits.append((record, edit))
        } catch {
            problems.add(error)
        }
    }

    /// Returns true if `edit` is to be kept; what it replaces is dropped and told.
    private mutating func supersede(with edit: ImportedEdit, of record: JSONRecord) -> Bool {
        guard let place = places[key(of: edit)], let earlier = edits[place] else { return true }
        if case .assert(let new) = edit, case .assert(let old) = earlier.edit, new == old {
            duplicates.add(record.problem("same as \(earlier.record.place)"))
            return false
        }
        duplicates.add(earlier.record.problem("superseded by \(record.place)"))
        edits[place] = nil
        return true
    }

    private func key(of edit: ImportedEdit) -> String {
        switch edit {
        case .assert(let fact), .revise(let fact): fact.key
        case .retract(let name): name
        }
    }
}

extension FactFile {
    package var editCount: Int { edits.count }

    /// The facts that are asserted or revised, in file order.
    package var facts: [Fact] {
        edits.compactMap { entry in
            switch entry.edit {
            case .assert(let fact), .revise(let fact): fact
            case .retract: nil
            }
        }
    }
}
