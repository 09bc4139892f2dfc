import ErrataAPI
import ErrataClient
import ErrataCore

extension AuditCommand {
    private static let countDefault = 50

    func listOperations() throws {
        let pages = Pages(count: all ? nil : limit ?? Self.countDefault) { count, cursor in
            let reply = try daemon.client.get(
                "/v1/operations",
                filter.operationQuery + [("limit", String(count)), ("cursor", cursor)],
                as: OperationsReply.self)
            return (reply.operations, reply.next)
        }
        if daemon.json, !all {
            let (operations, next) = try pages.collect()
            return try daemon.show(OperationsReply(operations: operations, next: next)) { _ in }
        }
        if daemon.json { return try JSONList.write("operations", pages) }
        if csv {
            let writer = CSVWriter(isRaw: raw)
            writer.write(OperationRecord.csvColumns.map(AuditValue.text))
            try pages.each { page in for item in page { writer.write(item.csvCells) } }
            return
        }
        var table: OperationTable?
        let next = try pages.each { page in
            let layout = table ?? OperationTable(page)
            table = layout
            for operation in page {
                Terminal.output.line(long ? operation.longText : layout.line(operation))
            }
        }
        showMore(next)
    }

    func listEvents() throws {
        let pages = Pages(count: all ? nil : limit ?? Self.countDefault) { count, cursor in
            let reply = try daemon.client.get(
                "/v1/events", filter.eventQuery + [("limit", String(count)), ("cursor", cursor)],
                as: EventsReply.self)
            return (reply.events, reply.next)
        }
        if daemon.json, !all {
            let (events, next) = try pages.collect()
            return try daemon.show(EventsReply(events: events, next: next)) { _ in }
        }
        if daemon.json { return try JSONList.write("events", pages) }
        if csv {
            let writer = CSVWriter(isRaw: raw)
            writer.write(EventRecord.csvColumns.map(AuditValue.text))
            try pages.each { page in for item in page { writer.write(item.csvCells) } }
            return
        }
        var table: EventTable?
        let next = try pages.each { page in
            let layout = table ?? EventTable(page)
            table = layout
            for event in page { Terminal.output.line(long ? event.longText : layout.line(event)) }
        }
        showMore(next)
    }

    private func showMore(_ next: String?) {
        guard next != nil else { return }
        Terminal.error.line(Style.dim.on("There are more; use -n or --all.", .error))
    }
}

/// A list that the daemon hands out in parts.
struct Pages<Item: Codable & Equatable & Sendable> {
    static var pageCountMax: Int { 1_000 }

    /// How many items are wanted; nil for all.
    let count: Int?
    /// Returns up to so many items from a cursor on, and the cursor of the next.
    let page: (_ count: Int, _ cursor: String?) throws -> (items: [Item], next: String?)

    /// Hands out the pages that hold items; returns where the list goes on, nil if it is at its end.
    ///
    /// The daemon bounds its search in time, so a page may hold less than was asked for.
    @discardableResult
    func each(_ body: ([Item]) throws -> Void) throws -> String? {
        var left = count ?? .max
        var cursor: String?
        repeat {
            let (items, next) = try page(min(left, Self.pageCountMax), cursor)
            if !items.isEmpty { try body(items) }
            left -= items.count
            cursor = next
        } while cursor != nil && left > 0
        return cursor
    }

    func collect() throws -> (items: [Item], next: String?) {
        var all: [Item] = []
        let next = try each { all += $0 }
        return (all, next)
    }
}

/// A list of any length as one JSON object, written as it comes: an item a line.
enum JSONList {
    static func write<Item>(_ name: String, _ pages: Pages<Item>) throws {
        Terminal.output.write("{\"\(name)\":[")
        var isFirst = true
        try pages.each { page in
            var bytes: [UInt8] = []
            for item in page {
                bytes += Array((isFirst ? "\n" : ",\n").utf8)
                bytes += try JSONCoding.encode(item)
                isFirst = false
            }
            Terminal.output.write(bytes)
        }
        Terminal.output.write("\n]}\n")
    }
}

/// The rows of a query as JSON objects, by the names of their columns.
struct RowObjects {
    private let reply: AuditQueryReply
    /// A name that is there twice gets a number.
    private let names: [String]

    init(_ reply: AuditQueryReply) {
        self.reply = reply
        var counts: [String: Int] = [:]
        names = reply.columns.map { name in
            counts[name, default: 0] += 1
            let count = counts[name] ?? 1
            return count == 1 ? name : "\(name)_\(count)"
        }
    }

    /// Writes one array, a row a line, columns in their order.
    func write() throws {
        var bytes = Array("[".utf8)
        for (i, row) in reply.rows.enumerated() {
            bytes += Array((i == 0 ? "\n{" : ",\n{").utf8)
            for (column, value) in row.enumerated() {
                if column > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += try JSONCoding.encode(names[column])
                bytes.append(UInt8(ascii: ":"))
                bytes += try JSONCoding.encode(value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        Terminal.output.write(bytes + Array("\n]\n".utf8))
    }
}
