package import ErrataCore
package import ErrataJournal
import ErrataRetrieval
import Glibc

/// What a verification of a data directory found.
package struct StoreReport: Sendable {
    package var found: VerifyReport
    /// The Merkle root of all operations, nil where it cannot be read.
    package var root: Digest?

    package init(found: VerifyReport, root: Digest?) {
        self.found = found
        self.root = root
    }
}

/// Verifies a data directory: the journal, the events, and the index and audit database that follow from them.
package struct StoreCheck: Sendable {
    package typealias Progress = @Sendable (_ part: String, _ done: UInt64) -> Void

    private let directory: String
    private let verifier: StoreVerifier

    /// Opens the store in `directory` beside the process that may be writing it.
    ///
    /// A damaged one may end this process by a signal; ``VerifierProcess`` has another one do it.
    package init(reading directory: String) throws(ServiceError) {
        self.directory = directory
        do { verifier = try StoreVerifier(reading: directory) } catch {
            throw ServiceError(wrapping: error)
        }
    }

    /// Takes a store that this process has open.
    init(_ journal: Journal) {
        directory = journal.directory
        verifier = journal.verifier
    }

    package func close() { verifier.close() }

    /// What copies the store.
    package var copy: StoreCopy { StoreCopy(of: verifier, in: directory) }

    /// Checks everything; damage is in the report, and ``VerifyReport/listen(_:)`` tells of it at once.
    package func run(_ progress: @escaping Progress) -> StoreReport {
        var report = verifier.report(progress)
        checkIndex(&report, progress)
        checkAudit(&report, progress)
        return StoreReport(found: report, root: try? verifier.root)
    }

    private func checkAudit(_ report: inout VerifyReport, _ progress: @escaping Progress) {
        let path = directory + "/audit/" + AuditDatabase.fileName
        guard access(path, F_OK) == 0 else { return }
        do {
            let findings = try AuditChecker(verifier: verifier, path: path, progress: progress)
                .run()
            for finding in findings { report.add("audit/" + AuditDatabase.fileName, finding) }
        } catch { report.add("audit/" + AuditDatabase.fileName, "it cannot be read: \(error)") }
    }

    private func checkIndex(_ report: inout VerifyReport, _ progress: @escaping Progress) {
        guard let number = DerivedState.number(in: directory + "/index") else { return }
        let path = directory + "/index/\(number)"
        var findings: [(String, String)] = []
        var isBehind = true
        IndexChecker(
            directory: path, secretKey: DerivedState.secretKey { verifier.textDigest(of: $0) },
            facts: { versions in
                // The index is looked at in one state; the journal's file may be a moment behind it.
                if isBehind { try verifier.catchUp() }
                isBehind = false
                return try verifier.facts(versions.map { ($0.fact, $0.leaf) })
            },
            progress: progress,
            report: { findings.append(($0, $1)) }
        ).run()
        // One that was replaced meanwhile is gone, and nobody asks it any more.
        guard DerivedState.number(in: directory + "/index") == number else { return }
        for (place, message) in findings { report.add("index/\(number)/\(place)", message) }
    }
}
