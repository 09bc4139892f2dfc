import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import Glibc
import Synchronization

/// Durable commits of one edit through the socket of a daemon.
struct SocketCommits {
    private let factCount: Int
    private let options: BenchOptions

    init(factCount: Int, _ options: BenchOptions) {
        self.factCount = factCount
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
        // What the set-up left to be written back is none of the commits' doing.
        sync()
        report.heading("through the socket, \(factCount) facts, the index following")
        let peer = directory.file("peer")
        try FileManager.default.createDirectory(atPath: peer, withIntermediateDirectories: true)
        try await commits(beside: BareLMDB(in: peer), socket, report)
        let clients = (0..<(options.smoke ? 8 : 64)).map { _ in client(of: socket) }
        let rate = try await commit(options.smoke ? 16 : 12_800, clients)
        report.figure("\(clients.count) clients, commits of one edit", rate, "a second")
    }

    /// One client commits in turn with bare LMDB.
    private func commits(
        beside lmdb: BareLMDB, _ socket: String, _ report: Report
    ) async throws {
        let count = options.smoke ? 10 : 400
        let client = client(of: socket)
        var rates: [(ours: Double, lmdb: Double)] = []
        for _ in 0..<(options.smoke ? 1 : 15) {
            let start = ContinuousClock.now
            for _ in 0..<count { try lmdb.commit() }
            let bare = Double(count) / (ContinuousClock.now - start).inSeconds
            rates.append((try await commit(count, [client]), bare))
        }
        report.figure("one client, commits of one edit", rates.map(\.ours).median, "a second")
        report.figure("bare LMDB, commits of one put", rates.map(\.lmdb).median, "a second")
        let ratio = rates.map { $0.ours / $0.lmdb }.median
        report.figure("rate, of bare LMDB's in turn", ratio, "x", digits: 2)
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

    private func client(of socket: String) -> Client {
        Client(socketPath: socket, keepsConnections: true)
    }

    /// Returns commits a second over all clients.
    private func commit(_ count: Int, _ clients: [Client]) async throws -> Double {
        let failure = Mutex<String?>(nil)
        let start = ContinuousClock.now
        let share = count / clients.count
        let threads = clients.map { [factCount] client in
            Worker {
                let colour = UUID().uuidString
                for i in 0..<share {
                    let fact = Int.random(in: 0..<factCount)
                    let draft = FactDraft(
                        subject: "Subject \(fact)", relation: "colour", object: "\(colour) \(i)")
                    let request = CommitRequest(
                        message: "Correct a colour", edits: [.assert(FactBody(draft))])
                    _ = try client.post("/v1/commits", request, as: CommitReply.self)
                }
            } onError: { error in
                failure.withLock { $0 = "\(error)" }
            }
        }
        for thread in threads { await thread.end() }
        if let message = failure.withLock({ $0 }) { throw ValidationFailure(message: message) }
        return Double(share * clients.count) / (ContinuousClock.now - start).inSeconds
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
