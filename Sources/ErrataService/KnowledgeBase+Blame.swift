package import ErrataCore
package import ErrataJournal

/// Where the value of a fact comes from.
package struct BlameOutcome: Sendable {
    package let id: FactID
    package let state: FactState
    /// The commit that introduced the value; of a conflict, the one that could not choose.
    package let commit: CommitHeader
    /// The commits behind the sides of a conflict, in their order.
    package let sides: [CommitHeader]
    /// The commits behind the fields, if they were asked for.
    package let fields: [FieldOrigin]?
}

/// Where the value of one field comes from.
package struct FieldOrigin: Sendable {
    package let field: FactField
    package let values: [String]
    package let commit: CommitHeader
}

/// A fact that is in conflict, and who brought each value.
package struct FactConflict: Sendable {
    package let id: FactID
    package let base: FactState
    package let sides: [(state: FactState, commit: CommitHeader)]
}

extension KnowledgeBase {
    /// Returns the commit that introduced the value that a fact has at `revision`, and those behind its fields
    /// if `withFields`.
    package func blame(
        _ name: String, at revision: String, withFields: Bool = false
    ) throws(ServiceError) -> BlameOutcome {
        let id = try factID(name, at: revision)
        let commit = try resolve(revision)
        return try wrapping {
            let record = try journal.blame(id, at: commit)
            let leaf = try journal.snapshot(at: commit).leaf(of: id)
            let state = try state(of: id, leaf)
            let conflict = try leaf.flatMap { try journal.conflict(of: id, leaf: $0) }
            let sides = try conflict?.sides.map { try journal.blame(id, side: $0, at: commit) }
            return BlameOutcome(
                id: id, state: state, commit: record, sides: sides ?? [],
                fields: withFields ? try fieldOrigins(of: id, state, at: commit) : nil)
        }
    }

    private func fieldOrigins(
        of id: FactID, _ state: FactState, at commit: CommitID
    ) throws -> [FieldOrigin] {
        guard let fact = state.fact else { return [] }
        let origins = try journal.blameFields(id, at: commit)
        return FactField.allCases.compactMap { field in
            origins[field].map {
                FieldOrigin(field: field, values: field.values(of: fact), commit: $0)
            }
        }
    }

    // MARK: Conflicts

    /// Returns facts in conflict at a version, in the order of their ids, and how many there are in all.
    package func conflicts(
        at revision: String, after cursor: String? = nil, limit: Int
    ) throws(ServiceError) -> (commit: CommitHeader, count: Int, page: Page<FactConflict>) {
        try checkLimit(limit)
        let last = try cursor.map { text throws(ServiceError) in
            guard let id = FactID(hex: text) else {
                throw ServiceError(.invalidRequest, "the cursor '\(text)' is not a fact id")
            }
            return id
        }
        let record = try commitHeader(revision)
        return try wrapping {
            let all = try journal.conflicts(at: record.id)
            let rest = all.filter { conflict in last.map { conflict.fact > $0 } ?? true }
            let shown = rest.prefix(limit)
            let page = Page(
                items: try shown.map { try conflict($0, at: record.id) },
                next: rest.count > limit ? shown.last?.fact.hex : nil)
            return (record, all.count, page)
        }
    }

    private func conflict(_ conflict: Conflict, at commit: CommitID) throws -> FactConflict {
        FactConflict(
            id: conflict.fact, base: try state(of: conflict.fact, conflict.base),
            sides: try conflict.sides.map { side in
                (
                    try state(of: conflict.fact, side),
                    try journal.blame(conflict.fact, side: side, at: commit)
                )
            })
    }
}
