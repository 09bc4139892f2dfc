import LMDB
import Synchronization

/// What a verification of the whole store found.
package struct VerifyReport: Equatable, Sendable {
    /// Something that is not as the operations say it must be.
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// The table or file.
        package let place: String
        package let message: String

        package init(place: String, message: String) {
            self.place = place
            self.message = message
        }

        package var description: String { "\(place): \(message)" }
    }

    /// How many problems are listed; more are only counted.
    package static let problemCountMax = 1000

    package var operationCount: UInt64 = 0
    package var commitCount = 0
    package var payloadCount = 0
    package var eventCount = 0
    package private(set) var problems: [Problem] = []
    package private(set) var unlistedProblemCount = 0

    package var isClean: Bool { problems.isEmpty }

    // For the whole process: as a task local it ends a release build of Swift 6.3.1 when it is set.
    private static let listener = Mutex<(@Sendable (Problem) -> Void)?>(nil)

    /// Has `body` hear of each problem of this process when it is found, for one that may not live to return
    /// the report.
    package static func listen(_ body: @escaping @Sendable (Problem) -> Void) {
        listener.withLock { $0 = body }
    }

    package init() {}

    package mutating func add(_ place: String, _ message: String) {
        let listener = VerifyReport.listener.withLock { $0 }
        listener?(Problem(place: place, message: message))
        guard problems.count < VerifyReport.problemCountMax else {
            unlistedProblemCount += 1
            return
        }
        problems.append(Problem(place: place, message: message))
    }

    /// Adds the problems of another report, of which the listener has heard.
    mutating func addListed(_ other: VerifyReport) {
        let room = VerifyReport.problemCountMax - problems.count
        problems += other.problems.prefix(room)
        unlistedProblemCount +=
            other.unlistedProblemCount + max(0, other.problems.count - room)
    }

    /// Adds what `error` says.
    package mutating func add(_ place: String, _ error: any Error) {
        add(place, JournalError(wrapping: error).message)
    }
}

extension Journal {
    /// Checks every page, replays every operation and compares each row that follows from it; opens every payload and event.
    ///
    /// Nothing is thrown for damage: it is in the report. Transactions are reopened every few operations, so
    /// the store can be written meanwhile; one operation is checked in one transaction, however large it is.
    /// `progress` is told the part and how many of its rows are done. Costs about as much as the writes did,
    /// without their syncs.
    package func verify(
        progress: @escaping (_ part: String, _ done: UInt64) -> Void = { _, _ in }
    ) -> VerifyReport {
        verifier.report(progress)
    }

    /// What verifies this store in this process.
    package var verifier: StoreVerifier {
        StoreVerifier(
            store: store, events: eventLog.storage, signer: signer, in: directory)
    }

    /// Frees what readers in processes that died still hold.
    package func clearDeadReaders() {
        // Nobody is waiting for this, and the next opening does it too.
        try? store.environment.clearDeadReaders()
        try? eventLog.storage.environment.clearDeadReaders()
    }
}
