import Foundation
import Glibc

/// A request to the daemon.
package struct Request: Sendable {
    package enum Body: Sendable {
        case none
        case json([UInt8])
        /// An open file, sent from where it stands to its end; `progress` hears the bytes sent.
        case file(
            descriptor: CInt, mediaType: String, byteCount: Int?, progress: @Sendable (Int) -> Void)
    }

    package var method: String
    package var path: String
    /// Parameters; those that are nil are left out.
    package var query: [(String, String?)]
    package var body: Body
    package var accept = "application/json"

    package init(
        method: String, path: String, query: [(String, String?)] = [], body: Body = .none
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }

    /// The path with its query, percent-encoded (RFC 3986).
    var target: String {
        let pairs = query.compactMap { name, value in
            value.map { "\(Request.encode(name))=\(Request.encode($0))" }
        }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    package static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    /// Writes head and body; returns false if the daemon answers before it has taken them.
    func write(
        to connection: Connection, isLast: Bool, timeout: Duration
    ) throws(ClientError) -> Bool {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: errata\r\n"
        if isLast { head += "Connection: close\r\n" }
        head += "Accept: \(accept)\r\n"
        switch body {
        case .none where method == "GET" || method == "DELETE":
            return try Request.write(head + "\r\n", to: connection)
        case .none:
            return try Request.write(
                head + "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n",
                to: connection)
        case .json(let bytes):
            head += "Content-Type: application/json\r\nContent-Length: \(bytes.count)\r\n\r\n"
            return try Request.write(Array(head.utf8) + bytes, to: connection)
        case .file(let descriptor, let mediaType, let byteCount, let progress):
            head += "Content-Type: \(mediaType)\r\n"
            head +=
                byteCount.map { "Content-Length: \($0)\r\n\r\n" }
                ?? "Transfer-Encoding: chunked\r\n\r\n"
            guard try Request.write(head, to: connection) else { return false }
            var sender = FileSender(
                descriptor: descriptor, byteCount: byteCount, progress: progress)
            return try sender.send(to: connection, timeout: timeout)
        }
    }

    static func write(
        _ text: String, to connection: Connection
    ) throws(ClientError) -> Bool {
        try write(Array(text.utf8), to: connection)
    }

    static func write(
        _ bytes: [UInt8], to connection: Connection
    ) throws(ClientError) -> Bool {
        // Rethrowing closures of the standard library do not carry a typed error.
        var result: Result<Bool, ClientError> = .success(true)
        bytes.withUnsafeBytes { buffer in
            do throws(ClientError) {
                result = .success(try connection.write(buffer))
            } catch { result = .failure(error) }
        }
        return try result.get()
    }
}

/// Sends a file as a request's body.
private struct FileSender {
    let descriptor: CInt
    /// What the head announced; nil sends chunks.
    let byteCount: Int?
    let progress: @Sendable (Int) -> Void
    private var sent = 0

    private static let partBytes = 1 << 18

    init(descriptor: CInt, byteCount: Int?, progress: @escaping @Sendable (Int) -> Void) {
        self.descriptor = descriptor
        self.byteCount = byteCount
        self.progress = progress
    }

    /// Returns false if the daemon answers before it has taken all.
    mutating func send(
        to connection: Connection, timeout: Duration
    ) throws(ClientError) -> Bool {
        while let part = try nextPart() {
            guard try Request.write(framed(part), to: connection) else { return false }
            sent += part.count
            progress(sent)
            connection.extend(timeout)
        }
        guard let byteCount else {
            return try Request.write("0\r\n\r\n", to: connection)
        }
        guard sent == byteCount else {
            throw ClientError("the file became shorter while it was read")
        }
        return true
    }

    private func framed(_ part: [UInt8]) -> [UInt8] {
        guard byteCount == nil else { return part }
        return Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
    }

    private func nextPart() throws(ClientError) -> [UInt8]? {
        let room = min(FileSender.partBytes, byteCount.map { $0 - sent } ?? .max)
        guard room > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: room)
        while true {
            let count = read(descriptor, &buffer, room)
            if count >= 0 { return count == 0 ? nil : Array(buffer.prefix(count)) }
            guard errno == EINTR else {
                throw ClientError("cannot read the file: \(String(cString: strerror(errno)))")
            }
        }
    }
}
