import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import Synchronization

/// A data directory that is removed with its owner.
final class TemporaryStore: Sendable {
    let directory: String
    let clock = ManualClock()
    private let seed: UInt64

    init(seed: UInt64 = 1) {
        self.seed = seed
        directory = TemporaryStore.parent + "/errata-journal-" + UUID().uuidString
    }

    /// Memory where there is some to be had: no test here cuts the power, and syncs are slow.
    static let parent =
        FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Small maps, few keys a batch, many checkpoints, the manual clock and seeded chance.
    var options: JournalOptions {
        let random = Mutex(SplitMix64(seed: seed))
        var options = JournalOptions(
            mapBytes: 1 << 20, keyBatchCount: 64, checkpointByteCount: 1 << 14,
            clock: { [clock] in clock.now },
            random: Randomness { count in
                random.withLock { random in (0..<count).map { _ in random.next(upTo: 256) } }
                    .map { UInt8($0) }
            }, creator: alice)
        // Of two seeds, one has every commit planned ahead.
        if seed % 2 == 1 { options.aheadWeightMin = 1 }
        // Of three, one has LMDB take over each commit at once, and one a few together.
        options.flushMilliseconds = [500, 0, 3][Int(seed % 3)]
        return options
    }

    func open() throws -> Journal { try Journal.open(at: directory, options: options) }
}

/// Runs `body` on a fresh journal and closes it.
func withJournal<Result>(
    seed: UInt64 = 1, _ body: (Journal, TemporaryStore) async throws -> Result
) async throws -> Result {
    let store = TemporaryStore(seed: seed)
    let journal = try store.open()
    do {
        let result = try await body(journal, store)
        await journal.close()
        return result
    } catch {
        await journal.close()
        throw error
    }
}

/// Time that moves only when told to.
final class ManualClock: Sendable {
    private let state = Mutex(Timestamp(microseconds: 1_793_000_000_000_000))

    var now: Timestamp { state.withLock { $0 } }

    func advance(seconds: Int64) {
        state.withLock { $0 = Timestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
    }
}

extension SplitMix64 {
    mutating func next(upTo bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

let alice = Actor(
    uid: 1000, gid: 1000, groups: [27, 1000], pid: 4242, userName: "alice",
    socket: "/run/errata.sock")

/// Returns a fact that says that `name` has `value`.
func makeFact(_ name: String, _ value: String, source: String? = nil) throws -> Fact {
    try FactDraft(key: name, subject: name, relation: "value", object: value, source: source)
        .checked()
}

extension Journal {
    /// Commits values by name; nil retracts.
    @discardableResult
    func set(
        _ values: [(String, String?)], on branch: String = "main", expect: CommitID? = nil
    ) async throws -> CommitOutcome {
        let edits = try values.map { name, value -> DraftEdit in
            if let value { return .assert(try makeFact(name, value)) }
            return .retract(factID(for: name))
        }
        return try await commit(
            CommitDraft(branch: branch, expect: expect, message: "set", edits: edits), actor: alice)
    }

    /// Returns the object of each fact at `commit`, by key.
    func values(at commit: CommitID) throws -> [String: String] {
        let entries = try snapshot(at: commit).entries(limit: .max)
        let facts = try facts(entries.map { ($0.fact, $0.leaf) })
        var values: [String: String] = [:]
        for fact in facts { if let fact { values[fact.key] = fact.object } }
        return values
    }

    func commit(at revision: String) throws -> CommitID { try resolve(Revision(revision)) }
}
