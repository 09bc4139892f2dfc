package import ErrataCore
import LMDB
import Synchronization

extension Journal {
    /// The policy in force.
    package var policy: Policy { store.policy.withLock { $0 } }

    /// The user whom the policy cannot shut out: the one that the store belongs to.
    package var owner: UInt32 { store.options.creator.uid }

    /// Throws `forbidden` unless the policy in force permits this to `actor`.
    ///
    /// Writes are checked again by the writer, in the order of the log.
    package func authorize(_ permission: Permission, _ actor: Actor) throws(JournalError) {
        let policy = policy
        guard !policy.permits(permission, to: actor, owner: owner) else { return }
        throw .forbidden(actor, policy.roles(of: actor, owner: owner), permission, on: nil)
    }

    /// Puts another policy in force; returns the operation that did.
    ///
    /// Throws `head_moved` if another one than `expected` is in force by then.
    package func setPolicy(
        _ policy: Policy, expecting expected: Policy? = nil, author: String? = nil, actor: Actor
    ) async throws(JournalError) -> UInt64 {
        try await submit(.setPolicy(policy, expecting: expected), actor, author: author).operation
    }

    /// Returns the operations that set a policy, newest first, at most `limit`.
    package func policyOperations(limit: Int) throws(JournalError) -> [Operation] {
        var operations: [Operation] = []
        var before = try operationCount
        while operations.count < limit {
            let found = try store.read { reader in
                try store.policyRow(before: before, reader).map { try store.operation($0, reader) }
            }
            guard let found else { break }
            operations.append(found)
            before = found.sequence
        }
        return operations
    }
}

extension JournalStore {
    /// Returns the newest operation before `sequence` that set a policy.
    func policyRow(
        before sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> UInt64? {
        guard sequence > 0 else { return nil }
        let entry = try reader.withCursor(over: tables.policies) {
            try $0.seek(atMost: [UInt8](bigEndian: sequence - 1))
        }
        guard let entry else { return nil }
        guard let found = entry.key.bigEndianValue else {
            throw JournalError.corrupt("a key of the policies is not a sequence")
        }
        return found
    }

    func policy(setBy sequence: UInt64, _ reader: borrowing ReadTransaction) throws -> Policy {
        guard case .policy(let policy) = try operation(sequence, reader).body else {
            throw JournalError.corrupt("operation \(sequence) sets no policy")
        }
        return policy
    }
}
