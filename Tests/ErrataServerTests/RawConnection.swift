import CErrataSystem
import Foundation
import Glibc

/// A connection that sends whatever a test wants, valid HTTP or not.
final class RawConnection: @unchecked Sendable {
    // The descriptor never changes; tests use a connection from one thread at a time.
    private let file: CInt

    init(_ path: String) throws {
        file = errata_connect(path, 5_000)
        guard file >= 0 else { throw RawError(code: -file) }
    }

    deinit { close(file) }

    struct RawError: Error, Equatable {
        let code: CInt
    }

    struct Reply: Equatable {
        let status: Int
        let head: String
        let body: String
    }

    /// Sends as much of `bytes` as the other end takes; returns false if it stopped taking them.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(text.utf8) }

    /// Reads until the other end closes, or for `seconds`; nil in place of bytes means that it did not close.
    func readToEnd(seconds: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let part = read(seconds: seconds) {
            guard !part.isEmpty else { return bytes }
            bytes += part
        }
        return nil
    }

    /// Reads one reply that has a Content-Length.
    func reply(seconds: Int = 10) -> Reply? {
        var bytes: [UInt8] = []
        while let part = read(seconds: seconds), !part.isEmpty {
            bytes += part
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let head = String(text[..<end.lowerBound])
            let body = String(text[end.upperBound...])
            let length = head.lowercased().split(separator: "\r\n")
                .first { $0.hasPrefix("content-length: ") }
                .flatMap { Int($0.dropFirst(16)) }
            guard let length, body.utf8.count >= length,
                let status = Int(head.split(separator: " ")[1])
            else { continue }
            return Reply(status: status, head: head, body: body)
        }
        return nil
    }

    /// Waits, without reading, until the other end has closed; returns false if it has not after `seconds`.
    func waitForHangUp(seconds: Int) -> Bool {
        var entry = pollfd(fd: file, events: 0, revents: 0)
        return poll(&entry, 1, CInt(seconds * 1_000)) > 0 && entry.revents & Int16(POLLHUP) != 0
    }

    /// Reads some bytes: empty at the end, nil if nothing comes for `seconds`.
    func read(seconds: Int) -> [UInt8]? {
        var entry = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, CInt(seconds * 1_000)) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(file, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : []
    }
}
