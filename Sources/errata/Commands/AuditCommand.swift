import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "List who did what, from the journal of operations",
        discussion: """
            Newest first: commits, reverts, rollbacks, branches, tags, and the models that answer, each \
            with the user that the kernel reported.

              errata audit --actor alice --since 2026-11-01
              errata audit --fact 'Twitter|chief executive'
            """)

    @OptionGroup var daemon: DaemonOptions

    @Option(help: ArgumentHelp("Only what this user did.", valueName: "uid|name"))
    var actor: String?

    @Option(
        help: ArgumentHelp(
            "Only what was done at or after this time: 2026-11-01 or 2026-11-01T09:30:00Z.",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only commits that changed this fact.", valueName: "fact"))
    var fact: String?

    @Option(name: [.customShort("n"), .long], help: "How many operations to list.")
    var limit = 50

    func validate() throws {
        guard (1...1_000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 1000, not \(limit).")
        }
        if let since, Timestamp(date: since) == nil, Timestamp(rfc3339: since) == nil {
            throw ValidationError(
                "'\(since)' is not a time like 2026-11-01 or 2026-11-01T09:30:00Z.")
        }
    }

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/operations",
            [("actor", actor), ("since", since), ("fact", fact), ("limit", String(limit))],
            as: OperationsReply.self)
        try daemon.show(reply) { reply in
            let table = OperationTable(reply.operations)
            for operation in reply.operations { Terminal.output.line(table.line(operation)) }
            if reply.next != nil {
                Terminal.error.line(Style.dim.on("There are more; use -n.", .error))
            }
        }
    }
}

/// Lines of operations whose columns are as wide as their widest text.
private struct OperationTable {
    private let widths: [Int]

    init(_ operations: [OperationRecord]) {
        let rows = operations.map(OperationTable.cells)
        widths = (0..<4).map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
    }

    private static func cells(_ operation: OperationRecord) -> [String] {
        [
            "@\(operation.operation)", operation.time.display,
            operation.actor.name.fitting(12), operation.type.fitting(12),
        ]
    }

    func line(_ operation: OperationRecord) -> String {
        let cells = zip(OperationTable.cells(operation), widths).map { $0.padded($1) }
        let head = cells.joined(separator: "  ") + "  "
        let what = [
            operation.name, (operation.commit?.hex ?? operation.hash).map { String($0.prefix(8)) },
            operation.message?.fitting(Columns.max),
        ].compactMap(\.self).joined(separator: " ")
        return head + what.fitting(Columns.max - head.columnCount)
    }
}
