package import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval
package import ErrataService

// How the values of the knowledge base look in replies.

extension ErrataAPI.CommitReply {
    init(_ outcome: CommitOutcome) {
        self.init(
            commit: outcome.commit, operation: outcome.operation, branch: outcome.branch,
            time: outcome.time, counts: ChangeCounts(outcome.changes.map(\.kind)),
            conflictCount: outcome.conflicts.count, warnings: [])
    }
}

extension ChangeCounts {
    init(_ kinds: [Edit.Kind]) {
        self.init(
            asserted: kinds.count { $0 == .assert }, revised: kinds.count { $0 == .revise },
            retracted: kinds.count { $0 == .retract })
    }
}

extension CommitSummary {
    init(_ record: CommitRecord) { self.init(CommitHeader(record)) }

    init(_ header: CommitHeader) {
        self.init(
            commit: header.id, operation: header.operation, parents: header.parents,
            reverts: header.reverts, picks: header.picks, author: header.author,
            message: header.message, time: header.time, actor: ActorRecord(header.actor),
            editCount: header.editCount, conflictCount: header.conflictCount)
    }
}

extension ErrataAPI.FactRecord {
    /// Nil for a fact whose text was redacted.
    init?(id: FactID, _ fact: Fact?) {
        guard let fact else { return nil }
        self.init(id: id, fact: fact)
    }
}

extension ErrataAPI.FactUse {
    init(_ use: ErrataService.FactUse) {
        self.init(
            id: use.id, key: use.fact.key, statement: use.fact.statement, score: use.score,
            commit: use.source.id, time: use.source.time, author: use.source.author,
            uid: use.source.actor.uid, user: use.source.actor.userName, answer: use.answer)
    }
}

extension StepTimes {
    var timings: Timings {
        var timings: Timings = ["total": 0]
        for step in steps {
            let milliseconds = (step.milliseconds * 1_000).rounded() / 1_000
            timings[step.step.rawValue] = milliseconds
            timings["total", default: 0] += milliseconds
        }
        timings["total"] = timings["total"].map { ($0 * 1_000).rounded() / 1_000 }
        return timings
    }
}

extension AnswerRecord {
    init(_ receipt: Receipt, by modelName: String, _ explanation: Explanation) {
        self.init(
            answer: explanation.answer, confidence: explanation.confidence,
            conflicts: explanation.conflicts.map { ConflictRecord($0) },
            disagree: explanation.disagrees,
            facts: explanation.facts.map { ErrataAPI.FactUse($0) }, path: explanation.path,
            refused: explanation.refused.map { ErrataAPI.RefusedFact($0) },
            truncated: explanation.truncated,
            strictness: ErrataAPI.Strictness(receipt.strictness),
            model: ModelReference(
                name: modelName, hash: receipt.answererHash.hex, operation: receipt.model),
            generation: receipt.generation.map { GenerationRecord($0) })
    }
}

extension GenerationRecord {
    init(_ generation: Receipt.Generation) {
        self.init(
            backend: generation.backend.hex, promptHash: generation.prompt.hex,
            answerHash: generation.answer.hex, maxTokens: generation.tokenCountMax,
            temperature: generation.temperature.map { Double($0) / 1e6 }, seed: generation.seed,
            end: generation.end.rawValue)
    }
}

extension ConflictRecord {
    init(_ use: ConflictUse) {
        self.init(
            id: use.id,
            sides: use.sides.map { side in
                let source = side.source
                return Side(
                    statement: side.fact?.statement, retracted: side.isRetracted,
                    answer: side.answer, commit: source.id, time: source.time,
                    author: source.author, uid: source.actor.uid,
                    user: source.actor.userName)
            })
    }
}

extension ErrataAPI.RefusedFact {
    init(_ refused: ErrataService.RefusedFact) {
        self.init(
            id: refused.id, key: refused.fact.key, statement: refused.fact.statement,
            probability: refused.probability, reason: refused.reason.code)
    }
}

