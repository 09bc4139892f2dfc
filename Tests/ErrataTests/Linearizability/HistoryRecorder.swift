import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Synchronization
import Testing

/// Lets clients loose on a daemon, kills it now and then, and records what each client asked and was told.
final class HistoryRecorder {
    static let clientCount = 16
    static let branches = ["main", "other"]
    private static let keys = ["a", "b", "c"]

    private let directory: TemporaryDirectory
    private let seed: UInt64
    private var random: SplitMix64
    private var daemon: DaemonProcess
    private var round = 0
    private var record: HistoryRecord
    /// Orders calls and replies of all clients.
    private let clock = Clock()

    /// Starts a daemon with two branches.
    init(seed: UInt64) async throws {
        self.seed = seed
        random = SplitMix64(seed: seed)
        directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess(
            data: directory.file("data"), socket: directory.file("s"))
        self.daemon = daemon
        let head = try await offPool {
            let client = Client(socketPath: daemon.socket)
            let branches = try client.get("/v1/branches", as: BranchesReply.self).branches
            let head = try #require(branches.first { $0.name == "main" }).commit
            _ = try client.post(
                "/v1/branches", RefRequest(name: "other", at: head.hex), as: RefRecord.self)
            return head.hex
        }
        record = HistoryRecord(firstHead: head)
    }

    /// Runs all clients until the daemon is killed, and starts it again.
    func runUntilKilled() async throws {
        round += 1
        let (clients, killTime) = (makeClients(), 40 + random.next() % 300)
        async let parts = withThrowingTaskGroup(of: [HistoryRecord.Item].self) { group in
            for client in clients { group.addTask { try await offPool { client.run(.max) } } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        try await Task.sleep(for: .milliseconds(killTime))
        try await daemon.kill()
        record.items += try await parts
        daemon = try await DaemonProcess(data: directory.file("data"), socket: directory.file("s"))
    }

    /// Runs all clients once more to their end, reads everything, and stops the daemon.
    func finish() async throws -> HistoryRecord {
        round += 1
        for clients in [makeClients(), [makeReader()]] {
            record.items += try await withThrowingTaskGroup(of: [HistoryRecord.Item].self) {
                group in
                for client in clients { group.addTask { try await offPool { client.run(10) } } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
        let socket = daemon.socket
        for branch in Self.branches {
            record.lines[branch] = try await offPool { try Self.line(of: branch, socket) }
        }
        try await offPool {
            let verified = try Client(socketPath: socket).send(
                Request(method: "POST", path: "/v1/verify"), as: VerifyReply.self)
            #expect(verified.isIntact, "\(verified.findings)")
        }
        #expect(try await daemon.terminate() == 0)
        return record
    }

    private func makeClients() -> [RecordingClient] {
        (0..<Self.clientCount).map { i in
            RecordingClient(
                socket: daemon.socket, name: "r\(round)-\(i)", seed: random.next(), clock: clock,
                keys: Self.keys, branches: Self.branches)
        }
    }

    /// A client that reads everything once, when nobody writes any more.
    private func makeReader() -> RecordingClient {
        RecordingClient(
            socket: daemon.socket, name: "reader", seed: 0, clock: clock, keys: Self.keys,
            branches: Self.branches, readsAll: true)
    }

    private static func line(of branch: String, _ socket: String) throws -> [CommitSummary] {
        let client = Client(socketPath: socket)
        var (line, cursor) = ([CommitSummary](), String?.none)
        repeat {
            let place = cursor == nil ? ("at", branch) : ("cursor", cursor)
            let page = try client.get(
                "/v1/commits", [("limit", "1000"), place], as: LogReply.self)
            line += page.commits
            cursor = page.next
        } while cursor != nil
        return line
    }

    /// Gives every moment a number of its own, the same order for all threads.
    final class Clock: Sendable {
        private let now = Atomic(0)
        func tick() -> Int { now.add(1, ordering: .sequentiallyConsistent).newValue }
    }
}
