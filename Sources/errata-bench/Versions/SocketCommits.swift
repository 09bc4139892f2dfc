import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import Synchronization

/// Durable commits of one edit through the socket of a daemon.
struct SocketCommits {
    /// A larger index would be made for minutes before commits have the machine for themselves.
    private static let factCountMax = 10_000

    private let factCount: Int
    private let options: BenchOptions

    init(factCount: Int, _ options: BenchOptions) {
        self.factCount = min(factCount, SocketCommits.factCountMax)
        self.options = options
    }

    func run(_ report: Report) async throws {
        let directory = try TemporaryDirectory()
        let (data, socket) = (directory.file("data"), directory.file("s"))
        var store = try VersionedStore(at: data, factCount: factCount, options)
        try await store.fill()
        await store.journal.close()
        let daemon = try start(data, socket)
        defer {
            daemon.terminate()
            daemon.waitUntilExit()
        }
        try await waitForIndex(socket)
        report.heading("through the socket, \(factCount) facts, the index following")
        for (clients, count) in options.smoke ? [(1, 10), (8, 16)] : [(1, 2_000), (64, 12_800)] {
            let rate = try await commit(count, clients, socket)
            report.figure("\(clients) clients, commits of one edit", rate, "a second")
        }
    }

    /// Starts the daemon that was built beside this program, and waits until it listens.
    private func start(_ data: String, _ socket: String) throws -> Process {
        let daemon = Process()
        daemon.executableURL = URL(filePath: CommandLine.arguments[0]).standardizedFileURL
            .resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "errata")
        daemon.arguments = ["serve", "--data", data, "--socket", socket, "--no-models", "--json"]
        let output = Pipe()
        daemon.standardOutput = output
        daemon.standardError = FileHandle.nullDevice
        try daemon.run()
        // One line says that clients can connect; none says that it ended.
        guard !output.fileHandleForReading.availableData.isEmpty else {
            throw ValidationFailure(message: "the daemon did not start")
        }
        return daemon
    }

    /// Returns when the index covers all facts, which it does behind the commits.
    private func waitForIndex(_ socket: String) async throws {
        let client = Client(socketPath: socket)
        while try client.get("/v1/index", as: IndexStatusReply.self).pending > 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private struct ValidationFailure: Error { let message: String }

    /// Returns commits a second over all clients.
    private func commit(_ count: Int, _ clients: Int, _ socket: String) async throws -> Double {
        let failure = Mutex<String?>(nil)
        let start = ContinuousClock.now
        let threads = (0..<clients).map { number in
            Worker {
                let client = Client(socketPath: socket, keepsConnections: true)
                for i in 0..<count / clients {
                    let draft = FactDraft(
                        subject: "Client \(number)", relation: "count", object: "\(i)")
                    let request = CommitRequest(
                        message: "Count", edits: [.assert(FactBody(draft))])
                    _ = try client.post("/v1/commits", request, as: CommitReply.self)
                }
            } onError: { error in
                failure.withLock { $0 = "\(error)" }
            }
        }
        for thread in threads { await thread.end() }
        if let message = failure.withLock({ $0 }) { throw ValidationFailure(message: message) }
        return Double(count / clients * clients) / (ContinuousClock.now - start).inSeconds
    }
}

/// A thread of its own for a client that waits.
private final class Worker: Sendable {
    private let ended: AsyncStream<Void>

    init(
        _ body: @escaping @Sendable () throws -> Void,
        onError: @escaping @Sendable (any Error) -> Void
    ) {
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        self.ended = ended
        let thread = Thread {
            do { try body() } catch { onError(error) }
            continuation.finish()
        }
        thread.start()
    }

    func end() async { for await _ in ended {} }
}
