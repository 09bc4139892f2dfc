import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Testing

@Suite("Merging, taking back and choosing")
struct MergingTests {
    private let directory: TemporaryDirectory
    private let base: KnowledgeBase
    private let fact = "Twitter|CEO"

    init() throws {
        directory = try TemporaryDirectory()
        base = try KnowledgeBase(
            .init(dataDirectory: directory.file("data"), indexWait: .seconds(30)))
    }

    @discardableResult
    private func set(
        _ subject: String, _ relation: String, _ object: String, on branch: String = "main",
        source: String? = nil, author: String? = nil, by actor: Actor = .ada
    ) async throws -> CommitID {
        let draft = FactDraft(
            subject: subject, relation: relation, object: object, source: source)
        return try await base.commit(
            CommitRequest(
                branch: branch, author: author, message: "Set", edits: [.assert(draft)]),
            actor: actor
        ).commit
    }

    private func objects(at revision: String) throws -> [String] {
        try base.facts(at: revision, limit: 100).page.items.map { view in
            view.fact?.object ?? "?"
        }.sorted()
    }

    /// Makes `draft` and changes the fact on both branches.
    private func diverge() async throws {
        try await set("Twitter", "CEO", "Elon Musk")
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        try await set("Twitter", "CEO", "Linda Yaccarino", on: "draft", by: .grace)
        try await set("Twitter", "CEO", "Jack Dorsey")
    }

    // MARK: Conflicts

    @Test("a conflict lists its base and sides, each with who wrote it")
    func conflicts() async throws {
        try await diverge()
        let merged = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        guard case .commit(let outcome) = merged.outcome else {
            Issue.record("the branches had commits of their own")
            return
        }
        #expect(outcome.conflicts.count == 1)
        let (_, count, page) = try base.conflicts(at: "main", limit: 10)
        let conflict = try #require(page.items.first)
        #expect(count == 1)
        #expect(conflict.base.fact?.object == "Elon Musk")
        #expect(conflict.sides.map(\.state.fact?.object) == ["Jack Dorsey", "Linda Yaccarino"])
        #expect(conflict.sides.map(\.commit.actor.uid) == [Actor.ada.uid, Actor.grace.uid])
        let change = try #require(try base.changes(of: "main").first)
        guard case .conflict(let sides) = change.after else {
            Issue.record("the merge shows no conflict")
            return
        }
        #expect(sides.map(\.fact?.object) == ["Jack Dorsey", "Linda Yaccarino"])
        let blame = try base.blame(fact, at: "main")
        #expect(blame.sides.map(\.actor.uid) == [Actor.ada.uid, Actor.grace.uid])
        #expect(try base.conflicts(at: "main~1", limit: 10).count == 0)
        await base.close()
    }

