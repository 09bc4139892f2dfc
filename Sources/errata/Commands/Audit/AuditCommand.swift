import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataService

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "List who did what, or ask the audit database",
        discussion: """
            Newest first: commits, reverts, rollbacks, branches, tags, and the models that answer, each \
            with the user that the kernel reported. Filters can be combined.

              errata audit --actor alice --since 2026-11-01
              errata audit --fact 'Twitter|chief executive' --long
              errata audit --events --kind receipt
              errata audit --all --csv > operations.csv

            SQL reads the same and more, from tables that '--schema' describes:

              errata audit --sql 'SELECT user, count(*) FROM operations GROUP BY user'

            In CSV, a text that a spreadsheet would take for a formula gets an apostrophe before it; \
            --raw leaves it as it is.
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var filter: AuditFilterOptions

    @Flag(help: "List answers, audited reads and refused requests.")
    var events = false

    @Option(
        help: ArgumentHelp(
            "Run one SELECT over the audit database.", valueName: "select"))
    var sql: String?

    @Flag(help: "Write the tables and columns that --sql can read, as SQL.")
    var schema = false

    @Option(
        name: [.customShort("n"), .long],
        help: "How many to list: 50, or 1000 rows of --sql, if absent.")
    var limit: Int?

    @Flag(help: "List all there are.")
    var all = false

    @Flag(name: [.customShort("v"), .long], help: "Show all that is known of each.")
    var long = false

    @Flag(help: "Write CSV (RFC 4180).")
    var csv = false

    @Flag(help: "Leave texts that look like formulas as they are in CSV.")
    var raw = false

    func validate() throws {
        let limitMax = sql == nil ? 1_000 : AuditQuery.rowCountMax
        if let limit, !(1...limitMax).contains(limit) {
            throw ValidationError("-n takes a number from 1 to \(limitMax), not \(limit).")
        }
        guard !csv || !daemon.json else { throw ValidationError("Give --csv or --json, not both.") }
        guard csv || !raw else { throw ValidationError("--raw is for --csv.") }
        guard !all || limit == nil else { throw ValidationError("Give --all or -n, not both.") }
        let subjects = [sql != nil, schema, events].count { $0 }
        guard subjects <= 1 else {
            throw ValidationError("Give one of --sql, --schema and --events.")
        }
        if sql != nil || schema {
            guard filter.isEmpty, !all, !long else {
                throw ValidationError("--sql and --schema take no filters; say it in SQL.")
            }
        }
        try filter.validate(forEvents: events)
    }

    func run() throws {
        if schema { return Terminal.output.write(AuditSchema.text) }
        if let sql { return try query(sql) }
        if events { return try listEvents() }
        try listOperations()
    }

    private func query(_ sql: String) throws {
        let limit = limit ?? AuditQuery.rowCountDefault
        let reply = try daemon.client.post(
            "/v1/audit/query", AuditQueryRequest(sql: sql, limit: limit), as: AuditQueryReply.self)
        if csv {
            let writer = CSVWriter(isRaw: raw)
            writer.write(reply.columns.map(AuditValue.text))
            for row in reply.rows { writer.write(row) }
        } else if daemon.json {
            try RowObjects(reply).write()
        } else {
            ResultTable(reply).show()
        }
        guard let cause = reply.truncated else { return }
        Terminal.error.line(
            Style.yellow.on("Warning:", .error)
                + " only the first \(reply.rows.count.counted("row"))"
                + (cause == "rows"
                    ? "; -n takes up to \(AuditQuery.rowCountMax)" : ": they are large"))
    }
}

/// What an audit can be narrowed to.
struct AuditFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only what this user did.", valueName: "uid|name"))
    var actor: String?

    @Option(help: ArgumentHelp("Only what names this author.", valueName: "name"))
    var author: String?

    @Option(
        help: ArgumentHelp(
            "Only from this time on: 2026-11-01 or 2026-11-01T09:30:00Z.", valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp("Only up to this time, a day's end for a day.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Only operations of this type, such as commit.", valueName: "type"))
    var type: String?

    @Option(help: ArgumentHelp("Only this branch, tag or model.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Only commits that changed this fact.", valueName: "fact"))
    var fact: String?

    @Option(
        help: ArgumentHelp(
            "Only events of this kind: receipt, read or refusal.", valueName: "kind"))
    var kind: String?

    var isEmpty: Bool {
        [actor, author, since, until, type, name, fact, kind].allSatisfy { $0 == nil }
    }

    func validate(forEvents: Bool) throws {
        for time in [since, until].compactMap(\.self) { try TimeArgument.check(time) }
        guard forEvents else {
            guard kind == nil else { throw ValidationError("--kind is for --events.") }
            return
        }
        guard [author, type, name, fact].allSatisfy({ $0 == nil }) else {
            throw ValidationError("--events takes --actor, --kind, --since and --until.")
        }
    }

    var operationQuery: [(String, String?)] {
        [
            ("actor", actor), ("author", author), ("since", since), ("until", until),
            ("type", type), ("name", name), ("fact", fact),
        ]
    }

    var eventQuery: [(String, String?)] {
        [("kind", kind), ("actor", actor), ("since", since), ("until", until)]
    }
}
