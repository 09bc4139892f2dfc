import ErrataCore
import ErrataJournal

/// An operation on its way into the audit database.
struct AuditedOperation {
    let summary: OperationSummary
    /// The names that the facts of its edits are known by.
    let subjects: [SubjectNames.Name]
    /// The fact of which it took values away.
    let redacted: FactID?

    init(_ operation: ErrataJournal.Operation, _ names: SubjectNames) throws {
        summary = try OperationSummary(operation)
        let edits = summary.commit?.edits ?? []
        subjects = try names.names(
            of: edits.compactMap { edit in edit.new.map { (edit.fact, $0) } })
        redacted = if case .redact(let fact, _, _) = operation.body { fact } else { nil }
    }
}

/// Digests of the names that facts are known by, under the store's secret.
struct SubjectNames {
    typealias Name = (digest: [UInt8], fact: FactID)

    private static let digestByteCount = 16

    /// Returns values in their order, nil for those in conflict or redacted.
    let facts: ([(FactID, Leaf)]) throws(JournalError) -> [Fact?]
    /// Returns the digest of a text.
    let digest: (String) -> Digest

    /// Returns the names of those values that can be read.
    func names(of pairs: [(FactID, Leaf)]) throws -> [Name] {
        var names: [Name] = []
        for (pair, fact) in zip(pairs, try facts(pairs)) {
            guard let fact else { continue }
            for name in Set([fact.subject].compactMap(\.self) + fact.aliases) {
                names.append((digest(of: name), pair.0))
            }
        }
        return names
    }

    /// Returns a name for a subject, letter case aside, that tells nothing of it without the store's secret.
    func digest(of name: String) -> [UInt8] {
        Array(digest("subject " + name.lowercased()).bytes.prefix(SubjectNames.digestByteCount))
    }
}

extension Journal {
    var subjectNames: SubjectNames {
        SubjectNames(facts: facts, digest: { self.textDigest(of: $0) })
    }
}

extension StoreVerifier {
    var subjectNames: SubjectNames {
        SubjectNames(facts: plainFacts, digest: { self.textDigest(of: $0) })
    }
}
