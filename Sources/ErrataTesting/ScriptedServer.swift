import Foundation
import Glibc
import Synchronization

/// A server on a Unix socket that answers each connection as a test says, valid HTTP or not.
package final class ScriptedServer: Sendable {
    /// What happens on a connection once its request was read.
    package enum Step: Sendable {
        case send(String)
        /// Sends the same bytes so many times, or until nobody takes them.
        case sendMany(String, count: Int)
        case wait(milliseconds: Int)
        /// Keeps the connection open until the client hangs up.
        case holdUntilHangUp
    }

    package let directory: TemporaryDirectory
    private let listener: CInt
    /// One list of steps a connection; the last one serves all that follow.
    private let script: [[Step]]
    private let state = Mutex<(requests: [String], hangUps: Int)>(([], 0))

    package var address: String { "unix:" + directory.file("server.sock") }
    /// Each request's head and body.
    package var requests: [String] { state.withLock { $0.requests } }
    /// How many clients hung up before they had all, or while their connection was held.
    package var hangUpCount: Int { state.withLock { $0.hangUps } }

    package init(_ script: [[Step]]) throws {
        directory = try TemporaryDirectory()
        self.script = script
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let path = Array(directory.file("server.sock").utf8)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path) }
        let bound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread { [self] in serve() }
    }

    /// Stops taking connections, and takes the socket away; the thread that serves closes it.
    package func stop() {
        unlink(directory.file("server.sock"))
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve() {
        defer { close(listener) }
        var count = 0
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            let steps = script[min(count, script.count - 1)]
            count += 1
            Thread.detachNewThread { [self] in answer(connection, steps) }
        }
    }

    private func answer(_ connection: CInt, _ steps: [Step]) {
        defer { close(connection) }
        let request = readRequest(connection)
        state.withLock { $0.requests.append(request) }
        for step in steps where !take(step, connection) {
            state.withLock { $0.hangUps += 1 }
            return
        }
    }

    /// Takes a step; returns false if the client hung up.
    private func take(_ step: Step, _ connection: CInt) -> Bool {
        switch step {
        case .send(let text): return send(connection, text)
        case .sendMany(let text, let count):
            return (0..<count).allSatisfy { _ in send(connection, text) }
        case .wait(let milliseconds):
            usleep(UInt32(milliseconds) * 1_000)
            return true
        case .holdUntilHangUp:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        }
    }

    private func readRequest(_ connection: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let length = text[..<end.lowerBound].lowercased().split(separator: "\r\n")
                .first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16)) }
            if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func send(_ connection: CInt, _ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

extension ScriptedServer.Step {
    /// The head of a stream of events that ends with the connection.
    package static let events = Self.send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")

    /// An event with a piece of text.
    package static func piece(_ text: String) -> Self {
        .send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(text)\"}}]}\n\n")
    }

    package static func finish(_ reason: String = "stop") -> Self {
        .send(
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"\(reason)\"}],"
                + "\"usage\":{\"completion_tokens\":7}}\n\ndata: [DONE]\n\n")
    }

    /// A refusal with a JSON body.
    package static func refusal(_ status: String, _ message: String = "no", headers: String = "")
        -> Self
    {
        let body = "{\"error\":{\"message\":\"\(message)\"}}"
        return .send(
            "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\n\(headers)"
                + "content-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)")
    }
}
