import ErrataAPI
import ErrataCore

/// A value of every type of the API with every field filled.
enum Samples {
    static func all() throws -> [(name: String, value: any Encodable)] {
        let draft = FactDraft(
            key: "k", subject: "s", relation: "r", object: "o", statement: "t", prompt: "p",
            questions: ["q"], aliases: ["a"], validFrom: "2026-01-01", validTo: "2026-01-02",
            source: "u", labels: ["l": "v"])
        let commit = CommitID(.sha256([1]))
        let id = FactID(key: "k", secret: [1])
        let time = Timestamp.epoch
        let actor = ActorRecord(
            Actor(uid: 1, gid: 1, groups: [1], pid: 1, userName: "ada", socket: "/s"))
        let record = FactRecord(id: id, fact: try draft.checked())
        var change = ChangeRecord(kind: .revise, id: id, before: record, after: record)
        let counts = ChangeCounts(asserted: 1, revised: 1, retracted: 1)
        let summary = CommitSummary(
            commit: commit, operation: 1, parents: [commit], reverts: [commit], picks: [commit],
            author: "a", message: "m", time: time, actor: actor, editCount: 1, conflictCount: 1)
        let redaction = RedactionRecord(
            operation: 1, time: time, actor: actor, author: "a", reason: "r")
        let value = ConflictSideRecord(fact: record, redaction: redaction, introducedBy: summary)
        let conflict = FactConflictRecord(id: id, base: value, sides: [value, value])
        (change.conflictBefore, change.conflictAfter) = ([value], [value])
        (change.redactionBefore, change.redactionAfter) = (redaction, redaction)
        let redacted = RedactedFactRecord(id: id, redaction: redaction)
        let fields = FieldBlameRecord(field: "object", values: ["o"], introducedBy: summary)
        let warning = Warning(code: "c", message: "m", facts: [id])
        let reply = CommitReply(
            commit: commit, operation: 1, branch: "main", time: time, counts: counts,
            conflictCount: 1, warnings: [warning])
        let use = FactUse(
            id: id, key: "k", statement: "t", score: 0.5, commit: commit, time: time, author: "a",
            uid: 1, user: "ada", answer: "o")
        let refused = RefusedFact(
            id: id, key: "k", statement: "t", probability: 0.1, reason: "other_subject")
        let model = ModelReference(name: "reader", hash: "h", operation: 1)
        let side = ConflictRecord.Side(
            statement: "t", retracted: false, answer: "o", commit: commit, time: time, author: "a",
            uid: 1, user: "ada")
        let generation = GenerationRecord(
            backend: "b", promptHash: "p", answerHash: "a", maxTokens: 1, temperature: 0.5, seed: 1,
            end: "complete")
        let languageModel = LanguageModelBody(
            name: "m", directory: "/d", adapters: ["/a"], int8: true, url: "u", serverModel: "s",
            keyFile: "/k", keyVariable: "K")
        let languageRecord = LanguageModelRecord(
            model: languageModel, isLoaded: true, bytes: 1, hash: "h")
        let languageStatus = LanguageModelStatus(
            models: 1, loaded: 1, bytes: 1, bytesMax: 1, running: 1, waiting: 1, tokens: 1,
            seconds: 1)
        let answer = AnswerRecord(
            answer: nil, confidence: nil, conflicts: [ConflictRecord(id: id, sides: [side])],
            disagree: false, facts: [use], path: [id],
            refused: [refused], truncated: [id], strictness: .normal, model: model,
            generation: generation)
        let known = ModelRecord(
            name: "reader", kind: "reader", hash: "h", encoder: "e", precision: "int8",
            operation: 1, time: time, isLoaded: true, isDefault: true)
        let ref = RefRecord(name: "main", commit: commit, operation: 1, time: time)
        let line = LineProblem(line: 1, message: "m")
        let usage = UsageRecord(name: "keys", bytes: 1, rows: 1)
        let journal = JournalStatus(
            operations: 1, root: "r", branches: 1, tags: 1, head: commit, facts: 1, bytes: 1)
        let index = IndexStatusReply(
            state: "ready", encoder: "e", rows: 1, vectors: 1, facts: 1, bytes: 1, pending: 1,
            failure: "f")
        let operation = OperationRecord(
            operation: 1, type: "rollback", time: time, actor: actor, name: "main", from: commit,
            commit: commit, message: "m", author: "a", hash: "h")
        let checkpoint = CheckpointReply(
            note: "n", origin: "o", size: 2, root: commit.digest, key: "k")
        let event = EventRecord(
            event: 1, kind: "refusal", time: time, actor: actor, receipt: "r", route: "GET /v1",
            code: "c", revision: "main", commit: commit)
        let more = merging(summary, counts, change, conflict, value) + policies(actor)
        return more + requests(FactBody(draft)) + [
            ("Redaction", redaction), ("RedactedFact", redacted), ("FieldBlame", fields),
            ("ConflictRecord", ConflictRecord(id: id, sides: [side])), ("ConflictSide", side),
            ("FactRecord", record), ("Actor", actor), ("ChangeCounts", counts),
            ("Warning", warning), ("CommitReply", reply), ("CommitSummary", summary),
            (
                "RollbackReply",
                RollbackReply(branch: "b", from: commit, commit: commit, operation: 1)
            ),
            ("LogReply", LogReply(commits: [summary], next: "n")), ("ChangeRecord", change),
            (
                "CommitDetailReply",
                CommitDetailReply(summary: summary, root: "r", factCount: 1, changes: [change])
            ),
            ("DiffReply", DiffReply(from: commit, to: commit, counts: counts, changes: [change])),
            (
                "FactsReply",
                FactsReply(
                    commit: commit, operation: 1, factCount: 1, facts: [record],
                    conflicts: [conflict], redacted: [redacted], next: "n")
            ),
            ("HistoryRecord", HistoryRecord(change: change, commit: summary)),
            ("HistoryReply", HistoryReply(commit: commit, operation: 1, id: id, entries: [])),
            (
                "BlameReply",
                BlameReply(
                    commit: commit, operation: 1, id: id, fact: record, conflict: [value],
                    redaction: redaction, introducedBy: summary, fields: [fields])
            ),
            ("FactUse", use), ("RefusedFact", refused), ("ModelReference", model),
            ("GenerationRecord", generation), ("LanguageModelBody", languageModel),
            ("LanguageModelRecord", languageRecord),
            ("LanguageModelsReply", LanguageModelsReply(models: [languageRecord])),
            ("LanguageModelStatus", languageStatus),
            ("ModelRecord", known), ("ModelsReply", ModelsReply(models: [known])),
            (
                "AskReply",
                AskReply(
                    record: answer, commit: commit, operation: 1, receipt: "r", answerer: "a",
                    timings: [:])
            ),
            (
                "SearchReply",
                SearchReply(commit: commit, operation: 1, hits: [use], mode: "fused", timings: [:])
            ),
            (
                "ReceiptReply",
                ReceiptReply(
                    record: answer, id: "r", time: time, actor: actor, question: "q", k: 1,
                    commit: commit, operation: 1, answerer: "a")
            ),
            ("RefRecord", ref), ("BranchesReply", BranchesReply(branches: [ref])),
            ("TagsReply", TagsReply(tags: [ref])), ("OperationRecord", operation),
            ("OperationsReply", OperationsReply(operations: [operation], next: "n")),
            ("LineProblem", line), ("EventRecord", event),
            ("EventsReply", EventsReply(events: [event], next: "n")),
            (
                "AuditQueryReply",
                AuditQueryReply(columns: ["a"], rows: [[.null]], operation: 1, truncated: nil)
            ),
            (
                "ImportReply",
                ImportReply(
                    dryRun: true, edits: 1, unchanged: 1, duplicates: [line], duplicateCount: 1,
                    commits: [reply])
            ),
            (
                "VerifyReply",
                VerifyReply(
                    isIntact: true, operations: 1, commits: 1, facts: 1, events: 1, root: "r",
                    findings: [])
            ),
            (
                "BackupReply",
                BackupReply(directory: "/d", bytes: 1, isVerified: true, operations: 1, root: "r")
            ),
            ("UsageReply", UsageReply(bytes: 1, parts: [usage])), ("UsageRecord", usage),
            ("ProgressRecord", ProgressRecord(phase: "p", done: 1, total: 1)),
            ("JournalStatus", journal), ("IndexStatusReply", index),
            (
                "StatusReply",
                StatusReply(
                    version: "v", pid: 1, socket: "s", data: "d", startedAt: time,
                    uptimeSeconds: 1, journal: journal, index: index, answerer: "a",
                    languageModels: languageStatus, notes: [])
            ),
            ("HealthReply", HealthReply(status: "ok")),
            ("CheckpointReply", checkpoint),
            (
                "InclusionProofReply",
                InclusionProofReply(
                    operation: 1, size: 2, commit: commit, record: "AA==", leaf: commit.digest,
                    hashes: [commit.digest], checkpoint: checkpoint)
            ),
            (
                "ConsistencyProofReply",
                ConsistencyProofReply(
                    from: 1, to: 2, hashes: [commit.digest], checkpoint: checkpoint)
            ),
            (
                "Problem",
                Problem(
                    status: 400, code: "c", detail: "d", hint: "h", requestID: "r", field: "f",
                    head: commit, lines: [line], ids: ["i"], limit: 1, actual: 1)
            ),
        ]
    }

