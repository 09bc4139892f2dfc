/// What a verification of the whole store found.
package struct VerifyReport: Equatable, Sendable {
    /// Something that is not as the operations say it must be.
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// The table or file.
        package let place: String
        package let message: String

        package var description: String { "\(place): \(message)" }
    }

    /// How many problems are listed; more are only counted.
    package static let problemCountMax = 1000

    package internal(set) var operationCount: UInt64 = 0
    package internal(set) var commitCount = 0
    package internal(set) var payloadCount = 0
    package internal(set) var eventCount = 0
    package internal(set) var problems: [Problem] = []
    package internal(set) var unlistedProblemCount = 0

    package var isClean: Bool { problems.isEmpty }

    mutating func add(_ place: String, _ message: String) {
        guard problems.count < VerifyReport.problemCountMax else {
            unlistedProblemCount += 1
            return
        }
        problems.append(Problem(place: place, message: message))
    }

    /// Adds what `error` says.
    mutating func add(_ place: String, _ error: any Error) {
        add(place, JournalError(wrapping: error).message)
    }
}

extension Journal {
    /// Replays every operation and compares each row that follows from it; opens every payload and event.
    ///
    /// Nothing is thrown for damage: it is in the report. Transactions are reopened every few operations, so
    /// the store can be written meanwhile; one operation is checked in one transaction, however large it is.
    /// `progress` is told the part and how many of its rows are done. Costs about as much as the writes did,
    /// without their syncs.
    package func verify(
        progress: (_ part: String, _ done: UInt64) -> Void = { _, _ in }
    ) -> VerifyReport {
        var operations = OperationVerifier(store: store)
        operations.run(progress)
        var report = operations.report
        store.verifyPayloads(&report, progress)
        eventLog.storage.verify(&report, progress)
        return report
    }
}
