package import ErrataCore

/// `POST /v1/audit/query`.
package struct AuditQueryRequest: Codable, Equatable, Sendable {
    /// One SELECT over the tables of `Schemas/audit.sql`.
    package var sql: String
    /// How many rows to return at most; 1,000 if absent.
    package var limit: Int?

    package init(sql: String, limit: Int? = nil) {
        self.sql = sql
        self.limit = limit
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case sql
        case limit
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        sql = try fields.decode(String.self, forKey: .sql)
        limit = try fields.decodeIfPresent(Int.self, forKey: .limit)
    }
}

/// A value of a row: SQLite's own kinds, a blob as the text `x'00ff'`.
package enum AuditValue: Codable, Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let real = try? value.decode(Double.self) {
            self = .real(real)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .integer(let integer): try container.encode(integer)
        case .real(let real): try container.encode(real)
        case .text(let text): try container.encode(text)
        }
    }
}

/// What `POST /v1/audit/query` found.
package struct AuditQueryReply: Equatable, Sendable {
    package let columns: [String]
    package let rows: [[AuditValue]]
    /// The newest operation that the tables hold.
    package let operation: UInt64
    /// What cut the rows short, `rows` or `bytes`; nil if they are all there.
    package let truncated: String?

    package init(
        columns: [String], rows: [[AuditValue]], operation: UInt64, truncated: String?
    ) {
        self.columns = columns
        self.rows = rows
        self.operation = operation
        self.truncated = truncated
    }
}

extension AuditQueryReply: Codable {
    private enum CodingKeys: String, CodingKey {
        case columns
        case rows
        case operation
        case truncated
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(columns, forKey: .columns)
        try fields.encode(rows, forKey: .rows)
        try fields.encode(operation, forKey: .operation)
        // Null where nothing was cut: the field is always there.
        try fields.encode(truncated, forKey: .truncated)
    }
}

/// Something that happened beside the operations: an answer, an audited read, a refused request.
package struct EventRecord: Codable, Equatable, Sendable {
    /// Its number in the event log, which counts on its own.
    package let event: UInt64
    /// `receipt`, `read` or `refusal`.
    package let kind: String
    package let time: Timestamp
    package let actor: ActorRecord
    /// The receipt's id, in hex.
    package let receipt: String?
    /// What was read or refused, as `GET /v1/facts`.
    package let route: String?
    /// Why it was refused.
    package let code: String?
    /// The version as the client wrote it.
    package let revision: String?
    /// The version that was read.
    package let commit: CommitID?

    package init(
        event: UInt64, kind: String, time: Timestamp, actor: ActorRecord, receipt: String?,
        route: String?, code: String?, revision: String?, commit: CommitID?
    ) {
        self.event = event
        self.kind = kind
        self.time = time
        self.actor = actor
        self.receipt = receipt
        self.route = route
        self.code = code
        self.revision = revision
        self.commit = commit
    }
}

/// `GET /v1/events`, newest first.
package struct EventsReply: Codable, Equatable, Sendable {
    package let events: [EventRecord]
    /// What to pass as `cursor` for the events that follow; nil at the end.
    package let next: String?

    package init(events: [EventRecord], next: String?) {
        self.events = events
        self.next = next
    }
}
