import CErrataSystem
import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@Suite("what the daemon tells its operator")
struct LogTests {
    @Test("the log has route, status, user and request, and no text of anybody")
    func privacy() async throws {
        let log = CapturedLog()
        let logger = Logger(label: "test") { _ in CapturingHandler(log: log) }
        let identity = try await TestDaemon.run(logger: logger) { daemon in
            try await daemon.call { client in
                let fact = FactBody(
                    FactDraft(subject: "Xanadu", relation: "ruler", object: "Kubla"))
                _ = try client.post(
                    "/v1/commits",
                    CommitRequest(message: "Coleridge", author: "Samuel", edits: [.assert(fact)]),
                    as: CommitReply.self)
                _ = try client.post(
                    "/v1/ask", AskRequest(question: "Who rules Xanadu?"), as: AskReply.self)
                _ = try client.get("/v1/facts", [("subject", "Xanadu")], as: FactsReply.self)
                let problem = try #require(throws: Problem.self) {
                    _ = try client.get("/v1/blame", [("key", "kubla.khan")], as: BlameReply.self)
                }
                return problem.requestID
            }
        }
        let lines = log.lines
        #expect(lines.contains { $0.contains("POST /v1/commits") && $0.contains("201") })
        #expect(lines.contains { $0.contains(identity) && $0.contains("404") })
        #expect(lines.allSatisfy { $0.contains("uid=\(getuid())") })
        for text in ["Xanadu", "Kubla", "Coleridge", "Samuel", "kubla"] {
            #expect(!lines.contains { $0.contains(text) }, "\(text)")
        }
    }

    @Test("systemd hears when clients can connect and when the daemon stops")
    func notification() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("notify")
        let file = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        try await TestDaemon.run(environment: ["NOTIFY_SOCKET": path]) { _ in
            #expect(received(file) == "READY=1\nSTATUS=listening")
        }
        #expect(received(file) == "STOPPING=1")
    }

    private func received(_ file: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(file, &buffer, buffer.count, CInt(MSG_DONTWAIT))
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

/// The lines that were logged.
private final class CapturedLog: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func append(_ line: String) { state.withLock { $0.append(line) } }
}

private struct CapturingHandler: LogHandler {
    let log: CapturedLog
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        log.append("\(event.message) \(pairs.joined(separator: " "))")
    }
}
