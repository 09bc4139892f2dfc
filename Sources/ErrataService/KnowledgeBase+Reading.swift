package import ErrataCore
package import ErrataJournal

/// A fact as one version holds it.
package struct FactView: Sendable, Hashable {
    package let id: FactID
    package let state: FactState

    /// Nil if the fact is in conflict or its text was redacted.
    package var fact: Fact? { state.fact }
}

/// One fact that differs between two versions.
package struct FactDifference: Sendable, Hashable {
    package let edit: Edit
    package let before: FactState
    package let after: FactState
}

/// A value that a fact had, and the commit that gave it.
package struct HistoryItem: Sendable {
    package let commit: CommitHeader
    package let change: FactDifference
}

/// A part of a list, and where the next part begins.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    /// What to ask for next; nil at the end.
    package let next: String?
}

extension KnowledgeBase {
    package static var pageCountMax: Int { 1_000 }

    // MARK: Commits

    package func commitRecord(_ revision: String) throws(ServiceError) -> CommitRecord {
        try wrapping { try journal.commitRecord(resolve(revision)) }
    }

    package func commitHeader(_ revision: String) throws(ServiceError) -> CommitHeader {
        try wrapping { try journal.commitHeader(resolve(revision)) }
    }

    /// Returns what `revision` changed against its first parent.
    package func changes(of revision: String) throws(ServiceError) -> [FactDifference] {
        let record = try commitRecord(revision)
        return try differences(record.commit.edits)
    }

    /// Returns the facts that differ between two versions, by id.
    package func diff(
        from: String, to: String
    ) throws(ServiceError) -> (from: CommitID, to: CommitID, changes: [FactDifference]) {
        let (old, new) = (try resolve(from), try resolve(to))
        let edits = try wrapping { try journal.diff(from: old, to: new) }
        return (old, new, try differences(edits))
    }

    func differences(_ edits: [Edit]) throws(ServiceError) -> [FactDifference] {
        var differences: [FactDifference] = []
        for edit in edits { differences.append(try difference(edit)) }
        return differences
    }

    private func difference(_ edit: Edit) throws(ServiceError) -> FactDifference {
        FactDifference(
            edit: edit, before: try state(of: edit.fact, edit.old),
            after: try state(of: edit.fact, edit.new))
    }

    // MARK: Facts

    /// Returns facts of a version in the order of their ids, those about `subject` or one of its names if given.
    package func facts(
        at revision: String, subject: String? = nil, after cursor: String? = nil, limit: Int
    ) throws(ServiceError) -> (commit: CommitID, page: Page<FactView>) {
        try checkLimit(limit)
        let commit = try resolve(revision)
        var last: FactID?
        if let cursor {
            guard let id = FactID(hex: cursor) else {
                throw ServiceError(.invalidRequest, "the cursor '\(cursor)' is not a fact id")
            }
            last = id
        }
        let page = try wrapping {
            try factPage(commit, subject: subject, after: last, limit: limit)
        }
        return (commit, page)
    }

    private func factPage(
        _ commit: CommitID, subject: String?, after: FactID?, limit: Int
    ) throws -> Page<FactView> {
        let snapshot = try journal.snapshot(at: commit)
        var views: [FactView] = []
        var last = after
        while true {
            let entries = try snapshot.entries(after: last, limit: limit)
            for entry in entries {
                last = entry.fact
                let state = try state(of: entry.fact, entry.leaf)
                guard subject.map({ name in state.facts.contains { $0.isAbout(name) } }) ?? true
                else { continue }
                views.append(FactView(id: entry.fact, state: state))
                if views.count == limit { return Page(items: views, next: entry.fact.hex) }
            }
            if entries.count < limit { return Page(items: views, next: nil) }
        }
    }

    /// Returns how many facts a version holds.
    package func factCount(at commit: CommitID) throws(ServiceError) -> Int {
        try wrapping { try Int(journal.snapshot(at: commit).count) }
    }

    /// Returns the id that `name` points at; `revision` is where beginnings of ids are looked up.
    package func factID(_ name: String, at revision: String) throws(ServiceError) -> FactID {
        let selector = try FactSelector(name)
        let commit = try resolve(revision)
        return try wrapping {
            for id in [selector.key.map(journal.factID(for:)), selector.id].compactMap(\.self)
            where try !journal.history(of: id, at: commit, limit: 1).isEmpty {
                return id
            }
            if let prefix = selector.idPrefix, let id = try uniqueID(prefix, at: commit) {
                return id
            }
            throw ServiceError(
                .unknownFact, "no fact is called '\(name)'",
                hint: FactSelector.hint + " 'errata facts' lists them.")
        }
    }

    private func uniqueID(_ prefix: String, at commit: CommitID) throws -> FactID? {
        let digits =
            prefix + String(repeating: "0", count: 2 * FactID.byteCount - prefix.utf8.count)
        guard let first = FactID(hex: digits) else { return nil }
        let snapshot = try journal.snapshot(at: commit)
        var found = try snapshot.entries(after: first, limit: 2).map(\.fact)
        if try snapshot.leaf(of: first) != nil { found.insert(first, at: 0) }
        let matches = found.filter { $0.hex.hasPrefix(prefix) }
        guard matches.count < 2 else {
            throw ServiceError(
                .ambiguousFact, "'\(prefix)' stands for more than one fact",
                hint: "Give more digits.")
        }
        return matches.first
    }

    /// Returns every value that a fact had in the history of `revision`, newest first.
    package func history(
        of name: String, at revision: String
    ) throws(ServiceError) -> (id: FactID, items: [HistoryItem]) {
        let id = try factID(name, at: revision)
        let commit = try resolve(revision)
        let items = try wrapping {
            try journal.history(of: id, at: commit, limit: KnowledgeBase.pageCountMax).map {
                entry in
                let edit = Edit(fact: id, old: entry.old, new: entry.new)
                return HistoryItem(
                    commit: try journal.commitHeader(entry.commit), change: try difference(edit))
            }
        }
        return (id, items)
    }

    func checkLimit(_ limit: Int) throws(ServiceError) {
        guard (1...KnowledgeBase.pageCountMax).contains(limit) else {
            throw ServiceError(
                .limitExceeded,
                "the limit is \(limit), 1 to \(KnowledgeBase.pageCountMax) is allowed")
        }
    }
}

extension Fact {
    /// Returns true if `name` is the subject or an alias, letter case aside.
    fileprivate func isAbout(_ name: String) -> Bool {
        let wanted = name.lowercased()
        return subject?.lowercased() == wanted || aliases.contains { $0.lowercased() == wanted }
    }
}
