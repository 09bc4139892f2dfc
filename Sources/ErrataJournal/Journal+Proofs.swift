package import ErrataCore
import LMDB

/// An operation's record and the proof that it is among those of a checkpoint.
package struct OperationProof: Hashable, Sendable {
    /// The bytes that are hashed into the tree.
    package let record: [UInt8]
    package let inclusion: InclusionProof
    /// The commit that the operation wrote or moved a name to, if there is one.
    package let commit: CommitID?
    package let checkpoint: SignedCheckpoint
}

/// The proof that the operations of a checkpoint begin with those of an earlier one.
package struct ExtensionProof: Hashable, Sendable {
    package let consistency: ConsistencyProof
    package let checkpoint: SignedCheckpoint
}

extension Journal {
    /// Signs what the journal is now, or was when it had `size` operations.
    ///
    /// The key is drawn when it is needed first; see SigningKeyFile.swift.
    package func checkpoint(size: UInt64? = nil) throws(JournalError) -> SignedCheckpoint {
        let (size, root) = try store.read { reader in
            let size = try store.treeSize(size, reader)
            return (size, try store.tables.frontier(size: size, reader).root)
        }
        return try signer.sign(size: size, root: root)
    }

    /// Proves that operation `sequence` is in the journal of `size` operations, all of them if nil.
    ///
    /// Takes O(log size) lookups beside the record.
    package func inclusionProof(
        of sequence: UInt64, size: UInt64? = nil
    ) throws(JournalError) -> OperationProof {
        let (record, inclusion, root) = try store.read { reader in
            let size = try store.treeSize(size, reader)
            guard sequence < size else {
                throw JournalError.unknownOperation(sequence, last: size - 1)
            }
            let key = [UInt8](bigEndian: sequence)
            guard let record = try reader.value(of: key, in: store.tables.operations) else {
                throw JournalError.corrupt("operation \(sequence) is missing")
            }
            let inclusion = try InclusionProof(of: sequence, in: size) {
                try store.tables.subtree($0, reader)
            }
            return (record, inclusion, try store.tables.frontier(size: size, reader).root)
        }
        // A proof that does not verify must be found here, not at an auditor's.
        guard inclusion.proves(MerkleTree.leafHash(record), in: root) else {
            throw .corrupt("operation \(sequence) and the Merkle tree do not agree")
        }
        return OperationProof(
            record: record, inclusion: inclusion,
            commit: try Operation(sequence: sequence, decoding: record).body.commit,
            checkpoint: try signer.sign(size: inclusion.size, root: root))
    }

    /// Proves that the journal of `to` operations, all of them if nil, begins with the one of `from`.
    package func consistencyProof(
        from: UInt64, to: UInt64? = nil
    ) throws(JournalError) -> ExtensionProof {
        let (consistency, oldRoot, root) = try store.read { reader in
            let to = try store.treeSize(to, reader)
            guard 0 < from, from <= to else { throw JournalError.noTree(of: from, within: to) }
            let consistency = try ConsistencyProof(from: from, to: to) {
                try store.tables.subtree($0, reader)
            }
            let tables = store.tables
            return (
                consistency, try tables.frontier(size: from, reader).root,
                try tables.frontier(size: to, reader).root
            )
        }
        guard consistency.proves(oldRoot, in: root) else {
            throw .corrupt(
                "the Merkle trees of \(from) and \(consistency.to) operations do not agree")
        }
        return ExtensionProof(
            consistency: consistency,
            checkpoint: try signer.sign(size: consistency.to, root: root))
    }
}

extension JournalStore {
    /// Returns `size` if the journal has or had it, and how many operations there are if it is nil.
    fileprivate func treeSize(
        _ size: UInt64?, _ reader: borrowing ReadTransaction
    ) throws -> UInt64 {
        let count = try operationCount(reader)
        guard let size else { return count }
        guard (1...max(1, count)).contains(size) else {
            throw JournalError.noTree(of: size, within: count)
        }
        return size
    }
}

extension JournalError {
    fileprivate static func noTree(of size: UInt64, within count: UInt64) -> JournalError {
        JournalError(
            .unknownOperation, "there is no journal of \(size) operations within one of \(count)")
    }
}

extension Operation {
    /// Reads a record that a proof brought, such as one from a file.
    package init(record: [UInt8], at sequence: UInt64) throws(JournalError) {
        try self.init(sequence: sequence, decoding: record)
    }
}
