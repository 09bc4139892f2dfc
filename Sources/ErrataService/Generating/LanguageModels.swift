import ErrataModels
import Synchronization

/// How the language models of a daemon are.
package struct LanguageModelsState: Sendable {
    /// One of them.
    package struct Model: Sendable {
        package let source: LanguageModelSource
        /// What its weights take in memory; nil while it is not loaded.
        package let byteCount: Int?
        /// Of its files, or of its server's address; nil while it is not loaded.
        package let identity: [UInt8]?
    }

    /// By name.
    package var models: [Model] = []
    package var byteCountMax = 0
    package var running = 0
    package var waiting = 0
    package var loads = 0
    package var unloads = 0
    package var generations = 0
    package var tokens = 0
    package var seconds = 0.0

    package var loadedCount: Int { models.count { $0.byteCount != nil } }
    package var byteCount: Int { models.reduce(0) { $0 + ($1.byteCount ?? 0) } }
}

/// The language models that the daemon knows, those of them that are in memory, and whose turn it is.
///
/// A model is loaded when it is first asked, once for all who ask, and leaves the memory when others need the
/// room: the one that was asked longest ago first. Models of this machine answer one at a time, since each
/// answer takes all its processors; servers answer several.
final class LanguageModels: Sendable {
    /// What a daemon may spend on language models.
    struct Limits: Sendable {
        var byteCountMax: Int
        var threads: Int
        var waitingCountMax = 16
        var serverCallCountMax = 8
    }

    private struct Loaded {
        let source: LanguageModelSource
        let backend: any ChatBackend
        var lastUse: UInt64
    }

    private struct State {
        var sources: [String: LanguageModelSource]
        var loaded: [String: Loaded] = [:]
        var loading: [String: Task<any ChatBackend, any Error>] = [:]
        var useCount: UInt64 = 0
        var counts = LanguageModelsState()
    }

    private let state: Mutex<State>
    private let file: LanguageModelFile
    private let limits: Limits
    private let localTurns: TurnQueue
    private let serverTurns: TurnQueue
    /// Where models are loaded and compute.
    private let threads = WorkerThreads(name: "errata-generate", count: 1)

    init(file path: String, limits: Limits) throws(ServiceError) {
        file = LanguageModelFile(path: path)
        self.limits = limits
        localTurns = TurnQueue(width: 1, waitingCountMax: limits.waitingCountMax)
        serverTurns = TurnQueue(
            width: limits.serverCallCountMax, waitingCountMax: limits.waitingCountMax)
        var sources = try file.read()
        sources[LanguageModelSource.embedded.name] = .embedded
        state = Mutex(State(sources: sources))
    }

    func stop() { threads.stop() }

    // MARK: Which there are

    var names: [String] { state.withLock { $0.sources.keys.sorted() } }

    func source(named name: String) throws(ServiceError) -> LanguageModelSource {
        if let source = state.withLock({ $0.sources[name] }) { return source }
        throw unknown(name)
    }

    private func unknown(_ name: String) -> ServiceError {
        let names = names
        return ServiceError(
            .unknownModel, "no language model here is called '\(name)'",
            hint: "Known here: \(names.joined(separator: ", ")).")
    }

    /// Takes a model up; throws `model_exists` if one is called so.
    func add(_ source: LanguageModelSource) throws(ServiceError) {
        try source.check()
        try change { sources throws(ServiceError) in
            guard sources[source.name] == nil else {
                throw ServiceError(
                    .modelExists, "there is a language model '\(source.name)' already",
                    hint: "'errata models remove \(source.name)' takes it away.")
            }
            guard sources.count < LanguageModelFile.modelCountMax else {
                throw ServiceError(
                    .limitExceeded,
                    "there are \(LanguageModelFile.modelCountMax) language models, the most allowed"
                )
            }
            sources[source.name] = source
        }
    }

    /// Forgets a model; answers under way are finished with it.
    func remove(_ name: String) throws(ServiceError) {
        guard try source(named: name).place != .embedded else {
            throw ServiceError(
                .invalidRequest, "'\(name)' is part of the program and cannot be removed")
        }
        try change { sources throws(ServiceError) in sources[name] = nil }
        state.withLock { $0.loaded[name] = nil }
    }

