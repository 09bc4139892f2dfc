import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal

extension ProofCommand {
    /// Has the daemon prove one record, and checks it.
    func proveRecord(_ rev: String) throws {
        let operation = rev.hasPrefix("@") ? UInt64(rev.dropFirst()) : nil
        let reply = try daemon.client.get(
            "/v1/proof/inclusion",
            [
                ("operation", operation.map(String.init)), ("rev", operation == nil ? rev : nil),
                ("size", size.map(String.init)),
            ], as: InclusionProofReply.self)
        let keys = try keys.trusted(or: reply.checkpoint.key)
        _ = try reply.checkpoint.verified(by: keys)
        let proved = try ProvedRecord(try reply.proof, by: keys)
        try proved.check(reply, answers: rev, operation)
        if let out { try ProofFile.write("\(proved.proof)", to: out) }
        try daemon.show(reply) { _ in
            proved.show()
            self.keys.explain()
        }
    }

    /// Checks a proof in a file, without a daemon.
    func checkFile(_ path: String) throws {
        let text = try ProofFile.text(of: path)
        let proof: RecordProof
        do { proof = try RecordProof(text) } catch {
            throw Failure("\(path) is not a proof: \(error)")
        }
        let proved = try ProvedRecord(proof, by: try keys.given())
        try daemon.show(RecordReport(proved)) { _ in proved.show() }
    }
}

extension InclusionProofReply {
    fileprivate var proof: RecordProof {
        get throws {
            guard let record = Base64.decode(record) else {
                throw Failure("the daemon's record is not base64")
            }
            do {
                return RecordProof(
                    record: record, index: operation, hashes: hashes,
                    note: try SignedNote(checkpoint.note))
            } catch { throw Failure("the daemon's checkpoint is not a signed note: \(error)") }
        }
    }
}

/// A record whose proof was checked.
private struct ProvedRecord {
    let proof: RecordProof
    let operation: ErrataJournal.Operation
    let checkpoint: Checkpoint
    let key: VerifierKey

    init(_ proof: RecordProof, by keys: [VerifierKey]) throws {
        do { (checkpoint, key) = try proof.verified(by: keys) } catch {
            throw Failure("the proof does not verify: \(error)")
        }
        do {
            operation = try Operation(record: proof.record, at: proof.index)
        } catch {
            throw Failure(
                "the record is proved but cannot be read: \(error.message)",
                hint: "Use the errata that wrote it, or a later one.")
        }
        self.proof = proof
    }

    /// The commit that the record holds; nil if it holds none.
    var commit: CommitID? { operation.body.commitBytes.map { CommitID(.sha256($0)) } }

    /// Throws unless what was proved is what was asked for.
    func check(_ reply: InclusionProofReply, answers rev: String, _ asked: UInt64?) throws {
        guard reply.size == checkpoint.size, reply.leaf == proof.leaf else {
            throw Failure("the daemon's proof and the reply around it do not agree")
        }
        if let asked {
            guard proof.index == asked else {
                throw Failure("the daemon proved operation \(proof.index), not \(asked)")
            }
            return
        }
        guard let commit, commit == reply.commit else {
            throw Failure("operation \(proof.index) does not hold the commit of '\(rev)'")
        }
        // What an id stands for needs no trust; what a name stands for is the daemon's word.
        if let revision = try? Revision(rev), revision.steps == 0,
            case .commitPrefix(let digits) = revision.base, !commit.hex.hasPrefix(digits)
        {
            throw Failure("the daemon proved commit \(commit.short), not \(digits)")
        }
    }

    func show() {
        let place =
            "operation \(proof.index.grouped) in the journal of "
            + checkpoint.size.counted("operation")
        Terminal.output.line(
            commit.map { "Commit \(Style.yellow.on($0.short)) is \(place)" } ?? "Proved: \(place)")
        Terminal.output.line("  type    \(operation.body.name) \(operation.body.subjectName)")
        Terminal.output.line("  time    \(operation.time.display)")
        Terminal.output.line("  user    \(ActorRecord(operation.actor).full)")
        if let bytes = operation.body.commitBytes, let commit = try? Commit(decoding: bytes) {
            if let author = commit.author { Terminal.output.line("  author  \(author.printable)") }
            Terminal.output.line("  message \(commit.message.fitting(Columns.max - 10))")
        }
        Terminal.output.line("  leaf    \(proof.leaf)")
        Terminal.output.line("  root    \(checkpoint.root)")
        Terminal.output.line("  signed  \(key.shortName.printable)")
        let path = proof.hashes.count == 1 ? "1 hash" : "\(proof.hashes.count) hashes"
        Terminal.error.line(
            "Checked here: the record's hash, the path of \(path) to the root, the signature.")
    }
}

/// What `--check --json` writes.
private struct RecordReport: Encodable {
    let operation: UInt64
    let type: String
    let time: Timestamp
    let actor: ActorRecord
    let commit: CommitID?
    let size: UInt64
    let root: Digest
    let leaf: Digest
    let origin: String
    let key: String

    init(_ proved: ProvedRecord) {
        operation = proved.proof.index
        type = proved.operation.body.name
        time = proved.operation.time
        actor = ActorRecord(proved.operation.actor)
        commit = proved.commit
        size = proved.checkpoint.size
        root = proved.checkpoint.root
        leaf = proved.proof.leaf
        origin = proved.checkpoint.origin
        key = "\(proved.key)"
    }
}
