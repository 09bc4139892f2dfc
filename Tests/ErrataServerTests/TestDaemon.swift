import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService
import ErrataTesting
import Foundation
import Logging

/// A daemon of a test's own: a real store behind a real socket, searching by words alone.
final class TestDaemon: Sendable {
    let directory: TemporaryDirectory
    let socketPath: String
    let client: Client
    let knowledge: KnowledgeBase
    private let daemon: Daemon
    private let task: Task<Void, any Error>

    /// Starts a daemon, runs `body` and stops the daemon.
    static func run<Result>(
        _ configuration: DaemonConfiguration = DaemonConfiguration(socketPath: ""),
        environment: [String: String] = [:], logger: Logger = TestDaemon.silentLogger,
        in directory: TemporaryDirectory? = nil,
        knowing change: (inout KnowledgeBase.Configuration) -> Void = { _ in },
        _ body: (TestDaemon) async throws -> Result
    ) async throws -> Result {
        let daemon = try await TestDaemon(
            in: try directory ?? TemporaryDirectory(), configuration, environment: environment,
            logger: logger, knowing: change)
        do {
            let result = try await body(daemon)
            try await daemon.stop()
            return result
        } catch {
            try? await daemon.stop()
            throw error
        }
    }

    /// Starts a daemon; the configuration's socket path is replaced by one in `directory`.
    init(
        in directory: TemporaryDirectory,
        _ configuration: DaemonConfiguration = DaemonConfiguration(socketPath: ""),
        environment: [String: String] = [:], logger: Logger = TestDaemon.silentLogger,
        knowing change: (inout KnowledgeBase.Configuration) -> Void = { _ in }
    ) async throws {
        self.directory = directory
        socketPath = directory.file("errata.sock")
        client = Client(socketPath: socketPath)
        var configuration = configuration
        configuration.socketPath = socketPath
        configuration.handlesSignals = false
        var knowledgeConfiguration = KnowledgeBase.Configuration(
            dataDirectory: directory.file("data"))
        knowledgeConfiguration.auditCommand = BuiltProgram.auditCommand
        change(&knowledgeConfiguration)
        knowledge = try KnowledgeBase(knowledgeConfiguration)
        let (listening, feed) = AsyncStream<Void>.makeStream()
        let daemon = try Daemon(
            knowledge: knowledge, configuration: configuration, version: "test",
            startedAt: JournalOptions.systemClock(), environment: environment, logger: logger,
            onListening: { feed.finish() })
        self.daemon = daemon
        task = Task {
            defer { feed.finish() }
            try await daemon.run()
        }
        for await _ in listening {}
    }

    static let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Asks the daemon to stop; ``stop()`` waits for that.
    func beginStop() async { await daemon.stop() }

    func stop() async throws {
        await daemon.stop()
        try await task.value
    }

    /// Runs blocking client calls on a thread of their own: the pool is the daemon's.
    func call<Result: Sendable>(
        _ body: @escaping @Sendable (Client) throws -> Result
    ) async throws -> Result {
        try await offPool { [client] in try body(client) }
    }
}

/// Runs blocking code on a thread of its own.
func offPool<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