    private static func requests(_ fact: FactBody) -> [(name: String, value: any Encodable)] {
        [
            ("Fact", fact),
            (
                "CommitRequest",
                CommitRequest(
                    branch: "b", expect: "e", message: "m", author: "a", edits: [.assert(fact)])
            ),
            (
                "RevertRequest",
                RevertRequest(
                    rev: "r", by: "b", source: "s", since: .epoch, until: .epoch, branch: "b",
                    message: "m", author: "a", expect: "e", skipChanged: true, dryRun: true)
            ),
            (
                "MergeRequest",
                MergeRequest(
                    from: "f", into: "i", message: "m", author: "a", expect: "e",
                    fastForward: .only, refuseConflicts: true)
            ),
            (
                "ResolveRequest",
                ResolveRequest(
                    fact: "f", side: 1, value: "v", retract: true, branch: "b", message: "m",
                    author: "a", expect: "e")
            ),
            (
                "CherryPickRequest",
                CherryPickRequest(
                    rev: "r", branch: "b", message: "m", author: "a", expect: "e",
                    refuseConflicts: true)
            ),
            ("RedactRequest", RedactRequest(fact: "f", at: "a", reason: "r", author: "a")),
            ("UndoRequest", UndoRequest(operation: 1, author: "a")),
            ("RollbackRequest", RollbackRequest(branch: "b", to: "t", expect: "e", author: "a")),
            ("RefRequest", RefRequest(name: "n", at: "a", message: "m", author: "a")),
            (
                "AskRequest",
                AskRequest(
                    question: "q", at: "a", k: 1, model: "m", answerer: "lte",
                    strictness: .strict, maxTokens: 1, temperature: 0.5, seed: 1)
            ),
            ("SearchRequest", SearchRequest(query: "q", at: "a", k: 1)),
            ("AuditQueryRequest", AuditQueryRequest(sql: "s", limit: 1)),
            ("EmptyRequest", EmptyRequest()),
            ("BackupRequest", BackupRequest(directory: "/d", verify: true)),
        ]
    }

