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
    let conflicts: [Conflict]
    let body: OperationBody
    /// The slots of its new payloads.
    let slots: [UInt64]
}

extension JournalStore {
    /// Writes operation 0: the commit of no facts, and `main` at it.
    func initialize() throws {
        let request = WriteRequest(
            action: .initialize, actor: options.creator, loan: SlotLoan(of: keys))
        for outcome in try write([request]) { _ = try outcome.get() }
    }

    /// Writes the requests in order, in one transaction: all that are valid become durable together.
    ///
    /// A refusal is the result of its request. Trouble with the disk is thrown: then none was written.
    func write(_ requests: [WriteRequest]) throws -> [Result<WriteOutcome, JournalError>] {
        let outcomes = try position.withLock { position in
            let before = position
            var isDurable = false
            defer { if !isDurable { cachedTrie.cache?.removeAll() } }
            var isAgain = false
            // The body may run twice, so it starts from the same position each time.
            let (after, outcomes) = try environment.write { transaction in
                if isAgain { cachedTrie.cache?.removeAll() }
                isAgain = true
                var position = before
                var outcomes: [Result<WriteOutcome, JournalError>] = []
                for request in requests {
                    outcomes.append(try write(request, &position, transaction))
                }
                return (position, outcomes)
            }
            isDurable = true
            position = after
            policy.withLock { $0 = after.policy }
            operationCount.store(after.frontier.size, ordering: .releasing)
            return outcomes
        }
        for (request, outcome) in zip(requests, outcomes) {
            if let slots = try? outcome.get().slots { request.loan.keep(slots) }
        }
        return outcomes.map { $0.flatMap(erasing) }
    }

    /// Erases the keys of what a redaction took away, now that the journal says so for good.
    private func erasing(_ outcome: WriteOutcome) -> Result<WriteOutcome, JournalError> {
        guard case .redact(let fact, let leaves, _) = outcome.body else { return .success(outcome) }
        do throws(JournalError) {
            try eraseKeys(of: leaves.map { PayloadKey(fact, $0) })
            return .success(outcome)
        } catch {
            return .failure(
                JournalError(
                    error.code,
                    "operation \(outcome.operation) redacts the fact \(fact.hex), but its keys are not "
                        + "erased yet: \(error.message)",
                    hint: "Mend the disk and restart the daemon: it erases them when it starts."))
        }
    }

