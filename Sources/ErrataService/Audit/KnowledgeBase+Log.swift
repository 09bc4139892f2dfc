package import ErrataCore
package import ErrataJournal
import Foundation

/// Which commits to list; all that is given has to hold.
package struct CommitFilter: Sendable {
    /// A fact by key, id or `SUBJECT|RELATION` that the commit changed.
    package var fact: String?
    /// What a fact that the commit changed is about, by its subject or an alias, letter case aside.
    package var subject: String?
    /// Who the client said wrote it.
    package var author: String?
    /// A uid in digits, or a user name.
    package var actor: String?
    package var since: Timestamp?
    /// Up to this moment, which is included.
    package var until: Timestamp?
    /// A part of the message, letter case aside.
    package var text: String?

    package init() {}

    var isEmpty: Bool {
        [fact, subject, author, actor, text].allSatisfy { $0 == nil } && since == nil
            && until == nil
    }
}

/// A list of commits that somebody wants.
package struct LogQuery: Sendable {
    package static let textBytesMax = 1_000

    /// The version whose history is listed; nil lists what lies behind every branch and tag.
    package var revision: String?
    package var isFirstParentOnly = false
    package var filter = CommitFilter()
    /// What the page before said.
    package var cursor: String?
    package var limit: Int

    package init(revision: String?, limit: Int) {
        self.revision = revision
        self.limit = limit
    }
}

extension KnowledgeBase {
    /// How many lines of history a list may be on at the same time.
    private static var lineCountMax: Int { 1_000 }

    /// Returns commits newest first; a parent never comes before its children.
    ///
    /// Without a filter, a version's history is read from the journal alone. A filtered page may hold fewer than
    /// the limit and still have a next one: looking for them is bounded in time.
    package func log(_ query: LogQuery) async throws(ServiceError) -> Page<CommitRecord> {
        try checkLimit(query.limit)
        guard let revision = query.revision, query.filter.isEmpty else {
            return try await filteredLog(query)
        }
        return try wrapping {
            let heads = try query.cursor.map(commits(in:)) ?? [resolve(revision)]
            let page = try journal.walk(
                from: heads, firstParentOnly: query.isFirstParentOnly, limit: query.limit)
            return Page(items: page.records, next: try cursor(to: page.rest))
        }
    }

    /// Returns for each of these commits, named by their operations, the nearest of the others behind it.
    ///
    /// Which one its first parents lead to comes first. Throws `unknown_operation` for one that wrote no commit.
    package func lines(
        among operations: [UInt64], firstParentOnly: Bool
    ) async throws(ServiceError) -> [[UInt64]] {
        guard (1...KnowledgeBase.pageCountMax).contains(operations.count) else {
            throw ServiceError(
                .limitExceeded,
                "\(operations.count) operations are named, 1 to \(KnowledgeBase.pageCountMax) may be"
            )
        }
        let (_, graph) = try await audit.ready(atMost: configuration.indexWait)
        for sequence in operations where !graph.hasCommit(sequence) {
            throw ServiceError(.unknownOperation, "there is no commit @\(sequence)")
        }
        let lines = graph.lines(among: Set(operations), firstParentOnly: firstParentOnly)
        return operations.map { lines[$0] ?? [] }
    }

    // MARK: From the journal

    /// Returns the commits that a list goes on with: their operations with dots between.
    private func commits(in cursor: String) throws -> [CommitID] {
        let parts = cursor.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= KnowledgeBase.lineCountMax else { throw ServiceError.cursor(cursor) }
        return try parts.map { part in
            guard let sequence = UInt64(part), try sequence < journal.operationCount,
                let bytes = try journal.operation(sequence).body.commitBytes
            else { throw ServiceError.cursor(cursor) }
            return CommitID(.sha256(bytes))
        }
    }

    private func cursor(to rest: [CommitID]) throws -> String? {
        guard !rest.isEmpty else { return nil }
        guard rest.count <= KnowledgeBase.lineCountMax else {
            throw ServiceError(
                .limitExceeded,
                "\(rest.count) lines of history are open here, at most \(KnowledgeBase.lineCountMax) are allowed",
                hint: "List first parents only, or all branches.")
        }
        return try rest.map { String(try journal.commitRecord($0).operation) }
            .joined(separator: ".")
    }

    // MARK: From the audit database

    private func filteredLog(_ query: LogQuery) async throws(ServiceError) -> Page<CommitRecord> {
        let rows = try rows(query.filter)
        let heads = try wrapping {
            try query.revision.map { [try resolve($0)] }
                ?? (journal.branches() + journal.tags()).map(\.commit)
        }
        guard query.cursor == nil || query.cursor.flatMap({ UInt64($0) }) != nil else {
            throw ServiceError.cursor(query.cursor ?? "")
        }
        let (database, graph) = try await audit.ready(atMost: configuration.indexWait)
        return try auditing {
            let behind = graph.reachable(
                from: try database.sequences(of: heads), firstParentOnly: query.isFirstParentOnly)
            let end = min(
                query.cursor.flatMap { UInt64($0) } ?? .max, try database.end(of: .operations))
            let page = try database.sequences(
                of: .commits, rows, below: end, limit: query.limit,
                until: .now + KnowledgeBase.filterTimeMax
            ) { behind.contains(Int($0)) }
            return Page(
                items: try page.found.map { sequence in
                    guard let bytes = try journal.operation(sequence).body.commitBytes else {
                        throw AuditDatabase.Damage(description: "@\(sequence) is no commit")
                    }
                    return try journal.commitRecord(CommitID(.sha256(bytes)))
                }, next: page.next.map { String($0) })
        }
    }

    private func rows(_ filter: CommitFilter) throws(ServiceError) -> RowFilter {
        var rows = RowFilter()
        rows.requireActor(filter.actor)
        rows.requireEqual("author", filter.author)
        rows.requireTime("time", since: filter.since, until: filter.until)
        rows.requireFacts(
            try filter.fact.map { name throws(ServiceError) in try ids(named: name) })
        rows.requireSubject(filter.subject.map(journal.subjectNames.digest(of:)))
        guard let text = filter.text else { return rows }
        guard text.utf8.count <= LogQuery.textBytesMax else {
            throw ServiceError(
                .limitExceeded,
                "the text has \(text.utf8.count) bytes, at most \(LogQuery.textBytesMax) are allowed"
            )
        }
        rows.require(
            "instr(folded, ?) > 0", [text.precomposedStringWithCanonicalMapping.lowercased()])
        return rows
    }
}

extension ServiceError {
    fileprivate static func cursor(_ text: String) -> ServiceError {
        ServiceError(.invalidRequest, "the cursor '\(text)' is not what a page of the log said")
    }
}
