import ArgumentParser
import ErrataCore
import ErrataJournal
import ErrataTesting

/// Proves operations of journals of several lengths.
struct Proofs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure proofs and checkpoints of the journal")

    @Option(
        parsing: .upToNextOption, help: "Operations in the journal; several are measured in turn")
    var operations: [UInt64] = [10_000, 100_000]

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let directory = try TemporaryDirectory()
        let journal = try Journal.open(at: directory.file("data"))
        for count in options.smoke ? [100, 200] : operations.sorted() {
            try await fill(journal, to: count)
            try measure(journal)
        }
        await journal.close()
    }

    private func measure(_ journal: Journal) throws {
        let count = try journal.operationCount
        let report = Report("Proofs in a journal of \(count) operations")
        var random = SplitMix64(seed: options.seed)
        var (inclusion, consistency, checkpoint, check) = (Sample(), Sample(), Sample(), Sample())
        var (inclusionBytes, consistencyBytes, recordBytes) = (0, 0, 0)
        let repeats = 2_000
        for _ in 0..<repeats {
            let sequence = random.next() % count
            let proof = try inclusion.time { try journal.inclusionProof(of: sequence) }
            let root = proof.checkpoint.checkpoint.root
            let leaf = MerkleTree.leafHash(proof.record)
            let isProved = check.time { proof.inclusion.proves(leaf, in: root) }
            precondition(isProved, "the proof verifies")
            inclusionBytes = max(inclusionBytes, proof.inclusion.hashes.count * Digest.byteCount)
            recordBytes += proof.record.count
            let extended = try consistency.time {
                try journal.consistencyProof(from: sequence + 1)
            }
            let hashes = extended.consistency.hashes
            consistencyBytes = max(consistencyBytes, hashes.count * Digest.byteCount)
            _ = try checkpoint.time { try journal.checkpoint() }
        }
        report.row("inclusion proof, read, checked and signed", inclusion.milliseconds)
        report.row("its hashes, at most", "\(inclusionBytes) bytes")
        report.row("the record beside it, mean", "\(recordBytes / repeats) bytes")
        report.row("checking one", check.milliseconds)
        report.row("consistency proof, read, checked and signed", consistency.milliseconds)
        report.row("its hashes, at most", "\(consistencyBytes) bytes")
        report.row("checkpoint", checkpoint.milliseconds)
    }

    /// Commits one correction an operation, 64 at a time.
    private func fill(_ journal: Journal, to count: UInt64) async throws {
        while try journal.operationCount < count {
            let start = try journal.operationCount
            try await withThrowingTaskGroup(of: Void.self) { group in
                for i in start..<min(start + 64, count) {
                    group.addTask { try await set(i, in: journal) }
                }
                try await group.waitForAll()
            }
        }
    }

    private func set(_ i: UInt64, in journal: Journal) async throws {
        let fact = try FactDraft(
            subject: "Subject \(i % 1_000)", relation: "colour", object: "colour \(i)"
        ).checked()
        let draft = CommitDraft(branch: "main", message: "Set", edits: [.assert(fact)])
        _ = try await journal.commit(draft, actor: .ada)
    }
}