    private func write(
        _ request: WriteRequest, _ position: inout JournalPosition,
        _ transaction: borrowing WriteTransaction
    ) throws -> Result<WriteOutcome, JournalError> {
        let time = position.nextTime(options.clock())
        let planner = OperationPlanner(
            store: self, position: position, time: time, loan: request.loan)
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
            rootBefore: position.frontier.root, body: plan.body,
            author: plan.commit == nil ? request.author : nil)
        try write(plan, operation, &position, transaction)
        return .success(
            WriteOutcome(
                operation: operation.sequence, time: time, ref: plan.ref,
                changes: plan.commit?.edits ?? [],
                unchangedCount: plan.commit?.unchangedCount ?? 0,
                conflicts: plan.commit?.conflicts ?? [], body: plan.body,
                slots: plan.commit?.payloads.map(\.sealed.slot) ?? []))
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
            try write(commit.payloads, &position, transaction)
        }
        if let change = plan.refChange {
            try publish(change, at: operation.sequence, transaction)
        }
        for row in operation.body.markRows(at: operation.sequence, tables) {
            try transaction.insert(row.value, for: row.key, in: row.table)
        }
        if case .policy(let policy) = operation.body { position.policy = policy }
        if case .redact(let fact, let leaves, _) = operation.body {
            try empty(leaves.map { PayloadKey(fact, $0) }, transaction)
            recentPayloads.withLock { $0.addRedaction(at: operation.sequence) }
        }
        if case .initialize = operation.body {
            let format = FormatRow(store: keys.store).encoded
            try transaction.put(format, for: JournalFormat.formatKey, in: tables.meta)
            let layout = [UInt8](bigEndian: JournalFormat.derivedLayout)
            try transaction.put(layout, for: JournalFormat.derivedKey, in: tables.meta)
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
        for edit in commit.edits {
            let row = HistoryRow(commit: commit.id, old: edit.old, new: edit.new)
            try transaction.insert(row.encoded, for: edit.fact.bytes + key, in: tables.history)
        }
        for conflict in commit.conflicts {
            // The same conflict may come up again, and is the same row then.
            try transaction.put(
                conflict.cbor.encoded, for: PayloadKey(conflict.fact, conflict.leaf).bytes,
                in: tables.conflicts)
        }
    }

    /// Stores the payloads that the next operation brings, and counts their slots.
    private func write(
        _ payloads: [(name: PayloadKey, sealed: SealedPayload)],
        _ position: inout JournalPosition, _ transaction: borrowing WriteTransaction
    ) throws {
        let hadGaps = position.slots.hasGaps
        for payload in payloads {
            try transaction.insert(
                payload.sealed.encoded, for: payload.name.bytes, in: tables.payloads)
            position.slots.add(payload.sealed.slot)
        }
        recentPayloads.withLock { recent in
            for payload in payloads {
                recent.add(payload.name.fact, at: position.frontier.size - 1)
            }
        }
        try transaction.put(
            position.slots.encoded, for: JournalFormat.slotsKey, in: tables.meta)
        if position.slots.hasGaps != hadGaps {
            let format = FormatRow(store: keys.store, hasGaps: !hadGaps).encoded
            try transaction.put(format, for: JournalFormat.formatKey, in: tables.meta)
        }
    }

    /// Leaves nothing of these payloads but their slots, which say which keys to erase.
    private func empty(
        _ names: [PayloadKey], _ transaction: borrowing WriteTransaction
    ) throws {
        for name in names {
            guard let row = try transaction.reader.value(of: name.bytes, in: tables.payloads),
                let sealed = SealedPayload(decoding: row)
            else { throw JournalError.corrupt("the redacted fact \(name.fact.hex) has no payload") }
            try transaction.put(
                [UInt8](bigEndian: sealed.slot), for: name.bytes, in: tables.payloads)
        }
    }

    /// Moves a name and notes the move.
    private func publish(
        _ change: RefChange, at sequence: UInt64,
        _ transaction: borrowing WriteTransaction
    ) throws {
        let table = change.kind == .branch ? tables.branches : tables.tags
        if let commit = change.new {
            let row = RefRow(commit: commit, sequence: sequence)
            try transaction.put(row.encoded, for: change.name.key, in: table)
        } else {
            try transaction.delete(change.name.key, in: table)
        }
        let logged = change.new?.bytes ?? []
        try transaction.insert(logged, for: change.name.reflogKey(sequence), in: tables.reflog)
    }
}

extension OperationPlan {
    /// The name that the operation wrote, and where it points or pointed last; nil where it wrote none.
    fileprivate var ref: (name: RefName, commit: CommitID)? {
        guard let change = refChange, let target = commit?.id ?? target else { return nil }
        return (change.name, target)
    }
}

extension OperationBody {
    /// A derived row that says that the operation is of its kind.
    struct MarkRow {
        let table: Table
        let key: [UInt8]
        let value: [UInt8]
    }

    /// Returns the rows by which models, policies and redactions are found.
    func markRows(at sequence: UInt64, _ tables: JournalTables) -> [MarkRow] {
        let number = [UInt8](bigEndian: sequence)
        switch self {
        case .model(let model):
            let key = model.key(sequence)
            return [MarkRow(table: tables.models, key: key, value: model.hash.bytes)]
        case .policy: return [MarkRow(table: tables.policies, key: number, value: [])]
        case .redact(let fact, let leaves, _):
            return leaves.map {
                MarkRow(
                    table: tables.redactions, key: PayloadKey(fact, $0).bytes, value: number)
            }
        default: return []
        }
    }
}
