import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation

/// What a store must be after trouble: a prefix of its history that holds all that was acknowledged, and fit to go on.
struct StoreCheck: Sendable {
    /// All that was ever written, as far as it is known which that is.
    let operations: [ErrataJournal.Operation]
    let events: [Event]
    /// Whether nothing but `operations` and `events` may be there.
    let isWhole: Bool

    /// Reads the history of the store in `directory`.
    init(directory: String, isWhole: Bool = true) async throws {
        let journal = try Journal.open(at: directory, options: Self.options)
        operations = try journal.operations(from: 0, limit: .max)
        events = try journal.events(from: 0, limit: .max)
        await journal.close()
        self.isWhole = isWhole
    }

    private static var options: JournalOptions {
        JournalOptions(
            mapBytes: 1 << 20, keyBatchCount: 4, checkpointByteCount: 1 << 13,
            clock: { Timestamp(microseconds: 1_900_000_000_000_000) })
    }

    /// Opens the store in `directory`, commits once more, and returns what is wrong, or nil.
    ///
    /// With `verifiesTwice` all is verified again after the commit.
    func violation(
        in directory: String, _ acknowledged: DiskRecording.Acknowledged,
        verifiesTwice: Bool = true
    ) async -> String? {
        do {
            let journal = try Journal.open(at: directory, options: Self.options)
            var violation = try await violation(in: journal, acknowledged)
            if violation == nil && verifiesTwice {
                violation = journal.verify().problems.first.map { "after one more commit: \($0)" }
            }
            await journal.close()
            return violation
        } catch { return "\(error)" }
    }

    private func violation(
        in journal: Journal, _ acknowledged: DiskRecording.Acknowledged
    ) async throws -> String? {
        let found = try journal.operations(from: 0, limit: .max)
        let isNew = acknowledged.operation == nil && found.count == 1
        if let last = acknowledged.operation, found.count <= last {
            return "\(found.count) operations are left, \(last + 1) were acknowledged"
        }
        if !isNew, let place = difference(found, operations, acknowledged.operation) {
            return "operation \(place) is another than was written"
        }
        let foundEvents = try journal.events(from: 0, limit: .max)
        if let last = acknowledged.event, foundEvents.count <= last {
            return "\(foundEvents.count) events are left, \(last + 1) were acknowledged"
        }
        if let place = difference(foundEvents, events, acknowledged.event) {
            return "event \(place) is another than was written"
        }
        if let problem = journal.verify().problems.first { return "\(problem)" }
        return try await violationOfNextCommit(in: journal)
    }

    /// Returns where `found` leaves the history; only up to `last` if the history is not the whole one.
    private func difference<Item: Equatable>(
        _ found: [Item], _ history: [Item], _ last: Int?
    ) -> Int? {
        let count = isWhole ? found.count : min(found.count, (last ?? -1) + 1)
        return (0..<count).first { $0 >= history.count || found[$0] != history[$0] }
    }

    private func violationOfNextCommit(in journal: Journal) async throws -> String? {
        let head = try journal.head(of: "main")
        // More new facts than keys a batch.
        let next = try await journal.set((0..<6).map { ("after-\($0)", "1") })
        guard try journal.commitRecord(next.commit).commit.parents == [head] else {
            return "the next commit does not stand on the head"
        }
        let values = try journal.values(at: next.commit)
        return values["after-5"] == "1" ? nil : "the next commit is not read back"
    }
}
