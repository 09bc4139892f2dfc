import ErrataCore
import ErrataService
import Logging
import Synchronization

/// What all requests share.
final class ServerState: Sendable {
    /// How many imports may hold their files in memory at a time.
    static let importCountMax = 2
    /// How many queries to the audit database may run or wait for that.
    static let queryCountMax = 8

    let knowledge: KnowledgeBase
    let configuration: DaemonConfiguration
    let version: String
    let startedAt: Timestamp
    let start = ContinuousClock.now
    let metrics = Metrics()
    let access: AccessControl
    let logger: Logger
    private let importCount = Mutex(0)
    private let queryCount = Mutex(0)

    init(
        knowledge: KnowledgeBase, configuration: DaemonConfiguration, version: String,
        startedAt: Timestamp, logger: Logger
    ) {
        self.knowledge = knowledge
        self.configuration = configuration
        self.version = version
        self.startedAt = startedAt
        self.logger = logger
        access = AccessControl(knowledge: knowledge)
    }

    static var allRoutes: [Route] {
        commitRoutes + mergeRoutes + nameRoutes + factRoutes + answerRoutes + transferRoutes
            + operationRoutes + auditRoutes + proofRoutes + policyRoutes + redactionRoutes
            + statusRoutes + storageRoutes + languageModelRoutes
    }

    func timeout(of route: Route) -> Duration {
        switch route.patience {
        case .brief, .usual: configuration.timeouts.usual
        case .search: configuration.timeouts.search
        case .answer: configuration.timeouts.answer
        case .long: configuration.timeouts.long
        }
    }

    /// Runs `body` unless as many imports as are allowed run already.
    func importing<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await admitting(importCount, ServerState.importCountMax, "imports", body)
    }

    /// Runs `body` unless as many queries as are allowed run or wait already.
    func querying<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await admitting(queryCount, ServerState.queryCountMax, "queries", body)
    }

    private func admitting<Result>(
        _ count: borrowing Mutex<Int>, _ max: Int, _ what: String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let isAdmitted = count.withLock { count in
            guard count < max else { return false }
            count += 1
            return true
        }
        guard isAdmitted else {
            throw Refusal(
                .tooBusy, "\(max) \(what) are running already",
                hint: "Try again when one of them is done.")
        }
        defer { count.withLock { $0 -= 1 } }
        return try await body()
    }
}
