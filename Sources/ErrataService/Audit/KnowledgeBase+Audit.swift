package import ErrataCore
package import ErrataJournal

/// Which operations an auditor wants to see; all that is given has to hold.
package struct OperationFilter: Sendable {
    /// A uid in digits, or a user name.
    package var actor: String?
    /// Who the client said wrote it.
    package var author: String?
    /// From this moment on.
    package var since: Timestamp?
    /// Up to this moment, which is included.
    package var until: Timestamp?
    /// The kind of operation, such as `commit`.
    package var type: String?
    /// A branch, tag or model.
    package var name: String?
    /// A fact by key, id or `SUBJECT|RELATION`.
    package var fact: String?

    package init(
        actor: String? = nil, author: String? = nil, since: Timestamp? = nil,
        until: Timestamp? = nil, type: String? = nil, name: String? = nil, fact: String? = nil
    ) {
        self.actor = actor
        self.author = author
        self.since = since
        self.until = until
        self.type = type
        self.name = name
        self.fact = fact
    }
}

/// Which events an auditor wants to see.
package struct EventFilter: Sendable {
    package var kind: String?
    package var actor: String?
    package var since: Timestamp?
    package var until: Timestamp?

    package init(
        kind: String? = nil, actor: String? = nil, since: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.kind = kind
        self.actor = actor
        self.since = since
        self.until = until
    }
}

/// An event, and what its body says where that is a read, a refusal or a receipt.
package struct AuditedEvent: Sendable {
    package let event: Event
    package let access: AccessRecord?
    /// The version that was read or asked.
    package let commit: CommitID?
}

extension KnowledgeBase {
    /// How long one request looks for what its filter lets pass before it says where to go on.
    static var filterTimeMax: Duration { .seconds(1) }

    /// Returns operations newest first, those before `cursor` if it is given.
    ///
    /// A page may hold fewer than `limit` and still have a next one: looking for them is bounded in time.
    package func operations(
        _ filter: OperationFilter, before cursor: UInt64? = nil, limit: Int
    ) async throws(ServiceError) -> Page<Operation> {
        try checkLimit(limit)
        var rows = RowFilter()
        rows.requireActor(filter.actor)
        rows.requireEqual("author", filter.author)
        rows.requireTime("time", since: filter.since, until: filter.until)
        rows.requireEqual("type", filter.type)
        rows.requireEqual("name", filter.name)
        rows.requireFacts(
            try filter.fact.map { name throws(ServiceError) in try ids(named: name) })
        let (database, _) = try await audit.ready(atMost: configuration.indexWait)
        return try auditing {
            let end = min(cursor ?? .max, try database.end(of: .operations))
            let page = try database.sequences(
                of: .operations, rows, below: end, limit: limit,
                until: .now + KnowledgeBase.filterTimeMax)
            return Page(
                items: try page.found.map { try journal.operation($0) },
                next: page.next.map { String($0) })
        }
    }

    /// Returns events newest first, those before `cursor` if it is given; pages are as those of operations.
    package func events(
        _ filter: EventFilter, before cursor: UInt64? = nil, limit: Int
    ) async throws(ServiceError) -> Page<AuditedEvent> {
        try checkLimit(limit)
        var rows = RowFilter()
        rows.requireActor(filter.actor)
        rows.requireEqual("kind", filter.kind)
        rows.requireTime("time", since: filter.since, until: filter.until)
        let (database, _) = try await audit.ready(atMost: configuration.indexWait)
        return try auditing {
            let end = min(cursor ?? .max, try database.end(of: .events))
            let page = try database.sequences(
                of: .events, rows, below: end, limit: limit,
                until: .now + KnowledgeBase.filterTimeMax)
            return Page(
                items: try page.found.map { AuditedEvent(try journal.event($0)) },
                next: page.next.map { String($0) })
        }
    }

    /// Returns the ids that `name` may stand for, on whatever branch the fact was believed.
    func ids(named name: String) throws(ServiceError) -> Set<FactID> {
        let selector = try FactSelector(name)
        let ids = [selector.key.map(journal.factID(for:)), selector.id].compactMap(\.self)
        guard selector.idPrefix != nil else { return Set(ids) }
        return Set(ids + [try factID(name, at: RefName.main.text)])
    }

    /// Runs `body`, which reads the audit database, and has that looked at where it turns out damaged.
    func auditing<Result>(_ body: () throws -> Result) throws(ServiceError) -> Result {
        do { return try body() } catch let error as AuditDatabase.Damage {
            audit.reportDamage()
            throw ServiceError(
                .auditNotReady, "the audit database is damaged: \(error)",
                hint: "It is being made anew; try again in a moment.")
        } catch { throw ServiceError(wrapping: error) }
    }
}

extension AuditedEvent {
    /// A body that cannot be read is left out: the event is still one.
    init(_ event: Event) {
        self.event = event
        let isAccess = [AccessRecord.readKind, AccessRecord.refusalKind].contains(event.kind)
        access = isAccess ? try? AccessRecord(decoding: event.body) : nil
        let receipt = event.receipt == nil ? nil : try? Receipt(decoding: event.body)
        commit = access?.commit ?? receipt?.commit
    }
}
