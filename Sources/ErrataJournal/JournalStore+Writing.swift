import ErrataCore
import LMDB
import Synchronization

/// What became of a request.
struct WriteOutcome: Sendable {
    let operation: UInt64
    let time: Timestamp
    /// The name that was written and the commit it stands for; nil where the operation wrote none.
    let ref: (name: RefName, commit: CommitID)?
    let changes: [Edit]
    let unchangedCount: Int
}

extension JournalStore {
    /// Writes operation 0: the commit of no facts, and `main` at it.
    func initialize() throws {
        let request = WriteRequest(action: .initialize, actor: options.creator)
        for outcome in try write([request]) { _ = try outcome.get() }
    }

    /// Writes the requests in order, in one transaction: all that are valid become durable together.
    ///
    /// A refusal is the result of its request. Trouble with the disk is thrown: then none was written.
    func write(_ requests: [WriteRequest]) throws -> [Result<WriteOutcome, JournalError>] {
        try position.withLock { position in
            let before = position
            // The body may run twice, so it starts from the same position each time.
            let (after, outcomes) = try environment.write { transaction in
                var position = before
                var outcomes: [Result<WriteOutcome, JournalError>] = []
                for request in requests {
                    outcomes.append(try write(request, &position, transaction))
                }
                return (position, outcomes)
            }
            position = after
            return outcomes
        }
    }

    private func write(
        _ request: WriteRequest, _ position: inout JournalPosition,
        _ transaction: borrowing WriteTransaction
    ) throws -> Result<WriteOutcome, JournalError> {
        let time = position.nextTime(options.clock())
        let planner = OperationPlanner(store: self, position: position, time: time)
        let plan: OperationPlan
        do {
            plan = try planner.plan(request, transaction.reader)
        } catch let error as LMDBError {
            throw error
        } catch {
            return .failure(JournalError(wrapping: error))
        }
        let operation = Operation(
            sequence: position.frontier.size, time: time, actor: request.actor,
            rootBefore: position.frontier.root, body: plan.body)
        try write(plan, operation, &position, transaction)
        return .success(
            WriteOutcome(
                operation: operation.sequence, time: time, ref: plan.effect.ref,
                changes: plan.commit?.edits ?? [],
                unchangedCount: plan.commit?.unchangedCount ?? 0))
    }

    // MARK: Rows

    private func write(
        _ plan: OperationPlan, _ operation: Operation, _ position: inout JournalPosition,
        _ transaction: borrowing WriteTransaction
    ) throws {
        let key = [UInt8](bigEndian: operation.sequence)
        let record = operation.encoded
        try transaction.append(record, for: key, in: tables.operations)
        for subtree in position.frontier.append(leafHash: MerkleTree.leafHash(record)) {
            try transaction.insert(subtree.hash.bytes, for: subtree.node.key, in: tables.merkle)
        }
        position.lastTime = operation.time
        if let commit = plan.commit {
            try write(commit, at: key, transaction)
            position.nextSlot = commit.nextSlot
            let slots = [UInt8](bigEndian: commit.nextSlot)
            try transaction.put(slots, for: JournalFormat.slotsKey, in: tables.meta)
        }
        switch plan.effect {
        case .ref(let change, _): try publish(change, at: operation.sequence, transaction)
        case .model(let model):
            let row = model.key(operation.sequence)
            try transaction.insert(model.hash.bytes, for: row, in: tables.models)
        }
        if case .initialize = operation.body {
            let format = FormatRow(store: keys.store).encoded
            try transaction.put(format, for: JournalFormat.formatKey, in: tables.meta)
        }
    }

    /// Stores a commit; nobody sees it before its branch is moved.
    private func write(
        _ commit: CommitPlan, at key: [UInt8], _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.insert(commit.row.encoded, for: commit.id.bytes, in: tables.commits)
        if !commit.nodes.isEmpty {
            try transaction.append(commit.nodes, for: key, in: tables.nodes)
        }
        for payload in commit.payloads {
            try transaction.insert(
                payload.sealed.encoded, for: payload.name.bytes, in: tables.payloads)
        }
        for edit in commit.edits {
            let row = HistoryRow(commit: commit.id, old: edit.old, new: edit.new)
            try transaction.insert(row.encoded, for: edit.fact.bytes + key, in: tables.history)
        }
    }

    /// Moves a name and notes the move.
    private func publish(
        _ change: OperationPlan.RefChange, at sequence: UInt64,
        _ transaction: borrowing WriteTransaction
    ) throws {
        let table = change.kind == .branch ? tables.branches : tables.tags
        if let commit = change.commit {
            let row = RefRow(commit: commit, sequence: sequence)
            try transaction.put(row.encoded, for: change.name.key, in: table)
        } else {
            try transaction.delete(change.name.key, in: table)
        }
        let logged = change.commit?.bytes ?? []
        try transaction.insert(logged, for: change.name.reflogKey(sequence), in: tables.reflog)
    }
}

extension OperationPlan.Effect {
    fileprivate var ref: (name: RefName, commit: CommitID)? {
        guard case .ref(let change, let target) = self else { return nil }
        return (change.name, target)
    }
}

/// One change of one fact, the value of `history` under FactID and sequence.
///
/// Commit id (32), flags (1): bit 0 for an old leaf, bit 1 for a new one; then those leaves.
struct HistoryRow: Equatable, Sendable {
    let commit: CommitID
    let old: Leaf?
    let new: Leaf?

    var encoded: [UInt8] {
        let flags: UInt8 = (old == nil ? 0 : 1) | (new == nil ? 0 : 2)
        return commit.bytes + [flags] + (old?.bytes ?? []) + (new?.bytes ?? [])
    }

    init(commit: CommitID, old: Leaf?, new: Leaf?) {
        self.commit = commit
        self.old = old
        self.new = new
    }

    init?(decoding bytes: [UInt8]) {
        guard bytes.count > CommitID.byteCount, let commit = CommitID(bytes.prefix(32)),
            bytes[32] <= 3
        else { return nil }
        var rest = bytes.dropFirst(33)
        func leaf(_ bit: UInt8) -> Leaf?? {
            guard bytes[32] & bit != 0 else { return .some(nil) }
            guard let leaf = Leaf(rest.prefix(Digest.byteCount)) else { return nil }
            rest = rest.dropFirst(Digest.byteCount)
            return leaf
        }
        guard let old = leaf(1), let new = leaf(2), rest.isEmpty else { return nil }
        self.init(commit: commit, old: old, new: new)
    }
}
