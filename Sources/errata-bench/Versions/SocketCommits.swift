import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Synchronization

/// Durable commits of one edit through the socket of a daemon.
struct SocketCommits {
    private let data: String
    private let isSmall: Bool

    init(data: String, _ options: BenchOptions) {
        self.data = data
        isSmall = options.smoke
    }

    func run(_ report: Report) async throws {
        report.heading("through the socket")
        let directory = try TemporaryDirectory()
        let socket = directory.file("s")
        let daemon = try start(socket)
        defer {
            daemon.terminate()
            daemon.waitUntilExit()
        }
        for (clients, count) in isSmall ? [(1, 10), (8, 16)] : [(1, 2_000), (64, 12_800)] {
            let rate = try await commit(count, clients, socket)
            report.row(
                "\(clients) clients, commits of one edit a second", rate.formatted(digits: 0))
        }
    }

    /// Starts the daemon that was built beside this program, and waits until it listens.
    private func start(_ socket: String) throws -> Process {
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

    private struct ValidationFailure: Error { let message: String }

    /// Returns commits a second over all clients.
    private func commit(_ count: Int, _ clients: Int, _ socket: String) async throws -> Double {
        let failure = Mutex<String?>(nil)
        let start = ContinuousClock.now
        let threads = (0..<clients).map { number in
            Worker {
                let client = Client(socketPath: socket)
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
