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
        for outcome in write([request]) { _ = try outcome.get() }
    }

    /// Writes the requests in order; those that single rows suffice for become durable together.
    ///
    /// A refusal is the result of its request, and so is trouble with the disk.
    func write(_ requests: [WriteRequest]) -> [Result<WriteOutcome, JournalError>] {
        var outcomes: [Result<WriteOutcome, JournalError>] = []
        var countMax = Int.max
        while outcomes.count < requests.count {
            let rest = requests.dropFirst(outcomes.count)
            do {
                let batch = try planNext(Array(rest.prefix(countMax)))
                try store(batch)
                outcomes += batch.outcomes
            } catch {
                forgetPlans()
                if (error as? LMDBError)?.kind == .transactionTooLarge, countMax > 1, rest.count > 1
                {
                    // Together they touch too many pages; alone each may fit.
                    countMax = 1
                    continue
                }
                outcomes.append(.failure(JournalError(wrapping: error)))
            }
        }
        return outcomes.map { $0.flatMap(erasing) }
    }

    /// Plans as many of `requests`, from the first on, as can be stored together: one at least.
    private func planNext(_ requests: [WriteRequest]) throws -> PlannedBatch {
        let start = position.withLock(\.self)
        if requests.count > 1 {
            let batch = planAhead(requests, from: start, over: PendingRows())
            if !batch.requests.isEmpty { return batch }
        }
        return try environment.read { reader in
            var batch = PlannedBatch(end: start)
            batch.requests = [requests[0]]
            batch.outcomes = [try plan(requests[0], &batch.end, &batch.changes, reader)]
            return batch
        }
    }

    /// Lets everybody see that the operations before `position` are durable.
    private func publish(_ position: JournalPosition) {
        policy.withLock { $0 = position.policy }
        operationCount.store(position.frontier.size, ordering: .releasing)
    }

    private func keepSlots(
        of requests: [WriteRequest], _ outcomes: [Result<WriteOutcome, JournalError>]
    ) {
        for (request, outcome) in zip(requests, outcomes) {
            if let slots = try? outcome.get().slots { request.loan.keep(slots) }
        }
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

    // MARK: Ahead

    /// Plans what it can of `requests`, from the first on, on rows that are not stored yet: `position` and `pending`
    /// are those after them.
    ///
    /// The plan ends before a request that needs more than single rows. What it will store is added to `pending`.
    func planAhead(
        _ requests: [WriteRequest], from position: JournalPosition, over pending: PendingRows
    ) -> PlannedBatch {
        var batch = PlannedBatch(end: position)
        // The first request that fails here is planned again when all before it is stored, and fails there.
        try? environment.read(over: pending) { reader in
            for request in requests.dropFirst(batch.requests.count) {
                guard case .commit = request.action else { return }
                var changes = Changes()
                let outcome = try plan(request, &batch.end, &changes, reader)
                pending.add(changes)
                batch.changes.append(contentsOf: changes)
                batch.requests.append(request)
                batch.outcomes.append(outcome)
            }
        }
        return batch
    }

    /// Stores a batch whose plan began where the journal ends now; all of it becomes durable, or it throws.
    func store(_ batch: PlannedBatch) throws {
        try position.withLock { position in
            if !batch.changes.isEmpty { try environment.commit(batch.changes) }
            position = batch.end
            publish(position)
        }
        keepSlots(of: batch.requests, batch.outcomes)
    }

    // MARK: Planning

    /// Plans `request` at `position`, which moves on unless the request is refused, and adds what it changes.
    private func plan(
        _ request: WriteRequest, _ position: inout JournalPosition, _ changes: inout Changes,
        _ reader: borrowing ReadTransaction
    ) throws -> Result<WriteOutcome, JournalError> {
        let time = position.nextTime(options.clock())
        let planner = OperationPlanner(
            store: self, position: position, time: time, loan: request.loan)
        let plan: OperationPlan
        do {
            plan = try planner.plan(request, reader)
        } catch let error as LMDBError {
            throw error
        } catch {
            return .failure(JournalError(wrapping: error))
        }
        let operation = Operation(
            sequence: position.frontier.size, time: time, actor: request.actor,
            rootBefore: position.frontier.root, body: plan.body,
            author: plan.commit == nil ? request.author : nil)
        try add(plan, operation, &position, &changes, reader)
        return .success(
            WriteOutcome(
                operation: operation.sequence, time: time, ref: plan.ref,
                changes: plan.commit?.edits ?? [],
                unchangedCount: plan.commit?.unchangedCount ?? 0,
                conflicts: plan.commit?.conflicts ?? [], body: plan.body,
                slots: plan.commit?.payloads.map(\.sealed.slot) ?? []))
    }

    // MARK: Rows

    private func add(
        _ plan: OperationPlan, _ operation: Operation, _ position: inout JournalPosition,
        _ changes: inout Changes, _ reader: borrowing ReadTransaction
    ) throws {
        let key = [UInt8](bigEndian: operation.sequence)
        let record = operation.encoded
        changes.append(record, for: key, in: tables.operations)
        for subtree in position.frontier.append(leafHash: MerkleTree.leafHash(record)) {
            changes.insert(subtree.hash.bytes, for: subtree.node.key, in: tables.merkle)
        }
        position.lastTime = operation.time
        if let commit = plan.commit {
            add(commit, at: key, &changes)
            add(commit.payloads, &position, &changes)
        }
        if let change = plan.refChange {
            add(change, at: operation.sequence, &changes)
        }
        for row in operation.body.markRows(at: operation.sequence, tables) {
            changes.insert(row.value, for: row.key, in: row.table)
        }
        if case .policy(let policy) = operation.body { position.policy = policy }
        if case .redact(let fact, let leaves, _) = operation.body {
            try empty(leaves.map { PayloadKey(fact, $0) }, &changes, reader)
            valueMemory.withLock { $0.addRedaction(at: operation.sequence) }
        }
        if case .initialize = operation.body {
            let format = FormatRow(store: keys.store).encoded
            changes.put(format, for: JournalFormat.formatKey, in: tables.meta)
            let layout = [UInt8](bigEndian: JournalFormat.derivedLayout)
            changes.put(layout, for: JournalFormat.derivedKey, in: tables.meta)
        }
    }

    /// Stores a commit; nobody sees it before its branch is moved.
    private func add(_ commit: CommitPlan, at key: [UInt8], _ changes: inout Changes) {
        changes.insert(commit.row.encoded, for: commit.id.bytes, in: tables.commits)
        if !commit.nodes.isEmpty {
            changes.append(commit.nodes, for: key, in: tables.nodes)
        }
        for edit in commit.edits {
            let row = HistoryRow(commit: commit.id, old: edit.old, new: edit.new)
            changes.insert(row.encoded, for: edit.fact.bytes + key, in: tables.history)
        }
        for conflict in commit.conflicts {
            // The same conflict may come up again, and is the same row then.
            changes.put(
                conflict.cbor.encoded, for: PayloadKey(conflict.fact, conflict.leaf).bytes,
                in: tables.conflicts)
        }
    }

    /// Stores the payloads that the last operation brings, and counts their slots.
    private func add(
        _ payloads: [NewPayload], _ position: inout JournalPosition, _ changes: inout Changes
    ) {
        let sequence = position.frontier.size - 1
        let hadGaps = position.slots.hasGaps
        for payload in payloads {
            let row = PayloadRow(at: sequence, payload.name, payload.sealed)
            changes.append(row.value, for: row.key, in: tables.payloads)
            changes.insert(
                row.place.encoded, for: PayloadPlace.key(of: row.name), in: tables.history)
            position.slots.add(payload.sealed.slot)
        }
        valueMemory.withLock { memory in
            for payload in payloads { memory.add(payload.hash, payload.name.leaf, at: sequence) }
        }
        changes.put(
            position.slots.encoded, for: JournalFormat.slotsKey, in: tables.meta)
        if position.slots.hasGaps != hadGaps {
            let format = FormatRow(store: keys.store, hasGaps: !hadGaps).encoded
            changes.put(format, for: JournalFormat.formatKey, in: tables.meta)
        }
    }

    /// Leaves nothing of these payloads but their slots, which say which keys to erase.
    private func empty(
        _ names: [PayloadKey], _ changes: inout Changes, _ reader: borrowing ReadTransaction
    ) throws {
        for name in names {
            guard let full = try payload(name, reader) else {
                throw JournalError.corrupt("the redacted fact \(name.fact.hex) has no payload")
            }
            let row = PayloadRow(at: full.sequence, name, full.sealed.emptied)
            changes.put(row.value, for: row.key, in: tables.payloads)
            changes.put(row.place.encoded, for: PayloadPlace.key(of: name), in: tables.history)
        }
    }

    /// Moves a name and notes the move.
    private func add(_ change: RefChange, at sequence: UInt64, _ changes: inout Changes) {
        let table = change.kind == .branch ? tables.branches : tables.tags
        if let commit = change.new {
            let row = RefRow(commit: commit, sequence: sequence)
            changes.put(row.encoded, for: change.name.key, in: table)
        } else {
            changes.delete(change.name.key, in: table)
        }
        let logged = change.new?.bytes ?? []
        changes.insert(logged, for: change.name.reflogKey(sequence), in: tables.reflog)
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
