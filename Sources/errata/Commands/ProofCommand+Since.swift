import ErrataAPI
import ErrataClient
import ErrataCore

extension ProofCommand {
    /// Compares the journal with every checkpoint of the files.
    func compare() throws {
        let notes = try since.flatMap { path in
            let notes = ProofFile.notes(in: try ProofFile.text(of: path))
            guard !notes.isEmpty else { throw Failure("\(path) holds no checkpoint") }
            return notes.map { (path: path, note: $0) }
        }
        let reply = try daemon.client.get("/v1/checkpoint", as: CheckpointReply.self)
        let trusted = try keys.trusted(or: reply.key)
        let (now, key) = try reply.verified(by: trusted)
        let comparison = Comparison(now: now, keys: trusted, client: daemon.client)
        let compared = try notes.map { try comparison.compare($0.note, from: $0.path) }
        let report = ComparisonReport(now, key, compared)
        try daemon.show(report) { report in
            for checkpoint in report.checkpoints { checkpoint.show(now) }
            if report.isVerified {
                Terminal.error.line(
                    "Checked here: the signatures by \(key.shortName.printable),\nand "
                        + "\(compared.count.counted("consistency proof")).")
                keys.explain()
            }
        }
        guard !report.isVerified else { return }
        let failed = compared.count { $0.problem != nil }
        let isRewritten = compared.contains { $0.problem != nil && $0.operations != nil }
        throw Failure(
            isRewritten
                ? "the journal is not the one that was signed: its past was rewritten"
                : "\(failed) of \(compared.count.counted("checkpoint")) not verified",
            hint: isRewritten
                ? "Keep the file: with the key it is evidence of what the journal was."
                : "Was the file changed, or is it signed by a key that you can pass with --key?")
    }
}

/// The journal of now, as far as a signature vouches for it.
private struct Comparison {
    let now: Checkpoint
    let keys: [VerifierKey]
    let client: Client

    /// Judges one saved checkpoint; throws only if the daemon cannot be asked.
    func compare(_ text: String, from path: String) throws -> ComparedCheckpoint {
        let saved: Checkpoint
        do { saved = try Checkpoint.verified(SignedNote(text), by: keys).checkpoint } catch {
            return ComparedCheckpoint(file: path, operations: nil, problem: "\(error)")
        }
        return ComparedCheckpoint(
            file: path, operations: saved.size, problem: try problem(of: saved))
    }

    private func problem(of saved: Checkpoint) throws -> String? {
        guard saved.origin.utf8.elementsEqual(now.origin.utf8) else {
            return "it is of another store, \(saved.origin)"
        }
        guard saved.size <= now.size else {
            return "the journal has \(now.size) operations, \(saved.size) were signed"
        }
        guard saved.size < now.size else {
            return saved.root == now.root ? nil : "the journal has another root than was signed"
        }
        guard saved.size > 0 else { return nil }
        do {
            let reply = try client.get(
                "/v1/proof/consistency",
                [("from", String(saved.size)), ("to", String(now.size))],
                as: ConsistencyProofReply.self)
            let proof = ConsistencyProof(from: saved.size, to: now.size, hashes: reply.hashes)
            let isProved = proof.proves(saved.root, in: now.root)
            return isProved ? nil : "its operations are not the first \(saved.size) of the journal"
        } catch let problem as Problem {
            return "the daemon cannot prove it: \(problem.detail)"
        }
    }
}

/// What became of one saved checkpoint.
private struct ComparedCheckpoint: Encodable {
    let file: String
    /// Nil if the checkpoint cannot be believed.
    let operations: UInt64?
    /// Nil if the journal extends the checkpoint's.
    let problem: String?

    func show(_ now: Checkpoint) {
        let size = operations.map { ", \($0.counted("operation"))" } ?? ""
        if let problem {
            Terminal.output.line(
                Style.red.on("Not verified: ") + "\(file.printable)\(size): \(problem.printable)")
            return
        }
        let journal = "The journal of \(now.size.counted("operation"))"
        let deed = operations.map {
            $0 == now.size ? "is the one" : "extends the one of \($0.grouped)"
        }
        Terminal.output.line("\(journal) \(deed ?? "") (\(file.printable))")
    }
}

/// What `--since --json` writes.
private struct ComparisonReport: Encodable {
    let isVerified: Bool
    let operations: UInt64
    let root: Digest
    let origin: String
    let key: String
    let checkpoints: [ComparedCheckpoint]

    init(_ now: Checkpoint, _ key: VerifierKey, _ checkpoints: [ComparedCheckpoint]) {
        isVerified = checkpoints.allSatisfy { $0.problem == nil }
        operations = now.size
        root = now.root
        origin = now.origin
        self.key = "\(key)"
        self.checkpoints = checkpoints
    }
}