extension ErrataAPI.Strictness {
    init(_ strictness: ErrataService.Strictness) {
        switch strictness {
        case .strict: self = .strict
        case .normal: self = .normal
        case .lenient: self = .lenient
        }
    }
}

extension ErrataService.Strictness {
    init(_ strictness: ErrataAPI.Strictness) {
        switch strictness {
        case .strict: self = .strict
        case .normal: self = .normal
        case .lenient: self = .lenient
        }
    }
}

extension ModelRecord {
    init(_ known: KnownModel) {
        let model = known.model
        self.init(
            name: model.name, kind: model.kind.rawValue, hash: model.hash.hex,
            encoder: model.encoder?.hex, precision: model.precision, operation: known.operation,
            time: known.time, isLoaded: known.isLoaded, isDefault: known.isDefault)
    }
}

extension AskReply {
    init(_ outcome: AskOutcome) {
        let receipt = outcome.receipt
        self.init(
            record: AnswerRecord(receipt, by: outcome.modelName, outcome.explanation),
            commit: receipt.commit,
            operation: receipt.operation, receipt: outcome.id.hex, answerer: receipt.answerer,
            timings: outcome.times.timings)
    }
}

extension SearchReply {
    init(_ outcome: SearchOutcome) {
        self.init(
            commit: outcome.commit, operation: outcome.operation,
            hits: outcome.hits.map { ErrataAPI.FactUse($0) }, mode: outcome.mode.rawValue,
            timings: outcome.times.timings)
    }
}

extension ReceiptReply {
    init(_ stored: StoredReceipt) {
        let receipt = stored.receipt
        self.init(
            record: AnswerRecord(receipt, by: stored.modelName, stored.explanation),
            id: stored.id.hex,
            time: stored.time, actor: ActorRecord(stored.actor), question: receipt.question,
            k: receipt.k, commit: receipt.commit, operation: receipt.operation,
            answerer: receipt.answerer)
    }
}

extension OperationRecord {
    init(_ operation: Operation) throws {
        let summary = try OperationSummary(operation)
        self.init(
            operation: operation.sequence, type: operation.body.name, time: operation.time,
            actor: ActorRecord(operation.actor), name: operation.body.subjectName,
            from: summary.from, commit: summary.to, message: summary.message,
            author: summary.author, hash: summary.detail["hash"])
    }
}

extension EventRecord {
    init(_ audited: AuditedEvent) {
        let event = audited.event
        self.init(
            event: event.sequence, kind: event.kind, time: event.time,
            actor: ActorRecord(event.actor), receipt: event.receipt?.hex,
            route: audited.access?.route, code: audited.access?.code,
            revision: audited.access?.revision, commit: audited.commit)
    }
}

extension VerifyReply {
    package init(_ report: StoreReport) {
        let found = report.found
        var findings = found.problems.map(\.description)
        if found.unlistedProblemCount > 0 {
            findings.append("and \(found.unlistedProblemCount) more")
        }
        self.init(
            isIntact: found.isClean, operations: found.operationCount,
            commits: found.commitCount, facts: found.payloadCount, events: found.eventCount,
            root: report.root?.hex, findings: findings)
    }
}

extension IndexStatusReply {
    init(_ index: IndexState) {
        self.init(
            state: index.phase.rawValue, encoder: index.rows.encoder, rows: index.rows.rowCount,
            vectors: index.rows.vectorCount, facts: index.rows.factCount,
            bytes: index.rows.byteCount, pending: Int(clamping: index.pendingOperations),
            failure: index.failure)
    }
}

extension JournalStatus {
    /// `bytes` is the size of the journal's files.
    init(_ status: KnowledgeBaseStatus, bytes: Int) {
        self.init(
            operations: status.operationCount, root: status.root.hex,
            branches: status.branchCount, tags: status.tagCount, head: status.head,
            facts: status.factCount, bytes: bytes)
    }
}
