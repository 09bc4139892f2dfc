import ErrataCore
import ErrataJournal
import ErrataTesting
import Glibc
import Synchronization

/// A history in the making.
final class ScriptRun {
    private let directory: String
    private let profile: ScriptProfile
    private let options: JournalOptions
    let marks: Marks
    var random: SplitMix64
    private(set) var journal: Journal
    private var nameCount = 0
    /// What names of this run begin with, so that a second run makes new ones.
    private let prefix: String

    init(in directory: String, _ profile: ScriptProfile, seed: UInt64) async throws {
        self.directory = directory + "/store"
        self.profile = profile
        random = SplitMix64(seed: seed)
        marks = Marks(in: directory)
        let chance = Mutex(SplitMix64(seed: ~seed))
        let clock = Mutex<Int64>(1_800_000_000_000_000)
        var options = JournalOptions(
            mapBytes: profile.mapBytes, keyBatchCount: profile.keyBatchCount,
            checkpointByteCount: profile.checkpointByteCount,
            clock: {
                clock.withLock { time in
                    time += 1000
                    return Timestamp(microseconds: time)
                }
            },
            random: Randomness { count in
                chance.withLock { chance in
                    (0..<count).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
                }
            }, creator: .grace)
        // Also the few that commit at the same time here are planned ahead of each other.
        options.aheadWeightMin = 1
        // So LMDB takes over rows, and checkpoints are made, between the steps.
        options.flushMilliseconds = 1
        // So the data file becomes longer in advance, small as it is.
        options.roomByteCountMin = 0
        self.options = options
        journal = try ScriptRun.open(self.directory, options)
        prefix = "r\(try journal.operationCount)-"
        try markOpen()
    }

    func perform(_ stepCount: Int) async throws {
        let deck = profile.weights.flatMap { Array(repeating: $0.step, count: $0.weight) }
        for _ in 0..<stepCount {
            let step = deck[random.next(upTo: deck.count)]
            try await perform(step)
        }
        await journal.close()
    }

    func nextName() -> String {
        nameCount += 1
        return "\(prefix)\(nameCount)"
    }

    // MARK: Trouble

    /// Opens the store; once more if the disk refuses.
    private static func open(_ directory: String, _ options: JournalOptions) throws -> Journal {
        do { return try Journal.open(at: directory, options: options) } catch {
            guard error.isTrouble else { throw error }
            return try Journal.open(at: directory, options: options)
        }
    }

    func reopen() async throws {
        await journal.close()
        journal = try ScriptRun.open(directory, options)
        try markOpen()
    }

    /// Notes what a reader sees now: all that must still be there later.
    private func markOpen() throws {
        marks.add("op \(try journal.operationCount - 1)")
        if let last = try journal.events(from: 0, limit: .max).last {
            marks.add("event \(last.sequence)")
        }
    }

    func operation(_ body: (Journal) async throws -> UInt64) async throws {
        try await acknowledged("op", body)
    }

    func event(_ body: (Journal) async throws -> UInt64) async throws {
        try await acknowledged("event", body)
    }

    /// Does `body` and notes its number; if the disk is in the way, tries once more.
    ///
    /// Other refusals are a part of the history.
    private func acknowledged(
        _ what: String, _ body: (Journal) async throws -> UInt64
    ) async throws {
        for attempt in 0... {
            let before = try journal.operationCount
            let error: JournalError
            do {
                marks.add("\(what) \(try await body(journal))")
                return
            } catch let refusal as JournalError { error = refusal }
            guard error.isTrouble else {
                if error.code == .corrupt { throw error }
                return
            }
            if attempt == 1 { throw error }
            // What was not acknowledged is not seen.
            guard try journal.operationCount == before else {
                throw JournalError(.corrupt, "an operation is seen that failed: \(error)")
            }
        }
    }
}

/// The notes of what was acknowledged, each one write to one file.
final class Marks: Sendable {
    private let file: CInt

    init(in directory: String) {
        file = open(directory + "/marks", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        precondition(file >= 0, "the notes cannot be opened: \(errno)")
    }

    func add(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        let count = write(file, bytes, bytes.count)
        precondition(count == bytes.count, "the notes cannot be written: \(errno)")
    }
}

extension JournalError {
    /// Whether the disk is to blame, not the request.
    var isTrouble: Bool { [.io, .storageFull, .storageReadOnly].contains(code) }
}

extension SplitMix64 {
    mutating func next(upTo bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
