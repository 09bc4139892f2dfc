package import ErrataCore

/// `GET /v1/checkpoint`, and what a proof leads to.
package struct CheckpointReply: Codable, Equatable, Sendable {
    /// The signed note: C2SP tlog-checkpoint.
    package let note: String
    /// The note's first line: which store this is.
    package let origin: String
    /// How many operations it is about.
    package let size: UInt64
    /// Their Merkle root.
    package let root: Digest
    /// What the note is checked with; to be noted where the daemon cannot write.
    package let key: String

    package init(note: String, origin: String, size: UInt64, root: Digest, key: String) {
        self.note = note
        self.origin = origin
        self.size = size
        self.root = root
        self.key = key
    }
}

/// `GET /v1/proof/inclusion`.
package struct InclusionProofReply: Codable, Equatable, Sendable {
    package let operation: UInt64
    /// How many operations the tree has: those of the checkpoint.
    package let size: UInt64
    /// The commit that the operation wrote or moved a name to.
    package let commit: CommitID?
    /// The operation's record in base64: SHA-256 of a zero byte and these is the leaf.
    package let record: String
    package let leaf: Digest
    /// The hashes beside the way from the leaf up to the root, lowest first.
    package let hashes: [Digest]
    package let checkpoint: CheckpointReply

    package init(
        operation: UInt64, size: UInt64, commit: CommitID?, record: String, leaf: Digest,
        hashes: [Digest], checkpoint: CheckpointReply
    ) {
        self.operation = operation
        self.size = size
        self.commit = commit
        self.record = record
        self.leaf = leaf
        self.hashes = hashes
        self.checkpoint = checkpoint
    }
}

/// `GET /v1/proof/consistency`.
package struct ConsistencyProofReply: Codable, Equatable, Sendable {
    package let from: UInt64
    package let to: UInt64
    /// Lowest first; none if both sizes are the same.
    package let hashes: [Digest]
    /// The checkpoint of `to` operations.
    package let checkpoint: CheckpointReply

    package init(from: UInt64, to: UInt64, hashes: [Digest], checkpoint: CheckpointReply) {
        self.from = from
        self.to = to
        self.hashes = hashes
        self.checkpoint = checkpoint
    }
}