    private func change(
        _ body: (inout [String: LanguageModelSource]) throws(ServiceError) -> Void
    ) throws(ServiceError) {
        let result: Result<Void, ServiceError> = state.withLock { state in
            do throws(ServiceError) {
                var sources = state.sources
                try body(&sources)
                try file.write(sources.filter { $0.value.place != .embedded })
                state.sources = sources
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    // MARK: Turns

    /// A model whose turn it is.
    struct Turn: Sendable {
        let source: LanguageModelSource
        let backend: any ChatBackend
        /// Where it computes; nil for one that another machine or process computes.
        let threads: WorkerThreads?
    }

    /// Runs `body` with a model when it is its turn, after loading it if need be.
    ///
    /// `onPhase` hears what it waits for. Throws `model_busy` where too many wait already.
    func withTurn<Result: Sendable>(
        _ name: String, onPhase: (String) -> Void, _ body: (Turn) async throws -> Result
    ) async throws -> Result {
        let source = try source(named: name)
        let queue = source.isLocal ? localTurns : serverTurns
        do {
            let say = { (count: Int) in onPhase("Waiting, \(count) before you") }
            return try await queue.run(onWait: say) {
                let backend = try await backend(of: source, onPhase)
                return try await body(
                    Turn(
                        source: source, backend: backend,
                        threads: source.isLocal ? threads : nil))
            }
        } catch is TurnQueue.Full {
            throw ServiceError(
                .modelBusy, "\(limits.waitingCountMax) questions wait for a language model already",
                hint: "Try again in a moment.", retryAfterSeconds: 5)
        }
    }

    /// Adds up what was generated.
    func count(tokens: Int, seconds: Double) {
        state.withLock { state in
            state.counts.generations += 1
            state.counts.tokens += tokens
            state.counts.seconds += seconds
        }
    }

    var current: LanguageModelsState {
        var (counts, models) = state.withLock { state in
            (
                state.counts,
                state.sources.values.sorted { $0.name < $1.name }.map { source in
                    let backend = state.loaded[source.name]?.backend
                    return LanguageModelsState.Model(
                        source: source, byteCount: backend?.byteCount, identity: backend?.identity)
                }
            )
        }
        swap(&counts.models, &models)
        let (local, server) = (localTurns.counts, serverTurns.counts)
        counts.byteCountMax = limits.byteCountMax
        counts.running = local.running + server.running
        counts.waiting = local.waiting + server.waiting
        return counts
    }

    // MARK: Memory

    private func backend(
        of source: LanguageModelSource, _ onPhase: (String) -> Void
    ) async throws -> any ChatBackend {
        if let backend = use(source) { return backend }
        let least = try source.byteCountMin()
        guard least <= limits.byteCountMax else { throw tooLarge(source, least) }
        unload(until: limits.byteCountMax - least)
        onPhase("Loading \(source.name)")
        let backend = try await loading(source).value
        guard backend.byteCount <= limits.byteCountMax else {
            throw tooLarge(source, backend.byteCount)
        }
        unload(until: limits.byteCountMax - backend.byteCount)
        // Meanwhile it may have been removed, or another one be called so: then nothing is kept.
        state.withLock { state in
            guard state.sources[source.name] == source else { return }
            state.counts.loads += 1
            state.loaded[source.name] = Loaded(source: source, backend: backend, lastUse: 0)
        }
        return use(source) ?? backend
    }

    /// Returns the model if it is in memory.
    private func use(_ source: LanguageModelSource) -> (any ChatBackend)? {
        state.withLock { state in
            state.useCount += 1
            guard state.loaded[source.name]?.source == source else { return nil }
            state.loaded[source.name]?.lastUse = state.useCount
            return state.loaded[source.name]?.backend
        }
    }

    /// Returns the one attempt to load a model that is under way, begun now if need be.
    ///
    /// It goes on when who began it is cancelled: the next one needs it too.
    private func loading(_ source: LanguageModelSource) -> Task<any ChatBackend, any Error> {
        let (threads, count) = (threads, limits.threads)
        return state.withLock { state in
            if let task = state.loading[source.name] { return task }
            let task = Task<any ChatBackend, any Error>(executorPreference: threads) {
                defer { self.state.withLock { $0.loading[source.name] = nil } }
                return try source.open(threads: count)
            }
            state.loading[source.name] = task
            return task
        }
    }

    /// Unloads models, the one that was asked longest ago first, until at most `byteCount` bytes are left.
    private func unload(until byteCount: Int) {
        // The weights go after the lock does.
        var unloaded: [Loaded] = []
        state.withLock { state in
            var total = state.loaded.values.reduce(0) { $0 + $1.backend.byteCount }
            while total > byteCount,
                let oldest = state.loaded.filter({ $0.value.backend.byteCount > 0 })
                    .min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.loaded[oldest.key] = nil
                total -= oldest.value.backend.byteCount
                state.counts.unloads += 1
                unloaded.append(oldest.value)
            }
        }
        unloaded.removeAll()
    }

    private func tooLarge(_ source: LanguageModelSource, _ byteCount: Int) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "'\(source.name)' takes \(byteCount >> 20) MiB at least, and language models may have "
                + "\(limits.byteCountMax >> 20) MiB",
            hint: "--int8 makes it smaller; 'errata serve --model-memory' gives more.")
    }
}
