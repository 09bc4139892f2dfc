import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval
import Synchronization

/// A fact that a search found, with its text.
struct RetrievedFact: Sendable {
    let version: FactVersion
    let fact: Fact
    let hit: SearchHit
}

/// Which texts of a fact it is found by: what retrieval calls its key.
package enum RetrievalKey: String, CaseIterable, Sendable {
    /// Statement, prompt, questions, and the prompt with each alias.
    case all
    /// What asks for the fact, its object left out: prompt, questions and aliases.
    case prompt
    /// The statement, which of an edit that is a prompt with its object is both together.
    case statement

    var kinds: Set<SurfaceKind>? {
        switch self {
        case .all: nil
        case .prompt: Set(SurfaceKind.searched).subtracting([.statement])
        case .statement: [.statement]
        }
    }
}

/// Searches exactly the facts of one snapshot.
final class Retriever: Sendable {
    /// How many prepared versions are remembered as places to fold the next one from.
    private static let preparedCountMax = 64

    private struct Prepared {
        let commit: CommitID
        let operation: UInt64
    }

    private let journal: Journal
    private let index: RetrievalIndex
    private let encoder: SentenceEncoder?
    private let key: RetrievalKey
    private let prepared = Mutex<[Prepared]>([])

    init(
        journal: Journal, index: RetrievalIndex, encoder: SentenceEncoder?,
        key: RetrievalKey = .all
    ) {
        self.journal = journal
        self.index = index
        self.encoder = encoder
        self.key = key
    }

    /// Returns the vector of a question; nil without an encoder.
    func vector(of text: String) throws -> [Float]? { try encoder?.encode(text) }

    /// Returns the vectors of some questions, encoded together; nil without an encoder.
    func vectors(of texts: [String]) throws -> [[Float]]? { try encoder?.encode(texts) }

    /// Returns the facts of `snapshot` nearest to the question, best first; of a fact in conflict, each side.
    ///
    /// The index must cover the snapshot's operation. Costs the search, and the changes between the
    /// snapshot and the nearest version that is still prepared.
    func retrieve(
        _ text: String, vector: [Float]?, in snapshot: Snapshot, limit: Int
    ) throws -> [RetrievedFact] {
        let set = try visibility(at: snapshot)
        let hits = try index.search(
            SearchQuery(text: text, vector: vector, kinds: key.kinds), in: set, limit: limit)
        return try hits.flatMap { hit in
            try values(of: hit.fact, in: snapshot).map { leaf, fact in
                RetrievedFact(version: FactVersion(hit.fact, leaf), fact: fact, hit: hit)
            }
        }
    }

    /// Returns what the snapshot says of a fact: one value, each side of a conflict, nothing of what was
    /// redacted.
    private func values(
        of id: FactID, in snapshot: Snapshot
    ) throws -> [(leaf: Leaf, fact: Fact)] {
        guard let leaf = try snapshot.leaf(of: id) else { return [] }
        let conflict = try journal.conflict(of: id, leaf: leaf)
        let leaves = conflict.map { $0.sides.compactMap(\.self) } ?? [leaf]
        return try zip(leaves, journal.facts(leaves.map { (id, $0) })).compactMap { leaf, fact in
            fact.map { (leaf, $0) }
        }
    }

    /// Returns what ``retrieve(_:vector:in:limit:)`` does for each query.
    func retrieve(
        _ queries: [String], _ vectors: [[Float]]?, in snapshot: Snapshot, limit: Int
    ) throws -> [[RetrievedFact]] {
        try queries.enumerated().map { i, query in
            try retrieve(query, vector: vectors?[i], in: snapshot, limit: limit)
        }
    }

    private func visibility(at snapshot: Snapshot) throws -> VisibilitySet {
        let commit = snapshot.commit
        if let set = index.visibility(of: commit) { return set }
        let set = try index.prepare(commit, bases: bases(near: snapshot.operation)) { base in
            guard let base else { return try everything(in: snapshot) }
            return try journal.diff(from: base, to: commit)
        }
        remember(Prepared(commit: commit, operation: snapshot.operation))
        return set
    }

    private func everything(in snapshot: Snapshot) throws -> [Edit] {
        try snapshot.entries(limit: .max).map {
            Edit(fact: $0.fact, old: nil, new: $0.leaf)
        }
    }

    /// Returns the prepared versions, those first whose operations are nearest.
    private func bases(near operation: UInt64) -> [CommitID] {
        func distance(_ version: Prepared) -> UInt64 {
            max(version.operation, operation) - min(version.operation, operation)
        }
        return prepared.withLock { $0 }
            .sorted { (distance($0), $0.commit) < (distance($1), $1.commit) }.map(\.commit)
    }

    private func remember(_ version: Prepared) {
        prepared.withLock { versions in
            versions.removeAll { $0.commit == version.commit }
            versions.append(version)
            if versions.count > Retriever.preparedCountMax { versions.removeFirst() }
        }
    }
}