    private static func merging(
        _ summary: CommitSummary, _ counts: ChangeCounts, _ change: ChangeRecord,
        _ conflict: FactConflictRecord, _ side: ConflictSideRecord
    ) -> [(name: String, value: any Encodable)] {
        let (commit, id) = (summary.commit, conflict.id)
        return [
            ("FactConflictSide", side), ("FactConflict", conflict),
            (
                "ConflictsReply",
                ConflictsReply(
                    commit: commit, operation: 1, count: 1, conflicts: [conflict], next: "n")
            ),
            (
                "MergeReply",
                MergeReply(
                    branch: "b", from: commit, commit: commit, operation: 1, time: .epoch,
                    isFastForward: true, counts: counts, conflictCount: 1)
            ),
            (
                "UndoReply",
                UndoReply(
                    operation: 1, undone: 1, type: "t", name: "n", from: commit, commit: commit,
                    time: .epoch)
            ),
            (
                "RedactReply",
                RedactReply(operation: 1, id: id, valueCount: 1, time: .epoch)
            ),
            (
                "RevertPlanReply",
                RevertPlanReply(
                    branch: "b", head: commit, commits: [summary], counts: counts,
                    changes: [change], changedLater: [id])
            ),
        ]
    }

    private static func policies(
        _ actor: ActorRecord
    ) -> [(name: String, value: any Encodable)] {
        let limits = RoleLimits(editCountMax: 1, requestsPerMinuteMax: 1)
        let policy = PolicyBody(
            rules: [PolicyRule(Policy.Rule(.uid(1), .reader))], protectedBranches: ["main"],
            limits: ["reader": limits], auditsReads: true, multiValuedRelations: ["r"])
        let change = PolicyChangeRecord(
            operation: 1, time: .epoch, actor: actor, author: "a", policy: policy)
        return [
            ("RoleLimits", limits), ("Policy", policy), ("PolicyChange", change),
            ("PolicyRequest", PolicyRequest(policy: policy, expect: 1, author: "a")),
            (
                "PolicyReply",
                PolicyReply(
                    policy: policy, operation: 1, owner: 1, roles: ["admin"],
                    permissions: ["read"])
            ),
            ("PolicyLogReply", PolicyLogReply(changes: [change])),
        ]
    }
}
