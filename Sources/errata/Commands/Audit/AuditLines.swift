import ErrataAPI
import ErrataCore

/// Lines of operations whose columns are as wide as the widest text of the first page.
struct OperationTable {
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

extension OperationRecord {
    /// All that is known, a line for each kind of it.
    var longText: String {
        var lines = [
            "\(Style.yellow.on("@\(operation)"))  \(time)  \(type)  \(name?.printable ?? "")"
        ]
        if let commit {
            let before = from.map { ", before \($0.short)" } ?? ""
            lines.append("commit   \(commit.short)\(before)")
        } else if let from {
            lines.append("before   \(from.short)")
        }
        if let hash { lines.append("hash     \(hash.prefix(16))") }
        lines += actor.lines
        if let author { lines.append("author   \(author.fitting(Columns.max - 13))") }
        if let message, !message.isEmpty {
            lines.append("message  \(message.fitting(Columns.max - 13))")
        }
        return lines.joined(separator: "\n    ")
    }

    static let csvColumns = [
        "operation", "time", "type", "name", "commit", "from", "uid", "gid", "groups", "user",
        "pid", "socket", "author", "message", "hash",
    ]

    var csvCells: [AuditValue] {
        [
            .integer(Int64(operation)), .text(time.description), .text(type), AuditValue(name),
            AuditValue(commit?.hex), AuditValue(from?.hex),
        ] + actor.csvCells + [AuditValue(author), AuditValue(message), AuditValue(hash)]
    }
}

extension ActorRecord {
    fileprivate var lines: [String] {
        let groups = groups.map(String.init).joined(separator: " ")
        return [
            "user     \(full), gid \(gid)" + (groups.isEmpty ? "" : ", groups \(groups)"),
            "process  \(pid)" + (socket.map { " through \($0.printable)" } ?? ", the daemon"),
        ]
    }

    fileprivate var csvCells: [AuditValue] {
        [
            .integer(Int64(uid)), .integer(Int64(gid)),
            .text(groups.map(String.init).joined(separator: " ")), AuditValue(user),
            .integer(Int64(pid)), AuditValue(socket),
        ]
    }
}

extension AuditValue {
    fileprivate init(_ text: String?) { self = text.map(AuditValue.text) ?? .null }
}

/// Lines of events, with columns as those of operations.
struct EventTable {
    private let widths: [Int]

    init(_ events: [EventRecord]) {
        let rows = events.map(EventTable.cells)
        widths = (0..<4).map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
    }

    private static func cells(_ event: EventRecord) -> [String] {
        [
            "#\(event.event)", event.time.display, event.actor.name.fitting(12),
            event.kind.fitting(12),
        ]
    }

    func line(_ event: EventRecord) -> String {
        let cells = zip(EventTable.cells(event), widths).map { $0.padded($1) }
        let head = cells.joined(separator: "  ") + "  "
        let what = [
            event.route, event.code, event.receipt.map { String($0.prefix(12)) },
            event.commit.map { "at \($0.short)" } ?? event.revision.map { "at \($0.printable)" },
        ].compactMap(\.self).joined(separator: " ")
        return head + what.fitting(Columns.max - head.columnCount)
    }
}

extension EventRecord {
    var longText: String {
        var lines = ["\(Style.yellow.on("#\(event)"))  \(time)  \(kind)"]
        if let route { lines.append("route    \(route.printable)") }
        if let code { lines.append("code     \(code.printable)") }
        if let receipt { lines.append("receipt  \(receipt.prefix(16))") }
        if let revision { lines.append("revision \(revision.fitting(Columns.max - 13))") }
        if let commit { lines.append("commit   \(commit.short)") }
        return (lines + actor.lines).joined(separator: "\n    ")
    }

    static let csvColumns = [
        "event", "time", "kind", "uid", "gid", "groups", "user", "pid", "socket", "receipt",
        "route", "code", "revision", "commit",
    ]

    var csvCells: [AuditValue] {
        [.integer(Int64(event)), .text(time.description), .text(kind)] + actor.csvCells + [
            AuditValue(receipt), AuditValue(route), AuditValue(code), AuditValue(revision),
            AuditValue(commit?.hex),
        ]
    }
}
