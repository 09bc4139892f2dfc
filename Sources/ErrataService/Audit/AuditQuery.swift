/// A question to the audit database, in SQL.
package struct AuditQuery: Sendable {
    package static let sqlBytesMax = 16_384
    package static let rowCountMax = 100_000
    package static let rowCountDefault = 1_000
    /// What the rows of a reply may come to, as JSON.
    package static let replyBytesMax = 8 << 20
    /// How long a query may run.
    package static let timeMax = Duration.seconds(5)

    package var sql: String
    /// How many rows to return at most.
    package var limit: Int

    package init(sql: String, limit: Int = AuditQuery.rowCountDefault) {
        self.sql = sql
        self.limit = limit
    }
}

extension KnowledgeBase {
    /// Answers a query to the audit database with JSON: `columns`, `operation`, `rows` and `truncated`.
    ///
    /// It waits until the tables hold every operation and event of before the call, as the index is waited for.
    /// The query runs in a process of its own that can only read, and is ended when it takes too long.
    package func auditQuery(_ query: AuditQuery) async throws(ServiceError) -> [UInt8] {
        guard query.sql.utf8.count <= AuditQuery.sqlBytesMax else {
            throw ServiceError(
                .limitExceeded,
                "the SQL has \(query.sql.utf8.count) bytes, at most \(AuditQuery.sqlBytesMax) are allowed"
            )
        }
        guard !query.sql.utf8.contains(0) else {
            throw ServiceError(.invalidQuery, "the SQL holds a zero byte")
        }
        guard (1...AuditQuery.rowCountMax).contains(query.limit) else {
            throw ServiceError(
                .limitExceeded,
                "the limit is \(query.limit), 1 to \(AuditQuery.rowCountMax) is allowed")
        }
        let (_, graph) = try await audit.ready(atMost: configuration.indexWait)
        let order = AuditWorker.Order(
            database: audit.path, sql: query.sql, rowCountMax: query.limit,
            byteCountMax: AuditQuery.replyBytesMax, operation: UInt64(max(graph.count, 1)) - 1)
        let process = AuditProcess(command: configuration.auditCommand)
        do {
            return try await Task(executorPreference: queryThreads) {
                try process.run(order, atMost: AuditQuery.timeMax)
            }.value
        } catch let error as AuditWorker.Refusal where error.kind == .damage {
            audit.reportDamage()
            throw ServiceError(
                .auditNotReady, "the audit database is damaged: \(error.message)",
                hint: "It is being made anew; try again in a moment.")
        } catch let error as AuditWorker.Refusal {
            throw ServiceError(error)
        } catch { throw ServiceError(wrapping: error) }
    }
}

extension ServiceError {
    fileprivate init(_ refusal: AuditWorker.Refusal) {
        switch refusal.kind {
        case .query:
            self.init(
                .invalidQuery, refusal.message,
                hint: "'errata audit --schema' lists the tables and columns.")
        case .limit:
            self.init(
                .limitExceeded, refusal.message,
                hint: "Ask for less: name a range of 'sequence', or count instead of listing.")
        case .damage, .trouble: self.init(.io, refusal.message)
        }
    }
}
