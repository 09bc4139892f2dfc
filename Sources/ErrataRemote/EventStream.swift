import ErrataModels

/// Takes a stream of server-sent events apart (HTML Living Standard, section 9.2), of which the data counts.
///
/// Whoever sends it may send anything: lines and events are bounded, and text must be UTF-8.
struct EventStream {
    static let lineBytesMax = 1 << 20
    static let eventBytesMax = 1 << 21

    private var line: [UInt8] = []
    private var data: [UInt8]?
    /// A line feed after a carriage return ends no other line.
    private var isAfterReturn = false

    /// Takes some bytes; returns the data of each event that they complete.
    mutating func append(_ bytes: some Sequence<UInt8>) throws(BackendError) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            let isSecondHalf = byte == UInt8(ascii: "\n") && isAfterReturn
            isAfterReturn = byte == UInt8(ascii: "\r")
            if isSecondHalf { continue }
            guard byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") else {
                if let event = try endLine() { events.append(event) }
                continue
            }
            line.append(byte)
            guard line.count <= Self.lineBytesMax else { throw Self.tooLarge(Self.lineBytesMax) }
        }
        return events
    }

    private static let field = Array("data".utf8)

    /// Takes the line as a field; returns the event's data if the line is the empty one after it.
    private mutating func endLine() throws(BackendError) -> [UInt8]? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer { data = nil }
            return data
        }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard name.elementsEqual(Self.field) else { return nil }
        var value = line.dropFirst(name.count + 1)
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        data = data.map { $0 + [UInt8(ascii: "\n")] + value } ?? Array(value)
        guard data?.count ?? 0 <= Self.eventBytesMax else {
            throw Self.tooLarge(Self.eventBytesMax)
        }
        return nil
    }

    private static func tooLarge(_ limit: Int) -> BackendError {
        BackendError(.limit, "an event of the server's reply has more than \(limit) bytes")
    }
}
