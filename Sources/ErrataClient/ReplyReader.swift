/// Reads one HTTP/1.1 reply (RFC 9112) from a connection, whatever its other end sends.
struct ReplyReader {
    struct Head: Equatable {
        let status: Int
        /// Names in lower case.
        let headers: [String: String]
    }

    private enum Framing {
        case counted(Int)
        case chunked
        case untilClose
        case ended
    }

    static let headBytesMax = 64 << 10
    static let chunkLineBytesMax = 1_024

    private let connection: Connection
    private var buffer: [UInt8] = []
    /// How much of `buffer` was used up.
    private var start = 0
    private var framing: Framing = .ended

    init(_ connection: Connection) { self.connection = connection }

    /// Whether the reply was read whole, and nothing more came.
    var isAtEnd: Bool {
        guard start == buffer.count else { return false }
        switch framing {
        case .ended, .counted(0): return true
        case .counted, .chunked, .untilClose: return false
        }
    }

    func extend(_ timeout: Duration) { connection.extend(timeout) }

    /// Reads the status line and headers, past any `100 Continue`.
    mutating func head() throws(ClientError) -> Head {
        while true {
            let head = try ReplyReader.head(of: try headLines())
            guard (100..<200).contains(head.status) else {
                framing = try ReplyReader.framing(of: head)
                return head
            }
        }
    }

    /// Returns some bytes of the body, or nil at its end.
    mutating func bodyPart() throws(ClientError) -> [UInt8]? {
        switch framing {
        case .ended: return nil
        case .untilClose:
            let bytes = try take(atMost: .max)
            if bytes.isEmpty { framing = .ended }
            return bytes.isEmpty ? nil : bytes
        case .counted(let left):
            guard left > 0 else { return nil }
            let bytes = try take(atMost: left)
            guard !bytes.isEmpty else { throw ReplyReader.cutShort }
            framing = .counted(left - bytes.count)
            return bytes
        case .chunked: return try chunk()
        }
    }

    // MARK: Head

    private mutating func headLines() throws(ClientError) -> [String] {
        var lines: [String] = []
        var byteCount = 0
        while true {
            let line = try line(max: ReplyReader.headBytesMax - byteCount)
            byteCount += line.utf8.count + 2
            if line.isEmpty { return lines }
            lines.append(line)
        }
    }

    private static func head(of lines: [String]) throws(ClientError) -> Head {
        let words = (lines.first ?? "").utf8.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), words[1].count == 3,
            let status = Int(Substring(words[1])), (100..<600).contains(status)
        else { throw notHTTP }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw notHTTP }
            let value = line.utf8[line.utf8.index(after: colon)...]
                .drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            headers[line[..<colon].lowercased()] = String(Substring(value))
        }
        return Head(status: status, headers: headers)
    }

    private static func framing(of head: Head) throws(ClientError) -> Framing {
        if head.status == 204 || head.status == 304 { return .ended }
        if let encoding = head.headers["transfer-encoding"] {
            guard encoding.lowercased() == "chunked" else { throw notHTTP }
            return .chunked
        }
        guard let text = head.headers["content-length"] else { return .untilClose }
        guard let count = Int(text), count >= 0 else { throw notHTTP }
        return .counted(count)
    }

    // MARK: Chunks

    private mutating func chunk() throws(ClientError) -> [UInt8]? {
        let line = try line(max: ReplyReader.chunkLineBytesMax)
        let digits = line.split(separator: ";", omittingEmptySubsequences: false)[0]
        guard digits.utf8.count <= 8, let size = Int(digits, radix: 16), size >= 0 else {
            throw ReplyReader.notHTTP
        }
        guard size > 0 else {
            while try !self.line(max: ReplyReader.headBytesMax).isEmpty {}
            framing = .ended
            return nil
        }
        var bytes: [UInt8] = []
        while bytes.count < size {
            let part = try take(atMost: size - bytes.count)
            guard !part.isEmpty else { throw ReplyReader.cutShort }
            bytes += part
        }
        guard try self.line(max: 2).isEmpty else { throw ReplyReader.notHTTP }
        return bytes
    }

    // MARK: Bytes

    /// Reads up to the next line end and returns what stands before it.
    private mutating func line(max: Int) throws(ClientError) -> String {
        var line: [UInt8] = []
        while true {
            try fill()
            let rest = buffer[start...]
            guard !rest.isEmpty else { throw ReplyReader.cutShort }
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            line += rest[..<(end ?? rest.endIndex)]
            guard line.count <= max else { throw ReplyReader.notHTTP }
            start = end.map { $0 + 1 } ?? rest.endIndex
            if end != nil { break }
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard let text = String(validating: line, as: UTF8.self) else { throw ReplyReader.notHTTP }
        return text
    }

    /// Returns what is there, at least a byte, at most `max`; empty at the connection's end.
    private mutating func take(atMost max: Int) throws(ClientError) -> [UInt8] {
        try fill()
        let end = start + min(max, buffer.count - start)
        defer { start = end }
        return Array(buffer[start..<end])
    }

    private mutating func fill() throws(ClientError) {
        guard start == buffer.count else { return }
        buffer = try connection.read()
        start = 0
    }

    private static let notHTTP = ClientError(
        "what answered on the socket does not speak HTTP/1.1",
        hint: "Check --socket and ERRATA_SOCKET.")
    private static let cutShort = ClientError("the daemon closed the connection within its reply")
}
