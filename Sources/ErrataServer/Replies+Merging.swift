import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService

// How merges, conflicts, redactions and what is taken back look in replies.

extension MergeReply {
    init(_ result: MergeResult) {
        let counts = ChangeCounts(result.changes.map(\.kind))
        switch result.outcome {
        case .fastForward(let move):
            self.init(
                branch: move.name, from: result.from, commit: move.commit,
                operation: move.operation, time: move.time, isFastForward: true, counts: counts,
                conflictCount: 0)
        case .commit(let commit):
            self.init(
                branch: commit.branch, from: result.from, commit: commit.commit,
                operation: commit.operation, time: commit.time, isFastForward: false,
                counts: counts, conflictCount: commit.conflicts.count)
        }
    }
}

extension RedactionRecord {
    init(_ redaction: Redaction) {
        self.init(
            operation: redaction.operation, time: redaction.time,
            actor: ActorRecord(redaction.actor), author: redaction.author,
            reason: redaction.reason)
    }
}

extension FactState {
    /// Who took the text away, if somebody did.
    var redaction: RedactionRecord? {
        if case .redacted(let redaction?) = self { return RedactionRecord(redaction) }
        return nil
    }

    /// The values in conflict, nil if it is none; `origins` are the commits behind them, if they are known.
    func conflict(of id: FactID, _ origins: [CommitHeader] = []) -> [ConflictSideRecord]? {
        guard case .conflict(let sides) = self else { return nil }
        return sides.enumerated().map { i, side in
            ConflictSideRecord(id, side, i < origins.count ? origins[i] : nil)
        }
    }
}

extension ConflictSideRecord {
    init(_ id: FactID, _ state: FactState, _ origin: CommitHeader? = nil) {
        self.init(
            fact: ErrataAPI.FactRecord(id: id, state.fact), redaction: state.redaction,
            introducedBy: origin.map { CommitSummary($0) })
    }
}

extension FactConflictRecord {
    init(_ conflict: FactConflict) {
        self.init(
            id: conflict.id,
            base: conflict.base == .notBelieved
                ? nil : ConflictSideRecord(conflict.id, conflict.base),
            sides: conflict.sides.map { ConflictSideRecord(conflict.id, $0.state, $0.commit) })
    }

    /// The values alone; nil if the fact is not in conflict.
    init?(_ view: FactView) {
        guard let sides = view.state.conflict(of: view.id) else { return nil }
        self.init(id: view.id, base: nil, sides: sides)
    }
}

extension RedactedFactRecord {
    /// Nil if the fact's text is there.
    init?(_ view: FactView) {
        guard let redaction = view.state.redaction else { return nil }
        self.init(id: view.id, redaction: redaction)
    }
}

extension ChangeRecord {
    init(_ difference: FactDifference) {
        let id = difference.edit.fact
        self.init(
            kind: difference.edit.kind, id: id,
            before: ErrataAPI.FactRecord(id: id, difference.before.fact),
            after: ErrataAPI.FactRecord(id: id, difference.after.fact))
        conflictBefore = difference.before.conflict(of: id)
        conflictAfter = difference.after.conflict(of: id)
        redactionBefore = difference.before.redaction
        redactionAfter = difference.after.redaction
    }
}

extension BlameReply {
    init(_ blame: BlameOutcome, at commit: CommitHeader) {
        self.init(
            commit: commit.id, operation: commit.operation, id: blame.id,
            fact: ErrataAPI.FactRecord(id: blame.id, blame.state.fact),
            conflict: blame.state.conflict(of: blame.id, blame.sides),
            redaction: blame.state.redaction, introducedBy: CommitSummary(blame.commit),
            fields: blame.fields?.map {
                FieldBlameRecord(
                    field: $0.field.rawValue, values: $0.values,
                    introducedBy: CommitSummary($0.commit))
            })
    }
}

extension RevertPlanReply {
    init(_ plan: RevertPlan, branch: String) {
        let changes = plan.changes.map { ChangeRecord($0) }
        self.init(
            branch: branch, head: plan.head, commits: plan.commits.map { CommitSummary($0) },
            counts: ChangeCounts(changes.map(\.kind)), changes: changes,
            changedLater: plan.changedLater)
    }
}

extension UndoReply {
    init(_ undone: Operation, _ outcome: UndoOutcome, from: CommitID?) {
        self.init(
            operation: outcome.operation, undone: undone.sequence, type: undone.body.name,
            name: outcome.name, from: from, commit: outcome.commit, time: outcome.time)
    }
}