    @Test("a merge that is to refuse conflicts changes nothing")
    func refusedMerge() async throws {
        try await diverge()
        let head = try base.resolve("main")
        let error = await #expect(throws: ServiceError.self) {
            try await base.merge(
                "draft", into: CommitPlace(), options: MergeOptions(refusesConflicts: true),
                actor: .ada)
        }
        #expect(error?.code == .mergeConflict)
        #expect(try base.resolve("main") == head)
        await base.close()
    }

    @Test(
        "a conflict is settled by a side, another object or a retraction",
        arguments: [
            (Resolution.side(1), ["Jack Dorsey"]), (.side(2), ["Linda Yaccarino"]),
            (.object("Parag Agrawal", fieldsOf: nil), ["Parag Agrawal"]), (.retracted, []),
        ])
    func resolve(resolution: Resolution, expected: [String]) async throws {
        try await diverge()
        _ = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        _ = try await base.resolve(fact, by: resolution, on: CommitPlace(), actor: .ada)
        #expect(try objects(at: "main") == expected)
        #expect(try base.conflicts(at: "main", limit: 10).count == 0)
        if case .object = resolution {
            let statement = try base.facts(at: "main", limit: 1).page.items.first?.fact?.statement
            #expect(statement == "The CEO of Twitter is Parag Agrawal")
        }
        if case .side(2) = resolution {
            #expect(try base.blame(fact, at: "main").commit.actor.uid == Actor.grace.uid)
        }
        let again = await #expect(throws: ServiceError.self) {
            try await base.resolve(fact, by: resolution, on: CommitPlace(), actor: .ada)
        }
        #expect(again?.code == .notInConflict)
        await base.close()
    }

    @Test("a side that the conflict does not have is refused")
    func noSuchSide() async throws {
        try await diverge()
        _ = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        for number in [0, 3, -1, Int.max] {
            let error = await #expect(throws: ServiceError.self) {
                try await base.resolve(fact, by: .side(number), on: CommitPlace(), actor: .ada)
            }
            #expect(error?.code == .notInConflict)
        }
        await base.close()
    }

    @Test("the history of a fact goes through every line that was merged")
    func history() async throws {
        try await diverge()
        _ = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        _ = try await base.resolve(fact, by: .side(2), on: CommitPlace(), actor: .ada)
        let items = try base.history(of: fact, at: "main").items
        let objects = items.map { $0.change.after.facts.compactMap(\.object).sorted() }
        #expect(
            objects == [
                ["Linda Yaccarino"], ["Jack Dorsey", "Linda Yaccarino"], ["Jack Dorsey"],
                ["Linda Yaccarino"], ["Elon Musk"],
            ])
        await base.close()
    }

    @Test("changes that race for one head are made again for the next one")
    func races() async throws {
        let count = 4
        for i in 0..<count { try await set("S\(i)", "r", "old") }
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        for i in 0..<count {
            try await set("S\(i)", "r", "theirs", on: "draft")
            try await set("S\(i)", "r", "ours")
        }
        _ = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        let base = base
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 0..<count {
                group.addTask {
                    let resolution = Resolution.object("new \(i)", fieldsOf: nil)
                    _ = try await base.resolve(
                        "S\(i)|r", by: resolution, on: CommitPlace(), actor: .ada)
                }
            }
            try await group.waitForAll()
        }
        #expect(try objects(at: "main") == (0..<count).map { "new \($0)" })
        #expect(try base.conflicts(at: "main", limit: 10).count == 0)
        await base.close()
    }

    // MARK: Multi-valued relations

    @Test("branches that each add an object of a multi-valued relation merge without a conflict")
    func multiValued() async throws {
        let policy = try Policy(rules: [], multiValuedRelations: ["child"])
        _ = try await base.setPolicy(policy, actor: .ada)
        try await set("Ada", "child", "Byron")
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        try await set("Ada", "child", "Annabella", on: "draft")
        try await set("Ada", "child", "Ralph")
        let merged = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        guard case .commit(let outcome) = merged.outcome else {
            Issue.record("the branches had commits of their own")
            return
        }
        #expect(outcome.conflicts.isEmpty)
        #expect(try objects(at: "main") == ["Annabella", "Byron", "Ralph"])
        let blame = try base.blame("Ada|child|Annabella", at: "main")
        #expect(blame.state.fact?.object == "Annabella")
        let file = Array(#"{"subject":"Ada","relation":"child","object":"Fourth"}"#.utf8)
        _ = try await base.importFacts(file, ImportOptions(message: "x"), actor: .ada)
        #expect(try objects(at: "main").count == 4)
        await base.close()
    }

    // MARK: Picking and taking back

    @Test("a picked commit keeps its author in blame")
    func cherryPick() async throws {
        try await set("X", "colour", "red")
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        let picked = try await set("X", "colour", "blue", on: "draft", by: .grace)
        let outcome = try await base.cherryPick("draft", onto: CommitPlace(), actor: .ada)
        #expect(outcome.changes.count == 1)
        #expect(try base.blame("X|colour", at: "main").commit.id == picked)
        let message = try base.commitRecord("main").commit.message
        #expect(message == "Cherry-pick \(picked.short): Set")
        await base.close()
    }

    @Test("a merge is reverted against its first parent")
    func revertMerge() async throws {
        try await set("A", "b", "1")
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        try await set("X", "y", "theirs", on: "draft")
        try await set("P", "q", "ours")
        _ = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        #expect(try objects(at: "main") == ["1", "ours", "theirs"])
        _ = try await base.revert(.revision("main"), on: CommitPlace(), actor: .ada)
        #expect(try objects(at: "main") == ["1", "ours"])
        await base.close()
    }

    @Test("a range is reverted in one commit, and an upside-down one is refused")
    func revertRange() async throws {
        try await set("A", "b", "1")
        try await set("A", "b", "2")
        try await set("A", "b", "3")
        try await set("C", "d", "4")
        let outcome = try await base.revert(
            .revision("main~3..main"), on: CommitPlace(), actor: .ada)
        #expect(outcome.changes.count == 2)
        #expect(try objects(at: "main") == ["1"])
        #expect(try base.commitRecord("main").commit.message == "Revert main~3..main: 3 commits")
        let error = await #expect(throws: ServiceError.self) {
            try await base.revert(.revision("main..main~2"), on: CommitPlace(), actor: .ada)
        }
        #expect(error?.code == .notAnAncestor)
        let empty = await #expect(throws: ServiceError.self) {
            try await base.revert(.revision("main..main"), on: CommitPlace(), actor: .ada)
        }
        #expect(empty?.code == .nothingToCommit)
        await base.close()
    }

    @Test("what one user wrote is taken back in one commit, through merges, and others' edits stay")
    func revertByUser() async throws {
        try await set("A", "b", "good")
        try await set("A", "b", "bad", by: .grace)
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        try await set("C", "d", "bad", on: "draft", by: .grace)
        try await set("E", "f", "good")
        _ = try await base.merge("draft", into: CommitPlace(), actor: .ada)
        try await set("G", "h", "bad", by: .grace)
        let target = RevertTarget.query(RevertQuery(by: "grace"))
        let plan = try base.revertPlan(target, on: "main")
        #expect(plan.commits.count == 3)
        #expect(plan.commits.allSatisfy { $0.actor.uid == Actor.grace.uid })
        #expect(plan.changedLater.isEmpty)
        let before = try base.resolve("main")
        #expect(plan.head == before)
        let outcome = try await base.revert(target, on: CommitPlace(), actor: .ada)
        #expect(outcome.changes == plan.changes.map(\.edit))
        #expect(try objects(at: "main") == ["good", "good"])
        #expect(try base.commitRecord("main").commit.parents == [before])
        await base.close()
    }

    @Test("times bound what is taken back, the last moment included")
    func revertByTime() async throws {
        try await set("A", "b", "1", author: "eve")
        let second = try await set("A", "b", "2", author: "eve")
        let third = try await set("C", "d", "3", author: "eve")
        let since = try base.commitRecord(second.hex).time
        let until = try base.commitRecord(third.hex).time
        func commits(_ query: RevertQuery) throws -> [CommitID] {
            try base.revertPlan(.query(query), on: "main").commits.map(\.id)
        }
        #expect(try commits(RevertQuery(by: "eve", since: since)) == [third, second])
        #expect(try commits(RevertQuery(by: "eve", since: until)) == [third])
        #expect(try commits(RevertQuery(by: "eve", since: since, until: since)) == [second])
        #expect(throws: ServiceError.self) { try commits(RevertQuery(by: "nobody")) }
        await base.close()
    }

    @Test("only the edits from one source are taken back")
    func revertBySource() async throws {
        let drafts = [
            FactDraft(subject: "A", relation: "b", object: "wiki", source: "w"),
            FactDraft(subject: "C", relation: "d", object: "paper", source: "p"),
        ]
        _ = try await base.commit(
            CommitRequest(message: "m", edits: drafts.map { .assert($0) }), actor: .ada)
        _ = try await base.revert(
            .query(RevertQuery(source: "w")), on: CommitPlace(), actor: .ada)
        #expect(try objects(at: "main") == ["paper"])
        await base.close()
    }

    @Test("facts that others changed later refuse the revert, or are left alone")
    func skipChanged() async throws {
        try await set("A", "b", "bad", by: .grace)
        try await set("C", "d", "bad", by: .grace)
        try await set("A", "b", "mended")
        let target = RevertTarget.query(RevertQuery(by: "grace"))
        #expect(try base.revertPlan(target, on: "main").changedLater.count == 1)
        let error = await #expect(throws: ServiceError.self) {
            try await base.revert(target, on: CommitPlace(), actor: .ada)
        }
        #expect(error?.code == .revertConflict)
        _ = try await base.revert(
            target, on: CommitPlace(), skipsChangedLater: true, actor: .ada)
        #expect(try objects(at: "main") == ["mended"])
        await base.close()
    }

    // MARK: Undoing

    @Test(
        "an undo puts back the last change, another undo the change itself, and models are skipped")
    func undo() async throws {
        try await set("A", "b", "1")
        try await set("A", "b", "2")
        try await base.registerModels()
        let first = try await base.undo(nil, actor: .ada)
        #expect(first.undone.body.name == "commit")
        #expect(try objects(at: "main") == ["1"])
        let second = try await base.undo(nil, author: "eve", actor: .ada)
        #expect(second.undone.body.name == "undo")
        #expect(try objects(at: "main") == ["2"])
        #expect(try base.operation(second.outcome.operation).author == "eve")
        _ = try await base.createTag("v1", at: "main", message: nil, actor: .ada)
        _ = try await base.deleteTag("v1", actor: .ada)
        _ = try await base.undo(nil, actor: .ada)
        #expect(try base.tags().map(\.name) == ["v1"])
        await base.close()
    }

    @Test("blame tells who brought each field")
    func fields() async throws {
        try await set("A", "b", "1", source: "s")
        try await set("A", "b", "2", source: "s", by: .grace)
        let fields = try #require(try base.blame("A|b", at: "main", withFields: true).fields)
        let uids = Dictionary(uniqueKeysWithValues: fields.map { ($0.field, $0.commit.actor.uid) })
        #expect(uids[.source] == Actor.ada.uid)
        #expect(uids[.object] == Actor.grace.uid)
        #expect(try base.blame("A|b", at: "main").fields == nil)
        await base.close()
    }

    @Test("a redacted value shows who took it away, in lists, changes and history")
    func redaction() async throws {
        try await set("A", "b", "secret")
        try await set("C", "d", "open")
        let id = try base.factID("A|b", at: "main")
        _ = try await base.journal.redact(id, reason: "asked for", author: "eve", actor: .grace)
        let view = try base.facts(at: "main", limit: 10).page.items.first { $0.id == id }
        guard case .redacted(let redaction?) = view?.state else {
            Issue.record("the fact is not shown as redacted")
            return
        }
        #expect(redaction.reason == "asked for")
        #expect(redaction.author == "eve")
        #expect(redaction.actor.uid == Actor.grace.uid)
        let item = try #require(try base.history(of: "A|b", at: "main").items.first)
        #expect(item.change.after == .redacted(redaction))
        await base.close()
    }
}
